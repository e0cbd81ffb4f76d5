import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { upgradeCommand } from "../../../tools/operate/upgrade/upgrade-command.ts";
import { needsEngine } from "../../support/separate-process.ts";
import { healthyCluster, serve } from "../../support/upgrade-cluster.ts";

const environment = {
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
  AWS_MAX_ATTEMPTS: "1",
};

describe("npm run upgrade -- --rehearse", function () {
  this.timeout(5 * 60_000);
  const kept = { ...process.env };
  let server: Awaited<ReturnType<typeof serve>>;

  before(async function () {
    await needsEngine.call(this);
    server = await serve(healthyCluster());
    Object.assign(process.env, environment, { AWS_ENDPOINT_URL: server.endpoint });
  });
  after(async () => {
    process.env = kept;
    await server?.stop();
  });

  it("plays the upgrade on the simulated cloud", async () => {
    let out = "";
    const terminal = {
      out: (text: string) => {
        out += text;
      },
      err: (text: string) => assert.fail(text),
      color: false,
    };
    const args = ["--stack", "prod", "--rehearse", "--json"];
    const { access } = server;
    const code = await upgradeCommand(args, terminal, { access, now: new Date("2026-11-30") });
    const findings: { topic: string; words: string }[] = JSON.parse(out).findings;
    const played = findings.filter(({ topic }) => topic === "rehearsal");
    assert.equal(code, 0, out);
    assert.ok(
      played.some(({ words }) => /^Kubernetes 1.35 to 1.36: passed, /.test(words)),
      out,
    );
  });
});
