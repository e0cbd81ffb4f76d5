import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { FirewallConfig, LogsConfig } from "./config-schema.ts";

export interface FirewallArgs extends FirewallConfig {
  clusterName: string;
  region: string;
  accountId: string;
  logs: LogsConfig;
}

/** AWS's rule groups, in the order in which they judge; together 925 of 1500 capacity units. */
const managedRuleGroups = [
  "AWSManagedRulesAmazonIpReputationList",
  "AWSManagedRulesCommonRuleSet",
  "AWSManagedRulesKnownBadInputsRuleSet",
];

/**
 * A web ACL (WAFv2) for the load balancer: AWS's managed rules, and a limit of requests for each
 * client address. Nothing when it is off.
 *
 * With `countOnly` it refuses nothing and counts what it would have refused. What it refuses or
 * counts is in the log group, without credentials. Must outlive the load balancer it guards.
 */
export class Firewall extends pulumi.ComponentResource {
  readonly webAclArn: pulumi.Output<string> | undefined;
  readonly logGroups: Record<string, pulumi.Output<string>> = {};

  constructor(name: string, args: FirewallArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:edge:Firewall", name, {}, opts);
    const parent = { parent: this };
    if (args.enabled) {
      const acl = new aws.wafv2.WebAcl(name, webAclArgs(args), parent);
      const logGroup = new aws.cloudwatch.LogGroup(
        name,
        {
          // WAF delivers only to groups whose names begin so.
          name: `aws-waf-logs-${args.clusterName}`,
          retentionInDays: args.logs.retentionDays,
          skipDestroy: args.logs.keepOnDestroy,
        },
        parent,
      );
      const delivery = new aws.cloudwatch.LogResourcePolicy(
        name,
        {
          policyName: `waf-logs-${args.clusterName}`,
          policyDocument: logDelivery(logGroup.arn, args),
        },
        parent,
      );
      new aws.wafv2.WebAclLoggingConfiguration(
        name,
        {
          resourceArn: acl.arn,
          logDestinationConfigs: [logGroup.arn],
          redactedFields: ["authorization", "cookie"].map((header) => ({
            singleHeader: { name: header },
          })),
          loggingFilter: {
            defaultBehavior: "DROP",
            filters: [
              {
                behavior: "KEEP",
                requirement: "MEETS_ANY",
                conditions: ["BLOCK", "COUNT"].map((action) => ({ actionCondition: { action } })),
              },
            ],
          },
        },
        { ...parent, dependsOn: delivery },
      );
      this.webAclArn = acl.arn;
      this.logGroups = { firewall: logGroup.name };
    }
    this.registerOutputs({ webAclArn: this.webAclArn });
  }
}

function webAclArgs({ countOnly, requestsPerFiveMinutes }: FirewallArgs): aws.wafv2.WebAclArgs {
  const visibility = (metricName: string) => ({
    cloudwatchMetricsEnabled: true,
    sampledRequestsEnabled: true,
    metricName,
  });
  return {
    scope: "REGIONAL",
    defaultAction: { allow: {} },
    visibilityConfig: visibility("all"),
    rules: [
      {
        name: "rate-limit",
        priority: 0,
        action: countOnly ? { count: {} } : { block: { customResponse: { responseCode: 429 } } },
        statement: {
          rateBasedStatement: {
            limit: requestsPerFiveMinutes,
            evaluationWindowSec: 300,
            aggregateKeyType: "IP",
          },
        },
        visibilityConfig: visibility("rate-limit"),
      },
      ...managedRuleGroups.map((name, at) => ({
        name,
        priority: at + 1,
        overrideAction: countOnly ? { count: {} } : { none: {} },
        statement: { managedRuleGroupStatement: { vendorName: "AWS", name } },
        visibilityConfig: visibility(name),
      })),
    ],
  };
}

/** AWS WAF Developer Guide, "Sending web ACL traffic logs to a CloudWatch Logs log group". */
function logDelivery(
  logGroupArn: pulumi.Output<string>,
  { region, accountId }: FirewallArgs,
): pulumi.Output<string> {
  return pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: "delivery.logs.amazonaws.com" },
        Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
        Resource: pulumi.interpolate`${logGroupArn}:*`,
        Condition: {
          StringEquals: { "aws:SourceAccount": accountId },
          ArnLike: { "aws:SourceArn": `arn:aws:logs:${region}:${accountId}:*` },
        },
      },
    ],
  });
}
