import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "mocha";
import { linkedProject } from "../../../tools/graph/linked-project.ts";
import { pinActions } from "../../../tools/operate/pins/newer-pins.ts";
import { pinsCommand } from "../../../tools/operate/pins/pins-command.ts";
import { printing } from "../../support/printing.ts";
import { healthyCluster, serve } from "../../support/upgrade-cluster.ts";

const environment = {
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
  AWS_MAX_ATTEMPTS: "1",
};

/** As people write it: comments, quotes, a flow map. */
const pinned = (coredns: string, cni: string, release: string) =>
  readFileSync("Pulumi.dev.yaml", "utf8")
    .replace(
      '    kubernetesVersion: "1.36"\n',
      `    kubernetesVersion: "1.36"   # of EKS
    addonVersions: { coredns: ${coredns}, 'vpc-cni':   "${cni}" } # both since May
`,
    )
    .replace("    minSize: 2\n", `    release: '${release}'\n    minSize: 2   # one a zone\n`);

describe("npm run pins", function () {
  this.timeout(60_000);
  const kept = { ...process.env };
  let folder: string;
  let stop = async (): Promise<unknown> => undefined;
  before(() => {
    folder = linkedProject("pins-");
    Object.assign(process.env, environment);
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
    process.env = kept;
  });
  afterEach(() => stop());

  const file = (stack: string) => join(folder, `Pulumi.${stack}.yaml`);

  /** AWS has of each add-on v1.36.2-eksbuild.3, and v1.36.1-eksbuild.1 as its default. */
  async function run(stack: string, text: string, args: string[] = [], cluster = healthyCluster()) {
    writeFileSync(file(stack), text);
    const server = await serve(cluster);
    stop = server.stop;
    process.env.AWS_ENDPOINT_URL = server.endpoint;
    const { terminal, printed } = printing();
    const code = await pinsCommand(["--stack", stack, ...args], terminal, folder);
    return { code, ...printed, file: readFileSync(file(stack), "utf8") };
  }

  const old = pinned("v1.13.2-eksbuild.9", "v1.36.1-eksbuild.1", "1.36.1-20261001");
  const moved = pinned("v1.36.1-eksbuild.1", "v1.36.1-eksbuild.1", "1.36.2-20261112");

  it("names what AWS has newer, by its default and for the stack's Kubernetes, and writes nothing", async () => {
    const { code, out, file: text } = await run("dev", old);
    assert.equal(code, 0);
    assert.match(out, /coredns: v1\.13\.2-eksbuild\.9, AWS has v1\.36\.1-eksbuild\.1\n/);
    assert.match(out, /vpc-cni: v1\.36\.1-eksbuild\.1, AWS has nothing newer\n/);
    assert.match(out, /nodes\.release: 1\.36\.1-20261001, AWS has 1\.36\.2-20261112\n/);
    assert.equal(text, old);
  });

  it("writes it, and leaves all else as it is, byte for byte", async () => {
    const { code, out, file: text } = await run("dev", old, ["--write"]);
    assert.equal(code, 0, out);
    assert.equal(text, moved);
    const again = await run("dev", moved, ["--write"]);
    assert.equal(again.file, moved);
    assert.doesNotMatch(again.out, /Written/);
  });

  it("takes nothing back that is newer than AWS's default", async () => {
    const ahead = pinned("v1.36.2-eksbuild.3", "v1.36.1-eksbuild.1", "1.36.3-20261201");
    const { file: text } = await run("dev", ahead, ["--write"]);
    assert.equal(text, ahead);
  });

  it("says what is not pinned, and how it moves", async () => {
    const none = readFileSync("Pulumi.dev.yaml", "utf8");
    const { code, out, file: text } = await run("dev", none, ["--write"]);
    assert.equal(code, 0);
    assert.match(out, /\n {2}none\n/);
    assert.match(out, /nodes\.release is not set/);
    assert.equal(text, none);
  });

  it("tells the same as JSON", async () => {
    const { out } = await run("dev", old, ["--json"]);
    const { pins, written } = JSON.parse(out);
    assert.equal(written, false);
    assert.deepEqual(pins[0], {
      setting: ["cluster", "addonVersions", "coredns"],
      version: "v1.13.2-eksbuild.9",
      newer: "v1.36.1-eksbuild.1",
    });
  });

  it("ends with 3 and the missing right where AWS refuses, and writes nothing", async () => {
    const cluster = healthyCluster();
    cluster.refused["/addons/supported-versions"] =
      "User: me is not authorized to perform: eks:DescribeAddonVersions";
    const { code, err, file: text } = await run("dev", old, ["--write"], cluster);
    assert.equal(code, 3);
    assert.match(err, /cluster\.addonVersions\.[\w-]+: needs eks:DescribeAddonVersions\n/);
    assert.equal(text, old);
  });

  it("refuses a pin that is not written as itself, such as an alias, and names it", async () => {
    const alias = old
      .replace("release: '1.36.1-20261001'", "release: *release")
      .replace("config:\n", "x: &release 1.36.1-20261001\nconfig:\n");
    const { code, err, file: text } = await run("dev", alias, ["--write"]);
    assert.equal(code, 2);
    assert.match(
      err,
      /Pulumi\.dev\.yaml: nodes\.release is not written as 1\.36\.1-20261001 there/,
    );
    assert.equal(text, alias);
  });

  it("is on the page of operations, with its rights", async () => {
    const cluster = healthyCluster();
    cluster.addonVersions = ["v1.13.2-eksbuild.11", "v1.13.2-eksbuild.10"];
    const text = old.replace(/, 'vpc-cni'.*?"(?= \})/, "");
    const { out } = await run("dev", text, [], cluster);
    const page = readFileSync("docs/operate.md", "utf8");
    assert.ok(page.includes(out), out);
    for (const action of pinActions) assert.ok(page.includes(`\`${action}\``), action);
  });
});
