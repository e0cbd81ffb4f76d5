import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { text } from "node:stream/consumers";
import { CreateClusterCommand, EKSClient } from "@aws-sdk/client-eks";
import { after, before, beforeEach, describe, it } from "mocha";
import { motoServer, startMoto } from "../../../support/moto.ts";
import { kubernetesAnswer } from "./cluster-server.ts";
import { healthyCluster, type World } from "./healthy.ts";
import { plantedFaults } from "./planted.ts";

const credentials = { accessKeyId: "test", secretAccessKey: "test" };
const clusterName = "platform-dev";

let folder: string;
let world: World;
let servers: Server[] = [];
let moto: Awaited<ReturnType<typeof startMoto>> | undefined;
let awsEndpoint: string;

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** The Kubernetes API with a certificate of its own, as EKS has it. */
async function startApi(): Promise<{ endpoint: string; certificateAuthority: { data: string } }> {
  const [key, certificate] = ["key.pem", "certificate.pem"].map((one) => join(folder, one));
  const subject = ["-subj", "/CN=kubernetes", "-addext", "subjectAltName=IP:127.0.0.1"];
  const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", ...subject];
  execFileSync("openssl", [...made, "-keyout", `${key}`, "-out", `${certificate}`], {
    stdio: "ignore",
  });
  const pem = readFileSync(`${certificate}`);
  const server = createTlsServer(
    { key: readFileSync(`${key}`), cert: pem },
    (request, response) => {
      const token = request.headers.authorization === "Bearer k8s-aws-v1.test";
      const answer = kubernetesAnswer(world, request.url ?? "");
      response.writeHead(token ? (answer?.status ?? 404) : 401, {
        "content-type": "application/json",
      });
      response.end(JSON.stringify(answer?.body ?? {}));
    },
  );
  const port = await listen(server);
  return {
    endpoint: `https://127.0.0.1:${port}`,
    certificateAuthority: { data: pem.toString("base64") },
  };
}

/** AWS by moto, whose cluster is ours. Without moto, AWS describes the cluster and refuses all else. */
async function startAws(access: object): Promise<string> {
  const isCluster = ({ method, url }: IncomingMessage) =>
    method === "GET" && url === `/clusters/${clusterName}`;
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const answer = moto
      ? await fetch(`${moto.endpoint}${request.url}`, {
          method: request.method,
          headers: Object.entries(request.headers).flatMap(([name, value]) =>
            typeof value === "string" && !/^(host|connection|content-length|expect)$/.test(name)
              ? [[name, value] as [string, string]]
              : [],
          ),
          ...(body && { body }),
        })
      : undefined;
    if (isCluster(request)) {
      const cluster = answer ? JSON.parse(await answer.text()).cluster : { name: clusterName };
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ cluster: { ...cluster, ...access } }));
      return;
    }
    if (answer) {
      const type = answer.headers.get("content-type") ?? "application/json";
      response.writeHead(answer.status, { "content-type": type }).end(await answer.text());
      return;
    }
    // The protocols of EC2, ELB and STS speak XML.
    const [code, message] = ["AccessDeniedException", "not yours"];
    const xml = request.headers["content-type"]?.includes("form-urlencoded");
    response.writeHead(403, { "x-amzn-errortype": code });
    response.end(
      xml
        ? `<ErrorResponse><Error><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`
        : JSON.stringify({ message }),
    );
  });
  return `http://127.0.0.1:${await listen(server)}`;
}

function script(name: string, says: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\ncat <<'EOF'\n${says}\nEOF\n`, { mode: 0o755 });
}

async function doctor(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const command = ["--import", "./tools/typescript.js", "tools/cli.ts", "doctor", ...args];
  const child = spawn(process.execPath, command, {
    env: {
      PATH: `${folder}${delimiter}${process.env.PATH}`,
      HOME: folder,
      AWS_ENDPOINT_URL: awsEndpoint,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_MAX_ATTEMPTS: "1",
      NODE_NO_WARNINGS: "1",
    },
  });
  const ended = once(child, "close");
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await ended;
  return { code, out, err };
}

const plant = (name: string) => plantedFaults.find((one) => one.name === name)?.plant(world);

const command = motoServer();
for (const [title, withMoto] of [
  ["AWS by moto", true],
  ["AWS that refuses all but the cluster", false],
] as const) {
  describe(`npm run doctor, with ${title}`, function () {
    // Two processes of a loaded machine take their time.
    this.timeout(120_000);
    before(async function () {
      if (withMoto && !command) this.skip();
      folder = mkdtempSync(join(tmpdir(), "doctor-"));
      world = healthyCluster();
      moto = withMoto && command ? await startMoto(command) : undefined;
      awsEndpoint = await startAws(await startApi());
      script(
        "aws",
        JSON.stringify({
          ...{ kind: "ExecCredential", apiVersion: "client.authentication.k8s.io/v1beta1" },
          status: { token: "k8s-aws-v1.test" },
        }),
      );
      script("pulumi", JSON.stringify(world.state));
      if (!moto) return;
      const eks = new EKSClient({ region: "eu-central-1", endpoint: awsEndpoint, credentials });
      await eks.send(
        new CreateClusterCommand({
          name: clusterName,
          roleArn: "arn:aws:iam::111122223333:role/cluster",
          resourcesVpcConfig: { subnetIds: [] },
        }),
      );
    });
    beforeEach(() => {
      world = healthyCluster();
    });
    after(async () => {
      for (const server of servers) server.close().closeAllConnections();
      servers = [];
      await moto?.stop();
      if (folder) rmSync(folder, { recursive: true, force: true });
    });

    it("finds nothing wrong, and says what it could not read", async () => {
      const { code, out, err } = await doctor("--stack", "dev");
      assert.equal(err, "");
      assert.match(out, /Nothing is wrong in what could be read\./);
      // moto plays neither add-ons nor access entries.
      assert.match(
        out,
        withMoto
          ? /^Not read\n {2}access entries, add-ons: .*(\n {2}not valid JSON)?\n$/m
          : /^Not read\n[\s\S]* access entries, add-ons, load balancers, node groups, who asks:\s+Acc/m,
      );
      assert.doesNotMatch(out, /pods|Pulumi/);
      assert.equal(code, 3);
    });

    it("prints cause, evidence and remedy in 80 columns", async () => {
      plant("image: digest missing");
      const { code, out } = await doctor();
      assert.match(out, /^1\. Deployment web\/web-14e3c55e\n {2}cause: {4}the image is not in the/);
      assert.match(
        out,
        /\n {2}evidence: event Failed of Pod web\/[\s\S]*\n {2}remedy: {3}Release an/,
      );
      assert.deepEqual(
        out.split("\n").filter((line) => line.length > 80),
        [],
      );
      assert.equal(code, 1);
    });

    it("prints the same as JSON", async () => {
      plant("crash: out of memory");
      const { code, out } = await doctor("--json");
      const { findings } = JSON.parse(out);
      assert.deepEqual(
        findings.map((one: { check: string }) => one.check),
        ["container-crash"],
      );
      assert.equal(code, 1);
    });
  });
}

describe("npm run doctor", function () {
  this.timeout(120_000);
  before(() => {
    folder = tmpdir();
    awsEndpoint = "http://127.0.0.1:9";
  });

  it("refuses a stack and an option that are not there", async () => {
    const stranger = await doctor("--stack", "nowhere");
    assert.match(stranger.err, /nowhere/);
    assert.equal(stranger.code, 2);
    const option = await doctor("--repair");
    assert.match(option.err, /Unknown option '--repair'/);
    assert.equal(option.code, 2);
  });

  it("ends with 3 when AWS does not answer at all", async () => {
    const { code, out } = await doctor();
    assert.match(out, /^Not read\n {2}[\s\S]*cluster platform-dev[\s\S]*ECONNREFUSED/m);
    assert.equal(code, 3);
  });
});
