import * as pulumi from "@pulumi/pulumi";
import {
  type Access,
  isStore,
  type ResourceConfig,
  type StoreConfig,
} from "../config/resource-schema.ts";
import type { BackupsConfig, LogsConfig } from "../config/schema.ts";
import { Backups } from "./backups.ts";
import { Cache } from "./cache.ts";
import { Files, type FilesArgs } from "./files.ts";
import { type Link, type Linkable, linksOf } from "./link.ts";
import { Postgres } from "./postgres.ts";
import { Secret } from "./secret.ts";
import type { Surroundings } from "./security-group.ts";
import { makeStores } from "./stores.ts";

export interface ResourcesArgs extends Surroundings, Pick<FilesArgs, "zones"> {
  /** By name. */
  resources: Record<string, ResourceConfig>;
  clusterName: string;
  logs: LogsConfig;
  filesDriver: FilesArgs["driver"];
  backups: BackupsConfig;
  /** Those in which preview environments have schemas, by name. */
  previewDatabases: string[];
  /** Whether what holds data outlives mistakes: in production. */
  protect: boolean;
}

interface Measured extends Pick<Linkable, "dimensions" | "deadLetterDimensions"> {
  name: string;
  config: ResourceConfig;
}

/**
 * What applications need from AWS, named once: a component a resource. A service or a job that names
 * one in `uses` gets its link: the statements of its role, its way through the network, its variables
 * and its secrets. Nobody else reaches it.
 *
 * Services must depend on it: a resource comes before the pods that use it, and goes after them.
 */
export class Resources extends pulumi.ComponentResource {
  /** Each with its settings and what its metrics are found by. */
  readonly measured: Measured[];
  private readonly made: Record<string, Linkable>;

  constructor(name: string, args: ResourcesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:resources:Resources", name, {}, opts);
    const parent = { parent: this };
    const { resources, protect } = args;
    this.made = makeStores({ resources: storesOf(resources), protect }, parent);
    for (const [resource, config] of Object.entries(resources)) {
      if (!isStore(config)) this.made[resource] = makeResource(resource, config, args, parent);
    }
    this.measured = measuredOf(args.resources, this.made);
    this.makeBackups(args);
    this.registerOutputs();
  }

  /** Of all that holds data; none where nothing does. */
  private makeBackups({ resources, backups, protect }: ResourcesArgs): void {
    const held = Object.entries(resources).flatMap(([name, { kind }]) => {
      const arn = this.made[name]?.backupArn;
      return arn ? [{ kind, arn }] : [];
    });
    if (backups.enabled && held.length > 0) {
      new Backups("backups", { ...backups, resources: held, protect }, { parent: this });
    }
  }

  /** The links of a service's or a job's `uses`. */
  linksOf(uses: Record<string, Access>): Link[] {
    return linksOf(this.made, uses);
  }
}

const storesOf = (resources: ResourcesArgs["resources"]): Record<string, StoreConfig> =>
  Object.fromEntries(
    Object.entries(resources).flatMap(([name, config]) =>
      isStore(config) ? [[name, config]] : [],
    ),
  );

function measuredOf(
  configs: ResourcesArgs["resources"],
  made: Record<string, Linkable>,
): Measured[] {
  return Object.entries(configs).map(([name, config]) => ({
    name,
    config,
    dimensions: made[name]?.dimensions ?? {},
    deadLetterDimensions: made[name]?.deadLetterDimensions,
  }));
}

function makeResource(
  name: string,
  config: Exclude<ResourceConfig, StoreConfig>,
  args: ResourcesArgs,
  parent: { parent: pulumi.Resource },
): Linkable {
  const { network, cluster, clusterName, logs, protect } = args;
  const surroundings = { network, cluster, clusterName };
  switch (config.kind) {
    case "cache":
      return new Cache(name, { ...config, ...surroundings, protect }, parent);
    case "files": {
      const { zones, filesDriver: driver } = args;
      return new Files(name, { ...config, ...surroundings, zones, driver, protect }, parent);
    }
    case "postgres":
      return new Postgres(
        name,
        {
          ...config,
          ...surroundings,
          logs,
          protect,
          dataApi: args.previewDatabases.includes(name),
        },
        parent,
      );
    case "secret":
      return new Secret(name, { clusterName, protect }, parent);
  }
}
