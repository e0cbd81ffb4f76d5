import { CommandFailed, run } from "../shell.ts";
import { partsOf, Refused } from "./image-references.ts";
import type { Outputs } from "./platform-stack.ts";
import { type Alarm, alarmsOf, type Watched } from "./release-alarms.ts";
import { requireSigned } from "./signatures.ts";

/** The calls of a release to AWS. */
export interface Cloud {
  /** @throws {Refused} if the registry does not have the image */
  requireImage(reference: string): Promise<void>;
  /** @throws {Refused} if the key, an ARN, has not signed the image */
  requireSigned(reference: string, key: string): Promise<void>;
  /** The alarms with actions and this prefix, with their present state. */
  alarms(watched: Watched): Promise<Alarm[]>;
}

/** The command's prefix, else the stack's: the name of its cluster. */
export function watchedOf(prefix: string | undefined, { clusterName }: Outputs): Watched {
  if (prefix !== undefined) return { prefix, ofStack: false };
  return clusterName === undefined ? undefined : { prefix: `${clusterName}/`, ofStack: true };
}

const registry = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com\/(.+)$/;

/** Uses the AWS CLI on PATH, which the kubeconfig needs too, and cosign for signatures. */
export const aws = (region: string): Cloud => ({
  async requireImage(reference) {
    const { repositoryUrl, digest } = partsOf(reference);
    const [, account, where, name] = registry.exec(repositoryUrl) ?? [];
    if (!account || !where || !name) return;
    try {
      await run("aws", [
        ...["ecr", "describe-images", "--region", where, "--output", "json"],
        ...["--registry-id", account, "--repository-name", name],
        ...["--image-ids", `imageDigest=${digest}`],
      ]);
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      throw new Refused(`${reference} cannot be read: ${error.message}`);
    }
  },

  requireSigned,

  async alarms(watched) {
    if (!watched) return [];
    const answer = await run("aws", [
      ...["cloudwatch", "describe-alarms", "--region", region, "--output", "json"],
      ...["--alarm-types", "MetricAlarm", "CompositeAlarm"],
      ...["--alarm-name-prefix", watched.prefix],
    ]);
    return alarmsOf(JSON.parse(answer));
  },
});
