import { CommandFailed, run } from "../shell.ts";
import { Refused } from "./image-references.ts";

/** The exit code of `cosign verify` for an image without a signature. */
const unsigned = 10;

/**
 * Signs an image with a key of KMS, by its ARN. A signed image stays as it is, since its signature's tag
 * is immutable. Returns whether the image was unsigned.
 *
 * @throws {CommandFailed} if only another key has signed it, or the check fails
 */
export async function sign(reference: string, key: string): Promise<boolean> {
  if (await isSigned(reference, key)) return false;
  const alone = ["--yes", "--use-signing-config=false", "--tlog-upload=false"];
  await cosign("sign", alone, reference, key);
  return true;
}

/** @throws {Refused} if the key has not signed the image */
export async function requireSigned(reference: string, key: string): Promise<void> {
  try {
    if (await isSigned(reference, key)) return;
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    const said = /^Error: (.*)$/m.exec(error.message)?.[1] ?? error.message;
    throw new Refused(`The signature of ${reference} cannot be checked: ${said}`);
  }
  throw new Refused(
    `${reference} is not signed, so it was not tried in dev. The workflow \`deploy\` signs the images of dev, by \`npm run deliver -- sign --stack dev\`.`,
  );
}

async function isSigned(reference: string, key: string): Promise<boolean> {
  try {
    await cosign("verify", ["--insecure-ignore-tlog"], reference, key);
    return true;
  } catch (error) {
    if (error instanceof CommandFailed && error.code === unsigned) return false;
    throw error;
  }
}

/**
 * Runs cosign on PATH with AWS's credentials, and without a public transparency log. The signature has a
 * tag, because the registry deletes untagged artifacts.
 */
async function cosign(verb: string, options: string[], reference: string, key: string) {
  const where = ["--k8s-keychain", "--new-bundle-format=false", "--key", `awskms:///${key}`];
  const [, , , region = ""] = key.split(":");
  await run("cosign", [verb, ...options, ...where, reference], { env: { AWS_REGION: region } });
}
