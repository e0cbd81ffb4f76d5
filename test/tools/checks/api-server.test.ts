import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { dryRun } from "../../../tools/checks/api-server.ts";
import { CommandFailed } from "../../../tools/shell.ts";

interface Call {
  args: string[];
  // biome-ignore lint/suspicious/noExplicitAny: objects of every kind
  object?: any;
}

/** Warns of Deployments, and refuses pods on a host's network, in the words of kubectl 1.32. */
const kubectl = `#!${process.execPath}
const { appendFileSync, readFileSync } = require("node:fs");
const args = process.argv.slice(2);
const file = args[args.indexOf("--filename") + 1];
const object = args.includes("--filename") ? JSON.parse(readFileSync(file, "utf8")) : undefined;
appendFileSync(__dirname + "/calls", JSON.stringify({ args, object }) + "\\n");
if (args.includes("unreachable")) {
  console.error("The connection to the server 127.0.0.1:1 was refused");
  process.exit(1);
}
if (object?.kind === "Deployment") console.error("Warning: would violate PodSecurity");
if (object?.spec?.hostNetwork) {
  console.error('Error from server (Forbidden): error when creating "' + file + '": pods "web" is forbidden: violates PodSecurity');
  process.exit(1);
}
console.log("applied");
`;

const manifests = [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: "web", labels: { strict: "yes" } } },
  {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "web" },
    spec: {
      template: {
        metadata: { labels: { app: "web" } },
        spec: { hostNetwork: true, serviceAccountName: "web" },
      },
    },
  },
];

describe("dry run on an API server", () => {
  const path = process.env.PATH;
  let folder: string;
  const calls = () =>
    readFileSync(join(folder, "calls"), "utf8")
      .trim()
      .split("\n")
      .map((line): Call => JSON.parse(line));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "api-server-"));
    writeFileSync(join(folder, "package.json"), '{"type":"commonjs"}');
    writeFileSync(join(folder, "kubectl"), kubectl);
    chmodSync(join(folder, "kubectl"), 0o755);
    process.env.PATH = [folder, path].join(delimiter);
  });
  afterEach(() => {
    process.env.PATH = path;
    rmSync(folder, { recursive: true });
  });

  it("returns the server's warnings and errors for objects and their pods", async () => {
    const found = await dryRun(manifests, "kubeconfig");
    assert.deepEqual(
      found.map(({ on, says }) => `${on}: ${says}`),
      [
        "Deployment web: would violate PodSecurity",
        'Pod of Deployment web: Error from server (Forbidden): pods "web" is forbidden: violates PodSecurity',
      ],
    );
  });

  it("creates only a namespace with the labels of the objects' own one, and deletes it", async () => {
    await dryRun(manifests, "kubeconfig");
    const [first, ...others] = calls();
    const last = others.pop();
    const { name, labels } = first?.object.metadata ?? {};
    assert.match(name, /^dry-run-/);
    assert.deepEqual(labels, { strict: "yes" });
    assert.deepEqual(last?.args.slice(2, 5), ["delete", "namespace", name]);
    for (const { args } of others) {
      for (const needed of ["apply", "--dry-run=server", "--validate=strict", name]) {
        assert.ok(args.includes(needed), needed);
      }
    }
    for (const { args } of calls()) {
      assert.deepEqual(args.slice(0, 2), ["--kubeconfig", "kubeconfig"]);
    }
  });

  it("checks the objects outside their namespace, and pods without their service account", async () => {
    await dryRun(manifests, "kubeconfig");
    const [, , deployment, pod] = calls();
    assert.deepEqual(deployment?.object.metadata, { name: "web" });
    assert.deepEqual(pod?.object.metadata, { labels: { app: "web" }, name: "web" });
    assert.deepEqual(pod?.object.spec, { hostNetwork: true });
  });

  it("fails with kubectl's error where the server does not answer", async () => {
    await assert.rejects(dryRun(manifests, "unreachable"), (error) => {
      assert.ok(error instanceof CommandFailed);
      assert.match(error.message, /^The connection to the server .* was refused$/);
      return true;
    });
  });
});
