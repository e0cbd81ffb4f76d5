import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { filesAddon } from "../cluster/capacity.ts";
import { addonVersion, type Cluster } from "../cluster/cluster.ts";
import { ServiceAccountRole } from "../cluster/service-account-role.ts";
import type { ClusterConfig } from "../config/schema.ts";

export interface FilesDriverArgs
  extends Pick<ClusterConfig, "addonVersions" | "kubernetesVersion"> {
  /** Whether the stack has file systems. Then the cluster has an identity provider. */
  enabled: boolean;
  cluster: Pick<Cluster, "name" | "oidc">;
}

/**
 * The EFS CSI driver, as an add-on of EKS: on each node it mounts what pods claim. Nothing where the
 * stack has no file system.
 *
 * The role is of the driver on the nodes. It has no permissions of its own: the policy of a file system
 * says that it mounts that one. The driver's controller, which would make access points, cannot assume
 * it: access points are made by the program.
 *
 * It gets the role by IRSA whatever `cluster.identity` says: the add-on takes an association for the
 * controller's account alone (kubernetes-sigs/aws-efs-csi-driver issue 1759).
 */
export class FilesDriver extends pulumi.ComponentResource {
  /** Empty where there is no driver. */
  readonly roleArn: pulumi.Output<string>;

  constructor(name: string, args: FilesDriverArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:addons:FilesDriver", name, {}, opts);
    const parent = { parent: this };
    this.roleArn = pulumi.output("");
    const { oidc } = args.cluster;
    if (args.enabled && oidc) {
      const role = new ServiceAccountRole(
        name,
        {
          identity: { oidc },
          namespace: "kube-system",
          serviceAccount: "efs-csi-node-sa",
        },
        parent,
      );
      new aws.eks.Addon(
        name,
        {
          clusterName: args.cluster.name,
          addonName: filesAddon,
          addonVersion: addonVersion(filesAddon, args, parent),
          serviceAccountRoleArn: role.arn,
          resolveConflictsOnCreate: "OVERWRITE",
          resolveConflictsOnUpdate: "OVERWRITE",
          // Without the driver the kubelet cannot unmount what pods that are stopping still have.
          preserve: true,
        },
        { ...parent, dependsOn: role },
      );
      this.roleArn = role.arn;
    }
    this.registerOutputs();
  }
}
