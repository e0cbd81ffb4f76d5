import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { NodesConfig } from "../config/schema.ts";

/** The tag `Name` of a cluster's nodes and their volumes. */
export const nodeName = (clusterName: string) => `${clusterName}-node`;

/** The role of nodes, and what lets it join the cluster and pull images. It has no right of a workload. */
export function makeNodeRole(
  name: string,
  parent: { parent: pulumi.Resource },
  joining = "AmazonEKSWorkerNodePolicy",
): { role: aws.iam.Role; policies: aws.iam.RolePolicyAttachment[] } {
  const role = new aws.iam.Role(
    name,
    { assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: "ec2.amazonaws.com" }) },
    parent,
  );
  const policies = [joining, "AmazonEC2ContainerRegistryPullOnly"].map(
    (policy) =>
      new aws.iam.RolePolicyAttachment(
        `${name}-${policy}`,
        { role: role.name, policyArn: `arn:aws:iam::aws:policy/${policy}` },
        parent,
      ),
  );
  return { role, policies };
}

/** The volumes of a node by their devices, in GiB. */
export function nodeVolumes({
  operatingSystem,
  diskSizeGiB,
}: Pick<NodesConfig, "operatingSystem" | "diskSizeGiB">): { deviceName: string; GiB: number }[] {
  return operatingSystem === "bottlerocket"
    ? // The system is on the first disk, images and logs on the second.
      [
        { deviceName: "/dev/xvda", GiB: 4 },
        { deviceName: "/dev/xvdb", GiB: diskSizeGiB },
      ]
    : [{ deviceName: "/dev/xvda", GiB: diskSizeGiB }];
}

/** IMDSv2 in one hop: a pod that is not on the host's network cannot take the instance's credentials. */
export const instanceMetadata = {
  httpEndpoint: "enabled",
  httpTokens: "required",
  httpPutResponseHopLimit: 1,
};

/** What the instances of a launch template have: encrypted volumes, IMDSv2, and these tags. */
export function instanceSettings(
  volumes: { deviceName: string; GiB: number }[],
  tags: Record<string, string>,
): aws.ec2.LaunchTemplateArgs {
  return {
    updateDefaultVersion: true,
    blockDeviceMappings: volumes.map(({ deviceName, GiB }) => ({
      deviceName,
      ebs: {
        volumeSize: GiB,
        volumeType: "gp3",
        encrypted: "true",
        deleteOnTermination: "true",
      },
    })),
    metadataOptions: instanceMetadata,
    tagSpecifications: ["instance", "volume"].map((resourceType) => ({ resourceType, tags })),
  };
}
