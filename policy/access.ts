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

const podService = "pods.eks.amazonaws.com";
const podTags: Record<string, string> = {
  "aws:RequestTag/eks-cluster-arn": "arn:aws:eks:eu-central-1:111122223333:cluster/platform",
  "aws:RequestTag/kubernetes-namespace": "web",
  "aws:RequestTag/kubernetes-service-account": "web",
};
const ofPods = (Condition: Statement["Condition"]): Statement => ({
  Effect: "Allow",
  Action: ["sts:AssumeRole", "sts:TagSession"],
  Principal: { Service: podService },
  Condition,
});

const servicesOf = ({ Principal }: Statement): string[] =>
  typeof Principal === "object" ? [Principal.Service ?? []].flat() : [];

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

/** Finds conditions that match pods of more than one service account. */
function findLoosePods({ Condition = {} }: Statement): string[] {
  const exact = Condition.StringEquals ?? {};
  return ["eks-cluster-arn", "kubernetes-namespace", "kubernetes-service-account"].flatMap(
    (tag) => {
      const wanted = [exact[`aws:RequestTag/${tag}`] ?? []].flat();
      return wanted.length === 1 ? [] : [`trusts pods with any ${tag}`];
    },
  );
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
    requirement:
      "A trust policy names each principal, for tokens one subject and one audience, and for pods one service account of one cluster",
    reason:
      "A pattern in a trust policy admits every identity with a matching name (EKS best practices, IAM)",
    remedy:
      "Name the principal; match by StringEquals :sub and :aud, or the tags eks-cluster-arn, kubernetes-namespace and kubernetes-service-account",
    check: (one) =>
      one.type === role
        ? allowed(one).flatMap((statement) => [
            admitsEverybody(statement) && "trusts every principal",
            ...([statement.Action].flat().includes("sts:AssumeRoleWithWebIdentity")
              ? findLooseConditions(statement)
              : []),
            ...(servicesOf(statement).includes(podService) ? findLoosePods(statement) : []),
          ])
        : [],
    good: [
      roleOf({ Action: "sts:AssumeRole", Principal: { Service: "ec2.amazonaws.com" } }),
      roleOf(ofPods({ StringEquals: podTags })),
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
      roleOf(ofPods({})),
      ...["eks-cluster-arn", "kubernetes-namespace", "kubernetes-service-account"].map((tag) => {
        const { [`aws:RequestTag/${tag}`]: _, ...others } = podTags;
        return roleOf(ofPods({ StringEquals: others }));
      }),
      roleOf(ofPods({ StringLike: podTags })),
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
