import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { parse } from "yaml";
import type { Manifest } from "../graph/manifests.ts";
import type { Finding } from "./findings.ts";

interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: objects of every kind
  body: any;
  warnings: string[];
}
type Ask = (method: string, path: string, body?: object) => Promise<Answer>;

const strictly = "dryRun=All&fieldValidation=Strict";

/**
 * What a real API server has against objects, and against the pods that they would make, in a
 * namespace with the labels of theirs: Pod Security is decided there. Nothing is kept: the namespace
 * is new and goes again, all else is a dry run.
 */
export async function dryRun(manifests: Manifest[], kubeconfig: string): Promise<Finding[]> {
  const ask = client(kubeconfig);
  const findings: Finding[] = [];
  const judge = (on: string, { status, body, warnings }: Answer) => {
    const says = [...(status >= 400 ? [body.message ?? `status ${status}`] : []), ...warnings];
    for (const one of says) findings.push({ tool: "API server", rule: "admission", on, says: one });
  };

  const theirs = manifests.find(({ kind }) => kind === "Namespace");
  const namespace = `dry-run-${Date.now().toString(36)}`;
  const made = await ask("POST", "/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace, labels: theirs?.metadata.labels },
  });
  if (made.status !== 201) throw new Error(`no namespace can be made: ${made.body.message}`);
  try {
    for (const manifest of manifests) {
      const { kind, metadata } = manifest;
      const { path, namespaced } = await placeOf(manifest, ask);
      const moved = namespaced ? { ...metadata, namespace } : metadata;
      const at = namespaced ? path.replace("*", namespace) : path;
      const name = kind === "Namespace" ? `${namespace}-2` : metadata.name;
      const object = { ...manifest, metadata: { ...moved, name } };
      judge(`${kind} ${metadata.name}`, await ask("POST", `${at}?${strictly}`, object));
      const { template } = manifest.spec ?? {};
      if (!template) continue;
      const pod = {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { ...template.metadata, name, namespace },
      };
      // The service account exists in the real namespace only.
      const { serviceAccountName: _, ...spec } = template.spec;
      judge(
        `Pod of ${kind} ${metadata.name}`,
        await ask("POST", `/api/v1/namespaces/${namespace}/pods?${strictly}`, { ...pod, spec }),
      );
    }
  } finally {
    await ask("DELETE", `/api/v1/namespaces/${namespace}`);
  }
  return findings;
}

async function placeOf({ apiVersion, kind }: Manifest, ask: Ask) {
  const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const { body } = await ask("GET", group);
  type Known = { kind: string; name: string; namespaced: boolean };
  const known = ((body.resources ?? []) as Known[]).find(
    (one) => one.kind === kind && !one.name.includes("/"),
  );
  if (!known) throw new Error(`the API server has no ${apiVersion}/${kind}`);
  const { name, namespaced } = known;
  return { namespaced, path: namespaced ? `${group}/namespaces/*/${name}` : `${group}/${name}` };
}

/** Asks the server of a kubeconfig's current context, by certificate, token, or command that gets one. */
function client(kubeconfig: string): Ask {
  const config = parse(readFileSync(kubeconfig, "utf8"));
  // biome-ignore lint/suspicious/noExplicitAny: a kubeconfig
  const named = (list: any[], name: string) => list.find((one) => one.name === name) ?? {};
  const { context } = named(config.contexts, config["current-context"]);
  const { cluster } = named(config.clusters, context.cluster);
  const { user = {} } = named(config.users ?? [], context.user);
  // biome-ignore lint/suspicious/noExplicitAny: a kubeconfig
  const material = (from: any, key: string) =>
    from[`${key}-data`]
      ? Buffer.from(from[`${key}-data`], "base64")
      : from[key] && readFileSync(from[key]);
  const token = user.exec ? tokenOf(user.exec) : user.token;
  const options = {
    ca: material(cluster, "certificate-authority"),
    cert: material(user, "client-certificate"),
    key: material(user, "client-key"),
    headers: {
      "content-type": "application/json",
      ...(token && { authorization: `Bearer ${token}` }),
    },
  };
  const send = cluster.server.startsWith("https:") ? httpsRequest : httpRequest;
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const request = send(new URL(path, cluster.server), { ...options, method }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk) => {
          text += chunk;
        });
        response.on("end", () => {
          const warnings = [
            ...(response.headers.warning ?? "").matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g),
          ];
          resolve({
            status: response.statusCode ?? 0,
            body: text.startsWith("{") ? JSON.parse(text) : { message: text },
            warnings: warnings.map(([, warning = ""]) => warning),
          });
        });
      });
      request.on("error", ({ message }) =>
        reject(new Error(`${kubeconfig}: ${cluster.server} cannot be asked: ${message}`)),
      );
      request.end(body && JSON.stringify(body));
    });
}

/** As EKS has it: `aws eks get-token`. */
function tokenOf({ command, args = [], env }: Exec): string {
  const added = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]));
  const options = { encoding: "utf8", env: { ...process.env, ...added } } as const;
  return JSON.parse(execFileSync(command, args, options)).status.token;
}

interface Exec {
  command: string;
  args?: string[];
  env?: { name: string; value: string }[] | null;
}
