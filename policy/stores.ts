import { given, type Rule } from "./rule.ts";

const logGroup = "aws:cloudwatch/logGroup:LogGroup";
const repository = "aws:ecr/repository:Repository";
const topic = "aws:sns/topic:Topic";
const queue = "aws:sqs/queue:Queue";
const key = "aws:kms/key:Key";

export const storeRules: Rule[] = [
  {
    name: "logs-end",
    requirement: "Every log group has a retention",
    reason:
      "CloudWatch keeps logs forever by default, with their cost and their personal data (FSBP CloudWatch.16)",
    remedy: "Set retentionInDays",
    check: ({ type, inputs }) => [
      type === logGroup && !(inputs.retentionInDays > 0) && "keeps its logs forever",
    ],
    good: [[{ type: logGroup, inputs: { retentionInDays: 7 } }]],
    bad: [[{ type: logGroup, inputs: {} }], [{ type: logGroup, inputs: { retentionInDays: 0 } }]],
  },
  {
    name: "registries-sound",
    requirement: "A repository scans images, encrypts them with KMS and has immutable tags",
    reason: "A mutable tag can deploy an image that nobody reviewed (FSBP ECR.1, ECR.2, ECR.5)",
    remedy: "Set imageTagMutability IMMUTABLE, scanOnPush true, encryptionType KMS",
    check: ({ type, inputs }) =>
      type === repository
        ? [
            inputs.imageTagMutability !== "IMMUTABLE" && "has mutable tags",
            inputs.imageScanningConfiguration?.scanOnPush !== true && "does not scan its images",
            inputs.encryptionConfigurations?.[0]?.encryptionType !== "KMS" &&
              "is not encrypted with KMS",
          ]
        : [],
    good: [
      [
        {
          type: repository,
          inputs: {
            imageTagMutability: "IMMUTABLE",
            imageScanningConfiguration: { scanOnPush: true },
            encryptionConfigurations: [{ encryptionType: "KMS" }],
          },
        },
      ],
    ],
    bad: [
      [{ type: repository, inputs: {} }],
      [
        {
          type: repository,
          inputs: {
            imageTagMutability: "MUTABLE",
            imageScanningConfiguration: { scanOnPush: true },
            encryptionConfigurations: [{ encryptionType: "KMS" }],
          },
        },
      ],
    ],
  },
  {
    name: "messages-encrypted",
    requirement: "Topics and queues are encrypted",
    reason: "AWS stores messages until a consumer reads them (FSBP SNS.1, SQS.1)",
    remedy: "Set kmsMasterKeyId",
    check: ({ type, inputs }) => [
      (type === topic || (type === queue && inputs.sqsManagedSseEnabled !== true)) &&
        !given(inputs, "kmsMasterKeyId") &&
        "is not encrypted",
    ],
    good: [
      [{ type: topic, inputs: { kmsMasterKeyId: "alias/aws/sns" } }],
      [{ type: queue, inputs: { sqsManagedSseEnabled: true } }],
    ],
    bad: [[{ type: topic, inputs: {} }], [{ type: queue, inputs: {} }]],
  },
  {
    name: "keys-rotate",
    requirement: "Symmetric KMS keys rotate",
    reason: "A leaked key decrypts data of at most one year (FSBP KMS.4)",
    remedy: "Set enableKeyRotation",
    check: ({ type, inputs }) => [
      type === key &&
        (inputs.customerMasterKeySpec ?? "SYMMETRIC_DEFAULT") === "SYMMETRIC_DEFAULT" &&
        inputs.enableKeyRotation !== true &&
        "does not rotate",
    ],
    good: [
      [{ type: key, inputs: { enableKeyRotation: true } }],
      [{ type: key, inputs: { customerMasterKeySpec: "ECC_NIST_P256" } }],
    ],
    bad: [[{ type: key, inputs: {} }]],
  },
];
