import { execFile, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createGzip } from "node:zlib";

/** `host` on machines without container networks. */
const network = process.env.IMAGE_NETWORK ?? "bridge";
const context = fileURLToPath(new URL("../../service", import.meta.url));

/** Runs the Docker client. Returns its output. */
export async function docker(...args: string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)("docker", args, { maxBuffer: 1e8 });
  return (stdout || stderr).trim();
}

/** Builds the service's image. NODE_IMAGE and RUNTIME_IMAGE replace its base images. */
export async function buildImage(tag: string, revision: string): Promise<void> {
  const bases = ["NODE_IMAGE", "RUNTIME_IMAGE"].filter((name) => process.env[name]);
  const values = [...bases, `VERSION=1.2.3`, `REVISION=${revision}`];
  const args = values.flatMap((value) => ["--build-arg", value]);
  const networkArgs = network === "host" ? ["--network", "host"] : [];
  await docker("build", "--quiet", ...networkArgs, ...args, "--tag", tag, context);
}

/** Starts the image with a read-only file system, without capabilities, with a memory limit. Returns the id. */
export async function run(
  tag: string,
  port: number,
  metricsPort: number,
  environment: Record<string, string> = {},
): Promise<string> {
  const published = [port, metricsPort].flatMap((each) => ["-p", `127.0.0.1:${each}:${each}`]);
  const variables = {
    PORT: String(port),
    METRICS_PORT: String(metricsPort),
    NODE_OPTIONS: "--max-old-space-size=166",
    ...environment,
  };
  return docker(
    ...["run", "--detach", "--read-only", "--cap-drop", "ALL", "--pids-limit", "64"],
    ...["--security-opt", "no-new-privileges", "--memory", "256m"],
    ...(network === "host" ? ["--network", "host"] : published),
    ...Object.entries(variables).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
    tag,
  );
}

/** The bytes of the image's archive after gzip: about the size in a registry. */
export async function compressedBytes(tag: string): Promise<number> {
  const archive = spawn("docker", ["save", tag], { stdio: ["ignore", "pipe", "inherit"] });
  let bytes = 0;
  for await (const chunk of archive.stdout.pipe(createGzip())) bytes += chunk.length;
  return bytes;
}
