import { contains, instanceMetadata } from "../network/cidr.ts";
import { checksOf } from "../services/probes.ts";
import { imagePlaces } from "./image-names.ts";
import { nearest, ownerOf } from "./known-names.ts";
import type { Settings } from "./schema.ts";
import { type ContainerPlace, perContainer, perService, rule } from "./setting-rule.ts";
import { type JobConfig, portOf, type ServiceConfig } from "./workload-schema.ts";

type Workloads = Pick<Settings, "services" | "jobs">;

/** Every service and job, by where its settings stand. */
const workloadsOf = ({ services, jobs }: Workloads): [at: string, ServiceConfig | JobConfig][] => [
  ...Object.entries(services).map(([name, one]): [string, ServiceConfig] => [
    `services.${name}`,
    one,
  ]),
  ...Object.entries(jobs).map(([name, one]): [string, JobConfig] => [`jobs.${name}`, one]),
];

/** The metrics of a service with `drain: own`, service/src/config.ts. */
const metricsPort = 9090;

/** Node.js with a heap of 65 % does not start in less. */
const nodeMemoryMiB = 128;

/** Names of variables that say that their value is secret. */
const secretName = /(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|CREDENTIAL)/i;

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
        .filter((name) => name in settings.services)
        .map((name) => `jobs.${name}: is the name of a service too; allowed: another name`),
      ...names
        .filter(({ name }, at) => names.findIndex((other) => other.name === name) < at)
        .filter(({ at }) => !/^jobs\.[^.]+$/.test(at))
        .map(
          ({ name, at }) =>
            `${at}: its image would be named ${name}, as another one; allowed: another name`,
        ),
    ];
  }),
  rule(["services", "jobs"], (settings) =>
    workloadsOf(settings).flatMap(([at, { sidecars, before }]) =>
      Object.keys(before)
        .filter((name) => name in sidecars)
        .concat([at.split(".")[1] ?? ""].filter((own) => own in sidecars || own in before))
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
    service.route !== undefined &&
      service.minReplicas < 2 &&
      `${at}.minReplicas: ${service.minReplicas} is not allowed behind the load balancer: at least 2, or each disruption is an outage`,
    service.nodeHeapPercent !== undefined &&
      service.memoryMiB < nodeMemoryMiB &&
      `${at}.memoryMiB: ${service.memoryMiB} is too little for Node.js with ${at}.nodeHeapPercent; allowed: at least ${nodeMemoryMiB}`,
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
      .filter((name) => name in container.secrets)
      .map((name) => `${at}.environment.${name}: is in ${at}.secrets too; allowed: one of them`),
    ...Object.keys(container.writable)
      .filter((path) => /^\/(run|var\/run)\/secrets(\/|$)/.test(path))
      .map((path) => `${at}.writable: ${path} has the secrets of the pod; allowed: another folder`),
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
      schedule !== undefined && scheduleProblem(`jobs.${name}.schedule`, schedule),
      !isTimeZone(timeZone) &&
        `jobs.${name}.timeZone: ${timeZone} is not known; allowed: a time zone of the IANA database such as Europe/Berlin`,
    ]),
  ),
];

function callProblems(
  at: string,
  { calls }: Pick<ServiceConfig, "calls">,
  { services }: Workloads,
): (string | false)[] {
  const own = at.startsWith("services.") ? at.split(".")[1] : undefined;
  return calls.flatMap((callee, index) => {
    const service = services[callee];
    if (!service) {
      const known = nearest(callee, Object.keys(services));
      return [`${at}.calls: ${callee} is no service; allowed: a service such as ${known}`];
    }
    return [
      callee === own && `${at}.calls: ${callee} is the service itself; allowed: other services`,
      calls.indexOf(callee) < index && `${at}.calls: ${callee} is named twice`,
      service.worker && `${at}.calls: ${callee} is a worker, which has no port to be called at`,
    ];
  });
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

/** Names that the platform gives a value; what is meant by them is a setting. */
function variableProblems({ at, container, service }: ContainerPlace): (string | false)[] {
  const names = [...Object.keys(container.environment), ...Object.keys(container.secrets)];
  const taken = (name: string): string | undefined => {
    if (!service) return undefined;
    if (name === "PORT" && !service.worker) return `${at}.port`;
    if (name === "NODE_OPTIONS" && service.nodeHeapPercent !== undefined) {
      return `${at}.nodeHeapPercent`;
    }
    return service.drain === "own" && /^(DRAIN_|CLOSE_TIMEOUT_|KEEP_ALIVE_SECONDS)/.test(name)
      ? `${at}.drainSeconds`
      : undefined;
  };
  return names.map((name) => {
    const setting = taken(name);
    return (
      setting !== undefined && `${at}.environment.${name}: follows from ${setting}; allowed: there`
    );
  });
}

/** A path is asked at a port, and what has a port is asked. */
function healthProblems({ at, service, sidecar }: ContainerPlace): (string | false)[] {
  const health = service ? service.health : sidecar?.health;
  const port = service && portOf(service);
  const { ready, live, start } = checksOf(health, port);
  return [
    health === "none" &&
      port !== undefined &&
      `${at}.health: none is not allowed with a port: no rollout could be judged; allowed: a path, or ${at}.worker true`,
    ...Object.entries({ ready, live, start }).map(
      ([kind, check]) =>
        check?.path !== undefined &&
        check.port === undefined &&
        port === undefined &&
        `${at}.health.${kind}: ${check.path} needs a port; allowed: { path: ${check.path}, port: 8080 }, tcp or a command`,
    ),
  ];
}

const fieldRanges: [name: string, least: number, most: number][] = [
  ["minute", 0, 59],
  ["hour", 0, 23],
  ["day of the month", 1, 31],
  ["month", 1, 12],
  ["day of the week", 0, 6],
];

/** What Kubernetes' parser refuses (robfig/cron, ParseStandard): a number beyond its field. */
function scheduleProblem(at: string, schedule: string): string | false {
  if (schedule.startsWith("@")) return false;
  const fields = schedule.split(" ");
  for (const [index, [name, least, most]] of fieldRanges.entries()) {
    for (const number of fields[index]?.replace(/\/\d+/g, "").match(/\d+/g) ?? []) {
      if (Number(number) < least || Number(number) > most) {
        return `${at}: ${schedule} has the ${name} ${number}; allowed: ${least} to ${most}`;
      }
    }
  }
  return false;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
