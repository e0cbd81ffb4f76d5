import { clusterPods } from "../../../infra/cluster/capacity.ts";
import {
  minZonesOf,
  podSpecOf,
  type Requests,
  requestsOf,
  spreadOf,
} from "../../graph/manifests.ts";
import { karpenterRelease } from "../world/node-claims.ts";
import { poolLabel, preferredOf, selectorOf } from "../world/node-labels.ts";
import { waitsBeforeReady } from "../world/rollout.ts";
import { addon, isAuto } from "../world/rules/lookup-rules.ts";
import { priorityOf } from "../world/scheduler.ts";
import type { CloudResource, Props, World } from "../world/world.ts";

const kubernetes = (kind: string) => `kubernetes:${kind}`;

/** Pods of one kind that a controller keeps at a number. */
export interface Workload extends Requests {
  name: string;
  /** Whether an Ingress sends it requests. */
  serves: boolean;
  /** Whether it is of the program's services, and not of a chart or an add-on. */
  isService: boolean;
  /** How many pods there should be. */
  replicas: number;
  /** A HorizontalPodAutoscaler's, or what KEDA makes of a ScaledObject. */
  scale: { least: number; most: number; mostLoad: number } | undefined;
  /** Pods that may be away by evictions; undefined without a disruption budget. */
  maxUnavailable: number | undefined;
  priority: number;
  graceSeconds: number;
  /** Seconds on an unreachable node until its pods are evicted. @default 300 */
  tolerationSeconds: number;
  /** From the node until the container answers, and then until it is ready, which the controller has to see. */
  seconds: { start: number; balancer: number };
  /** The max. difference between zones in pods; undefined if the spread is soft. */
  zoneSkew: number | undefined;
  /** With fewer zones the emptiest counts as empty (topologySpreadConstraints, minDomains). */
  minZones: number;
  /** What pods would like better, as max. difference in pods: Karpenter takes it for a must. */
  prefers: { zoneSkew: number | undefined; hostSkew: number | undefined };
  /** The only zone of its pods; undefined for any. */
  zone: string | undefined;
  /** No two on a node. */
  alone: boolean;
  /** Labels of its nodes. */
  selector: Props;
  /** Labels that it would rather have. */
  preferred: Props;
  /** An annotation of its pods keeps autoscalers from ending their nodes. */
  stays: boolean;
}

const onceInCluster = {
  ...{ serves: false, isService: false, scale: undefined, priority: 2_000_000_000 },
  ...{ graceSeconds: 30, tolerationSeconds: 300, zone: undefined },
  prefers: { zoneSkew: undefined, hostSkew: undefined },
  ...{ preferred: {}, stays: false },
};

/** The services and the add-ons that run in a cluster, at their fewest pods. */
export function workloadsIn(world: World, cluster: string): Workload[] {
  const inCluster = (kind: string) =>
    world.live(kubernetes(kind)).filter((one) => one.cluster === cluster);
  const releases = inCluster("helm.sh/v3:Release");
  const charts = releases.map(({ inputs }) => inputs.chart);
  const pods = clusterPods({
    autoscaler: charts.includes("cluster-autoscaler"),
    keda: charts.includes("keda"),
    auto: isAuto(world, cluster),
    karpenter: karpenterRelease(world, cluster, "karpenter") !== undefined,
    files: addon(world, cluster, "aws-efs-csi-driver") !== undefined,
  });
  return [
    ...pods.map(({ name, count, cpuMillicores, memoryMiB }) => ({
      ...onceInCluster,
      ...{ name, replicas: count, cpuMillicores, memoryMiB },
      maxUnavailable: count > 1 ? 1 : undefined,
      seconds: waitsBeforeReady(world, cluster, "kube-system"),
      // Of its chart: affinity to nodes without karpenter.sh/nodepool, and anti-affinity of hosts.
      alone: name === "karpenter",
      selector: name === "karpenter" ? { [poolLabel]: undefined } : {},
      ...mustsOf(
        releases.find((one) => one.inputs.chart === name)?.inputs.values?.topologySpreadConstraints,
      ),
    })),
    ...inCluster("apps/v1:Deployment").map((one) => serviceOf(world, cluster, one, inCluster)),
  ];
}

/** What pods must keep to of their spread over zones. */
const mustsOf = (constraints?: Props[]): Pick<Workload, "zoneSkew" | "minZones"> => ({
  zoneSkew: spreadOf(constraints, "topology.kubernetes.io/zone", "DoNotSchedule")?.maxSkew,
  minZones: minZonesOf(constraints),
});

function serviceOf(
  world: World,
  cluster: string,
  deployment: CloudResource,
  inCluster: (kind: string) => CloudResource[],
): Workload {
  const { kind, spec } = deployment.inputs;
  const namespace: string = deployment.inputs.metadata?.namespace ?? "default";
  const own = (kind: string) =>
    inCluster(kind).filter(
      ({ inputs, outputs }) => (outputs.metadata ?? inputs.metadata)?.namespace === namespace,
    );
  const pod: Props = podSpecOf({ kind, spec }) ?? {};
  const requests = requestsOf(pod);
  const scale = scaleOf(own, requests, pod);
  const constraints: Props[] | undefined = pod.topologySpreadConstraints;
  const annotations: Props = spec.template.metadata?.annotations ?? {};
  const budget = own("policy/v1:PodDisruptionBudget")[0]?.inputs.spec;
  return {
    ...requests,
    ...{ name: namespace, isService: priorityOf(world, deployment) >= 0, scale },
    serves: own("networking.k8s.io/v1:Ingress").length > 0,
    replicas: scale?.least ?? spec.replicas ?? 1,
    maxUnavailable: budget?.maxUnavailable,
    priority: priorityOf(world, deployment),
    graceSeconds: pod.terminationGracePeriodSeconds ?? 30,
    tolerationSeconds: tolerationOf(pod),
    seconds: waitsBeforeReady(world, cluster, namespace),
    ...mustsOf(constraints),
    prefers: {
      zoneSkew: spreadOf(constraints, "topology.kubernetes.io/zone", "ScheduleAnyway")?.maxSkew,
      hostSkew: spreadOf(constraints, "kubernetes.io/hostname", "ScheduleAnyway")?.maxSkew,
    },
    zone: pod.nodeSelector?.["topology.kubernetes.io/zone"],
    ...{ alone: false, selector: selectorOf(pod), preferred: preferredOf(pod) },
    stays:
      annotations["cluster-autoscaler.kubernetes.io/safe-to-evict"] === "false" ||
      annotations["karpenter.sh/do-not-disrupt"] === "true",
  };
}

/** Without a limit of CPU a pod may show twice its request. */
function scaleOf(own: (kind: string) => CloudResource[], { cpuMillicores }: Requests, pod: Props) {
  const [autoscaler] = own("autoscaling/v2:HorizontalPodAutoscaler");
  const [scaled] = own("keda.sh/v1alpha1:ScaledObject");
  const spec: Props | undefined = (autoscaler ?? scaled)?.inputs.spec;
  if (!spec) return undefined;
  const percent =
    spec.metrics?.[0]?.resource?.target?.averageUtilization ??
    Number(spec.triggers?.[0]?.metadata?.value ?? 100);
  const limits = ((pod.containers ?? []) as Props[]).map(({ resources }) =>
    Number.parseInt(resources?.limits?.cpu ?? "0", 10),
  );
  const limit = limits.reduce((sum, one) => sum + one, 0) || 2 * cpuMillicores;
  return {
    least: spec.minReplicas ?? spec.minReplicaCount ?? 1,
    most: spec.maxReplicas ?? spec.maxReplicaCount ?? 1,
    mostLoad: cpuMillicores > 0 ? (limit / cpuMillicores) * (100 / percent) : 2,
  };
}

/** By default of the admission plugin DefaultTolerationSeconds. */
function tolerationOf({ tolerations = [] }: Props): number {
  const own = (tolerations as Props[]).find(
    ({ key, effect }) => key === "node.kubernetes.io/unreachable" && effect !== "NoSchedule",
  );
  return own ? (own.tolerationSeconds ?? Number.POSITIVE_INFINITY) : 300;
}
