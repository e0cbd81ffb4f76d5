import { readFileSync } from "node:fs";
import { runSimulation, runUnsafeSimulation } from "@cloud-copilot/iam-simulate";
import type { PolicyDocument } from "../../infra/cluster/policy-document.ts";
import type { Policy, Role } from "../../tools/graph/roles.ts";

/** A call to AWS, with the context keys of the request. */
export interface Request {
  action: string;
  resource: string;
  context: Record<string, string | string[]>;
}

/** A caller of AssumeRole: an AWS service, an identity, or a token of an issuer. */
export interface Caller {
  principal: string;
  token?: { issuer: string; claims: Record<string, string> };
  /** Of the session that an AWS service asks for. */
  tags?: Record<string, string>;
}

/** The policies of a role, and its permissions boundary. */
export type RolePolicies = Pick<Role, "name" | "policies"> & { boundary?: PolicyDocument };

const accountId = "111122223333";

/** Actions that AWS's tables have for classic load balancers only. */
const classicOnly = ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"];

const managed: Record<string, { document: PolicyDocument }> = JSON.parse(
  readFileSync(new URL("managed-policies.json", import.meta.url), "utf8"),
).policies;

/**
 * The document of a policy, also of AWS's policies.
 *
 * @throws {Error} if managed-policies.json does not have it
 */
export function documentOf(policy: Policy): PolicyDocument {
  const document = "arn" in policy ? managed[policy.arn]?.document : policy.document;
  if (!document || document === "[secret]") {
    throw new Error(`no document of ${JSON.stringify(policy)}: see managed-policies.json`);
  }
  return document;
}

/**
 * Whether a role's policies, and the resource policy if there is one, allow a request. The resource `*` is any
 * resource: allowed for one, or denied for all.
 *
 * @throws {Error} for an action, a resource type or a condition key that AWS does not have
 */
export function allows(
  { name, policies, boundary }: RolePolicies,
  { action, resource, context }: Request,
  resourcePolicy?: PolicyDocument,
): Promise<boolean> {
  return simulate({
    request: {
      principal: `arn:aws:iam::${accountId}:role/${name}`,
      action,
      resource: { resource, accountId },
      contextVariables: context,
    },
    identityPolicies: policies.map((policy, at) => ({
      name: `policy-${at}`,
      policy: documentOf(policy),
    })),
    ...(boundary && { permissionBoundaryPolicies: [{ name: "boundary", policy: boundary }] }),
    ...(resourcePolicy && { resourcePolicy }),
  });
}

/** Whether a caller may assume a role. */
export function admits(
  { name, trust }: Pick<Role, "name" | "trust">,
  { principal, token, tags = {} }: Caller,
): Promise<boolean> {
  const { issuer = "", claims = {} } = token ?? {};
  const call: Given = {
    request: {
      principal,
      action: token ? "sts:AssumeRoleWithWebIdentity" : "sts:AssumeRole",
      resource: { resource: `arn:aws:iam::${accountId}:role/${name}`, accountId },
      contextVariables: Object.fromEntries([
        ...Object.entries(claims).map(([claim, value]) => [`${issuer}:${claim}`, value]),
        ...Object.entries(tags).map(([tag, value]) => [`aws:RequestTag/${tag}`, value]),
      ]),
    },
    identityPolicies: [],
    resourcePolicy: trust,
  };
  return simulate(token ? withKnownClaims(call, issuer) : call);
}

/**
 * Replaces the claims `sub` and `aud` of the issuer by those of Google, in token and policy. AWS accepts these
 * two of every issuer. The simulator drops keys that AWS's tables do not have: they have other claims of
 * GitHub, and none of EKS. The simulator refuses any other claim.
 */
function withKnownClaims(call: Given, issuer: string): Given {
  const text = ["sub", "aud"].reduce(
    (renamed, claim) =>
      renamed.replaceAll(`"${issuer}:${claim}"`, `"accounts.google.com:${claim}"`),
    JSON.stringify(call),
  );
  return JSON.parse(text);
}

type Given = Omit<
  Parameters<typeof runSimulation>[0],
  "serviceControlPolicies" | "resourceControlPolicies"
>;

async function simulate(given: Given): Promise<boolean> {
  const simulation = { ...given, serviceControlPolicies: [], resourceControlPolicies: [] };
  if (classicOnly.includes(simulation.request.action)) {
    return runUnsafeSimulation(simulation, {}) === "Allowed";
  }
  const outcome = await runSimulation(simulation, {});
  const asked = JSON.stringify(simulation.request);
  if (outcome.resultType === "error") {
    throw new Error(`${asked}: ${JSON.stringify(outcome.errors)}`);
  }
  const results = outcome.resultType === "single" ? [outcome.result] : outcome.results;
  const ignored = results.flatMap(({ ignoredContextKeys = [] }) => ignoredContextKeys);
  if (ignored.length > 0) throw new Error(`${asked}: AWS has no ${ignored.join(", ")} here`);
  return outcome.overallResult === "Allowed";
}
