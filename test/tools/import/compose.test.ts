import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { after, before, describe, it } from "mocha";
import { parse } from "yaml";
import { projectFolder } from "../../../tools/graph/evaluate.ts";
import { PlanError } from "../../../tools/graph/plan-error.ts";
import { missingEdges } from "../../../tools/graph/required-order.ts";
import { acceptedFile } from "../../../tools/import/accepted-file.ts";
import { importApplication } from "../../../tools/import/application.ts";
import type { Imported } from "../../../tools/import/import-options.ts";
import { textOf, unknownKey } from "../../../tools/import/report.ts";
import { policyViolations } from "../../../tools/plan/violations.ts";
import { optionsOf, outcomeOf, unaccounted } from "../../support/imports.ts";
import { evaluateWith } from "../../support/other-settings.ts";

const samples = "test/tools/import/samples";

const braced = (inner: string) => `$\{${inner}}`;

describe("npm run import of a Compose file", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "import-compose-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** A Compose file of this text. */
  function compose(
    text: string,
    environment: Record<string, string> = {},
    profiles: string[] = [],
  ) {
    const file = join(folder, "compose.yaml");
    writeFileSync(file, text);
    return importApplication(file, { ...optionsOf(environment), profiles });
  }

  const service = (text: string) => compose(`services: { web: { image: example/web, ${text} } }`);

  describe("of five services", () => {
    let imported: Imported;
    let text: string;
    before(async () => {
      imported = importApplication(`${samples}/shop/compose.yaml`, optionsOf());
      text = await acceptedFile(imported.draft, "shop", projectFolder);
    });

    it("has the settings that do what the file did", () => {
      const { config } = parse(text);
      assert.deepEqual(config["platform:services"], {
        web: {
          image: { context: "service" },
          user: 65532,
          environment: {
            API_URL: "http://api:4000",
            PUBLIC_URL: "http://localhost:4000",
            NODE_ENV: "production",
          },
          secrets: { SESSION_SECRET: { secret: "test/web", key: "SESSION_SECRET" } },
          port: 8080,
          route: { path: "/" },
          health: {
            ready: { path: "/healthz", periodSeconds: 15, timeoutSeconds: 3, failures: 4 },
            start: { path: "/healthz", periodSeconds: 10, timeoutSeconds: 3, failures: 6 },
          },
          calls: ["api"],
        },
        api: {
          image: { reference: "docker.io/example/api:2.1" },
          environment: {
            LOG_LEVEL: "debug",
            DB_NAME: "$(DB_DATABASE)",
            REDIS_URL: "$(CACHE_URL)",
            UPLOADS: "/mnt/uploads/new",
            TZ: "Europe/Berlin",
          },
          secrets: { STRIPE_API_KEY: { secret: "test/api", key: "STRIPE_API_KEY" } },
          cpuLimitMillicores: 500,
          memoryMiB: 512,
          port: 4000,
          // Not http: its callers keep the port.
          protocol: "tcp",
          release: { command: ["npm", "run", "migrate", "--", "--all", "one two"] },
          uses: { uploads: "readWrite", db: "readWrite", cache: "readWrite" },
          minReplicas: 3,
          maxReplicas: 3,
        },
        worker: {
          image: { reference: "docker.io/example/worker:2.1" },
          args: ["node", "worker.js"],
          user: 1000,
          group: 1001,
          environment: { API: "api:4000" },
          secrets: { MAIL_KEY: { secret: "test/mail-key" } },
          writable: { "/tmp": 64 },
          worker: true,
          calls: ["api"],
          minReplicas: 1,
          maxReplicas: 1,
        },
      });
      assert.deepEqual(config["platform:resources"], {
        db: { kind: "postgres", version: "17" },
        cache: { kind: "cache" },
        uploads: { kind: "files" },
      });
      assert.equal(config["platform:cluster"].name, "shop");
    });

    it("has no value of a secret in the stack file", () => {
      assert.doesNotMatch(text, /dummy/);
    });

    it("is a plan without errors", async () => {
      const { resources } = await evaluateWith("shop", text);
      assert.ok(resources.length > 60);
      assert.deepEqual(missingEdges(resources), []);
      assert.deepEqual(policyViolations(resources), []);
    });
  });

  it("of two pages, a worker and two stores is a plan without errors", async () => {
    const { draft, report } = importApplication(`${samples}/votes/compose.yaml`, optionsOf());
    const { vote, result, worker } = draft.services;
    assert.deepEqual(vote?.route, { path: "/" });
    assert.deepEqual(result?.route, { path: "/result" });
    assert.deepEqual(worker?.uses, { redis: "readWrite", db: "readWrite" });
    assert.deepEqual(draft.resources, {
      redis: { kind: "cache" },
      db: { kind: "postgres", version: "16" },
    });
    assert.match(outcomeOf(report, "services.old"), /^left out: .*Amazon RDS.*3306/);
    const { resources } = await evaluateWith(
      "votes",
      await acceptedFile(draft, "votes", projectFolder),
    );
    assert.deepEqual(missingEdges(resources), []);
  });

  it("accounts for every key of the samples exactly once, and knows each", () => {
    for (const name of ["shop", "votes"]) {
      const imported = importApplication(`${samples}/${name}/compose.yaml`, optionsOf());
      assert.deepEqual(unaccounted(imported), []);
      assert.deepEqual(
        imported.report.entries
          .filter(({ why }) => why === unknownKey)
          .map(({ path }) => textOf(path)),
        [],
      );
    }
  });

  it("accounts for every key of any file, also for those that it does not know", () => {
    const value = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.constant(null),
      fc.dictionary(fc.string(), fc.string(), { maxKeys: 2 }),
    );
    const known = fc.constantFrom<[string, unknown]>(
      ["ports", ["80:8080", "53:53/udp"]],
      ["environment", { A: "b", TOKEN: "c", PORT: 80, NONE: null }],
      ["environment", ["A=http://other:80", "B"]],
      [
        "volumes",
        ["data:/data", "./src:/src", "/tmp", "/var/run/docker.sock:/var/run/docker.sock"],
      ],
      ["depends_on", ["other"]],
      ["healthcheck", { test: "curl localhost", interval: "5s", start_interval: "1s" }],
      [
        "deploy",
        {
          replicas: 2,
          mode: "global",
          placement: { constraints: ["a"] },
          resources: { limits: { cpus: 1, pids: 4 } },
        },
      ],
      ["command", "run it"],
      ["user", "root"],
      ["restart", "no"],
      ["networks", { back: { aliases: ["x"] } }],
      ["build", { context: ".", target: "dev", args: { A: "1" } }],
      ["tmpfs", ["/run"]],
      ["labels", ["traefik.enable=true"]],
      ["mem_limit", "64m"],
    );
    const name = fc
      .stringMatching(/^[a-z_]{3,12}$/)
      .filter((key) => !["extends", "secrets"].includes(key));
    const web = fc.tuple(fc.array(known), fc.dictionary(name, value, { maxKeys: 3 }));
    fc.assert(
      fc.property(
        web,
        fc.dictionary(fc.stringMatching(/^x-[a-z]{1,5}$/), value),
        ([keys, odd], top) => {
          const strange = Object.fromEntries(
            Object.entries(odd).map(([key, one]) => [`z${key}`, one]),
          );
          const web = { image: "example/web", ...strange, ...Object.fromEntries(keys) };
          const text = JSON.stringify({
            ...top,
            services: { web, other: { image: "nginx" } },
            volumes: { data: null, gone: {} },
          });
          assert.deepEqual(unaccounted(compose(text.replaceAll("$", "$$$$"))), []);
        },
      ),
      { numRuns: 150 },
    );
  });

  it("resolves variables as Compose does", () => {
    const text = (value: string, environment: Record<string, string> = {}) =>
      compose(
        `services: { web: { image: example/web, environment: { A: '${value}' } } }`,
        environment,
      ).draft.services.web?.environment?.A;
    assert.equal(text(braced("X:-a")), "a");
    assert.equal(text(braced("X:-a"), { X: "" }), "a");
    assert.equal(text(braced("X-a"), { X: "" }), "");
    assert.equal(text(braced(`X:-${braced("Y:-b")}c`)), "bc");
    assert.equal(text(braced("X:+d"), { X: "1" }), "d");
    assert.equal(text("$X-$$X", { X: "1" }), "1-$X");
    assert.equal(text("$X"), "");
  });

  it("resolves what variables of a file refer to, above them, but not in single quotes", () => {
    const lines = ["Z=1", `A=z$Z-${braced("B")}`, "B=2", "C='$Z'", "D=pa$5$", `E=${braced("OUT")}`];
    writeFileSync(join(folder, "some.env"), lines.join("\n"));
    const { draft } = compose("services: { web: { image: a/b, env_file: some.env } }", {
      OUT: "o",
    });
    assert.deepEqual(draft.services.web?.environment, {
      ...{ Z: "1", A: "z1-", B: "2", C: "$Z", D: "pa$5$", E: "o" },
    });
  });

  it("routes what has a port of the machine, and what has any only where nothing else is published", () => {
    const routes = (ports: string) =>
      Object.values(
        compose(
          `services: { web: { image: a/web, ports: ${ports} }, api: { image: a/api, ports: [5000] } }`,
        ).draft.services,
      ).map(({ route, port, protocol }) => [route?.path, port, protocol]);
    assert.deepEqual(routes('["81:80"]'), [
      ["/", 80, undefined],
      [undefined, 5000, "tcp"],
    ]);
    assert.deepEqual(routes("[80]"), [
      ["/", 80, undefined],
      ["/api", 5000, undefined],
    ]);
    assert.deepEqual(routes('["127.0.0.1:81:80"]'), [
      [undefined, 80, undefined],
      [undefined, 5000, "tcp"],
    ]);
  });

  it("takes the image that a file names where the Dockerfile is not in its folder", () => {
    const { draft, report } = compose(
      "services: { web: { image: 'ghcr.io/a/web:2', build: { context: ., dockerfile: web.Dockerfile } } }",
    );
    assert.deepEqual(draft.services.web?.image, { reference: "ghcr.io/a/web:2" });
    assert.match(outcomeOf(report, "services.web.build.dockerfile"), /^left out: nothing is built/);
    assert.match(String(draft.decisions.map(({ words }) => words)), /has no file web\.Dockerfile/);
  });

  it("builds by the Dockerfile, the stage and the arguments of the file", () => {
    writeFileSync(join(folder, "Containerfile"), "FROM scratch AS build\nFROM build AS dev\n");
    const build = (options: string) => {
      const lines = `services: { web: { build: { context: ., dockerfile: ./Containerfile, ${options} } } }`;
      const { draft, report } = compose(lines);
      return {
        image: draft.services.web?.image,
        outcome: (key: string) => outcomeOf(report, `services.web.build.${key}`),
      };
    };
    const { image, outcome } = build(
      "target: build, args: { NODE_IMAGE: 'a/node:1', NPM_TOKEN: x, VERSION: 2, HOST: }",
    );
    const own = { context: image?.context, dockerfile: "Containerfile" };
    assert.deepEqual(image, {
      ...own,
      target: "build",
      buildArgs: { NODE_IMAGE: "a/node:1" },
    });
    assert.match(outcome("target"), /^carried over/);
    assert.match(outcome("args.NODE_IMAGE"), /^carried over/);
    for (const name of ["NPM_TOKEN", "VERSION", "HOST"])
      assert.match(outcome(`args.${name}`), /^left out: it has no value, a secret/);
    assert.match(build("target: dev").outcome("target"), /^left out: the last stage/);
    assert.deepEqual(build("target: dev").image, own);
    assert.deepEqual(build("target: web").image, { reference: "registry.example.com/web:1" });
  });

  it("reads of a request in a health check its path, and keeps any other command", () => {
    const ready = (test: string) => {
      const health = service(`ports: [80], healthcheck: { test: ${test} }`).draft.services.web
        ?.health;
      const {
        periodSeconds: _,
        timeoutSeconds: __,
        failures: ___,
        ...check
      } = (health as { ready: Record<string, unknown> }).ready;
      return check;
    };
    assert.deepEqual(ready('["CMD-SHELL", "curl -fsS localhost/up || exit 1"]'), { path: "/up" });
    assert.deepEqual(ready('["CMD", "wget", "-q", "http://127.0.0.1:90/"]'), {
      path: "/",
      port: 90,
    });
    assert.deepEqual(ready('["CMD-SHELL", "curl localhost | grep ok"]'), {
      command: ["/bin/sh", "-c", "curl localhost | grep ok"],
    });
    assert.deepEqual(ready('["CMD", "curl", "http://other/up"]'), {
      command: ["curl", "http://other/up"],
    });
    assert.deepEqual(ready('["CMD", "pg_isready"]'), { command: ["pg_isready"] });
  });

  it("finds other services in variables that are addresses, and in no others", () => {
    const calls = (variables: string) =>
      compose(
        `services: { web: { image: a/web, environment: ${variables} }, api: { image: a/api, ports: ["81:5000"] } }`,
      ).draft.services.web;
    assert.deepEqual(calls("{ API_HOST: api }")?.calls, ["api"]);
    assert.deepEqual(calls("{ ALL: 'x,api:5000' }")?.calls, ["api"]);
    assert.equal(calls("{ KIND_TYPE: api }")?.calls, undefined);
    assert.equal(calls("{ API_URL: 'http://my-api:5000' }")?.calls, undefined);
    // Behind the load balancer it is called at port 80.
    assert.equal(calls("{ API_URL: 'http://api:5000/v1' }")?.environment?.API_URL, "http://api/v1");
  });

  it("asks a person where a callee's address changes and no variable has it", () => {
    const words = (web: string) =>
      compose(
        `services: { web: { image: a/web, ${web} }, api: { image: a/api, ports: ["81:5000"] } }`,
      ).draft.decisions.map((one) => `${one.at.join(".")}: ${one.words}`);
    assert.deepEqual(words("depends_on: [api]"), [
      "services.web: let the program call api at http://api, not at port 5000",
    ]);
    assert.deepEqual(words("depends_on: [api], environment: { API_URL: 'http://api:5000' }"), []);
    assert.deepEqual(words("environment: { TRACES: 'http://api:4318' }"), [
      "services.web: TRACES: api has one port, 5000, at which it is called at 80",
    ]);
    assert.deepEqual(words("user: root"), [
      "services.web: user: the number of the image's user, not root",
    ]);
  });

  it("takes the containers of databases as resources, and their addresses as Kubernetes fills them in", () => {
    const { draft, report } = compose(`services:
  web:
    image: a/web
    environment:
      PGHOST: sql
      JDBC: jdbc:postgresql://sql:5432/shop?sslmode=disable
      DATABASE_URL: postgres://shop:dummy@sql:5432/shop
      PG_PASSWORD_FILE: /run/secrets/sql-password
      CACHE: redis://cache:6379
      S3_ENDPOINT: http://store:9000
      S3_BUCKET: photos
      STORE_BUCKET: photos
      S3_SECRET_KEY: dummy
    secrets: [sql-password]
  sql: { image: "postgres:12", environment: { POSTGRES_DB: shop, POSTGRES_PASSWORD_FILE: /run/secrets/sql-password } }
  cache: { image: "valkey/valkey:8" }
  cache2: { image: redis }
  store: { image: minio/minio, environment: { MINIO_ROOT_PASSWORD: dummy } }
secrets: { sql-password: { file: a } }`);
    assert.deepEqual(draft.resources, {
      sql: { kind: "postgres", version: "16" },
      cache: { kind: "cache" },
      store: { kind: "bucket" },
    });
    assert.deepEqual(draft.services.web?.environment, {
      PGHOST: "$(SQL_HOST)",
      JDBC: "jdbc:postgresql://$(SQL_HOST):$(SQL_PORT)/$(SQL_DATABASE)?sslmode=require",
      PG_PASSWORD_FILE: "/run/secrets/platform/SQL_PASSWORD",
      CACHE: "$(CACHE_URL)",
      S3_BUCKET: "$(STORE_BUCKET)",
    });
    assert.deepEqual(draft.services.web?.uses, {
      sql: "readWrite",
      cache: "readWrite",
      store: "readWrite",
    });
    const left = (name: string) => outcomeOf(report, `services.web.environment.${name}`);
    assert.match(
      left("DATABASE_URL"),
      /^left out: .*in no URL; let the program build it of SQL_HOST/,
    );
    assert.match(
      left("S3_ENDPOINT"),
      /^left out: .*let the program use the bucket in STORE_BUCKET/,
    );
    assert.match(left("S3_SECRET_KEY"), /^left out: the role of the service opens the bucket/);
    assert.equal(
      left("STORE_BUCKET"),
      "changed: services.web.uses.store; `uses` gives it, of store",
    );
    assert.match(outcomeOf(report, "services.cache2"), /^left out: a stack has one cache/);
  });

  it("calls by its name who is published on the machine, in either form of a port", () => {
    for (const port of ["'127.0.0.1:8081:8080'", "{ target: 8080, published: '8081' }"]) {
      const { draft } = compose(
        `services: { web: { image: a/web, ports: ['80:80'], environment: { API_URL: 'http://localhost:8081/v1' } }, api: { image: a/api, ports: [${port}] } }`,
      );
      const { calls, environment } = draft.services.web ?? {};
      assert.deepEqual(
        [calls, environment?.API_URL?.replace(/:\d+/, "")],
        [["api"], "http://api/v1"],
      );
    }
  });

  it("keeps what is secret out of the stack file, by the name of a variable or in a URL", () => {
    const { draft } = service(
      "environment: { API_KEY: dummy, AMQP: 'amqp://user:dummy@rabbit/', SECRET_FILE: /run/a, ALLOW_EMPTY_PASSWORD: 'yes', TOKEN_TTL: 60 }",
    );
    assert.deepEqual(Object.keys(draft.services.web?.secrets ?? {}), ["API_KEY", "AMQP"]);
    assert.deepEqual(Object.keys(draft.services.web?.environment ?? {}), [
      ...["SECRET_FILE", "ALLOW_EMPTY_PASSWORD", "TOKEN_TTL"],
    ]);
  });

  it("takes included files, files of variables and jobs of Swarm, and accounts for all of it", () => {
    writeFileSync(
      join(folder, "more.yaml"),
      "services: { db: { image: 'postgres:17' } }\nvolumes: { v: }",
    );
    writeFileSync(join(folder, "some.env"), "A=1\n");
    const imported = compose(
      `include: [more.yaml]
services:
  web: { image: a/web, env_file: [{ path: some.env, required: true }, { path: gone.env, required: false }] }
  clean: { image: a/clean, deploy: { mode: replicated-job, replicas: 1 }, depends_on: [db] }`,
    );
    assert.deepEqual(unaccounted(imported), []);
    assert.deepEqual(
      imported.report.entries.filter(({ why }) => why === unknownKey),
      [],
    );
    const { services, jobs, resources } = imported.draft;
    assert.deepEqual(services.web?.environment, { A: "1" });
    assert.deepEqual(jobs.clean?.uses, { db: "readWrite" });
    assert.deepEqual(resources, { db: { kind: "postgres", version: "17" } });
  });

  it("takes a profile that is named, and leaves the others out by name", () => {
    const text = "services: { web: { image: a/b }, tool: { image: a/c, profiles: [tools] } }";
    assert.deepEqual(Object.keys(compose(text).draft.services), ["web"]);
    assert.match(outcomeOf(compose(text).report, "services.tool"), /--profile tools/);
    assert.deepEqual(Object.keys(compose(text, {}, ["tools"]).draft.services), ["web", "tool"]);
  });

  const refused: [what: string, text: string, message: RegExp][] = [
    ["no YAML", "services: [", /compose\.yaml: is no YAML: Flow sequence .+ at line 1, column 12/],
    [
      "no services",
      "volumes: { a: }",
      /compose\.yaml: services is missing; allowed: a map of services by name$/,
    ],
    [
      "an empty map of services",
      "services: {}",
      /compose\.yaml: services \{\} is not allowed; allowed: at least one service/,
    ],
    [
      "a missing env_file",
      "services: { web: { image: a, env_file: gone.env } }",
      /services\.web\.env_file "gone\.env" is not allowed; allowed: a file that is there/,
    ],
    [
      "a variable that must be",
      `services: { web: { image: 'a:${braced("TAG:?say which")}' } }`,
      /services\.web\.image "\$\{TAG:\?say which\}" is not allowed; allowed: a value for TAG, in the environment or in \.env: say which/,
    ],
    [
      "a circle of extends",
      "services: { a: { extends: b }, b: { extends: { service: a } } }",
      /services\.b\.extends "a" is not allowed; allowed: a service that does not extend this one in turn/,
    ],
    [
      "an unknown service to extend",
      "services: { web: { extends: wed } }",
      /services\.web\.extends "wed" is not allowed; allowed: a service of .*compose\.yaml such as web/,
    ],
    [
      "an unknown service to wait for",
      "services: { web: { image: a, depends_on: [no] } }",
      /services\.web\.depends_on\[0\] "no" is not allowed/,
    ],
    [
      "an unknown secret",
      "services: { web: { image: a, secrets: [no] } }",
      /services\.web\.secrets\[0\] "no" is not allowed; allowed: a secret of the file, which has none/,
    ],
    [
      "another type",
      "services: { web: { image: a, ports: 80 } }",
      /services\.web\.ports 80 is not allowed; allowed: a list of ports/,
    ],
    [
      "a size that is none",
      "services: { web: { image: a, mem_limit: much } }",
      /services\.web\.mem_limit "much" is not allowed; allowed: a size such as 512M/,
    ],
    [
      "a lone dollar",
      "services: { web: { image: 'a$' } }",
      /services\.web\.image "a\$" is not allowed; allowed: \$NAME/,
    ],
    [
      "nothing that runs",
      "services: { p: { image: portainer/portainer-ce } }",
      /compose\.yaml: has no service that the platform runs; allowed: at least one; left out: services\.p \(it works on a Docker engine/,
    ],
  ];
  for (const [what, text, message] of refused) {
    it(`refuses ${what} by one error`, () => {
      assert.throws(
        () => compose(text),
        (error: Error) => {
          assert.ok(error instanceof PlanError);
          assert.match(error.message, message);
          return !error.message.includes("\n");
        },
      );
    });
  }
});
