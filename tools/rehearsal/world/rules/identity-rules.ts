import type { Rule } from "../rule.ts";
import type { Props } from "../world.ts";

const sizeOf = (document: unknown): number =>
  (typeof document === "string" ? document : JSON.stringify(document ?? "")).replaceAll(/\s/g, "")
    .length;

export const identityRules: Rule[] = [
  ...(["create", "update"] as const).flatMap((on): Rule[] => [
    {
      error: "LimitExceeded",
      on,
      types: ["aws:iam/role:Role"],
      source: "AWS IAM User Guide, IAM and AWS STS quotas: 2,048 characters unless raised",
      refusal: ({ inputs }) =>
        sizeOf(inputs.assumeRolePolicy) > 2048
          ? "Cannot exceed quota for ACLSizePerRole: 2048"
          : undefined,
    },
    {
      error: "LimitExceeded",
      on,
      types: ["aws:iam/rolePolicy:RolePolicy"],
      source: "AWS IAM User Guide, IAM and AWS STS quotas: 10,240 characters of a role together",
      refusal: ({ world, resource, inputs }) => {
        const others = world
          .all("aws:iam/rolePolicy:RolePolicy")
          .filter((one) => one !== resource && one.inputs.role === inputs.role);
        const size = [inputs, ...others.map((one) => one.inputs)].reduce(
          (sum, { policy }) => sum + sizeOf(policy),
          0,
        );
        return size > 10_240
          ? `Maximum policy size of 10240 bytes exceeded for role ${inputs.role}`
          : undefined;
      },
    },
  ]),
  {
    error: "DeleteConflict",
    on: "delete",
    types: ["aws:iam/role:Role"],
    source: "AWS IAM API, DeleteRole: detach its policies first",
    refusal: ({ world, resource }) => {
      const held = [
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:iam/rolePolicy:RolePolicy",
      ].some((type) => world.all(type).some(({ inputs }) => inputs.role === resource.id));
      return held
        ? `Cannot delete entity, must detach all policies first: role ${resource.id}`
        : undefined;
    },
  },
  {
    error: "DeleteConflict",
    on: "delete",
    types: ["aws:iam/role:Role"],
    source: "AWS IAM API, DeleteRole: remove it from its instance profiles first",
    refusal: ({ world, resource }) =>
      world
        .all("aws:iam/instanceProfile:InstanceProfile")
        .some(({ inputs }) => inputs.role === resource.id)
        ? "Cannot delete entity, must remove roles from instance profile first."
        : undefined,
  },
  {
    error: "DeleteConflict",
    on: "delete",
    types: ["aws:iam/policy:Policy"],
    source: "AWS IAM API, DeletePolicy: detach it from everything first",
    refusal: ({ world, resource }) =>
      world
        .all("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
        .some(({ inputs }) => inputs.policyArn === resource.id)
        ? "Cannot delete a policy attached to entities."
        : undefined,
  },
  {
    error: "NoSuchEntity",
    on: "create",
    types: ["aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:iam/rolePolicy:RolePolicy"],
    source: "AWS IAM API, AttachRolePolicy and PutRolePolicy",
    refusal: ({ world, inputs }) =>
      world.get("aws:iam/role:Role", inputs.role)
        ? undefined
        : `The role with name ${inputs.role} cannot be found.`,
  },
  {
    error: "MalformedPolicyDocument",
    on: "create",
    types: ["aws:iam/role:Role", "aws:iam/policy:Policy", "aws:iam/rolePolicy:RolePolicy"],
    source: "AWS IAM User Guide, policy grammar",
    refusal: ({ inputs }) => {
      const text = inputs.assumeRolePolicy ?? inputs.policy;
      try {
        const document = typeof text === "string" ? JSON.parse(text) : text;
        return document.Version && document.Statement
          ? undefined
          : "Syntax errors in policy: Version and Statement are required.";
      } catch {
        return "Syntax errors in policy.";
      }
    },
  },
  {
    error: "MalformedPolicyDocumentException",
    on: "create",
    types: ["aws:kms/key:Key", "aws:kms/keyPolicy:KeyPolicy"],
    source:
      "AWS KMS API, PutKeyPolicy: a statement without Action or Resource has no effect; the lockout safety check asks who may put the next policy",
    refusal: ({ inputs }) => {
      if (!inputs.policy) return undefined;
      const { policy } = inputs;
      const { Statement } = typeof policy === "string" ? JSON.parse(policy) : policy;
      const administered = (Statement as Props[]).some(
        ({ Effect, Action, Resource }) =>
          Effect === "Allow" &&
          Resource &&
          [Action ?? []].flat().some((one) => /^(\*|kms:(\*|Put\*|PutKeyPolicy))$/.test(one)),
      );
      return administered
        ? undefined
        : "The new key policy will not allow you to update the key policy in the future.";
    },
  },
];
