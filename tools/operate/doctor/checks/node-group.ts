import type { Check } from "../finding.ts";
import { secondsSince } from "../objects.ts";
import type { Snapshot } from "../snapshot.ts";

/** EKS says NodeCreationFailure after 15 minutes at the earliest; a node joins within five. */
const joiningSeconds = 600;

/** By the code of EKS's API Reference, Issue. AsgInstanceLaunchFailures is for launch-failed. */
const remedies: Record<string, string> = {
  NodeCreationFailure:
    "Look at the nodes' way to the cluster: subnets' routes, endpoints, security group, the access entry of the nodes' role. aws ec2 get-console-output shows how an instance started.",
  AccessDenied:
    "Restore the access entry of the nodes' role, of type EC2_LINUX: pulumi up --refresh.",
  Ec2SubnetInvalidConfiguration: "The subnets must be the stack's: pulumi up --refresh.",
  Ec2LaunchTemplateNotFound: "Somebody deleted the launch template: pulumi up --refresh.",
  Ec2SecurityGroupNotFound:
    "Somebody deleted a security group of the cluster: pulumi up --refresh.",
  IamNodeRoleNotFound: "Somebody deleted the nodes' role: pulumi up --refresh.",
  IamInstanceProfileNotFound: "Somebody deleted the nodes' instance profile: pulumi up --refresh.",
  AutoScalingGroupNotFound: "Somebody deleted the Auto Scaling group: replace the node group.",
  InsufficientFreeAddresses: "Free addresses in the private subnets.",
};

export const nodeGroup: Check = {
  name: "node-group",
  finds:
    "health issues that EKS has with a node group or the cluster, and instances that do not join",
  find: (snapshot) => {
    const issues = [
      ...(snapshot.aws.nodeGroups ?? []).flatMap(({ nodegroupName, health }) =>
        (health?.issues ?? [])
          .filter(({ code }) => code !== "AsgInstanceLaunchFailures")
          .map((issue) => ({ object: `node group ${nodegroupName}`, ...issue })),
      ),
      ...(snapshot.aws.cluster?.health?.issues ?? []).map((issue) => ({
        object: `cluster ${snapshot.clusterName}`,
        ...issue,
      })),
    ].map(({ object, code = "", message = "", resourceIds = [] }) => ({
      object,
      cause: `EKS has an issue with it: ${code}`,
      evidence: `health issue ${code}: ${message}${resourceIds.length > 0 ? ` (${resourceIds.join(", ")})` : ""}`,
      remedy: remedies[code] ?? "Change what the message names.",
    }));
    return issues.length > 0 ? issues : strangers(snapshot);
  },
};

/** Instances of the cluster's Auto Scaling groups that are no nodes, and should be by now. */
function strangers(snapshot: Snapshot) {
  const { nodes } = snapshot.kubernetes;
  if (!nodes) return [];
  const joined = nodes.map(({ spec }) => spec?.providerID?.split("/").at(-1));
  return (snapshot.aws.scalingGroups ?? []).flatMap((group) =>
    (group.Instances ?? []).flatMap(({ InstanceId: id = "", LifecycleState: state }) => {
      const launch = (snapshot.aws.scalingActivities ?? []).find(({ Description: text }) =>
        text?.includes(id),
      );
      const seconds = launch ? secondsSince(snapshot, launch.StartTime) : Number.POSITIVE_INFINITY;
      if (state !== "InService" || joined.includes(id) || seconds < joiningSeconds) return [];
      return [
        {
          object: `instance ${id}`,
          cause: "the instance runs, and did not join the cluster as a node",
          evidence: `Auto Scaling group ${group.AutoScalingGroupName} has it InService; no Node has its providerID`,
          remedy: remedies.NodeCreationFailure ?? "",
        },
      ];
    }),
  );
}
