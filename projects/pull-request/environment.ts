import * as pulumi from "@pulumi/pulumi";
import type { RouteConfig } from "../../infra/config/schema.ts";
import type { PreviewEnvironmentSettings } from "../../infra/preview-environments/preview-environments.ts";
import { Admission } from "../../infra/services/image-admission.ts";
import { WebService } from "../../infra/services/web-service.ts";

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
 * of the stack's pods.
 */
export class Environment extends pulumi.ComponentResource {
  /** By service. */
  readonly urls: Record<string, string>;

  constructor(name: string, args: EnvironmentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:environment:Environment", name, {}, opts);
    const { offer, images } = args;
    const prefix = `pr-${args.pullRequest}`;
    const services = Object.entries(offer.services).map(([service, settings]) => ({
      service,
      namespace: `${prefix}-${service}`,
      settings: { ...settings, route: routeOf(prefix, service, settings.route, offer) },
    }));

    const admission = new Admission(
      name,
      {
        namespaces: services.map(({ namespace }) => namespace),
        registries: offer.registries,
        applicationSignals: false,
        host: offer.host,
      },
      { parent: this },
    );
    for (const { service, namespace, settings } of services) {
      const { image: _, ...own } = settings;
      new WebService(
        namespace,
        {
          ...own,
          name: namespace,
          image: images[service] ?? "",
          minReplicas: 1,
          maxReplicas: 1,
          architecture: offer.architecture,
          network: offer.network,
          ingress: { ...offer.ingress, deletionProtection: false },
          edge: { certificateArn: pulumi.output(offer.certificateArn) },
          host: offer.host,
        },
        { parent: this, dependsOn: admission },
      );
    }
    this.urls = Object.fromEntries(
      services.map(({ service, settings: { route } }) => [
        service,
        `https://${route.host}${route.path}`,
      ]),
    );
    this.registerOutputs({ urls: this.urls });
  }
}

/** Where the service answers: at the environment's name, or at one for itself if it has its own now. */
function routeOf(
  prefix: string,
  service: string,
  { host, path }: RouteConfig,
  { hostName }: PreviewEnvironmentSettings,
): Required<RouteConfig> {
  return { host: `${host ? `${service}-` : ""}${prefix}.${hostName}`, path };
}
