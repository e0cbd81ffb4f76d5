import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { describe, it } from "mocha";
import {
  type AgentAccess,
  ContainerInsights,
  type ContainerInsightsArgs,
  ownNamespace,
} from "../../../infra/addons/container-insights.ts";
import { LoadBalancerController } from "../../../infra/addons/load-balancer-controller.ts";
import { readConfig } from "../../../service/src/config.ts";
import { deploy, only } from "../../../tools/graph/evaluate.ts";
import type { Resource } from "../../../tools/graph/resource.ts";

const cluster = {
  name: pulumi.output("platform-test"),
  identity: { oidc: { arn: pulumi.output("arn"), issuer: pulumi.output("oidc.example/id/1") } },
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
            prerequisites: [],
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
  const args: ContainerInsightsArgs = {
    prerequisites: [],
    cluster,
    clusterName: "platform-test",
    region: "eu-central-1",
    namespaces: ["web", "orders"],
    variant: "enhanced",
    applicationSignals: false,
    traces: false,
    addonVersions: {},
    kubernetesVersion: "1.36",
    logs: { retentionDays: 14, keepOnDestroy: false },
  };
  const insights = (changes: Partial<ContainerInsightsArgs> = {}) =>
    deploy(() => new ContainerInsights("container-insights", { ...args, ...changes }));
  const valuesOf = async (changes: Partial<ContainerInsightsArgs> = {}) =>
    JSON.parse(only(await insights(changes), "aws:eks/addon:Addon").inputs.configurationValues);
  const agentOf = async (changes: Partial<ContainerInsightsArgs> = {}) =>
    (await valuesOf(changes)).agent.config;
  const accessOf = async (changes: Partial<ContainerInsightsArgs> = {}) => {
    let access: AgentAccess | undefined;
    let variables: Record<string, string> = {};
    await deploy(() => {
      const { agent } = new ContainerInsights("container-insights", { ...args, ...changes });
      access = agent;
      pulumi.output(agent.environment).apply((known) => {
        variables = known;
      });
    });
    return { ports: access?.ports, variables };
  };
  const groupsOf = (resources: Resource[]) =>
    resources.filter(({ type }) => type === "aws:cloudwatch/logGroup:LogGroup");

  it("collects metrics in one way, and logs once", async () => {
    for (const variant of ["enhanced", "opentelemetry"] as const) {
      const values = await valuesOf({ variant });
      assert.equal(values.containerInsights.enabled, variant === "enhanced");
      assert.deepEqual(
        values.otelContainerInsights,
        variant === "opentelemetry" ? { enabled: true, logs: { enabled: false } } : undefined,
      );
      assert.equal(values.containerLogs.enabled, true);
    }
  });

  it("says to each version of the add-on only what it knows", async () => {
    const of = (version: string, more: Partial<ContainerInsightsArgs> = {}) =>
      valuesOf({ addonVersions: { "amazon-cloudwatch-observability": version }, ...more });
    const older = await of("v5.4.0-eksbuild.1");
    assert.deepEqual(Object.keys(older).sort(), ["agent", "containerLogs", "manager"]);
    const newer = await of("v6.2.0-eksbuild.1", { applicationSignals: true });
    assert.deepEqual(newer.containerInsights, { enabled: true });
    assert.deepEqual(newer.applicationSignals, { enabled: true });
    // What the switches say, the agent is told in both.
    assert.deepEqual(older.agent, (await of("v6.2.0-eksbuild.1")).agent);
  });

  it("tells the agent what the add-on's switches mean, and to take the services' metrics", async () => {
    const { agent, logs, traces } = await agentOf();
    assert.equal(agent.region, "eu-central-1");
    assert.deepEqual(logs.metrics_collected.emf, {});
    assert.equal(logs.metrics_collected.kubernetes.enhanced_container_insights, true);
    assert.equal(traces, undefined);
    const other = (await agentOf({ variant: "opentelemetry" })).logs.metrics_collected;
    assert.deepEqual(other, { emf: {} });
  });

  it("takes traces from pods only when asked, on the port that it names to them", async () => {
    const off = await accessOf();
    assert.equal(off.variables.OTEL_EXPORTER_OTLP_ENDPOINT, undefined);
    assert.deepEqual(off.ports, [{ port: 25888, protocol: "UDP" }]);

    const { traces } = await agentOf({ traces: true });
    assert.equal(traces.traces_collected.otlp.http_endpoint, "0.0.0.0:4318");
    const on = await accessOf({ traces: true });
    const endpoint = new URL(on.variables.OTEL_EXPORTER_OTLP_ENDPOINT ?? "");
    assert.equal(endpoint.port, "4318");
    assert.deepEqual(on.ports?.at(-1), { port: 4318, protocol: "TCP" });
  });

  it("gives pods what the service understands", async () => {
    const { variables } = await accessOf({ traces: true });
    const config = readConfig(variables);
    assert.equal(config.emfAgent?.hostname, "cloudwatch-agent.amazon-cloudwatch");
    assert.equal(config.emfAgent?.port, "25888");
    assert.equal(config.emfLogGroup, "/aws/containerinsights/platform-test/services");
    assert.equal(config.otlpEndpoint?.port, "4318");
    assert.equal(config.metricsNamespace, ownNamespace("platform-test"));
  });

  it("puts an agent into pods only when asked, and into our services' only", async () => {
    const off = await valuesOf();
    assert.equal(off.applicationSignals.enabled, false);
    assert.deepEqual(off.manager.applicationSignals.autoMonitor, { monitorAllServices: false });

    const on = await valuesOf({ applicationSignals: true });
    assert.equal(on.applicationSignals.enabled, true);
    assert.deepEqual(on.manager.applicationSignals.autoMonitor, {
      monitorAllServices: false,
      customSelector: { nodejs: { namespaces: ["web", "orders"] } },
    });
    const { logs, traces } = on.agent.config;
    assert.ok(logs.metrics_collected.application_signals);
    assert.ok(traces.traces_collected.application_signals);
  });

  it("has its log groups before the agents write, and until they have gone", async () => {
    const resources = await insights();
    const groups = groupsOf(resources);
    assert.deepEqual(
      groups.map(({ inputs }) => inputs.name).sort(),
      ["application", "dataplane", "host", "performance", "services"].map(
        (group) => `/aws/containerinsights/platform-test/${group}`,
      ),
    );
    const { dependsOn } = only(resources, "aws:eks/addon:Addon");
    for (const { urn, inputs } of groups) {
      assert.equal(inputs.retentionInDays, 14);
      assert.ok(dependsOn.includes(urn), urn);
    }
  });

  it("has no log group that its variant does not write to", async () => {
    const names = groupsOf(await insights({ variant: "opentelemetry" })).map(({ name }) => name);
    assert.ok(!names.includes("container-insights-performance"));
  });

  it("leaves the log groups behind when the stack says so", async () => {
    for (const keepOnDestroy of [true, false]) {
      const logs = { ...args.logs, keepOnDestroy };
      for (const { inputs } of groupsOf(await insights({ logs }))) {
        assert.equal(inputs.skipDestroy, keepOnDestroy);
      }
    }
  });
});
