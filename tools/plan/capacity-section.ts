import {
  clusterPods,
  environmentPods,
  nodesFor,
  type Pods,
  smallestRoom,
} from "../../infra/cluster/capacity.ts";
import { mostAnnotation } from "../../infra/preview-environments/preview-environments.ts";
import { type Manifest, manifestsOf } from "../graph/manifests.ts";
import type { Resource } from "../graph/resource.ts";

/** What the nodes hold, and what all pods at their most ask for; nothing without a node group. */
export function capacityOf(resources: Resource[]): { of: string; what: string }[] {
  const group = resources.find(({ type }) => type === "aws:eks/nodeGroup:NodeGroup")?.inputs;
  if (!group) return [];
  const types: string[] = group.instanceTypes;
  const { minSize, desiredSize, maxSize } = group.scalingConfig;
  const scaled = resources.some(({ inputs }) => inputs.chart === "cluster-autoscaler");
  const nodes = scaled
    ? `${minSize} to ${maxSize} of ${types.join(", ")}, as many as the pods need`
    : `${desiredSize} of ${types.join(", ")}; nothing adds nodes`;
  const room = smallestRoom(types);
  if (!room) {
    const unknown = "NOT CHECKED: infra/cluster/instance-types.ts does not know all of these types";
    return [
      { of: "nodes", what: nodes },
      { of: "pods", what: unknown },
    ];
  }
  const manifests = manifestsOf(resources);
  const pods = podsOf(manifests);
  const own = [...pods, ...guestsOf(pods, manifests)];
  const all = [...own, ...clusterPods({ autoscaler: scaled })];
  const zones = group.subnetIds.length;
  const needed = nodesFor(all, { room, zones, atLeast: 1, atMost: 450 });
  return [
    { of: "nodes", what: nodes },
    {
      of: "a node",
      what: `${room.cpuMillicores}m CPU, ${room.memoryMiB} MiB and ${room.pods} pods, besides what is on every node`,
    },
    {
      of: "pods",
      what: `at most ${own.map(({ name, count }) => `${count} ${name}`).join(", ")} and the cluster's, on ${needed ?? "more than 450"} nodes`,
    },
  ];
}

/** Of the services, by their Ingresses, in as many environments as the stack takes. */
function guestsOf(pods: Pods[], manifests: Manifest[]): Pods[] {
  const routed = manifests.filter(({ kind }) => kind === "Ingress");
  const services = pods.filter(({ name }) =>
    routed.some(({ metadata }) => metadata.namespace === name),
  );
  const [environments = "0"] = manifests.flatMap(
    ({ metadata }) => metadata.annotations?.[mostAnnotation] ?? [],
  );
  return environmentPods(services, Number(environments));
}

/** Of each Deployment the most pods, one more in a rollout where its strategy says so; the largest first. */
export function podsOf(manifests: Manifest[]): (Pods & { graceSeconds: number })[] {
  return manifests
    .filter(({ kind }) => kind === "Deployment")
    .map(({ metadata, spec }) => {
      const autoscaler = manifests.find(
        (one) =>
          one.kind === "HorizontalPodAutoscaler" &&
          one.metadata.namespace === metadata.namespace &&
          one.spec.scaleTargetRef.name === metadata.name,
      )?.spec;
      const surge = spec.strategy?.rollingUpdate?.maxSurge ?? 0;
      const requests: Manifest[] = spec.template.spec.containers.map(
        ({ resources }: Manifest) => resources?.requests ?? {},
      );
      // In millicores and MiB, as the program writes them.
      const sum = (quantities: (string | undefined)[]) =>
        quantities.reduce((total, quantity = "0") => total + Number.parseInt(quantity, 10), 0);
      const spreads: Manifest[] = spec.template.spec.topologySpreadConstraints ?? [];
      return {
        name: metadata.namespace ?? metadata.name,
        count: (autoscaler?.maxReplicas ?? spec.replicas ?? 1) + surge,
        cpuMillicores: sum(requests.map(({ cpu }) => cpu)),
        memoryMiB: sum(requests.map(({ memory }) => memory)),
        graceSeconds: spec.template.spec.terminationGracePeriodSeconds ?? 30,
        spread: spreads.some(({ whenUnsatisfiable }) => whenUnsatisfiable === "DoNotSchedule"),
      };
    })
    .sort((a, b) => b.cpuMillicores - a.cpuMillicores);
}
