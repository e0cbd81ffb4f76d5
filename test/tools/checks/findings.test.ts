import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as aws from "@pulumi/aws";
import { after, before, describe, it } from "mocha";
import { stringify } from "yaml";
import {
  applySuppressions,
  checkov,
  type Finding,
  kubeScore,
} from "../../../tools/checks/findings.ts";
import { cloudSuppressions, manifestSuppressions } from "../../../tools/checks/suppressions.ts";
import { terraformPlan } from "../../../tools/checks/terraform.ts";
import { deploy } from "../../../tools/graph/evaluate.ts";

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "findings-"));
});
after(() => rmSync(folder, { recursive: true }));

const fileWith = (name: string, content: string) => {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
};
const privileged = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "bad", namespace: "web" },
  spec: {
    selector: { matchLabels: { app: "bad" } },
    template: {
      metadata: { labels: { app: "bad" } },
      spec: { containers: [{ name: "bad", image: "bad", securityContext: { privileged: true } }] },
    },
  },
};
const rules = (findings: Finding[] | undefined) => findings?.map(({ rule }) => rule);

describe("findings of checkov and kube-score", () => {
  const finding = { tool: "checkov", rule: "CKV_1", on: "aws_kms_key.key", says: "" };
  const suppression = { tool: "checkov", rule: "CKV_1", on: /^aws_kms_key\./, reason: "" } as const;

  it("are open without a suppression of the rule for the resource", () => {
    const other = { ...finding, on: "aws_sns_topic.topic" };
    const { open, unused } = applySuppressions([finding, other], ["checkov"], [suppression]);
    assert.deepEqual(open, [other]);
    assert.deepEqual(unused, []);
  });

  it("leave a suppression unused where the tool ran and found nothing", () => {
    assert.deepEqual(applySuppressions([], ["checkov"], [suppression]).unused, [suppression]);
    assert.deepEqual(applySuppressions([], [], [suppression]).unused, []);
  });

  it("are suppressed with a reason", () => {
    for (const { reason } of [...cloudSuppressions, ...manifestSuppressions])
      assert.ok(reason.length > 30, reason);
  });

  it("of checkov include three faults of a repository", async function () {
    const resources = await deploy(() => {
      new aws.ecr.Repository("images", { imageTagMutability: "MUTABLE" });
    });
    const plan = fileWith("plan.json", JSON.stringify(terraformPlan(resources)));
    const found = rules(checkov("terraform_plan", [plan]));
    if (!found) return this.skip();
    for (const rule of ["CKV_AWS_51", "CKV_AWS_136", "CKV_AWS_163"])
      assert.ok(found.includes(rule));
  });

  it("of checkov include a privileged container", function () {
    const found = rules(checkov("kubernetes", [fileWith("bad.yaml", stringify(privileged))]));
    if (!found) return this.skip();
    assert.ok(found.includes("CKV_K8S_16"));
  });

  it("of kube-score include a privileged container", function () {
    const found = rules(kubeScore([fileWith("bad.yaml", stringify(privileged))], "1.36"));
    if (!found) return this.skip();
    assert.ok(found.includes("container-security-context-privileged"));
  });
});
