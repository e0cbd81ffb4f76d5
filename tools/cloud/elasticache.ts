import { arnOf, hex } from "./naming.ts";
import { prices } from "./prices.ts";
import { idOf, type ResourceType, seconds } from "./resource-type.ts";

/** ElastiCache meters at least 0.1 GB of a serverless cache with Valkey. */
const leastGigabytes = 0.1;

/** Durations: Amazon ElastiCache User Guide, "in under a minute"; the provider first looks after 30 s. */
export const elasticache: Record<string, ResourceType> = {
  "aws:elasticache/serverlessCache:ServerlessCache": {
    duration: seconds(60, 60, 120),
    replacedBy: [
      ...["engine", "kmsKeyId", "majorEngineVersion", "name"],
      ...["snapshotArnsToRestores", "subnetIds"],
    ],
    required: ["engine"],
    formats: [
      {
        property: "name",
        pattern: /^(?!.*--)[a-z][a-z0-9-]{0,38}[a-z0-9]$/,
        message: "must be 1 to 40 of a-z, 0-9 and single -, beginning with a letter",
      },
    ],
    autoname: { property: "name", maxLength: 40, lowerCase: true },
    id: idOf("name"),
    computed: ({ cloud, id }) => ({
      arn: arnOf(cloud, "elasticache", `serverlesscache:${id}`),
      endpoints: [
        {
          address: `${id}-${hex(id, 6)}.serverless.${cloud.region}.cache.amazonaws.com`,
          port: 6379,
        },
      ],
    }),
    mock: "computed",
    // The provider deletes without a final snapshot (resource.serverless_cache.go, Delete).
    holdsData: { what: "its values and its daily snapshots" },
    charges: () => ({
      fixed: [
        { what: "GB in a serverless cache", count: leastGigabytes, price: prices.cacheStorage },
      ],
      perUse: [prices.cacheStorage, prices.cacheRequests],
    }),
  },
};
