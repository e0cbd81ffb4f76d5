import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { cachePort } from "../config/database-rules.ts";
import { type CacheConfig, stemOf } from "../config/resource-schema.ts";
import type { Link, Linkable } from "./link.ts";
import { makeSecurityGroup, type Surroundings } from "./security-group.ts";

export interface CacheArgs extends CacheConfig, Surroundings {
  clusterName: string;
  /**
   * Pulumi refuses the cache's deletion and keeps it on destroy. ElastiCache keeps a snapshot of each of the
   * last days.
   */
  protect: boolean;
}

/** Valkey's major version; another one makes a new cache. */
export const majorEngineVersion = "8";
const snapshots = 7;

/**
 * A cache: ElastiCache Serverless with Valkey, in the private subnets of two zones, encrypted. It takes
 * connections with TLS only, and asks for no password: network policies alone keep others from it.
 *
 * Its users get `<NAME>_HOST`, `<NAME>_PORT` and `<NAME>_URL`, which begins with `rediss://`.
 */
export class Cache extends pulumi.ComponentResource implements Linkable {
  readonly dimensions: Linkable["dimensions"];
  private readonly resource: string;
  private readonly cache: aws.elasticache.ServerlessCache;
  private readonly cidrBlocks: string[];

  constructor(name: string, args: CacheArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:resources:Cache", name, {}, opts);
    const parent = { parent: this };
    const securityGroup = makeSecurityGroup(name, { ...args, port: cachePort }, parent);
    this.cache = new aws.elasticache.ServerlessCache(
      name,
      {
        engine: "valkey",
        majorEngineVersion,
        description: `${name} of ${args.clusterName}`,
        cacheUsageLimits: {
          dataStorage: { maximum: args.maxStorageGiB, unit: "GB" },
          ecpuPerSeconds: [{ maximum: args.maxRequestsPerSecond }],
        },
        // Other subnets make a new cache: a further zone must not reach it.
        subnetIds: args.network.controlPlaneSubnetIds,
        securityGroupIds: [securityGroup.id],
        snapshotRetentionLimit: args.protect ? snapshots : 0,
      },
      { ...parent, protect: args.protect, retainOnDelete: args.protect },
    );
    this.resource = name;
    this.cidrBlocks = args.network.privateCidrBlocks.slice(0, 2);
    this.dimensions = { clusterId: this.cache.name };
    this.registerOutputs({ endpoint: this.host() });
  }

  link(): Link {
    const stem = stemOf(this.resource);
    return {
      resource: this.resource,
      access: "readWrite",
      variables: {
        [`${stem}_HOST`]: this.host(),
        [`${stem}_PORT`]: String(cachePort),
        [`${stem}_URL`]: pulumi.interpolate`rediss://${this.host()}:${cachePort}`,
      },
      secrets: {},
      statements: [],
      egress: this.cidrBlocks.map((cidrBlock) => ({ cidrBlock, port: cachePort })),
    };
  }

  private host(): pulumi.Output<string> {
    return this.cache.endpoints.apply(([endpoint]) => endpoint?.address ?? "");
  }
}
