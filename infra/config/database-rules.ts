import { contains } from "../network/cidr.ts";
import type { PostgresConfig } from "./resource-schema.ts";
import type { Settings } from "./schema.ts";
import { rule, workloadsOf } from "./setting-rule.ts";

/** Of a cluster of RDS (Amazon RDS API, CreateDBCluster); its instances add three characters. */
const identifier = /^(?!.*--)[a-z][a-z0-9-]{0,58}[a-z0-9]$/;

/** Of ElastiCache; Valkey's own. */
export const cachePort = 6379;

/** Of RDS; the account's region has no other cluster of the name. */
export const identifierOf = (clusterName: string, resource: string) => `${clusterName}-${resource}`;

const postgresOf = ({ resources }: Pick<Settings, "resources">): [string, PostgresConfig][] =>
  Object.entries(resources).flatMap(([name, one]) =>
    one.kind === "postgres" ? [[name, one] as [string, PostgresConfig]] : [],
  );

/** What Aurora refuses, and what production must not have. */
export const databaseRules = [
  rule(["resources", "cluster"], ({ resources, cluster }) =>
    postgresOf({ resources }).flatMap(([name, { minCapacity, maxCapacity, pauseAfterMinutes }]) => {
      const at = `resources.${name}`;
      const of = identifierOf(cluster.name, name);
      return [
        minCapacity > maxCapacity &&
          `${at}.minCapacity: ${minCapacity} is above ${at}.maxCapacity ${maxCapacity}`,
        pauseAfterMinutes !== undefined &&
          minCapacity > 0 &&
          `${at}.pauseAfterMinutes: ${pauseAfterMinutes} goes with ${at}.minCapacity 0, not ${minCapacity}`,
        !identifier.test(of) &&
          `${at}: ${of}, of cluster.name and its own, is no name for RDS; allowed: at most 60 of a-z, 0-9 and single -`,
      ];
    }),
  ),
  rule(["resources", "environment"], ({ resources, environment }) =>
    environment === "production"
      ? postgresOf({ resources }).flatMap(
          ([name, { minCapacity, replicas, backupRetentionDays }]) => [
            minCapacity === 0 &&
              `resources.${name}.minCapacity: 0 is not allowed in production: a paused database takes 15 seconds to answer`,
            replicas === 0 &&
              `resources.${name}.replicas: 0 is not allowed in production: at least 1, in another zone`,
            backupRetentionDays < 7 &&
              `resources.${name}.backupRetentionDays: ${backupRetentionDays} is not allowed in production: at least 7`,
          ],
        )
      : [],
  ),
  rule(["resources"], ({ resources }) => {
    const [first, ...others] = namesOf("cache", resources);
    return others.map(
      (name) =>
        `resources.${name}: is a second cache besides ${first}; allowed: one, because a cache has no password, and who reaches one would reach both`,
    );
  }),
  rule(["resources", "services", "jobs", "network"], ({ resources, services, jobs, network }) => {
    const [cache] = namesOf("cache", resources);
    const reaches = ({ cidrBlock, port }: { cidrBlock: string; port: number }) =>
      port === cachePort &&
      (contains(cidrBlock, network.cidrBlock) || contains(network.cidrBlock, cidrBlock));
    return workloadsOf({ services, jobs }).flatMap(([at, { egress }]) =>
      egress
        .filter((one) => cache !== undefined && reaches(one))
        .map(
          ({ cidrBlock, port }) =>
            `${at}.egress: ${cidrBlock} at port ${port} reaches resources.${cache}, which has no password; allowed: networks outside of ${network.cidrBlock}, or ${at}.uses.${cache}`,
        ),
    );
  }),
];

const namesOf = (kind: string, resources: Settings["resources"]) =>
  Object.keys(resources).filter((name) => resources[name]?.kind === kind);
