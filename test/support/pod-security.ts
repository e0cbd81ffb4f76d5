import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface Asked {
  /** They say how strictly the pod is judged. */
  namespaceLabels: Record<string, string>;
  pod: object;
}
export interface Verdict {
  allowed: boolean;
  because: string;
}

const folder = fileURLToPath(new URL("pod-security", import.meta.url));
const go = (args: string[], input = "") =>
  spawnSync("go", args, { cwd: folder, encoding: "utf8", input });

/** Why nobody can be asked here; where Go is, CI must not do without its modules. */
export function unavailable(): string | undefined {
  const { error, status, stderr } = go(["mod", "download"]);
  if (error) return "there is no Go";
  if (status === 0) return undefined;
  if (process.env.CI === "true") throw new Error(stderr);
  return stderr.trim();
}

/**
 * Whether the API server of a Kubernetes version lets pods in, by the rules of Kubernetes itself. Go
 * compiles them once, which takes a minute, and keeps what it made in its own cache.
 */
export function judge(version: string, pods: Asked[]): Verdict[] {
  const review = JSON.stringify({ version: `v${version}`, pods });
  const { status, stdout, stderr } = go(["run", "-mod=readonly", "."], review);
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}
