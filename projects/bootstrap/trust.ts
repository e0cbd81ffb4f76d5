import * as pulumi from "@pulumi/pulumi";
import type { BootstrapConfig } from "./bootstrap-config.ts";

export const issuer = "token.actions.githubusercontent.com";
export const audience = "sts.amazonaws.com";

type Repository = Pick<BootstrapConfig, "repository" | "subject" | "branch">;

/** A role for the runs of this repository that the conditions describe. */
function trusted(
  providerArn: pulumi.Input<string>,
  { repository }: Repository,
  conditions: Record<string, string | string[]>,
): pulumi.Output<string> {
  const claims = { aud: audience, repository, ...conditions };
  return pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: "sts:AssumeRoleWithWebIdentity",
        Principal: { Federated: providerArn },
        Condition: {
          StringEquals: Object.fromEntries(
            Object.entries(claims).map(([claim, value]) => [`${issuer}:${claim}`, value]),
          ),
        },
      },
    ],
  });
}

/** Trusts jobs of one environment that run from the branch, and no others. */
export function deployTrust(
  providerArn: pulumi.Input<string>,
  repository: Repository,
  environment: string,
): pulumi.Output<string> {
  return trusted(providerArn, repository, {
    sub: `${repository.subject}:environment:${environment}`,
    // The subject of a job with an environment does not name the branch.
    ref: `refs/heads/${repository.branch}`,
  });
}

/** Trusts pull requests from branches of the repository; GitHub gives forks no token. */
export function pullRequestTrust(
  providerArn: pulumi.Input<string>,
  repository: Repository,
): pulumi.Output<string> {
  return trusted(providerArn, repository, { sub: `${repository.subject}:pull_request` });
}

/** Trusts jobs without an environment that run from the branch, and no code of a pull request. */
export function branchTrust(
  providerArn: pulumi.Input<string>,
  repository: Repository,
): pulumi.Output<string> {
  const { subject, branch } = repository;
  return trusted(providerArn, repository, { sub: `${subject}:ref:refs/heads/${branch}` });
}
