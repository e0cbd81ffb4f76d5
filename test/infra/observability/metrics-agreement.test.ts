import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { Observability } from "../../../infra/observability/observability.ts";
import { deploy, only } from "../../../tools/graph/evaluate.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { observabilityArgs } from "../../support/observability-args.ts";

interface Query {
  id: string;
  expression?: string;
  metric?: {
    namespace: string;
    metricName: string;
    stat: string;
    period: number;
    dimensions: Record<string, string>;
  };
}

describe("alarms, in words and in numbers", () => {
  let resources: Resource[];
  const alarms = () =>
    resources.filter(({ type }) => type === "aws:cloudwatch/metricAlarm:MetricAlarm");
  const metricsOf = ({ inputs }: Resource) =>
    inputs.metricQueries.flatMap(({ metric }: Query) => metric ?? []) as NonNullable<
      Query["metric"]
    >[];
  /** A service's budgets say their windows in words of their own. */
  const spoken = () => alarms().filter(({ name }) => !/burn/.test(name));

  before(async () => {
    resources = await deploy(() => new Observability("observability", observabilityArgs));
  });

  it("wait for as long as they say", () => {
    let counted = 0;
    for (const alarm of spoken()) {
      const [, count, unit] = / (\d+) (minutes|hours)/.exec(alarm.inputs.alarmDescription) ?? [];
      if (!count) continue;
      counted++;
      for (const { period } of metricsOf(alarm)) {
        const seconds: number = Number(count) * (unit === "hours" ? 3600 : 60);
        assert.equal(alarm.inputs.evaluationPeriods * period, seconds, alarm.name);
      }
    }
    assert.ok(counted >= 12, `${counted}`);
  });

  it("go off at the number that they say", () => {
    let counted = 0;
    for (const alarm of spoken()) {
      const said = /(\d+) (?:%|ms)/.exec(alarm.inputs.alarmDescription)?.[1];
      if (!said) continue;
      counted++;
      assert.equal(alarm.inputs.threshold, Number(said), alarm.name);
      assert.equal(alarm.inputs.comparisonOperator, "GreaterThanThreshold", alarm.name);
    }
    assert.ok(counted >= 8, `${counted}`);
  });

  it("ask for the least where there is too little, for the most or the sum where there is too much", () => {
    for (const alarm of spoken()) {
      const { comparisonOperator } = alarm.inputs;
      for (const { stat, metricName } of metricsOf(alarm)) {
        const what = `${alarm.name} ${metricName} ${stat}`;
        if (metricName === "JobsCompleted") assert.equal(stat, "Sum", what);
        else if (comparisonOperator.startsWith("LessThan")) assert.equal(stat, "Minimum", what);
        else assert.notEqual(stat, "Minimum", what);
        // A count of events is read by its sum; its average is 1, whatever happens.
        if (
          /^(RequestCount|HTTPCode|Requests|Errors|JobsFailed|pod_number_of_container_restarts|Evictions|ThrottledCmds|NumberOf|.*ThrottleEvents$)/.test(
            metricName,
          )
        ) {
          assert.equal(stat, "Sum", what);
        }
        // A gauge is never added up over the reporters or the minutes.
        if (
          /HostCount$|[uU]tilization$|pod_status|replicas_|^Approximate|Connections$|IDs$|^Per/.test(
            metricName,
          )
        ) {
          assert.notEqual(stat, "Sum", what);
        }
      }
    }
  });

  it("notice one pod, where one is enough", () => {
    for (const service of ["web", "orders"]) {
      for (const name of ["unhealthy-targets", "no-targets", "pending-pods"]) {
        const [alarm] = alarms().filter((one) => one.name === `${service}/${name}`);
        assert.equal(alarm?.inputs.threshold, 1, name);
        const below = name === "no-targets";
        assert.equal(
          alarm?.inputs.comparisonOperator,
          below ? "LessThanThreshold" : "GreaterThanOrEqualToThreshold",
        );
      }
    }
  });

  it("are each on the dashboard with what they watch", () => {
    const { dashboardBody } = only(resources, "aws:cloudwatch/dashboard:Dashboard").inputs;
    const shown = new Set<string>();
    for (const { properties } of JSON.parse(dashboardBody).widgets) {
      for (const [namespace, name] of properties.metrics ?? []) shown.add(`${namespace} ${name}`);
    }
    // A graph of these says nothing on every good day.
    const alone =
      /^(ContainerInsights pod_(number_of_container_restarts|status_pending)|AWS\/(RDS MaximumUsedTransactionIDs|CertificateManager DaysToExpiry))$/;
    for (const alarm of alarms()) {
      for (const { namespace, metricName } of metricsOf(alarm)) {
        const what = `${namespace} ${metricName}`;
        if (!alone.test(what)) assert.ok(shown.has(what), `${alarm.name}: ${what}`);
      }
    }
  });

  it("are each on the dashboard by their state, but for the parts of others", () => {
    const { dashboardBody } = only(resources, "aws:cloudwatch/dashboard:Dashboard").inputs;
    const states = JSON.parse(dashboardBody).widgets.find(
      ({ type }: { type: string }) => type === "alarm",
    ).properties.alarms;
    const telling = resources
      .filter(({ type }) => /:(Metric|Composite)Alarm$/.test(type))
      .filter(({ inputs }) => inputs.alarmActions?.length > 0);
    assert.ok(telling.some(({ type }) => type.endsWith(":CompositeAlarm")));
    assert.deepEqual([...states].sort(), telling.map(({ outputs }) => outputs.arn).sort());
  });

  it("draw in graphs the limits at which they go off", () => {
    const { dashboardBody } = only(resources, "aws:cloudwatch/dashboard:Dashboard").inputs;
    const thresholds = alarms().map(({ inputs }) => inputs.threshold);
    const objectives = Object.values(observabilityArgs.serviceLevel);
    const limits = JSON.parse(dashboardBody).widgets.flatMap(
      ({ properties }: { properties: { annotations?: { horizontal: unknown[] } } }) =>
        properties.annotations ? [properties.annotations.horizontal] : [],
    );
    assert.ok(limits.length > 0);
    for (const lines of limits) {
      assert.equal(lines.length, 1);
      const [{ label, value }] = lines;
      assert.ok(label);
      assert.ok([...thresholds, ...objectives, 100].includes(value), `${label} ${value}`);
    }
  });
});
