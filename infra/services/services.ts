import * as pulumi from "@pulumi/pulumi";
import type { ImageConfig } from "../config/container-schema.ts";
import { imageName, imageOwners } from "../config/image-names.ts";
import type { Access } from "../config/resource-schema.ts";
import type { PullRequestsConfig } from "../config/schema.ts";
import type { JobConfig, ServiceConfig } from "../config/workload-schema.ts";
import type { DnsRecord } from "../edge/dns.ts";
import type { Edge } from "../edge/edge.ts";
import { HostNames, type HostNamesArgs } from "../edge/host-names.ts";
import type { Images } from "../image/image.ts";
import {
  type PreviewEnvironmentSettings,
  type PreviewResources,
  PullRequests,
} from "../preview-environments/preview-environments.ts";
import type { Resources } from "../resources/resources.ts";
import { calleeOf } from "./calls.ts";
import { Admission, type AdmissionArgs } from "./image-admission.ts";
import { Job } from "./job.ts";
import type { LoadBalancer } from "./load-balancer.ts";
import { Service } from "./service.ts";
import type { ServiceArgs, WorkloadArgs } from "./service-args.ts";

export interface ServicesArgs
  extends Pick<
    ServiceArgs,
    "architecture" | "cluster" | "network" | "ingress" | "insights" | "keda" | "nodes" | "place"
  > {
  /** By name. */
  services: Record<string, ServiceConfig>;
  edge: ServiceArgs["edge"] & Pick<Edge, "dnsRecords">;
  /** By name. */
  jobs: Record<string, JobConfig>;
  images: Pick<Images, "references"> & Partial<Pick<Images, "debug">>;
  /** The services' rules come after it, and go before it. */
  loadBalancer: LoadBalancer;
  resources: Pick<Resources, "linksOf">;
  clusterName: string;
  pullRequests: Pick<PullRequestsConfig, "environments" | "days"> & {
    /** @default no service of an environment uses anything */
    aws?: Pick<PreviewResources, "provider" | "permissionsBoundary" | "own"> & {
      offered: Record<string, Access>;
      databases: string[];
    };
  };
  admission: Omit<AdmissionArgs, "namespaces">;
  domain: HostNamesArgs["domain"];
  recordProviders: HostNamesArgs["recordProviders"];
}

/**
 * The services and jobs of the platform. Services with a route are behind one load balancer that all
 * of them share. Their namespaces admit images of ours only. The host names lead to it once all
 * services answer.
 *
 * Must depend, as components, on the network, the cluster and the load balancer, which depends on all
 * that it needs to come and to go. Should depend on Container Insights: pods are instrumented, and
 * their metrics taken, by an agent that was there first; on the drivers of secrets and files, and on KEDA,
 * whose kinds of objects they have; and on the resources that they use.
 */
export class Services extends pulumi.ComponentResource {
  /** The load balancer's own host name. */
  readonly loadBalancer: pulumi.Output<string>;
  /** Where the platform answers. */
  readonly url: pulumi.Output<string>;
  /** The DNS records that a person sets; none where hosted zones have all. */
  readonly dnsRecords: pulumi.Output<DnsRecord[]> | undefined;
  /** By name. */
  readonly services: Record<string, Service>;
  /** What pull requests' environments need to know; nothing where the stack takes none. */
  readonly pullRequests: pulumi.Output<PreviewEnvironmentSettings> | undefined;

  constructor(name: string, args: ServicesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:service:Services", name, {}, opts);
    const { services, jobs, domain, ingress, edge, loadBalancer, admission } = args;
    const { environments, days, aws } = args.pullRequests;
    const admitted = new Admission(
      "admission",
      {
        namespaces: [...Object.keys(services), ...Object.keys(jobs)],
        registries: admission.registries,
        applicationSignals: admission.applicationSignals,
        debuggers: admission.debuggers,
      },
      { parent: this },
    );
    this.services = this.makeWorkloads(args, [admitted, loadBalancer]);
    const all = Object.values(this.services);
    this.loadBalancer = loadBalancer.hostName;
    this.pullRequests = new PullRequests(
      "pull-requests",
      {
        environments,
        days,
        aws: aws && this.previewResources(aws, args),
        domain,
        services,
        ingress,
        edge,
        registries: admission.registries,
        clusterName: args.clusterName,
        place: args.place,
        architecture: args.architecture,
        ...(args.nodes && { nodes: args.nodes }),
        network: args.network,
      },
      { parent: this, dependsOn: loadBalancer },
    ).settings;
    const { records } = new HostNames(
      "host-names",
      {
        domain,
        region: args.place.region,
        target: this.loadBalancer,
        recordProviders: args.recordProviders,
      },
      { parent: this, dependsOn: all },
    );
    this.dnsRecords = domain?.hostNames.some(({ hostedZoneId }) => hostedZoneId === undefined)
      ? pulumi.all([edge.dnsRecords, records]).apply((both) => both.flat())
      : undefined;
    this.url = domain
      ? pulumi.output(`https://${domain.hostName}`)
      : this.loadBalancer.apply((host) => (host ? `http://${host}` : ""));
    this.registerOutputs({ url: this.url });
  }

  private previewResources(
    { offered, databases, ...aws }: NonNullable<ServicesArgs["pullRequests"]["aws"]>,
    { cluster, resources }: ServicesArgs,
  ): PreviewResources | undefined {
    return (
      cluster && {
        ...aws,
        ...cluster.identity,
        offered: resources.linksOf(offered),
        databases: databases.flatMap((name) => resources.linksOf({ [name]: "readWrite" })),
      }
    );
  }

  /** The services, those first whose image others run, and the jobs. */
  private makeWorkloads(args: ServicesArgs, required: pulumi.Resource[]): Record<string, Service> {
    const { services, jobs } = args;
    const resolved = <W extends ServiceConfig | JobConfig>(workload: string, settings: W) => ({
      ...workloadArgs(workload, settings, {
        services,
        architecture: args.architecture,
        references: args.images.references,
        linksOf: (uses) => args.resources.linksOf(uses),
      }),
      cluster: args.cluster,
      insights: args.insights,
      place: args.place,
      ...(args.nodes && { nodes: args.nodes }),
      ...(args.images.debug && { debugImage: args.images.debug }),
    });
    const made: Record<string, Service> = {};
    const options = (workload: string, settings: ServiceConfig | JobConfig) => ({
      parent: this,
      dependsOn: [...required, ...releasesBefore(workload, settings, made)],
    });
    for (const [service, settings] of ownersFirst(services)) {
      made[service] = new Service(
        service,
        {
          ...resolved(service, settings),
          callers: callersOf(service, { ...services, ...jobs }),
          clusterName: args.clusterName,
          network: args.network,
          ingress: args.ingress,
          edge: args.edge,
          keda: args.keda,
        },
        options(service, settings),
      );
    }
    for (const [job, settings] of Object.entries(jobs)) {
      new Job(job, resolved(job, settings), options(job, settings));
    }
    return Object.fromEntries(
      Object.keys(services).flatMap((service) => {
        const one = made[service];
        return one ? [[service, one]] : [];
      }),
    );
  }
}

/** The services, those first whose image others run. */
export function ownersFirst(services: Record<string, ServiceConfig>): [string, ServiceConfig][] {
  const ordered = new Map<string, ServiceConfig>();
  const add = (name: string) => {
    const settings = services[name];
    if (!settings || ordered.has(name)) return;
    imageOwners(name, settings).forEach(add);
    ordered.set(name, settings);
  };
  Object.keys(services).forEach(add);
  return [...ordered];
}

/** What runs the image of another service waits for that one's release. */
export const releasesBefore = (
  workload: string,
  settings: ServiceConfig | JobConfig,
  made: Record<string, Service>,
): pulumi.Resource[] =>
  imageOwners(workload, settings).flatMap((owner) => made[owner]?.released ?? []);

/** Those that name a service in their `calls`. */
export function callersOf(
  service: string,
  workloads: Record<string, Pick<ServiceConfig, "calls">>,
): string[] {
  return Object.entries(workloads).flatMap(([name, { calls }]) =>
    calls.includes(service) ? [name] : [],
  );
}

/**
 * A service's or a job's settings with the images and the callees that they name.
 *
 * @throws `pulumi.RunError` if a container's image has no reference.
 */
export function workloadArgs<W extends ServiceConfig | JobConfig>(
  name: string,
  settings: W,
  {
    services,
    architecture,
    references,
    linksOf = () => [],
    namespaceOf = (service) => service,
  }: Pick<ServicesArgs, "services" | "architecture"> & {
    references: Record<string, pulumi.Input<string>>;
    /** @default it uses none */
    linksOf?: Resources["linksOf"];
    /** @default each service has the namespace of its name */
    namespaceOf?: (service: string) => string;
  },
) {
  const { image, sidecars, before, calls, uses, ...own } = settings;
  const links = linksOf(uses);
  const referenceOf = ({ sameAs }: ImageConfig, container?: string) => {
    const image = sameAs ?? imageName(name, container);
    const reference = references[image];
    if (!reference) throw new pulumi.RunError(`${name}: the image ${image} has no reference`);
    return reference;
  };
  const resolved = <C extends { image: ImageConfig }>(containers: Record<string, C>) =>
    Object.fromEntries(
      Object.entries(containers).map(([container, one]) => [
        container,
        { ...one, image: referenceOf(one.image, container) },
      ]),
    );
  return {
    ...own,
    secrets: Object.assign({}, own.secrets, ...links.map(({ secrets }) => secrets)),
    links,
    architecture,
    name: namespaceOf(name),
    image: referenceOf(image),
    sidecars: resolved(sidecars),
    before: resolved(before),
    calls: calls.flatMap((callee) => {
      const service = services[callee];
      return service ? [calleeOf(callee, service, namespaceOf(callee))] : [];
    }),
  } as Omit<W, "image" | "sidecars" | "before" | "calls" | "uses" | "secrets" | "architecture"> &
    Pick<
      WorkloadArgs,
      "name" | "image" | "sidecars" | "before" | "calls" | "secrets" | "links" | "architecture"
    >;
}
