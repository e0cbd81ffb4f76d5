import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "mocha";
import { stringify } from "yaml";
import { dryRun } from "../../../tools/checks/api-server.ts";

interface Asked {
  method?: string;
  url?: string;
  token?: string;
  // biome-ignore lint/suspicious/noExplicitAny: objects of every kind
  body?: any;
}

/** A server that knows two kinds, warns of Deployments and forbids pods with a host's network. */
async function withServer(
  run: (kubeconfig: string, asked: Asked[]) => Promise<void>,
  user: object = { token: "secret" },
) {
  const asked: Asked[] = [];
  const kinds: Record<string, object[]> = {
    "/api/v1": [
      { kind: "Namespace", name: "namespaces/status", namespaced: false },
      { kind: "Namespace", name: "namespaces", namespaced: false },
    ],
    "/apis/apps/v1": [{ kind: "Deployment", name: "deployments", namespaced: true }],
  };
  const server = createServer(async (request, response) => {
    const { method, url = "", headers } = request;
    const text = (await request.toArray()).join("");
    const body = text && JSON.parse(text);
    asked.push({ method, url, token: headers.authorization, body });
    const answer = (status: number, content: object, extra = {}) =>
      response.writeHead(status, extra).end(JSON.stringify(content));
    if (method === "GET") answer(200, { resources: kinds[url] });
    else if (url.includes("/pods") && body.spec.hostNetwork)
      answer(403, { message: "violates PodSecurity" });
    else if (url.includes("/deployments"))
      answer(201, {}, { warning: '299 - "would violate PodSecurity"' });
    else answer(201, {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const folder = mkdtempSync(join(tmpdir(), "api-server-"));
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(
    kubeconfig,
    stringify({
      "current-context": "here",
      contexts: [{ name: "here", context: { cluster: "c", user: "u" } }],
      clusters: [{ name: "c", cluster: { server: `http://127.0.0.1:${port}` } }],
      users: [{ name: "u", user }],
    }),
  );
  try {
    await run(kubeconfig, asked);
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
}

const manifests = [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: "web", labels: { strict: "yes" } } },
  {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "web" },
    spec: { template: { metadata: {}, spec: { hostNetwork: true, serviceAccountName: "web" } } },
  },
];

describe("dry run on an API server", () => {
  it("tells what the server refuses and what it warns of", () =>
    withServer(async (kubeconfig) => {
      const found = await dryRun(manifests, kubeconfig);
      assert.deepEqual(
        found.map(({ on, says }) => `${on}: ${says}`),
        [
          "Deployment web: would violate PodSecurity",
          "Pod of Deployment web: violates PodSecurity",
        ],
      );
    }));

  it("keeps nothing but a namespace with the labels of theirs, and removes that", () =>
    withServer(async (kubeconfig, asked) => {
      await dryRun(manifests, kubeconfig);
      const [first, ...rest] = asked.filter(({ method }) => method === "POST");
      assert.deepEqual(first?.body.metadata.labels, { strict: "yes" });
      for (const { url } of rest) assert.match(url ?? "", /\?dryRun=All&fieldValidation=Strict$/);
      const { name } = first?.body.metadata ?? {};
      assert.match(name, /^dry-run-/);
      const last = asked.at(-1);
      assert.equal(`${last?.method} ${last?.url}`, `DELETE /api/v1/namespaces/${name}`);
      for (const { token } of asked) assert.equal(token, "Bearer secret");
    }));

  it("gets its token from a command where the kubeconfig names one, as that of EKS does", () => {
    const credential = JSON.stringify({ status: { token: "fresh" } });
    const args = ["-e", `console.log(process.env.WRAPPED)`];
    const exec = { command: process.execPath, args, env: [{ name: "WRAPPED", value: credential }] };
    return withServer(
      async (kubeconfig, asked) => {
        await dryRun(manifests, kubeconfig);
        for (const { token } of asked) assert.equal(token, "Bearer fresh");
      },
      { exec },
    );
  });
});
