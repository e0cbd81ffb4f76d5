import { buildOf, copiedFrom } from "../../graph/images.ts";
import {
  addressOf,
  backendsOf,
  type Manifest,
  manifestsOf,
  podSpecOf,
  replicasOf,
  runningContainers,
  selectedBy,
} from "../../graph/manifests.ts";
import type { Resource } from "../../graph/resource.ts";
import { useLabel, usesOf } from "../../graph/uses.ts";

/** A hop on the path of a request. */
interface Hop {
  at: string;
  what: string;
}

/** The path of a request through each Ingress to the pods and their logs. */
export function requestFlows(resources: Resource[]): Hop[][] {
  const manifests = manifestsOf(resources);
  return resources
    .filter(({ type }) => type === "kubernetes:networking.k8s.io/v1:Ingress")
    .flatMap((ingress) =>
      backendsOf(ingress.inputs, manifests).map((service) => [
        ...entry(ingress, resources),
        { at: "Service", what: `${addressOf(service)}, ${portsOf(service)}` },
        ...selectedBy(service, manifests).flatMap((one) => pods(one, manifests, resources)),
        ...observation(resources),
      ]),
    );
}

function entry(ingress: Resource, resources: Resource[]): Hop[] {
  const { spec } = ingress.inputs;
  const own = ({ inputs }: Resource, name: string): string | undefined =>
    inputs.metadata.annotations?.[`alb.ingress.kubernetes.io/${name}`];
  const group = own(ingress, "group.name");
  // An annotation of one Ingress applies to its group.
  const members = resources.filter(
    (one) => one.type === ingress.type && group !== undefined && own(one, "group.name") === group,
  );
  const annotation = (name: string) =>
    own(ingress, name) ?? members.flatMap((one) => own(one, name) ?? [])[0];
  const listeners = (JSON.parse(annotation("listen-ports") ?? '[{"HTTP": 80}]') as object[])
    .flatMap((listener) => Object.entries(listener))
    .map(([protocol, port]) => `${protocol} ${port}`);
  const redirect = annotation("ssl-redirect");
  const inClear = annotation("certificate-arn")
    ? redirect && ` (80 redirects to ${redirect})`
    : " (in the clear: the stack has no domain)";
  const target = annotation("target-type") === "ip" ? "pods" : "nodes";
  const guard = annotation("wafv2-acl-arn") ?? "none";
  const routes = (spec.rules ?? []).flatMap(({ host = "*", http }: Manifest) =>
    http.paths.map(({ path }: Manifest) => `${host}${path}`),
  );
  return [
    {
      at: "user",
      what: `${listeners.join(", ")} from ${annotation("inbound-cidrs") ?? "all"}${inClear ?? ""}`,
    },
    ...(guard === "none" ? [] : [{ at: "firewall", what: `web ACL ${guard.split("/").at(-1)}` }]),
    {
      at: "load balancer",
      what: `${annotation("scheme") ?? "internal"}, ${routes.join(", ")} of Ingress ${ingress.id}, sends to ${target}`,
    },
  ];
}

function portsOf({ spec }: Manifest): string {
  return spec.ports
    .map(({ port, targetPort }: Manifest) => `port ${port} to ${targetPort ?? port}`)
    .join(", ");
}

function pods(workload: Manifest, manifests: Manifest[], resources: Resource[]): Hop[] {
  const containers = runningContainers(podSpecOf(workload) ?? {});
  const ports = containers.flatMap(({ ports = [] }) =>
    ports.map(({ name, containerPort }: Manifest) => `${name ?? "port"} on ${containerPort}`),
  );
  const count = replicasOf(workload, manifests);
  return [
    { at: "pods", what: `${count} of ${addressOf(workload)}, ${ports.join(", ")}` },
    ...containers.map(({ image }) => ({ at: "image", what: origin(image, resources) })),
    ...usesOf(resources)
      .filter((use) => use.workload === workload.metadata.namespace)
      .map((use) => ({ at: "uses", what: useLabel(use) })),
  ];
}

/** The mocks make up the digests of built and copied images. */
function origin(image: string, resources: Resource[]): string {
  const build = buildOf(image, resources);
  const [repository = "", digest = "sha256:"] = image.split("@");
  if (!build) return `${repository}, digest ${digest.slice(0, "sha256:".length + 12)}…`;
  const source = copiedFrom(build);
  return `${repository}, digest known when ${source ? `${source} is copied` : `Image ${build.name} is built`}`;
}

/** The destinations of logs and metrics of the pods. */
function observation(resources: Resource[]): Hop[] {
  const agent = resources.find(
    ({ inputs }) => inputs.addonName === "amazon-cloudwatch-observability",
  );
  if (!agent) return [{ at: "logs", what: "stay on the nodes: there is no CloudWatch add-on" }];
  const group = (last: string) => {
    const name = `/aws/containerinsights/${agent.inputs.clusterName}/${last}`;
    const { retentionInDays } = resources.find(({ inputs }) => inputs.name === name)?.inputs ?? {};
    return `${name}, ${retentionInDays ? `kept ${retentionInDays} days` : "kept for ever"}`;
  };
  return [
    { at: "logs", what: group("application") },
    { at: "metrics", what: group("performance") },
  ];
}
