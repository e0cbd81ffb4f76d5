import type { Effect, Rule } from "../rule.ts";
import type { Props } from "../world.ts";

const secretType = "aws:secretsmanager/secret:Secret";
export const storeRules: Rule[] = [
  ...(["create", "update"] as const).map(
    (on): Rule => ({
      error: "MalformedXML",
      on,
      types: ["aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"],
      source:
        "Amazon S3 User Guide, lifecycle configuration elements: ExpiredObjectDeleteMarker not beside Days or Date",
      refusal: ({ inputs }) =>
        (inputs.rules as Props[]).some(
          ({ expiration = {} }) =>
            expiration.expiredObjectDeleteMarker !== undefined &&
            (expiration.days ?? expiration.date) !== undefined,
        )
          ? "The XML you provided was not well-formed or did not validate against our published schema"
          : undefined,
    }),
  ),
  {
    error: "InvalidRequestException",
    on: "create",
    types: [secretType],
    source:
      "AWS Secrets Manager User Guide, delete a secret: a name is taken until its recovery window ends",
    refusal: ({ world, inputs }) =>
      world.recoverableSecrets.has(inputs.name)
        ? "You can't create this secret because a secret with this name is already scheduled for deletion."
        : undefined,
  },
];

export const storeEffects: Effect[] = [
  {
    on: "delete",
    types: [secretType],
    source: "AWS Secrets Manager API Reference, DeleteSecret: 30 days unless it says otherwise",
    run: ({ world, inputs }) => {
      if (inputs.recoveryWindowInDays !== 0) world.recoverableSecrets.add(inputs.name);
    },
  },
  {
    on: "create",
    types: [secretType],
    source: "the program makes secrets without a value; a person gives it (docs/runbooks.md)",
    run: ({ world, resource }) => {
      const after = world.secretsFilledAfter;
      if (after !== undefined) world.clock.later(after, () => world.filledSecrets.add(resource.id));
    },
  },
];
