import { contains, instanceMetadata } from "../network/cidr.ts";
import { balancerCheck } from "../services/balancer-check.ts";
import { needsKeda } from "../services/keda-needs.ts";
import { checksOf } from "../services/probes.ts";
import { cronProblem } from "./cron.ts";
import { imagePlaces } from "./image-names.ts";
import { nearest, ownerOf } from "./known-names.ts";
import type { Settings } from "./schema.ts";
import {
  type ContainerPlace,
  own,
  perContainer,
  perService,
  rule,
  workloadsOf,
} from "./setting-rule.ts";
import { secretName } from "./values.ts";
import { type HealthCheckConfig, portOf, type ServiceConfig } from "./workload-schema.ts";

/** Whether a name is that of something which the program makes for another service or job. */
const belongsTo = (name: string, other: string) =>
  [`${other}-release`, `${other}-called`].includes(name) || name.startsWith(`${other}-calls-`);

/** The metrics of a service with `drain: own`, service/src/config.ts. */
const metricsPort = 9090;

/** Node.js with a heap of 65 % does not start in less. */
const nodeMemoryMiB = 128;

/** What a service, a job and their containers are, each by itself and among the others. */
export const workloadRules = [
  rule(["services", "jobs"], (settings) => {
    const workloads = workloadsOf(settings);
    const names = imagePlaces(settings);
    return [
      ...workloads.flatMap(([at]) => {
        const owner = ownerOf(at.split(".")[1] ?? "");
        return owner ? [`${at}: is not allowed: the namespace is ${owner}'s`] : [];
      }),
      ...Object.keys(settings.jobs)
        .filter((name) => own(settings.services, name))
        .map((name) => `jobs.${name}: is the name of a service too; allowed: another name`),
      ...workloads.flatMap(([at]) =>
        workloads
          .filter(([other]) => belongsTo(at.split(".")[1] ?? "", other.split(".")[1] ?? ""))
          .map(
            ([other]) => `${at}: is how what belongs to ${other} is named; allowed: another name`,
          ),
      ),
      ...names
        .filter(({ name }, at) => names.findIndex((other) => other.name === name) < at)
        // Told above, and below.
        .filter(({ name, at }) => at !== `jobs.${name}` || !own(settings.services, name))
        .filter(({ at }) => {
          const sidecar = at.replace(".before.", ".sidecars.");
          return sidecar === at || !names.some((other) => other.at === sidecar);
        })
        .map(
          ({ name, at }) =>
            `${at}: its image would be named ${name}, as another one; allowed: another name`,
        ),
    ];
  }),
  rule(["services", "jobs"], (settings) =>
    workloadsOf(settings).flatMap(([at, { sidecars, before }]) =>
      Object.keys(before)
        .filter((name) => own(sidecars, name))
        .concat([at.split(".")[1] ?? ""].filter((name) => own({ ...sidecars, ...before }, name)))
        .map((name) => `${at}: has two containers of the name ${name}; allowed: one`),
    ),
  ),
  rule(["services", "jobs"], (settings) =>
    workloadsOf(settings).flatMap(([at, workload]) => callProblems(at, workload, settings)),
  ),
  rule(["services", "jobs"], (settings) =>
    workloadsOf(settings).flatMap(([at, { policyArns, egress }]) => [
      policyArns.length > 0 &&
        !egress.some(({ port }) => port === 443) &&
        `${at}.policyArns: needs an egress rule for port 443, on which AWS answers`,
      // What would be left of it is nothing, and Kubernetes refuses such a rule only during `up`.
      egress.some(({ cidrBlock }) => contains(instanceMetadata, cidrBlock)) &&
        `${at}.egress: ${instanceMetadata} is the instance metadata, which no pod may reach`,
    ]),
  ),
  perService([], (at, service) => [
    service.minReplicas > service.maxReplicas &&
      `${at}.minReplicas: ${service.minReplicas} is above ${at}.maxReplicas ${service.maxReplicas}`,
    typeof service.maxSurge === "number" &&
      service.maxSurge > service.maxReplicas &&
      `${at}.maxSurge: ${service.maxSurge} is above ${at}.maxReplicas ${service.maxReplicas}`,
    checkProblem(`${at}.route.healthCheck`, service.route?.healthCheck),
    service.route !== undefined &&
      service.minReplicas < 2 &&
      `${at}.minReplicas: ${service.minReplicas} is not allowed behind the load balancer: at least 2, or each disruption is an outage`,
    service.nodeHeapPercent !== undefined &&
      service.memoryMiB < nodeMemoryMiB &&
      `${at}.memoryMiB: ${service.memoryMiB} is too little for Node.js with ${at}.nodeHeapPercent; allowed: at least ${nodeMemoryMiB}`,
    ...scaleProblems(at, service),
    ...workerProblems(at, service),
    ...portProblems(at, service),
    service.drain !== "own" &&
      service.logLevel !== undefined &&
      `${at}.logLevel: ${service.logLevel} needs ${at}.drain own: another process does not read it; allowed: a variable in ${at}.environment`,
    service.drain !== "own" &&
      service.faultInjection &&
      `${at}.faultInjection: true needs ${at}.drain own: another process has no such routes`,
  ]),
  perContainer(["nodes"], ({ at, container }, { nodes }) => [
    container.cpuMillicores > container.cpuLimitMillicores &&
      `${at}.cpuMillicores: ${container.cpuMillicores} is above ${at}.cpuLimitMillicores ${container.cpuLimitMillicores}`,
    container.architecture !== undefined &&
      container.architecture !== nodes.architecture &&
      `${at}.architecture: ${container.architecture} does not run on nodes.architecture ${nodes.architecture}`,
    ...Object.keys(container.environment)
      .filter((name) => own(container.secrets, name))
      .map((name) => `${at}.environment.${name}: is in ${at}.secrets too; allowed: one of them`),
    ...Object.keys(container.writable)
      .filter((path) => /^\/(run|var\/run)\/secrets(\/|$)/.test(path))
      .map((path) => `${at}.writable: ${path} has the secrets of the pod; allowed: another folder`),
    ...Object.keys(container.writable)
      .filter((path) => /^\/proc(\/|$)/.test(path))
      .map((path) => `${at}.writable: ${path} is the kernel's; allowed: another folder`),
  ]),
  perContainer([], (place) => [...variableProblems(place), ...healthProblems(place)]),
  perContainer(["environment"], ({ at, container }, { environment }) =>
    Object.keys(container.environment)
      .filter((name) => environment === "production" && secretName.test(name))
      .map(
        (name) =>
          `${at}.environment.${name}: is not allowed in production: its name says that it is secret; allowed: ${at}.secrets.${name}`,
      ),
  ),
  rule(["jobs"], ({ jobs }) =>
    Object.entries(jobs).flatMap(([name, { schedule, timeZone }]) => [
      scheduleProblem(`jobs.${name}.schedule`, schedule),
      !isTimeZone(timeZone) &&
        `jobs.${name}.timeZone: ${timeZone} is not known; allowed: a time zone of the IANA database such as Europe/Berlin`,
    ]),
  ),
];

function callProblems(
  at: string,
  { calls }: Pick<ServiceConfig, "calls">,
  { services }: Pick<Settings, "services">,
): (string | false)[] {
  const self = at.startsWith("services.") ? at.split(".")[1] : undefined;
  return calls.flatMap((callee, index) => {
    const service = own(services, callee);
    if (!service) {
      const known = nearest(callee, Object.keys(services));
      return [`${at}.calls: ${callee} is no service; allowed: a service such as ${known}`];
    }
    return [
      callee === self && `${at}.calls: ${callee} is the service itself; allowed: other services`,
      calls.indexOf(callee) < index && `${at}.calls: ${callee} is named twice`,
      service.worker && `${at}.calls: ${callee} is a worker, which has no port to be called at`,
    ];
  });
}

/** To nothing only by a source that sees work while no pod runs, and of what nobody calls. */
function scaleProblems(at: string, service: ServiceConfig): (string | false)[] {
  const { scale, route, worker, minReplicas } = service;
  return [
    minReplicas === 0 &&
      route === undefined &&
      !(worker && scale?.queue) &&
      `${at}.minReplicas: 0 is not allowed: only a worker with ${at}.scale.queue may have no pod; allowed: at least 1`,
    scale !== undefined &&
      !needsKeda(service) &&
      `${at}.scale: names nothing to scale by; allowed: requestsPerSecond, queue, or no ${at}.scale`,
    scale?.requestsPerSecond !== undefined &&
      route === undefined &&
      `${at}.scale.requestsPerSecond: ${scale.requestsPerSecond} needs ${at}.route: the load balancer counts the requests`,
  ];
}

function workerProblems(at: string, service: ServiceConfig): (string | false)[] {
  if (!service.worker) return [];
  return [
    service.route !== undefined &&
      `${at}.route: a worker has no port; allowed: no route, or ${at}.worker false`,
    service.port !== undefined &&
      `${at}.port: ${service.port} is not allowed: a worker has no port`,
    service.protocol !== "http" &&
      `${at}.protocol: ${service.protocol} is not allowed: a worker has no port`,
  ];
}

function portProblems(at: string, service: ServiceConfig): (string | false)[] {
  const port = portOf(service);
  return [
    service.route !== undefined &&
      service.protocol === "tcp" &&
      `${at}.protocol: tcp is not allowed with ${at}.route: the load balancer speaks http, http2 and grpc`,
    service.drain === "own" &&
      port === metricsPort &&
      `${at}.port: ${port} is the port of the metrics of a service with ${at}.drain own`,
  ];
}

/** AWS: "Health check interval must be greater than the timeout" (ValidationError). */
function checkProblem(at: string, healthCheck: HealthCheckConfig | undefined): string | false {
  const { intervalSeconds, timeoutSeconds } = balancerCheck(healthCheck);
  return (
    timeoutSeconds >= intervalSeconds &&
    `${at}.timeoutSeconds: ${timeoutSeconds} is not below ${at}.intervalSeconds ${intervalSeconds}; allowed: 2 to ${intervalSeconds - 1}`
  );
}

/** Variables by which a service with `drain: own` is told a setting (service/src/config.ts). */
const ownVariables: [names: RegExp, setting: string][] = [
  [/^(DRAIN_(MIN|QUIET|MAX)|CLOSE_TIMEOUT|KEEP_ALIVE)_SECONDS$/, "drainSeconds"],
  [/^REQUEST_TIMEOUT_SECONDS$/, "requestTimeoutSeconds"],
  [/^MAX_BODY_BYTES$/, "maxBodyKiB"],
  [/^METRICS_PORT$/, "drain"],
  [/^LOG_LEVEL$/, "logLevel"],
  [/^FAULT_INJECTION$/, "faultInjection"],
];

/** Names that the platform gives a value; what is meant by them is a setting. */
function variableProblems({ at, container, service }: ContainerPlace): (string | false)[] {
  if (!service) return [];
  const settingOf = (name: string): string | undefined => {
    if (name === "PORT" && !service.worker) return "port";
    if (name === "NODE_OPTIONS" && service.nodeHeapPercent !== undefined) return "nodeHeapPercent";
    if (service.drain !== "own") return undefined;
    return ownVariables.find(([names]) => names.test(name))?.[1];
  };
  return (["environment", "secrets"] as const).flatMap((group) =>
    Object.keys(container[group]).map((name) => {
      const setting = settingOf(name);
      return (
        setting !== undefined &&
        `${at}.${group}.${name}: follows from ${at}.${setting}; allowed: there`
      );
    }),
  );
}

/** A path is asked at a port, and what has a port is asked. */
function healthProblems({ at, service, sidecar }: ContainerPlace): (string | false)[] {
  const health = service ? service.health : sidecar?.health;
  const port = service && portOf(service);
  const { ready, live, start } = checksOf(health, port);
  // Without any word of its own, a start is asked for as readiness is.
  const checks =
    typeof health === "string"
      ? { health: ready }
      : {
          "health.ready": ready,
          "health.live": live,
          "health.start": health?.start ? start : undefined,
        };
  return [
    health === "none" &&
      port !== undefined &&
      `${at}.health: none is not allowed with a port: no rollout could be judged; allowed: a path, or ${at}.worker true`,
    ...Object.entries(checks).map(
      ([key, check]) =>
        check?.path !== undefined &&
        check.port === undefined &&
        port === undefined &&
        `${at}.${key}: ${check.path} needs a port; allowed: { path: ${check.path}, port: 8080 }, tcp or a command`,
    ),
  ];
}

function scheduleProblem(at: string, schedule: string | undefined): string | false {
  const problem = schedule === undefined ? undefined : cronProblem(schedule);
  return problem !== undefined && `${at}: ${schedule} ${problem}`;
}

/** Names that Node.js knows and the database that Kubernetes reads does not: ICU's of old. */
const oldZones = /^(SystemV\/.*|(?!CET|EET|EST|GMT|HST|MET|MST|PRC|ROC|ROK|UCT|UTC|WET)[A-Z]{3})$/;

/** Kubernetes tells capitals from small letters, Node.js does not. */
export function isTimeZone(name: string): boolean {
  try {
    const { timeZone } = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions();
    const same = timeZone.toLowerCase() === name.toLowerCase();
    return !oldZones.test(name) && (!same || timeZone === name);
  } catch {
    return false;
  }
}
