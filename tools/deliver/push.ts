import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../shell.ts";

/**
 * Pushes an image of `docker save` without a tag. Returns `<repository>@sha256:<digest>`. The file may be
 * a stranger's: nothing of it runs, and the reading process has no credentials.
 */
export async function push(file: string, repositoryUrl: string): Promise<string> {
  const scratch = mkdtempSync(join(tmpdir(), "push-"));
  try {
    const layout = join(scratch, "image");
    // Compresses the layers, so that the digest is known before the push.
    await run("skopeo", ["copy", `docker-archive:${file}`, `oci:${layout}`], {
      bare: true,
      env: { HOME: scratch },
    });
    const { manifests } = JSON.parse(readFileSync(join(layout, "index.json"), "utf8"));
    const reference = `${repositoryUrl}@${manifests[0].digest}`;
    const authFile = join(scratch, "auth.json");
    writeFileSync(authFile, await credentials(repositoryUrl), { mode: 0o600 });
    const as = ["--preserve-digests", "--dest-authfile", authFile];
    await run("skopeo", ["copy", ...as, `oci:${layout}`, `docker://${reference}`]);
    return reference;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** The content of an authentication file for ECR. */
async function credentials(repositoryUrl: string): Promise<string> {
  const [registry = ""] = repositoryUrl.split("/");
  const [, region = ""] = /\.ecr\.([a-z0-9-]+)\./.exec(registry) ?? [];
  const password = await run("aws", ["ecr", "get-login-password", "--region", region]);
  const auth = Buffer.from(`AWS:${password.trim()}`).toString("base64");
  return JSON.stringify({ auths: { [registry]: { auth } } });
}
