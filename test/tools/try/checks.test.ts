import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { Server as GrpcServer, ServerCredentials, status } from "@grpc/grpc-js";
import { afterEach, describe, it } from "mocha";
import {
  ask,
  reasonIn,
  verdictOfArchitecture,
  verdictOfEnd,
  verdictOfRefusedStart,
  verdictOfUser,
} from "../../../tools/try/checks.ts";

describe("a reason in the log", () => {
  const writable = "`writable` for its folder";
  const cases: [string, string, string][] = [
    ["touch: /x: Read-only file system", "it cannot write /x", writable],
    [
      "Error: EROFS: read-only file system, open '/app/.cache/a.json'",
      "it cannot write /app/.cache/a.json",
      writable,
    ],
    [
      'nginx: [emerg] mkdir() "/var/cache/nginx/client_temp" failed (30: Read-only file system)',
      "it cannot write /var/cache/nginx/client_temp",
      writable,
    ],
    [
      "/entry.sh: line 3: /etc/app.conf: Read-only file system",
      "it cannot write /etc/app.conf",
      writable,
    ],
    [
      "nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)",
      "it may not listen on port 80",
      "`port: 80`, or tell the image to use a port above 1023",
    ],
    [
      "Error: listen EACCES: permission denied 0.0.0.0:443",
      "it may not listen on port 443",
      "`port: 443`, or tell the image to use a port above 1023",
    ],
    [
      "httpd: bind: Permission denied",
      "it may not listen on a port below 1024",
      "`port`, or tell the image to use a port above 1023",
    ],
    [
      "cat: /etc/key: Permission denied",
      "permission denied: cat: /etc/key: Permission denied",
      "`user`, or `writable` for a folder",
    ],
    [
      "exec /bin/x: exec format error",
      "its program is not for the architecture that the image names",
      "`image`",
    ],
  ];
  for (const [line, seen, mend] of cases) {
    it(`is found in: ${line}`, () =>
      assert.deepEqual(reasonIn(`starting\n${line}\nbye`), { seen, mend }));
  }

  it("is none where it says nothing of the contract", () =>
    assert.equal(reasonIn("listening on 8080\nbind mounts: none"), undefined));
});

describe("the end of a container", () => {
  const state = { Running: false, ExitCode: 1, OOMKilled: false };
  const container = { name: "web", image: "" };
  const image = { Architecture: "amd64", Config: {} };
  const end = (of: object, more = {}, log = "") => {
    const { seen, mend } = verdictOfEnd(
      "start",
      { ...state, ...of },
      {
        ...{ container: { ...container, ...more }, image, log },
      },
    );
    return [seen, mend];
  };

  it("by memory names the limit", () =>
    assert.deepEqual(end({ ExitCode: 137, OOMKilled: true }), [
      ...["it ended with code 137: out of memory", "`memoryMiB`"],
    ]));

  it("without a fault says that a service must not end", () =>
    assert.match(String(end({ ExitCode: 0 })), /must not end,`command`, or make it a job/));

  it("for no known reason names the secrets that had a dummy", () => {
    const env = [{ name: "TOKEN", valueFrom: { secretKeyRef: { key: "TOKEN" } } }];
    assert.deepEqual(end({}, { env }), ["it ended with code 1; a dummy: TOKEN", undefined]);
  });

  it("shows the last five lines", () => {
    const log = "1\n2\n\n3\n4\n5\n6\n";
    const { log: shown } = verdictOfEnd("start", state, { container, image, log });
    assert.deepEqual(shown, ["2", "3", "4", "5", "6"]);
  });
});

describe("a refused start", () => {
  const runc = "docker: Error response from daemon: runc create failed: exec:";
  for (const [message, seen, mend] of [
    [
      `${runc} "nosuch": executable file not found in $PATH`,
      "the image has no program nosuch",
      "`command`",
    ],
    [`${runc} "/a": permission denied: unknown`, "the user may not run /a", "`user` or `command`"],
    ["docker: no command specified\n\nRun 'docker'", "no command specified", "`command`"],
    ["docker: something else", "something else", "`image`"],
  ] as const) {
    it(`says: ${seen}`, () => {
      const verdict = verdictOfRefusedStart(message);
      assert.deepEqual(verdict, { level: "FAIL", check: "start", seen, mend });
    });
  }
});

describe("the user", () => {
  for (const [theirs, level] of [
    ["", "note"],
    ["root", "note"],
    ["0:0", "note"],
    ["node", "note"],
    ["101", "ok"],
    ["101:102", "ok"],
  ] as const) {
    it(`${theirs || "that is not named"} of an image is a ${level}`, () => {
      const verdict = verdictOfUser({ Architecture: "", Config: { User: theirs } }, "101:102");
      assert.equal(verdict.level, level);
      assert.equal(/root/.test(verdict.seen), /^(|root|0:0)$/.test(theirs));
    });
  }
});

describe("the architecture", () => {
  const here = { engine: "amd64", nodes: "arm64" };
  for (const [title, given, level, seen] of [
    ["of a build elsewhere", { ...here, built: true }, "note", /up builds it for arm64/],
    ["of a build like the nodes", { ...here, engine: "arm64", built: true }, "ok", /arm64/],
    ["that a registry has", { ...here, built: false, has: ["amd64", "arm64"] }, "ok", /^arm64$/],
    ["that is missing", { ...here, built: false, has: ["amd64"] }, "FAIL", /for amd64, the/],
    ["that nobody tells", { ...here, built: false }, "note", /not tried/],
  ] as const) {
    it(`${title} is ${level}`, () => {
      const { has, ...rest } = { has: undefined, ...given };
      const verdict = verdictOfArchitecture({ ...rest, ...(has && { has: [...has] }) });
      assert.equal(verdict.level, level);
      assert.match(verdict.seen, seen);
    });
  }
});

describe("a probe", () => {
  let server: Server;
  afterEach(() => void server?.close());
  const container = { name: "web", image: "", ports: [{ name: "http", containerPort: 8080 }] };
  const times = { periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 1 };
  const answer = async (of: Server, action: object) => {
    server = of.listen(0, "127.0.0.1");
    await once(server, "listening");
    const published = (port: number) =>
      port === 8080 ? (server.address() as AddressInfo).port : undefined;
    const exec = () => assert.fail("it is no command");
    return ask({ ...action, ...times }, container, { published, exec });
  };
  const http = (status: number) =>
    createServer((request, response) => {
      response.writeHead(request.url === "/readyz" ? status : 500).end();
    });
  const get = { httpGet: { path: "/readyz", port: "http" } };
  const tcp = { tcpSocket: { port: 8080 } };

  for (const [status, good] of [
    [200, true],
    [302, true],
    [404, false],
    [503, false],
  ] as const) {
    it(`by HTTP is ${good ? "" : "not "}content with ${status}`, async () =>
      assert.deepEqual(await answer(http(status), get), {
        ...{ good, seen: `GET /readyz on port 8080: ${status}` },
      }));
  }

  const closing = () => createTcpServer((socket) => socket.destroy());
  const refused = { good: false, seen: "nothing answers on port 8080", refused: 8080 };
  for (const [title, action] of [
    ["HTTP", get],
    ["TCP", tcp],
  ] as const) {
    it(`by ${title} is refused where the engine accepts and closes`, async () =>
      assert.deepEqual(await answer(closing(), action), refused));

    it(`by ${title} is refused where nothing listens`, async () => {
      const published = () => 1;
      const exec = () => assert.fail("it is no command");
      const given = await ask({ ...action, ...times }, container, { published, exec });
      assert.deepEqual(given, refused);
    });
  }

  it("by HTTP ends at its time", async () =>
    assert.deepEqual(await answer(createTcpServer(), get), {
      ...{ good: false, seen: "GET /readyz on port 8080 has no answer within 1 s" },
    }));

  it("by HTTP says that something else answers", async () => {
    const other = createTcpServer((socket) => socket.end("220 mail\r\n"));
    assert.match((await answer(other, get)).seen, /^GET \/readyz on port 8080: no HTTP/);
  });

  it("by TCP is content with a server that waits, or greets and goes", async () => {
    assert.ok((await answer(createTcpServer(), tcp)).good);
    server.close();
    assert.ok(
      (
        await answer(
          createTcpServer((socket) => socket.end("220\r\n")),
          tcp,
        )
      ).good,
    );
  });

  describe("by gRPC", () => {
    const grpc = { grpc: { port: 8080 } };
    let health: GrpcServer;
    afterEach(() => health?.forceShutdown());

    const askHealth = async (reply: number[] | undefined, service?: string) => {
      const bytes = (message: Buffer) => message;
      health = new GrpcServer();
      const asked: Buffer[] = [];
      const check = {
        path: `/${reply ? "grpc.health.v1.Health" : "other.Service"}/Check`,
        requestStream: false,
        responseStream: false,
        requestSerialize: bytes,
        requestDeserialize: bytes,
        responseSerialize: bytes,
        responseDeserialize: bytes,
      };
      health.addService({ check }, {
        check: ({ request }: { request: Buffer }, answer: (...args: unknown[]) => void) => {
          asked.push(request);
          answer(null, Buffer.from(reply ?? []));
        },
      } as never);
      const port = await new Promise<number>((resolve, reject) =>
        health.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
          error ? reject(error) : resolve(bound),
        ),
      );
      const probe = { grpc: { port: 8080, ...(service && { service }) }, ...times };
      const exec = () => assert.fail("it is no command");
      const given = await ask(probe, container, { published: () => port, exec });
      return { given, asked };
    };

    for (const [reply, good, seen] of [
      [[0x08, 1], true, "SERVING"],
      [[0x08, 2], false, "NOT_SERVING"],
      [[], false, "UNKNOWN"],
    ] as const) {
      it(`is ${good ? "" : "not "}content with ${seen}`, async () => {
        const { given } = await askHealth([...reply]);
        assert.deepEqual(given, { good, seen: `gRPC health on port 8080: ${seen}` });
      });
    }

    it("asks for the service that the probe names", async () => {
      const { asked } = await askHealth([0x08, 1], "cart");
      assert.deepEqual(asked, [Buffer.from("\n\u0004cart")]);
    });

    it("says that the process has no health service", async () => {
      const { given } = await askHealth(undefined);
      assert.deepEqual(given, {
        ...{ good: false, seen: `gRPC health on port 8080: ${status[status.UNIMPLEMENTED]}` },
      });
    });

    it("is refused where the engine accepts and closes", async () =>
      assert.deepEqual(await answer(closing(), grpc), refused));

    it("ends at its time", async () => {
      const silent = createTcpServer((socket) => void setTimeout(() => socket.destroy(), 1500));
      assert.deepEqual(await answer(silent, grpc), {
        ...{ good: false, seen: "gRPC health on port 8080 has no answer within 1 s" },
      });
    });
  });
});
