import * as pulumi from "@pulumi/pulumi";
import type { PullRequestsConfig, ServiceConfig } from "../config/schema.ts";
import { HostNames, type HostNamesArgs } from "../edge/certificate.ts";
import type { Images } from "../image/image.ts";
import {
  type PreviewEnvironmentSettings,
  PullRequests,
} from "../preview-environments/preview-environments.ts";
import { Admission, type AdmissionArgs } from "./image-admission.ts";
import { LoadBalancer } from "./load-balancer.ts";
import { WebService } from "./web-service.ts";
import type { WebServiceArgs } from "./web-service-args.ts";

export interface ServicesArgs
  extends Pick<
    WebServiceArgs,
    "architecture" | "cluster" | "network" | "ingress" | "edge" | "insights"
  > {
  /** By name. */
  services: Record<string, ServiceConfig>;
  images: Pick<Images, "references">;
  clusterName: string;
  pullRequests: PullRequestsConfig;
  admission: Omit<AdmissionArgs, "namespaces">;
  domain: HostNamesArgs["domain"];
}

/**
 * The web services of the platform, behind one load balancer that all of them share. Their namespaces
 * admit images of ours only. The host names lead to it once all services answer.
 *
 * Must depend, as components, on all that the load balancer needs to come and to go: the network,
 * the cluster, the load balancer controller, and what guards and logs it. Should depend on Container
 * Insights: pods are instrumented, and their metrics taken, by an agent that was there first.
 */
export class Services extends pulumi.ComponentResource {
  /** The load balancer's own host name. */
  readonly loadBalancer: pulumi.Output<string>;
  /** Where the platform answers. */
  readonly url: pulumi.Output<string>;
  /** By name. */
  readonly services: Record<string, WebService>;
  /** What pull requests' environments need to know; nothing where the stack takes none. */
  readonly pullRequests: pulumi.Output<PreviewEnvironmentSettings> | undefined;

  constructor(name: string, args: ServicesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:service:Services", name, {}, opts);
    const { services, images, domain, admission, pullRequests, clusterName, ...shared } = args;
    const admitted = new Admission(
      "admission",
      { ...admission, namespaces: Object.keys(services) },
      { parent: this },
    );
    const loadBalancer = new LoadBalancer(
      "load-balancer",
      { ...shared.ingress, edge: shared.edge },
      { parent: this },
    );
    this.services = Object.fromEntries(
      Object.entries(services).map(([service, settings]) => [
        service,
        new WebService(
          service,
          { ...settings, ...shared, name: service, image: images.references[service] ?? "" },
          { parent: this, dependsOn: [admitted, loadBalancer] },
        ),
      ]),
    );
    const all = Object.values(this.services);
    this.loadBalancer = loadBalancer.hostName;
    this.pullRequests = new PullRequests(
      "pull-requests",
      {
        ...pullRequests,
        ...shared,
        clusterName,
        services,
        domain,
        registries: admission.registries,
      },
      { parent: this, dependsOn: loadBalancer },
    ).offer;
    new HostNames(
      "host-names",
      { domain, target: this.loadBalancer },
      { parent: this, dependsOn: all },
    );
    this.url = domain
      ? pulumi.output(`https://${domain.hostName}`)
      : this.loadBalancer.apply((host) => (host ? `http://${host}` : ""));
    this.registerOutputs({ url: this.url });
  }
}
