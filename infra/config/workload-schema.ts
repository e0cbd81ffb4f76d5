import { z } from "zod";
import { companionShape, containerShape, healthSetting } from "./container-schema.ts";
import { usesSetting } from "./resource-schema.ts";
import {
  arn,
  cidrBlock,
  flag,
  matching,
  oneOf,
  routeHost,
  shortName,
  timeZone,
  whole,
} from "./values.ts";

const command = (meaning: string) =>
  z
    .array(z.string("a text"), "a command as a list of texts")
    .min(1, "at least one text")
    .describe(meaning);

/** What a service and a job may reach, and where they run. */
const rightsShape = {
  calls: z
    .array(shortName(), "a list of services")
    .default([])
    .describe(
      "Services that it may call, each at its own name: `http://<name>`. Their addresses are in `<NAME>_URL` and `<NAME>_ADDRESS`.",
    ),
  uses: usesSetting,
  onDemandOnly: flag()
    .optional()
    .describe(
      "Its pods run on on-demand nodes alone, never on Spot instances, which AWS takes back two minutes after its notice. Default: false.",
    ),
  policyArns: z
    .array(arn("an IAM policy"), "a list of ARNs")
    .max(10, "at most 10")
    .default([])
    .describe("IAM policies of its role."),
  egress: z
    .array(z.strictObject({ cidrBlock: cidrBlock(), port: whole(1, 65_535) }), "a list")
    .default([])
    .describe(
      "Networks and TCP ports that the pods may reach, besides DNS and the CloudWatch agent.",
    ),
};

/** Elastic Load Balancing API Reference, CreateTargetGroup: the bounds of an Application Load Balancer. */
const healthCheckSchema = z.strictObject({
  intervalSeconds: whole(5, 300)
    .optional()
    .describe(
      "Seconds between two checks of a pod. A new pod gets requests after the first that it passes. Default: 10.",
    ),
  timeoutSeconds: whole(2, 120)
    .optional()
    .describe("Seconds that an answer may take, fewer than `intervalSeconds`. Default: 5."),
  healthyThreshold: whole(2, 10)
    .optional()
    .describe(
      "Passed checks in a row after which a pod that was unhealthy gets requests again. Default: 2.",
    ),
  unhealthyThreshold: whole(2, 10)
    .optional()
    .describe("Failed checks in a row after which a pod gets no requests. Default: 2."),
});

const routeSchema = z.strictObject({
  hosts: z
    .array(routeHost(), "a list of host names")
    .min(1, "at least one host name")
    .max(20, "at most 20 host names")
    .optional()
    .describe("Host names that the load balancer sends to the service. Default: every host name."),
  path: matching(/^\/[a-z0-9/_.~-]{0,127}$/i, "a path such as / or /orders")
    .default("/")
    .describe("Path prefix that the load balancer sends to the service."),
  sticky: flag()
    .optional()
    .describe(
      "The load balancer sends a client to the pod that it had before, as long as that is there. Default: false.",
    ),
  healthCheck: healthCheckSchema.optional(),
});

const releaseJobSchema = z.strictObject({
  command: command("Command of a job that must succeed before the service's pods get a new image."),
  deadlineSeconds: whole(1, 3600)
    .default(600)
    .describe("Longest time for this job, its retries included, in seconds."),
  retries: whole(0, 10).default(0).describe("How often a failed pod of this job is tried again."),
});

/** A queue's name: Amazon SQS API Reference, CreateQueue. */
const queue =
  /^(https:\/\/sqs\.[a-z0-9-]+\.amazonaws\.com\/\d{12}\/)?(?=.{1,80}$)[A-Za-z0-9_-]+(\.fifo)?$/;

const queueSchema = z.strictObject({
  name: matching(
    queue,
    "the name of a queue of the account, or its URL such as https://sqs.eu-central-1.amazonaws.com/111122223333/orders",
  )
    .optional()
    .describe("SQS queue whose messages the pods work on, by name or by URL."),
  resource: shortName("the name of a queue of platform:resources")
    .optional()
    .describe("Queue of `resources` whose messages the pods work on, instead of `name`."),
  messagesPerPod: whole(1, 1_000_000).describe(
    "Messages for each pod, waiting or in work, that KEDA aims at.",
  ),
});

/** Beyond CPU and memory: a service with any of it is scaled by KEDA (infra/addons/keda.ts). */
const scaleSchema = z.strictObject({
  requestsPerSecond: whole(1, 100_000)
    .optional()
    .describe(
      "Requests a second for each pod that KEDA aims at, as the load balancer counts them.",
    ),
  queue: queueSchema.optional(),
});

const maxSurge = "a number of pods from 1 to 1000, or a share from 1% to 100%";

const serviceSchema = z.strictObject({
  ...containerShape,
  ...companionShape,
  ...rightsShape,
  route: routeSchema
    .optional()
    .describe("Puts the service behind the load balancer. Without it only `calls` reach it."),
  worker: flag().default(false).describe("The service has no port: nobody calls it."),
  port: whole(1, 65_535).optional().describe("Port that the process listens on. Default: 8080."),
  protocol: oneOf(["http", "http2", "grpc", "tcp"])
    .default("http")
    .describe("What it speaks on its port; `tcp` cannot have a route."),
  health: healthSetting,
  drain: oneOf(["sleep", "own"])
    .default("sleep")
    .describe(
      "How a stopping pod keeps serving: Kubernetes waits before it stops the process, or the process does so by itself with the platform's variables (service/src/config.ts).",
    ),
  release: releaseJobSchema.optional(),
  minReplicas: whole(0, 1000)
    .default(2)
    .describe(
      "Fewest pods; at least 2 behind the load balancer. A worker with `scale.queue` may have 0.",
    ),
  maxReplicas: whole(1, 1000).default(4).describe("Most pods."),
  maxSurge: z
    .union([whole(1, 1000), matching(/^([1-9]\d?|100)%$/, maxSurge)], maxSurge)
    .optional()
    .describe(
      "Pods that a rollout adds before it takes old ones away: a number, or a share of the pods such as 50%. Default: as many as the nodes have room for when every service has `maxReplicas`, at least 1.",
    ),
  targetCpuPercent: whole(10, 95)
    .default(60)
    .describe("CPU use that the HorizontalPodAutoscaler aims at, in percent of the request."),
  targetMemoryPercent: whole(10, 95)
    .optional()
    .describe("Memory use that it also aims at, in percent of the request."),
  scale: scaleSchema.optional(),
  drainSeconds: whole(5, 900)
    .default(30)
    .describe(
      "Longest time that a stopping pod keeps serving, in seconds. Every timeout of a rollout derives from it.",
    ),
  requestTimeoutSeconds: whole(1, 3595)
    .default(30)
    .describe("Longest time for one request, in seconds."),
  /** The firewall sees the first 8 KiB of a body: what a service takes beyond them is not looked at. */
  maxBodyKiB: whole(1, 10_240)
    .default(8)
    .describe("Largest request body in KiB, for the service and the firewall."),
  nodeHeapPercent: whole(10, 90)
    .optional()
    .describe("Only for Node.js: the heap in percent of the memory, as NODE_OPTIONS."),
  logLevel: oneOf(["fatal", "error", "warn", "info", "debug", "trace"])
    .optional()
    .describe("Lowest level that the service logs, with `drain: own`. Default: info."),
  faultInjection: flag()
    .default(false)
    .describe("The service has the routes below /fault, for trials, with `drain: own`."),
});

/** What Kubernetes takes: a word, or five fields, which cron.ts looks into. */
const cron =
  /^(@(yearly|annually|monthly|weekly|daily|midnight|hourly|every (\d+[hms])+)|[\w*,/?-]+( +[\w*,/?-]+){4})$/;

const jobSchema = z.strictObject({
  ...containerShape,
  ...companionShape,
  ...rightsShape,
  schedule: matching(cron, "a cron schedule of five fields such as 0 3 * * *, or @daily")
    .optional()
    .describe("When the job runs. Default: only by hand."),
  timeZone: timeZone().default("Etc/UTC").describe("Time zone of the schedule."),
  concurrency: oneOf(["forbid", "replace", "allow"])
    .default("forbid")
    .describe("What happens when the job is due and still runs."),
  deadlineSeconds: whole(1, 604_800)
    .default(3600)
    .describe("Longest time for one run, its retries included, in seconds."),
  retries: whole(0, 10).default(2).describe("How often a failed pod is tried again."),
  keepRuns: whole(1, 20)
    .default(3)
    .describe("Finished runs that stay to be looked at, of each outcome."),
});

export const servicesSchema = z
  .record(shortName(), serviceSchema, "a map of services by name")
  .refine((services) => Object.keys(services).length > 0, "at least one service");

export const jobsSchema = z.record(shortName(), jobSchema, "a map of jobs by name").default({});

export type ServiceConfig = z.infer<typeof serviceSchema>;
export type JobConfig = z.infer<typeof jobSchema>;
export type HealthCheckConfig = z.infer<typeof healthCheckSchema>;
export type RouteConfig = NonNullable<ServiceConfig["route"]>;

/** The port of a service that names none. */
const defaultPort = 8080;

/** The port that a service's process listens on; nothing for a worker. */
export function portOf({ worker, port }: Pick<ServiceConfig, "worker" | "port">) {
  return worker ? undefined : (port ?? defaultPort);
}
