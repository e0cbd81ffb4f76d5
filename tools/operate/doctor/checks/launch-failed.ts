import type { Activity } from "@aws-sdk/client-auto-scaling";
import type { Check, Sign } from "../finding.ts";
import { recognised } from "../finding.ts";
import { secondsSince } from "../objects.ts";
import type { Snapshot } from "../snapshot.ts";

const recentSeconds = 3600;

/** Messages of EC2 Auto Scaling, and of EKS where they reach the node group's health. */
const signs: Sign[] = [
  {
    text: /InsufficientInstanceCapacity|UnfulfillableCapacity|sufficient (\S+) capacity in the Availability Zone/,
    cause: "AWS has no instance of this type free in this zone",
    remedy:
      "Name several types of the same size in nodes.instanceTypes, or another zone in network.zones. AWS tries again by itself.",
  },
  {
    text: /MaxSpotInstanceCountExceeded/,
    cause: "the account's quota of Spot vCPUs is used up",
    remedy:
      "Ask for a higher quota of EC2 in Service Quotas (All Standard Spot Instance Requests), or set nodes.capacityType: ON_DEMAND.",
  },
  {
    text: /VcpuLimitExceeded|more vCPU capacity than your current vCPU limit of (\d+)/,
    cause: "the account's quota of vCPUs is used up",
    remedy:
      "Ask for a higher quota of EC2 in Service Quotas (Running On-Demand Standard instances), or set a smaller nodes.maxSize.",
  },
  {
    text: /InvalidSubnet|InsufficientFreeAddressesInSubnet|not enough free addresses/,
    cause: "a subnet has no address left for an instance",
    remedy:
      "Delete what holds addresses in the subnet, or give the stack a larger network.cidrBlock.",
  },
  {
    text: /KMS|client error on launch|Client\.InternalError/i,
    cause: "an instance cannot start, because it may not use the key of its volume",
    remedy:
      "Let the Auto Scaling service-linked role use the KMS key of the account's EBS default.",
  },
  {
    text: /not authorized|UnauthorizedOperation|AccessDenied/,
    cause: "AWS may not start the instance for the account",
    remedy: "Look for a service control policy that denies ec2:RunInstances.",
  },
];

/** The failed launch that is the newest activity of its Auto Scaling group; a later success ends it. */
export function failedLaunch(snapshot: Snapshot): Activity | undefined {
  const { scalingActivities = [] } = snapshot.aws;
  const newest = new Map<string, Activity>();
  for (const one of scalingActivities) {
    const group = one.AutoScalingGroupName ?? "";
    if (one.Description?.startsWith("Launching") && !newest.has(group)) newest.set(group, one);
  }
  return [...newest.values()].find(
    ({ StatusCode: status, StartTime: start }) =>
      status === "Failed" && secondsSince(snapshot, start) < recentSeconds,
  );
}

export const launchFailed: Check = {
  name: "launch-failed",
  finds: "nodes that AWS does not start: capacity, vCPU quota, addresses, key, permission",
  find: (snapshot) => {
    const failed = failedLaunch(snapshot);
    const [group, issue] = (snapshot.aws.nodeGroups ?? []).flatMap(({ nodegroupName, health }) => {
      const one = health?.issues?.find(({ code }) => code === "AsgInstanceLaunchFailures");
      return one ? [[nodegroupName, one] as const] : [];
    })[0] ?? [undefined, undefined];
    if (!failed && !issue) return [];
    const message = failed?.StatusMessage ?? issue?.message ?? "";
    return [
      {
        object: failed
          ? `Auto Scaling group ${failed.AutoScalingGroupName}`
          : `node group ${group}`,
        ...(recognised(message, signs) ?? {
          cause: "AWS does not start an instance",
          remedy: "Change what the message names.",
        }),
        evidence: failed
          ? `scaling activity Failed: ${message}`
          : `health issue AsgInstanceLaunchFailures: ${message}`,
      },
    ];
  },
};
