import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Manifest } from "../graph/manifests.ts";
import { CommandFailed, run } from "../shell.ts";
import type { Finding } from "./findings.ts";

/**
 * The errors and warnings of an API server for objects and for the pods of their templates, by
 * `kubectl apply --dry-run=server` with strict field validation. The objects are checked in a new
 * namespace with the labels of their own one, on which Pod Security depends. Only that namespace is
 * created, and it is deleted at the end.
 *
 * @throws {CommandFailed} if kubectl is missing, the server does not answer or allows no namespace
 */
export async function dryRun(manifests: Manifest[], kubeconfig: string): Promise<Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), "dry-run-"));
  const file = join(folder, "object.json");
  const kubectl = (...args: string[]) =>
    run("kubectl", ["--kubeconfig", kubeconfig, ...args], { both: true });
  const namespace = `dry-run-${Date.now().toString(36)}`;
  const apply = (object: Manifest) => {
    writeFileSync(file, JSON.stringify(object));
    const strict = ["--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict"];
    return kubectl("apply", ...strict, "--namespace", namespace, "--filename", file);
  };
  const labels = manifests.find(({ kind }) => kind === "Namespace")?.metadata.labels;
  const metadata = { name: namespace, ...(labels && { labels }) };
  try {
    writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata }));
    await kubectl("create", "--validate=false", "--filename", file);
    try {
      const findings: Finding[] = [];
      for (const [on, object] of manifests.flatMap(withItsPod)) {
        for (const says of await complaints(apply(object))) {
          findings.push({ tool: "API server", rule: "admission", on, says });
        }
      }
      return findings;
    } finally {
      await kubectl("delete", "namespace", namespace, "--wait=false");
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** An object, and the pod of its template, both without their namespace. */
function withItsPod(manifest: Manifest): [on: string, object: Manifest][] {
  const { kind, metadata, spec } = manifest;
  const { namespace: _, ...moved } = metadata;
  const object = { ...manifest, metadata: moved };
  const on = `${kind} ${metadata.name}`;
  const template = spec?.template;
  if (!template) return [[on, object]];
  // The service account exists in the namespace of the objects only.
  const { serviceAccountName, ...podSpec } = template.spec;
  const podMetadata = { ...template.metadata, name: metadata.name };
  const pod = { apiVersion: "v1", kind: "Pod", metadata: podMetadata, spec: podSpec };
  return [
    [on, object],
    [`Pod of ${on}`, pod],
  ];
}

/** The server's warnings, one a line, or the error as kubectl prints it. */
async function complaints(answer: Promise<string>): Promise<string[]> {
  try {
    const lines = (await answer).split("\n");
    return lines.flatMap((line) => /^Warning: (.*)/.exec(line)?.[1] ?? []);
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    return [error.message.replace(/error when \w+ "[^"]*": /g, "")];
  }
}
