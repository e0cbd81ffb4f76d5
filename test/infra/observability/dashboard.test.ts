import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import {
  Observability,
  type ObservabilityArgs,
} from "../../../infra/observability/observability.ts";
import { deploy, only } from "../../../tools/graph/evaluate.ts";
import { assertEmitted } from "../../support/metric-emission.ts";
import { observabilityArgs } from "../../support/observability-args.ts";

interface Options {
  id?: string;
  label?: string;
  stat?: string;
  visible?: boolean;
  expression?: string;
}
interface Widget {
  type: string;
  x: number;
  y: number;
  width: number;
  height: number;
  properties: {
    title?: string;
    markdown?: string;
    region?: string;
    view?: string;
    alarms?: string[];
    metrics?: unknown[][];
  };
}

async function bodyOf(changes: Partial<ObservabilityArgs> = {}): Promise<Widget[]> {
  const resources = await deploy(
    () => new Observability("observability", { ...observabilityArgs, ...changes }),
  );
  const { dashboardBody } = only(resources, "aws:cloudwatch/dashboard:Dashboard").inputs;
  return JSON.parse(dashboardBody).widgets;
}

/** The metrics of a widget: namespace, name, dimensions and options. */
function metricsOf({ properties }: Widget) {
  return (properties.metrics ?? []).map((entry) => {
    const options = entry.at(-1) as Options;
    const [namespace, name, ...rest] = entry.slice(0, -1) as string[];
    const dimensions: Record<string, string> = {};
    for (let at = 0; at < rest.length; at += 2) dimensions[String(rest[at])] = String(rest[at + 1]);
    return { namespace, name, dimensions, options };
  });
}

describe("dashboard", () => {
  let widgets: Widget[];
  before(async () => {
    widgets = await bodyOf();
  });

  it("is a grid of 24 columns in which no widget lies on another", () => {
    const taken = new Set<string>();
    for (const { x, y, width, height, properties } of widgets) {
      assert.ok(x >= 0 && x + width <= 24, properties.title);
      assert.ok(width >= 1 && height >= 1 && height <= 1000, properties.title);
      for (let column = x; column < x + width; column++) {
        for (let row = y; row < y + height; row++) {
          assert.ok(!taken.has(`${column},${row}`), properties.title ?? properties.markdown);
          taken.add(`${column},${row}`);
        }
      }
    }
  });

  it("has of each widget what CloudWatch demands", () => {
    for (const { type, properties } of widgets) {
      if (type === "text") assert.ok(properties.markdown);
      else if (type === "alarm")
        assert.ok(properties.alarms?.every((arn) => arn.startsWith("arn:")));
      else {
        assert.equal(type, "metric");
        assert.equal(properties.region, "eu-central-1");
        assert.match(properties.view ?? "", /^(timeSeries|singleValue)$/);
        assert.ok(properties.metrics && properties.metrics.length > 0, properties.title);
      }
    }
  });

  it("shows what is emitted, with the dimensions it has", async () => {
    const resources = await deploy(() => new Observability("observability", observabilityArgs));
    for (const widget of widgets) {
      for (const { namespace, name, dimensions, options } of metricsOf(widget)) {
        if (options.expression) continue;
        assertEmitted({ namespace: String(namespace), name: String(name), dimensions }, resources);
        assert.ok(options.stat, name);
      }
    }
  });

  it("computes of metrics that the widget has, and hides no other", () => {
    for (const widget of widgets) {
      const all = metricsOf(widget);
      const used = all.flatMap(({ options }) => options.expression?.match(/\b[a-z]\w*/g) ?? []);
      const hidden = all.filter(({ options }) => options.visible === false);
      assert.deepEqual(
        [...new Set(used)].sort(),
        hidden.map(({ options }) => options.id).sort(),
        widget.properties.title,
      );
    }
  });

  it("shows traffic, errors, latency, budgets and scale of each service, and the log groups", () => {
    const shown = widgets
      .flatMap(metricsOf)
      .map(({ name, dimensions }) => [name, ...Object.values(dimensions)].join(" "));
    for (const service of ["web", "orders"]) {
      for (const metric of ["Requests", "Errors", "Duration"]) {
        assert.ok(shown.includes(`${metric} ${service}`), `${metric} ${service}`);
      }
      assert.ok(shown.includes(`replicas_desired platform-test ${service} ${service}-deployment`));
    }
    for (const group of Object.values(observabilityArgs.logGroups)) {
      assert.ok(shown.includes(`IncomingBytes ${group}`));
    }
    for (const nat of ["nat-1", "nat-2"]) assert.ok(shown.includes(`BytesInFromSource ${nat}`));
  });

  it("shows the alarms that notify, where there are alarms", async () => {
    const states = widgets.find(({ type }) => type === "alarm")?.properties.alarms ?? [];
    assert.ok(states.some((arn) => arn.endsWith("alarm:platform-test/web/latency-fast-burn")));
    assert.ok(!states.some((arn) => arn.endsWith("-long")));
    const without = await bodyOf({ alarms: { ...observabilityArgs.alarms, enabled: false } });
    assert.ok(!without.some(({ type }) => type === "alarm"));
  });

  it("leaves out what is not measured with OpenTelemetry", async () => {
    const insights = { ...observabilityArgs.insights, variant: "opentelemetry" as const };
    const alarms = { ...observabilityArgs.alarms, enabled: false };
    const shown = (await bodyOf({ insights, alarms })).flatMap(metricsOf);
    assert.ok(shown.length > 0);
    assert.ok(shown.every(({ namespace }) => namespace !== "ContainerInsights"));
  });

  it("is within what a free dashboard may show, with one service", async () => {
    const { web } = observabilityArgs.services.services;
    const { loadBalancer } = observabilityArgs.services;
    const one = await bodyOf({
      services: { loadBalancer, services: { web: web as never } },
      resources: { measured: [] },
    });
    const metrics = one.flatMap(metricsOf).filter(({ options }) => !options.expression);
    assert.ok(metrics.length + 8 <= 50, `${metrics.length}, and 8 more log groups`);
  });
});
