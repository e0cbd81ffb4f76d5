import { createHistogram, performance, type RecordableHistogram } from "node:perf_hooks";
import type { Config } from "./config.ts";
import type { Traffic } from "./drain.ts";
import { serviceMetrics as names } from "./metric-names.ts";

/** Upper bounds in seconds. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** CloudWatch takes no more values of one metric in one document. */
const maxValues = 100;

interface Series {
  labels: string;
  /** One more than the bounds: the last holds what lies above them. */
  buckets: number[];
  sum: number;
}

/** Counts requests once and shows them twice: to Prometheus since start, to CloudWatch by period. */
export class Metrics {
  readonly #config: Pick<Config, "identity" | "metricsNamespace" | "emfAgent" | "emfLogGroup">;
  readonly #traffic: Traffic;
  readonly #series = new Map<string, Series>();
  readonly #durations: RecordableHistogram = createHistogram({
    lowest: 1,
    highest: 3_600_000_000,
    figures: 2,
  });
  #errors = 0;

  constructor(
    config: Pick<Config, "identity" | "metricsNamespace" | "emfAgent" | "emfLogGroup">,
    traffic: Traffic,
  ) {
    this.#config = config;
    this.#traffic = traffic;
  }

  /** `route` is the pattern, never the path: each distinct label costs memory for good. */
  record(method: string, route: string, status: number, milliseconds: number): void {
    const key = `${method} ${status} ${route}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      const labels = `method="${method}",route="${route}",status="${status}"`;
      series = { labels, buckets: new Array(bounds.length + 1).fill(0), sum: 0 };
      this.#series.set(key, series);
    }
    const seconds = milliseconds / 1000;
    let bucket = 0;
    while (bucket < bounds.length && seconds > (bounds[bucket] as number)) bucket++;
    series.buckets[bucket] = (series.buckets[bucket] as number) + 1;
    series.sum += seconds;
    this.#durations.record(Math.max(1, Math.round(milliseconds * 1000)));
    if (status >= 500) this.#errors++;
  }

  /**
   * One document in CloudWatch's embedded metric format for all requests since the last call, or
   * nothing when there were none.
   *
   * The durations are given as evenly spaced quantiles, which keeps percentiles true where a
   * document may hold only 100 values.
   */
  embedded(now = Date.now()): string | undefined {
    const durations = this.#durations;
    const requests = durations.count;
    if (requests === 0) return undefined;
    const count = Math.min(requests, maxValues);
    const quantiles = Array.from({ length: count }, (_, index) =>
      Number((durations.percentile((100 * (index + 0.5)) / count) / 1000).toPrecision(3)),
    );
    const { identity, metricsNamespace, emfAgent, emfLogGroup } = this.#config;
    const document = {
      _aws: {
        Timestamp: now,
        // Only the agent asks for a log group: a line of output is in one already.
        LogGroupName: emfAgent && (emfLogGroup ?? `${identity.name}-metrics`),
        CloudWatchMetrics: [
          {
            Namespace: metricsNamespace,
            Dimensions: [[names.dimension]],
            Metrics: [
              { Name: names.requests, Unit: "Count" },
              { Name: names.errors, Unit: "Count" },
              { Name: names.duration, Unit: "Milliseconds" },
            ],
          },
        ],
      },
      [names.dimension]: identity.name,
      [names.requests]: requests,
      [names.errors]: this.#errors,
      [names.duration]: quantiles,
      version: identity.version,
      pod: identity.pod || undefined,
    };
    durations.reset();
    this.#errors = 0;
    return `${JSON.stringify(document)}\n`;
  }

  /** All counts since start, and the state of the process, in Prometheus' text format. */
  prometheus(): string {
    const { version, revision } = this.#config.identity;
    const memory = process.memoryUsage();
    const cpu = process.cpuUsage();
    const loop = performance.eventLoopUtilization();
    const name = "http_request_duration_seconds";
    const lines = [
      `# HELP ${name} Requests without probes, from headers to the end of the answer.`,
      `# TYPE ${name} histogram`,
      ...[...this.#series.values()].flatMap((series) => histogram(name, series)),
      ...gauge("http_requests_in_flight", "Requests without probes.", this.#traffic.inFlight),
      ...gauge("service_draining", "1 from the signal to the end.", Number(this.#traffic.draining)),
      ...gauge(
        "service_info",
        "Always 1.",
        1,
        `{version="${quote(version)}",revision="${quote(revision)}"}`,
      ),
      ...gauge("process_resident_memory_bytes", "Resident memory.", memory.rss),
      ...gauge(
        "process_start_time_seconds",
        "Start of the process.",
        performance.timeOrigin / 1000,
      ),
      ...gauge("nodejs_heap_size_used_bytes", "Heap in use.", memory.heapUsed),
      ...gauge("nodejs_heap_size_total_bytes", "Heap.", memory.heapTotal),
      ...gauge("nodejs_external_memory_bytes", "Memory outside the heap.", memory.external),
      ...counter("process_cpu_seconds_total", "CPU time.", (cpu.user + cpu.system) / 1e6),
      ...counter("nodejs_eventloop_active_seconds_total", "Event loop busy.", loop.active / 1000),
      ...counter("nodejs_eventloop_idle_seconds_total", "Event loop waiting.", loop.idle / 1000),
    ];
    return `${lines.join("\n")}\n`;
  }
}

function histogram(name: string, { labels, buckets, sum }: Series): string[] {
  let count = 0;
  const lines = buckets.map((hits, index) => {
    count += hits;
    return `${name}_bucket{${labels},le="${bounds[index] ?? "+Inf"}"} ${count}`;
  });
  return [...lines, `${name}_sum{${labels}} ${sum}`, `${name}_count{${labels}} ${count}`];
}

const gauge = (name: string, help: string, value: number, labels = "") => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} gauge`,
  `${name}${labels} ${value}`,
];

const counter = (name: string, help: string, value: number) => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} counter`,
  `${name} ${value}`,
];

const quote = (value: string) => value.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
