import type { PolicyDocument } from "../../infra/cluster/policy-document.ts";
import { policiesOf } from "./required-order.ts";
import type { Resource } from "./resource.ts";

/** The value of an output with a secret part. */
type Masked = "[secret]";

/** A managed policy by its ARN, or an inline policy. */
export type Policy = { arn: string } | { name: string; document: PolicyDocument | Masked };

/** An IAM role with its trust and its policies. */
export interface Role {
  name: string;
  /** `namespace/name` of its service account; `null` without one. */
  serviceAccount: string | null;
  trust: PolicyDocument | Masked;
  policies: Policy[];
}

/** The IAM roles of the program, without those inside remote components. */
export function rolesOf(resources: Resource[]): Role[] {
  return resources
    .filter(({ type }) => type === "aws:iam/role:Role")
    .map((role) => {
      const trust = documentOf(role.inputs.assumeRolePolicy);
      return {
        name: role.outputs.name,
        serviceAccount: serviceAccountOf(trust),
        trust,
        policies: policiesOf(role, resources).map(({ inputs, outputs }) =>
          inputs.policyArn
            ? { arn: inputs.policyArn }
            : { name: outputs.name, document: documentOf(inputs.policy) },
        ),
      };
    });
}

/** The provider accepts a policy as text or object, and a statement without a list. */
function documentOf(policy: string | PolicyDocument): PolicyDocument | Masked {
  if (policy === "[secret]") return policy;
  const document: PolicyDocument = typeof policy === "string" ? JSON.parse(policy) : policy;
  return { ...document, Statement: [document.Statement].flat() };
}

function serviceAccountOf(trust: PolicyDocument | Masked): string | null {
  if (trust === "[secret]") return null;
  const [statement, ...others] = trust.Statement;
  const tested = statement?.Condition?.StringEquals ?? {};
  const [namespace, account] = ["namespace", "service-account"].map(
    (tag) => tested[`aws:RequestTag/kubernetes-${tag}`],
  );
  if (others.length === 0 && namespace && account) return `${namespace}/${account}`;
  const subjects = trust.Statement.flatMap(({ Condition }) =>
    Object.entries(Condition?.StringEquals ?? {}).flatMap(([key, value]) =>
      key.endsWith(":sub") ? value : [],
    ),
  );
  const [, subject] = /^system:serviceaccount:(.+)$/.exec(subjects[0] ?? "") ?? [];
  return subjects.length === 1 && subject ? subject.replace(":", "/") : null;
}
