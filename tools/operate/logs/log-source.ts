import { setTimeout as pause } from "node:timers/promises";
import {
  type CloudWatchLogsClient,
  paginateFilterLogEvents,
} from "@aws-sdk/client-cloudwatch-logs";
import type { V1Pod } from "@kubernetes/client-node";
import { containersOf } from "../cluster-objects.ts";
import type { KubernetesApis } from "../kubernetes-apis.ts";
import { endOf } from "../status/pod-reasons.ts";
import {
  entryOf,
  isWanted,
  type LogEntry,
  type LogFilter,
  lineOf,
  patternOf,
} from "./log-entry.ts";

/** The IAM action of `npm run logs`. */
export const logActions = ["logs:FilterLogEvents"] as const;

const pollSeconds = 2;
/** Fluent Bit sends lines late, and nodes not in the order of time. */
const lateSeconds = 60;

/** The group of a cluster's pods (infra/addons/container-insights.ts). */
export const groupOf = (clusterName: string): string =>
  `/aws/containerinsights/${clusterName}/application`;

export interface LogQuestion extends LogFilter {
  group: string;
  since: Date;
  /** Goes on with what comes, until it is aborted. */
  follow: boolean;
}

/** Lines of the group in the order of their time; what comes late, when it comes. Each once. */
export async function* logEntries(
  client: CloudWatchLogsClient,
  { group, since, follow, ...filter }: LogQuestion,
  signal: AbortSignal,
): AsyncGenerator<LogEntry> {
  const seen = new Map<string, number>();
  let startTime = since.getTime();
  let newest = startTime;
  do {
    const pages = paginateFilterLogEvents(
      { client },
      { logGroupName: group, startTime, filterPattern: patternOf(filter) },
    );
    for await (const { events = [] } of pages) {
      if (signal.aborted) return;
      for (const { eventId = "", timestamp = 0, message = "" } of events) {
        if (seen.has(eventId)) continue;
        if (follow) seen.set(eventId, timestamp);
        newest = Math.max(newest, timestamp);
        const entry = entryOf(timestamp, message);
        if (isWanted(entry, filter)) yield entry;
      }
    }
    startTime = Math.max(startTime, newest - lateSeconds * 1000);
    for (const [id, at] of seen) if (at < startTime) seen.delete(id);
  } while (follow && (await waited(signal)));
}

const waited = (signal: AbortSignal): Promise<boolean> =>
  pause(pollSeconds * 1000, true, { signal }).catch(() => false);

/** The last container of a workload that ended and was started again: which one, and what it wrote. */
export interface Previous {
  pod: string;
  container: string;
  /** How it ended, in words. */
  end: string;
  at?: Date;
  entries: LogEntry[];
}

/** Kubernetes keeps the log of one former container of each that runs, until the pod is gone. */
export async function previousLog(
  { core }: Pick<KubernetesApis, "core">,
  namespace: string,
): Promise<Previous | undefined> {
  const { items } = await core.listNamespacedPod({ namespace });
  const [last] = items.flatMap(endedIn).sort((one, other) => timeOf(other) - timeOf(one));
  if (!last) return undefined;
  const { pod, container } = last;
  const text = await core.readNamespacedPodLog({
    ...{ namespace, name: pod, container },
    previous: true,
    timestamps: true,
  });
  const lines = text.split("\n").filter(Boolean);
  return {
    ...last,
    entries: lines.map((line) => {
      const [, time, log = line] = /^(\S+Z) (.*)$/.exec(line) ?? [];
      const at = time === undefined ? "" : new Date(time).toISOString();
      return { time: at, namespace, pod, container, ...lineOf(log) };
    }),
  };
}

const timeOf = ({ at }: Pick<Previous, "at">): number => at?.getTime() ?? 0;

function endedIn(of: V1Pod): Omit<Previous, "entries">[] {
  return containersOf(of).flatMap(({ name, lastState }) => {
    const ended = lastState?.terminated;
    const pod = of.metadata?.name ?? "";
    return ended
      ? [
          {
            pod,
            container: name,
            end: endOf(ended),
            ...(ended.finishedAt && { at: ended.finishedAt }),
          },
        ]
      : [];
  });
}
