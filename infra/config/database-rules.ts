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
  // Of a network that is there already, AWS is asked for its addresses (existing-network.ts).
  rule(["resources", "services", "jobs", "network"], ({ network, ...settings }) =>
    network.existing ? [] : reachingCache(waysToCachePort(settings), [network.cidrBlock]),
  ),
];

/** A way out at the port of caches, in a stack that has one. */
export interface WayToCachePort {
  /** Where it stands in the settings. */
  at: string;
  cidrBlock: string;
  cache: string;
}

export function waysToCachePort({
  resources,
  services,
  jobs,
}: Pick<Settings, "resources" | "services" | "jobs">): WayToCachePort[] {
  const [cache] = namesOf("cache", resources);
  if (cache === undefined) return [];
  return workloadsOf({ services, jobs }).flatMap(([at, { egress }]) =>
    egress
      .filter(({ port }) => port === cachePort)
      .map(({ cidrBlock }) => ({ at, cidrBlock, cache })),
  );
}

/** The problems of those that lead into the VPC, which has these networks: a cache has no password. */
export function reachingCache(ways: WayToCachePort[], networks: string[]): string[] {
  return ways
    .filter(({ cidrBlock }) =>
      networks.some((network) => contains(cidrBlock, network) || contains(network, cidrBlock)),
    )
    .map(
      ({ at, cidrBlock, cache }) =>
        `${at}.egress: ${cidrBlock} at port ${cachePort} reaches resources.${cache}, which has no password; allowed: networks outside of ${networks.join(", ")}, or ${at}.uses.${cache}`,
    );
}

const namesOf = (kind: string, resources: Settings["resources"]) =>
  Object.keys(resources).filter((name) => resources[name]?.kind === kind);
