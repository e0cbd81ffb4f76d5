import { z } from "zod";
import { readSettings } from "../../infra/config/reading.ts";
import { matching, referencePattern } from "../../infra/config/values.ts";

const schema = z.strictObject({
  platform: matching(
    /^[\w.-]+\/[\w.-]+\/[\w.-]+$/,
    "a stack's full name such as organization/platform/dev",
  ),
  pullRequest: z.number("a number").int().min(1),
  images: z
    .record(
      z.string(),
      matching(referencePattern, "<repository>@sha256:<digest>"),
      "images by service",
    )
    .default({}),
  databases: z
    .record(
      z.string(),
      matching(/^arn:aws:secretsmanager:/, "the ARN of a secret"),
      "secrets by database",
    )
    .default({}),
  commit: z.string("what the images were built from, once they have been tried").optional(),
  since: z.iso.datetime("a time such as 2026-11-25T12:00:00Z").optional(),
});

export type EnvironmentConfig = z.infer<typeof schema>;

/** Reads the settings. Throws one `pulumi.RunError` with all problems. An unknown key is a problem. */
export const loadConfig = (): EnvironmentConfig =>
  readSettings(schema, ["platform", "commit", "since"]);
