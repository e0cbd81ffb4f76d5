import { prices } from "./prices.ts";
import { idOf, oneCall, type ResourceType, seconds } from "./resource-type.ts";

/** A setting of a bucket; prices.ts has its charges. */
const settingOf = (required: string[] = [], duration = oneCall): ResourceType => ({
  duration,
  replacedBy: ["bucket"],
  required: ["bucket", ...required],
  id: idOf("bucket"),
  mock: "computed",
});

export const s3: Record<string, ResourceType> = {
  "aws:s3/bucket:Bucket": {
    duration: seconds(3),
    replacedBy: ["bucket", "bucketPrefix", "objectLockEnabled"],
    autoname: { property: "bucket", maxLength: 63, lowerCase: true },
    id: idOf("bucket"),
    computed: ({ id }) => ({ arn: `arn:aws:s3:::${id}` }),
    mock: "computed",
    holdsData: {
      what: "its objects",
      kept: ({ forceDestroy }) =>
        forceDestroy ? undefined : "AWS refuses the deletion while it has objects",
    },
    charges: () => ({ perUse: [prices.bucketStorage, prices.bucketWrites] }),
  },
  "aws:s3/bucketPolicy:BucketPolicy": settingOf(["policy"]),
  "aws:s3/bucketVersioning:BucketVersioning": settingOf(["versioningConfiguration"]),
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": settingOf(),
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration":
    settingOf(["rules"]),
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": settingOf(
    [],
    seconds(30, 30, 1),
  ),
};
