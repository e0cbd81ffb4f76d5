import { withoutEks } from "../../infra/config/preflight.ts";
import { CommandFailed, run, type ShellOptions } from "../shell.ts";

/** What AWS says of the account of the user's credentials. Nothing where there is no AWS CLI, or no credentials. */
export interface Account {
  accountId?: string;
  /** The IAM role or user of the credentials; of an assumed role the role. */
  principal?: string;
  /** Zones of the region that have EKS. */
  zones?: string[];
}

/** Asks the AWS CLI, which changes nothing. A question that it cannot answer is left out. */
export async function readCaller(options: ShellOptions = {}): Promise<Account> {
  const answer = await ask(["sts", "get-caller-identity"], options);
  if (!answer) return {};
  const { Account: accountId, Arn } = answer as { Account: string; Arn: string };
  const [, role] = /:assumed-role\/([^/]+)\//.exec(Arn) ?? [];
  // The path of an assumed role is in its own ARN only.
  const described = role && (await ask(["iam", "get-role", "--role-name", role], options));
  const principal = role ? (described as { Role?: { Arn: string } })?.Role?.Arn : Arn;
  return { accountId, ...(principal && { principal }) };
}

/** Zones in which EKS makes no control plane are left out (infra/config/preflight.ts). */
export async function readZones(
  region: string,
  options: ShellOptions = {},
): Promise<string[] | undefined> {
  const answer = await ask(
    [
      "ec2",
      "describe-availability-zones",
      "--region",
      region,
      "--filters",
      "Name=zone-type,Values=availability-zone",
    ],
    options,
  );
  const zones = (answer as { AvailabilityZones?: { ZoneName: string; ZoneId: string }[] })
    ?.AvailabilityZones;
  return zones
    ?.filter(({ ZoneId }) => !withoutEks.includes(ZoneId))
    .map(({ ZoneName }) => ZoneName)
    .sort();
}

async function ask(args: string[], options: ShellOptions): Promise<unknown> {
  try {
    return JSON.parse(await run("aws", [...args, "--output", "json"], options));
  } catch (error) {
    if (error instanceof CommandFailed || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
