import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { setTimeout } from "node:timers/promises";
import { after, afterEach, before, describe, it } from "mocha";
import { kubectl } from "../../../tools/deliver/rollouts.ts";
import { evaluate } from "../../../tools/graph/evaluate.ts";
import { CommandStubs } from "../../support/command-stubs.ts";
import { deployment } from "../../support/release-described.ts";

describe("the watch over a rollout", function () {
  this.timeout(30_000);
  let standIns: CommandStubs;
  let over: AbortController;
  let said: string[];
  before(() => {
    standIns = new CommandStubs();
  });
  after(() => standIns.close());
  afterEach(() => over.abort());

  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "kubernetes", cluster: { server: "https://example.invalid" } }],
  };
  const watch = (config: string | object | undefined = kubeconfig) => {
    over = new AbortController();
    said = [];
    return kubectl(0.02)({ kubeconfig: config }, over.signal, (line) => said.push(line));
  };
  /** Until kubectl was asked so many times more. */
  const looks = async (count: number) => {
    const wanted = standIns.calls.length + count;
    while (standIns.calls.length < wanted) await setTimeout(10);
  };
  const stuck = 'Deployment web/web: ReplicaSet "web-5d59d67564" has timed out progressing.';

  it("tells of the Deployment that has passed its deadline, in Kubernetes' words", async () => {
    standIns.set({ deployments: [deployment("api", "over"), deployment("web", "goes on")] });
    const reason = watch();
    await looks(2);
    standIns.set({ deployments: [deployment("api", "over"), deployment("web", "stuck")] });
    assert.equal(await reason, stuck);
    assert.deepEqual(said, []);
  });

  it("takes the kubeconfig as text, too, and leaves nothing of it", async () => {
    standIns.set({ deployments: [deployment("web", "goes on")] });
    const reason = watch(JSON.stringify(kubeconfig));
    await looks(1);
    standIns.set({ deployments: [deployment("web", "stuck")] });
    assert.equal(await reason, stuck);
    const [, file = ""] = /--kubeconfig (\S+)/.exec(standIns.calls.at(-1) ?? "") ?? [];
    assert.equal(readdirSync(tmpdir()).includes(file.split("/").at(-2) ?? ""), false);
  });

  it("holds against an update nothing that was stuck before, until it has moved", async () => {
    standIns.set({ deployments: [deployment("web", "stuck")] });
    const reason = watch();
    await looks(3);
    standIns.set({ deployments: [deployment("web", "goes on")] });
    await looks(2);
    standIns.set({ deployments: [deployment("web", "stuck")] });
    assert.equal(await reason, stuck);
  });

  it("looks at what the platform deploys alone, in every namespace", async () => {
    const foreign = deployment("foreign", "goes on", {});
    standIns.set({ deployments: [foreign, deployment("web", "goes on")] });
    const reason = watch();
    await looks(1);
    standIns.set({
      deployments: [deployment("foreign", "stuck", {}), deployment("web", "goes on")],
    });
    await looks(3);
    over.abort();
    assert.equal(await reason, undefined);
    // The label is the one that the program gives.
    for (const { type, inputs } of (await evaluate("prod")).resources) {
      if (type !== "kubernetes:apps/v1:Deployment" || !inputs.metadata.labels) continue;
      const { labels, namespace } = inputs.metadata;
      if (namespace === "web") assert.equal(labels["app.kubernetes.io/part-of"], "platform");
    }
  });

  it("says once that it cannot look, and judges nothing then", async () => {
    const failing = {
      kubectl: "Unable to connect to the server: dial tcp 10.1.0.1:443: i/o timeout",
    };
    standIns.set({ failing });
    const reason = watch();
    await looks(3);
    // What is stuck at the first look that is answered may be so for long.
    standIns.set({ deployments: [deployment("web", "stuck")] });
    await looks(3);
    over.abort();
    assert.equal(await reason, undefined);
    assert.deepEqual(said, [`The rollout cannot be watched: ${failing.kubectl}`]);
  });

  it("is over when the update is, and there is none without a cluster", async () => {
    const reason = watch();
    await looks(1);
    over.abort();
    assert.equal(await reason, undefined);
    const asked = standIns.calls.length;
    over = new AbortController();
    assert.equal(await kubectl(0.02)({}, over.signal, () => {}), undefined);
    assert.equal(standIns.calls.length, asked);
  });

  it("keeps the kubeconfig from other users while it lasts", async () => {
    standIns.set({ deployments: [deployment("web", "goes on")] });
    const reason = watch();
    await looks(1);
    const [, file = ""] = /--kubeconfig (\S+)/.exec(standIns.calls.at(-1) ?? "") ?? [];
    assert.equal(statSync(file).mode & 0o777, 0o600);
    over.abort();
    await reason;
  });
});
