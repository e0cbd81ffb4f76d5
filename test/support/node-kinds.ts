import type { RehearsalStack } from "../../tools/rehearsal/rehearsal-stack.ts";
import { changeByHand } from "../../tools/rehearsal/world/by-hand.ts";
import { nodeClassType, nodePoolType } from "../../tools/rehearsal/world/node-claims.ts";
import { autoClassType } from "../../tools/rehearsal/world/rules/lookup-rules.ts";
import { nodeGroupType, scaleTo } from "../../tools/rehearsal/world/rules/node-rules.ts";
import type { CloudResource, Props, World } from "../../tools/rehearsal/world/world.ts";

/** Where an `up` breaks off: at the creation of this resource, which fails. */
export interface BreakingPoint {
  /** What there is then. */
  after: string;
  type: string;
  name: string;
}

/** One kind of nodes in the list of lifecycle scenarios. */
export interface NodeKind {
  kind: string;
  /** The settings of the stack that are its own, by group. */
  settings: (kubernetesVersion: string) => Record<string, Props>;
  /** Whether Karpenter, or that of EKS Auto Mode, starts its nodes. */
  startsNodes: boolean;
  /** The kinds that one `up` gives a running stack instead, while pods keep serving. */
  givesWayTo: string[];
  /** With 40 pods of 250 millicores and 256 MiB. */
  mostNodes: number;
  /** Where an `up` breaks off in the order of its resources, from the cluster on. */
  breaks: BreakingPoint[];
  /** What somebody changes by hand beside what all kinds have. Returns what was changed. */
  drift: (world: World) => (CloudResource | undefined)[];
}

const addon = "aws:eks/addon:Addon";
const release = (version: string) => `${version}.2-20261112`;
const noNode = { after: "the cluster, and no node", type: addon, name: "cluster-vpc-cni" };
const noAddon = { after: "nodes, and no CoreDNS", type: addon, name: "cluster-coredns" };
const noService = {
  after: "nodes, and no load balancer",
  type: "kubernetes:networking.k8s.io/v1:Ingress",
  name: "load-balancer",
};
const halfServices = {
  after: "one service of two",
  type: "kubernetes:apps/v1:Deployment",
  name: "mailer",
};

/** Somebody changes the limit of a node group, and its number of nodes. */
function resizeGroup(world: World, maxSize: number): CloudResource | undefined {
  const [group] = world.live(nodeGroupType);
  if (!group) return undefined;
  const { desiredSize } = group.inputs.scalingConfig;
  changeByHand(group, "scalingConfig", { ...group.inputs.scalingConfig, maxSize });
  scaleTo(world, group, { maxSize, desiredCapacity: desiredSize });
  return group;
}

/** What Karpenter may start, and EKS Auto Mode. */
const started = {
  instanceTypes: ["m7g.large", "m7g.xlarge", "m6g.large", "m6g.xlarge"],
  capacityTypes: ["spot", "on-demand"],
  cpuLimit: 48,
  memoryLimitGiB: 192,
};

/** Somebody lowers the limits of the NodePool. */
function limitPool(world: World): CloudResource | undefined {
  const [pool] = world.live(nodePoolType);
  if (pool) changeByHand(pool, "spec.limits", { cpu: "8", memory: "16Gi" });
  return pool;
}

export const nodeKinds: NodeKind[] = [
  {
    kind: "managed",
    startsNodes: false,
    mostNodes: 24,
    givesWayTo: ["karpenter"],
    settings: (version) => ({
      nodes: {
        kind: "managed",
        // Those of the other kind's group: AWS would keep the group, and shrink it.
        instanceTypes: ["t4g.medium"],
        minSize: 3,
        desiredSize: 7,
        maxSize: 24,
        release: release(version),
      },
      autoscaler: { enabled: true, spareCapacity: { replicas: 1 } },
    }),
    breaks: [
      noNode,
      noAddon,
      {
        after: "nodes, and no autoscaler",
        type: "kubernetes:helm.sh/v3:Release",
        name: "autoscaler",
      },
      noService,
      halfServices,
    ],
    drift: (world) => [resizeGroup(world, 30)],
  },
  {
    kind: "karpenter",
    startsNodes: true,
    mostNodes: 14,
    givesWayTo: ["managed"],
    settings: (version) => ({
      nodes: {
        kind: "karpenter",
        instanceTypes: ["t4g.medium"],
        minSize: 2,
        maxSize: 3,
        release: release(version),
        karpenter: started,
      },
      autoscaler: { enabled: false, spareCapacity: { replicas: 1 } },
    }),
    breaks: [
      noNode,
      noAddon,
      {
        after: "Karpenter, and no EC2NodeClass that is ready",
        type: nodeClassType,
        name: "karpenter-nodes-class",
      },
      {
        after: "an EC2NodeClass, and no NodePool that is ready",
        type: nodePoolType,
        name: "karpenter-nodes",
      },
      { ...noService, after: "a NodePool with a node, and no service" },
      halfServices,
    ],
    drift: (world) => {
      const [policy] = world.live("aws:sqs/queuePolicy:QueuePolicy");
      if (policy) changeByHand(policy, "policy", JSON.stringify({ Statement: [] }));
      return [limitPool(world), policy, resizeGroup(world, 5)];
    },
  },
  {
    kind: "auto",
    startsNodes: true,
    // auto-move-engine-spec.ts has the way from a managed group. AWS ends all instances where EKS Auto Mode is turned off.
    mostNodes: 14,
    givesWayTo: [],
    settings: () => ({
      nodes: { kind: "auto", auto: started },
      autoscaler: { enabled: false, spareCapacity: { replicas: 1 } },
    }),
    breaks: [
      {
        after: "the cluster, and no NodeClass",
        type: autoClassType,
        name: "cluster-auto-nodes-class",
      },
      { after: "a NodeClass, and no NodePool", type: nodePoolType, name: "cluster-auto-nodes" },
      { after: "a NodePool, and no add-on", type: addon, name: "cluster-metrics-server" },
      noService,
      halfServices,
    ],
    drift: (world) => {
      const [nodeClass] = world.live(autoClassType);
      if (nodeClass) changeByHand(nodeClass, "spec.ephemeralStorage", { size: "200Gi" });
      return [limitPool(world), nodeClass];
    },
  },
];

/** Gives a stack another kind of nodes, as an operator edits its file. */
export function chooseNodes(stack: RehearsalStack, { settings }: NodeKind, version: string): void {
  stack.configure("cluster", { kubernetesVersion: version });
  for (const [group, values] of Object.entries(settings(version))) {
    stack.remove(group);
    stack.configure(group, values);
  }
}
