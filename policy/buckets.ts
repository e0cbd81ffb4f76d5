import { type Rule, statementsOf } from "./rule.ts";

const bucket = "aws:s3/bucket:Bucket";
const block = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock";
const bucketPolicy = "aws:s3/bucketPolicy:BucketPolicy";
const blocks = [
  "blockPublicAcls",
  "blockPublicPolicy",
  "ignorePublicAcls",
  "restrictPublicBuckets",
];
const allBlocked = Object.fromEntries(blocks.map((name) => [name, true]));

const tlsOnly = {
  Statement: {
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  },
};

export const bucketRules: Rule[] = [
  {
    name: "buckets-private",
    requirement: "Every bucket has all four public access blocks",
    reason: "One wrong bucket policy must not publish a bucket (FSBP S3.8)",
    remedy: "Add an aws.s3.BucketPublicAccessBlock with all four blocks on",
    together: true,
    check: (one, { others }) => [
      one.type === bucket &&
        !others.some(
          ({ type, inputs, dependsOn }) =>
            type === block &&
            dependsOn.includes(one.urn) &&
            blocks.every((name) => inputs[name] === true),
        ) &&
        "does not block public access",
    ],
    good: [
      [
        { type: bucket, urn: "logs", inputs: {} },
        { type: block, inputs: allBlocked, dependsOn: ["logs"] },
      ],
    ],
    bad: [
      [{ type: bucket, inputs: {} }],
      [
        { type: bucket, urn: "logs", inputs: {} },
        { type: block, inputs: allBlocked, dependsOn: ["another"] },
      ],
      [
        { type: bucket, urn: "logs", inputs: {} },
        { type: block, inputs: { ...allBlocked, blockPublicAcls: false }, dependsOn: ["logs"] },
      ],
      [
        { type: bucket, urn: "logs", inputs: {} },
        { type: block, inputs: { ...allBlocked, blockPublicPolicy: false }, dependsOn: ["logs"] },
      ],
      [
        { type: bucket, urn: "logs", inputs: {} },
        { type: block, inputs: { ...allBlocked, ignorePublicAcls: false }, dependsOn: ["logs"] },
      ],
      [
        { type: bucket, urn: "logs", inputs: {} },
        {
          type: block,
          inputs: { ...allBlocked, restrictPublicBuckets: false },
          dependsOn: ["logs"],
        },
      ],
    ],
  },
  {
    name: "buckets-tls-only",
    requirement: "Every bucket denies requests without TLS",
    reason: "S3 accepts plain HTTP by default (FSBP S3.5)",
    remedy: "Add an aws.s3.BucketPolicy that denies aws:SecureTransport false",
    together: true,
    check: (one, { others }) => [
      one.type === bucket &&
        !others.some(
          ({ type, inputs, dependsOn }) =>
            type === bucketPolicy &&
            dependsOn.includes(one.urn) &&
            statementsOf(inputs.policy).some(
              ({ Effect, Condition }) =>
                Effect === "Deny" && Condition?.Bool?.["aws:SecureTransport"] === "false",
            ),
        ) &&
        "accepts requests without TLS",
    ],
    good: [
      [
        { type: bucket, urn: "logs", inputs: {} },
        { type: bucketPolicy, inputs: { policy: tlsOnly }, dependsOn: ["logs"] },
      ],
    ],
    bad: [
      [{ type: bucket }],
      [
        { type: bucket, urn: "logs", inputs: {} },
        { type: bucketPolicy, inputs: { policy: { Statement: [] } }, dependsOn: ["logs"] },
      ],
    ],
  },
];
