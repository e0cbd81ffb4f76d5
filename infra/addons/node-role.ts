import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { makeNodeRole } from "../cluster/instances.ts";

/** The role of nodes that no managed group starts, and the profile by which an instance has it. */
export class NodeRole extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly instanceProfile: pulumi.Output<string>;

  constructor(
    name: string,
    args: { clusterName: pulumi.Input<string> },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("platform:addons:NodeRole", name, {}, opts);
    const parent = { parent: this };
    const { role, policies } = makeNodeRole(name, parent);
    // EKS makes it for the role of a managed group alone (Amazon EKS User Guide, access entries).
    new aws.eks.AccessEntry(
      name,
      { clusterName: args.clusterName, principalArn: role.arn, type: "EC2_LINUX" },
      { ...parent, dependsOn: policies },
    );
    const profile = new aws.iam.InstanceProfile(name, { role: role.name }, parent);
    this.arn = role.arn;
    this.instanceProfile = profile.name;
    this.registerOutputs();
  }
}
