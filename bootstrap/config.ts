import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";

const matching = (pattern: RegExp, allowed: string) => z.string(allowed).regex(pattern, allowed);

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
  stateBucket: matching(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "a bucket's name"),
  services: z
    .array(matching(/^[a-z][a-z0-9-]*$/, "the services' names"), "a list of services")
    .default(["web"]),
  servicePolicyArns: z
    .array(matching(/^arn:aws:iam::(\d{12}|aws):policy\/.+$/, "the ARN of a policy"), "a list")
    .default([]),
});

export type BootstrapConfig = z.infer<typeof schema> & { subject: string };

/** Reads the settings; throws one `pulumi.RunError` with every problem. Unknown keys are problems. */
export function loadConfig(): BootstrapConfig {
  const project = pulumi.getProject();
  const given = Object.fromEntries(
    Object.entries(pulumi.runtime.allConfig())
      .filter(([key]) => key.startsWith(`${project}:`))
      .map(([key, text]) => [
        key.slice(project.length + 1),
        text.startsWith("[") ? JSON.parse(text) : text,
      ]),
  );
  const { data, error } = schema.safeParse(given);
  if (error) {
    const problems = error.issues.map(
      ({ path, message }) => `  ${[project, ...path].join(":")}: ${message}`,
    );
    throw new pulumi.RunError([`Pulumi.${pulumi.getStack()}.yaml:`, ...problems].join("\n"));
  }
  return { ...data, subject: data.subject ?? `repo:${data.repository}` };
}
