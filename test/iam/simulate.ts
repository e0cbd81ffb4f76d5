import { readFileSync } from "node:fs";
import { runSimulation, runUnsafeSimulation } from "@cloud-copilot/iam-simulate";
import type { Policy, PolicyDocument, Role } from "../../plan/roles.ts";

/** A call to AWS, with the context that AWS would judge it in. */
export interface Request {
  action: string;
  resource: string;
  context: Record<string, string | string[]>;
}

/** Somebody who asks for a role: by a token of an issuer, or as an AWS service or identity. */
export interface Visitor {
  principal: string;
  token?: { issuer: string; sub: string; aud: string };
}

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

/** What else than a role's own policies decides: a boundary, and the policy of what is asked for. */
export interface Around {
  boundary?: object;
  resourcePolicy?: object;
}

/**
 * Whether a role's policies allow a request. An action, kind of resource or condition key that AWS
 * does not have for it is an error, so that no request is denied for being misspelled.
 */
export function allows(
  role: Pick<Role, "name" | "policies">,
  request: Request,
  { boundary, resourcePolicy }: Around = {},
): Promise<boolean> {
  return decided({
    request: {
      principal: `arn:aws:iam::${accountId}:role/${role.name}`,
      action: request.action,
      resource: { resource: request.resource, accountId },
      contextVariables: request.context,
    },
    identityPolicies: role.policies.map((policy, at) => ({
      name: `policy-${at}`,
      policy: documentOf(policy),
    })),
    ...(boundary && { permissionBoundaryPolicies: [{ name: "boundary", policy: boundary }] }),
    ...(resourcePolicy && { resourcePolicy }),
  });
}

/** Whether a role's trust policy lets a visitor assume it. */
export function admits({ name, trust }: Role, { principal, token }: Visitor): Promise<boolean> {
  // The simulator knows the condition keys of few issuers, and drops those of all others.
  const known = "accounts.google.com";
  const renamed = (text: string) => (token ? text.replaceAll(token.issuer, known) : text);
  return decided({
    request: {
      principal: renamed(principal),
      action: token ? "sts:AssumeRoleWithWebIdentity" : "sts:AssumeRole",
      resource: { resource: `arn:aws:iam::${accountId}:role/${name}`, accountId },
      contextVariables: token ? { [`${known}:sub`]: token.sub, [`${known}:aud`]: token.aud } : {},
    },
    identityPolicies: [],
    resourcePolicy: JSON.parse(renamed(JSON.stringify(trust))),
  });
}

type Simulation = Parameters<typeof runSimulation>[0];

async function decided(
  given: Omit<Simulation, "serviceControlPolicies" | "resourceControlPolicies">,
): Promise<boolean> {
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
