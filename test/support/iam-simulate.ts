import { readFileSync } from "node:fs";
import { runSimulation, runUnsafeSimulation } from "@cloud-copilot/iam-simulate";
import type { PolicyDocument } from "../../infra/cluster/policy-document.ts";
import type { Policy, Role } from "../../tools/graph/roles.ts";

/** A call to AWS, with the context that AWS would judge it in. */
export interface Request {
  action: string;
  resource: string;
  context: Record<string, string | string[]>;
}

/** Somebody who asks for a role: by a token of an issuer, or as an AWS service or identity. */
export interface Visitor {
  principal: string;
  token?: { issuer: string; claims: Record<string, string> };
}

/** What somebody may do: their policies, and the boundary that these end at. */
export type Powers = Pick<Role, "name" | "policies"> & { boundary?: PolicyDocument };

const accountId = "111122223333";

/** What AWS's tables, and so the simulator's, tell of classic load balancers only. */
const halfKnown = ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"];

const managed: Record<string, { document: PolicyDocument }> = JSON.parse(
  readFileSync(new URL("managed-policies.json", import.meta.url), "utf8"),
).policies;

/** The document of a policy, AWS's own included; one that is not known here is an error. */
export function documentOf(policy: Policy): PolicyDocument {
  const document = "arn" in policy ? managed[policy.arn]?.document : policy.document;
  if (!document || document === "[secret]") {
    throw new Error(`no document of ${JSON.stringify(policy)}: see managed-policies.json`);
  }
  return document;
}

/**
 * Whether a role's policies, and if given that of what is asked for, allow a request. An action,
 * kind of resource or condition key that AWS does not have for it is an error, so that no request
 * is denied for being misspelled. The resource `*` is any: allowed somewhere, denied everywhere.
 */
export function allows(
  { name, policies, boundary }: Powers,
  { action, resource, context }: Request,
  resourcePolicy?: PolicyDocument,
): Promise<boolean> {
  return decided({
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

/** Whether a role's trust policy lets a visitor assume it. */
export function admits(
  { name, trust }: Pick<Role, "name" | "trust">,
  { principal, token }: Visitor,
): Promise<boolean> {
  const { issuer = "", claims = {} } = token ?? {};
  const visit: Given = {
    request: {
      principal,
      action: token ? "sts:AssumeRoleWithWebIdentity" : "sts:AssumeRole",
      resource: { resource: `arn:aws:iam::${accountId}:role/${name}`, accountId },
      contextVariables: Object.fromEntries(
        Object.entries(claims).map(([claim, value]) => [`${issuer}:${claim}`, value]),
      ),
    },
    identityPolicies: [],
    resourcePolicy: trust,
  };
  return decided(token ? withKnownClaims(visit, issuer) : visit);
}

/**
 * A visit with Google's subject and audience instead of an issuer's, in token and policy alike. AWS
 * takes these two from every issuer, but the simulator drops the keys that AWS's tables do not have:
 * of GitHub they have the other claims alone, of EKS none. Any other claim is an error there.
 */
function withKnownClaims(visit: Given, issuer: string): Given {
  const text = ["sub", "aud"].reduce(
    (renamed, claim) =>
      renamed.replaceAll(`"${issuer}:${claim}"`, `"accounts.google.com:${claim}"`),
    JSON.stringify(visit),
  );
  return JSON.parse(text);
}

type Given = Omit<
  Parameters<typeof runSimulation>[0],
  "serviceControlPolicies" | "resourceControlPolicies"
>;

async function decided(given: Given): Promise<boolean> {
  const simulation = { ...given, serviceControlPolicies: [], resourceControlPolicies: [] };
  if (halfKnown.includes(simulation.request.action)) {
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
