import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Statement } from "./policy-document.ts";

/** The identity provider of a cluster, which signs the tokens of its service accounts. */
export interface OidcProvider {
  arn: pulumi.Output<string>;
  /** The issuer without `https://`, as condition keys name it. */
  issuer: pulumi.Output<string>;
}

/** A cluster in which an agent on each node gives pods the credentials of the associated role. */
export interface PodIdentity {
  clusterName: pulumi.Output<string>;
  clusterArn: pulumi.Output<string>;
}

/** How pods get the role of their service account: IAM roles for service accounts, or EKS Pod Identity. */
export type Identity = { oidc: OidcProvider } | { podIdentity: PodIdentity };

/** Whether what runs in the cluster gets its role by EKS Pod Identity. */
export const usesPodIdentity = ({ cluster }: { cluster?: { identity: Identity } }): boolean =>
  cluster !== undefined && "podIdentity" in cluster.identity;

/**
 * What of an add-on is left as it is when its account changes to EKS Pod Identity: AWS refuses an update
 * that takes the role of IRSA away, and forgets it by itself when an association comes
 * (hashicorp/terraform-provider-aws issue 30645).
 */
export const keptOfAddon = (identity: Identity): string[] =>
  "podIdentity" in identity ? ["serviceAccountRoleArn"] : [];

export interface ServiceAccountRoleArgs {
  identity: Identity;
  namespace: string;
  /** Its name with IRSA. With Pod Identity `serviceAccount` of the component has another one. */
  serviceAccount: string;
  /** Whether an add-on of EKS owns the account: it fixes the name and associates the role. @default false */
  ofAddon?: boolean;
  /** Managed policies. @default none */
  policyArns?: string[];
  /** An inline policy. @default none */
  policy?: aws.iam.PolicyDocument;
  /** Further inline policies, which come and go one by one, by what follows the role's name. @default none */
  policies?: Record<string, aws.iam.PolicyDocument>;
}

/**
 * An IAM role that exactly one Kubernetes service account may assume, by IRSA or by EKS Pod Identity.
 *
 * With IRSA the trust policy matches `sub` and `aud`, both exactly: with `sub` alone, a token that was
 * minted for another audience would do. With Pod Identity it matches the cluster, the namespace and the
 * account (Amazon EKS User Guide, "Create IAM role with trust policy required by EKS Pod Identity").
 *
 * Each way has a role and an account of its own: a change of the way makes both, starts the pods again,
 * and deletes the others last. One account for both would not do: EKS gives a new pod the association as
 * long as that exists, whatever the annotation says (amazon-eks-pod-identity-webhook, buildPodPatchConfig).
 *
 * Whatever uses the role must depend on the component, not on the ARN alone, so that policies and
 * association come first and go last.
 */
export class ServiceAccountRole extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  /** The name of the account. */
  readonly serviceAccount: string;
  /** What the account must have. */
  readonly annotations: Record<string, pulumi.Output<string>>;
  /** What an add-on of EKS takes that owns the account. */
  readonly addonArgs: Pick<aws.eks.AddonArgs, "serviceAccountRoleArn" | "podIdentityAssociations">;

  constructor(name: string, args: ServiceAccountRoleArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:iam:ServiceAccountRole", name, {}, opts);
    const parent = { parent: this };
    const { identity, namespace, ofAddon } = args;
    const podIdentity = "podIdentity" in identity ? identity.podIdentity : undefined;
    const suffix = podIdentity ? "-pod-identity" : "";
    const own = `${name}${suffix}`;
    const serviceAccount = `${args.serviceAccount}${ofAddon ? "" : suffix}`;

    const assumeRolePolicy = trustPolicy({ identity, namespace, serviceAccount });
    const role = new aws.iam.Role(own, { assumeRolePolicy }, parent);
    const policies = attachPolicies(own, role, args, parent);
    if (podIdentity && !ofAddon) {
      const { clusterName } = podIdentity;
      new aws.eks.PodIdentityAssociation(
        own,
        { clusterName, namespace, serviceAccount, roleArn: role.arn },
        { ...parent, dependsOn: policies },
      );
    }

    this.arn = role.arn;
    this.serviceAccount = serviceAccount;
    this.annotations = podIdentity ? {} : { "eks.amazonaws.com/role-arn": role.arn };
    this.addonArgs = podIdentity
      ? { podIdentityAssociations: [{ serviceAccount, roleArn: role.arn }] }
      : { serviceAccountRoleArn: role.arn };
    this.registerOutputs({ arn: this.arn });
  }
}

function attachPolicies(
  name: string,
  role: aws.iam.Role,
  { policyArns = [], policy, policies = {} }: ServiceAccountRoleArgs,
  parent: { parent: pulumi.Resource },
): pulumi.Resource[] {
  const inline = { ...(policy && { [name]: policy }) };
  for (const [suffix, one] of Object.entries(policies)) inline[`${name}-${suffix}`] = one;
  return [
    ...policyArns.map(
      (policyArn) =>
        new aws.iam.RolePolicyAttachment(
          `${name}-${policyArn.split("/").at(-1)}`,
          { role: role.name, policyArn },
          parent,
        ),
    ),
    ...Object.entries(inline).map(
      ([own, policy]) => new aws.iam.RolePolicy(own, { role: role.name, policy }, parent),
    ),
  ];
}

type Account = Pick<ServiceAccountRoleArgs, "identity" | "namespace" | "serviceAccount">;

function trustPolicy({ identity, namespace, serviceAccount }: Account): pulumi.Output<string> {
  if ("podIdentity" in identity) {
    return identity.podIdentity.clusterArn.apply((clusterArn) =>
      documentOf({
        Effect: "Allow",
        Action: ["sts:AssumeRole", "sts:TagSession"],
        Principal: { Service: "pods.eks.amazonaws.com" },
        Condition: {
          StringEquals: {
            "aws:RequestTag/eks-cluster-arn": clusterArn,
            "aws:RequestTag/kubernetes-namespace": namespace,
            "aws:RequestTag/kubernetes-service-account": serviceAccount,
          },
        },
      }),
    );
  }
  return pulumi.all([identity.oidc.arn, identity.oidc.issuer]).apply(([arn, issuer]) =>
    documentOf({
      Effect: "Allow",
      Action: "sts:AssumeRoleWithWebIdentity",
      Principal: { Federated: arn },
      Condition: {
        StringEquals: {
          [`${issuer}:sub`]: `system:serviceaccount:${namespace}:${serviceAccount}`,
          [`${issuer}:aud`]: "sts.amazonaws.com",
        },
      },
    }),
  );
}

const documentOf = (statement: Statement): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
