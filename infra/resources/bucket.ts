import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { actionsOf } from "../cluster/policy-document.ts";
import { type Access, type BucketConfig, stemOf } from "../config/resource-schema.ts";
import { actionsFor, type Link, type Linkable, type Named, sidOf, toAws } from "./link.ts";
import { closeBucket } from "./private-bucket.ts";

export interface BucketArgs extends Omit<BucketConfig, "kind">, Named {
  /** Keeps the bucket and its objects on destroy, instead of deleting both. */
  protect: boolean;
}

/** Of the bucket itself. Service Authorization Reference, Amazon S3. */
const listing = { read: actionsOf("s3", "GetBucketLocation ListBucket"), write: [] };
/** Of its objects. */
const objects = {
  read: actionsOf("s3", "GetObject"),
  write: actionsOf("s3", "AbortMultipartUpload DeleteObject PutObject"),
};

/**
 * An S3 bucket that keeps the versions of its objects, closed to the public and to connections without
 * TLS. Encrypted with S3's own keys.
 *
 * Its users get `<NAME>_BUCKET`, the bucket's name. Who only writes cannot list the objects.
 */
export class Bucket extends pulumi.ComponentResource implements Linkable {
  readonly dimensions: Linkable["dimensions"];
  readonly backupArn: pulumi.Output<string>;
  private readonly resource: string;
  private readonly bucket: aws.s3.Bucket;

  constructor(name: string, args: BucketArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:resources:Bucket", name, {}, opts);
    const { protect, resource = name } = args;
    // What guards the bucket stays with it.
    const parent = { parent: this, protect, retainOnDelete: protect };
    this.resource = resource;
    this.bucket = new aws.s3.Bucket(name, { forceDestroy: !protect }, parent);
    const ofBucket = { bucket: this.bucket.bucket };
    new aws.s3.BucketServerSideEncryptionConfiguration(
      name,
      { ...ofBucket, rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }] },
      parent,
    );
    const versioning = new aws.s3.BucketVersioning(
      name,
      { ...ofBucket, versioningConfiguration: { status: "Enabled" } },
      parent,
    );
    new aws.s3.BucketLifecycleConfiguration(
      name,
      { ...ofBucket, rules: [lifecycle(args)] },
      // It ends versions, which there must be.
      { ...parent, dependsOn: versioning },
    );
    closeBucket(name, this.bucket, parent);
    this.dimensions = { BucketName: this.bucket.bucket };
    this.backupArn = this.bucket.arn;
    this.registerOutputs({ bucket: this.bucket.bucket });
  }

  link(access: Access): Link {
    const { arn, bucket } = this.bucket;
    const allow = (Sid: string, Action: string[], Resource: pulumi.Output<string>) =>
      Action.length > 0 ? [{ Sid, Effect: "Allow" as const, Action, Resource }] : [];
    return {
      resource: this.resource,
      access,
      variables: { [`${stemOf(this.resource)}_BUCKET`]: bucket },
      secrets: {},
      statements: [
        ...allow(sidOf(this.resource), actionsFor(access, listing), arn),
        ...allow(
          `${sidOf(this.resource)}Objects`,
          actionsFor(access, objects),
          pulumi.interpolate`${arn}/*`,
        ),
      ],
      egress: [toAws],
    };
  }
}

/**
 * Old versions and unfinished uploads end. A marker of a deleted object ends with its last version; S3
 * takes no such order beside days, by which it ends markers too (Amazon S3 User Guide, lifecycle
 * configuration elements).
 */
function lifecycle({ expireDays, keepVersionsDays }: BucketArgs) {
  return {
    id: "expire",
    status: "Enabled",
    filter: {},
    expiration:
      expireDays === undefined ? { expiredObjectDeleteMarker: true } : { days: expireDays },
    noncurrentVersionExpiration: { noncurrentDays: keepVersionsDays },
    abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
  };
}
