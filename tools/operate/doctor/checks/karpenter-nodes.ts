import type { CoreV1Event } from "@kubernetes/client-node";
import { conditionOf, nameOf } from "../../cluster-objects.ts";
import { type Check, type Finding, recognised, type Sign } from "../finding.ts";
import { ageOf, eventsOf, quoted, secondsSince } from "../objects.ts";
import type { KarpenterObject, Snapshot } from "../snapshot.ts";

/** An instance is launched within a minute, and its node registers within five. */
const patienceSeconds = 300;
/** An event says what was so; Karpenter repeats one that is still so. */
const recentSeconds = 900;

/** Reasons and messages of Karpenter 1.14 (pkg/controllers/nodeclass, pkg/errors, nodeclaim/lifecycle). */
const signs: Sign[] = [
  {
    text: /InsufficientCapacity|InsufficientInstanceCapacity|UnfulfillableCapacity/,
    cause: "AWS has no instance of the named types free",
    remedy:
      "Name more types in nodes.karpenter.instanceTypes, and both of nodes.karpenter.capacityTypes. Karpenter leaves a type out for three minutes, and tries again by itself.",
  },
  {
    text: /VcpuLimitExceeded|MaxSpotInstanceCountExceeded/,
    cause: "the account's quota of vCPUs is used up",
    remedy: "Ask for a higher quota of EC2 in Service Quotas.",
  },
  {
    text: /AMINotFound|AMISelector did not match/,
    cause: "there is no image of nodes.release for the Kubernetes version that runs",
    remedy:
      "Set nodes.release to a release of this version: npm run upgrade names the newest. Then npm run up.",
  },
  {
    text: /SubnetsNotFound|SecurityGroupsNotFound/,
    cause: "a subnet or the security group of the nodes is gone",
    remedy: "pulumi up --refresh.",
  },
  {
    text: /UnauthorizedOperation|AccessDenied|not authorized/,
    cause: "AWS does not let Karpenter do what it must",
    remedy:
      "Look for a policy that denies it; the controller's role is the program's: pulumi up --refresh.",
  },
  {
    text: /NodeNotFound|Node not registered/,
    cause: "the instance runs, and did not join the cluster as a node",
    remedy:
      "Look at the access entry of the nodes' role, the subnets' routes and the security group: pulumi up --refresh. Karpenter gives the instance up after 15 minutes.",
  },
];

const otherwise = { cause: "Karpenter cannot use it", remedy: "Change what the message names." };

export const karpenterNodes: Check = {
  name: "karpenter-nodes",
  finds:
    "NodePools and EC2NodeClasses that are not ready, a limit that is reached, nodes that Karpenter cannot launch or that do not join",
  find: (snapshot) => {
    const { nodePools = [], nodeClasses = [], nodeClaims = [] } = snapshot.kubernetes;
    const classes = nodeClasses.flatMap((one) => unready("EC2NodeClass", one));
    return [
      ...classes,
      // A NodePool whose class is not ready says nothing more.
      ...(classes.length > 0 ? [] : nodePools.flatMap((one) => unready("NodePool", one))),
      ...nodePools.flatMap((one) => full(snapshot, one)),
      ...launchFailures(snapshot),
      ...nodeClaims.flatMap((one) => absent(snapshot, one)),
    ];
  },
};

function unready(kind: string, one: KarpenterObject): Finding[] {
  const ready = conditionOf(one, "Ready");
  if (!ready || ready.status === "True") return [];
  const failed = one.status?.conditions?.find(
    ({ type, status }) => type !== "Ready" && status === "False",
  );
  const { type, reason, message } = failed ?? ready;
  return [
    {
      object: `${kind} ${nameOf(one)}`,
      ...(recognised(`${reason}: ${message}`, signs) ?? otherwise),
      evidence: `condition ${type} is ${(failed ?? ready).status}, ${reason}: ${message}`,
    },
  ];
}

/** Pods that found a NodePool at its limit. */
function full(snapshot: Snapshot, pool: KarpenterObject): Finding[] {
  const event = (snapshot.kubernetes.events ?? []).find(
    (one) =>
      /exceed(s)? limits? for nodepool/.test(one.message ?? "") &&
      ageOf(snapshot, one) < recentSeconds,
  );
  if (!event) return [];
  const { limits = {} } = pool.spec ?? {};
  const used = pool.status?.resources ?? {};
  const numbers = Object.keys(limits).map((of) => `${of} ${used[of] ?? 0} of ${limits[of]}`);
  return [
    {
      object: `NodePool ${nameOf(pool)}`,
      cause: "its nodes have reached its limit, and pods wait",
      evidence: `${quoted(event)}; status.resources: ${numbers.join(", ")}`,
      remedy:
        "Raise nodes.karpenter.cpuLimit and memoryLimitGiB, or lower maxReplicas or what pods ask for.",
    },
  ];
}

/** Karpenter deletes a NodeClaim that AWS has no capacity for: only the event stays. */
function launchFailures(snapshot: Snapshot): Finding[] {
  const failed = (snapshot.kubernetes.events ?? []).filter(
    (one: CoreV1Event) =>
      one.reason === "InsufficientCapacityError" && ageOf(snapshot, one) < recentSeconds,
  );
  const [first] = failed;
  return first
    ? [
        {
          object: `NodeClaim ${first.involvedObject.name}`,
          ...(recognised("InsufficientCapacity", signs) ?? otherwise),
          evidence: quoted(first),
        },
      ]
    : [];
}

/** A NodeClaim without an instance, or whose instance is no node, for longer than it takes. */
function absent(snapshot: Snapshot, one: KarpenterObject): Finding[] {
  if (secondsSince(snapshot, one.metadata?.creationTimestamp) < patienceSeconds) return [];
  const lacking = ["Launched", "Registered"]
    .map((type) => conditionOf(one, type))
    .find((condition) => condition !== undefined && condition.status !== "True");
  if (!lacking) return [];
  const { type, status, reason, message } = lacking;
  const [event] = eventsOf(snapshot, "NodeClaim", one);
  return [
    {
      object: `NodeClaim ${nameOf(one)}`,
      ...(recognised(`${reason}: ${message}`, signs) ??
        (type === "Registered" ? recognised("NodeNotFound", signs) : undefined) ??
        otherwise),
      evidence: [
        `condition ${type} is ${status}, ${reason}: ${message}`,
        ...(event ? [quoted(event)] : []),
      ].join("; "),
    },
  ];
}
