import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { AlarmsConfig, ServiceLevelConfig } from "../../config/schema.ts";
import type { Images } from "../../image/image.ts";
import type { Watched } from "../metrics.ts";
import type { AlarmRule } from "./alarm-rules.ts";
import { jobRules } from "./job-alarms.ts";
import { Notifications, type NotificationsArgs } from "./notifications.ts";
import { platformRules } from "./platform-alarms.ts";
import { resourceRules } from "./resource-alarms.ts";
import { serviceRules } from "./service-alarms.ts";
import { burnAlarms } from "./service-level.ts";

export interface AlarmsArgs extends NotificationsArgs, Pick<AlarmsConfig, "runbooks"> {
  watched: Watched;
  serviceLevel: ServiceLevelConfig;
  images: Pick<Images, "references">;
}

/**
 * Alarms on the services, on what they promise, and on what they share; and a message for every
 * image in which ECR finds something critical or high.
 *
 * Each says what is wrong and which section of the runbooks tells what to do, when it goes off and
 * when it is over. Their names are given, not generated: people read them in the subject of a mail.
 */
export class Alarms extends pulumi.ComponentResource {
  /** Of those that notify. */
  readonly arns: pulumi.Output<string>[];

  constructor(name: string, args: AlarmsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:observability:Alarms", name, {}, opts);
    const parent = { parent: this };
    const { watched, serviceLevel } = args;
    const { topicArn } = new Notifications("notifications", args, parent);
    const about = (rule: Pick<AlarmRule, "name" | "says" | "runbook">) => ({
      name: `${watched.clusterName}/${rule.name}`,
      description: `${rule.says} ${args.runbooks}#${rule.runbook}`,
    });
    const notifying = { alarmActions: [topicArn], okActions: [topicArn] };

    const burns = watched.services.map((service) => burnAlarms(watched, service, serviceLevel));
    const rules = [
      ...platformRules(watched),
      ...watched.services.flatMap((service) => serviceRules(watched, service, serviceLevel)),
      ...burns.flatMap((burn) => burn.rules),
      ...watched.jobs.flatMap((job) => jobRules(watched, job)),
      ...watched.resources.flatMap(resourceRules),
    ];
    const alarms = rules.map((rule) => {
      const { name, description } = about(rule);
      return new aws.cloudwatch.MetricAlarm(
        rule.name,
        {
          name,
          alarmDescription: description,
          ...conditions(rule),
          ...(rule.notifies && notifying),
        },
        parent,
      );
    });

    const composites = burns.flatMap((burn) => burn.composites);
    const compositeAlarms = composites.map((rule) => {
      const { name, description } = about(rule);
      const parts = alarms.filter((_, at) => rule.all.includes(rules[at]?.name ?? ""));
      return new aws.cloudwatch.CompositeAlarm(
        rule.name,
        {
          alarmName: name,
          alarmDescription: description,
          alarmRule: pulumi
            .all(parts.map((part) => part.arn))
            .apply((arns) => arns.map((arn) => `ALARM("${arn}")`).join(" AND ")),
          ...notifying,
        },
        parent,
      );
    });

    const { images, runbooks } = args;
    new ImageFindings("image-findings", { images, runbooks, topicArn }, parent);
    this.arns = [
      ...alarms.filter((_, at) => rules[at]?.notifies).map(({ arn }) => arn),
      ...compositeAlarms.map(({ arn }) => arn),
    ];
    this.registerOutputs({ topicArn });
  }
}

function conditions(rule: AlarmRule): aws.cloudwatch.MetricAlarmArgs {
  const { metrics, expression, periodSeconds, warmUpSeconds } = rule;
  return {
    comparisonOperator: rule.comparison,
    threshold: rule.threshold,
    evaluationPeriods: rule.periods,
    treatMissingData: rule.missing,
    ...(warmUpSeconds && {
      warmUpConfiguration: { warmUpPeriodDurationInMinutes: warmUpSeconds / 60 },
    }),
    metricQueries: [
      ...(expression ? [{ id: "value", expression, label: rule.name, returnData: true }] : []),
      ...Object.entries(metrics).map(([id, { namespace, name, dimensions, statistic, unit }]) => ({
        id,
        returnData: !expression,
        metric: {
          namespace,
          metricName: name,
          dimensions,
          stat: statistic,
          unit,
          period: periodSeconds,
        },
      })),
    ],
  };
}

interface ImageFindingsArgs extends Pick<AlarmsArgs, "images" | "runbooks"> {
  topicArn: pulumi.Input<string>;
}

/** Tells of critical and high findings when ECR has scanned an image that we deploy. */
class ImageFindings extends pulumi.ComponentResource {
  constructor(name: string, args: ImageFindingsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:observability:ImageFindings", name, {}, opts);
    const parent = { parent: this };
    const found = (severity: string) => ({
      "finding-severity-counts": { [severity]: [{ numeric: [">", 0] }] },
    });
    const rule = new aws.cloudwatch.EventRule(
      name,
      {
        description: "Critical and high findings in images that the platform deploys",
        eventPattern: pulumi.jsonStringify({
          source: ["aws.ecr"],
          "detail-type": ["ECR Image Scan"],
          detail: {
            "repository-name": Object.values(args.images.references).map(repositoryName),
            $or: [found("CRITICAL"), found("HIGH")],
          },
        }),
      },
      parent,
    );
    new aws.cloudwatch.EventTarget(
      name,
      {
        rule: rule.name,
        arn: args.topicArn,
        inputTransformer: {
          inputPaths: {
            repository: "$.detail.repository-name",
            digest: "$.detail.image-digest",
            critical: "$.detail.finding-severity-counts.CRITICAL",
            high: "$.detail.finding-severity-counts.HIGH",
          },
          inputTemplate: `"ECR found something in <repository>@<digest>: critical <critical>, high <high>. ${args.runbooks}#image-findings"`,
        },
      },
      parent,
    );
    this.registerOutputs();
  }
}

/** Of `<registry>/<repository>@sha256:<digest>`. */
function repositoryName(reference: pulumi.Output<string>): pulumi.Output<string> {
  return reference.apply((text) => text.replace(/^[^/]*\/|@.*$/g, ""));
}
