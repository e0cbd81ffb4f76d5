import { acm } from "./acm.ts";
import { autoscaling } from "./autoscaling.ts";
import { backup } from "./backup.ts";
import { budgets } from "./budgets.ts";
import { cloudwatch } from "./cloudwatch.ts";
import { docker } from "./docker.ts";
import { dynamodb } from "./dynamodb.ts";
import { ec2 } from "./ec2.ts";
import { ecr } from "./ecr.ts";
import { efs } from "./efs.ts";
import { eks } from "./eks.ts";
import { elasticache } from "./elasticache.ts";
import { iam } from "./iam.ts";
import { kms } from "./kms.ts";
import { kubernetes } from "./kubernetes.ts";
import { rds } from "./rds.ts";
import type { ResourceType } from "./resource-type.ts";
import { route53 } from "./route53.ts";
import { s3 } from "./s3.ts";
import { scheduler } from "./scheduler.ts";
import { secretsmanager } from "./secretsmanager.ts";
import { sns } from "./sns.ts";
import { sqs } from "./sqs.ts";
import { wafv2 } from "./wafv2.ts";

/** All known resource types. The rehearsal refuses other types, and types without a duration. */
export const resourceTypes: Record<string, ResourceType> = {
  ...acm,
  ...autoscaling,
  ...backup,
  ...budgets,
  ...cloudwatch,
  ...docker,
  ...dynamodb,
  ...ec2,
  ...ecr,
  ...efs,
  ...eks,
  ...elasticache,
  ...iam,
  ...kms,
  ...kubernetes,
  ...rds,
  ...route53,
  ...s3,
  ...scheduler,
  ...secretsmanager,
  ...sns,
  ...sqs,
  ...wafv2,
};
