import { z } from "zod";
import { logRetention, matching } from "../infra/config-schema.ts";
import { readSettings } from "../infra/settings-reader.ts";

const schema = z.strictObject({
  region: matching(/^[a-z]{2}-[a-z]+-\d$/, "a region such as eu-central-1"),
  accountId: matching(/^\d{12}$/, "12 digits, in quotes"),
  repository: matching(/^[\w.-]+\/[\w.-]+$/, "a repository such as example/platform"),
  subject: matching(
    /^repo:[^:*?]+\/[^:*?]+$/,
    "how the repository's tokens name it, such as repo:example/platform, without wildcards",
  ).optional(),
  branch: matching(/^[\w./-]+$/, "a branch such as main").default("main"),
  environments: z
    .array(matching(/^[a-z][a-z0-9-]*$/, "names such as dev or prod"), "a list of environments")
    .min(1, "at least one environment"),
  signer: z.string("one of the environments").optional(),
  stateBucket: matching(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "a bucket's name"),
  services: z
    .array(matching(/^[a-z][a-z0-9-]*$/, "the services' names"), "a list of services")
    .default(["web"]),
  applicationSignalsRetentionDays: logRetention.optional(),
  servicePolicyArns: z
    .array(matching(/^arn:aws:iam::(\d{12}|aws):policy\/.+$/, "the ARN of a policy"), "a list")
    .default([]),
});

type Settings = z.infer<typeof schema>;
export type BootstrapConfig = Settings & { subject: string; signer: string };

const texts = ["region", "accountId", "repository", "subject", "branch", "signer", "stateBucket"];

const signerBuilds = ({ signer, environments }: Partial<Settings>) =>
  signer === undefined || !environments || environments.includes(signer)
    ? []
    : [`signer: "${signer}" is not allowed: one of ${environments.join(", ")}`];

/**
 * Reads the settings; throws one `pulumi.RunError` with every problem. Unknown keys are problems.
 * Without a signer, the first environment is it.
 */
export function loadConfig(): BootstrapConfig {
  const settings = readSettings(schema, texts, [signerBuilds]);
  const {
    repository,
    subject = `repo:${repository}`,
    environments: [first = ""],
    signer = first,
  } = settings;
  return { ...settings, subject, signer };
}
