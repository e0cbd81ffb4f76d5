import {
  DescribeNodegroupCommand,
  EKSClient,
  type NodegroupScalingConfig,
  ResourceInUseException,
  UpdateNodegroupConfigCommand,
} from "@aws-sdk/client-eks";
import { isAsleep } from "../../../infra/config/sleep-times.ts";
import { nodeGroupNames } from "../aws-lists.ts";
import type { OperatedStack } from "../operated-stack.ts";

/** The IAM actions by which `npm run wake` and `npm run sleep` read. */
export const wakeActions = [
  "eks:DescribeCluster",
  "eks:DescribeNodegroup",
  "eks:ListNodegroups",
] as const;
/** The IAM action by which they change the node groups. */
export const scalingActions = ["eks:UpdateNodegroupConfig"] as const;

/** The node groups of a stack, as far as they sleep or not. */
export interface NodeGroups {
  /** Those that sleep, and those that have or may have nodes, of which some may sleep with a node. */
  read(): Promise<{ asleep: string[]; awake: string[] }>;
  /** Whether EKS takes the sizes; false while another change of the group is under way. */
  scale(group: string, sizes: NodegroupScalingConfig): Promise<boolean>;
}

export function nodeGroupsOf({ clusterName, region }: OperatedStack): NodeGroups {
  const eks = new EKSClient({ region });
  return {
    async read() {
      const names = await nodeGroupNames(eks, clusterName);
      const groups = await Promise.all(
        names.map(async (nodegroupName) => {
          const command = new DescribeNodegroupCommand({ clusterName, nodegroupName });
          const { nodegroup } = await eks.send(command);
          const sizes = nodegroup?.scalingConfig ?? {};
          const asleep = isAsleep(sizes);
          return { name: nodegroupName, asleep, awake: !asleep || sizes.desiredSize !== 0 };
        }),
      );
      const named = (state: "asleep" | "awake") =>
        groups.filter((group) => group[state]).map(({ name }) => name);
      return { asleep: named("asleep"), awake: named("awake") };
    },
    async scale(nodegroupName, scalingConfig) {
      try {
        await eks.send(
          new UpdateNodegroupConfigCommand({ clusterName, nodegroupName, scalingConfig }),
        );
        return true;
      } catch (error) {
        if (error instanceof ResourceInUseException) return false;
        throw error;
      }
    },
  };
}
