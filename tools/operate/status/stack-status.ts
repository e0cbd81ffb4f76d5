import type { Cost } from "../../plan/cost/cost.ts";
import { isNewer } from "../addon-versions.ts";
import { addonNames, nodeGroupNames } from "../aws-lists.ts";
import type { KubernetesApis } from "../kubernetes-apis.ts";
import type { OperatedStack } from "../operated-stack.ts";
import { mapped, type Reading, Readings, readValue } from "../readings.ts";
import type { AwsClients, StatusAction } from "./aws-clients.ts";
import {
  type Balancer,
  certificateOf,
  findBalancer,
  type ServedCertificate,
  servedCertificates,
  type Targets,
  targetsOf,
} from "./balancer-status.ts";
import {
  type AddonStatus,
  addonStatus,
  type ControlPlane,
  controlPlane,
  defaultVersion,
  type NodeGroupStatus,
  type NodeStatus,
  nodeGroup,
  nodes,
  type Support,
  supportOf,
} from "./cluster-status.ts";
import { type MonthCost, plannedUntil } from "./month-cost.ts";
import { type RingingAlarm, ringingAlarms, type Traffic, trafficOfLastHour } from "./promises.ts";
import { type JobRuns, jobRuns, type ServicePods, servicePods } from "./workload-status.ts";

/** Where a status is read. */
export interface StatusSources {
  aws: AwsClients;
  kubernetes: KubernetesApis;
  now(): Date;
}

export interface StackStatus {
  stack: string;
  clusterName: string;
  region: string;
  at: Date;
  /** Whether all parts could be read. */
  complete: boolean;
  /** Whether it sleeps by nodes.schedule: it has no nodes, and no pods, on purpose. */
  asleep: boolean;
  /** Undefined where one service is asked for. */
  cluster?: ClusterStatus;
  services: ServiceStatus[];
  jobs: JobStatus[];
  /** Undefined where the stack has none. */
  alarms?: Reading<RingingAlarm[]>;
}

export interface ClusterStatus {
  controlPlane: Reading<ControlPlane>;
  support: Reading<Support>;
  nodeGroups: Reading<Reading<NodeGroupStatus>[]>;
  nodes: Reading<NodeStatus[]>;
  addons: Reading<Reading<AddonStatus>[]>;
  certificates: Reading<Reading<ServedCertificate>[]>;
  /** Undefined unless it is asked for. */
  costOfMonth?: Reading<MonthCost>;
}

export interface ServiceStatus {
  name: string;
  pods: Reading<ServicePods>;
  /** Undefined without a record of what runs. */
  release?: { commit?: string; by: string; at: string };
  /** Undefined without a route. */
  targets?: Reading<Targets>;
  /** Undefined where nobody counts the requests. */
  traffic?: Reading<Traffic>;
}

export interface JobStatus {
  name: string;
  runs: Reading<JobRuns>;
}

/** Says which service or job is asked for. */
export interface StatusQuestion {
  name?: string;
  /** Given where the month's cost is asked for too. */
  cost?: CostQuestion;
}

export interface CostQuestion {
  /** What the plan says of the stack. */
  plan: Pick<Cost, "monthly" | "region">;
  spent(): Promise<number | undefined>;
}

/** Reads the status. `unknown`: AWS or the cluster did not answer a part, or refused the pods or jobs. */
export async function stackStatus(
  stack: OperatedStack,
  sources: StatusSources,
  { name, cost }: StatusQuestion,
): Promise<{ status: StackStatus; unknown: boolean }> {
  const { services, jobs } = stack.config.services;
  const readings = new Readings();
  const groups =
    stack.config.cluster.nodes.schedule && (await nodeGroupsOf(stack, sources, readings));
  const asleep = groups !== undefined && allAsleep(groups);
  const now = sources.now();
  const asked = (names: object) => Object.keys(names).filter((one) => !name || one === name);
  const balancer = await aws(readings, "tag:GetResources", () => findBalancer(sources.aws, stack));
  const traffic = aws(readings, "cloudwatch:GetMetricData", () =>
    trafficOfLastHour(sources.aws, stack, readValue(balancer), asked(services), now),
  );
  const [served, ran, alarms, cluster] = await Promise.all([
    Promise.all(
      asked(services).map((one) =>
        serviceStatus(one, { stack, sources, readings, now, balancer, traffic }),
      ),
    ),
    Promise.all(
      asked(jobs).map(async (one) => ({
        name: one,
        runs: await readings.of(`Kubernetes: list cronjobs and jobs in ${one}`, () =>
          jobRuns(sources.kubernetes, one, readings),
        ),
      })),
    ),
    stack.config.observability.alarms.enabled
      ? aws(readings, "cloudwatch:DescribeAlarms", () => ringingAlarms(sources.aws, stack))
      : undefined,
    name
      ? undefined
      : clusterStatus({ stack, sources, readings, now, balancer, ...(cost && { cost }) }),
  ]);
  const { clusterName, region } = stack;
  const status: StackStatus = {
    ...{ stack: stack.stack, clusterName, region, at: now, complete: readings.complete, asleep },
    ...(cluster && { cluster }),
    services: served,
    jobs: ran,
    ...(alarms && {
      alarms: mapped(alarms, (all) =>
        all.filter((alarm) => !name || alarm.name.startsWith(`${name}/`)),
      ),
    }),
  };
  const refused = [...served.map(({ pods }) => pods), ...ran.map(({ runs }) => runs)].some(
    (one) => "notReadable" in one,
  );
  return { status, unknown: readings.silent || refused };
}

/** Reads what needs an IAM action. */
const aws = <Value>(readings: Readings, action: StatusAction, ask: () => Promise<Value>) =>
  readings.of(action, ask);

interface Asked {
  stack: OperatedStack;
  sources: StatusSources;
  readings: Readings;
  now: Date;
  balancer: Reading<Balancer>;
}

async function serviceStatus(
  name: string,
  {
    stack: { config },
    sources,
    readings,
    now,
    balancer,
    traffic,
  }: Asked & { traffic: Promise<Reading<Record<string, Traffic>>> },
): Promise<ServiceStatus> {
  const { route, drain } = config.services.services[name] ?? {};
  const targetGroup = readValue(balancer)?.targetGroups[name];
  const [pods, targets, measured] = await Promise.all([
    readings.of(`Kubernetes: list deployments and pods in ${name}`, () =>
      servicePods(sources.kubernetes, name, readings, now),
    ),
    targetGroup
      ? aws(readings, "elasticloadbalancing:DescribeTargetHealth", () =>
          targetsOf(sources.aws, targetGroup),
        )
      : mapped(balancer, () => ({ healthy: 0, registered: 0, notHealthy: [] })),
    traffic,
  ]);
  const release = releaseOf(name, config.release, readValue(pods)?.runs ?? []);
  // The load balancer counts the requests of a service that does not.
  const requests: Reading<Record<string, Traffic>> =
    drain !== "own" && "notReadable" in balancer ? balancer : measured;
  const of = readValue(requests)?.[name];
  return {
    name,
    pods,
    ...(release && { release }),
    ...(route && { targets }),
    ...("notReadable" in requests
      ? (route || drain === "own") && { traffic: requests }
      : of && { traffic: { value: of } }),
  };
}

/** The settings' record, if it is of the image that all pods run. */
function releaseOf(
  name: string,
  record: OperatedStack["config"]["release"],
  runs: ServicePods["runs"],
): ServiceStatus["release"] {
  const [, digest] = record?.images[name]?.split("@") ?? [];
  if (!record || !digest || runs.length !== 1 || !runs[0]?.image.endsWith(digest)) return undefined;
  const { commit, by, at } = record;
  return { ...(commit && { commit }), by, at };
}

async function clusterStatus({
  stack,
  sources,
  readings,
  now,
  balancer,
  cost,
}: Asked & Pick<StatusQuestion, "cost">): Promise<ClusterStatus> {
  const { aws: clients, kubernetes } = sources;
  const { clusterName } = stack;
  const plane = await aws(readings, "eks:DescribeCluster", () =>
    controlPlane(clients, clusterName),
  );
  const version = readValue(plane)?.version ?? stack.config.containerInsights.kubernetesVersion;
  const loadBalancer = readValue(balancer)?.loadBalancer;
  const [support, groups, found, additions, certificates, spent] = await Promise.all([
    aws(readings, "eks:DescribeClusterVersions", () => supportOf(clients, version, now)),
    nodeGroupsOf(stack, sources, readings),
    readings.of("Kubernetes: list nodes", () => nodes(kubernetes)),
    aws(readings, "eks:ListAddons", () => addonNames(clients.eks, clusterName)).then((names) =>
      all(names, (name) => addonOf(name, version, { stack, sources, readings })),
    ),
    (loadBalancer
      ? aws(readings, "elasticloadbalancing:DescribeListeners", () =>
          servedCertificates(clients, loadBalancer),
        )
      : Promise.resolve(mapped(balancer, (): string[] => []))
    ).then((arns) =>
      all(arns, (arn) =>
        aws(readings, "acm:DescribeCertificate", () => certificateOf(clients, arn)),
      ),
    ),
    cost ? aws(readings, "ce:GetCostAndUsage", () => cost.spent()) : undefined,
  ]);
  return {
    controlPlane: plane,
    support,
    nodeGroups: groups,
    nodes: found,
    addons: additions,
    certificates,
    ...(cost &&
      spent && {
        costOfMonth: mapped(spent, (usd) => ({
          ...(usd !== undefined && { spent: usd }),
          plan: plannedUntil(cost.plan, now, readValue(plane)?.since),
        })),
      }),
  };
}

async function all<Value>(
  names: Reading<string[]>,
  read: (name: string) => Promise<Reading<Value>>,
): Promise<Reading<Reading<Value>[]>> {
  return "value" in names ? { value: await Promise.all(names.value.map(read)) } : names;
}

async function nodeGroupsOf(
  { clusterName }: OperatedStack,
  { aws: clients }: StatusSources,
  readings: Readings,
): Promise<ClusterStatus["nodeGroups"]> {
  const names = await aws(readings, "eks:ListNodegroups", () =>
    nodeGroupNames(clients.eks, clusterName),
  );
  return all(names, (name) =>
    aws(readings, "eks:DescribeNodegroup", () => nodeGroup(clients, clusterName, name)),
  );
}

function allAsleep(groups: ClusterStatus["nodeGroups"]): boolean {
  const read = (readValue(groups) ?? []).map(readValue);
  return read.length > 0 && read.every((group) => group?.asleep);
}

async function addonOf(
  name: string,
  kubernetesVersion: string,
  { stack, sources, readings }: Pick<Asked, "stack" | "sources" | "readings">,
): Promise<Reading<AddonStatus>> {
  const [addon, newest] = await Promise.all([
    aws(readings, "eks:DescribeAddon", () => addonStatus(sources.aws, stack.clusterName, name)),
    aws(readings, "eks:DescribeAddonVersions", () =>
      defaultVersion(sources.aws, name, kubernetesVersion),
    ),
  ]);
  const newer = readValue(newest);
  return mapped(addon, (one) => ({
    ...one,
    ...(newer && isNewer(newer, one.version) && { newer }),
  }));
}
