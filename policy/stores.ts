import { given, type Rule } from "./rule.ts";

const logGroup = "aws:cloudwatch/logGroup:LogGroup";
const repository = "aws:ecr/repository:Repository";
const topic = "aws:sns/topic:Topic";
const queue = "aws:sqs/queue:Queue";
const key = "aws:kms/key:Key";

export const storeRules: Rule[] = [
  {
    name: "logs-end",
    promise: "Every log group has a retention",
    reason:
      "Logs are kept forever by default, and so are the bill and what should be forgotten (FSBP CloudWatch.16)",
    remedy: "Set retentionInDays",
    check: ({ type, inputs }) => [
      type === logGroup && !(inputs.retentionInDays > 0) && "keeps its logs forever",
    ],
    good: [[{ type: logGroup, inputs: { retentionInDays: 7 } }]],
    bad: [[{ type: logGroup, inputs: {} }], [{ type: logGroup, inputs: { retentionInDays: 0 } }]],
  },
  {
    name: "registries-sound",
    promise: "Images are scanned, encrypted with KMS, and a tag always means the same one",
    reason: "A tag that moves deploys what nobody reviewed (FSBP ECR.1, ECR.2, ECR.5)",
    remedy: "Set imageTagMutability IMMUTABLE, scanOnPush true, encryptionType KMS",
    check: ({ type, inputs }) =>
      type === repository
        ? [
            inputs.imageTagMutability !== "IMMUTABLE" && "its tags can be moved",
            inputs.imageScanningConfiguration?.scanOnPush !== true && "its images are not scanned",
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
    promise: "Topics and queues are encrypted",
    reason: "Messages wait on AWS's disks until they are read (FSBP SNS.1, SQS.1)",
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
    promise: "Symmetric KMS keys rotate",
    reason: "A key that leaks is of use for a year at most (FSBP KMS.4)",
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
