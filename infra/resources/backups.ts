import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { BackupsConfig } from "../config/schema.ts";

export interface BackupsArgs
  extends Pick<BackupsConfig, "schedule" | "retentionDays" | "copyToRegion"> {
  /** What is backed up, by the kind of the resource. */
  resources: { kind: string; arn: pulumi.Output<string> }[];
  /** Keeps the vaults, with what is in them, on destroy. Else it deletes them with the backups. */
  protect: boolean;
}

const managed = (policy: string) => `arn:aws:iam::aws:policy/${policy}`;
/** Of every kind but buckets, whose policies are apart. AWS Backup Developer Guide, managed policies. */
const servicePolicies = ["Backup", "Restores"].map((to) =>
  managed(`service-role/AWSBackupServiceRolePolicyFor${to}`),
);
const bucketPolicies = ["Backup", "Restore"].map((to) =>
  managed(`AWSBackupServiceRolePolicyForS3${to}`),
);

/** A backup of a large file system takes longer than the provider's default of three hours. */
const completionMinutes = 7 * 24 * 60;

/**
 * Backups of all resources that hold data, by AWS Backup: into a vault, by one schedule, each kept for
 * so many days. With `copyToRegion` each is copied to a vault of another region, which keeps it as long.
 *
 * Resources are named by their ARNs, so the region's opt-in for their services does not matter.
 */
export class Backups extends pulumi.ComponentResource {
  constructor(name: string, args: BackupsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:resources:Backups", name, {}, opts);
    const { schedule, retentionDays, copyToRegion: region, resources, protect } = args;
    const parent = { parent: this };
    const lifecycle = { deleteAfter: retentionDays };
    const kept = { ...parent, protect, retainOnDelete: protect };
    const vault = new aws.backup.Vault(name, { forceDestroy: !protect }, kept);
    const copies = region
      ? [new aws.backup.Vault(`${name}-copies`, { region, forceDestroy: !protect }, kept)]
      : [];
    const { role, policies } = makeRole(name, resources, parent);
    const plan = new aws.backup.Plan(
      name,
      {
        rules: [
          {
            ruleName: "scheduled",
            targetVaultName: vault.name,
            schedule,
            completionWindow: completionMinutes,
            lifecycle,
            copyActions: copies.map(({ arn }) => ({ destinationVaultArn: arn, lifecycle })),
          },
        ],
      },
      parent,
    );
    new aws.backup.Selection(
      name,
      { planId: plan.id, iamRoleArn: role.arn, resources: resources.map(({ arn }) => arn) },
      { ...parent, dependsOn: policies },
    );
    this.registerOutputs();
  }
}

function makeRole(
  name: string,
  resources: BackupsArgs["resources"],
  parent: { parent: pulumi.Resource },
) {
  const role = new aws.iam.Role(
    name,
    {
      assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: "backup.amazonaws.com" }),
    },
    parent,
  );
  const buckets = resources.some(({ kind }) => kind === "bucket");
  const policies = [...servicePolicies, ...(buckets ? bucketPolicies : [])].map(
    (policyArn) =>
      new aws.iam.RolePolicyAttachment(
        `${name}-${policyArn.split("/").at(-1)}`,
        { role: role.name, policyArn },
        parent,
      ),
  );
  return { role, policies };
}
