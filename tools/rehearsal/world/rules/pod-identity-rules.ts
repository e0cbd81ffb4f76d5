import {
  addonAssociationProblem,
  admittedAs,
  associatedRole,
  associatedRoleProblem,
  associationType,
  lostRoles,
} from "../pod-identity.ts";
import type { Effect, Rule } from "../rule.ts";
import type { Props } from "../world.ts";
import { addonType } from "./lookup-rules.ts";

const deploymentType = "kubernetes:apps/v1:Deployment";
const releaseType = "kubernetes:helm.sh/v3:Release";

export const podIdentityRules: Rule[] = [
  ...(["create", "update"] as const).flatMap((on): Rule[] => [
    {
      error: "InvalidParameterException",
      on,
      types: [associationType],
      source:
        "hashicorp/terraform-provider-aws issue 41483 and its retry of CreatePodIdentityAssociation for the words",
      refusal: ({ world, inputs }) => associatedRoleProblem(world, inputs.roleArn),
    },
    {
      error: "InvalidParameterException",
      on,
      types: [addonType],
      source: "terraform-aws-modules/terraform-aws-eks issue 3520; as of an association",
      refusal: ({ world, inputs }) => addonAssociationProblem(world, inputs),
    },
  ]),
  {
    error: "ResourceInUseException",
    on: "create",
    types: [associationType],
    source: "aws/eks-hybrid pull request 679: an account has one role, also if an add-on gave it",
    refusal: ({ world, inputs }) =>
      associatedRole(world, {
        cluster: inputs.clusterName,
        namespace: inputs.namespace,
        name: inputs.serviceAccount,
      })
        ? "Association already exists"
        : undefined,
  },
  {
    error: "InvalidParameter",
    on: "update",
    types: [addonType],
    source: "hashicorp/terraform-provider-aws issue 30645: a role is not taken away by an update",
    refusal: ({ inputs, olds }) =>
      olds.serviceAccountRoleArn && !inputs.serviceAccountRoleArn
        ? "1 validation error(s) found. - minimum field size of 1, UpdateAddonInput.ServiceAccountRoleArn."
        : undefined,
  },
];

/** What of a release's values is in the pods: annotations of the account start none again. */
const podsOf = ({ values = {} }: Props): string =>
  JSON.stringify(values, (key, value) => (key === "annotations" ? undefined : value));

export const podIdentityEffects: Effect[] = [
  {
    on: "update",
    types: [addonType],
    source: "hashicorp/terraform-provider-aws issue 30645: an association takes the role's place",
    run: ({ resource, inputs }) => {
      if (inputs.podIdentityAssociations) delete resource.outputs.serviceAccountRoleArn;
    },
  },
  ...(["create", "update"] as const).map(
    (on): Effect => ({
      on,
      types: [deploymentType, releaseType],
      source:
        "amazon-eks-pod-identity-webhook: a pod has the variables that it was admitted with until it ends",
      run: ({ world, resource, inputs, olds }) => {
        const started =
          resource.type === releaseType
            ? podsOf(inputs) !== podsOf(olds)
            : JSON.stringify(inputs.spec?.template) !== JSON.stringify(olds.spec?.template);
        if (started) resource.identity = admittedAs(world, resource);
      },
    }),
  ),
  ...(["update", "delete"] as const).map(
    (on): Effect => ({
      on,
      types: [
        "aws:iam/role:Role",
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        associationType,
        addonType,
      ],
      source: "AWS STS: credentials of a role that no longer trusts the pod are not renewed",
      run: ({ world }) => {
        for (const problem of lostRoles(world)) {
          if (!world.incidents.includes(problem)) world.incidents.push(problem);
        }
      },
    }),
  ),
];
