import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { after, afterEach, before, beforeEach, describe, it } from "mocha";
import { parse, stringify } from "yaml";
import { tryCommand } from "../../../tools/try/try-command.ts";
import { CommandStubs, type DockerState } from "../../support/command-stubs.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const digest = `sha256:${"a".repeat(64)}`;

const services = () => ({
  web: {
    image: { reference: "docker.io/library/web:1" },
    route: { path: "/" },
    health: {
      ready: "/readyz",
      live: { command: ["true"] },
      start: { path: "/readyz", failures: 2 },
    },
    command: ["serve"],
    args: ["--port", "$(PORT)"],
    environment: { MODE: "a b" },
    secrets: { TOKEN: { secret: "token" } },
    writable: { "/tmp": 16 },
    sidecars: { proxy: { image: { reference: "docker.io/library/proxy:1" } } },
    before: { prepare: { image: { sameAs: "web" } } },
  },
  pushed: {
    image: { digest, repositoryUrl: "111122223333.dkr.ecr.eu-central-1.amazonaws.com/pushed" },
    worker: true,
    health: { live: { command: ["false"], periodSeconds: 1, failures: 2 } },
  },
  slow: { image: { sameAs: "web" }, worker: true, health: { live: slow } },
  built: { image: { context: "service" }, worker: true, health: { live: { command: ["true"] } } },
});
const slow = { command: ["sleep", "10"], timeoutSeconds: 1, periodSeconds: 1, failures: 1 };
const jobs = { night: { image: { sameAs: "web" }, deadlineSeconds: 1 } };

describe("npm run try", function () {
  this.timeout(60_000);
  let docker: CommandStubs;
  let folder: string;
  let server: Server;
  let port: number;
  before(async function () {
    if (process.platform === "win32") this.skip();
    folder = mkdtempSync(join(tmpdir(), "try-project-"));
    const entries = ["index.ts", "infra", "service", "Pulumi.yaml", "node_modules"];
    for (const entry of [...entries, "tools", "policy"]) {
      symlinkSync(join(root, entry), join(folder, entry));
    }
    const settings = parse(readFileSync(join(root, "Pulumi.dev.yaml"), "utf8"));
    settings.config["platform:nodes"].maxSize = 20;
    settings.config["platform:services"] = services();
    settings.config["platform:jobs"] = jobs;
    writeFileSync(join(folder, "Pulumi.dev.yaml"), stringify(settings));
    server = createServer((request, response) => {
      response.writeHead(request.url === "/readyz" ? 200 : 404).end();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    ({ port } = server.address() as AddressInfo);
  });
  after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    docker = new CommandStubs(["docker"]);
  });
  afterEach(() => docker.close());

  const arm: DockerState["image"] = { Architecture: "arm64", Config: { User: "65532" } };
  const images = ["docker.io/library/web:1"];
  const tried = async (state: DockerState, ...args: string[]) => {
    docker.set({ docker: { image: arm, images, architecture: "aarch64", ...state } });
    return run(...args);
  };
  const run = async (...args: string[]) => {
    const printed = { out: "", err: "" };
    const code = await tryCommand(
      args,
      {
        out: (line) => {
          printed.out += `${line}\n`;
        },
        err: (line) => {
          printed.err += `${line}\n`;
        },
      },
      folder,
    );
    return { code, ...printed };
  };
  const removed = () => {
    const started = docker.calls.filter((call) => call.startsWith("docker run")).length;
    const [, name] = /^docker rm --force --volumes (\S+)$/.exec(docker.calls.at(-1) ?? "") ?? [];
    assert.match(name ?? "", /^try-/);
    return started;
  };

  it("reports each check of an image that keeps the contract", async () => {
    const { code, out } = await tried({ ports: { 8080: port } }, "web");
    assert.equal(
      out,
      [
        "note  containers    not started: sidecar proxy, before prepare",
        "note  secrets       dummy values: TOKEN",
        "ok    image         docker.io/library/web:1",
        "ok    architecture  arm64",
        "ok    user          65532:65532",
        "ok    start         GET /readyz on port 8080: 200",
        "ok    ready         GET /readyz on port 8080: 200",
        "ok    live          `true` ends with code 0",
        "ok    runs          after its probes",
        "web keeps the contract\n",
      ].join("\n"),
    );
    assert.equal(code, 0);
    assert.equal(removed(), 1);
  });

  it("starts the image with the settings of its pod", async () => {
    await tried({ ports: { 8080: port } }, "web");
    const started = docker.calls.find((call) => call.startsWith("docker run")) ?? "";
    const kept = started.replace(/--env (?!MODE|TOKEN|PORT)\S+ /g, "").replace(/source=[^,]+/, "");
    assert.equal(
      kept.replaceAll(String(process.pid), "PID"),
      [
        "docker run --detach --pull never --name try-web-PID --hostname web-0",
        "--user 65532:65532 --read-only --cap-drop ALL --security-opt no-new-privileges",
        "--sysctl net.ipv4.ip_unprivileged_port_start=1024",
        "--memory 256m --memory-swap 256m --cpus 1",
        "--tmpfs /tmp:rw,exec,nosuid,nodev,size=16m,gid=65532,mode=2777",
        "--mount type=bind,,target=/run/secrets/platform,readonly",
        "--publish 127.0.0.1::8080 --env PORT=8080 --env MODE=a b --env TOKEN=dummy",
        "--entrypoint serve docker.io/library/web:1 --port 8080",
      ].join(" "),
    );
  });

  const broken: [string, () => DockerState, RegExp][] = [
    [
      "ends at once",
      () => ({ ended: { ExitCode: 3 }, log: "one\nno database\n" }),
      /^FAIL {2}start +it ended with code 3; dummy values: TOKEN\n {8}one\n {8}no database$/m,
    ],
    [
      "writes to a read-only file system",
      () => ({ ended: { ExitCode: 1 }, log: "touch: /x: Read-only file system\n" }),
      /^FAIL {2}start +it ended with code 1: it cannot write \/x; set `writable` for its folder$/m,
    ],
    [
      "listens on another port",
      () => ({ ports: { 8080: 1 }, image: { ...arm, Config: { ExposedPorts: { "80/tcp": {} } } } }),
      /^FAIL {2}start +no process responds on port 8080 within 2 s; the image exposes 80; set `port`, or/m,
    ],
    [
      "has no right to listen",
      () => ({ ports: { 8080: 1 }, log: "bind() to 0.0.0.0:80 failed (13: Permission denied)" }),
      /^FAIL {2}start +no process responds .*: it may not listen on port 80; set `port: 80`/m,
    ],
    [
      "is for another architecture",
      () => ({ ports: { 8080: port }, image: { ...arm, Architecture: "amd64" } }),
      /^FAIL {2}architecture +the image is for amd64, the nodes are arm64; set `image\.reference`/m,
    ],
    [
      "does not exist",
      () => ({ images: [] }),
      /^FAIL {2}image +Docker cannot pull or build it; set `image`\n +Error response from daemon: manifest/m,
    ],
  ];
  for (const [title, state, expected] of broken) {
    it(`exits with 1 where the image ${title}`, async () => {
      const { code, out } = await tried(state(), "web");
      assert.match(out, expected);
      assert.match(out, /\nweb breaks the contract\n$/);
      assert.equal(code, 1);
      if (!/cannot pull or build/.test(out)) assert.equal(removed(), 1);
    });
  }

  it("exits with 1 where the engine cannot start it", async () => {
    docker.set({
      docker: { image: arm, images, architecture: "aarch64" },
      failing: { "docker run": 'docker: exec: "serve": executable file not found in $PATH' },
    });
    const { code, out } = await run("web");
    assert.match(out, /^FAIL {2}start +the image has no program serve; set `command`$/m);
    assert.equal(code, 1);
    removed();
  });

  it("reports a failed write of an image whose probes pass", async () => {
    const log = "cannot create /etc/x: Read-only file system";
    const { code, out } = await tried({ ports: { 8080: port }, log }, "web");
    assert.match(out, /^note {2}log +it cannot write \/etc\/x; set `writable`/m);
    assert.equal(code, 0);
  });

  it("asks the registry for the architectures of an image that is not for the nodes", async () => {
    const manifests = [
      { platform: { architecture: "amd64" } },
      { platform: { architecture: "arm64" } },
    ];
    const { out } = await tried(
      {
        ...{ architecture: "x86_64", image: { ...arm, Architecture: "amd64" } },
        ...{ manifest: { manifests }, ports: { 8080: port } },
      },
      "web",
    );
    assert.match(out, /^ok {4}architecture +arm64$/m);
  });

  it("pulls an image of ECR by its digest, and fails with a probe command that fails", async () => {
    const reference = `111122223333.dkr.ecr.eu-central-1.amazonaws.com/pushed@${digest}`;
    const { code, out } = await tried({ images: [reference] }, "pushed");
    assert.ok(docker.calls.some((call) => call.endsWith(` ${reference}`)));
    assert.match(out, /^FAIL {2}live +`false` ends with code 1: .*; set `health`$/m);
    assert.equal(code, 1);
  });

  it("fails with a probe command that exceeds its timeout", async () => {
    const { code, out } = await tried({}, "slow");
    assert.match(out, /^FAIL {2}live +`sleep 10` runs longer than 1 s; set `health`$/m);
    assert.equal(code, 1);
  });

  it("builds a context for the architecture of the engine, and notes that of the nodes", async () => {
    const { code, out } = await tried({ architecture: "x86_64", images: [] }, "built");
    const build = docker.calls.find((call) => call.startsWith("docker build")) ?? "";
    assert.match(
      build,
      /--file service\/Dockerfile .*--build-arg REVISION=.* --tag try-built service$/,
    );
    assert.match(out, /^note {2}architecture +built for amd64 here; up builds it for arm64$/m);
    assert.equal(code, 0);
  });

  for (const [title, state, code, expected] of [
    ["ends with code 0", { ended: { ExitCode: 0 } }, 0, /^ok {4}ends +with code 0$/m],
    ["fails", { ended: { ExitCode: 4 } }, 1, /^FAIL {2}ends +it ended with code 4$/m],
    [
      "exceeds its deadline",
      {},
      1,
      /^FAIL {2}ends +it still runs after 1 s; set `deadlineSeconds`$/m,
    ],
  ] as const) {
    it(`exits with ${code} where a job ${title}`, async () => {
      const result = await tried(state, "night");
      assert.match(result.out, expected);
      assert.equal(result.code, code);
      assert.equal(removed(), 1);
    });
  }

  it("exits with 3 without an engine, and with one that cannot run the image", async () => {
    docker.set({ failing: { docker: "Cannot connect to the Docker daemon" } });
    const none = await run("web");
    assert.deepEqual([none.code, none.out], [3, ""]);
    assert.match(none.err, /No Docker engine answers: Cannot connect/);
    const log = "exec /serve: exec format error";
    const other = await tried({ architecture: "x86_64", ended: { ExitCode: 1 }, log }, "web");
    assert.equal(other.code, 3);
    assert.match(other.err, /cannot run an image for arm64/);
    removed();
  });

  it("exits with 2 for an unknown service, and lists the known ones", async () => {
    const { code, out, err } = await run("shop");
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, /no service or job "shop"; it has: built, night, pushed, slow, web$/m);
    assert.deepEqual(docker.calls, []);
  });

  for (const args of [[], ["web", "night"], ["--stak", "dev", "web"]]) {
    it(`exits with 2 and its usage on: ${args.join(" ") || "no arguments"}`, async () => {
      const { code, out, err } = await run(...args);
      assert.deepEqual([code, out], [2, ""]);
      assert.match(err, /usage: npm run try/);
    });
  }

  it("exits with 2 for an unknown stack", async () => {
    const { code, err } = await run("--stack", "nowhere", "web");
    assert.equal(code, 2);
    assert.match(err, /^There is no stack "nowhere"/);
  });

  it("removes the container after Ctrl-C", async () => {
    docker.set({ docker: { image: arm, images, architecture: "aarch64" } });
    const script = `import { tryCommand } from ${JSON.stringify(join(root, "tools/try/try-command.ts"))};
      const lines = { out: console.log, err: console.error };
      tryCommand(["night"], lines, ${JSON.stringify(folder)}).then((code) => process.exit(code));`;
    const file = join(folder, "interrupted.mts");
    writeFileSync(file, script);
    const loader = join(root, "tools/typescript.js");
    const child = spawn(process.execPath, ["--import", loader, file], { stdio: "ignore" });
    const ended = once(child, "exit");
    const runs = () => docker.calls.some((call) => call.startsWith("docker inspect"));
    while (child.exitCode === null && !runs()) await wait(20);
    child.kill("SIGINT");
    const [code] = await ended;
    assert.equal(code, 130);
    removed();
  });
});
