import {
  type Example,
  given,
  type Rule,
  type Statement,
  type Subject,
  statementsOf,
} from "./rule.ts";

const logGroup = "aws:cloudwatch/logGroup:LogGroup";
const repository = "aws:ecr/repository:Repository";
const topic = "aws:sns/topic:Topic";
const queue = "aws:sqs/queue:Queue";
const topicPolicy = "aws:sns/topicPolicy:TopicPolicy";
const queuePolicy = "aws:sqs/queuePolicy:QueuePolicy";
const table = "aws:dynamodb/table:Table";
const secret = "aws:secretsmanager/secret:Secret";
const fileSystem = "aws:efs/fileSystem:FileSystem";
const fileSystemPolicy = "aws:efs/fileSystemPolicy:FileSystemPolicy";
const accessPoint = "aws:efs/accessPoint:AccessPoint";
const vault = "aws:backup/vault:Vault";
const selection = "aws:backup/selection:Selection";
const key = "aws:kms/key:Key";

const deniesPlainHttp = ({ Effect, Condition }: Statement) =>
  Effect === "Deny" && Condition?.Bool?.["aws:SecureTransport"] === "false";
/** EventBridge takes no condition in the policy of its topic (infra/observability/alarms). */
const isOfEvents = ({ Principal }: Statement) =>
  typeof Principal === "object" && [Principal.Service].flat().includes("events.amazonaws.com");
/** Whether a policy of this type, of the resource, has such a statement. */
const hasStatement = (
  { urn }: Subject,
  others: Subject[],
  policyType: string,
  wanted: (statement: Statement) => boolean,
) =>
  others.some(
    ({ type, inputs, dependsOn }) =>
      type === policyType && dependsOn.includes(urn) && statementsOf(inputs.policy).some(wanted),
  );
const tlsOnly = {
  Statement: {
    Effect: "Deny",
    Principal: "*",
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  },
};
const ofEvents = { Statement: { Effect: "Allow", Principal: { Service: "events.amazonaws.com" } } };
const withPolicy = (type: string, policyType: string, policy: object): Example[] => [
  { type, urn: "messages" },
  { type: policyType, inputs: { policy }, dependsOn: ["messages"] },
];
const inProduction = (example: Example): Example[] => [
  { defaultTags: { environment: "production" }, ...example },
];

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
    remedy: "Set kmsMasterKeyId, or of a queue sqsManagedSseEnabled",
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
    name: "messages-tls-only",
    requirement: "Queues and topics deny requests without TLS",
    reason: "SQS and SNS accept plain HTTP by default (Amazon SQS and SNS security best practices)",
    remedy: "Add a QueuePolicy or TopicPolicy that denies aws:SecureTransport false",
    together: true,
    check: (one, { others }) => [
      [queue, topic].includes(one.type) &&
        !hasStatement(
          one,
          others,
          one.type === queue ? queuePolicy : topicPolicy,
          (statement) =>
            deniesPlainHttp(statement) || (one.type === topic && isOfEvents(statement)),
        ) &&
        "accepts requests without TLS",
    ],
    good: [
      withPolicy(queue, queuePolicy, tlsOnly),
      withPolicy(topic, topicPolicy, tlsOnly),
      withPolicy(topic, topicPolicy, ofEvents),
    ],
    bad: [
      [{ type: queue }],
      [{ type: topic }],
      withPolicy(queue, queuePolicy, { Statement: [] }),
      withPolicy(queue, queuePolicy, ofEvents),
      withPolicy(queue, topicPolicy, tlsOnly),
      [
        { type: queue, urn: "messages" },
        { type: queuePolicy, inputs: { policy: tlsOnly }, dependsOn: ["another"] },
      ],
    ],
  },
  {
    name: "tables-recoverable",
    requirement: "Every table has point-in-time recovery",
    reason: "A wrong write or deletion is undone from a backup only (FSBP DynamoDB.2)",
    remedy: "Set pointInTimeRecovery enabled",
    check: ({ type, inputs }) => [
      type === table &&
        inputs.pointInTimeRecovery?.enabled !== true &&
        "has no point-in-time recovery",
    ],
    good: [[{ type: table, inputs: { pointInTimeRecovery: { enabled: true } } }]],
    bad: [
      [{ type: table, inputs: {} }],
      [{ type: table, inputs: { pointInTimeRecovery: { enabled: false } } }],
    ],
  },
  {
    name: "production-stores-protected",
    requirement:
      "In production, tables, queues, secrets, file systems and vaults of backups are protected from deletion",
    reason: "What they hold is nowhere else (FSBP DynamoDB.6; Well-Architected REL09-BP01)",
    remedy: "Set protect, and of a table deletionProtectionEnabled",
    check: ({ type, inputs, protect, defaultTags }) =>
      defaultTags.environment === "production"
        ? [
            [table, queue, secret, fileSystem, vault].includes(type) &&
              !protect &&
              "is not protected",
            type === table &&
              inputs.deletionProtectionEnabled !== true &&
              "has no deletion protection",
          ]
        : [],
    good: [
      inProduction({ type: table, protect: true, inputs: { deletionProtectionEnabled: true } }),
      inProduction({ type: queue, protect: true }),
      [{ type: table, defaultTags: { environment: "development" } }],
    ],
    bad: [
      inProduction({ type: table, inputs: { deletionProtectionEnabled: true } }),
      inProduction({ type: table, protect: true }),
      inProduction({ type: queue }),
      inProduction({ type: secret }),
      inProduction({ type: fileSystem }),
      inProduction({ type: vault }),
    ],
  },
  {
    name: "files-tls-only",
    requirement: "Every file system denies connections without TLS",
    reason:
      "NFS is plain, and EFS accepts it so by default (Amazon EFS User Guide, data in transit)",
    remedy: "Add an aws.efs.FileSystemPolicy that denies aws:SecureTransport false",
    together: true,
    check: (one, { others }) => [
      one.type === fileSystem &&
        !hasStatement(one, others, fileSystemPolicy, deniesPlainHttp) &&
        "accepts connections without TLS",
    ],
    good: [withPolicy(fileSystem, fileSystemPolicy, tlsOnly)],
    bad: [
      [{ type: fileSystem }],
      withPolicy(fileSystem, fileSystemPolicy, ofEvents),
      withPolicy(fileSystem, queuePolicy, tlsOnly),
      [
        { type: fileSystem, urn: "files" },
        { type: fileSystemPolicy, inputs: { policy: tlsOnly }, dependsOn: ["another"] },
      ],
    ],
  },
  {
    name: "files-of-one-user",
    requirement: "Every access point has a folder and a user of its own",
    reason: "Whoever mounts it is nobody else, and sees nothing else (FSBP EFS.3, EFS.4)",
    remedy: "Set posixUser, and a rootDirectory other than /",
    check: ({ type, inputs }) =>
      type === accessPoint
        ? [
            !given(inputs, "posixUser") && "has no user",
            (inputs.rootDirectory?.path ?? "/") === "/" && "has the whole file system",
          ]
        : [],
    good: [[{ type: accessPoint, inputs: { posixUser: {}, rootDirectory: { path: "/data" } } }]],
    bad: [
      [{ type: accessPoint, inputs: { rootDirectory: { path: "/data" } } }],
      [{ type: accessPoint, inputs: { posixUser: {} } }],
      [{ type: accessPoint, inputs: { posixUser: {}, rootDirectory: { path: "/" } } }],
    ],
  },
  {
    name: "files-backed-up",
    requirement: "Every file system is in a backup plan",
    reason: "EFS has no versions: a deleted file is in a backup or gone (FSBP EFS.2)",
    remedy: "Set backups.enabled, or name it in an aws.backup.Selection",
    level: "advisory",
    together: true,
    check: (one, { others }) => [
      one.type === fileSystem &&
        !others.some(({ type, dependsOn }) => type === selection && dependsOn.includes(one.urn)) &&
        "has no backups",
    ],
    good: [
      [
        { type: fileSystem, urn: "files" },
        { type: selection, dependsOn: ["files"] },
      ],
    ],
    bad: [
      [{ type: fileSystem, urn: "files" }],
      [
        { type: fileSystem, urn: "files" },
        { type: selection, dependsOn: ["another"] },
      ],
    ],
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
