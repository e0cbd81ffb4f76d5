import { actionsOf as to } from "../../infra/cluster/policy-document.ts";
import type { Permissions } from "./network-permissions.ts";

const tagsOf = (service: string) => to(service, "TagResource UntagResource");
const alarm: Permissions = {
  read: to("cloudwatch", "DescribeAlarms ListTagsForResource"),
  write: [...to("cloudwatch", "DeleteAlarms"), ...tagsOf("cloudwatch")],
};
const putting = (action: string): Permissions => ({
  ...alarm,
  write: [...to("cloudwatch", action), ...alarm.write],
});

/** The permissions for alarms, dashboards, queries and notifications. */
export const observability: Record<string, Permissions> = {
  "aws:budgets/budget:Budget": {
    read: to("budgets", "ViewBudget ListTagsForResource"),
    write: [...to("budgets", "ModifyBudget"), ...tagsOf("budgets")],
  },
  "aws:cloudwatch/alarmMuteRule:AlarmMuteRule": {
    read: to("cloudwatch", "GetAlarmMuteRule ListTagsForResource"),
    write: [...to("cloudwatch", "PutAlarmMuteRule DeleteAlarmMuteRule"), ...tagsOf("cloudwatch")],
  },
  "aws:cloudwatch/compositeAlarm:CompositeAlarm": putting("PutCompositeAlarm"),
  "aws:cloudwatch/dashboard:Dashboard": {
    read: to("cloudwatch", "GetDashboard"),
    write: to("cloudwatch", "PutDashboard DeleteDashboards"),
  },
  "aws:cloudwatch/eventRule:EventRule": {
    read: to("events", "DescribeRule ListTagsForResource"),
    write: [...to("events", "PutRule DeleteRule EnableRule DisableRule"), ...tagsOf("events")],
  },
  "aws:cloudwatch/eventTarget:EventTarget": {
    read: to("events", "ListTargetsByRule"),
    write: to("events", "PutTargets RemoveTargets"),
  },
  "aws:cloudwatch/logMetricFilter:LogMetricFilter": {
    read: to("logs", "DescribeMetricFilters"),
    write: to("logs", "PutMetricFilter DeleteMetricFilter"),
  },
  "aws:cloudwatch/metricAlarm:MetricAlarm": putting("PutMetricAlarm"),
  "aws:cloudwatch/queryDefinition:QueryDefinition": {
    read: to("logs", "DescribeQueryDefinitions"),
    write: to("logs", "PutQueryDefinition DeleteQueryDefinition"),
  },
  "aws:scheduler/schedule:Schedule": {
    read: to("scheduler", "GetSchedule"),
    write: to("scheduler", "CreateSchedule UpdateSchedule DeleteSchedule"),
  },
  "aws:sns/topic:Topic": {
    read: to("sns", "GetTopicAttributes ListTagsForResource"),
    write: [...to("sns", "CreateTopic DeleteTopic SetTopicAttributes"), ...tagsOf("sns")],
  },
  "aws:sns/topicPolicy:TopicPolicy": {
    read: to("sns", "GetTopicAttributes"),
    write: to("sns", "SetTopicAttributes"),
  },
  "aws:sns/topicSubscription:TopicSubscription": {
    read: to("sns", "GetSubscriptionAttributes"),
    write: to("sns", "Subscribe Unsubscribe SetSubscriptionAttributes"),
  },
};
