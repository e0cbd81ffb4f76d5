import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** A pod and the labels of its namespace, which select the Pod Security level. */
export interface PodRequest {
  namespaceLabels: Record<string, string>;
  pod: object;
}
export interface Admission {
  allowed: boolean;
  because: string;
}

const folder = fileURLToPath(new URL("pod-security", import.meta.url));
const go = (args: string[], input = "") =>
  spawnSync("go", args, { cwd: folder, encoding: "utf8", input });

/**
 * The reason why Pod Security cannot be evaluated here. Returns undefined if it can.
 *
 * @throws {Error} in CI, if Go is installed without its modules
 */
export function unavailable(): string | undefined {
  const { error, status, stderr } = go(["mod", "download"]);
  if (error) return "there is no Go";
  if (status === 0) return undefined;
  if (process.env.CI === "true") throw new Error(stderr);
  return stderr.trim();
}

/**
 * Whether the API server of a Kubernetes version admits pods, by the code of Kubernetes. Go compiles it once in
 * about a minute, and caches the build.
 */
export function admissionsOf(version: string, pods: PodRequest[]): Admission[] {
  const review = JSON.stringify({ version: `v${version}`, pods });
  const { status, stdout, stderr } = go(["run", "-mod=readonly", "."], review);
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}
