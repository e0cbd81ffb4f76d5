import { CommandFailed, run } from "../shell.ts";
import { Refused } from "./image-references.ts";

/** How `cosign verify` ends for an image that nobody has signed. */
const unsigned = 10;

/**
 * Signs an image with a key of KMS, by its ARN, unless that is done already: the signature's tag
 * cannot be written twice. Tells whether it was left to do.
 *
 * Throws `CommandFailed` when only another key has, or nobody can tell.
 */
export async function sign(reference: string, key: string): Promise<boolean> {
  if (await isSigned(reference, key)) return false;
  const alone = ["--yes", "--use-signing-config=false", "--tlog-upload=false"];
  await cosign("sign", alone, reference, key);
  return true;
}

/** Throws `Refused` unless the key has signed the image. */
export async function requireSigned(reference: string, key: string): Promise<void> {
  try {
    if (await isSigned(reference, key)) return;
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    const said = /^Error: (.*)$/m.exec(error.message)?.[1] ?? error.message;
    throw new Refused(`Whether ${reference} is signed cannot be told: ${said}`);
  }
  throw new Refused(
    `${reference} is not signed, so nothing says that it was tried. The workflow \`deploy\` signs what dev has tried, by \`npm run deliver -- sign --stack dev\`.`,
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
 * Through cosign on PATH, with AWS's credentials for the registry as for the key, and without a
 * transparency log: what is private stays so. The signature has a tag: as a mere referrer it would
 * have none, like the images that the registry lets expire.
 */
async function cosign(verb: string, options: string[], reference: string, key: string) {
  const where = ["--k8s-keychain", "--new-bundle-format=false", "--key", `awskms:///${key}`];
  const [, , , region = ""] = key.split(":");
  await run("cosign", [verb, ...options, ...where, reference], { env: { AWS_REGION: region } });
}
