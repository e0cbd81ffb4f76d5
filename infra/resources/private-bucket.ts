import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { tlsOnly } from "./tls-only.ts";

/**
 * Closes a bucket to the public and to connections without TLS; of others, it lets in only those that
 * the statements name. What must find the bucket's policy in place depends on what this gives.
 */
export function closeBucket(
  name: string,
  bucket: aws.s3.Bucket,
  opts: pulumi.CustomResourceOptions,
  statements: aws.iam.PolicyStatement[] = [],
): aws.s3.BucketPolicy {
  const block = new aws.s3.BucketPublicAccessBlock(
    name,
    {
      bucket: bucket.bucket,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    },
    opts,
  );
  return new aws.s3.BucketPolicy(
    name,
    {
      bucket: bucket.bucket,
      policy: {
        Version: "2012-10-17",
        Statement: [
          ...statements,
          tlsOnly("s3:*", [bucket.arn, pulumi.interpolate`${bucket.arn}/*`]),
        ],
      },
    },
    // S3 refuses two changes of a bucket's access at once.
    { ...opts, dependsOn: block },
  );
}
