import { wrapped } from "../../plan/text.ts";
import type { Page } from "../page.ts";
import type { Reading } from "../readings.ts";
import type { Targets } from "./balancer-status.ts";
import { counted, daysTo, findingsOf } from "./findings.ts";
import type { MonthCost } from "./month-cost.ts";
import type { RingingAlarm, Traffic } from "./promises.ts";
import type { ClusterStatus, JobStatus, ServiceStatus, StackStatus } from "./stack-status.ts";
import type { JobRuns, ServicePods, Usage } from "./workload-status.ts";

/** The status for people, and the same as data. */
export function statusPage(status: StackStatus): Page<StackStatus & { broken: string[] }> {
  const broken = findingsOf(status);
  const { at, services, jobs, cluster, alarms } = status;
  const where = `${status.stack}: ${status.clusterName} in ${status.region}, ${timeOf(at)}`;
  return {
    broken: broken.length > 0,
    data: { ...status, broken },
    sections: [
      {
        title: where,
        lines: [
          ...(broken.length > 0
            ? broken.flatMap((one) => wrapped(one, "  ✗ "))
            : [status.complete ? "  nothing is broken" : "  nothing that could be read is broken"]),
          ...(status.asleep
            ? wrapped(
                `It sleeps by nodes.schedule, and has no nodes: npm run wake -- --stack ${status.stack}`,
                "  ",
              )
            : []),
        ],
      },
      ...services.map((service) => ({
        title: `service ${service.name}`,
        lines: serviceLines(service, at),
      })),
      ...jobs.map((job) => ({ title: `job ${job.name}`, lines: jobLines(job, at) })),
      {
        title: "alarms",
        lines: alarms
          ? read(alarms, (all) => all.flatMap((one) => alarmLines(one, at)))
          : ["  off: platform:alarms.enabled is false"],
      },
      ...(cluster ? [{ title: "cluster", lines: clusterLines(cluster, at) }] : []),
    ],
  };
}

function serviceLines({ pods, release, targets, traffic }: ServiceStatus, now: Date): string[] {
  return [
    ...read(pods, (found) => podLines(found, release, now), "pods"),
    ...(targets ? read(targets, targetLines, "targets") : []),
    ...(traffic ? read(traffic, trafficLines, "traffic") : []),
  ];
}

function podLines(found: ServicePods, release: ServiceStatus["release"], now: Date): string[] {
  const { runs, rollout, pods, requested, used, scale } = found;
  const { state, since, says } = rollout;
  const age = since ? ageOf(since, now) : "a time that nobody noted";
  const rolling = {
    complete: ` since ${age}`,
    "under way": `; the rollout is under way, its last progress ${age} ago`,
    stuck: `; the rollout is stuck for ${age}`,
  }[state];
  return [
    ...(runs.length === 0 ? labelled("runs", `nothing${rolling}`) : []),
    ...runs.flatMap(({ image, pods: number }, at) =>
      labelled(
        at === 0 ? "runs" : "",
        `${shortImage(image)}${runs.length > 1 ? ` in ${counted(number, "pod")}` : ""}${at === runs.length - 1 ? rolling : ""}`,
      ),
    ),
    ...(says ? labelled("", says) : []),
    ...(release
      ? labelled(
          "release",
          `${release.commit ? `commit ${release.commit.slice(0, 12)}, ` : ""}by ${release.by} at ${release.at}`,
        )
      : []),
    ...labelled("pods", podsText(pods, now)),
    ...pods.notReady.flatMap(({ pod, reason }) => labelled("", `${pod}: ${reason}`)),
    ...labelled("CPU", usageText(requested, used, "cpuMillicores", "m")),
    ...labelled("memory", usageText(requested, used, "memoryMiB", " MiB")),
    ...("notReadable" in used ? labelled("", `used: not readable: ${used.notReadable}`) : []),
    ...(scale ? labelled("scale", `${scale.now}, of ${scale.min} to ${scale.max}`) : []),
    ...(scale?.says ? labelled("", scale.says) : []),
  ];
}

function podsText({ ready, desired, stopping, restarts, lastEnd }: ServicePods["pods"], now: Date) {
  const last = lastEnd?.at ? `, the last ${ageOf(lastEnd.at, now)} ago: ${lastEnd.reason}` : "";
  return [
    `${ready} of ${desired} ready`,
    ...(stopping > 0 ? [`${stopping} stopping`] : []),
    `${counted(restarts, "restart")}${restarts > 0 ? last : ""}`,
  ].join(", ");
}

const usageText = (requested: Usage, used: Reading<Usage>, of: keyof Usage, unit: string): string =>
  `${requested[of]}${unit} requested${"value" in used ? `, ${used.value[of]}${unit} used` : ""}`;

const targetLines = ({ healthy, registered, notHealthy }: Targets): string[] => [
  ...labelled("targets", `${healthy} of ${registered} healthy`),
  ...notHealthy.flatMap(({ target, state, says }) =>
    labelled("", `${target} is ${state}${says ? `: ${says}` : ""}`),
  ),
];

function trafficLines(traffic: Traffic): string[] {
  const { requests, errors, p99Milliseconds, inTimePercent, promise, kept } = traffic;
  if (requests === 0) return labelled("traffic", "no request in the last hour");
  const good = percent(100 - (100 * errors) / requests);
  const latency =
    inTimePercent === undefined
      ? ""
      : `; ${percent(inTimePercent)} within ${promise.latencyMilliseconds} ms (promised ${promise.latencyPercent} %)`;
  const slowest =
    p99Milliseconds === undefined ? "" : `; 99 % within ${Math.round(p99Milliseconds)} ms`;
  return [
    ...labelled(
      "traffic",
      `${requests} requests in the last hour, ${good} without an error (promised ${promise.availabilityPercent} %)${latency}${slowest}`,
    ),
    ...(kept ? [] : labelled("", "less than promised")),
  ];
}

/** Not rounded up to 100. */
const percent = (share: number): string => `${Math.floor(share * 1000) / 1000} %`;

function jobLines({ runs }: JobStatus, now: Date): string[] {
  return read(runs, ({ schedule, running, lastRun, lastSuccess }: JobRuns) => [
    ...labelled("schedule", schedule ?? "by hand"),
    ...(running > 0 ? labelled("running", String(running)) : []),
    ...labelled("last run", lastRun ? runText(lastRun, now) : "none that Kubernetes still has"),
    ...(lastRun?.result === "failed"
      ? labelled("", `last success: ${lastSuccess ? `${ageOf(lastSuccess, now)} ago` : "none"}`)
      : []),
  ]);
}

function runText(
  { name, began, seconds, result, says }: NonNullable<JobRuns["lastRun"]>,
  now: Date,
): string {
  const when = began ? ` ${ageOf(began, now)} ago` : "";
  const took = seconds === undefined ? "" : `, took ${lengthOf(seconds)}`;
  return `${name}${when}: ${result}${took}${says ? `: ${says}` : ""}`;
}

const alarmLines = ({ name, since, says }: RingingAlarm, now: Date): string[] => [
  ...wrapped(`${name}${since ? ` for ${ageOf(since, now)}` : ""}`, "  "),
  ...wrapped(says, "      "),
];

function clusterLines(cluster: ClusterStatus, now: Date): string[] {
  const { controlPlane, support, nodeGroups, nodes, addons, certificates, costOfMonth } = cluster;
  return [
    ...read(
      controlPlane,
      ({ version, status, issues }) => [
        ...labelled("version", `${version}, ${status}`),
        ...issues.flatMap((issue) => labelled("", issue)),
      ],
      "version",
    ),
    ...read(
      support,
      ({ endOfStandard, standardDaysLeft }) =>
        labelled(
          "support",
          endOfStandard && standardDaysLeft !== undefined
            ? supportText(endOfStandard, standardDaysLeft)
            : "EKS does not say how long it supports this version",
        ),
      "support",
    ),
    ...read(
      nodeGroups,
      (groups) =>
        groups.flatMap((group) =>
          read(group, ({ name, status, issues }) => [
            ...(status === "ACTIVE" ? [] : labelled("node group", `${name}: ${status}`)),
            ...issues.flatMap((issue) => labelled("node group", `${name}: ${issue}`)),
          ]),
        ),
      "node groups",
    ),
    ...read(nodes, (all) => nodeLines(all, now), "nodes"),
    ...read(
      addons,
      (all) =>
        all.flatMap((addon, at) =>
          read(addon, ({ name, version, status, issues, newer }) => [
            ...labelled(
              at === 0 ? "add-ons" : "",
              `${name} ${version}${status === "ACTIVE" ? "" : `, ${status}`}${newer ? `; the default is ${newer}` : ""}`,
            ),
            ...issues.flatMap((issue) => labelled("", `  ${issue}`)),
          ]),
        ),
      "add-ons",
    ),
    ...read(
      certificates,
      (all) =>
        all.flatMap((one) =>
          read(one, ({ hostName, status, expires, renewal }) =>
            labelled(
              "certificate",
              `${hostName}, ${status}${expires ? `, ends in ${counted(daysTo(expires, now), "day")}` : ""}${renewal ? `; renewal: ${renewal}` : ""}`,
            ),
          ),
        ),
      "certificates",
    ),
    ...(costOfMonth ? read(costOfMonth, (month) => labelled("cost", costText(month)), "cost") : []),
  ];
}

function costText({ spent, plan: { monthly, untilNow, priceRegion } }: MonthCost): string {
  const usd = (amount: number) => `$${amount.toFixed(2)}`;
  const has =
    spent === undefined
      ? "Cost Explorer has nothing with the stack's tags this month: are project, stack, Name and elbv2.k8s.aws/cluster active as cost allocation tags in the payer account?"
      : `${usd(spent)} since the first of the month;`;
  return `${has} ${spent === undefined ? "The" : "the"} plan at rest is ${usd(untilNow)} until now, ${usd(monthly)} a month (list prices of ${priceRegion})`;
}

const supportText = (end: Date, days: number): string =>
  days >= 0
    ? `standard for ${counted(days, "more day")}, until ${end.toISOString().slice(0, 10)}`
    : `standard ended on ${end.toISOString().slice(0, 10)}: extended support costs more`;

type Nodes = Extract<ClusterStatus["nodes"], { value: unknown }>["value"];

/** By type and zone, with the oldest of each; those with troubles by name. */
function nodeLines(nodes: Nodes, now: Date): string[] {
  const place = ({ type, zone }: Nodes[number]) => `${type} in ${zone}`;
  const places = [...new Set(nodes.map(place))].sort();
  return [
    ...places.flatMap((where, at) => {
      const of = nodes.filter((node) => place(node) === where);
      const oldest = of.map(({ since }) => since?.getTime() ?? now.getTime());
      return labelled(
        at === 0 ? "nodes" : "",
        `${of.length} ${where}, the oldest ${ageOf(new Date(Math.min(...oldest)), now)} old`,
      );
    }),
    ...(nodes.length === 0 ? labelled("nodes", "none") : []),
    ...nodes.flatMap(({ name, ready, says }) =>
      says ? labelled("", `${name} is ${ready ? "ready" : "not ready"}: ${says}`) : [],
    ),
  ];
}

/** The lines of what was read, or the one that says why it was not. */
function read<Value>(
  reading: Reading<Value>,
  lines: (value: Value) => string[],
  label?: string,
): string[] {
  if ("value" in reading) return lines(reading.value);
  return labelled(label ?? "", `not readable: ${reading.notReadable}`);
}

const labelled = (label: string, text: string): string[] => wrapped(text, `  ${label.padEnd(11)} `);

/** `sha256:0123456789ab of web`: of a digest twelve digits tell it apart. */
function shortImage(image: string): string {
  const [repository = "", digest] = image.split("@");
  return digest
    ? `${digest.slice(0, "sha256:".length + 12)} of ${repository.split("/").at(-1)}`
    : image;
}

const timeOf = (date: Date): string => `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;

export const ageOf = (since: Date, now: Date): string =>
  lengthOf(Math.max(0, (now.getTime() - since.getTime()) / 1000));

const units = [
  { unit: "day", seconds: 86_400 },
  { unit: "hour", seconds: 3600 },
  { unit: "minute", seconds: 60 },
];

/** In the largest unit of which there are two: `36 hours`, `12 days`. */
function lengthOf(seconds: number): string {
  const fits = units.find((one) => seconds >= 2 * one.seconds);
  return fits
    ? counted(Math.floor(seconds / fits.seconds), fits.unit)
    : counted(Math.round(seconds), "second");
}
