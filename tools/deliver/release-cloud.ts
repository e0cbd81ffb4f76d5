import { CommandFailed, run } from "../shell.ts";
import { partsOf, Refused } from "./image-references.ts";
import type { Outputs } from "./platform-stack.ts";
import { type Alarm, alarmsOf, type Watched } from "./release-alarms.ts";
import { requireSigned } from "./signatures.ts";

/** What a release asks of AWS. */
export interface Cloud {
  /** Throws `Refused` unless the image is in its registry. */
  requireImage(reference: string): Promise<void>;
  /** Throws `Refused` unless the key, an ARN, has signed the image. */
  requireSigned(reference: string, key: string): Promise<void>;
  /** The alarms that tell somebody and whose names begin so, as they are now. */
  alarms(watched: Watched): Promise<Alarm[]>;
}

/** The alarms that the command names, or else those of the stack: their names begin with its cluster. */
export function watchedOf(prefix: string | undefined, { clusterName }: Outputs): Watched {
  if (prefix !== undefined) return { prefix, ofStack: false };
  return clusterName === undefined ? undefined : { prefix: `${clusterName}/`, ofStack: true };
}

const registry = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com\/(.+)$/;

/**
 * Through the AWS CLI on PATH, which the kubeconfig of an EKS cluster needs anyhow, and cosign for
 * signatures.
 */
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
      throw new Refused(`${reference} is not to be had: ${error.message}`);
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
