import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { problems, type Slices, valid, web } from "../../support/setting-problems.ts";

const built = { context: "service" };
const redis = { reference: "docker.io/library/redis:8" };
const digest = `sha256:${"a".repeat(64)}`;

const domain = {
  domain: { hostedZoneId: "Z0123456789ABC", hostName: "platform.example.com" },
} satisfies Slices;
const production: Slices = {
  environment: "production",
  cluster: { deletionProtection: true },
  ingress: { deletionProtection: true },
  logs: { retentionDays: 30 },
};
const environments: Slices = { ...domain, pullRequests: { environments: 1 } };

/** For more pods than those of one service. */
const room: Slices = { nodes: { desiredSize: 4 } };
/** Changes of a service that nobody calls. */
const worker = (changes: object) => web({ route: undefined, worker: true, ...changes });
/** Changes of one job. */
const job = (changes: object) => ({ jobs: { tidy: { image: built, ...changes } } });
/** Changes of a container beside the service, or before it. */
const sidecar = (changes: object) => web({ sidecars: { proxy: { image: redis, ...changes } } });
const before = (changes: object) => web({ before: { migrate: { image: built, ...changes } } });
/** More services than the one. */
const others = (services: Record<string, object>) => ({
  services: Object.fromEntries(
    Object.entries(services).map(([name, one]) => [name, { image: built, ...one }]),
  ),
});
const secret = (changes: object) => web({ secrets: { DB: changes } });

const wrong: [title: string, changes: Slices, line: string][] = [
  // Each key by itself.
  [
    "a port in quotes",
    web({ port: "8080" }),
    'services.web.port: "8080" is not allowed: a whole number from 1 to 65535',
  ],
  ["port 0", web({ port: 0 }), "services.web.port: 0 is not allowed: at least 1"],
  [
    "a port beyond the last",
    web({ port: 65_536 }),
    "services.web.port: 65536 is not allowed: at most 65535",
  ],
  [
    "half a port",
    web({ port: 80.5 }),
    "services.web.port: 80.5 is not allowed: a whole number from 1 to 65535",
  ],
  [
    "an unknown protocol",
    web({ protocol: "https" }),
    'services.web.protocol: "https" is not allowed: one of http, http2, grpc, tcp',
  ],
  [
    "a command as one text",
    web({ command: "node server.js" }),
    'services.web.command: "node server.js" is not allowed: a command as a list of texts',
  ],
  [
    "an empty command",
    web({ command: [] }),
    "services.web.command: [] is not allowed: a command as a list of texts",
  ],
  [
    "a number in a command",
    web({ command: ["sleep", 5] }),
    "services.web.command.1: 5 is not allowed: a command as a list of texts",
  ],
  [
    "arguments as one text",
    web({ args: "--quiet" }),
    'services.web.args: "--quiet" is not allowed: arguments as a list of texts',
  ],
  [
    "no arguments",
    web({ args: [] }),
    "services.web.args: [] is not allowed: arguments as a list of texts",
  ],
  ["root", web({ user: 0 }), "services.web.user: 0 is not allowed: at least 1"],
  [
    "a user by name",
    web({ user: "node" }),
    'services.web.user: "node" is not allowed: a whole number from 1 to 2147483647',
  ],
  [
    "a user beyond Kubernetes' last",
    web({ user: 2_147_483_648 }),
    "services.web.user: 2147483648 is not allowed: at most 2147483647",
  ],
  ["root's group", web({ group: 0 }), "services.web.group: 0 is not allowed: at least 1"],
  [
    "an architecture of another kind",
    web({ architecture: "x86" }),
    'services.web.architecture: "x86" is not allowed: one of arm64, amd64',
  ],
  [
    "variables as a list",
    web({ environment: ["A=1"] }),
    'services.web.environment: ["A=1"] is not allowed: variables by name',
  ],
  [
    "a variable that begins with a digit",
    web({ environment: { "1ST": "a" } }),
    "services.web.environment: 1ST is not allowed: a variable such as DB_HOST: letters, digits and _.-, not beginning with a digit",
  ],
  [
    "a variable with a space",
    web({ environment: { "A B": "a" } }),
    "services.web.environment: A B is not allowed: a variable such as DB_HOST: letters, digits and _.-, not beginning with a digit",
  ],
  [
    "a number as a variable's value",
    web({ environment: { RETRIES: 3 } }),
    "services.web.environment.RETRIES: 3 is not allowed: a text; numbers in quotes",
  ],
  [
    "a switch as a variable's value",
    web({ environment: { DEBUG: true } }),
    "services.web.environment.DEBUG: true is not allowed: a text; numbers in quotes",
  ],
  [
    "secrets as a list",
    web({ secrets: ["DB"] }),
    'services.web.secrets: ["DB"] is not allowed: secrets by variable',
  ],
  [
    "a secret as one text",
    web({ secrets: { DB: "shop/db" } }),
    'services.web.secrets.DB: "shop/db" is not allowed: a map of settings',
  ],
  [
    "a secret with a misspelled key",
    secret({ sekret: "shop/db" }),
    "services.web.secrets.DB.sekret: there is no such setting; secret is the nearest",
  ],
  [
    "a secret from nowhere",
    secret({}),
    "services.web.secrets.DB: {} is not allowed: either secret or parameter",
  ],
  [
    "a secret from two places",
    secret({ secret: "shop/db", parameter: "/shop/db" }),
    'services.web.secrets.DB: {"secret":"shop/db","parameter":"/shop/db"} is not allowed: either secret or parameter',
  ],
  [
    "a key of a parameter",
    secret({ parameter: "/shop/db", key: "url" }),
    'services.web.secrets.DB: {"parameter":"/shop/db","key":"url"} is not allowed: key goes with secret: a parameter is taken whole',
  ],
  [
    "a secret's name with a space",
    secret({ secret: "shop db" }),
    'services.web.secrets.DB.secret: "shop db" is not allowed: the name of a secret of Secrets Manager, or its ARN with the six characters at its end',
  ],
  [
    "an ARN of a secret without its end",
    secret({ secret: "arn:aws:secretsmanager:eu-central-1:111122223333:secret:shop" }),
    'services.web.secrets.DB.secret: "arn:aws:secretsmanager:eu-central-1:111122223333:secret:shop" is not allowed: the name of a secret of Secrets Manager, or its ARN with the six characters at its end',
  ],
  [
    "a key with quotes",
    secret({ secret: "shop/db", key: 'a"b' }),
    'services.web.secrets.DB.key: "a\\"b" is not allowed: a key of the secret\'s JSON',
  ],
  [
    "an empty key",
    secret({ secret: "shop/db", key: "" }),
    'services.web.secrets.DB.key: "" is not allowed: a key of the secret\'s JSON',
  ],
  [
    "a parameter's path without a / at its beginning",
    secret({ parameter: "shop/db" }),
    'services.web.secrets.DB.parameter: "shop/db" is not allowed: the name of an SSM parameter such as /shop/token, or its ARN',
  ],
  [
    "a parameter's path with a / at its end",
    secret({ parameter: "/shop/db/" }),
    'services.web.secrets.DB.parameter: "/shop/db/" is not allowed: the name of an SSM parameter such as /shop/token, or its ARN',
  ],
  [
    "a variable of a secret that is no name",
    web({ secrets: { "DB:URL": { secret: "db" } } }),
    "services.web.secrets: DB:URL is not allowed: a variable such as DB_HOST: letters, digits and _.-, not beginning with a digit",
  ],
  [
    "a folder that is not absolute",
    web({ writable: { tmp: 64 } }),
    "services.web.writable: tmp is not allowed: an absolute path such as /tmp, without a colon and without a / at its end",
  ],
  [
    "all folders",
    web({ writable: { "/": 64 } }),
    "services.web.writable: / is not allowed: an absolute path such as /tmp, without a colon and without a / at its end",
  ],
  [
    "a folder with a / at its end",
    web({ writable: { "/tmp/": 64 } }),
    "services.web.writable: /tmp/ is not allowed: an absolute path such as /tmp, without a colon and without a / at its end",
  ],
  [
    "a folder by way of another",
    web({ writable: { "/tmp/../etc": 64 } }),
    "services.web.writable: /tmp/../etc is not allowed: an absolute path such as /tmp, without a colon and without a / at its end",
  ],
  [
    "a folder with a colon",
    web({ writable: { "/a:b": 64 } }),
    "services.web.writable: /a:b is not allowed: an absolute path such as /tmp, without a colon and without a / at its end",
  ],
  [
    "a folder without room",
    web({ writable: { "/tmp": 0 } }),
    "services.web.writable./tmp: 0 is not allowed: at least 1",
  ],
  [
    "a folder's size in words",
    web({ writable: { "/tmp": "64Mi" } }),
    'services.web.writable./tmp: "64Mi" is not allowed: a whole number from 1 to 65536',
  ],
  [
    "folders as a list",
    web({ writable: ["/tmp"] }),
    'services.web.writable: ["/tmp"] is not allowed: sizes in MiB by path',
  ],
  [
    "health by a number",
    web({ health: 8080 }),
    "services.web.health: 8080 is not allowed: a path such as /healthz, none, or a map of ready, live and start",
  ],
  [
    "health by a path that is none",
    web({ health: "healthz" }),
    'services.web.health: "healthz" is not allowed: a path such as /healthz, or none',
  ],
  [
    "health by nothing",
    web({ health: {} }),
    "services.web.health: {} is not allowed: at least one of ready, live and start",
  ],
  [
    "a misspelled kind of health",
    web({ health: { redy: "/healthz" } }),
    "services.web.health.redy: there is no such setting; ready is the nearest",
  ],
  [
    "a check by a path that is none",
    web({ health: { ready: "healthz" } }),
    'services.web.health.ready: "healthz" is not allowed: a path such as /healthz',
  ],
  [
    "a check by a list",
    web({ health: { live: ["/healthz"] } }),
    'services.web.health.live: ["/healthz"] is not allowed: a path such as /healthz, or a map with one of path, tcp, grpc and command',
  ],
  [
    "a check by nothing",
    web({ health: { start: {} } }),
    "services.web.health.start: {} is not allowed: one of path, tcp, grpc and command",
  ],
  [
    "a check by times alone",
    web({ health: { ready: { failures: 3 } } }),
    'services.web.health.ready: {"failures":3} is not allowed: one of path, tcp, grpc and command',
  ],
  [
    "a check in two ways",
    web({ health: { ready: { path: "/", tcp: 8080 } } }),
    'services.web.health.ready: {"path":"/","tcp":8080} is not allowed: one of path, tcp, grpc and command',
  ],
  [
    "a port of a check that is one",
    web({ health: { ready: { grpc: 8080, port: 1 } } }),
    'services.web.health.ready: {"grpc":8080,"port":1} is not allowed: port goes with path: tcp and grpc are ports themselves',
  ],
  [
    "a check at port 0",
    web({ health: { ready: { tcp: 0 } } }),
    "services.web.health.ready.tcp: 0 is not allowed: at least 1",
  ],
  [
    "a check's port in quotes",
    web({ health: { ready: { grpc: "8080" } } }),
    'services.web.health.ready.grpc: "8080" is not allowed: a whole number from 1 to 65535',
  ],
  [
    "a check without a pause",
    web({ health: { ready: { path: "/", periodSeconds: 0 } } }),
    "services.web.health.ready.periodSeconds: 0 is not allowed: at least 1",
  ],
  [
    "a check's time in words",
    web({ health: { live: { tcp: 1, timeoutSeconds: "2s" } } }),
    'services.web.health.live.timeoutSeconds: "2s" is not allowed: a whole number from 1 to 60',
  ],
  [
    "a misspelled key of a check",
    web({ health: { live: { path: "/", failure: 3 } } }),
    "services.web.health.live.failure: there is no such setting; failures is the nearest",
  ],
  [
    "a check's empty command",
    web({ health: { live: { command: [] } } }),
    "services.web.health.live.command: [] is not allowed: a command as a list of texts",
  ],
  [
    "a check's command as one text",
    web({ health: { live: { command: "true" } } }),
    'services.web.health.live.command: "true" is not allowed: a command as a list of texts',
  ],
  [
    "an unknown way to drain",
    web({ drain: "wait" }),
    'services.web.drain: "wait" is not allowed: one of sleep, own',
  ],
  [
    "a release without a command",
    web({ release: {} }),
    "services.web.release.command: is missing; allowed: a command as a list of texts",
  ],
  [
    "a release by a text",
    web({ release: "migrate" }),
    'services.web.release: "migrate" is not allowed: a map of settings',
  ],
  [
    "a release without end",
    web({ release: { command: ["m"], deadlineSeconds: 3601 } }),
    "services.web.release.deadlineSeconds: 3601 is not allowed: at most 3600",
  ],
  [
    "a release without any try",
    web({ release: { command: ["m"], retries: -1 } }),
    "services.web.release.retries: -1 is not allowed: at least 0",
  ],
  [
    "calls as one text",
    web({ calls: "orders" }),
    'services.web.calls: "orders" is not allowed: a list of services',
  ],
  [
    "a call of a name that is none",
    web({ calls: ["Orders"] }),
    'services.web.calls.0: "Orders" is not allowed: a name of 2 to 30 of a-z, 0-9 and single -, beginning with a letter',
  ],
  [
    "a worker by a word",
    web({ worker: "yes" }),
    'services.web.worker: "yes" is not allowed: true or false',
  ],
  [
    "a heap of all memory",
    web({ nodeHeapPercent: 100 }),
    "services.web.nodeHeapPercent: 100 is not allowed: at most 90",
  ],
  [
    "memory to aim at beyond all",
    web({ targetMemoryPercent: 96 }),
    "services.web.targetMemoryPercent: 96 is not allowed: at most 95",
  ],
  [
    "a sidecar as root",
    sidecar({ user: 0 }),
    "services.web.sidecars.proxy.user: 0 is not allowed: at least 1",
  ],
  [
    "a sidecar with a port",
    sidecar({ port: 8080 }),
    "services.web.sidecars.proxy.port: there is no such setting",
  ],
  [
    "a sidecar whose name is none",
    web({ sidecars: { Proxy: { image: redis } } }),
    "services.web.sidecars: Proxy is not allowed: a name of 2 to 30 of a-z, 0-9 and single -, beginning with a letter",
  ],
  [
    "two hyphens in a row, which ECR refuses",
    others({ "a--b": {} }),
    "services: a--b is not allowed: a name of 2 to 30 of a-z, 0-9 and single -, beginning with a letter",
  ],
  [
    "a sidecar without an image",
    web({ sidecars: { proxy: {} } }),
    "services.web.sidecars.proxy.image: is missing; allowed: a map of settings",
  ],
  [
    "health of a container that ends",
    before({ health: "/" }),
    "services.web.before.migrate.health: there is no such setting",
  ],
  [
    "sidecars as a list",
    web({ sidecars: [] }),
    "services.web.sidecars: [] is not allowed: containers by name",
  ],

  // Images.
  [
    "an image without a tag",
    web({ image: { reference: "redis" } }),
    'services.web.image.reference: "redis" is not allowed: an image with a tag or digest, such as docker.io/library/redis:8',
  ],
  [
    "a port for a tag",
    web({ image: { reference: "localhost:5000/x" } }),
    'services.web.image.reference: "localhost:5000/x" is not allowed: an image with a tag or digest, such as docker.io/library/redis:8',
  ],
  [
    "an image in capitals",
    web({ image: { reference: "Redis:8" } }),
    'services.web.image.reference: "Redis:8" is not allowed: an image with a tag or digest, such as docker.io/library/redis:8',
  ],
  [
    "an image with half a digest",
    web({ image: { reference: "redis@sha256:12ab" } }),
    'services.web.image.reference: "redis@sha256:12ab" is not allowed: an image with a tag or digest, such as docker.io/library/redis:8',
  ],
  [
    "an image as an address",
    web({ image: { reference: "https://ghcr.io/a/b:1" } }),
    'services.web.image.reference: "https://ghcr.io/a/b:1" is not allowed: an image with a tag or digest, such as docker.io/library/redis:8',
  ],
  [
    "an empty context",
    web({ image: { context: "" } }),
    'services.web.image.context: "" is not allowed: a folder with a Dockerfile, such as service',
  ],
  [
    "an image of two kinds",
    web({ image: { ...built, ...redis } }),
    "services.web.image: has context and reference; allowed: one of them",
  ],
  [
    "a Dockerfile of an image that is not built",
    web({ image: { ...redis, dockerfile: "web.Dockerfile" } }),
    'services.web.image.dockerfile: "web.Dockerfile" needs services.web.image.context: nothing is built',
  ],
  [
    "an argument of an image that is not built",
    web({ image: { ...redis, buildArgs: { NODE_IMAGE: "node:24" } } }),
    'services.web.image.buildArgs: {"NODE_IMAGE":"node:24"} needs services.web.image.context: nothing is built',
  ],
  [
    "a Dockerfile outside of its context",
    web({ image: { ...built, dockerfile: "docker/../../Dockerfile" } }),
    'services.web.image.dockerfile: "docker/../../Dockerfile" is not allowed: the path of a file in image.context, such as docker/web.Dockerfile',
  ],
  [
    "a build argument of the program",
    web({ image: { ...built, buildArgs: { REVISION: "1" } } }),
    "services.web.image.buildArgs.REVISION: the program gives it; allowed: another name",
  ],
  [
    "a secret as a build argument",
    web({ image: { ...built, buildArgs: { NPM_TOKEN: "x" } } }),
    "services.web.image.buildArgs.NPM_TOKEN: its name says that it is secret, and the image's history shows it; allowed: services.web.secrets.NPM_TOKEN when it runs",
  ],
  [
    "another's image with a digest",
    others({ api: { image: { sameAs: "web", digest } } }),
    "services.api.image.digest: is not allowed with services.api.image.sameAs: it has the image of web",
  ],
  [
    "the image of nobody",
    others({ api: { image: { sameAs: "wep" } } }),
    "services.api.image.sameAs: wep is no service; allowed: a service such as web",
  ],
  [
    "its own image of another",
    web({ image: { sameAs: "web" } }),
    "services.web.image.sameAs: web is the service itself; allowed: another service",
  ],
  [
    "the image of one that has another's",
    others({ api: { image: { sameAs: "web" } }, shop: { image: { sameAs: "api" } } }),
    "services.shop.image.sameAs: api has the image of web; allowed: web",
  ],
  [
    "sidecars with the images of each other",
    others({
      api: { maxReplicas: 2, sidecars: { proxy: { image: { sameAs: "shop" } } } },
      shop: { maxReplicas: 2, sidecars: { proxy: { image: { sameAs: "api" } } } },
    }),
    "services.api: has, by sameAs, the image of a service that has an image of this one; allowed: one direction",
  ],
  [
    "the name of another one's release job",
    others({ "web-release": {} }),
    "services.web-release: is how what belongs to services.web is named; allowed: another name",
  ],
  [
    "the name of another one's way to a callee",
    others({ "web-calls-api": {} }),
    "services.web-calls-api: is how what belongs to services.web is named; allowed: another name",
  ],
  [
    "a sidecar without any source of an image",
    web({ sidecars: { proxy: { image: {} } } }),
    "services.web.sidecars.proxy.image: needs a context to build, the reference of an image, sameAs a service, or the digest of an image that was pushed",
  ],

  // Containers among each other, and what is around them.
  [
    "a job of a service's name",
    { jobs: { web: { image: built } } },
    "jobs.web: is the name of a service too; allowed: another name",
  ],
  [
    "a job in a namespace of Kubernetes",
    { jobs: { default: { image: built } } },
    "jobs.default: is not allowed: the namespace is Kubernetes's",
  ],
  [
    "a service whose image is named as a sidecar's",
    { services: { ...sidecar({}).services, "web-proxy": { image: built } } },
    "services.web-proxy: its image would be named web-proxy, as another one; allowed: another name",
  ],
  [
    "a job whose image is named as a sidecar's",
    { ...sidecar({}), jobs: { "web-proxy": { image: built } } },
    "jobs.web-proxy: its image would be named web-proxy, as another one; allowed: another name",
  ],
  [
    "two containers of one name",
    web({ sidecars: { aa: { image: redis } }, before: { aa: { image: built } } }),
    "services.web: has two containers of the name aa; allowed: one",
  ],
  [
    "a sidecar of the service's name",
    web({ sidecars: { web: { image: redis } } }),
    "services.web: has two containers of the name web; allowed: one",
  ],
  [
    "a call of nobody",
    web({ calls: ["wep"] }),
    "services.web.calls: wep is no service; allowed: a service such as web",
  ],
  [
    "a call of a name that every object has",
    job({ calls: ["constructor"] }),
    "jobs.tidy.calls: constructor is no service; allowed: a service such as web",
  ],
  [
    "a call of itself",
    web({ calls: ["web"] }),
    "services.web.calls: web is the service itself; allowed: other services",
  ],
  [
    "a call of a service twice",
    job({ calls: ["web", "web"] }),
    "jobs.tidy.calls: web is named twice",
  ],
  [
    "a call of a worker",
    others({ mail: { worker: true }, api: { calls: ["mail"] } }),
    "services.api.calls: mail is a worker, which has no port to be called at",
  ],
  [
    "a job's permissions that nothing can use",
    job({ policyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"] }),
    "jobs.tidy.policyArns: needs an egress rule for port 443, on which AWS answers",
  ],
  [
    "a job's way to the instance metadata",
    job({ egress: [{ cidrBlock: "169.254.169.254/32", port: 80 }] }),
    "jobs.tidy.egress: 169.254.169.254/32 is the instance metadata, which no pod may reach",
  ],
  [
    "one pod behind the load balancer",
    web({ minReplicas: 1 }),
    "services.web.minReplicas: 1 is not allowed behind the load balancer: at least 2, or each disruption is an outage",
  ],
  [
    "Node.js in too little memory",
    web({ nodeHeapPercent: 65, memoryMiB: 64 }),
    "services.web.memoryMiB: 64 is too little for Node.js with services.web.nodeHeapPercent; allowed: at least 128",
  ],
  [
    "a route of a worker",
    web({ worker: true }),
    "services.web.route: a worker has no port; allowed: no route, or services.web.worker false",
  ],
  [
    "a port of a worker",
    worker({ port: 8080 }),
    "services.web.port: 8080 is not allowed: a worker has no port",
  ],
  [
    "a protocol of a worker",
    worker({ protocol: "grpc" }),
    "services.web.protocol: grpc is not allowed: a worker has no port",
  ],
  [
    "a route by TCP",
    web({ protocol: "tcp" }),
    "services.web.protocol: tcp is not allowed with services.web.route: the load balancer speaks http, http2 and grpc",
  ],
  [
    "gRPC behind a load balancer without HTTPS",
    web({ protocol: "grpc" }),
    "services.web.protocol: grpc with a route needs domain: it is balanced by HTTPS only",
  ],
  [
    "HTTP/2 behind a load balancer without HTTPS",
    web({ protocol: "http2" }),
    "services.web.protocol: http2 with a route needs domain: it is balanced by HTTPS only",
  ],
  [
    "the port of the metrics",
    web({ drain: "own", port: 9090 }),
    "services.web.port: 9090 is the port of the metrics of a service with services.web.drain own",
  ],
  [
    "a level of logs that nobody reads",
    web({ logLevel: "debug" }),
    "services.web.logLevel: debug needs services.web.drain own: another process does not read it; allowed: a variable in services.web.environment",
  ],
  [
    "trials of a process that has none",
    web({ faultInjection: true }),
    "services.web.faultInjection: true needs services.web.drain own: another process has no such routes",
  ],
  [
    "a request above the limit",
    sidecar({ cpuMillicores: 200, cpuLimitMillicores: 100 }),
    "services.web.sidecars.proxy.cpuMillicores: 200 is above services.web.sidecars.proxy.cpuLimitMillicores 100",
  ],
  [
    "an architecture that no node has",
    sidecar({ architecture: "amd64" }),
    "services.web.sidecars.proxy.architecture: amd64 does not run on nodes.architecture arm64",
  ],
  [
    "a variable that is a secret too",
    web({ environment: { DB: "a" }, secrets: { DB: { secret: "db" } } }),
    "services.web.environment.DB: is in services.web.secrets too; allowed: one of them",
  ],
  [
    "a folder over the secrets",
    web({ writable: { "/run/secrets": 64 } }),
    "services.web.writable: /run/secrets has the secrets of the pod; allowed: another folder",
  ],
  [
    "a folder over the secrets by another way",
    web({ writable: { "/var/run/secrets/x": 64 } }),
    "services.web.writable: /var/run/secrets/x has the secrets of the pod; allowed: another folder",
  ],
  [
    "a folder of the kernel",
    web({ writable: { "/proc/x": 64 } }),
    "services.web.writable: /proc/x is the kernel's; allowed: another folder",
  ],
  [
    "PORT",
    web({ environment: { PORT: "80" } }),
    "services.web.environment.PORT: follows from services.web.port; allowed: there",
  ],
  [
    "PORT from a secret",
    web({ secrets: { PORT: { secret: "port" } } }),
    "services.web.secrets.PORT: follows from services.web.port; allowed: there",
  ],
  [
    "NODE_OPTIONS and a heap",
    web({ nodeHeapPercent: 65, environment: { NODE_OPTIONS: "-v" } }),
    "services.web.environment.NODE_OPTIONS: follows from services.web.nodeHeapPercent; allowed: there",
  ],
  [
    "the clock of a rollout",
    web({ drain: "own", environment: { DRAIN_MAX_SECONDS: "1" } }),
    "services.web.environment.DRAIN_MAX_SECONDS: follows from services.web.drainSeconds; allowed: there",
  ],
  [
    "trials by a variable",
    web({ drain: "own", environment: { FAULT_INJECTION: "true" } }),
    "services.web.environment.FAULT_INJECTION: follows from services.web.faultInjection; allowed: there",
  ],
  [
    "no health with a port",
    web({ health: "none" }),
    "services.web.health: none is not allowed with a port: no rollout could be judged; allowed: a path, or services.web.worker true",
  ],
  [
    "a path without a port, beside",
    sidecar({ health: "/healthz" }),
    "services.web.sidecars.proxy.health: /healthz needs a port; allowed: { path: /healthz, port: 8080 }, tcp or a command",
  ],
  [
    "a check's path without a port, beside",
    sidecar({ health: { live: { path: "/healthz" } } }),
    "services.web.sidecars.proxy.health.live: /healthz needs a port; allowed: { path: /healthz, port: 8080 }, tcp or a command",
  ],
  [
    "a path of a worker",
    worker({ health: { ready: "/healthz" } }),
    "services.web.health.ready: /healthz needs a port; allowed: { path: /healthz, port: 8080 }, tcp or a command",
  ],
  [
    "a secret in plain text in production",
    { ...production, ...web({ environment: { DB_PASSWORD: "a" } }) },
    "services.web.environment.DB_PASSWORD: is not allowed in production: its name says that it is secret; allowed: services.web.secrets.DB_PASSWORD",
  ],
  [
    "a secret of another region",
    secret({ secret: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf" }),
    "services.web.secrets.DB: arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf is in eu-west-1; allowed: one of region eu-central-1",
  ],
  [
    "a parameter of another region",
    secret({ parameter: "arn:aws:ssm:eu-west-1:111122223333:parameter/db" }),
    "services.web.secrets.DB: arn:aws:ssm:eu-west-1:111122223333:parameter/db is in eu-west-1; allowed: one of region eu-central-1",
  ],
  [
    "secrets where pull requests run",
    { ...environments, ...secret({ secret: "db" }) },
    "services.web.secrets: is not allowed with pullRequests.environments, whose pods may not read them; allowed: a secret of resources that pullRequests.resources offers",
  ],
  [
    "a sidecar's secrets where pull requests run",
    { ...environments, ...sidecar({ secrets: { DB: { secret: "db" } } }) },
    "services.web.sidecars.proxy.secrets: is not allowed with pullRequests.environments, whose pods may not read them; allowed: a secret of resources that pullRequests.resources offers",
  ],
  [
    "a job in the namespace of an environment",
    { ...environments, jobs: { "pr-1-tidy": { image: built } } },
    "jobs.pr-1-tidy: is not allowed with pullRequests.environments, whose namespaces begin so",
  ],
  [
    "a job in the namespace of spare capacity",
    {
      autoscaler: { enabled: true, spareCapacity: { replicas: 1 } },
      jobs: { "spare-capacity": { image: built } },
    },
    "jobs.spare-capacity: is not allowed with autoscaler.spareCapacity, whose namespace has that name",
  ],

  // Jobs.
  [
    "a job whose name is none",
    { jobs: { Tidy: { image: built } } },
    "jobs: Tidy is not allowed: a name of 2 to 30 of a-z, 0-9 and single -, beginning with a letter",
  ],
  [
    "jobs as a list",
    { jobs: JSON.stringify([]) },
    "jobs: [] is not allowed: a map of jobs by name",
  ],
  ["a route of a job", job({ route: { path: "/" } }), "jobs.tidy.route: there is no such setting"],
  [
    "alarms on jobs without the log that has their ends",
    {
      ...job({}),
      alarms: { enabled: true, emails: ["on-call@example.com"] },
      cluster: { logTypes: ["api"] },
    },
    "cluster.logTypes: audit is not in it, in which alarms.enabled: true counts the runs of jobs; allowed: with audit",
  ],
  [
    "a schedule of four fields",
    job({ schedule: "0 3 * *" }),
    'jobs.tidy.schedule: "0 3 * *" is not allowed: a cron schedule of five fields such as 0 3 * * *, or @daily',
  ],
  [
    "a schedule of six fields",
    job({ schedule: "0 0 3 * * *" }),
    'jobs.tidy.schedule: "0 0 3 * * *" is not allowed: a cron schedule of five fields such as 0 3 * * *, or @daily',
  ],
  [
    "a schedule by an unknown word",
    job({ schedule: "@reboot" }),
    'jobs.tidy.schedule: "@reboot" is not allowed: a cron schedule of five fields such as 0 3 * * *, or @daily',
  ],
  [
    "a schedule with a time zone",
    job({ schedule: "TZ=UTC 0 3 * * *" }),
    'jobs.tidy.schedule: "TZ=UTC 0 3 * * *" is not allowed: a cron schedule of five fields such as 0 3 * * *, or @daily',
  ],
  [
    "minute 60",
    job({ schedule: "60 3 * * *" }),
    "jobs.tidy.schedule: 60 3 * * * has the minute 60; allowed: 0 to 59",
  ],
  [
    "hour 24",
    job({ schedule: "0 24 * * *" }),
    "jobs.tidy.schedule: 0 24 * * * has the hour 24; allowed: 0 to 23",
  ],
  [
    "day 0",
    job({ schedule: "0 3 0 * *" }),
    "jobs.tidy.schedule: 0 3 0 * * has the day of the month 0; allowed: 1 to 31",
  ],
  [
    "month 13",
    job({ schedule: "0 3 1 1-13 *" }),
    "jobs.tidy.schedule: 0 3 1 1-13 * has the month 13; allowed: 1 to 12",
  ],
  [
    "Sunday as 7",
    job({ schedule: "0 3 * * 7" }),
    "jobs.tidy.schedule: 0 3 * * 7 has the day of the week 7; allowed: 0 to 6",
  ],
  [
    "a day that no week has",
    job({ schedule: "0 3 * * MONDAY" }),
    "jobs.tidy.schedule: 0 3 * * MONDAY has the day of the week MONDAY; allowed: 0 to 6",
  ],
  [
    "a range the wrong way round",
    job({ schedule: "0 3 * * FRI-MON" }),
    "jobs.tidy.schedule: 0 3 * * FRI-MON has the day of the week FRI-MON; allowed: a range from the lower to the higher",
  ],
  [
    "a step of nothing",
    job({ schedule: "*/0 3 * * *" }),
    "jobs.tidy.schedule: */0 3 * * * has the minute */0; allowed: *, a number or a range such as 1-5, with a step such as */5",
  ],
  [
    "half a range",
    job({ schedule: "0 3- * * *" }),
    "jobs.tidy.schedule: 0 3- * * * has the hour 3-; allowed: *, a number or a range such as 1-5, with a step such as */5",
  ],
  [
    "a time zone that is none",
    job({ timeZone: "Europe/Atlantis" }),
    "jobs.tidy.timeZone: Europe/Atlantis is not known; allowed: a time zone of the IANA database such as Europe/Berlin",
  ],
  [
    "a time zone in other letters",
    job({ timeZone: "Europe/BErlin" }),
    "jobs.tidy.timeZone: Europe/BErlin is not known; allowed: a time zone of the IANA database such as Europe/Berlin",
  ],
  [
    "a time zone by its short name",
    job({ timeZone: "PST" }),
    "jobs.tidy.timeZone: PST is not known; allowed: a time zone of the IANA database such as Europe/Berlin",
  ],
  [
    "a time zone as a difference",
    job({ timeZone: "+01:00" }),
    'jobs.tidy.timeZone: "+01:00" is not allowed: a time zone such as Europe/Berlin',
  ],
  [
    "the time of wherever it runs",
    job({ timeZone: "Local" }),
    "jobs.tidy.timeZone: Local is not known; allowed: a time zone of the IANA database such as Europe/Berlin",
  ],
  [
    "an unknown concurrency",
    job({ concurrency: "Forbid" }),
    'jobs.tidy.concurrency: "Forbid" is not allowed: one of forbid, replace, allow',
  ],
  [
    "a job without time",
    job({ deadlineSeconds: 0 }),
    "jobs.tidy.deadlineSeconds: 0 is not allowed: at least 1",
  ],
  [
    "a job's retries in words",
    job({ retries: "two" }),
    'jobs.tidy.retries: "two" is not allowed: a whole number from 0 to 10',
  ],
  [
    "a job of which nothing stays",
    job({ keepRuns: 0 }),
    "jobs.tidy.keepRuns: 0 is not allowed: at least 1",
  ],
  ["a job with a port", job({ port: 8080 }), "jobs.tidy.port: there is no such setting"],
];

const right: [title: string, changes: Slices][] = [
  ["health by a path", web({ health: "/healthz?full=1" })],
  ["no health of a worker", worker({ health: "none" })],
  ["checks of a worker", worker({ health: { live: { command: ["alive"], timeoutSeconds: 60 } } })],
  ["checks by a path", web({ health: { ready: "/ready", live: { path: "/", port: 9090 } } })],
  [
    "checks by gRPC",
    { ...domain, ...web({ protocol: "grpc", health: { ready: { grpc: 8080 } } }) },
  ],
  ["HTTP/2 behind HTTPS", { ...domain, ...web({ protocol: "http2" }) }],
  ["gRPC without a route", web({ protocol: "grpc", route: undefined })],
  ["TCP without a route", web({ protocol: "tcp", route: undefined, image: redis, port: 6379 })],
  ["a slow start", web({ health: { start: { tcp: 8080, periodSeconds: 300, failures: 2 } } })],
  ["a low port", web({ image: redis, port: 80 })],
  ["another user and group", web({ image: redis, user: 999, group: 1000 })],
  ["a command of its own", web({ command: ["sh", "-c"], args: ["", "exec shop"] })],
  ["variables with dots", web({ environment: { "spring.main.banner-mode": "off", _A: "" } })],
  ["variables that are no keys here", web({ environment: { constructor: "a", toString: "b" } })],
  ["a secret by its name", secret({ secret: "shop/db_1+=.@-" })],
  ["a secret's key", secret({ secret: "shop/db", key: "read only/url" })],
  [
    "an ARN",
    secret({ secret: "arn:aws:secretsmanager:eu-central-1:111122223333:secret:a-AbCdEf" }),
  ],
  ["a parameter by its path", secret({ parameter: "/shop/db.url" })],
  ["a parameter without a path", secret({ parameter: "db-url" })],
  [
    "a parameter's ARN",
    secret({ parameter: "arn:aws:ssm:eu-central-1:111122223333:parameter/db" }),
  ],
  [
    "a worker's secrets where pull requests run",
    {
      ...environments,
      services: {
        web: valid.services.web,
        mail: {
          image: built,
          worker: true,
          secrets: { KEY: { secret: "mail" } },
          sidecars: { proxy: { image: redis, secrets: { KEY: { secret: "mail" } } } },
        },
      },
    },
  ],
  ["a secret's name outside of production", web({ environment: { API_TOKEN: "test" } })],
  ["a secret in production", { ...production, ...web({ secrets: { TOKEN: { secret: "a" } } }) }],
  [
    "folders to write to",
    web({ writable: { "/tmp": 1, "/run/nginx": 8, "/var/my cache": 65_536 } }),
  ],
  ["a sidecar with a check", sidecar({ health: { ready: { tcp: 6379 } }, user: 101 })],
  ["a sidecar without one", sidecar({ health: "none" })],
  ["a container before with the service's image", before({ image: { sameAs: "web" } })],
  ["a job with a service's image", job({ image: { sameAs: "web" }, command: ["tidy"] })],
  ["a job that calls", job({ calls: ["web"], sidecars: { proxy: { image: redis } } })],
  ["a call of another", others({ api: { calls: ["web"] } })],
  ["names of two letters and of thirty", others({ ab: {}, [`a${"-b".repeat(14)}c`]: {} })],
  ["a release", web({ release: { command: ["migrate"], deadlineSeconds: 3600, retries: 10 } })],
  ["a drain of its own", web({ drain: "own", logLevel: "warn", faultInjection: true, port: 8080 })],
  [
    "the same variables elsewhere",
    web({ environment: { LOG_LEVEL: "debug", NODE_OPTIONS: "-v" } }),
  ],
  ["PORT of a worker and of a sidecar", worker({ environment: { PORT: "1" } })],
  ["both aims", web({ targetCpuPercent: 95, targetMemoryPercent: 10, nodeHeapPercent: 90 })],
  ["one pod that is not behind the load balancer", web({ route: undefined, minReplicas: 1 })],
  ...[
    ...["0 3 * * *", "0 3 * * MON-FRI", "*/15 0-6,22-23/2 1,31 jan-Mar ?", "5/10 * * DEC 0,sun,6"],
    ...["00 03  * * *", "*/90 * * * *", "@daily", "@midnight", "@every 1h30m"],
  ].map((schedule): [string, Slices] => [`the schedule ${schedule}`, job({ schedule })]),
  ...[
    ...[
      "Europe/Berlin",
      "Asia/Kolkata",
      "America/Argentina/Buenos_Aires",
      "America/Port-au-Prince",
    ],
    ...["Etc/GMT+5", "Etc/UTC", "UTC", "EST5EDT", "US/Pacific", "W-SU", "Antarctica/McMurdo"],
  ].map((timeZone): [string, Slices] => [`the time zone ${timeZone}`, job({ timeZone })]),
  ...[
    ...["redis:8", "ghcr.io/a/b:1", "localhost:5000/x:1", "GHCR.io/a__b/c--d/e.f:V_1.0-rc"],
    ...[`redis@${digest}`, `localhost:5000/x:1@${digest}`],
  ].map((reference): [string, Slices] => [`the image ${reference}`, web({ image: { reference } })]),
];

/** Lines of a Dockerfile, what the service says besides, and the problem, where there is one. */
const dockerfiles: [lines: string, settings: object, problem?: string | string[]][] = [
  ["FROM scratch", {}],
  [
    "FROM scratch\nEXPOSE 3000",
    {},
    "services.web.port: 8080 is not among the ports that shop/Dockerfile exposes; allowed: 3000",
  ],
  [
    "FROM scratch\nEXPOSE 3000/tcp 53/udp\nEXPOSE 4000-4002",
    { port: 4003 },
    "services.web.port: 4003 is not among the ports that shop/Dockerfile exposes; allowed: 3000, 4000, 4001, 4002",
  ],
  ["FROM scratch\nEXPOSE 3000 4000-4002/TCP", { port: 4001 }],
  ["FROM scratch\nEXPOSE 3000 $PORT", {}],
  ["FROM scratch\nEXPOSE 53/udp", {}],
  ["FROM scratch AS build\nEXPOSE 3000\nUSER 0\nFROM scratch", {}],
  ["FROM scratch\nEXPOSE 3000", { worker: true, route: undefined }],
  ["FROM scratch\nEXPOSE 3000\nUSER 1", { image: { context: "shop", digest } }],
  [
    "FROM scratch\nUSER 1000:1000",
    {},
    "services.web.user: 65532 is not the user of shop/Dockerfile, 1000; allowed: 1000",
  ],
  ["FROM scratch\nUSER 0\nRUN true\nUSER 999", { user: 999 }],
  [
    "FROM scratch\nUSER 0:0",
    {},
    "services.web.user: 65532 is not the user of shop/Dockerfile, 0; allowed: an image whose user is not root",
  ],
  ["FROM scratch\nUSER node", {}],
  ["ARG UID=5\nFROM scratch\nUSER $UID", {}],
  [
    "FROM scratch\nUSER 1",
    { image: redis, before: { seed: { image: { context: "shop" } } } },
    "services.web.before.seed.user: 65532 is not the user of shop/Dockerfile, 1; allowed: 1",
  ],
  [
    "FROM --platform=linux/amd64 scratch",
    {},
    "services.web.image.context: shop/Dockerfile is for amd64, which does not run on nodes.architecture arm64",
  ],
  [
    "FROM --platform=linux/amd64 scratch",
    { architecture: "arm64" },
    "services.web.architecture: arm64 is not that of shop/Dockerfile, amd64",
  ],
  ["FROM --platform=linux/arm64 scratch", { architecture: "arm64" }],
  ["FROM --platform=$BUILDPLATFORM scratch", {}],
  ["FROM --platform=linux/amd64 scratch AS build\nFROM scratch", {}],
  [
    "FROM scratch AS web\nEXPOSE 3000\nUSER 1000\nFROM scratch AS test\nUSER 0",
    { image: { context: "shop", target: "web" } },
    [
      "services.web.port: 8080 is not among the ports that shop/Dockerfile exposes; allowed: 3000",
      "services.web.user: 65532 is not the user of shop/Dockerfile, 1000; allowed: 1000",
    ],
  ],
  [
    "FROM scratch AS web\nFROM scratch",
    { image: { context: "shop", target: "wep" } },
    ["services.web.image.target: wep is no stage of shop/Dockerfile; allowed: web, 1"],
  ],
];

describe("settings of services, jobs and their containers", () => {
  for (const [title, changes, line] of wrong) {
    it(`are refused: ${title}`, () => assert.deepEqual(problems({ ...room, ...changes }), [line]));
  }

  for (const [title, changes] of right) {
    it(`are accepted: ${title}`, () => assert.deepEqual(problems({ ...room, ...changes }), []));
  }

  describe("that a Dockerfile speaks of", () => {
    const from = process.cwd();
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "settings-"));
      process.chdir(folder);
      mkdirSync("shop");
    });
    afterEach(() => {
      process.chdir(from);
      rmSync(folder, { recursive: true });
    });

    for (const [lines, settings, problem] of dockerfiles) {
      const fits = `${JSON.stringify(lines)} ${JSON.stringify(settings)}`;
      it(`are ${problem ? "refused" : "accepted"}: ${fits}`, () => {
        writeFileSync("shop/Dockerfile", lines);
        const changes = { ...room, ...web({ image: { context: "shop" }, ...settings }) };
        assert.deepEqual(problems(changes), [problem ?? []].flat());
      });
    }

    it("is the one that the settings name", () => {
      mkdirSync("shop/docker");
      writeFileSync("shop/docker/web", "FROM scratch\nEXPOSE 3000");
      const image = { context: "shop", dockerfile: "docker/web" };
      assert.deepEqual(problems({ ...room, ...web({ image }) }), [
        "services.web.port: 8080 is not among the ports that shop/docker/web exposes; allowed: 3000",
      ]);
      assert.deepEqual(problems(web({ image: { ...image, dockerfile: "docker/wep" } })), [
        "services.web.image.context: shop has no file docker/wep; allowed: a folder with a Dockerfile, such as service, in which everything can be read",
      ]);
    });

    it("is left alone where it is no file: that is the problem", () =>
      assert.deepEqual(problems(web({ image: { context: "shop" } })), [
        "services.web.image.context: shop has no file Dockerfile; allowed: a folder with a Dockerfile, such as service, in which everything can be read",
      ]));
  });
});
