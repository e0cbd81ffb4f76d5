import type { Example, Rule } from "./rule.ts";

const cluster = "aws:rds/cluster:Cluster";
const instance = "aws:rds/clusterInstance:ClusterInstance";
const parameters = "aws:rds/clusterParameterGroup:ClusterParameterGroup";
const cache = "aws:elasticache/serverlessCache:ServerlessCache";

const sound = {
  storageEncrypted: true,
  manageMasterUserPassword: true,
  enabledCloudwatchLogsExports: ["postgresql"],
};
const inProduction = (type: string, inputs: object, protect = true): Example => ({
  type,
  inputs,
  protect,
  defaultTags: { environment: "production" },
});
const safe = { backupRetentionPeriod: 7, deletionProtection: true, skipFinalSnapshot: false };

export const databaseRules: Rule[] = [
  {
    name: "databases-sound",
    requirement: "A database is encrypted, private, exports its logs, and RDS manages its password",
    reason:
      "Pulumi's state would have the password; encryption can't be added later (FSBP RDS.2, RDS.27, RDS.37)",
    remedy:
      "Set storageEncrypted, manageMasterUserPassword, enabledCloudwatchLogsExports, publiclyAccessible false",
    check: ({ type, inputs }) =>
      type === cluster
        ? [
            inputs.storageEncrypted !== true && "is not encrypted",
            inputs.manageMasterUserPassword !== true && "has a password that RDS does not manage",
            !(inputs.enabledCloudwatchLogsExports?.length > 0) && "exports no logs",
          ]
        : [type === instance && inputs.publiclyAccessible === true && "has a public address"],
    good: [
      [{ type: cluster, inputs: sound }],
      [{ type: instance, inputs: { publiclyAccessible: false } }],
    ],
    bad: [
      ...Object.keys(sound).map((key): Example[] => [
        { type: cluster, inputs: { ...sound, [key]: undefined } },
      ]),
      [{ type: instance, inputs: { publiclyAccessible: true } }],
    ],
  },
  {
    name: "databases-force-tls",
    requirement: "Parameters of PostgreSQL force TLS",
    reason: "A client that does not ask for TLS would send its queries in clear text (FSBP RDS.38)",
    remedy: "Set the parameter rds.force_ssl to 1",
    check: ({ type, inputs }) => [
      type === parameters &&
        /postgres/.test(inputs.family) &&
        !inputs.parameters?.some(
          ({ name, value }: Record<string, string>) => name === "rds.force_ssl" && value === "1",
        ) &&
        "accepts connections without TLS",
    ],
    good: [
      [
        {
          type: parameters,
          inputs: {
            family: "aurora-postgresql17",
            parameters: [{ name: "rds.force_ssl", value: "1" }],
          },
        },
      ],
      [{ type: parameters, inputs: { family: "aurora-mysql8.0" } }],
    ],
    bad: [
      [{ type: parameters, inputs: { family: "aurora-postgresql17" } }],
      [
        {
          type: parameters,
          inputs: {
            family: "aurora-postgresql17",
            parameters: [{ name: "rds.force_ssl", value: "0" }],
          },
        },
      ],
      [
        {
          type: parameters,
          inputs: { family: "aurora-postgresql17", parameters: [{ name: "work_mem", value: "1" }] },
        },
      ],
    ],
  },
  {
    name: "production-databases-protected",
    requirement:
      "In production, databases and caches are protected from deletion; databases have a week of backups",
    reason: "What they hold is nowhere else (FSBP RDS.7, RDS.11; Well-Architected REL09-BP01)",
    remedy:
      "Set protect, and of a database deletionProtection, skipFinalSnapshot false and backupRetentionPeriod",
    check: ({ type, inputs, protect, defaultTags }) =>
      defaultTags.environment === "production"
        ? [
            [cluster, cache].includes(type) && !protect && "is not protected",
            type === cluster && inputs.deletionProtection !== true && "has no deletion protection",
            type === cluster && inputs.skipFinalSnapshot === true && "has no final snapshot",
            type === cluster &&
              !(inputs.backupRetentionPeriod >= 7) &&
              "has backups of less than a week",
          ]
        : [],
    good: [
      [inProduction(cluster, safe)],
      [inProduction(cache, {})],
      [{ type: cluster, inputs: {}, defaultTags: { environment: "development" } }],
    ],
    bad: [
      [inProduction(cluster, safe, false)],
      [inProduction(cache, {}, false)],
      [inProduction(cluster, { ...safe, deletionProtection: false })],
      [inProduction(cluster, { ...safe, skipFinalSnapshot: true })],
      [inProduction(cluster, { ...safe, backupRetentionPeriod: 6 })],
      [inProduction(cluster, { ...safe, backupRetentionPeriod: undefined })],
    ],
  },
];
