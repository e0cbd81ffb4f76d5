import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { before, describe, it } from "mocha";
import { burnRates } from "../../../infra/observability/alarms/service-level.ts";
import { findBalancer } from "../../../infra/observability/load-balancer-metrics.ts";
import {
  Observability,
  type ObservabilityArgs,
} from "../../../infra/observability/observability.ts";
import { queries } from "../../../infra/observability/saved-queries.ts";
import { watch as observeRequest } from "../../../service/src/observe.ts";
import { deploy, only } from "../../../tools/graph/evaluate.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { assertEmitted } from "../../support/metric-emission.ts";
import { observabilityArgs } from "../../support/observability-args.ts";

const observe = (changes: Partial<ObservabilityArgs> = {}) =>
  deploy(() => new Observability("observability", { ...observabilityArgs, ...changes }));
const types = {
  metric: "aws:cloudwatch/metricAlarm:MetricAlarm",
  composite: "aws:cloudwatch/compositeAlarm:CompositeAlarm",
  topic: "aws:sns/topic:Topic",
  topicPolicy: "aws:sns/topicPolicy:TopicPolicy",
  key: "aws:kms/key:Key",
  rule: "aws:cloudwatch/eventRule:EventRule",
  target: "aws:cloudwatch/eventTarget:EventTarget",
  query: "aws:cloudwatch/queryDefinition:QueryDefinition",
};

interface Query {
  id: string;
  expression?: string;
  returnData: boolean;
  metric?: {
    namespace: string;
    metricName: string;
    dimensions: Record<string, string>;
    stat: string;
    period: number;
    unit?: string;
  };
}

/** CloudWatch's metric maths as far as the alarms use it, for single values. */
function computed(expression: string, values: Record<string, number>): number {
  const IF = (condition: boolean, one: number, other: number) => (condition ? one : other);
  const FILL = (value: number | undefined, filler: number) => value ?? filler;
  const names = [...Object.keys(values), "IF", "FILL"];
  return new Function(...names, `return ${expression}`)(...Object.values(values), IF, FILL);
}

describe("observability", () => {
  let resources: Resource[];
  let alarms: Resource[];
  let composites: Resource[];
  const ofType = (type: string) => resources.filter((resource) => resource.type === type);
  const alarm = (name: string) => {
    const found = [...alarms, ...composites].find((resource) => resource.name === name);
    assert.ok(found, name);
    return found;
  };
  const queriesOf = ({ inputs }: Resource): Query[] => inputs.metricQueries;
  const expressionOf = (name: string) =>
    queriesOf(alarm(name)).find(({ returnData }) => returnData)?.expression ?? "";

  before(async () => {
    resources = await observe();
    alarms = ofType(types.metric);
    composites = ofType(types.composite);
  });

  describe("alarms", () => {
    it("read what is emitted, with the dimensions it has", () => {
      for (const one of alarms) {
        for (const { metric } of queriesOf(one)) {
          if (metric) assertEmitted({ ...metric, name: metric.metricName }, resources);
        }
      }
    });

    it("have one value, computed of every metric that they pay for", () => {
      for (const one of alarms) {
        const all = queriesOf(one);
        const [value, ...others] = all.filter(({ returnData }) => returnData);
        assert.ok(value && others.length === 0, one.name);
        const ids = all.flatMap(({ id, metric }) => (metric ? [id] : []));
        const used = value.expression?.match(/\b[a-z]\w*/g) ?? [value.id];
        assert.deepEqual([...new Set(used)].sort(), ids.sort(), one.name);
      }
    });

    it("look at periods that CloudWatch allows", () => {
      for (const one of alarms) {
        const periods = new Set(queriesOf(one).flatMap(({ metric }) => metric?.period ?? []));
        assert.equal(periods.size, 1, one.name);
        for (const period of periods) {
          assert.equal(period % 60, 0, one.name);
          const most = period < 3600 ? 86_400 : 604_800;
          assert.ok(period * one.inputs.evaluationPeriods <= most, one.name);
        }
      }
    });

    it("tell the topic when they go off and when it is over, but for the parts of others", () => {
      const rules = composites.map(({ inputs }) => inputs.alarmRule).join();
      const { arn } = only(resources, types.topic).outputs;
      for (const { name, inputs, outputs } of [...alarms, ...composites]) {
        const expected = rules.includes(`"${outputs.arn}"`) ? undefined : [arn];
        assert.deepEqual(inputs.alarmActions, expected, name);
        assert.deepEqual(inputs.okActions, expected, name);
      }
    });

    it("wait until they may publish", () => {
      const { urn } = only(resources, types.topicPolicy);
      for (const one of composites) assert.ok(one.dependsOn.includes(urn), one.name);
      assert.ok(alarm("web/errors").dependsOn.includes(urn));
    });

    it("are named after the cluster and the service that they are about", () => {
      const names = [
        ...alarms.map(({ inputs }) => inputs.name),
        ...composites.map(({ inputs }) => inputs.alarmName),
      ];
      assert.equal(new Set(names).size, names.length);
      for (const name of names)
        assert.match(
          name,
          /^platform-test\/((web|orders|tidy|cache|files|postgres|queue|table|topic)\/|node-|balancer-|certificate)/,
        );
    });

    it("take silence for trouble only where it is", () => {
      const breaching = alarms
        .filter(({ inputs }) => inputs.treatMissingData === "breaching")
        .map(({ name }) => name);
      assert.deepEqual(breaching.sort(), [
        "node-cpu",
        "orders/no-targets",
        "tidy/missing-run",
        "web/no-targets",
      ]);
      for (const { name, inputs } of alarms) {
        assert.match(inputs.treatMissingData, /^(notB|b)reaching$/, name);
      }
    });

    it("go off at the autoscaler's ceiling of each service", () => {
      assert.equal(alarm("web/autoscaler-ceiling").inputs.threshold, 12);
      assert.equal(alarm("orders/autoscaler-ceiling").inputs.threshold, 4);
    });

    it("go off 30 days before the end of each certificate of the load balancer", () => {
      const rules = ["certificate", "certificate-2"].map((name) => {
        const [{ metric } = { metric: undefined }] = queriesOf(alarm(name));
        const { comparisonOperator, threshold, evaluationPeriods } = alarm(name).inputs;
        return [metric?.dimensions, metric?.stat, comparisonOperator, threshold, evaluationPeriods];
      });
      const ends = ["Minimum", "LessThanThreshold", 30, 1];
      assert.deepEqual(rules, [
        [{ CertificateArn: "arn:aws:acm:1" }, ...ends],
        [{ CertificateArn: "arn:aws:acm:2" }, ...ends],
      ]);
    });

    it("have none on certificates without a domain", async () => {
      const names = (await observe({ edge: { certificates: [] } })).map(({ name }) => name);
      assert.ok(!names.some((name) => name.startsWith("certificate")), names.join());
    });

    it("do not go off for a few bad requests among few", () => {
      assert.equal(computed(expressionOf("web/errors"), { requests: 4, errors: 4 }), 0);
      assert.equal(computed(expressionOf("web/errors"), { requests: 100, errors: 6 }), 6);
      assert.equal(computed(expressionOf("web/latency"), { requests: 99, slowest: 9000 }), 0);
      assert.equal(computed(expressionOf("balancer-errors"), { requests: 2, failed: 4 }), 0);
    });

    it("count requests that found no target, which the load balancer does not", () => {
      assert.equal(computed(expressionOf("balancer-errors"), { requests: 0, failed: 50 }), 100);
    });
  });

  describe("alarms of jobs", () => {
    const daily = { deadlineSeconds: 3600, schedule: "0 3 * * *", timeZone: "Etc/UTC", uses: {} };
    const missing = async (changes: Partial<ObservabilityArgs["jobs"][string]>) =>
      (await observe({ jobs: { tidy: { ...daily, ...changes } } })).find(
        ({ name }) => name === "tidy/missing-run",
      )?.inputs;
    const range = async (changes: Partial<ObservabilityArgs["jobs"][string]>) => {
      const inputs = await missing(changes);
      return inputs && inputs.evaluationPeriods * inputs.metricQueries[1].metric.period;
    };

    it("count each kind of end by its own metric", () => {
      const read = (name: string) => queriesOf(alarm(name)).flatMap(({ metric }) => metric ?? []);
      assert.deepEqual(
        ["tidy/failed-run", "tidy/missing-run"].map((name) => read(name)[0]?.metricName),
        ["JobsFailed", "JobsCompleted"],
      );
    });

    it("go off at one failure, however often it is told", () => {
      const { threshold, comparisonOperator, treatMissingData } = alarm("tidy/failed-run").inputs;
      assert.deepEqual(
        [threshold, comparisonOperator, treatMissingData],
        [1, "GreaterThanOrEqualToThreshold", "notBreaching"],
      );
    });

    it("wait for the longest gap of the schedule, a late start and the deadline", async () => {
      const expected: [Partial<ObservabilityArgs["jobs"][string]>, number][] = [
        [{ schedule: "*/5 * * * *" }, 10 * 60 + 3600],
        [{ schedule: "@hourly", deadlineSeconds: 90 }, 67 * 60],
        [{}, 26 * 3600],
        [{ timeZone: "Europe/Berlin" }, 27 * 3600],
        [{ schedule: "30 2 * * MON-FRI" }, 74 * 3600],
        [{ schedule: "0 22 * * *", deadlineSeconds: 6 * 86_400 - 300 }, 7 * 86_400],
      ];
      for (const [job, seconds] of expected) {
        assert.equal(await range(job), seconds, JSON.stringify(job));
      }
    });

    it("do not look for a run of a job by hand, nor further back than CloudWatch does", async () => {
      for (const schedule of [undefined, "@weekly", "0 0 1 * *", "0 0 30 2 *"]) {
        assert.equal(await range({ schedule }), undefined, schedule);
      }
      const deadlineSeconds = 6 * 86_400 - 299;
      assert.equal(await range({ schedule: "0 22 * * *", deadlineSeconds }), undefined);
    });

    it("count every run in the range, and none before it", () => {
      const expression = expressionOf("tidy/missing-run");
      assert.equal(expression, "FILL(completed, 0)");
      const { threshold, comparisonOperator } = alarm("tidy/missing-run").inputs;
      assert.deepEqual([threshold, comparisonOperator], [1, "LessThanThreshold"]);
    });

    it("stay silent when they are new, for the range or the two days that CloudWatch allows", async () => {
      const silent = async (schedule: string) =>
        (await missing({ schedule }))?.warmUpConfiguration.warmUpPeriodDurationInMinutes;
      assert.equal(await silent("0 3 * * *"), 26 * 60);
      assert.equal(await silent("30 2 * * MON-FRI"), 2880);
      for (const { name, inputs } of alarms) {
        assert.equal(inputs.warmUpConfiguration !== undefined, name === "tidy/missing-run", name);
      }
    });
  });

  describe("service level", () => {
    const paces = [
      { pace: "fast", hours: 1, minutes: 5, factor: 14.4 },
      { pace: "slow", hours: 6, minutes: 30, factor: 6 },
    ];

    it("is watched in a long and a short window, and tells of both together", () => {
      for (const { pace, hours, minutes, factor } of paces) {
        for (const objective of ["availability", "latency"]) {
          const name = `web/${objective}-${pace}-burn`;
          const parts = [alarm(`${name}-long`), alarm(`${name}-short`)];
          assert.deepEqual(
            parts.map((part) => queriesOf(part).find(({ metric }) => metric)?.metric?.period),
            [hours * 3600, minutes * 60],
          );
          for (const { inputs } of parts) {
            assert.equal(inputs.threshold, factor);
            assert.equal(inputs.comparisonOperator, "GreaterThanThreshold");
          }
          assert.equal(
            alarm(name).inputs.alarmRule,
            parts.map(({ outputs }) => `ALARM("${outputs.arn}")`).join(" AND "),
          );
        }
      }
    });

    it("burns at the pace at which bad requests use the budget up", () => {
      const lost = expressionOf("web/availability-fast-burn-long");
      const burn = (errors: number) => computed(lost, { requests: 1000, errors });
      assert.equal(Math.round(burn(1)), 1);
      assert.ok(burn(14) < 14.4 && burn(15) > 14.4);
      const late = expressionOf("web/latency-slow-burn-short");
      assert.equal(computed(late, { requests: 1000, swift: 99 }), 1);
      assert.equal(computed(late, { requests: 1000, swift: 94 }), 6);
    });

    it("is not broken by one bad request in a quiet hour", () => {
      const long = expressionOf("web/availability-fast-burn-long");
      assert.equal(computed(long, { requests: 20, errors: 1 }), 0);
      const late = expressionOf("web/latency-fast-burn-long");
      assert.equal(computed(late, { requests: 20, swift: 50 }), 0);
    });

    it("is not broken, in the minutes after a release, by a few bad requests among few", () => {
      for (const pace of ["fast", "slow"]) {
        const short = expressionOf(`web/availability-${pace}-burn-short`);
        for (const requests of [4, 70, 1000]) {
          assert.equal(computed(short, { requests, errors: 4 }), 0, `4 of ${requests}`);
        }
        assert.ok(computed(short, { requests: 50, errors: 5 }) > 14.4);
        const late = expressionOf(`web/latency-${pace}-burn-short`);
        assert.equal(computed(late, { requests: 99, swift: 0 }), 0);
      }
    });

    it("measures latency by the share of requests within the time promised", async () => {
      const serviceLevel = { ...observabilityArgs.serviceLevel, latencyMilliseconds: 250 };
      const found = (await observe({ serviceLevel })).find(
        ({ name }) => name === "web/latency-fast-burn-short",
      ) as Resource;
      assert.equal(queriesOf(found).find(({ id }) => id === "swift")?.metric?.stat, "PR(:250)");
    });

    it("can be burnt fast with the loosest promise that the settings allow", () => {
      for (const { factor } of burnRates) assert.ok(factor * (100 - 95) < 100);
    });
  });

  describe("notifications", () => {
    const statements = (document: string) => JSON.parse(document).Statement;

    it("are encrypted with a key of their own, which alarms and events may use", () => {
      const key = only(resources, types.key);
      assert.equal(key.inputs.enableKeyRotation, true);
      assert.equal(only(resources, types.topic).inputs.kmsMasterKeyId, key.outputs.arn);
      const [administer, alarming, events] = statements(key.inputs.policy);
      assert.equal(administer.Principal.AWS, "arn:aws:iam::111122223333:root");
      for (const { Action } of [alarming, events]) {
        assert.deepEqual(Action, ["kms:Decrypt", "kms:GenerateDataKey*"]);
      }
      assert.deepEqual(alarming.Principal, { Service: "cloudwatch.amazonaws.com" });
      assert.deepEqual(alarming.Condition, {
        StringEquals: { "aws:SourceAccount": "111122223333" },
      });
      assert.deepEqual(events.Principal, { Service: "events.amazonaws.com" });
      assert.equal(events.Condition, undefined);
    });

    it("come from this account's alarms, and from EventBridge, which takes no condition", () => {
      const [alarming, events, ...others] = statements(
        only(resources, types.topicPolicy).inputs.policy,
      );
      assert.deepEqual(others, []);
      for (const { Action, Resource, Effect } of [alarming, events]) {
        assert.deepEqual(
          { Action, Resource, Effect },
          {
            Action: "sns:Publish",
            Resource: only(resources, types.topic).outputs.arn,
            Effect: "Allow",
          },
        );
      }
      assert.deepEqual(alarming.Principal, { Service: "cloudwatch.amazonaws.com" });
      assert.deepEqual(alarming.Condition, {
        StringEquals: { "aws:SourceAccount": "111122223333" },
      });
      assert.deepEqual(events.Principal, { Service: "events.amazonaws.com" });
      assert.equal(events.Condition, undefined);
    });

    it("go to everybody that the stack names", () => {
      const subscribed = ofType("aws:sns/topicSubscription:TopicSubscription").map(({ inputs }) => [
        inputs.protocol,
        inputs.endpoint,
      ]);
      assert.deepEqual(subscribed.sort(), [
        ["email", "on-call@example.com"],
        ["https", "[secret]"],
      ]);
      for (const { urn, inputs } of resources) {
        assert.doesNotMatch(`${urn} ${JSON.stringify(inputs)}`, /pager\.example\.com\/hook/);
      }
    });

    it("tell of critical and high findings in the repositories that are deployed from", () => {
      const { detail, ...event } = JSON.parse(only(resources, types.rule).inputs.eventPattern);
      assert.deepEqual(event, { source: ["aws.ecr"], "detail-type": ["ECR Image Scan"] });
      assert.deepEqual(detail["repository-name"], ["teams/web-1"]);
      const severities = detail.$or.map((one: Record<string, object>) =>
        Object.keys(one["finding-severity-counts"] as object),
      );
      assert.deepEqual(severities.flat(), ["CRITICAL", "HIGH"]);
      const target = only(resources, types.target).inputs;
      assert.equal(target.arn, only(resources, types.topic).outputs.arn);
    });
  });

  describe("runbooks", () => {
    const sections = () =>
      [...readFileSync("docs/runbooks.md", "utf8").matchAll(/^## (.+)$/gm)].map(([, title = ""]) =>
        title.toLowerCase().replaceAll(" ", "-"),
      );
    const linked = () => {
      const texts = [
        ...[...alarms, ...composites].map(({ inputs }) => String(inputs.alarmDescription)),
        String(only(resources, types.target).inputs.inputTransformer.inputTemplate),
      ];
      return texts.map((text) => {
        const anchor = /https:\/\/example\.com\/runbooks\.md#([a-z-]+)"?$/.exec(text)?.[1];
        assert.ok(anchor, text);
        return anchor;
      });
    };

    it("have a section for each alarm, and an alarm for each section", () =>
      assert.deepEqual([...new Set(linked())].sort(), sections().sort()));

    it("say in each section what is seen, where to look and what to do", () => {
      const [, ...texts] = readFileSync("docs/runbooks.md", "utf8").split(/^## /m);
      for (const text of texts) {
        for (const part of ["**Symptom.**", "**Look.**", "**Do.**"]) {
          assert.ok(text.includes(part), `${text.split("\n")[0]}: ${part}`);
        }
      }
    });
  });

  describe("saved queries", () => {
    const hexadecimalNow = () => Math.floor(Date.now() / 1000).toString(16);

    /** The fields of a request's line, as the service writes it. */
    function written(): string[] {
      let line = "";
      const raw = Object.assign(new EventEmitter(), { headersSent: true, statusCode: 500 });
      const request = {
        raw: { socket: new EventEmitter() },
        headers: { "x-amzn-trace-id": `Root=1-${hexadecimalNow()}-0123456789abcdef01234567` },
        method: "GET",
        routeOptions: { url: "/" },
        id: "1",
        ip: "10.0.0.1",
      };
      observeRequest(
        request as unknown as Parameters<typeof observeRequest>[0],
        { raw, getHeader: () => 1 } as unknown as Parameters<typeof observeRequest>[1],
        {
          log: { isLevelEnabled: () => true },
          destination: {
            write: (text: string) => {
              line = text;
            },
          },
          traffic: { inFlight: 0 },
          metrics: { record: () => {} },
        } as unknown as Parameters<typeof observeRequest>[2],
      );
      raw.emit("close");
      return Object.keys(JSON.parse(line));
    }

    it("ask for fields that the service writes, where Fluent Bit puts them", () => {
      const fields = written();
      for (const [title, query] of Object.entries(queries)) {
        const asked = [...query.matchAll(/log_processed\.(\w+)/g)].map(([, field]) => field);
        assert.ok(asked.length > 0, title);
        for (const field of asked)
          assert.ok(fields.includes(field as string), `${title}: ${field}`);
      }
    });

    it("ask the pods' log group", () => {
      const saved = ofType(types.query);
      assert.equal(saved.length, 3);
      for (const { inputs } of saved) {
        assert.deepEqual(inputs.logGroupNames, [observabilityArgs.logGroups.application]);
        assert.match(inputs.name, /^platform-test\//);
      }
    });
  });

  it("finds the load balancer by the tags that its controller gives it", async () => {
    const asked: Record<string, Record<string, string>>[] = [];
    pulumi.runtime.setMocks({
      newResource: ({ name, inputs }) => ({ id: name, state: inputs }),
      call: ({ token, inputs }) => {
        asked.push({ [token.split(":").at(-1) as string]: inputs.tags });
        return { arnSuffix: "suffix" };
      },
    });
    const { loadBalancer, targetGroups } = findBalancer(observabilityArgs, {});
    const known = pulumi.all([loadBalancer, ...Object.values(targetGroups)]);
    await (known as unknown as { promise(): Promise<unknown> }).promise();
    const tags = (resource: string) => ({
      "elbv2.k8s.aws/cluster": "platform-test",
      "ingress.k8s.aws/stack": "platform",
      "ingress.k8s.aws/resource": resource,
    });
    assert.deepEqual(asked, [
      { getLoadBalancer: tags("LoadBalancer") },
      { getTargetGroup: tags("web/web-ingress-web-service:http") },
      { getTargetGroup: tags("orders/orders-ingress-orders-service:http") },
    ]);
  });

  it("costs nothing when it is off", async () => {
    const off = await observe({
      alarms: { ...observabilityArgs.alarms, enabled: false },
      dashboard: { enabled: false },
    });
    const made = off.filter(({ custom }) => custom).map(({ type }) => type);
    assert.deepEqual([...new Set(made)], [types.query]);
  });
});
