import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { describe, it } from "mocha";
import { forcesReplacement } from "../../../tools/cloud/replacements.ts";
import { evaluate } from "../../../tools/graph/evaluate.ts";
import {
  criticalPath,
  lowerBound,
  type StateResource,
} from "../../../tools/rehearsal/critical-path.ts";
import { docker } from "../../../tools/rehearsal/providers/docker.ts";
import { kubernetes } from "../../../tools/rehearsal/providers/kubernetes.ts";
import { changedPaths } from "../../../tools/rehearsal/providers/property-changes.ts";
import { checkBodySizes } from "../../../tools/rehearsal/rehearsal-checks.ts";
import { childrenWork } from "../../../tools/rehearsal/world/activity.ts";
import { problemsOf, unknown, withName } from "../../../tools/rehearsal/world/arguments.ts";
import { Clock } from "../../../tools/rehearsal/world/clock.ts";
import { outputsOf } from "../../../tools/rehearsal/world/outputs.ts";
import type { Props, Span } from "../../../tools/rehearsal/world/world.ts";
import { emptyWorld, trusts, types } from "../../support/world-fixtures.ts";

describe("the work of the engine", () => {
  it("includes plugins that it has started from another thread", async function () {
    if (childrenWork() === undefined) this.skip();
    const busy = `console.log(); for (const end = Date.now() + 1500; Date.now() < end; );`;
    const plugin = `require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(busy)}], { stdio: "inherit" })`;
    const engine = `new (require("worker_threads").Worker)(${JSON.stringify(plugin)}, { eval: true })`;
    const child = spawn(process.execPath, ["-e", engine], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "exit");
    await once(child.stdout, "data");
    const seen = [];
    for (let at = 0; at < 50; at++) {
      seen.push(childrenWork());
      await wait(10);
    }
    assert.ok(seen.filter(Boolean).length > 40, `${seen}`);
    await ended;
  });
});

describe("the check of body sizes", () => {
  it("fails with AWS's default limit of bodies for a service with a larger one", () => {
    const { world, put } = emptyWorld();
    const rule = (ruleActionOverrides: Props[]) => ({
      name: "core",
      priority: 0,
      overrideAction: { none: {} },
      statement: {
        managedRuleGroupStatement: { name: "AWSManagedRulesCommonRuleSet", ruleActionOverrides },
      },
    });
    const acl = put(types.acl, { scope: "REGIONAL", rules: [rule([])], defaultAction: {} });
    const metadata = { name: "web", namespace: "web" };
    put(types.ingress, {
      metadata: {
        ...metadata,
        annotations: { "alb.ingress.kubernetes.io/wafv2-acl-arn": acl.outputs.arn },
      },
      spec: { rules: [{ http: { paths: [{ path: "/" }] } }] },
    });
    const containers = [{ env: [{ name: "MAX_BODY_BYTES", value: "16384" }] }];
    put(types.deployment, { metadata, spec: { template: { spec: { containers } } } });
    assert.deepEqual(checkBodySizes(world), [
      "Ingress given: its service takes bodies of 16384 bytes, which AWSManagedRulesCommonRuleSet/SizeRestrictions_BODY blocks",
    ]);
    acl.inputs.rules = [rule([{ name: "SizeRestrictions_BODY", actionToUse: { count: {} } }])];
    assert.deepEqual(checkBodySizes(world), []);
  });
});

describe("the clock", () => {
  const start = () => new Clock(0);

  it("takes no real time for a wait", async () => {
    const clock = start();
    const before = Date.now();
    await clock.work(() => clock.sleep(3600));
    assert.equal(clock.now, 3600);
    assert.ok(Date.now() - before < 1000);
  });

  it("does not advance during work", async () => {
    const clock = start();
    const working = clock.work(async () => {
      await new Promise((done) => setTimeout(done, 60));
      return clock.now;
    });
    const waiting = clock.work(() => clock.sleep(10));
    assert.equal(await working, 0);
    await waiting;
    assert.equal(clock.now, 10);
  });

  it("runs waits of different durations in parallel", async () => {
    const clock = start();
    const moments: number[] = [];
    await Promise.all(
      [30, 10, 20].map((seconds) =>
        clock.work(async () => {
          await clock.sleep(seconds);
          moments.push(clock.now);
        }),
      ),
    );
    assert.deepEqual(moments, [10, 20, 30]);
  });

  it("ends a wait as soon as its condition holds", async () => {
    const clock = start();
    let ready = false;
    clock.later(5, () => {
      ready = true;
    });
    assert.equal(await clock.work(() => clock.until(() => ready, 100)), true);
    assert.equal(clock.now, 5);
  });

  it("fails at the timeout", async () => {
    const clock = start();
    assert.equal(await clock.work(() => clock.until(() => false, 100)), false);
    assert.equal(clock.now, 100);
  });
});

describe("changes", () => {
  const cases: [olds: unknown, news: unknown, paths: string[]][] = [
    [{ a: 1 }, { a: 1 }, []],
    [{ a: 1 }, { a: 2 }, ["a"]],
    [{ a: { b: [{ c: 1 }] } }, { a: { b: [{ c: 2 }] } }, ["a.b[0].c"]],
    [{ a: [1] }, { a: [1, 2] }, ["a"]],
    [{ a: 1 }, {}, ["a"]],
    [{}, { a: { b: 1 } }, ["a"]],
    [{ a: { "x.y/z": 1 } }, { a: { "x.y/z": 2 } }, ['a["x.y/z"]']],
  ];
  for (const [olds, news, paths] of cases) {
    it(`from ${JSON.stringify(olds)} to ${JSON.stringify(news)}: ${paths.join() || "none"}`, () => {
      assert.deepEqual(changedPaths(olds, news), paths);
    });
  }

  const forcing: [type: string, path: string, replaces: boolean][] = [
    [types.vpc, "cidrBlock", true],
    [types.vpc, "tags.Name", false],
    [types.cluster, "version", false],
    [types.cluster, "name", true],
    [types.cluster, "encryptionConfig.provider.keyArn", true],
    [types.nodes, "scalingConfig.maxSize", false],
    [types.nodes, "instanceTypes[0]", true],
    [types.nodes, "launchTemplate.version", false],
    ["aws:ec2/securityGroupRule:SecurityGroupRule", "cidrBlocks[0]", true],
    [types.deployment, "spec.template.spec.containers[0].image", false],
    [types.deployment, "spec.selector.matchLabels.app", true],
    ["kubernetes:batch/v1:Job", "spec.template.spec.containers[0].image", true],
    ["kubernetes:batch/v1:Job", "spec.selector.matchLabels.app", true],
    ["kubernetes:batch/v1:Job", "spec.parallelism", true],
    ["kubernetes:batch/v1:Job", "spec.backoffLimit", false],
    ["kubernetes:batch/v1:Job", "metadata.labels.app", false],
    ["kubernetes:batch/v1:CronJob", "spec.schedule", false],
    [
      "kubernetes:batch/v1:CronJob",
      "spec.jobTemplate.spec.template.spec.containers[0].image",
      false,
    ],
    ["kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass", "spec.parameters", false],
    ["kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass", "metadata.namespace", true],
    [types.namespace, "metadata.name", true],
    [types.namespace, "metadata.labels.a", false],
    [types.release, "version", false],
    [types.release, "namespace", true],
  ];
  for (const [type, path, replaces] of forcing) {
    it(`${replaces ? "replace" : "update"} ${type.split(":").at(-1)} when ${path} changes`, () => {
      assert.equal(forcesReplacement(type, path), replaces);
    });
  }

  it("of a kubeconfig do not replace objects of a cluster with an identifier", () => {
    const config = (server: string, clusterIdentifier?: string) => ({
      kubeconfig: JSON.stringify({ clusters: [{ cluster: { server } }] }),
      ...(clusterIdentifier && { clusterIdentifier }),
    });
    const moved = (olds: Props, news: Props) => kubernetes.replacesAll?.(olds, news);
    assert.deepEqual(moved(config("a"), config("b")), ["kubeconfig"]);
    assert.deepEqual(moved(config("a", "one"), config("b", "one")), []);
    assert.deepEqual(moved(config("a", "one"), config("a", "two")), ["clusterIdentifier"]);
  });

  it("of a registry's password do not replace an image", () => {
    assert.equal(docker.ignored?.(types.image, "registry.password"), true);
    assert.equal(docker.ignored?.(types.image, "registry.server"), false);
    assert.equal(docker.ignored?.(types.image, "imageName"), false);
  });
});

describe("the catalogue", () => {
  for (const stack of ["dev", "prod"]) {
    it(`knows every type and every required argument of the stack ${stack}`, async () => {
      const { resources } = await evaluate(stack);
      for (const { type, custom, inputs } of resources) {
        if (!custom || type.startsWith("pulumi:")) continue;
        const named = withName(type, "name", inputs, undefined, new Uint8Array(8));
        assert.deepEqual(problemsOf(type, named), [], type);
      }
    });
  }

  const formats: [type: string, inputs: Props, bad: Props, reason: RegExp][] = [
    [types.group, { name: "web" }, { name: "sg-web" }, /cannot begin with sg-/],
    [types.role, { name: "web" }, { name: "a role" }, /1 to 64 letters/],
    [types.role, { description: "short" }, { description: "x".repeat(1001) }, /at most 1000/],
    [types.identityProvider, { url: "https://a" }, { url: "http://a" }, /https scheme/],
    [types.logGroup, { name: "/aws/a" }, { name: "a b" }, /1 to 512/],
    [types.repository, { name: "team/web" }, { name: "Web" }, /lower case/],
    [types.cluster, { name: "platform-1" }, { name: "-platform" }, /1 to 100/],
    [types.addon, { addonVersion: "v1.2.3-eksbuild.1" }, { addonVersion: "1.2.3" }, /eksbuild/],
    ["aws:kms/alias:Alias", { name: "alias/own" }, { name: "alias/aws/own" }, /alias\//],
  ];
  for (const [type, good, bad, reason] of formats) {
    it(`accepts ${JSON.stringify(good)}, but not ${JSON.stringify(bad).slice(0, 40)}`, () => {
      const reasons = (inputs: Props) => problemsOf(type, inputs).map((problem) => problem.reason);
      const missing = (text: string) => text.startsWith("Missing");
      assert.deepEqual(
        reasons(good).filter((text) => !missing(text)),
        [],
      );
      assert.match(
        reasons(bad)
          .filter((text) => !missing(text))
          .join(),
        reason,
      );
    });
  }

  it("names the file for an unknown type", () => {
    const [problem] = problemsOf("aws:new/resource:CloudResource", {});
    assert.match(
      problem?.reason ?? "",
      /aws:new\/resource:CloudResource: add it, with its duration, to .* tools\/cloud/,
    );
  });

  it("names missing arguments, and accepts unknown values", () => {
    assert.deepEqual(problemsOf(types.role, { name: unknown }), [
      { property: "assumeRolePolicy", reason: 'Missing required argument "assumeRolePolicy"' },
    ]);
    assert.deepEqual(problemsOf(types.role, { name: unknown, assumeRolePolicy: "" }), []);
  });

  it("generates one name for a resource: from the program, the old inputs or the seed", () => {
    const seed = new Uint8Array([1, 2, 3, 4]);
    const name = (inputs: Props, olds?: Props) =>
      withName(types.role, "web", inputs, olds, seed).name;
    assert.equal(name({ name: "own" }), "own");
    assert.equal(name({}, { name: "web-old" }), "web-old");
    assert.match(name({}), /^web-[0-9a-f]{7}$/);
    assert.equal(name({}), name({}));
  });

  it("adds default tags, which its own tags override", () => {
    const { world } = emptyWorld();
    const caller = { defaultTags: { stack: "dev", team: "all" } };
    const inputs = { tags: { team: "shop" }, assumeRolePolicy: trusts("ec2") };
    const { tagsAll } = outputsOf(types.role, { world, id: "web", inputs, caller });
    assert.deepEqual(tagsAll, { stack: "dev", team: "shop" });
  });
});

describe("the critical path", () => {
  const resource = (urn: string, more: Partial<StateResource> = {}): StateResource => ({
    urn,
    type: "t",
    custom: true,
    ...more,
  });
  const span = (urn: string, start: number, end: number): Span => ({
    action: "create",
    urn,
    type: "t",
    name: urn,
    start,
    end,
  });
  const path = (resources: StateResource[], spans: Span[]) =>
    criticalPath(resources, spans, ({ urn }) => urn === "target").map(
      ({ name, unexplained }) => `${name} ${unexplained}`,
    );

  it("leads back from the target by the last step before each start", () => {
    const resources = [
      resource("long"),
      resource("short"),
      resource("target", { dependencies: ["short", "long"] }),
    ];
    const spans = [span("long", 0, 9), span("short", 0, 2), span("target", 9, 10)];
    assert.deepEqual(path(resources, spans), ["long 0", "target 0"]);
  });

  it("follows dependencies of components, of providers and on components", () => {
    const resources = [
      resource("nodes", { parent: "cluster" }),
      resource("cluster", { custom: false }),
      resource("service", { custom: false, dependencies: ["cluster"] }),
      resource("kubeconfig"),
      resource("provider", { dependencies: ["kubeconfig"] }),
      resource("target", { parent: "service", provider: "provider::id" }),
    ];
    const spans = [span("nodes", 0, 9), span("kubeconfig", 0, 7), span("target", 9, 10)];
    assert.deepEqual(path(resources, spans), ["nodes 0", "target 0"]);
    const late = [span("nodes", 0, 3), span("kubeconfig", 0, 7), span("target", 7, 10)];
    assert.deepEqual(path(resources, late), ["kubeconfig 0", "target 0"]);
  });

  it("names a wait without a dependency", () => {
    assert.deepEqual(path([resource("target")], [span("target", 5, 6)]), ["target 5"]);
  });

  it("has a lower bound of four waits", () => {
    assert.equal(lowerBound().length, 4);
    for (const { name, seconds } of lowerBound()) assert.ok(seconds > 0, name);
  });
});
