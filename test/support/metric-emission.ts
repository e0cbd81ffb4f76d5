import assert from "node:assert/strict";
import { ownNamespace } from "../../infra/addons/container-insights.ts";
import { emitted } from "../../infra/observability/metrics.ts";
import { Metrics } from "../../service/src/metrics.ts";
import type { Resource } from "../../tools/graph/resource.ts";

interface Read {
  namespace: string;
  name: string;
  dimensions: Record<string, string>;
  unit?: string;
}

/** The metrics that the service publishes after one request. */
function published(service: string) {
  const identity = {
    name: service,
    version: "",
    revision: "",
    imageDigest: "",
    pod: "",
    node: "",
    zone: "",
  };
  const metrics = new Metrics(
    {
      identity,
      metricsNamespace: ownNamespace("platform-test"),
      emfAgent: undefined,
      emfLogGroup: undefined,
    },
    { draining: false, inFlight: 0, lastAt: 0 },
  );
  metrics.record("GET", "/", 200, 12);
  const document = JSON.parse(metrics.embedded() ?? "");
  const [directive] = document._aws.CloudWatchMetrics;
  return { document, directive };
}

/**
 * Fails unless a source emits a metric with this name, these dimensions and, if given, this unit. `resources`
 * have the metric filters.
 */
export function assertEmitted(
  { namespace, name, dimensions, unit }: Read,
  resources: Resource[],
): void {
  const what = `${namespace} ${name} ${JSON.stringify(dimensions)}`;
  const names = Object.keys(dimensions).sort();
  for (const value of Object.values(dimensions)) assert.ok(value, what);
  const table: Record<string, Record<string, readonly (readonly string[])[]>> = emitted;
  if (namespace in table) {
    const sets = table[namespace]?.[name] ?? [];
    assert.ok(
      sets.some((set) => [...set].sort().join() === names.join()),
      `nobody emits ${what}`,
    );
    assert.equal(unit, undefined, what);
    return;
  }
  const filters = resources
    .map(({ inputs }) => inputs.metricTransformation)
    .filter((one) => one?.namespace === namespace);
  if (filters.length > 0) {
    const filter = filters.find((one) => one.name === name);
    assert.deepEqual(Object.keys(filter?.dimensions ?? {}), names, what);
    assert.equal(unit, undefined, what);
    return;
  }
  const { document, directive } = published(String(dimensions.Service));
  assert.equal(namespace, directive.Namespace, what);
  assert.deepEqual(directive.Dimensions, [names], what);
  for (const dimension of names) assert.equal(document[dimension], dimensions[dimension], what);
  const metric = directive.Metrics.find(({ Name }: { Name: string }) => Name === name);
  assert.ok(metric, `the service does not publish ${what}`);
  if (unit) assert.equal(unit, metric.Unit, what);
}
