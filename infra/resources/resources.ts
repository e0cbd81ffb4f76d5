import * as pulumi from "@pulumi/pulumi";
import type { Access, ResourceConfig } from "../config/resource-schema.ts";
import type { Link, Linkable } from "./link.ts";
import { Secret } from "./secret.ts";
import { Table } from "./table.ts";

export interface ResourcesArgs {
  /** By name. */
  resources: Record<string, ResourceConfig>;
  clusterName: string;
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
    this.made = Object.fromEntries(
      Object.entries(args.resources).map(([resource, config]) => [
        resource,
        makeResource(resource, config, args, { parent: this }),
      ]),
    );
    this.measured = measuredOf(args.resources, this.made);
    this.registerOutputs();
  }

  /** The links of a service's or a job's `uses`. */
  linksOf(uses: Record<string, Access>): Link[] {
    return Object.entries(uses).flatMap(
      ([resource, access]) => this.made[resource]?.link(access) ?? [],
    );
  }
}

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
  config: ResourceConfig,
  args: ResourcesArgs,
  parent: { parent: pulumi.Resource },
): Linkable {
  switch (config.kind) {
    case "secret":
      return new Secret(name, { clusterName: args.clusterName, protect: args.protect }, parent);
    case "table":
      return new Table(name, { ...config, protect: args.protect }, parent);
  }
}
