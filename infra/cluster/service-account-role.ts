import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** The identity provider of a cluster, which signs the tokens of its service accounts. */
export interface OidcProvider {
  arn: pulumi.Output<string>;
  /** The issuer without `https://`, as condition keys name it. */
  issuer: pulumi.Output<string>;
}

export interface ServiceAccountRoleArgs {
  oidc: OidcProvider;
  namespace: string;
  serviceAccount: string;
  /** Managed policies. @default none */
  policyArns?: string[];
  /** An inline policy. @default none */
  policy?: aws.iam.PolicyDocument;
  /** Further inline policies, which come and go one by one, by what follows the role's name. @default none */
  policies?: Record<string, aws.iam.PolicyDocument>;
}

/**
 * An IAM role that exactly one Kubernetes service account may assume (IRSA).
 *
 * The trust policy matches `sub` and `aud`, both exactly: with `sub` alone, a token that was
 * minted for another audience would do. Whatever uses the role must depend on the component, not
 * on the ARN alone, so that the policies are attached first and detached last.
 */
export class ServiceAccountRole extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: ServiceAccountRoleArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:iam:ServiceAccountRole", name, {}, opts);
    const parent = { parent: this };

    const role = new aws.iam.Role(name, { assumeRolePolicy: trustPolicy(args) }, parent);
    for (const policyArn of args.policyArns ?? []) {
      new aws.iam.RolePolicyAttachment(
        `${name}-${policyArn.split("/").at(-1)}`,
        { role: role.name, policyArn },
        parent,
      );
    }
    if (args.policy) {
      new aws.iam.RolePolicy(name, { role: role.name, policy: args.policy }, parent);
    }
    for (const [suffix, policy] of Object.entries(args.policies ?? {})) {
      new aws.iam.RolePolicy(`${name}-${suffix}`, { role: role.name, policy }, parent);
    }

    this.arn = role.arn;
    this.registerOutputs({ arn: this.arn });
  }
}

function trustPolicy({ oidc, namespace, serviceAccount }: ServiceAccountRoleArgs) {
  return pulumi.all([oidc.arn, oidc.issuer]).apply(([arn, issuer]) =>
    JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Action: "sts:AssumeRoleWithWebIdentity",
          Principal: { Federated: arn },
          Condition: {
            StringEquals: {
              [`${issuer}:sub`]: `system:serviceaccount:${namespace}:${serviceAccount}`,
              [`${issuer}:aud`]: "sts.amazonaws.com",
            },
          },
        },
      ],
    }),
  );
}
