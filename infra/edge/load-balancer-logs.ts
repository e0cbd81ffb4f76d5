import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { LoadBalancerLogsConfig } from "../config/schema.ts";
import { closeBucket } from "../resources/private-bucket.ts";

export interface LoadBalancerLogsArgs extends LoadBalancerLogsConfig {
  accountId: string;
  /** Leaves the bucket and its logs behind on destroy, instead of deleting both. */
  keepOnDestroy: boolean;
}

/** Which logs the load balancer delivers, and where to. */
export interface LogDelivery
  extends Pick<LoadBalancerLogsConfig, "access" | "connections" | "healthChecks"> {
  bucket: pulumi.Output<string>;
}

/**
 * A bucket for the load balancer's logs, which only Elastic Load Balancing of this account writes,
 * over TLS only. Nothing when no log is asked for.
 *
 * Whoever has logs delivered must depend on the component, not on the bucket's name alone: AWS
 * tries the bucket's policy when logging is turned on. Encrypted with S3's own keys: Elastic Load
 * Balancing can write to no other encryption.
 */
export class LoadBalancerLogs extends pulumi.ComponentResource {
  readonly delivery: LogDelivery | undefined;

  constructor(name: string, args: LoadBalancerLogsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:edge:LoadBalancerLogs", name, {}, opts);
    // What guards the bucket stays with it.
    const parent = { parent: this, retainOnDelete: args.keepOnDestroy };
    const { access, connections, healthChecks } = args;
    if (access || connections || healthChecks) {
      const bucket = new aws.s3.Bucket(name, { forceDestroy: !args.keepOnDestroy }, parent);
      const ofBucket = { bucket: bucket.bucket };
      new aws.s3.BucketServerSideEncryptionConfiguration(
        name,
        {
          ...ofBucket,
          rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }],
        },
        parent,
      );
      new aws.s3.BucketLifecycleConfiguration(
        name,
        {
          ...ofBucket,
          rules: [
            {
              id: "expire",
              status: "Enabled",
              filter: {},
              expiration: { days: args.retentionDays },
              abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
            },
          ],
        },
        parent,
      );
      closeBucket(name, bucket, parent, [delivery(bucket.arn, args.accountId)]);
      this.delivery = { access, connections, healthChecks, bucket: bucket.bucket };
    }
    this.registerOutputs({ bucket: this.delivery?.bucket });
  }
}

/**
 * Elastic Load Balancing User Guide, "Enable access logs": one principal for all regions; the
 * accounts per region that older policies name are its predecessors.
 */
function delivery(bucketArn: pulumi.Output<string>, accountId: string): aws.iam.PolicyStatement {
  return {
    Sid: "DeliverLogs",
    Effect: "Allow",
    Principal: { Service: "logdelivery.elasticloadbalancing.amazonaws.com" },
    Action: "s3:PutObject",
    Resource: pulumi.interpolate`${bucketArn}/*/AWSLogs/${accountId}/*`,
  };
}
