import { nodeDeadlines } from "../../../../infra/services/drain.ts";
import { waits } from "../../../cloud/durations.ts";
import {
  allowedDisruptions,
  claimsOf,
  controllerProblem,
  driftOf,
  imageProblem,
  karpenterProblem,
  karpenterRelease,
  nodeClassType,
  nodePoolType,
  terminate,
} from "../node-claims.ts";
import type { Call, Effect, Rule } from "../rule.ts";
import { addsNode, heldBy, replaces, reschedule, spreadBy } from "../scheduler.ts";
import type { CloudResource, Props, World } from "../world.ts";
import { autoClassType, clusterType, isAuto } from "./lookup-rules.ts";
import { nodeGroups, nodesOf } from "./node-rules.ts";

const releaseType = "kubernetes:helm.sh/v3:Release";
const both = [nodePoolType, nodeClassType, autoClassType];
const nodeClassTypes = [nodeClassType, autoClassType];
const minutes = (count: number) => count * 60;
const queueType = "aws:sqs/queue:Queue";

/** What the controller calls when it starts, and before an EC2NodeClass is ready or goes. */
const startActions = ["eks:DescribeCluster", "ec2:DescribeInstanceTypes", "sqs:GetQueueUrl"];
const readyActions = [
  ...[
    "ec2:DescribeSubnets",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeImages",
    "ssm:GetParameter",
  ],
  ...["ec2:CreateFleet", "ec2:RunInstances", "ec2:CreateLaunchTemplate", "ec2:CreateTags"],
  "iam:PassRole",
];
const finalActions = [
  ...["iam:ListInstanceProfiles", "iam:GetInstanceProfile"],
  ...["ec2:DescribeLaunchTemplates", "ec2:DeleteLaunchTemplate"],
];

/** Why the pods of a release of Karpenter do not become ready. Returns undefined if they do, and for other charts. */
function startProblem({ world, caller, inputs }: Call): string | undefined {
  if (!String(inputs.chart).endsWith("/karpenter")) return undefined;
  const cluster = caller.cluster ?? "";
  const { settings = {}, replicas = 2 } = inputs.values ?? {};
  if (settings.clusterName !== cluster) return `panic: getting cluster ${settings.clusterName}`;
  const nodes = nodeGroups(world, cluster).flatMap((group) => nodesOf(world, group)).length;
  if (nodes < replicas) {
    return `0/${nodes} nodes are available: ${nodes} node(s) didn't match pod anti-affinity rules`;
  }
  const queue = world.live(queueType).some((one) => one.inputs.name === settings.interruptionQueue);
  if (settings.interruptionQueue && !queue) {
    return `panic: AWS.SimpleQueueService.NonExistentQueue: ${settings.interruptionQueue}`;
  }
  if (!settings.enableZonalShift) return controllerProblem(world, cluster, inputs, startActions);
  return world.get(clusterType, cluster)?.inputs.zonalShiftConfig?.enabled
    ? controllerProblem(world, cluster, inputs, [
        ...startActions,
        "arc-zonal-shift:GetManagedResource",
      ])
    : `panic: Unable to find Cluster ${cluster} in Zonal Shift. Please check that the cluster is enabled for Zonal Shift and roles have appropriate permissions`;
}

/** Why an EC2NodeClass is not Ready. Returns undefined if it is. */
function classProblem({ world, resource, inputs: { spec }, caller }: Call): string | undefined {
  const found = (type: string, terms: Props[]) =>
    terms.some(({ id }) => world.get(type, id) !== undefined);
  if (!found("aws:ec2/subnet:Subnet", spec.subnetSelectorTerms)) {
    return "SubnetsNotFound: SubnetSelector did not match any Subnets";
  }
  if (!found("aws:ec2/securityGroup:SecurityGroup", spec.securityGroupSelectorTerms)) {
    return "SecurityGroupsNotFound: SecurityGroupSelector did not match any SecurityGroups";
  }
  return (
    imageProblem(world, caller.cluster ?? "", resource) ??
    karpenterProblem(world, caller.cluster ?? "", readyActions)
  );
}

const claimsOfPool = (world: World, pool: CloudResource) =>
  claimsOf(world, pool.cluster ?? "").filter(({ inputs }) => inputs.pool === pool.id);

const waitsForClaims = ({ inputs }: CloudResource): boolean =>
  (inputs.metadata?.annotations?.["pulumi.com/deletionPropagationPolicy"] ?? "foreground") ===
  "foreground";

/**
 * Drains the nodes of a NodePool that is being deleted, and ends their instances. No other node is
 * started for their pods (pkg/utils/nodepool: IsDeleting): those without room elsewhere are held by their
 * disruption budgets until terminationGracePeriod.
 */
async function drain(world: World, pool: CloudResource): Promise<void> {
  const cluster = pool.cluster ?? "";
  const claims = claimsOfPool(world, pool);
  if (claims.length === 0 || karpenterProblem(world, cluster, ["ec2:TerminateInstances"])) return;
  for (const claim of claims) claim.status = "deleting";
  const grace = Number.parseInt(pool.inputs.spec.template.spec.terminationGracePeriod || "0", 10);
  // A cluster autoscaler adds nodes to the managed group for pods that have lost theirs.
  await world.clock.until(
    () => heldBy(world, cluster).length === 0 || !addsNode(world, cluster),
    grace,
  );
  const held = heldBy(world, cluster);
  if (held.length > 0) {
    world.incidents.push(`pods of ${held.join(", ")} are ended against their disruption budgets`);
    if (grace === 0) return;
  }
  await world.clock.sleep(held.length > 0 ? grace : waits.podDrain);
  await world.clock.sleep(waits.instanceTerminated);
  if (karpenterProblem(world, cluster, ["ec2:TerminateInstances"])) return;
  for (const claim of claims) terminate(world, claim);
}

export const karpenterRules: Rule[] = [
  {
    error: "NoKindMatchError",
    on: "create",
    types: both,
    source: "Kubernetes apimachinery, meta.NoKindMatchError: the chart has the definitions",
    refusal: ({ world, resource, caller }) => {
      const [version = "", kind = ""] = resource.type.replace("kubernetes:", "").split(":");
      const cluster = caller.cluster ?? "";
      // EKS Auto Mode brings those of its own.
      const known = isAuto(world, cluster)
        ? resource.type !== nodeClassType
        : resource.type !== autoClassType && karpenterRelease(world, cluster, "karpenter-crd");
      return known ? undefined : `no matches for kind "${kind}" in version "${version}"`;
    },
  },
  {
    error: "release failed",
    on: "create",
    phase: "after",
    types: [releaseType],
    source: "Karpenter 1.14, pkg/operator/operator.go and charts/karpenter: anti-affinity of hosts",
    timeoutSeconds: ({ timeout = minutes(5) }) => timeout,
    refusal: (call) => {
      const reason = startProblem(call);
      return reason && `context deadline exceeded: ${reason}`;
    },
  },
  {
    error: "NotReady",
    on: "create",
    phase: "after",
    types: nodeClassTypes,
    source: "Karpenter 1.14, pkg/controllers/nodeclass: status.conditions; waitFor",
    timeoutSeconds: minutes(10),
    refusal: classProblem,
  },
  {
    error: "NotReady",
    on: "create",
    phase: "after",
    types: [nodePoolType],
    source: "Karpenter 1.14, pkg/controllers/nodepool/readiness: status.conditions; waitFor",
    timeoutSeconds: minutes(10),
    refusal: ({ world, inputs, caller }) => {
      const { name } = inputs.spec.template.spec.nodeClassRef;
      return nodeClassTypes
        .flatMap((type) => world.live(type))
        .some((one) => one.id === name && one.cluster === caller.cluster)
        ? karpenterProblem(world, caller.cluster ?? "", [])
        : `NodeClassNotFound: NodeClass ${name} not found on cluster`;
    },
  },
  {
    error: "foregroundDeletion",
    on: "delete",
    phase: "after",
    types: [nodePoolType],
    source:
      "Karpenter 1.14, scheduling/nodeclaimtemplate.go: NodeClaims have blockOwnerDeletion, and karpenter.sh/termination until their instance is gone",
    timeoutSeconds: minutes(10),
    refusal: ({ world, resource, caller }) => {
      const claims = claimsOfPool(world, resource);
      if (claims.length === 0 || !waitsForClaims(resource)) return undefined;
      const why = karpenterProblem(world, caller.cluster ?? "", ["ec2:TerminateInstances"]);
      return `${claims.map(({ id }) => id).join(", ")}: karpenter.sh/termination is never removed: ${why ?? "its pods do not leave"}`;
    },
  },
  {
    error: "finalizer",
    on: "delete",
    phase: "after",
    types: nodeClassTypes,
    source:
      "Karpenter 1.14, pkg/controllers/nodeclass/controller.go, finalize: waits for NodeClaims; lists instance profiles and launch templates",
    timeoutSeconds: minutes(10),
    refusal: ({ world, resource, caller }) => {
      const claims = claimsOf(world, caller.cluster ?? "").filter(
        ({ inputs }) => inputs.nodeClass === resource.id,
      );
      if (claims.length > 0) {
        return `Waiting on NodeClaim termination for ${claims.map(({ id }) => id).join(", ")}`;
      }
      const why = karpenterProblem(world, caller.cluster ?? "", finalActions);
      return why && `karpenter.k8s.aws/termination is never removed: ${why}`;
    },
  },
];

const readyIn = (world: World, cluster: string) =>
  claimsOf(world, cluster).filter(({ status }) => status === "ready");

/** Ends each node whose pods have room on the others, one after another. */
function consolidate(world: World, cluster: string): void {
  const [pool] = world.live(nodePoolType).filter((one) => one.cluster === cluster);
  if (!pool || karpenterProblem(world, cluster, ["ec2:TerminateInstances"])) return;
  for (const claim of readyIn(world, cluster)) {
    if (heldBy(world, cluster, [claim]).length > 0) continue;
    if (spreadBy(world, cluster, claim).length > 0) continue;
    // The pods of add-ons have no other node.
    if (isAuto(world, cluster) && readyIn(world, cluster).length === 1) continue;
    claim.status = "deleting";
    world.clock.later(waits.podDrain + waits.instanceTerminated, () => terminate(world, claim));
  }
}

/**
 * Replaces drifted nodes, as many at a time as the disruption budgets allow: another node is ready for their
 * pods before one is drained (Karpenter 1.14, pkg/controllers/disruption/drift.go).
 */
function replaceDrifted(world: World, cluster: string): void {
  if (karpenterProblem(world, cluster, ["ec2:TerminateInstances"])) return;
  const drifted = claimsOf(world, cluster).filter((one) => driftOf(world, one) !== undefined);
  for (const claim of drifted) {
    if (allowedDisruptions(world, cluster) < 1 || !replaces(world, cluster, claim)) return;
    claim.status = "deleting";
    world.clock.later(waits.nodeClaim + waits.podDrain + waits.instanceTerminated, () => {
      terminate(world, claim);
      replaceDrifted(world, cluster);
    });
  }
}

export const karpenterEffects: Effect[] = [
  {
    on: "update",
    types: [...both, clusterType],
    source:
      "kubernetes-sigs/karpenter, nodeclaim/disruption/drift.go: looked at every five minutes",
    run: ({ world, resource }) => {
      const cluster = resource.cluster ?? resource.id;
      world.clock.later(waits.driftFound, () => replaceDrifted(world, cluster));
    },
  },
  ...(["update", "delete"] as const).map(
    (on): Effect => ({
      on,
      types: ["kubernetes:apps/v1:Deployment"],
      source: "Karpenter 1.14, disruption: consolidationPolicy WhenEmptyOrUnderutilized",
      run: ({ world, caller }) => {
        const cluster = caller.cluster ?? "";
        if (claimsOf(world, cluster).length === 0) return;
        world.clock.later(waits.consolidation, () => consolidate(world, cluster));
      },
    }),
  ),
  {
    on: "delete",
    types: [nodePoolType],
    source: "Kubernetes garbage collection: an owner's deletion deletes its NodeClaims",
    run: async ({ world, resource }) => {
      if (waitsForClaims(resource)) await drain(world, resource);
      else world.clock.later(waits.reconcile, () => void drain(world, resource));
    },
  },
];

/**
 * AWS takes a Spot instance back. Karpenter drains its node where it hears of it, so that other nodes run
 * the pods before it is gone; else they end with it.
 */
export function interruptSpot(world: World, claim: CloudResource): void {
  const cluster = claim.cluster ?? "";
  // EKS Auto Mode hears of interruptions without a queue of the stack's.
  const unheard = isAuto(world, cluster) ? undefined : noticeProblem(world, cluster);
  if (unheard) world.incidents.push(`pods of ${claim.id} end with their node: ${unheard}`);
  claim.status = "deleting";
  world.clock.later(nodeDeadlines.spotNotice, () => terminate(world, claim));
  reschedule(world, cluster);
}

/** Why Karpenter does not hear of an interruption. Returns undefined if it does. */
function noticeProblem(world: World, cluster: string): string | undefined {
  const { values = {} } = karpenterRelease(world, cluster, "karpenter")?.inputs ?? {};
  const name = values.settings?.interruptionQueue;
  const queue = world.live(queueType).find(({ inputs }) => inputs.name === name);
  if (!queue) return `there is no queue ${name}`;
  const rule = world
    .live("aws:cloudwatch/eventRule:EventRule")
    .find(({ inputs }) => inputs.eventPattern?.includes("EC2 Spot Instance Interruption Warning"));
  const targeted = world
    .live("aws:cloudwatch/eventTarget:EventTarget")
    .some(({ inputs }) => inputs.rule === rule?.inputs.name && inputs.arn === queue.outputs.arn);
  if (!rule || !targeted) return "no EventBridge rule sends the interruption warning to the queue";
  const policy = world
    .live("aws:sqs/queuePolicy:QueuePolicy")
    .find(({ inputs }) => inputs.queueUrl === queue.outputs.url)?.inputs.policy;
  const statements: Props[] = policy ? JSON.parse(policy).Statement : [];
  const allowed = statements.some(
    ({ Effect, Principal, Condition }) =>
      Effect === "Allow" &&
      Principal?.Service === "events.amazonaws.com" &&
      [Condition?.ArnEquals?.["aws:SourceArn"] ?? rule.outputs.arn]
        .flat()
        .includes(rule.outputs.arn),
  );
  if (!allowed) return `the policy of ${queue.id} does not let EventBridge send`;
  return karpenterProblem(world, cluster, ["sqs:ReceiveMessage", "sqs:DeleteMessage"]);
}
