import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { before, describe, it } from "mocha";
import { Keda, type KedaArgs } from "../../../infra/addons/keda.ts";
import { Service } from "../../../infra/services/service.ts";
import { deploy, only } from "../../../tools/graph/evaluate.ts";
import { missingEdges } from "../../../tools/graph/required-order.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { serviceSettings, surroundings } from "../../support/service-args.ts";

const releaseType = "kubernetes:helm.sh/v3:Release";
const queue = "arn:aws:sqs:eu-central-1:111122223333:orders";
const args: KedaArgs = {
  cluster: {
    identity: { oidc: { arn: pulumi.output("arn"), issuer: pulumi.output("oidc.example/id/1") } },
  },
  clusterName: "platform-test",
  requests: true,
  queues: [queue],
  queueResources: [],
  resources: { linksOf: () => [] },
};
const keda = (changes: Partial<KedaArgs> = {}) =>
  deploy(() => new Keda("keda", { ...args, ...changes }));

describe("KEDA", () => {
  // biome-ignore lint/suspicious/noExplicitAny: the chart's values
  let values: any;
  let resources: Resource[];
  before(async () => {
    resources = await keda();
    ({ values } = only(resources, releaseType).inputs);
  });

  it("is nothing when no service needs it", async () => {
    const made = await keda({ requests: false, queues: [] });
    assert.deepEqual(
      made.filter(({ type }) => !/^pulumi:/.test(type)).map(({ type }) => type),
      ["platform:addons:Keda"],
    );
  });

  it("comes with the chart of a version, and goes back whole when it fails", () => {
    const { inputs } = only(resources, releaseType);
    assert.equal(inputs.chart, "keda");
    assert.equal(inputs.repositoryOpts.repo, "https://kedacore.github.io/charts");
    assert.match(inputs.version, /^\d+\.\d+\.\d+$/);
    assert.equal(inputs.atomic, true);
    assert.equal(inputs.timeout, 600);
  });

  it("survives the loss of a node, and stands in the way of no upgrade", () => {
    assert.equal(values.operator.replicaCount, 2);
    assert.equal(values.metricsServer.replicaCount, 2);
    const one = { maxUnavailable: 1 };
    assert.deepEqual(values.podDisruptionBudget, { operator: one, metricServer: one });
    // As the chart labels its pods: by the operator's name.
    const { operator, metricsServer } = values.topologySpreadConstraints;
    for (const [spread, app] of [
      [operator, values.operator.name],
      [metricsServer, `${values.operator.name}-metrics-apiserver`],
    ]) {
      assert.deepEqual(spread[0].labelSelector, { matchLabels: { app } });
      assert.equal(spread[0].topologyKey, "kubernetes.io/hostname");
      assert.equal(spread[0].whenUnsatisfiable, "ScheduleAnyway");
    }
  });

  it("asks for what the capacity check counts", () => {
    for (const pod of [values.resources.operator, values.resources.metricServer]) {
      assert.deepEqual(pod.requests, { cpu: "100m", memory: "128Mi" });
      assert.ok(pod.limits.cpu && pod.limits.memory);
    }
  });

  it("runs without rights on its node", () => {
    for (const part of ["operator", "metricServer"]) {
      assert.deepEqual(values.podSecurityContext[part], {
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
      });
      assert.deepEqual(values.securityContext[part], {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
        privileged: false,
        readOnlyRootFilesystem: true,
      });
    }
  });

  it("reads no Secrets of others, and scales Deployments alone", () => {
    const own = { restrict: { secret: true } };
    assert.deepEqual(values.permissions, { operator: own, metricServer: own });
    assert.equal(values.rbac.enabledCustomScaledRefKinds, false);
  });

  it("lets a ScaledObject come before the HorizontalPodAutoscaler that it replaces has gone", () => {
    assert.equal(values.webhooks.enabled, false);
  });

  it("waits for its role with its policy", () => {
    assert.deepEqual(missingEdges(resources), []);
    const { inputs } = only(resources, releaseType);
    const { enabled, roleArn } = values.podIdentity.aws.irsa;
    assert.equal(enabled, true);
    assert.match(roleArn, /role\/keda/);
    // The account that the chart gives its operator.
    const { assumeRolePolicy } = only(resources, "aws:iam/role:Role").inputs;
    const account = `system:serviceaccount:${inputs.namespace}:keda-operator`;
    assert.ok(assumeRolePolicy.includes(`"${account}"`), assumeRolePolicy);
  });

  it("may ask for what its triggers need, and for nothing else", async () => {
    const statements = async (changes: Partial<KedaArgs>) => {
      const { policy } = only(await keda(changes), "aws:iam/rolePolicy:RolePolicy").inputs;
      const { Statement } = typeof policy === "string" ? JSON.parse(policy) : policy;
      return Statement.map(({ Effect, Action, Resource }: Record<string, unknown>) => [
        Effect,
        Action,
        Resource,
      ]);
    };
    const requests = ["Allow", "cloudwatch:GetMetricData", "*"];
    const queues = ["Allow", "sqs:GetQueueAttributes", [queue]];
    assert.deepEqual(await statements({}), [requests, queues]);
    assert.deepEqual(await statements({ queues: [] }), [requests]);
    assert.deepEqual(await statements({ requests: false }), [queues]);
    const [arn, url] = [queue.replace("orders", "mails"), "https://sqs.example/mails"];
    const mails = { arn: pulumi.output(arn), url: pulumi.output(url) };
    const link = {
      access: "read" as const,
      variables: {},
      secrets: {},
      statements: [],
      egress: [],
      queue: mails,
    };
    const ofResources: Partial<KedaArgs> = {
      requests: false,
      queues: [],
      queueResources: ["mails"],
      resources: {
        linksOf: (uses) => Object.keys(uses).map((resource) => ({ ...link, resource })),
      },
    };
    assert.deepEqual(await statements(ofResources), [["Allow", "sqs:GetQueueAttributes", [arn]]]);
  });

  it("outlives the ScaledObjects, with its role", async () => {
    const program = (waits: boolean) =>
      deploy(() => {
        const keda = new Keda("keda", args);
        new Service("web", {
          name: "web",
          ...serviceSettings,
          ...surroundings,
          worker: true,
          scale: { queue: { name: "orders", messagesPerPod: 5 } },
          callers: [],
          ...(waits && { keda }),
          edge: { certificateArns: undefined },
          image: `111122223333.dkr.ecr.eu-central-1.amazonaws.com/web@sha256:${"a".repeat(64)}`,
        });
      });
    const sound = await program(true);
    assert.deepEqual(missingEdges(sound), []);
    // By edges of their own: in an update that removes both, the service stays, and its edges are the new ones.
    for (const kind of ["ScaledObject", "TriggerAuthentication"]) {
      const { dependsOn } = only(sound, `kubernetes:keda.sh/v1alpha1:${kind}`);
      for (const type of [releaseType, "aws:iam/rolePolicy:RolePolicy"]) {
        assert.ok(dependsOn.includes(only(sound, type).urn), `${kind} after ${type}`);
      }
    }
    assert.match(
      missingEdges(await program(false)).join("\n"),
      /TriggerAuthentication web, ScaledObject web must be deleted before Release keda, Role keda, RolePolicy keda .*finalizers.*add dependsOn Keda keda to Service web/,
    );
  });
});
