import { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { EC2Client } from "@aws-sdk/client-ec2";
import { ECRClient } from "@aws-sdk/client-ecr";
import { EKSClient } from "@aws-sdk/client-eks";
import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { IAMClient } from "@aws-sdk/client-iam";
import { KMSClient } from "@aws-sdk/client-kms";
import { ResourceGroupsTaggingAPIClient } from "@aws-sdk/client-resource-groups-tagging-api";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { STSClient } from "@aws-sdk/client-sts";
import { monthly, type Price } from "../../cloud/prices.ts";
import type { OperatedStack } from "../operated-stack.ts";
import type { Belonging, Owner, Tags } from "./ownership.ts";

/** The APIs of AWS that leftovers are in. The variables of AWS's SDK hold. */
export function cloudOf(region: string) {
  const at = { region };
  return {
    region,
    autoScaling: new AutoScalingClient(at),
    ec2: new EC2Client(at),
    ecr: new ECRClient(at),
    eks: new EKSClient(at),
    elb: new ElasticLoadBalancingV2Client(at),
    iam: new IAMClient(at),
    kms: new KMSClient(at),
    logs: new CloudWatchLogsClient(at),
    secrets: new SecretsManagerClient(at),
    sts: new STSClient(at),
    tagging: new ResourceGroupsTaggingAPIClient(at),
  };
}

export type Cloud = ReturnType<typeof cloudOf>;

/** Something that AWS has. */
export interface Found {
  /** By which AWS deletes it. */
  id: string;
  /** By which people know it. Default: the id. */
  name?: string;
  tags: Tags;
  /** US dollars, of `priceRegion`. Undefined: nothing here knows. */
  usdPerDay?: number;
  /** Where something else than the tags says whose it is. */
  belonging?: Belonging;
  /** Why it is not to be deleted. */
  kept?: string;
}

/** How to find one kind of thing, and how to delete it. */
export interface Kind {
  what: string;
  /** The permissions that `find` needs. */
  actions: string[];
  /** May find what others own too. */
  find(cloud: Cloud, owner: Owner): Promise<Found[]>;
  /** The setting that keeps all of the kind, if one does. */
  kept?(config: OperatedStack["config"]): string | undefined;
  /** Without it, it is only named. */
  deletion?: Deletion;
}

export interface Deletion {
  actions: string[];
  /** Settles when it is gone, or when AWS has begun and what follows is refused until it is. */
  remove(cloud: Cloud, one: Found): Promise<unknown>;
}

/** US dollars a day. */
export const perDay = (price: Price, count = 1) =>
  (monthly({ what: price.per, count, price }) * 12) / 365;

/** In which a waiter of the SDK gives up, in seconds. */
export const longestWait = 600;
