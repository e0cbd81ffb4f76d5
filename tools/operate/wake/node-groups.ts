import {
  DescribeNodegroupCommand,
  EKSClient,
  type NodegroupScalingConfig,
  ResourceInUseException,
  UpdateNodegroupConfigCommand,
} from "@aws-sdk/client-eks";
import { groupTag } from "../../../infra/cluster/node-groups.ts";
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

/** A node group of a stack, as far as it sleeps or not. */
export interface FoundGroup {
  name: string;
  /** By which the settings know it. */
  key: string;
  asleep: boolean;
  /** Whether it has or may have nodes; a group that sleeps may have one. */
  awake: boolean;
}

/** The node groups of a stack. */
export interface NodeGroups {
  read(): Promise<FoundGroup[]>;
  /** Whether EKS takes the sizes; false while another change of the group is under way. */
  scale(group: string, sizes: NodegroupScalingConfig): Promise<boolean>;
}

export function nodeGroupsOf({ clusterName, region }: OperatedStack): NodeGroups {
  const eks = new EKSClient({ region });
  return {
    async read() {
      const names = await nodeGroupNames(eks, clusterName);
      return Promise.all(
        names.map(async (nodegroupName) => {
          const command = new DescribeNodegroupCommand({ clusterName, nodegroupName });
          const { nodegroup } = await eks.send(command);
          const sizes = nodegroup?.scalingConfig ?? {};
          const asleep = isAsleep(sizes);
          return {
            name: nodegroupName,
            key: nodegroup?.tags?.[groupTag] ?? "",
            asleep,
            awake: !asleep || sizes.desiredSize !== 0,
          };
        }),
      );
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
