import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../cluster/cluster.ts";
import type { Network } from "../network/network.ts";

/** Where a resource with an address is, and whose pods may reach it. */
export interface Surroundings {
  network: Pick<
    Network,
    "vpcId" | "privateSubnetIds" | "controlPlaneSubnetIds" | "privateCidrBlocks"
  >;
  cluster: Pick<Cluster, "securityGroupId">;
}

/**
 * A security group that admits the nodes and pods of the cluster at one port, and nobody else. Network
 * policies say which pods. Only its rule waits for the cluster, and goes before it: EKS can't delete a
 * group that a rule names.
 */
export function makeSecurityGroup(
  resource: string,
  { network, cluster, port }: Surroundings & { port: number },
  parent: { parent: pulumi.Resource },
): aws.ec2.SecurityGroup {
  // AWS refuses a name that begins with sg-, as that of a resource may.
  const name = `access-to-${resource}`;
  const group = new aws.ec2.SecurityGroup(
    name,
    { vpcId: network.vpcId, description: `Access to ${resource}` },
    parent,
  );
  new aws.vpc.SecurityGroupIngressRule(
    name,
    {
      securityGroupId: group.id,
      referencedSecurityGroupId: cluster.securityGroupId,
      ipProtocol: "tcp",
      fromPort: port,
      toPort: port,
      description: "Nodes and pods of the cluster",
    },
    parent,
  );
  return group;
}
