import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { closeBucket } from "../../infra/resources/private-bucket.ts";

export interface StateArgs {
  region: string;
  bucketName: string;
}

/**
 * Where Pulumi keeps the state of all stacks: a bucket with versions, encrypted with a key of its
 * own that encrypts the secrets too, closed to the public and to connections without TLS.
 *
 * Bucket and key refuse to be deleted: without them the stacks are lost, and their secrets.
 */
export class State extends pulumi.ComponentResource {
  readonly bucketArn: pulumi.Output<string>;
  readonly keyArn: pulumi.Output<string>;
  readonly backendUrl: pulumi.Output<string>;
  /** The key as `pulumi stack init --secrets-provider` takes it. */
  readonly secretsProvider: pulumi.Output<string>;

  constructor(
    name: string,
    { bucketName, region }: StateArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("bootstrap:state:State", name, {}, opts);
    const parent = { parent: this };
    const kept = { ...parent, protect: true };

    const key = new aws.kms.Key(
      name,
      { description: "Pulumi's state and secrets", enableKeyRotation: true },
      kept,
    );
    const alias = new aws.kms.Alias(
      name,
      { name: "alias/pulumi-state", targetKeyId: key.keyId },
      parent,
    );
    const bucket = new aws.s3.Bucket(name, { bucket: bucketName }, kept);
    const ofBucket = { bucket: bucket.bucket };
    new aws.s3.BucketVersioning(
      name,
      { ...ofBucket, versioningConfiguration: { status: "Enabled" } },
      parent,
    );
    new aws.s3.BucketServerSideEncryptionConfiguration(
      name,
      {
        ...ofBucket,
        rules: [
          {
            applyServerSideEncryptionByDefault: {
              sseAlgorithm: "aws:kms",
              kmsMasterKeyId: key.arn,
            },
            bucketKeyEnabled: true,
          },
        ],
      },
      parent,
    );
    closeBucket(name, bucket, parent);

    this.bucketArn = bucket.arn;
    this.keyArn = key.arn;
    this.backendUrl = pulumi.interpolate`s3://${bucket.bucket}?region=${region}&awssdk=v2`;
    this.secretsProvider = pulumi.interpolate`awskms://${alias.name}?region=${region}`;
    this.registerOutputs({ backendUrl: this.backendUrl });
  }
}
