import * as pulumi from "@pulumi/pulumi";
import type { Identity } from "../../infra/cluster/service-account-role.ts";
import type { Access } from "../../infra/config/resource-schema.ts";
import type { RouteConfig, ServiceConfig } from "../../infra/config/workload-schema.ts";
import { databaseUser } from "../../infra/preview-environments/database-user.ts";
import type { PreviewEnvironmentSettings } from "../../infra/preview-environments/preview-environments.ts";
import { type Link, linksOf } from "../../infra/resources/link.ts";
import { linkAs } from "../../infra/resources/postgres.ts";
import { makeStores } from "../../infra/resources/stores.ts";
import { Admission } from "../../infra/services/image-admission.ts";
import { Service } from "../../infra/services/service.ts";
import type { ServiceArgs } from "../../infra/services/service-args.ts";
import {
  callersOf,
  ownersFirst,
  releasesBefore,
  workloadArgs,
} from "../../infra/services/services.ts";

export interface EnvironmentArgs {
  pullRequest: number;
  /** Of the stack that owns the environment. */
  settings: PreviewEnvironmentSettings;
  /** By service: `<repository>@sha256:<digest>` */
  images: Record<string, string>;
  /**
   * By database: the ARN of the secret with its user and password there. `npm run deliver` makes both.
   *
   * @default none
   */
  databases?: Record<string, string>;
}

/**
 * The services of a stack with the images of a pull request. Each service has one pod, its own namespace
 * and its own quota. It uses the stack's load balancer under its own host name.
 *
 * The services have the stack's settings and its egress rules. What they use is the environment's own and
 * empty, a schema of the stack's database too, or the stack's where it offers that to be read. Only those that use anything have an IAM role, which
 * may do nothing else. They have no access to the CloudWatch agent: the agent accepts metrics in the name
 * of any service. Their pods preempt no pod of the stack. The environment has no workers, no jobs and
 * release jobs only of services with a schema, which would be without tables.
 */
export class Environment extends pulumi.ComponentResource {
  /** By service. */
  readonly urls: Record<string, string>;

  constructor(name: string, args: EnvironmentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:environment:Environment", name, {}, opts);
    const { settings, images } = args;
    const prefix = `pr-${args.pullRequest}`;
    const services = Object.fromEntries(
      Object.entries(settings.services)
        // No service calls a worker. A second worker would take work from the stack's worker.
        .filter(([, { worker }]) => !worker)
        .map(([service, config]) => [service, copyService(prefix, service, config, settings)]),
    );
    const namespaceOf = (service: string) => `${prefix}-${service}`;
    const stores = makeStores(
      { resources: settings.aws?.own ?? {}, prefix: `${prefix}-`, protect: false },
      { parent: this },
    );

    const admission = new Admission(
      name,
      {
        namespaces: Object.keys(services).map(namespaceOf),
        registries: settings.registries,
        applicationSignals: false,
        owner: settings.owner,
      },
      { parent: this },
    );
    const required = [admission, ...Object.values(stores)];
    const made: Record<string, Service> = {};
    for (const [service, config] of ownersFirst(services)) {
      const workload = workloadArgs(service, config, {
        services,
        architecture: settings.architecture,
        references: images,
        namespaceOf,
        linksOf: (uses) => [
          ...linksOf(stores, uses),
          ...offeredLinks(settings.aws, uses),
          ...databaseLinks(args, uses),
        ],
      });
      made[service] = new Service(
        namespaceOf(service),
        {
          ...workload,
          ...roleOf(`${service}-${prefix}`, workload.links, settings.aws),
          callers: callersOf(service, services).map(namespaceOf),
          place: settings.place,
          ...(settings.nodes && { nodes: settings.nodes }),
          clusterName: settings.clusterName,
          network: settings.network,
          ingress: { ...settings.ingress, deletionProtection: false },
          edge: { certificateArns: pulumi.output(settings.certificateArn) },
          owner: settings.owner,
        },
        { parent: this, dependsOn: [...required, ...releasesBefore(service, config, made)] },
      );
    }
    this.urls = urlsOf(services);
    this.registerOutputs({ urls: this.urls });
  }
}

const urlsOf = (services: Record<string, ServiceConfig>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(services).flatMap(([service, { route }]) =>
      route ? [[service, `https://${route.hosts?.[0]}${route.path}`]] : [],
    ),
  );

function identityOf(aws: NonNullable<PreviewEnvironmentSettings["aws"]>): Identity {
  if ("oidc" in aws) {
    const { arn, issuer } = aws.oidc;
    return { oidc: { arn: pulumi.output(arn), issuer: pulumi.output(issuer) } };
  }
  const { clusterName, clusterArn } = aws.podIdentity;
  return {
    podIdentity: {
      clusterName: pulumi.output(clusterName),
      clusterArn: pulumi.output(clusterArn),
    },
  };
}

/** The role of a service that uses anything: its name begins as those that the stack may make. */
function roleOf(
  roleName: string,
  links: Link[],
  aws: PreviewEnvironmentSettings["aws"],
): Pick<ServiceArgs, "cluster" | "roleName"> {
  if (!aws || links.length === 0) return {};
  return { roleName, cluster: { identity: identityOf(aws) } };
}

/**
 * The links of a service to what the stack offers. Who writes there in the stack still finds the variables,
 * and may not write; who only writes has no right at all.
 */
function offeredLinks(
  aws: PreviewEnvironmentSettings["aws"],
  uses: Record<string, Access>,
): Link[] {
  const used = (aws?.offered ?? []).filter(({ resource }) => Object.hasOwn(uses, resource));
  return used.map(({ statements, secrets, ...link }) => ({
    ...link,
    statements: uses[link.resource] === "write" ? [] : statements,
    secrets: Object.fromEntries(
      Object.entries(secrets).map(([variable, { secret, key }]) => [
        variable,
        { secret: pulumi.output(secret), key },
      ]),
    ),
    queue: undefined,
    volume: undefined,
  }));
}

/**
 * The links of a service to the databases that it uses: with a user of the environment's own.
 *
 * @throws `pulumi.RunError` if the environment has no user there
 */
function databaseLinks(
  { pullRequest, settings, databases = {} }: EnvironmentArgs,
  uses: Record<string, Access>,
): Link[] {
  return databasesOf(settings.aws, uses).map((link) => {
    const { resource } = link;
    const secret = databases[resource];
    if (secret === undefined) {
      throw new pulumi.RunError(
        `environment:databases: ${resource} has no secret; npm run deliver -- environments makes it, with the environment's schema`,
      );
    }
    return linkAs(databaseUser(pullRequest), link, pulumi.output(secret));
  });
}

const databasesOf = (aws: PreviewEnvironmentSettings["aws"], uses: Record<string, Access>) =>
  (aws?.databases ?? []).filter(({ resource }) => Object.hasOwn(uses, resource));

/**
 * Copies a service for an environment: one pod, its own host name, a release job only with a schema, no
 * policies of its role. The copy has no ScaledObject, because KEDA's finalizer would keep the namespace when the stack is
 * destroyed.
 */
function copyService(
  prefix: string,
  service: string,
  { route, ...config }: ServiceConfig,
  settings: PreviewEnvironmentSettings,
): ServiceConfig {
  return {
    ...config,
    ...(route && { route: makeRoute(prefix, service, route, settings) }),
    policyArns: [],
    release: databasesOf(settings.aws, config.uses).length > 0 ? config.release : undefined,
    scale: undefined,
    minReplicas: 1,
    maxReplicas: 1,
  };
}

/** Gives the route below the environment's host name. A service with host names keeps one of its own. */
function makeRoute(
  prefix: string,
  service: string,
  { hosts, ...route }: RouteConfig,
  { hostName }: PreviewEnvironmentSettings,
): RouteConfig {
  return { ...route, hosts: [`${hosts ? `${service}-` : ""}${prefix}.${hostName}`] };
}
