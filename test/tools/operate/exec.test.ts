import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Duplex, PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import type { V1EphemeralContainer } from "@kubernetes/client-node";
import { after, before, describe, it } from "mocha";
import { type WebSocket, WebSocketServer } from "ws";
import { execCommand } from "../../../tools/operate/exec/exec-command.ts";
import { kubeConfigAt, loopback } from "../../support/loopback.ts";
import { judge, unavailable } from "../../support/pod-security.ts";
import { listOf, podOf, settings } from "./status-fixtures.ts";

const registry = "111122223333.dkr.ecr.eu-central-1.amazonaws.com";
const debugImage = `${registry}/debug-image@sha256:${"d".repeat(64)}`;

const revision = (number: number) => ({
  annotations: { "deployment.kubernetes.io/revision": String(number) },
});
const replicaSet = (number: number) => ({
  metadata: { name: `web-${number}`, uid: `rs-${number}`, ...revision(number) },
});
/** A pod of the ReplicaSet of a revision, as the program makes it. */
function webPod(name: string, number: number, changes: { ready?: boolean; status?: object } = {}) {
  const { ready = true, status = {} } = changes;
  const pod = podOf("web", { name, ready });
  const owner = { ...pod.metadata.ownerReferences[0], uid: `rs-${number}` };
  const security = { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } };
  return {
    ...pod,
    metadata: { ...pod.metadata, ownerReferences: [owner] },
    spec: { ...pod.spec, securityContext: { ...security, runAsUser: 1000, runAsGroup: 2000 } },
    status: { ...pod.status, ...status },
  };
}
const api = "/api/v1/namespaces/web/pods";
const apps = "/apis/apps/v1/namespaces/web";
const rolePath = "/apis/rbac.authorization.k8s.io/v1/namespaces/web/roles/debug";

/** A service whose newest ReplicaSet has two ready pods, and an older one that is going. */
const web: Record<string, Answer> = {
  [api]: listOf([webPod("web-1-a", 1), webPod("web-2-b", 2), webPod("web-2-c", 2)]),
  [`${apps}/deployments`]: listOf([{ metadata: { name: "web-x", uid: "d", ...revision(2) } }]),
  [`${apps}/replicasets`]: listOf([replicaSet(1), replicaSet(2)]),
  [rolePath]: { metadata: { name: "debug", annotations: { "platform/debug-image": debugImage } } },
};

const status = (code: number, reason: string, message: string) => ({
  kind: "Status",
  apiVersion: "v1",
  status: "Failure",
  message,
  reason,
  code,
});
/** How the kubelet tells that a program ended (k8s.io/kubelet/pkg/cri/streaming/remotecommand). */
const ended = (exitCode: number) =>
  exitCode === 0
    ? { metadata: {}, status: "Success" }
    : {
        ...status(500, "NonZeroExitCode", `command terminated with non-zero exit code`),
        details: { causes: [{ reason: "ExitCode", message: String(exitCode) }] },
      };
/** grafana/mimir#10571 */
const noProgram = (program: string) =>
  status(
    500,
    "InternalError",
    `Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "f83e8b9f": OCI runtime exec failed: exec failed: unable to start container process: exec: "${program}": executable file not found in $PATH: unknown`,
  );
const denied =
  "pods \"web-2-b\" is forbidden: ValidatingAdmissionPolicy 'admission-debug-1a2b' with binding 'admission-debug-3c4d' denied request: only those that cluster.debug of the stack names may enter containers here";
const noRight = (resource: string, verb: string) =>
  `pods "web-2-b" is forbidden: User "arn:aws:sts::111122223333:assumed-role/Developer/ada" cannot ${verb} resource "${resource}" in API group "" in the namespace "web"`;

const channel = (number: number, data: string | object) =>
  Buffer.concat([
    Buffer.from([number]),
    Buffer.from(typeof data === "string" ? data : JSON.stringify(data)),
  ]);

interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  type: string | undefined;
  body: string;
}
type Answer = object | ((asked: Asked, times: number) => object);

interface Given {
  answers?: Record<string, Answer>;
  /** What the program does, by the subprotocol v5.channel.k8s.io. */
  program?: (socket: WebSocket, frames: Buffer[]) => void;
  /** An answer in the place of an upgrade. */
  refuses?: { code: number };
  changes?: string;
  stdin?: PassThrough;
  stdout?: PassThrough;
}

describe("npm run exec", function () {
  this.timeout(60_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "exec-"));
    copyFileSync("Pulumi.yaml", join(folder, "Pulumi.yaml"));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** Runs it against an API server on loopback. */
  async function exec(args: string[], given: Given = {}) {
    const { answers = web, refuses, stdin = new PassThrough(), stdout = new PassThrough() } = given;
    const program = given.program ?? ((socket) => socket.send(channel(3, ended(0))));
    const stack = settings.replace("  platform:nodes:", `${given.changes ?? ""}  platform:nodes:`);
    writeFileSync(join(folder, "Pulumi.shop.yaml"), stack);
    const asked: Asked[] = [];
    const frames: Buffer[] = [];
    const ask = async (request: IncomingMessage, body = ""): Promise<Asked> => {
      const { pathname, searchParams } = new URL(request.url ?? "", "http://loopback");
      const one = {
        method: request.method ?? "",
        path: pathname,
        query: searchParams,
        type: request.headers["content-type"],
        body,
      };
      asked.push(one);
      return one;
    };
    const sockets = new WebSocketServer({
      noServer: true,
      handleProtocols: (offered) => [...offered][0] ?? false,
    });
    const { endpoint, stop } = await loopback(
      async (request, response) => {
        const one = await ask(request, await text(request));
        const known: Answer = answers[one.path] ?? listOf([]);
        const times = asked.filter(({ path }) => path === one.path).length;
        const answer = typeof known === "function" ? known(one, times) : known;
        const code = "code" in answer ? Number(answer.code) : 200;
        response.writeHead(code, { "content-type": "application/json" });
        response.end(JSON.stringify(answer));
      },
      async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        await ask(request);
        if (refuses) {
          const body = JSON.stringify(refuses);
          socket.end(
            `HTTP/1.1 ${refuses.code} Forbidden\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
          );
          return;
        }
        sockets.handleUpgrade(request, socket, head, (client) => {
          client.on("message", (data: Buffer) => {
            frames.push(data);
            heard(client);
          });
          program(client, frames);
        });
      },
    );
    const heard = (client: WebSocket) => client.emit("heard");
    const said = { out: "", err: "" };
    const stderr = new PassThrough();
    stdout.setEncoding("utf8").on("data", (data) => {
      said.out += data;
    });
    stderr.setEncoding("utf8").on("data", (data) => {
      said.err += data;
    });
    const terminal = {
      out: (line: string) => {
        said.out += line;
      },
      err: (line: string) => {
        said.err += line;
      },
      color: false,
    };
    const connect = async () => kubeConfigAt(endpoint);
    const code = await execCommand(["--stack", "shop", ...args], terminal, folder, connect, {
      stdin,
      stdout,
      stderr,
    }).finally(async () => {
      for (const client of sockets.clients) client.terminate();
      await stop();
    });
    const entered = asked.find(({ path }) => path.endsWith("/exec"));
    return { code, asked, frames, entered, ...said };
  }

  it("runs a command in a ready pod of the newest ReplicaSet, and says in which", async () => {
    const { code, out, err, entered } = await exec(["web", "--", "cat", "-n", "/etc/motd"], {
      program: (socket) => {
        socket.send(channel(1, "1 hel"));
        socket.send(channel(1, "lo\n"));
        socket.send(channel(2, "late\n"));
        socket.send(channel(3, ended(0)));
      },
    });
    assert.equal(code, 0);
    assert.equal(out, "1 hello\n");
    assert.equal(err, "web-2-b, container web\nlate\n");
    assert.equal(entered?.path, `${api}/web-2-b/exec`);
    assert.deepEqual(entered.query.getAll("command"), ["cat", "-n", "/etc/motd"]);
    assert.equal(entered.query.get("container"), "web");
    assert.equal(entered.query.get("tty"), "false");
  });

  for (const exitCode of [1, 2, 42, 137]) {
    it(`ends with the command's exit code, ${exitCode}`, async () => {
      const program = (socket: WebSocket) => socket.send(channel(3, ended(exitCode)));
      assert.equal((await exec(["web", "--", "test"], { program })).code, exitCode);
    });
  }

  it("gives stdin to a shell, and tells it its end", async () => {
    const stdin = new PassThrough();
    stdin.end("echo hi\n");
    const { code, out, entered, frames } = await exec(["web"], {
      stdin,
      program: (socket, frames) =>
        socket.on("heard", () => {
          if (frames.at(-1)?.[0] !== 255) return;
          socket.send(channel(1, "hi\n"));
          socket.send(channel(3, ended(0)));
        }),
    });
    assert.equal(code, 0);
    assert.equal(out, "hi\n");
    assert.deepEqual(entered?.query.getAll("command"), ["sh"]);
    assert.deepEqual(
      frames.map((frame) => frame.toString("latin1")),
      ["\0echo hi\n", "\xff\0"],
    );
  });

  it("has a terminal where it is typed in one, with its size, and leaves it as it was", async () => {
    const modes: boolean[] = [];
    const stdin = Object.assign(new PassThrough(), {
      isTTY: true,
      setRawMode: (mode: boolean) => modes.push(mode),
    });
    const stdout = Object.assign(new PassThrough(), { isTTY: true, rows: 24, columns: 80 });
    const sizes: unknown[] = [];
    const { code, entered } = await exec(["web"], {
      stdin,
      stdout,
      program: (socket, frames) =>
        socket.on("heard", () => {
          const frame = frames.at(-1) ?? Buffer.alloc(1);
          if (frame[0] !== 4) return;
          sizes.push(JSON.parse(frame.subarray(1).toString()));
          if (sizes.length > 1) return socket.send(channel(3, ended(0)));
          Object.assign(stdout, { rows: 50 }).emit("resize");
        }),
    });
    assert.equal(code, 0);
    assert.equal(entered?.query.get("tty"), "true");
    assert.equal(entered.query.get("stderr"), "false");
    assert.deepEqual(sizes, [
      { height: 24, width: 80 },
      { height: 50, width: 80 },
    ]);
    assert.deepEqual(modes, [true, false]);
    assert.ok(stdin.isPaused(), "an open terminal keeps the process from its end");
  });

  it("says of an image without a shell how to come in, and of a missing program that it is missing", async () => {
    const without = (program: string) => ({
      program: (socket: WebSocket) => socket.send(channel(3, noProgram(program))),
    });
    const shell = await exec(["web"], without("sh"));
    assert.equal(shell.code, 3);
    assert.match(
      shell.err,
      /The container web has no sh; --debug brings one: npm run exec -- --debug web\n$/,
    );
    const program = await exec(["web", "--", "psql"], without("psql"));
    assert.equal(program.code, 3);
    assert.match(
      program.err,
      /The container web has no psql: .*executable file not found in \$PATH/,
    );
  });

  it("says that the connection ended before the command", async () => {
    const { code, err } = await exec(["web"], { program: (socket) => socket.close() });
    assert.equal(code, 3);
    assert.match(err, /The connection to web-2-b ended before the command did\n$/);
  });

  it("says in the API server's words that cluster.debug names others", async () => {
    const { code, err } = await exec(["web"], { refuses: status(403, "Forbidden", denied) });
    assert.equal(code, 3);
    assert.match(
      err,
      /The cluster refuses: pods "web-2-b" is forbidden: .*cluster\.debug of the stack names/,
    );
    assert.match(err, /To be let in: a principal of cluster\.debug, then npm run up\n$/);
  });

  it("says which right is missing", async () => {
    const refuses = status(403, "Forbidden", noRight("pods/exec", "create"));
    const { code, err } = await exec(["web"], { refuses });
    assert.equal(code, 3);
    assert.match(err, /cannot create resource "pods\/exec"/);
    assert.match(err, /a principal of cluster\.admins, cluster\.deployers or cluster\.debug, then/);
    const pods = status(403, "Forbidden", noRight("pods", "list"));
    const blind = await exec(["web"], { answers: { ...web, [api]: pods } });
    assert.equal(blind.code, 3);
    assert.match(blind.err, /needs Kubernetes: list pods in web/);
  });

  it("names the pods where none of the newest ReplicaSet is ready", async () => {
    const answers = {
      ...web,
      [api]: listOf([webPod("web-1-a", 1), webPod("web-2-b", 2, { ready: false })]),
    };
    const { code, err, entered } = await exec(["web"], { answers });
    assert.equal(code, 3);
    assert.equal(entered, undefined);
    assert.equal(
      err,
      "No pod of web's newest ReplicaSet is ready; its pods: web-1-a (ready), web-2-b (not ready). --pod NAME enters one that is not\n",
    );
    const named = await exec(["web", "--pod", "web-2-b"], { answers });
    assert.equal(named.code, 0);
    assert.equal(named.entered?.path, `${api}/web-2-b/exec`);
  });

  it("refuses a pod and a container that are not there, or do not run", async () => {
    const pod = await exec(["web", "--pod", "web-9"]);
    assert.equal(pod.code, 2);
    assert.match(pod.err, /^--pod: web has no pod web-9; it has: web-1-a, web-2-b, web-2-c\n$/);
    const container = await exec(["web", "--container", "proxy"]);
    assert.equal(container.code, 2);
    assert.match(container.err, /^--container: web-2-b has no container proxy; it has: web\n$/);
    const waiting = [{ name: "web", state: { waiting: { reason: "CrashLoopBackOff" } } }];
    const crashing = webPod("web-2-b", 2, { status: { containerStatuses: waiting } });
    const down = await exec(["web", "--pod", "web-2-b"], {
      answers: { ...web, [api]: listOf([crashing]) },
    });
    assert.equal(down.code, 3);
    assert.match(down.err, /^The container web of web-2-b does not run: CrashLoopBackOff\n$/);
  });

  it("enters the newest run of a job, or says how to start one", async () => {
    const runs = "/api/v1/namespaces/nightly/pods";
    const run = (name: string, creationTimestamp: string) => {
      const pod = podOf("nightly", { name });
      return { ...pod, metadata: { ...pod.metadata, creationTimestamp } };
    };
    const answers = {
      [runs]: listOf([
        run("nightly-2-b", "2026-11-30T03:00:00Z"),
        run("nightly-1-a", "2026-11-29T03:00:00Z"),
      ]),
    };
    const { code, entered } = await exec(["nightly", "--", "ps"], { answers });
    assert.equal(code, 0);
    assert.equal(entered?.path, `${runs}/nightly-2-b/exec`);
    assert.equal(entered.query.get("container"), "nightly");
    const none = await exec(["nightly"], { answers: {} });
    assert.equal(none.code, 3);
    assert.match(
      none.err,
      /^No run of nightly is under way\. Start one: kubectl create job --from=cronjob\/nightly/,
    );
  });

  it("refuses in production before it asks, and says what to set", async () => {
    const production =
      "  platform:environment: production\n  platform:ingress: { deletionProtection: true }\n";
    const protectedCluster = settings
      .replace("publicAccess: true", "deletionProtection: true\n    publicAccess: true")
      .replace("retentionDays: 7", "retentionDays: 30");
    writeFileSync(
      join(folder, "Pulumi.live.yaml"),
      protectedCluster.replace("  platform:nodes:", `${production}  platform:nodes:`),
    );
    const said: string[] = [];
    const terminal = { out: () => {}, err: (line: string) => void said.push(line), color: false };
    const never = () => assert.fail("it asks");
    const code = await execCommand(["--stack", "live", "web"], terminal, folder, never);
    assert.equal(code, 2);
    assert.deepEqual(said, [
      "In production nobody may enter containers. Set cluster.debug of Pulumi.live.yaml to those who may, then npm run up\n",
    ]);
  });

  it("takes one name, and a command after --", async () => {
    for (const args of [[], ["web", "ls"], ["web", "--"], ["web", "--json"]]) {
      const { code, asked } = await exec(args);
      assert.equal(code, 2, args.join(" "));
      assert.deepEqual(asked, []);
    }
    const unknown = await exec(["shop"]);
    assert.equal(unknown.code, 2);
    assert.match(unknown.err, /has no service or job "shop"; it has: mailer, nightly, web/);
  });

  describe("--debug", () => {
    const changes = `    debug: [arn:aws:iam::111122223333:role/PlatformAdmin]\n`;
    const path = `${api}/web-2-b/ephemeralcontainers`;
    /** The pod, with the container that was patched in: in this state after so many questions. */
    const started = (state: object, after = 1) => {
      let added: V1EphemeralContainer | undefined;
      return {
        ...web,
        [path]: ({ body }: Asked) => {
          [added] = JSON.parse(body).spec.ephemeralContainers;
          return webPod("web-2-b", 2);
        },
        [`${api}/web-2-b`]: (_: Asked, times: number) => {
          const waiting = { waiting: { reason: "ContainerCreating" } };
          const one = { name: added?.name, state: times < after ? waiting : state };
          return webPod("web-2-b", 2, { status: { ephemeralContainerStatuses: [one] } });
        },
      };
    };
    const running = { running: { startedAt: "2026-11-30T12:00:00Z" } };

    it("adds a container of the stack's own image beside the service's, and runs the command there", async () => {
      const answers = started(running, 2);
      const { code, err, asked, entered } = await exec(
        ["--debug", "web", "--", "ls", "/proc/1/root"],
        {
          answers,
          changes,
        },
      );
      assert.equal(code, 0, err);
      const patch = asked.find((one) => one.path === path);
      assert.equal(patch?.method, "PATCH");
      assert.equal(patch.type, "application/strategic-merge-patch+json");
      const [added, ...more] = JSON.parse(patch.body).spec.ephemeralContainers;
      assert.deepEqual(more, []);
      assert.equal(added.image, debugImage);
      assert.equal(added.targetContainerName, "web");
      assert.equal(added.securityContext.runAsUser, 1000);
      assert.equal(added.securityContext.runAsGroup, 2000);
      assert.equal(entered?.query.get("container"), added.name);
      assert.deepEqual(entered?.query.getAll("command"), ["ls", "/proc/1/root"]);
      assert.match(
        err,
        /^web-2-b, container debug-\w{5}\nThe files of web are in \/proc\/1\/root\n$/,
      );
    });

    it("asks for what Pod Security allows under restricted", async function () {
      const reason = unavailable();
      if (reason) return this.skip();
      this.timeout(180_000);
      const { asked } = await exec(["--debug", "web"], { answers: started(running), changes });
      const patch = asked.find((one) => one.path === path);
      const [added] = JSON.parse(patch?.body ?? "").spec.ephemeralContainers;
      const { spec, metadata } = webPod("web-2-b", 2);
      const safe = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
      const judged = (ephemeralContainer: object) => ({
        namespaceLabels: { "pod-security.kubernetes.io/enforce": "restricted" },
        pod: {
          metadata,
          spec: {
            ...spec,
            containers: spec.containers.map((one) => ({ ...one, securityContext: safe })),
            ephemeralContainers: [ephemeralContainer],
          },
        },
      });
      const { securityContext: _, ...bare } = added;
      const verdicts = judge("1.36", [judged(added), judged(bare)]);
      assert.deepEqual(
        verdicts.map(({ allowed, because }) => [allowed, allowed ? "" : because]),
        [
          [true, ""],
          [false, verdicts[1]?.because],
        ],
      );
      assert.match(verdicts[1]?.because ?? "", new RegExp(`container "${added.name}" must set`));
    });

    it("joins one that still runs", async () => {
      const pod = webPod("web-2-b", 2, {
        status: { ephemeralContainerStatuses: [{ name: "debug-0old0", state: running }] },
      });
      const there = { name: "debug-0old0", image: debugImage, targetContainerName: "web" };
      const spec = { ...pod.spec, ephemeralContainers: [there] };
      const answers = { ...web, [api]: listOf([{ ...pod, spec }]) };
      const { code, asked, entered } = await exec(["--debug", "web"], { answers, changes });
      assert.equal(code, 0);
      assert.equal(entered?.query.get("container"), "debug-0old0");
      assert.ok(!asked.some(({ method }) => method === "PATCH"));
    });

    it("says why it does not start", async () => {
      const message = `Back-off pulling image "${debugImage}"`;
      const waiting = { waiting: { reason: "ImagePullBackOff", message } };
      const { code, err, entered } = await exec(["--debug", "web"], {
        answers: started(waiting),
        changes,
      });
      assert.equal(code, 3);
      assert.equal(entered, undefined);
      assert.match(
        err,
        /^The debug container debug-\w{5} does not start: ImagePullBackOff Back-off/,
      );
    });

    it("says that who is not named may not, and that the image has to be deployed", async () => {
      const refused = status(403, "Forbidden", noRight("pods/ephemeralcontainers", "patch"));
      const right = await exec(["--debug", "web"], {
        answers: { ...web, [path]: refused },
        changes,
      });
      assert.equal(right.code, 3);
      assert.match(right.err, /cannot patch resource "pods\/ephemeralcontainers"/);
      const missing = status(404, "NotFound", 'roles.rbac.authorization.k8s.io "debug" not found');
      const absent = await exec(["--debug", "web"], {
        answers: { ...web, [rolePath]: missing },
        changes,
      });
      assert.equal(absent.code, 3);
      assert.match(absent.err, /^The namespace web has no debug image yet: run npm run up/);
    });

    it("asks for cluster.debug where it names nobody", async () => {
      const { code, err, asked } = await exec(["--debug", "web"]);
      assert.equal(code, 2);
      assert.deepEqual(asked, []);
      assert.equal(
        err,
        "--debug: the stack has no debug image. Set cluster.debug of Pulumi.shop.yaml to those who may, then npm run up\n",
      );
    });
  });
});
