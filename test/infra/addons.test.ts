import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { describe, it } from "mocha";
import { ContainerInsights } from "../../infra/container-insights.ts";
import { LoadBalancerController } from "../../infra/load-balancer-controller.ts";
import { deploy, only } from "../../plan/evaluate.ts";

const cluster = {
  name: pulumi.output("platform-test"),
  oidc: { arn: pulumi.output("arn"), issuer: pulumi.output("oidc.example/id/1") },
};

describe("load balancer controller's release", () => {
  const release = async () =>
    only(
      await deploy(
        () =>
          new LoadBalancerController("load-balancer-controller", {
            cluster,
            network: { vpcId: pulumi.output("vpc-1"), vpcArn: pulumi.output("arn:vpc-1") },
            region: "eu-central-1",
            tags: { team: "shop" },
          }),
      ),
      "kubernetes:helm.sh/v3:Release",
    );

  it("needs no instance metadata, which pods cannot reach", async () => {
    const { values } = (await release()).inputs;
    assert.equal(values.region, "eu-central-1");
    assert.equal(values.vpcId, "vpc-1");
    assert.equal(values.clusterName, "platform-test");
  });

  it("keeps its certificate over upgrades, and does not stand in the way of Services", async () => {
    const { values } = (await release()).inputs;
    assert.equal(values.keepTLSSecret, true);
    assert.equal(values.enableServiceMutatorWebhook, false);
  });

  it("survives the loss of a node", async () => {
    const { values } = (await release()).inputs;
    assert.equal(values.replicaCount, 2);
    assert.deepEqual(values.podDisruptionBudget, { maxUnavailable: 1 });
    assert.ok(values.resources.requests.memory);
  });

  it("waits for its role with its policy", async () => {
    const { dependsOn, inputs } = await release();
    assert.ok(dependsOn.some((urn) => urn.includes("ServiceAccountRole")));
    assert.ok(inputs.values.serviceAccount.annotations["eks.amazonaws.com/role-arn"]);
  });
});

describe("container insights", () => {
  const insights = (changes: { applicationSignals?: boolean; keepOnDestroy?: boolean } = {}) =>
    deploy(
      () =>
        new ContainerInsights("container-insights", {
          cluster,
          clusterName: "platform-test",
          applicationSignals: changes.applicationSignals ?? false,
          addonVersions: {},
          kubernetesVersion: "1.36",
          logs: { retentionDays: 14, keepOnDestroy: changes.keepOnDestroy ?? false },
        }),
    );
  const settings = async (applicationSignals: boolean) =>
    JSON.parse(
      only(await insights({ applicationSignals }), "aws:eks/addon:Addon").inputs
        .configurationValues,
    );

  it("collects metrics and logs", async () => {
    assert.equal((await settings(false)).containerInsights.enabled, true);
    assert.equal((await settings(false)).containerLogs.enabled, true);
  });

  it("puts no agent into pods, and takes application signals only when asked", async () => {
    for (const asked of [false, true]) {
      const values = await settings(asked);
      assert.equal(values.applicationSignals.enabled, asked);
      assert.equal(values.manager.applicationSignals.autoMonitor.monitorAllServices, false);
    }
  });

  it("has its log groups before the agents write, and until they have gone", async () => {
    const resources = await insights();
    const groups = resources.filter(({ type }) => type === "aws:cloudwatch/logGroup:LogGroup");
    assert.deepEqual(
      groups.map(({ inputs }) => inputs.name).sort(),
      ["application", "dataplane", "host", "performance"].map(
        (group) => `/aws/containerinsights/platform-test/${group}`,
      ),
    );
    const { dependsOn } = only(resources, "aws:eks/addon:Addon");
    for (const { urn, inputs } of groups) {
      assert.equal(inputs.retentionInDays, 14);
      assert.ok(dependsOn.includes(urn), urn);
    }
  });

  it("leaves the log groups behind when the stack says so", async () => {
    for (const keepOnDestroy of [true, false]) {
      const groups = (await insights({ keepOnDestroy })).filter(
        ({ type }) => type === "aws:cloudwatch/logGroup:LogGroup",
      );
      for (const { inputs } of groups) assert.equal(inputs.skipDestroy, keepOnDestroy);
    }
  });
});
