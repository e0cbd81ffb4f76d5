import type { PolicyDocument } from "../../infra/cluster/policy-document.ts";
import { policiesOf } from "./required-order.ts";
import type { Resource } from "./resource.ts";

/** What an output with a secret part becomes as a whole. */
type Masked = "[secret]";

/** A policy of AWS's or of the program's by its ARN, or one that is part of the role. */
export type Policy = { arn: string } | { name: string; document: PolicyDocument | Masked };

/** An IAM role: who may assume it and what it may then do. */
export interface Role {
  name: string;
  /** `namespace/name` of the one service account that may assume it; `null` when it is not one's. */
  serviceAccount: string | null;
  trust: PolicyDocument | Masked;
  policies: Policy[];
}

/** The IAM roles that the program makes itself, not those inside remote components. */
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

/** AWS's provider takes a policy as text or as an object, and a single statement without a list. */
function documentOf(policy: string | PolicyDocument): PolicyDocument | Masked {
  if (policy === "[secret]") return policy;
  const document: PolicyDocument = typeof policy === "string" ? JSON.parse(policy) : policy;
  return { ...document, Statement: [document.Statement].flat() };
}

function serviceAccountOf(trust: PolicyDocument | Masked): string | null {
  if (trust === "[secret]") return null;
  const subjects = trust.Statement.flatMap(({ Condition }) =>
    Object.entries(Condition?.StringEquals ?? {}).flatMap(([key, value]) =>
      key.endsWith(":sub") ? value : [],
    ),
  );
  const [, account] = /^system:serviceaccount:(.+)$/.exec(subjects[0] ?? "") ?? [];
  return subjects.length === 1 && account ? account.replace(":", "/") : null;
}
