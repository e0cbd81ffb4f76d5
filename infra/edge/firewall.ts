import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { FirewallConfig, LogsConfig } from "../config/schema.ts";

/** A route behind the load balancer, and the largest body that its service takes. */
export interface BodyRoute {
  /** A leading `*.` stands for names below, another `*` for digits. None: every host. */
  hosts: string[];
  path: string;
  maxBodyKiB: number;
}

export interface FirewallArgs extends FirewallConfig {
  bodies: BodyRoute[];
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

/** Of the common rule set: would block each body above 8 KB, whatever the service takes. */
const bodySizeRule = "SizeRestrictions_BODY";

/**
 * AWS WAF Developer Guide, "Considerations for managing body inspection": a load balancer hands on so
 * much of a body and no more, which cannot be raised.
 */
const inspectedKiB = 8;

/**
 * A web ACL (WAFv2) for the load balancer: AWS's managed rules, and a limit of requests for each
 * client address. Nothing when it is off.
 *
 * It lets pass every body that the service of the route takes. Above 8 KiB it answers 413, as the
 * services do, but on the routes of services that take more: there it looks at the first 8 KiB only.
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

function webAclArgs({
  countOnly,
  requestsPerFiveMinutes,
  bodies,
}: FirewallArgs): aws.wafv2.WebAclArgs {
  const tooLarge = tooLargeBody(bodies);
  const visibility = (metricName: string) => ({
    cloudwatchMetricsEnabled: true,
    sampledRequestsEnabled: true,
    metricName,
  });
  return {
    scope: "REGIONAL",
    defaultAction: { allow: {} },
    // Not "All" or "Default_Action", which AWS WAF keeps to itself.
    visibilityConfig: visibility("passed-all-rules"),
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
        statement: {
          managedRuleGroupStatement: {
            vendorName: "AWS",
            name,
            ...(name === "AWSManagedRulesCommonRuleSet" && {
              ruleActionOverrides: [{ name: bodySizeRule, actionToUse: { count: {} } }],
            }),
          },
        },
        visibilityConfig: visibility(name),
      })),
      ...(tooLarge
        ? [
            {
              name: "body-size",
              priority: managedRuleGroups.length + 1,
              action: countOnly
                ? { count: {} }
                : { block: { customResponse: { responseCode: 413 } } },
              statement: tooLarge,
              visibilityConfig: visibility("body-size"),
            },
          ]
        : []),
    ],
  };
}

/**
 * Bodies that no service of their route takes, as far as the firewall can tell sizes. Nothing where a
 * service that takes more has all routes.
 */
function tooLargeBody(bodies: BodyRoute[]): aws.types.input.wafv2.WebAclRuleStatement | undefined {
  const larger = bodies.filter(({ maxBodyKiB }) => maxBodyKiB > inspectedKiB).flatMap(ofRoute);
  if (larger.some((statements) => statements.length === 0)) return undefined;
  const others = bodies.map(({ maxBodyKiB }) => maxBodyKiB).filter((one) => one <= inspectedKiB);
  const size = (others.length > 0 ? Math.max(...others) : inspectedKiB) * 1024;
  const above = {
    sizeConstraintStatement: {
      comparisonOperator: "GT",
      size,
      fieldToMatch: { body: { oversizeHandling: "MATCH" } },
      textTransformations: [{ priority: 0, type: "NONE" }],
    },
  };
  if (larger.length === 0) return above;
  const elsewhere = larger.map((statements) => ({
    notStatement: { statement: all(statements) },
  }));
  return { andStatement: { statements: [above, ...elsewhere] } };
}

/**
 * What holds for the requests of a route, by groups of its hosts: for each group all statements. No
 * statement holds for a route that has all requests.
 */
function ofRoute({ hosts, path }: BodyRoute): aws.types.input.wafv2.WebAclRuleStatement[][] {
  const matches = (
    fieldToMatch: aws.types.input.wafv2.WebAclRuleStatementRegexMatchStatementFieldToMatch,
    regexString: string,
    transformation: "NONE" | "LOWERCASE",
  ) => ({
    regexMatchStatement: {
      regexString,
      fieldToMatch,
      textTransformations: [{ priority: 0, type: transformation }],
    },
  });
  const ofPath =
    path === "/"
      ? []
      : [matches({ uriPath: {} }, `^${literal(path.replace(/\/$/, ""))}(/|$)`, "NONE")];
  if (hosts.length === 0) return [ofPath];
  return hostPatterns(hosts).map((pattern) => [
    matches({ singleHeader: { name: "host" } }, pattern, "LOWERCASE"),
    ...ofPath,
  ]);
}

function all(
  statements: aws.types.input.wafv2.WebAclRuleStatement[],
): aws.types.input.wafv2.WebAclRuleStatement {
  const [only, ...others] = statements;
  return only && others.length === 0 ? only : { andStatement: { statements } };
}

/** AWS WAF quotas: characters of a regex pattern, which cannot be raised. */
const mostPattern = 200;

/** As few patterns as match these hosts. */
function hostPatterns(hosts: string[]): string[] {
  const together = (patterns: string[]) => `^(${patterns.join("|")})(:[0-9]+)?$`;
  const groups: string[][] = [];
  for (const pattern of hosts.map(hostPattern)) {
    const last = groups.at(-1);
    if (last && together([...last, pattern]).length <= mostPattern) last.push(pattern);
    else groups.push([pattern]);
  }
  return groups.map(together);
}

const hostPattern = (host: string) =>
  literal(host).replace(/^\\\*/, "[a-z0-9.-]+").replaceAll("\\*", "[0-9]+");

const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

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
