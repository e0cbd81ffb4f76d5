import { filterPattern } from "../../../cloud/filter-pattern.ts";
import type { Rule } from "../rule.ts";
import type { Props } from "../world.ts";

const alarmType = "aws:cloudwatch/metricAlarm:MetricAlarm";
const filterType = "aws:cloudwatch/logMetricFilter:LogMetricFilter";
const muteType = "aws:cloudwatch/alarmMuteRule:AlarmMuteRule";
const mostFilters = 100;
const mostMuted = 100;
const [hour, day, week] = [3600, 86_400, 604_800];

function filterProblem({ pattern, metricTransformation: { dimensions, defaultValue } }: Props) {
  if (dimensions && defaultValue !== undefined) {
    return "Invalid metric transformation: dimensions and default value are mutually exclusive properties";
  }
  if (dimensions && !/^\s*[{[]/.test(pattern)) {
    return "The specified filter pattern does not support dimensions";
  }
  try {
    filterPattern(pattern);
  } catch (error) {
    return (error as Error).message;
  }
  return undefined;
}

function rangeProblem({ evaluationPeriods, period, metricQueries = [] }: Props) {
  const periods = metricQueries.map(({ metric }: Props) => metric?.period ?? 0);
  const seconds = Math.max(period ?? 0, ...periods);
  const [most, words] =
    seconds < hour
      ? [day, `a day (EvaluationPeriods * Period must be <= ${day}) for alarms using period < 3600`]
      : [
          week,
          `a week (EvaluationPeriods * Period must be <= ${week}) for alarms using period >= 3600`,
        ];
  return evaluationPeriods * seconds > most
    ? `Metrics cannot be checked across more than ${words}`
    : undefined;
}

/** What CloudWatch refuses of alarms, and CloudWatch Logs of metric filters. */
export const observabilityRules: Rule[] = [
  {
    error: "ResourceNotFoundException",
    on: "create",
    types: [filterType],
    source: "Amazon CloudWatch Logs API, PutMetricFilter; gilt/s3-sftp-bridge#2",
    refusal: ({ world, inputs }) =>
      world.get("aws:cloudwatch/logGroup:LogGroup", inputs.logGroupName)
        ? undefined
        : "The specified log group does not exist.",
  },
  {
    error: "LimitExceededException",
    on: "create",
    types: [filterType],
    source: "Amazon CloudWatch Logs API, PutMetricFilter: at most 100 of a log group",
    refusal: ({ world, inputs }) =>
      world.live(filterType).filter((one) => one.inputs.logGroupName === inputs.logGroupName)
        .length >= mostFilters
        ? "Resource limit exceeded."
        : undefined,
  },
  ...(["create", "update"] as const).flatMap((on): Rule[] => [
    {
      error: "InvalidParameterException",
      on,
      types: [filterType],
      source:
        "Amazon CloudWatch Logs User Guide, dimensions and filter patterns; terraform-provider-aws#22105 and public reports of the other words",
      refusal: ({ inputs }) => filterProblem(inputs),
    },
    {
      error: "ValidationError",
      on,
      types: [muteType],
      source:
        "CloudWatch API, PutAlarmMuteRule and MuteTargets; AWS's words for a list that is too long",
      refusal: ({ inputs }) =>
        (inputs.muteTargets?.alarmNames ?? []).length > mostMuted
          ? `1 validation error detected: Value at 'muteTargets.alarmNames' failed to satisfy constraint: Member must have length less than or equal to ${mostMuted}`
          : undefined,
    },
    {
      error: "ValidationError",
      on,
      types: [alarmType],
      source: "CloudWatch API, PutMetricAlarm, Period; public reports of the words",
      refusal: ({ inputs }) => rangeProblem(inputs),
    },
  ]),
];
