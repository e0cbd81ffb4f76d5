import * as pulumi from "@pulumi/pulumi";
import type { RouteConfig, ServiceConfig } from "../../infra/config/workload-schema.ts";
import type { PreviewEnvironmentSettings } from "../../infra/preview-environments/preview-environments.ts";
import { Admission } from "../../infra/services/image-admission.ts";
import { Service } from "../../infra/services/service.ts";
import { callersOf, workloadArgs } from "../../infra/services/services.ts";

export interface EnvironmentArgs {
  pullRequest: number;
  /** Of the stack that the environment is a guest of. */
  offer: PreviewEnvironmentSettings;
  /** By service: `<repository>@sha256:<digest>` */
  images: Record<string, string>;
}

/**
 * All services of a stack once more, with the images of a pull request: one pod each, in namespaces
 * of their own with their own quotas, behind the stack's load balancer under host names of their own.
 *
 * They have the stack's settings and reach what its services reach, but have no role on AWS, nor the
 * CloudWatch agent, through which anything could be said of the stack's own services. They push out none
 * of the stack's pods. Workers, jobs and jobs of a release are left out.
 */
export class Environment extends pulumi.ComponentResource {
  /** By service. */
  readonly urls: Record<string, string>;

  constructor(name: string, args: EnvironmentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:environment:Environment", name, {}, opts);
    const { offer, images } = args;
    const prefix = `pr-${args.pullRequest}`;
    const services = Object.fromEntries(
      Object.entries(offer.services)
        // Nobody calls a worker, and two of them would share the work.
        .filter(([, { worker }]) => !worker)
        .map(([service, settings]) => [service, copyOf(prefix, service, settings, offer)]),
    );
    const namespaceOf = (service: string) => `${prefix}-${service}`;

    const admission = new Admission(
      name,
      {
        namespaces: Object.keys(services).map(namespaceOf),
        registries: offer.registries,
        applicationSignals: false,
        host: offer.host,
      },
      { parent: this },
    );
    for (const [service, settings] of Object.entries(services)) {
      new Service(
        namespaceOf(service),
        {
          ...workloadArgs(service, settings, {
            services,
            architecture: offer.architecture,
            references: images,
            namespaceOf,
          }),
          callers: callersOf(service, services).map(namespaceOf),
          place: offer.place,
          clusterName: offer.clusterName,
          network: offer.network,
          ingress: { ...offer.ingress, deletionProtection: false },
          edge: { certificateArn: pulumi.output(offer.certificateArn) },
          host: offer.host,
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
 * A service as an environment has it: one pod at a host name of its own, and no job before it. It is not
 * scaled, and so needs nothing of KEDA, whose finalizers would outlast the stack.
 */
function copyOf(
  prefix: string,
  service: string,
  { route, ...settings }: ServiceConfig,
  offer: PreviewEnvironmentSettings,
): ServiceConfig {
  return {
    ...settings,
    ...(route && { route: routeOf(prefix, service, route, offer) }),
    release: undefined,
    scale: undefined,
    minReplicas: 1,
    maxReplicas: 1,
  };
}

/** Where the service answers: at the environment's name, or at one for itself if it has its own now. */
function routeOf(
  prefix: string,
  service: string,
  { host, ...route }: RouteConfig,
  { hostName }: PreviewEnvironmentSettings,
): RouteConfig {
  return { ...route, host: `${host ? `${service}-` : ""}${prefix}.${hostName}` };
}
