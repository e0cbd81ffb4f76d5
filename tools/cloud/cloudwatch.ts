import { arnOf, globalArn } from "./naming.ts";
import { prices } from "./prices.ts";
import { idOf, oneCall, type ResourceType } from "./resource-type.ts";

/** CloudWatch, its logs, and EventBridge, which the provider counts to it. */
export const cloudwatch: Record<string, ResourceType> = {
  "aws:cloudwatch/logGroup:LogGroup": {
    duration: oneCall,
    replacedBy: ["name", "logGroupClass"],
    formats: [
      {
        property: "name",
        pattern: /^[.\-_/#A-Za-z0-9]{1,512}$/,
        message: "must be 1 to 512 of a-zA-Z0-9 and _-/.#",
      },
    ],
    autoname: { property: "name", maxLength: 512 },
    id: idOf("name"),
    computed: ({ cloud, inputs }) => ({ arn: arnOf(cloud, "logs", `log-group:${inputs.name}`) }),
    taken: { reason: "The specified log group already exists" },
    mock: "computed",
    holdsData: {
      what: "what is in it",
      kept: ({ skipDestroy }) => (skipDestroy ? "AWS keeps it" : undefined),
    },
    charges: () => ({ perUse: [prices.logIngestion, prices.logStorage] }),
  },
  "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": {
    duration: oneCall,
    replacedBy: ["policyName", "resourceArn"],
    required: ["policyDocument"],
    id: idOf("policyName"),
    free: "a setting",
  },
  "aws:cloudwatch/logMetricFilter:LogMetricFilter": {
    duration: oneCall,
    replacedBy: ["name", "logGroupName"],
    required: ["logGroupName", "metricTransformation", "pattern"],
    autoname: { property: "name", maxLength: 512 },
    id: idOf("name"),
    untagged: true,
    charges: () => ({ perUse: [prices.customMetric] }),
  },
  "aws:cloudwatch/metricAlarm:MetricAlarm": {
    duration: oneCall,
    replacedBy: ["name"],
    required: ["comparisonOperator", "evaluationPeriods"],
    autoname: { property: "name", maxLength: 255 },
    id: idOf("name"),
    computed: ({ cloud, inputs }) => ({ arn: arnOf(cloud, "cloudwatch", `alarm:${inputs.name}`) }),
    mock: "computed",
    charges: ({ inputs }) => {
      const metrics = (inputs.metricQueries ?? []).filter((query: typeof inputs) => query.metric);
      const price = Number(inputs.period ?? 60) < 60 ? prices.alarmFast : prices.alarm;
      return { fixed: [{ what: "alarm", count: Math.max(metrics.length, 1), price }] };
    },
  },
  "aws:cloudwatch/alarmMuteRule:AlarmMuteRule": {
    duration: oneCall,
    replacedBy: ["name"],
    required: ["rule"],
    autoname: { property: "name", maxLength: 255 },
    id: idOf("name"),
    free: "a setting",
  },
  "aws:cloudwatch/compositeAlarm:CompositeAlarm": {
    duration: oneCall,
    replacedBy: ["alarmName"],
    required: ["alarmName", "alarmRule"],
    id: idOf("alarmName"),
    computed: ({ cloud, inputs }) => ({
      arn: arnOf(cloud, "cloudwatch", `alarm:${inputs.alarmName}`),
    }),
    mock: "computed",
    charges: () => ({
      fixed: [{ what: "composite alarm", count: 1, price: prices.compositeAlarm }],
    }),
  },
  "aws:cloudwatch/dashboard:Dashboard": {
    duration: oneCall,
    replacedBy: ["dashboardName"],
    required: ["dashboardName", "dashboardBody"],
    id: idOf("dashboardName"),
    computed: ({ cloud, inputs }) => ({
      dashboardArn: globalArn(cloud, "cloudwatch", `dashboard/${inputs.dashboardName}`),
    }),
    untagged: true,
    charges: () => ({ fixed: [{ what: "dashboard", count: 1, price: prices.dashboard }] }),
  },
  "aws:cloudwatch/queryDefinition:QueryDefinition": {
    duration: oneCall,
    required: ["queryString"],
    autoname: { property: "name", maxLength: 255 },
    computed: ({ id }) => ({ queryDefinitionId: id }),
    free: "a setting",
  },
  "aws:cloudwatch/eventRule:EventRule": {
    duration: oneCall,
    replacedBy: ["name", "eventBusName"],
    autoname: { property: "name", maxLength: 64 },
    id: idOf("name"),
    computed: ({ cloud, inputs }) => ({ arn: arnOf(cloud, "events", `rule/${inputs.name}`) }),
    mock: "computed",
  },
  "aws:cloudwatch/eventTarget:EventTarget": {
    duration: oneCall,
    replacedBy: ["rule", "targetId", "eventBusName"],
    required: ["rule", "arn"],
  },
};
