import { type Rule, type Statement, type Subject, statementsOf } from "./rule.ts";

const role = "aws:iam/role:Role";
const policyTypes = ["aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy"];
const roleOf = (statement: Statement) => [
  { type: role, inputs: { assumeRolePolicy: JSON.stringify({ Statement: [statement] }) } },
];
const policyOf = (statement: Statement) => [
  { type: "aws:iam/rolePolicy:RolePolicy", inputs: { policy: { Statement: statement } } },
];
const webIdentity = (Condition: Statement["Condition"]): Statement => ({
  Effect: "Allow",
  Action: "sts:AssumeRoleWithWebIdentity",
  Principal: { Federated: "arn:aws:iam::111122223333:oidc-provider/issuer" },
  Condition,
});

/** Finds conditions that match tokens of more than one subject or audience. */
function findLooseConditions({ Condition = {} }: Statement): string[] {
  const exact = Condition.StringEquals ?? {};
  const value = (suffix: string) =>
    Object.entries(exact).find(([key]) => key.endsWith(suffix))?.[1];
  return [":sub", ":aud"].flatMap((suffix) => {
    const wanted = [value(suffix) ?? []].flat();
    if (wanted.length === 0) return [`trusts tokens with any ${suffix.slice(1)}`];
    return wanted.some((one) => /[*?]/.test(one)) ? [`trusts a pattern of ${suffix.slice(1)}`] : [];
  });
}

function admitsEverybody({ Principal }: Statement): boolean {
  return (
    Principal === "*" ||
    Object.values(Principal ?? {})
      .flat()
      .includes("*")
  );
}

const allowed = ({ type, inputs }: Subject): Statement[] => {
  const document = type === role ? inputs.assumeRolePolicy : inputs.policy;
  return statementsOf(document).filter(({ Effect = "Allow" }) => Effect === "Allow");
};

export const accessRules: Rule[] = [
  {
    name: "trust-exact",
    requirement: "A trust policy names each principal, and for tokens one subject and one audience",
    reason:
      "A pattern in a trust policy admits every identity with a matching name (EKS best practices, IAM)",
    remedy: "Name the principal; match :sub and :aud by StringEquals",
    check: (one) =>
      one.type === role
        ? allowed(one).flatMap((statement) => [
            admitsEverybody(statement) && "trusts every principal",
            ...([statement.Action].flat().includes("sts:AssumeRoleWithWebIdentity")
              ? findLooseConditions(statement)
              : []),
          ])
        : [],
    good: [
      roleOf({ Action: "sts:AssumeRole", Principal: { Service: "ec2.amazonaws.com" } }),
      roleOf(
        webIdentity({
          StringEquals: {
            "issuer:sub": "system:serviceaccount:web:web",
            "issuer:aud": "sts.amazonaws.com",
          },
        }),
      ),
    ],
    bad: [
      roleOf({ Action: "sts:AssumeRole", Principal: "*" }),
      roleOf({ Action: "sts:AssumeRole", Principal: { AWS: ["*"] } }),
      roleOf(webIdentity(undefined)),
      roleOf(webIdentity({ StringEquals: { "issuer:sub": "system:serviceaccount:web:web" } })),
      roleOf(
        webIdentity({
          StringEquals: { "issuer:aud": "sts.amazonaws.com" },
          StringLike: { "issuer:sub": "system:serviceaccount:*:web" },
        }),
      ),
    ],
  },
  {
    name: "actions-named",
    requirement: "A policy of the program names its actions",
    reason: "A pattern also grants the actions that AWS adds later (FSBP IAM.21, IAM.1)",
    remedy: "Name each action that the role needs",
    check: (one) =>
      policyTypes.includes(one.type)
        ? allowed(one).flatMap(({ Action }) =>
            [Action ?? []]
              .flat()
              .map((action) => action.includes("*") && `allows the pattern ${action}`),
          )
        : [],
    good: [policyOf({ Action: ["s3:GetObject"] }), policyOf({ Effect: "Deny", Action: "*" })],
    bad: [policyOf({ Action: "*" }), policyOf({ Action: ["s3:GetObject", "ecr:*"] })],
  },
];
