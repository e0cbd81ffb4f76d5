import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, afterEach, before, beforeEach, describe, it } from "mocha";
import { findEngine, NoEngine } from "../../../tools/rehearsal/engine.ts";
import { printOperation, printTimeToReady } from "../../../tools/rehearsal/rehearsal-report.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

describe("npm run rehearse", () => {
  const run = (args: string[], env: NodeJS.ProcessEnv = process.env) =>
    spawnSync(
      process.execPath,
      ["--import", "./tools/typescript.js", "tools/cli.ts", "rehearse", ...args],
      {
        cwd: root,
        env,
        encoding: "utf8",
      },
    );

  it("refuses unknown options, and prints its usage", () => {
    const { status, stdout, stderr } = run(["--quick"]);
    assert.deepEqual([status, stdout], [2, ""]);
    assert.match(stderr, /^Unknown option '--quick'.*\n\nRuns the life/s);
  });

  it("lists the existing stacks for an unknown one", () => {
    const { status, stdout, stderr } = run(["--stack", "nope"]);
    assert.deepEqual([status, stdout], [2, ""]);
    assert.match(
      stderr,
      /^There is no stack "nope": .* Stacks here: dev, prod; examples: orders, .*voting\.\n$/,
    );
  });

  it("names the tools to install without an engine", () => {
    const env = { PATH: "/nowhere", HOME: "/nowhere" };
    const { status, stdout, stderr } = run([], env);
    assert.deepEqual([status, stdout], [3, ""]);
    assert.match(stderr, /^The rehearsal needs the Pulumi CLI \(https:.*, or Go .*\n$/);
  });

  it("prints lines of 80 columns, each failure below its operation", () => {
    const steps = [
      {
        op: "update",
        urn: "",
        type: "kubernetes:apps/v1:Deployment",
        name: "service",
        custom: true,
        changes: ["spec.template.spec.containers[0].env[12].value", "spec.replicas", "more"],
      },
    ];
    const printed = printOperation({
      title: "an up",
      steps,
      simulatedSeconds: 3725,
      realSeconds: 1.25,
      failures: [`a reason ${"of many words ".repeat(20)}`],
    });
    assert.match(printed, /^FAIL an up +62:05 +1.3 s\n +update Deployment service: containers/);
    for (const line of printed.split("\n")) assert.ok(line.length <= 80, line);
  });

  it("prints the time to ready and its lower bound", () => {
    const printed = printTimeToReady({
      seconds: 100,
      path: [{ name: "nodes", type: "a:b:NodeGroup", start: 10, end: 100, unexplained: 10 }],
      bound: [{ name: "control plane", seconds: 40 }],
    });
    assert.match(printed, /^Ready after 1:40/);
    assert.match(printed, /0:10 +1:30 +NodeGroup nodes +after 0:10 that no edge explains/);
    assert.match(printed, /That is 1:00 above the lower bound of 0:40/);
  });
});

describe("the engine", () => {
  let folder: string;
  before(function () {
    if (process.platform === "win32") this.skip();
  });
  const saved = { ...process.env };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "engines-"));
    process.env.PATH = [join(folder, "node_modules/.bin"), join(folder, "path")].join(delimiter);
    process.env.PULUMI_HOME = join(folder, "home");
    process.env.XDG_CACHE_HOME = join(folder, "cache");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  after(() => {
    for (const name of ["PATH", "PULUMI_HOME", "XDG_CACHE_HOME"]) {
      if (saved[name] === undefined) delete process.env[name];
      else process.env[name] = saved[name];
    }
  });

  const version = (of: string) =>
    JSON.parse(readFileSync(join(root, "node_modules", of, "package.json"), "utf8")).version;
  const command = (path: string, says: string) => {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\necho ${says}\n`);
    chmodSync(file, 0o755);
    return file;
  };

  it("is first the one on PATH, without npm's launcher", async () => {
    command("node_modules/.bin/pulumi", "launcher");
    command(`home/versions/${version("pulumi")}/bin/pulumi`, "downloaded");
    const path = command("path/pulumi", "v3.1.0");
    assert.deepEqual(await findEngine(), { path, version: "v3.1.0", origin: "PATH" });
  });

  it("is second the one that npm's launcher has downloaded", async () => {
    command("path/go", "go");
    const path = command(`home/versions/${version("pulumi")}/bin/pulumi`, "v3.2.0");
    assert.deepEqual(await findEngine(), { path, version: "v3.2.0", origin: "npm launcher" });
  });

  it("is third an existing build, which needs no Go", async () => {
    const goMod = readFileSync(join(root, "tools/rehearsal/engine/go.mod"), "utf8");
    const [, pinned] = /pulumi\/pkg\/v3 (v[\d.]+)/.exec(goMod) ?? [];
    const cache = process.platform === "darwin" ? undefined : "cache/eks-container-platform";
    const path = command(`${cache}/pulumi-${pinned}/bin/pulumi`, String(pinned));
    assert.deepEqual(await findEngine(), {
      path,
      version: pinned,
      origin: "built from its Go module",
    });
  });

  it("is built once for several processes", async () => {
    const log = join(folder, "builds");
    const builds = [
      `go; [ $1 != version ] || exit 0; echo build >> ${log}; /bin/sleep 1`,
      "printf '#!/bin/sh\\necho v3.3.0\\n' > $6 && /bin/chmod +x $6",
    ];
    command("path/go", builds.join("; "));
    const said: string[] = [];
    const asked = [1, 2, 3].map(() => findEngine((line) => said.push(line)));
    const versions = (await Promise.all(asked)).map(({ version }) => version);
    assert.deepEqual(versions, ["v3.3.0", "v3.3.0", "v3.3.0"]);
    assert.equal(readFileSync(log, "utf8"), "build\n");
    assert.equal(said.filter((line) => /Another process builds/.test(line)).length, 2);
  });

  it("is built after another process was killed during its build", async () => {
    command("path/go", "go; [ $1 = version ] || { echo no network >&2; exit 1; }");
    const goMod = readFileSync(join(root, "tools/rehearsal/engine/go.mod"), "utf8");
    const [, pinned] = /pulumi\/pkg\/v3 (v[\d.]+)/.exec(goMod) ?? [];
    const bin = join(folder, `cache/eks-container-platform/pulumi-${pinned}/bin`);
    mkdirSync(bin, { recursive: true });
    const { pid } = spawnSync(process.execPath, ["--version"]);
    writeFileSync(join(bin, "pulumi.lock"), String(pid));
    await assert.rejects(findEngine(), /could not be built: no network/);
  });

  it("is built with Go; a failure has the error of the build", async () => {
    command("path/go", "go; [ $1 = version ] || { echo no network >&2; exit 1; }");
    const said: string[] = [];
    await assert.rejects(
      findEngine((line) => said.push(line)),
      (error) => error instanceof NoEngine && /could not be built: no network/.test(error.message),
    );
    assert.match(said[0] ?? "", /^Building the Pulumi CLI v\d/);
  });
});
