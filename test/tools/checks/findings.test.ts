import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as aws from "@pulumi/aws";
import { after, before, describe, it } from "mocha";
import { stringify } from "yaml";
import { checkov, type Finding, kubeScore, verdict } from "../../../tools/checks/findings.ts";
import { inCloud, inManifests } from "../../../tools/checks/refused.ts";
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

describe("findings of other tools", () => {
  const finding = { tool: "checkov", rule: "CKV_1", on: "aws_kms_key.key", says: "" };
  const refusal = { tool: "checkov", rule: "CKV_1", on: /^aws_kms_key\./, because: "" } as const;

  it("are open unless they are refused for what they are on", () => {
    const other = { ...finding, on: "aws_sns_topic.topic" };
    const { open, idle } = verdict([finding, other], ["checkov"], [refusal]);
    assert.deepEqual(open, [other]);
    assert.deepEqual(idle, []);
  });

  it("make a refusal idle when they are gone, but not when the tool did not run", () => {
    assert.deepEqual(verdict([], ["checkov"], [refusal]).idle, [refusal]);
    assert.deepEqual(verdict([], [], [refusal]).idle, []);
  });

  it("are refused with a reason", () => {
    for (const { because } of [...inCloud, ...inManifests]) assert.ok(because.length > 30, because);
  });

  it("include a fault that was planted in AWS resources (checkov)", async function () {
    const resources = await deploy(() => {
      new aws.ecr.Repository("images", { imageTagMutability: "MUTABLE" });
    });
    const plan = fileWith("plan.json", JSON.stringify(terraformPlan(resources)));
    const found = rules(checkov("terraform_plan", [plan]));
    if (!found) return this.skip();
    for (const rule of ["CKV_AWS_51", "CKV_AWS_136", "CKV_AWS_163"])
      assert.ok(found.includes(rule));
  });

  it("include a fault that was planted in Kubernetes objects (checkov)", function () {
    const found = rules(checkov("kubernetes", [fileWith("bad.yaml", stringify(privileged))]));
    if (!found) return this.skip();
    assert.ok(found.includes("CKV_K8S_16"));
  });

  it("include a fault that was planted in Kubernetes objects (kube-score)", function () {
    const found = rules(kubeScore([fileWith("bad.yaml", stringify(privileged))], "1.36"));
    if (!found) return this.skip();
    assert.ok(found.includes("container-security-context-privileged"));
  });
});
