import assert from "node:assert/strict";
import * as kubernetes from "@pulumi/kubernetes";
import { before, describe, it } from "mocha";
import { deploy } from "../../../tools/graph/evaluate.ts";
import type { Evaluation, Resource } from "../../../tools/graph/resource.ts";
import { differenceOf } from "../../../tools/plan/diff/difference.ts";
import type { Difference } from "../../../tools/plan/diff/difference-model.ts";
import { evaluateWorkloads } from "../../support/other-settings.ts";

const version = (label: string, evaluation: Evaluation) => ({ label, evaluation, notes: [] });
const reasons = ({ risks }: Difference) =>
  risks.map(({ level, reason }) => `${level} ${reason}`).join("\n");

describe("the risk of a change of services and jobs", () => {
  const evaluation = (resources: Resource[]) => ({
    ...{ stack: "test", functions: [], outputs: {}, secretKeys: [] },
    resources,
  });
  const between = async (from: () => unknown, to: () => unknown) =>
    differenceOf(
      version("old", evaluation(await deploy(from))),
      version("new", evaluation(await deploy(to))),
    );
  const named = (name: string, namespace = name) => ({ metadata: { name, namespace } });
  const template = (app: string, image = "one") => ({
    metadata: { labels: { app } },
    spec: { containers: [{ name: "main", image }] },
  });
  const job = (image: string, more: object = {}) =>
    new kubernetes.batch.v1.Job("migrate", {
      metadata: { namespace: "web" },
      spec: { template: template("migrate", image), ...more },
    });
  const cronJob = (more: object = {}, image = "one") =>
    new kubernetes.batch.v1.CronJob("report", {
      ...named("report"),
      spec: {
        schedule: "0 3 * * *",
        concurrencyPolicy: "Forbid",
        jobTemplate: { spec: { template: template("report", image) } },
        ...more,
      },
    });
  const deployment = (app: string) =>
    new kubernetes.apps.v1.Deployment("web", {
      metadata: { namespace: "web" },
      spec: { selector: { matchLabels: { app } }, template: template(app) },
    });
  const secrets = (objects: string, label = "a") =>
    new kubernetes.apiextensions.CustomResource("web-secrets", {
      apiVersion: "secrets-store.csi.x-k8s.io/v1",
      kind: "SecretProviderClass",
      metadata: { name: "web-secrets", namespace: "web", labels: { label } },
      spec: { provider: "aws", parameters: { objects } },
    });
  const service = (port: number, targetPort: string | number = "http", pulumiName = "cart") =>
    new kubernetes.core.v1.Service(pulumiName, {
      ...named("cart"),
      spec: { selector: { app: "cart" }, ports: [{ port, targetPort }] },
    });
  const caller = (namespace: string, callee = "cart") =>
    new kubernetes.core.v1.Service(`${namespace}-calls-${callee}`, {
      ...named(callee, namespace),
      spec: { type: "ExternalName", externalName: `${callee}.${callee}.svc.cluster.local` },
    });
  const called = (make: () => unknown) => () => [make(), caller("shop"), caller("report")];
  const nothing = () => {};

  const cases: [what: string, from: () => unknown, to: () => unknown, expected: RegExp][] = [
    [
      "a job whose runs may overlap from now on",
      () => cronJob(),
      () => cronJob({ concurrencyPolicy: "Allow" }),
      /^amber CronJob report may run more than once at a time$/m,
    ],
    [
      "a job whose runs are ended by the next one",
      () => cronJob(),
      () => cronJob({ concurrencyPolicy: "Replace" }),
      /^amber CronJob report: a run that is due ends the one before$/m,
    ],
    [
      "a job of a release that runs again",
      () => job("one"),
      () => job("two"),
      /^amber Job migrate runs again: it must bear what it has done already$/m,
    ],
    [
      "another selector of a Job",
      () => job("one", { selector: { matchLabels: { app: "a" } } }),
      () => job("one", { selector: { matchLabels: { app: "b" } } }),
      /^red Job migrate is replaced with all its pods: a selector cannot change$/m,
    ],
    [
      "another selector of a Deployment",
      () => deployment("a"),
      () => deployment("b"),
      /^red Deployment web is replaced with all its pods: a selector cannot change$/m,
    ],
    [
      "a Service that goes while it is called",
      called(() => service(80)),
      called(nothing),
      /^red Service cart goes, which report, shop still call$/m,
    ],
    [
      "a Service that answers at another port than it is called at",
      called(() => service(80)),
      called(() => service(9000)),
      /^red Service cart answers at port 9000, no longer at 80, where report, shop call it$/m,
    ],
    [
      "a Service that takes the name of one that gets another name",
      () => service(80),
      () => [
        service(80, "http", "cart-called"),
        new kubernetes.core.v1.Service("cart", {
          metadata: { namespace: "cart" },
          spec: { ports: [{ port: 80 }] },
        }),
      ],
      /^red Service cart-called bears the name of Service cart, which is still there/m,
    ],
  ];
  for (const [what, from, to, expected] of cases) {
    it(`is named for ${what}`, async () => {
      assert.match(reasons(await between(from, to)), expected);
    });
  }

  const harmless: [what: string, from: () => unknown, to: () => unknown][] = [
    ["another schedule", () => cronJob(), () => cronJob({ schedule: "0 4 * * *" })],
    ["a job that is suspended", () => cronJob(), () => cronJob({ suspend: true })],
    [
      "a job whose runs no longer overlap",
      () => cronJob({ concurrencyPolicy: "Allow" }),
      () => cronJob(),
    ],
    ["another image of a job by schedule", () => cronJob({}, "one"), () => cronJob({}, "two")],
    ["a job of a release that comes", nothing, () => job("one")],
    [
      "more retries of a job of a release",
      () => job("one", { backoffLimit: 0 }),
      () => job("one", { backoffLimit: 1 }),
    ],
    ["other labels of secrets", () => secrets("[]", "a"), () => secrets("[]", "b")],
    ["a port that nobody calls", () => service(80), () => service(81)],
    [
      "another port of the process behind a Service",
      called(() => service(80, 8080)),
      called(() => service(80, 9090)),
    ],
    [
      "one caller more",
      called(() => service(80)),
      () => [called(() => service(80))(), caller("x")],
    ],
  ];
  for (const [what, from, to] of harmless) {
    it(`is green for ${what}`, async () => {
      assert.equal(reasons(await between(from, to)), "");
    });
  }

  it("is not red for a removed Service if another one has its name", async () => {
    const difference = await between(
      called(() => service(80)),
      called(() => service(80, "http", "cart-called")),
    );
    assert.doesNotMatch(reasons(difference), /still call/);
  });

  it("is not red for a Service that is removed with its aliases", async () => {
    const { risks } = await between(
      called(() => service(80)),
      nothing,
    );
    assert.deepEqual(
      risks.map(({ level }) => level),
      ["amber"],
    );
  });
});

describe("the difference of a stack with services and jobs of every kind", function () {
  this.timeout(60_000);
  let from: Evaluation;
  before(async () => {
    from = await evaluateWorkloads();
  });
  const changed = async (path: string, value: unknown) => {
    const to = await evaluateWorkloads((settings) =>
      settings.setIn(["config", ...path.split("/")], value),
    );
    return differenceOf(version("old", from), version("new", to));
  };

  it("is empty for equal plans", async () => {
    const difference = await changed("platform:logs/retentionDays", 7);
    assert.equal(difference.deploy, null);
  });

  it("runs the release job again for a new image, before the new pods", async () => {
    const { risk, replaced, deploy, ...rest } = await changed(
      "platform:services/shop/image/buildArgs/RUNTIME_IMAGE",
      "runtime:24",
    );
    assert.deepEqual(
      replaced.map(({ type, name }) => `${type} ${name}`),
      ["kubernetes:batch/v1:Job shop-release"],
    );
    assert.equal(risk, "amber");
    assert.match(
      reasons({ risk, replaced, deploy, ...rest }),
      /^amber Job shop-release runs again/m,
    );
    const path = deploy?.path.map(({ urn }) => urn.split("::").at(-1)) ?? [];
    assert.ok(path.indexOf("shop-release") < path.lastIndexOf("shop"));
    assert.ok(path.includes("shop-release"), path.join());
  });

  it("restarts pods whose mounted secrets change", async () => {
    const difference = await changed("platform:services/shop/secrets/DB_PASSWORD/key", "other");
    assert.doesNotMatch(reasons(difference), /SecretProviderClass/);
    assert.ok(difference.changed.some(({ type }) => type.endsWith(":Deployment")));
  });

  it("is red for a new port of a service that has callers", async () => {
    const difference = await changed("platform:services/cache/port", 6380);
    assert.match(
      reasons(difference),
      /^red Service cache-called answers at port 6380, no longer at 6379, where cart, shop call it$/m,
    );
  });
});
