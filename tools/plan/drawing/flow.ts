import { type Manifest, manifestsOf } from "../../graph/manifests.ts";
import type { Resource } from "../../graph/resource.ts";

/** A station on the way of a request. */
export interface Hop {
  at: string;
  what: string;
}

/** The way of a request through each Ingress, as the resources say, to the pods and their logs. */
export function requestFlows(resources: Resource[]): Hop[][] {
  const manifests = manifestsOf(resources);
  return resources
    .filter(({ type }) => type === "kubernetes:networking.k8s.io/v1:Ingress")
    .flatMap((ingress) => {
      const { metadata, spec } = ingress.inputs;
      const paths: Manifest[] = (spec.rules ?? []).flatMap((rule: Manifest) => rule.http.paths);
      const backends = [spec.defaultBackend, ...paths.map(({ backend }) => backend)];
      const names = new Set(backends.flatMap((backend) => backend?.service?.name ?? []));
      return manifests
        .filter(
          ({ kind, metadata: { namespace, name } }) =>
            kind === "Service" && namespace === metadata.namespace && names.has(name),
        )
        .map((service) => [
          ...entry(ingress, resources),
          { at: "Service", what: `${addressOf(service)}, ${portsOf(service)}` },
          ...podsOf(service, manifests).flatMap((workload) => pods(workload, manifests, resources)),
          ...observation(resources),
        ]);
    });
}

function entry(ingress: Resource, resources: Resource[]): Hop[] {
  const { spec } = ingress.inputs;
  const own = ({ inputs }: Resource, name: string): string | undefined =>
    inputs.metadata.annotations?.[`alb.ingress.kubernetes.io/${name}`];
  const group = own(ingress, "group.name");
  // What one Ingress of a group says of the load balancer holds for all.
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

/** The workloads whose pods a Service sends requests to. */
function podsOf({ metadata: { namespace }, spec: { selector } }: Manifest, manifests: Manifest[]) {
  return manifests.filter(({ metadata, spec }) => {
    const labels = spec?.template?.metadata?.labels;
    return (
      labels &&
      metadata.namespace === namespace &&
      Object.entries(selector).every(([key, value]) => labels[key] === value)
    );
  });
}

function pods(workload: Manifest, manifests: Manifest[], resources: Resource[]): Hop[] {
  const { kind, metadata, spec } = workload;
  const autoscaler = manifests.find(
    (one) =>
      one.kind === "HorizontalPodAutoscaler" &&
      one.metadata.namespace === metadata.namespace &&
      one.spec.scaleTargetRef.kind === kind &&
      one.spec.scaleTargetRef.name === metadata.name,
  )?.spec;
  const count = autoscaler
    ? `${autoscaler.minReplicas} to ${autoscaler.maxReplicas}`
    : String(spec.replicas ?? 1);
  const containers: Manifest[] = spec.template.spec.containers;
  const ports = containers.flatMap(({ ports = [] }) =>
    ports.map(({ name, containerPort }: Manifest) => `${name ?? "port"} on ${containerPort}`),
  );
  return [
    { at: "pods", what: `${count} of ${addressOf(workload)}, ${ports.join(", ")}` },
    ...containers.map(({ image }) => ({ at: "image", what: origin(image, resources) })),
  ];
}

/** What is built by the program has a digest only then: the one in the plan is made up. */
function origin(image: string, resources: Resource[]): string {
  const build = resources.find(({ outputs }) => outputs.repoDigest === image);
  const [repository = "", digest = "sha256:"] = image.split("@");
  return build
    ? `${repository}, digest known when Image ${build.name} is built`
    : `${repository}, digest ${digest.slice(0, "sha256:".length + 12)}…`;
}

/** Where CloudWatch's add-on takes what the pods write and use. */
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

const addressOf = ({ metadata: { namespace, name } }: Manifest) =>
  namespace ? `${namespace}/${name}` : name;
