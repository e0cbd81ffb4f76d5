import type * as pulumi from "@pulumi/pulumi";
import type { Metric } from "../metrics.ts";

/** A line of a graph: a metric, or what is computed of the metrics before it. */
type Line =
  | { label: string; metric: Metric; id?: string; hidden?: boolean }
  | { label: string; expression: string; id?: string };

/** A widget of a CloudWatch dashboard that has no place yet; sizes in the grid's units. */
export interface Widget {
  type: "text" | "metric" | "alarm";
  width: number;
  height: number;
  properties: Record<string, unknown>;
}

/** Columns of the grid. */
const columns = 24;
const graphHeight = 6;

export function heading(markdown: string): Widget {
  return {
    type: "text",
    width: columns,
    height: 1,
    properties: { markdown, background: "transparent" },
  };
}

export function alarmStates(alarms: pulumi.Input<string>[]): Widget {
  // Four states fit into a row of the widget.
  const height = 1 + Math.ceil(alarms.length / 4);
  return { type: "alarm", width: columns, height, properties: { title: "Alarms", alarms } };
}

export function graph(
  title: string,
  lines: Line[],
  options: {
    /** So many fill a row. */
    share: number;
    region: string;
    /** A horizontal line at a value that matters. */
    limit?: { label: string; value: number };
    unit?: string;
    periodSeconds?: number;
    /** The last days, whatever range the dashboard shows. */
    days?: number;
  },
): Widget {
  const { share, region, limit, unit, periodSeconds = 60, days } = options;
  return {
    type: "metric",
    width: columns / share,
    height: graphHeight,
    properties: {
      title,
      region,
      view: "timeSeries",
      stacked: false,
      ...(days && { start: `-P${days}D` }),
      period: periodSeconds,
      metrics: lines.map(line),
      yAxis: { left: { min: 0, ...(unit && { label: unit, showUnits: false }) } },
      ...(limit && { annotations: { horizontal: [limit] } }),
    },
  };
}

/** One number for the last 28 days, whatever range the dashboard shows. */
export function lastFourWeeks(
  title: string,
  lines: Line[],
  options: { share: 2 | 3 | 4; region: string },
): Widget {
  return {
    type: "metric",
    width: columns / options.share,
    height: graphHeight,
    properties: {
      title,
      region: options.region,
      view: "singleValue",
      metrics: lines.map(line),
      start: "-P28D",
      setPeriodToTimeRange: true,
    },
  };
}

/** One entry of a widget's `metrics`: names and values in a row, then how to show them. */
function line(one: Line): unknown[] {
  const { label, id } = one;
  if ("expression" in one) return [{ expression: one.expression, label, ...(id && { id }) }];
  const { namespace, name, dimensions, statistic } = one.metric;
  return [
    namespace,
    name,
    ...Object.entries(dimensions).flat(),
    { label, stat: statistic, ...(id && { id }), ...(one.hidden && { visible: false }) },
  ];
}

/** Rows of widgets, from left to right and from top to bottom. */
export function placed(rows: Widget[][]) {
  let y = 0;
  return rows.flatMap((row) => {
    let x = 0;
    const top = y;
    y += Math.max(0, ...row.map(({ height }) => height));
    return row.map((widget) => {
      const left = x;
      x += widget.width;
      return { x: left, y: top, ...widget };
    });
  });
}
