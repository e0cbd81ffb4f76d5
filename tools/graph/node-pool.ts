import type { StartedAddresses } from "../../infra/cluster/started-nodes.ts";
import type { Properties, Resource } from "./resource.ts";

/** What Karpenter or EKS Auto Mode may start, by its NodePool and node class. */
export interface StartedNodes extends StartedAddresses {
  capacityTypes: string[];
  /** Of each node. */
  diskGiB: number;
  /** In so many they start. */
  zones: number;
}

/** Undefined where the managed group has all nodes. */
export function startedNodesOf(resources: Resource[]): StartedNodes | undefined {
  const specOf = (kind: string): Properties | undefined =>
    resources.find(({ type }) => type === `kubernetes:${kind}`)?.inputs.spec;
  const pool = specOf("karpenter.sh/v1:NodePool");
  if (!pool) return undefined;
  const among = (key: string): string[] =>
    pool.template.spec.requirements.find((one: Properties) => one.key === key)?.values ?? [];
  const auto = specOf("eks.amazonaws.com/v1:NodeClass");
  const nodeClass = specOf("karpenter.k8s.aws/v1:EC2NodeClass");
  const disks: Properties[] = auto
    ? [{ ebs: { volumeSize: auto.ephemeralStorage.size } }]
    : (nodeClass?.blockDeviceMappings ?? []);
  return {
    by: auto ? "EKS Auto Mode" : "Karpenter",
    instanceTypes: among("node.kubernetes.io/instance-type"),
    capacityTypes: among("karpenter.sh/capacity-type"),
    cpuLimit: Number(pool.limits.cpu),
    memoryLimitGiB: Number.parseInt(pool.limits.memory, 10),
    zones: (auto ?? nodeClass)?.subnetSelectorTerms.length ?? 1,
    diskGiB: disks.reduce((sum, { ebs }) => sum + Number.parseInt(ebs.volumeSize, 10), 0),
  };
}
