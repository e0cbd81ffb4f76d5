import { z } from "zod";
import { readSettings } from "../../infra/config/reading.ts";
import { logRetention } from "../../infra/config/schema.ts";
import { matching } from "../../infra/config/values.ts";

const id = () => z.number("a number such as 123456, without quotes").int().min(1);

const schema = z.strictObject({
  region: matching(/^[a-z]{2}-[a-z]+-\d$/, "a region such as eu-central-1"),
  accountId: matching(/^\d{12}$/, "12 digits, in quotes"),
  repository: matching(/^[\w.-]+\/[\w.-]+$/, "a repository such as example/platform"),
  ids: z.strictObject({ owner: id(), repository: id() }, "owner and repository").optional(),
  subject: matching(
    /^repo:[^:*?]+\/[^:*?]+$/,
    "how the repository's tokens name it, such as repo:example/platform, without wildcards",
  ).optional(),
  identityProviderArn: matching(
    /^arn:aws:iam::\d{12}:oidc-provider\/token\.actions\.githubusercontent\.com$/,
    "the ARN of the account's identity provider of GitHub, such as arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com",
  ).optional(),
  branch: matching(/^[\w./-]+$/, "a branch such as main").default("main"),
  environments: z
    .array(matching(/^[a-z][a-z0-9-]*$/, "names such as dev or prod"), "a list of environments")
    .min(1, "at least one environment"),
  signer: z.string("one of the environments").optional(),
  stateBucket: matching(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "a bucket's name"),
  services: z
    .array(matching(/^[a-z][a-z0-9-]*$/, "the names of services and jobs"), "a list of services")
    .default(["web"]),
  previewDatabases: z
    .record(
      z.string(),
      z.array(
        matching(/^[a-z][a-z0-9-]{0,62}$/, "identifiers of RDS such as platform-dev-ledger"),
        "a list of databases",
      ),
      "databases by environment",
    )
    .default({}),
  applicationSignalsRetentionDays: logRetention.optional(),
  hostedZoneRoleArns: z
    .array(matching(/^arn:aws:iam::\d{12}:role\/.+$/, "the ARN of a role"), "a list")
    .default([]),
  servicePolicyArns: z
    .array(matching(/^arn:aws:iam::(\d{12}|aws):policy\/.+$/, "the ARN of a policy"), "a list")
    .default([]),
});

type Settings = z.infer<typeof schema>;
export type BootstrapConfig = Settings & { subject: string; signer: string };

const texts = [
  ...["region", "accountId", "repository", "subject", "branch", "signer", "stateBucket"],
  "identityProviderArn",
];

const signerBuilds = ({ signer, environments }: Partial<Settings>) =>
  signer === undefined || !environments || environments.includes(signer)
    ? []
    : [`signer: "${signer}" is not allowed: one of ${environments.join(", ")}`];

const previewsAreDeployed = ({ previewDatabases = {}, environments }: Partial<Settings>) =>
  Object.keys(previewDatabases).flatMap((name) =>
    !environments || environments.includes(name)
      ? []
      : [`previewDatabases: "${name}" is not allowed: one of ${environments.join(", ")}`],
  );

const oneSubject = ({ ids, subject }: Partial<Settings>) =>
  ids && subject !== undefined
    ? [`subject: "${subject}" is not allowed: ids say what the subject is`]
    : [];

const providerIsHere = ({ identityProviderArn, accountId }: Partial<Settings>) =>
  identityProviderArn === undefined || !accountId || identityProviderArn.includes(`:${accountId}:`)
    ? []
    : [
        `identityProviderArn: "${identityProviderArn}" is not allowed: a provider of the account ${accountId}`,
      ];

/**
 * How the repository's tokens begin their subject. Those of a repository that was made, renamed or
 * moved after 15 July 2026 have ids in it (github/docs, actions/reference/security/oidc.md).
 */
function subjectOf({ repository, ids, subject }: Settings): string {
  if (subject) return subject;
  const [owner, name] = repository.split("/");
  return ids ? `repo:${owner}@${ids.owner}/${name}@${ids.repository}` : `repo:${repository}`;
}

/**
 * Reads the settings; throws one `pulumi.RunError` with every problem. Unknown keys are problems.
 * Without a signer, the first environment is it.
 */
export function loadConfig(): BootstrapConfig {
  const settings = readSettings(schema, texts, [
    signerBuilds,
    previewsAreDeployed,
    oneSubject,
    providerIsHere,
  ]);
  const {
    environments: [first = ""],
    signer = first,
  } = settings;
  return { ...settings, subject: subjectOf(settings), signer };
}
