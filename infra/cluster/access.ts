import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterConfig } from "../config/schema.ts";

export interface AccessArgs
  extends Pick<ClusterConfig, "admins" | "deployers" | "viewers" | "auditors" | "debug"> {
  clusterName: pulumi.Input<string>;
  /** The namespaces that deployers may change. */
  deployerNamespaces: string[];
}

/** The Kubernetes group of those that may enter containers: infra/services/debugging.ts says what it may. */
export const debugGroup = "platform-debug";

/**
 * The IAM principals that reach the Kubernetes API, each by one access entry with one access policy.
 *
 * A principal keeps its entry when it moves from one list to another, and deployers keep their access
 * when a service is added: an association is deleted before its successor is made, because AWS has
 * one association for a principal and a policy.
 *
 * Who is taken from `debug` may stay in its group: the AWS provider sends no empty list of groups. The
 * admission policy of the group's namespaces refuses them then.
 */
export class Access extends pulumi.ComponentResource {
  constructor(name: string, args: AccessArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:cluster:Access", name, {}, opts);
    const { clusterName } = args;
    for (const { principalArn, policy, accessScope } of grants(args)) {
      const who = `${name}-${labelOf(principalArn)}`;
      const entry = new aws.eks.AccessEntry(
        who,
        {
          clusterName,
          principalArn,
          ...(args.debug.includes(principalArn) && { kubernetesGroups: [debugGroup] }),
        },
        { parent: this },
      );
      new aws.eks.AccessPolicyAssociation(
        who,
        {
          clusterName,
          principalArn: entry.principalArn,
          policyArn: `arn:aws:eks::aws:cluster-access-policy/${policy}`,
          accessScope,
        },
        { parent: this, deleteBeforeReplace: true },
      );
    }
    this.registerOutputs();
  }
}

interface Grant {
  principalArn: string;
  policy: string;
  accessScope: { type: string; namespaces?: string[] };
}

function grants({ admins, deployers, viewers, auditors, deployerNamespaces }: AccessArgs): Grant[] {
  const grant = (principals: string[], policy: string, namespaces?: string[]) =>
    principals.map((principalArn) => ({
      principalArn,
      policy,
      accessScope: namespaces ? { type: "namespace", namespaces } : { type: "cluster" },
    }));
  return [
    ...grant(admins, "AmazonEKSClusterAdminPolicy"),
    ...grant(deployers, "AmazonEKSEditPolicy", deployerNamespaces),
    ...grant(viewers, "AmazonEKSViewPolicy"),
    ...grant(auditors, "AmazonEKSAdminViewPolicy"),
  ];
}

/** Account, kind and name of a principal: `111122223333-role-Admin`. */
function labelOf(principalArn: string): string {
  const [account = "", resource = ""] = principalArn.split(":").slice(4);
  return `${account}-${resource.replaceAll("/", "-")}`;
}

/**
 * Throws a `pulumi.RunError` when the principal that runs an update is not among the administrators.
 * EKS makes nobody else an administrator, so its Kubernetes objects would be refused after the
 * control plane has been made. A preview may be run by anybody.
 */
export async function requireAdmin(admins: string[], options: pulumi.InvokeOptions): Promise<void> {
  if (pulumi.runtime.isDryRun()) return;
  const { arn } = await aws.getCallerIdentity({}, options);
  if (admins.some((admin) => isSession(arn, admin))) return;
  throw new pulumi.RunError(
    `cluster.admins: ${arn} runs this update and is not named; allowed: a list with its role or user, because only administrators make Kubernetes objects`,
  );
}

/** Whether the caller is the principal or a session of it. A session's ARN leaves out the role's path. */
function isSession(caller: string, principalArn: string): boolean {
  if (caller === principalArn) return true;
  const [, account, role] = /^arn:aws:sts::(\d+):assumed-role\/([^/]+)\//.exec(caller) ?? [];
  return (
    principalArn.startsWith(`arn:aws:iam::${account}:role/`) && principalArn.endsWith(`/${role}`)
  );
}
