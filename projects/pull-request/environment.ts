import * as pulumi from "@pulumi/pulumi";
import type { RouteConfig, ServiceConfig } from "../../infra/config/workload-schema.ts";
import type { PreviewEnvironmentSettings } from "../../infra/preview-environments/preview-environments.ts";
import { Admission } from "../../infra/services/image-admission.ts";
import { Service } from "../../infra/services/service.ts";
import { callersOf, workloadArgs } from "../../infra/services/services.ts";

export interface EnvironmentArgs {
  pullRequest: number;
  /** Of the stack that owns the environment. */
  settings: PreviewEnvironmentSettings;
  /** By service: `<repository>@sha256:<digest>` */
  images: Record<string, string>;
}

/**
 * The services of a stack with the images of a pull request. Each service has one pod, its own namespace
 * and its own quota. It uses the stack's load balancer under its own host name.
 *
 * The services have the stack's settings and its egress rules. They have no IAM role, and no access to the
 * CloudWatch agent: the agent accepts metrics in the name of any service. Their pods preempt no pod of
 * the stack. The environment has no workers, no jobs and no release jobs.
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
    for (const [service, config] of Object.entries(services)) {
      new Service(
        namespaceOf(service),
        {
          ...workloadArgs(service, config, {
            services,
            architecture: settings.architecture,
            references: images,
            namespaceOf,
          }),
          callers: callersOf(service, services).map(namespaceOf),
          place: settings.place,
          clusterName: settings.clusterName,
          network: settings.network,
          ingress: { ...settings.ingress, deletionProtection: false },
          edge: { certificateArn: pulumi.output(settings.certificateArn) },
          owner: settings.owner,
        },
        { parent: this, dependsOn: admission },
      );
    }
    this.urls = Object.fromEntries(
      Object.entries(services).flatMap(([service, { route }]) =>
        route ? [[service, `https://${route.host}${route.path}`]] : [],
      ),
    );
    this.registerOutputs({ urls: this.urls });
  }
}

/**
 * Copies a service for an environment: one pod, its own host name, no release job. The copy has no
 * ScaledObject, because KEDA's finalizer would keep the namespace when the stack is destroyed.
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
    release: undefined,
    scale: undefined,
    minReplicas: 1,
    maxReplicas: 1,
  };
}

/** Gives the route below the environment's host name. A service with its own host name keeps one. */
function makeRoute(
  prefix: string,
  service: string,
  { host, ...route }: RouteConfig,
  { hostName }: PreviewEnvironmentSettings,
): RouteConfig {
  return { ...route, host: `${host ? `${service}-` : ""}${prefix}.${hostName}` };
}
