import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { Server as GrpcServer, ServerCredentials, status } from "@grpc/grpc-js";
import { afterEach, describe, it } from "mocha";
import {
  checkArchitecture,
  checkUser,
  endResult,
  reasonIn,
  refusedStartResult,
  runProbe,
} from "../../../tools/try/checks.ts";

describe("the reason in a log", () => {
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
  for (const [line, seen, setting] of cases) {
    it(`is found in: ${line}`, () =>
      assert.deepEqual(reasonIn(`starting\n${line}\nbye`), { seen, setting }));
  }

  it("is undefined without a known error", () =>
    assert.equal(reasonIn("listening on 8080\nbind mounts: none"), undefined));
});

describe("the end of a container", () => {
  const state = { Running: false, ExitCode: 1, OOMKilled: false };
  const container = { name: "web", image: "" };
  const image = { Architecture: "amd64", Config: {} };
  const end = (of: object, more = {}, log = "") => {
    const { seen, setting } = endResult(
      "start",
      { ...state, ...of },
      {
        ...{ container: { ...container, ...more }, image, log },
      },
    );
    return [seen, setting];
  };

  it("by the memory limit names the setting", () =>
    assert.deepEqual(end({ ExitCode: 137, OOMKilled: true }), [
      ...["it ended with code 137: out of memory", "`memoryMiB`"],
    ]));

  it("with code 0 is a failure of a service", () =>
    assert.match(String(end({ ExitCode: 0 })), /must not end,`command`, or make it a job/));

  it("without a known reason names the secrets with dummy values", () => {
    const env = [{ name: "TOKEN", valueFrom: { secretKeyRef: { key: "TOKEN" } } }];
    assert.deepEqual(end({}, { env }), ["it ended with code 1; dummy values: TOKEN", undefined]);
  });

  it("has the last five lines of the log", () => {
    const log = "1\n2\n\n3\n4\n5\n6\n";
    const { log: shown } = endResult("start", state, { container, image, log });
    assert.deepEqual(shown, ["2", "3", "4", "5", "6"]);
  });
});

describe("a start that the engine refuses", () => {
  const runc = "docker: Error response from daemon: runc create failed: exec:";
  for (const [message, seen, setting] of [
    [
      `${runc} "nosuch": executable file not found in $PATH`,
      "the image has no program nosuch",
      "`command`",
    ],
    [`${runc} "/a": permission denied: unknown`, "the user may not run /a", "`user` or `command`"],
    ["docker: no command specified\n\nRun 'docker'", "no command specified", "`command`"],
    ["docker: something else", "something else", "`image`"],
  ] as const) {
    it(`is reported as: ${seen}`, () => {
      const result = refusedStartResult(message);
      assert.deepEqual(result, { level: "FAIL", check: "start", seen, setting });
    });
  }
});

describe("the user of an image", () => {
  for (const [imageUser, level] of [
    ["", "note"],
    ["root", "note"],
    ["0:0", "note"],
    ["node", "note"],
    ["101", "ok"],
    ["101:102", "ok"],
  ] as const) {
    it(`${imageUser || "without a name"} has level ${level}`, () => {
      const result = checkUser({ Architecture: "", Config: { User: imageUser } }, "101:102");
      assert.equal(result.level, level);
      assert.equal(/root/.test(result.seen), /^(|root|0:0)$/.test(imageUser));
    });
  }
});

describe("the architecture", () => {
  const here = { engine: "amd64", nodes: "arm64" };
  for (const [title, given, level, seen] of [
    [
      "of a build for another architecture than the nodes'",
      { ...here, built: true },
      "note",
      /up builds it for arm64/,
    ],
    [
      "of a build for the nodes' architecture",
      { ...here, engine: "arm64", built: true },
      "ok",
      /arm64/,
    ],
    [
      "of the nodes, which the registry has,",
      { ...here, built: false, has: ["amd64", "arm64"] },
      "ok",
      /^arm64$/,
    ],
    [
      "of the nodes, which the registry does not have,",
      { ...here, built: false, has: ["amd64"] },
      "FAIL",
      /for amd64, the/,
    ],
    ["that the registry does not list", { ...here, built: false }, "note", /not checked/],
  ] as const) {
    it(`${title} has level ${level}`, () => {
      const { has, ...rest } = { has: undefined, ...given };
      const result = checkArchitecture({ ...rest, ...(has && { has: [...has] }) });
      assert.equal(result.level, level);
      assert.match(result.seen, seen);
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
    const publishedPort = (port: number) =>
      port === 8080 ? (server.address() as AddressInfo).port : undefined;
    const exec = () => assert.fail("the probe is not a command");
    return runProbe({ ...action, ...times }, container, { publishedPort, exec });
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
    it(`by HTTP ${good ? "passes" : "fails"} with status ${status}`, async () =>
      assert.deepEqual(await answer(http(status), get), {
        ...{ passed: good, seen: `GET /readyz on port 8080: ${status}` },
      }));
  }

  const closing = () => createTcpServer((socket) => socket.destroy());
  const refused = { passed: false, seen: "no process responds on port 8080", refusedPort: 8080 };
  for (const [title, action] of [
    ["HTTP", get],
    ["TCP", tcp],
  ] as const) {
    it(`by ${title} is refused where the engine closes the connection at once`, async () =>
      assert.deepEqual(await answer(closing(), action), refused));

    it(`by ${title} is refused without a listener`, async () => {
      const publishedPort = () => 1;
      const exec = () => assert.fail("the probe is not a command");
      const given = await runProbe({ ...action, ...times }, container, { publishedPort, exec });
      assert.deepEqual(given, refused);
    });
  }

  it("by HTTP ends at its timeout", async () =>
    assert.deepEqual(await answer(createTcpServer(), get), {
      ...{ passed: false, seen: "GET /readyz on port 8080 has no response within 1 s" },
    }));

  it("by HTTP fails with a server of another protocol", async () => {
    const other = createTcpServer((socket) => socket.end("220 mail\r\n"));
    assert.match((await answer(other, get)).seen, /^GET \/readyz on port 8080: no HTTP/);
  });

  it("by TCP passes with a server that waits, and with one that sends a greeting and closes", async () => {
    assert.ok((await answer(createTcpServer(), tcp)).passed);
    server.close();
    assert.ok(
      (
        await answer(
          createTcpServer((socket) => socket.end("220\r\n")),
          tcp,
        )
      ).passed,
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
      const exec = () => assert.fail("the probe is not a command");
      const given = await runProbe(probe, container, { publishedPort: () => port, exec });
      return { given, asked };
    };

    for (const [reply, good, seen] of [
      [[0x08, 1], true, "SERVING"],
      [[0x08, 2], false, "NOT_SERVING"],
      [[], false, "UNKNOWN"],
    ] as const) {
      it(`${good ? "passes" : "fails"} with ${seen}`, async () => {
        const { given } = await askHealth([...reply]);
        assert.deepEqual(given, { passed: good, seen: `gRPC health on port 8080: ${seen}` });
      });
    }

    it("sends the service name of the probe", async () => {
      const { asked } = await askHealth([0x08, 1], "cart");
      assert.deepEqual(asked, [Buffer.from("\n\u0004cart")]);
    });

    it("fails without a health service", async () => {
      const { given } = await askHealth(undefined);
      assert.deepEqual(given, {
        ...{ passed: false, seen: `gRPC health on port 8080: ${status[status.UNIMPLEMENTED]}` },
      });
    });

    it("is refused where the engine closes the connection at once", async () =>
      assert.deepEqual(await answer(closing(), grpc), refused));

    it("ends at its timeout", async () => {
      const silent = createTcpServer((socket) => void setTimeout(() => socket.destroy(), 1500));
      assert.deepEqual(await answer(silent, grpc), {
        ...{ passed: false, seen: "gRPC health on port 8080 has no response within 1 s" },
      });
    });
  });
});
