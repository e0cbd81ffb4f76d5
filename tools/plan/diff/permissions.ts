import type { Statement } from "../../../infra/cluster/policy-document.ts";
import type { Resource } from "../../graph/resource.ts";
import { type Policy, type Role, rolesOf } from "../../graph/roles.ts";

/** The added and removed permissions of a role or an access entry. */
export interface PermissionChange {
  who: string;
  isNew: boolean;
  gained: string[];
  lost: string[];
  /** The new principals that may assume the role. */
  trusts: string[];
}

/** The permissions of each role and access entry: action, resource and condition. */
export function permissionChanges(from: Resource[], to: Resource[]): PermissionChange[] {
  const [before, after] = [holdersOf(from), holdersOf(to)];
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((who) => {
      const [old, now] = [before.get(who), after.get(who)];
      return {
        who,
        isNew: !old,
        gained: missingIn(old?.may, now?.may),
        lost: missingIn(now?.may, old?.may),
        trusts: missingIn(old?.trusts, now?.trusts),
      };
    })
    .filter(({ gained, lost, trusts }) => gained.length + lost.length + trusts.length > 0);
}

interface Holder {
  may: string[];
  trusts: string[];
}

const missingIn = (have: string[] = [], want: string[] = []) =>
  [...new Set(want)].filter((one) => !have.includes(one)).sort();

function holdersOf(resources: Resource[]): Map<string, Holder> {
  const roles = rolesOf(resources).map((role): [string, Holder] => [
    // Without the digits that Pulumi appends.
    `role ${role.name.replace(/-[0-9a-f]{7}$/, "")}`,
    { may: role.policies.flatMap(grantsOf), trusts: trustsOf(role) },
  ]);
  return new Map([...roles, ...entriesOf(resources)]);
}

function grantsOf(policy: Policy): string[] {
  if ("arn" in policy) return [`what ${policy.arn.split("/").at(-1)} allows`];
  if (policy.document === "[secret]") return [];
  return policy.document.Statement.flatMap((statement) =>
    [statement.Action ?? []]
      .flat()
      .flatMap((action) =>
        [statement.Resource ?? "*"].flat().map((on) => grant(statement, action, on)),
      ),
  );
}

function grant({ Effect, Condition }: Statement, action: string, resource: string): string {
  const on = resource.split(":").slice(5).join(":") || resource;
  const tests = Object.entries(Condition ?? {}).flatMap(([test, of]) =>
    Object.entries(of).map(([key, value]) => `${key} ${test} ${[value].flat().join(" or ")}`),
  );
  const condition = tests.length > 0 ? ` if ${tests.sort().join(" and ")}` : "";
  return `${Effect === "Deny" ? "NOT " : ""}${action} on ${on}${condition}`;
}

function trustsOf({ trust, serviceAccount }: Role): string[] {
  if (serviceAccount) return [`service account ${serviceAccount}`];
  if (trust === "[secret]") return [];
  return trust.Statement.flatMap((statement) =>
    Object.values(statement.Principal ?? {})
      .flat()
      .map((principal) => grant(statement, "assumed by", principal).replace(" on ", " ")),
  );
}

/** The permissions of access entries. */
function entriesOf(resources: Resource[]): [string, Holder][] {
  const policies = resources
    .filter(({ type }) => type === "aws:eks/accessPolicyAssociation:AccessPolicyAssociation")
    .map(({ inputs }) => inputs);
  const holders = new Map<string, Holder>();
  for (const { principalArn, policyArn, accessScope } of policies) {
    const who = `cluster entry ${String(principalArn).split(":").at(-1)}`;
    const where = accessScope?.namespaces?.join(", ") ?? "the whole cluster";
    const holder = holders.get(who) ?? { may: [], trusts: [] };
    holder.may.push(`${String(policyArn).split("/").at(-1)} on ${where}`);
    holders.set(who, holder);
  }
  return [...holders];
}
