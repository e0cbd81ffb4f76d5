import type {
  V1CronJob,
  V1Deployment,
  V1Job,
  V1Pod,
  V2HorizontalPodAutoscaler,
} from "@kubernetes/client-node";
import { quantityToScalar } from "@kubernetes/client-node/dist/util.js";
import { isReady } from "../cluster-objects.ts";
import type { KubernetesApis } from "../kubernetes-apis.ts";
import { type Reading, type Readings, readValue } from "../readings.ts";
import { endOf, lastEndOf, type NotReady, notReadyOf, restartsOf } from "./pod-reasons.ts";

/** What the Kubernetes API says of a service. */
export interface ServicePods {
  /** Images of its own container, with the number of pods that run them. */
  runs: { image: string; pods: number }[];
  rollout: { state: "complete" | "under way" | "stuck"; since?: Date; says?: string };
  pods: {
    desired: number;
    ready: number;
    stopping: number;
    restarts: number;
    lastEnd?: { reason: string; at?: Date };
    notReady: NotReady[];
  };
  requested: Usage;
  used: Reading<Usage>;
  scale?: { now: number; min: number; max: number; says?: string };
}

/** Of all pods together. */
export interface Usage {
  cpuMillicores: number;
  memoryMiB: number;
}

/** What the Kubernetes API says of a job. */
export interface JobRuns {
  /** Undefined of a job by hand. */
  schedule?: string;
  running: number;
  lastRun?: {
    name: string;
    began?: Date;
    seconds?: number;
    result: "succeeded" | "failed" | "running";
    says?: string;
  };
  lastSuccess?: Date;
}

const metrics = { group: "metrics.k8s.io", version: "v1beta1" };

/** @throws if the Kubernetes API refuses pods or Deployments */
export async function servicePods(
  { core, apps, autoscaling, custom }: KubernetesApis,
  name: string,
  readings: Readings,
  now: Date,
): Promise<ServicePods> {
  const of = { namespace: name };
  const selected = { ...of, labelSelector: `app.kubernetes.io/name=${name}` };
  const [deployments, pods, scalers, used] = await Promise.all([
    apps.listNamespacedDeployment(selected),
    core.listNamespacedPod(selected),
    readings.of(`Kubernetes: list horizontalpodautoscalers in ${name}`, () =>
      autoscaling.listNamespacedHorizontalPodAutoscaler(of),
    ),
    readings.of(`Kubernetes: list pods of metrics.k8s.io in ${name}`, () =>
      custom.listNamespacedCustomObject({ ...metrics, ...of, plural: "pods" }),
    ),
  ]);
  const mine = pods.items.filter(isOfDeployment);
  const living = mine.filter(({ metadata }) => !metadata?.deletionTimestamp);
  const events = living.every(isReady)
    ? undefined
    : await readings.of(`Kubernetes: list events in ${name}`, () =>
        core.listNamespacedEvent({ ...of, fieldSelector: "involvedObject.kind=Pod,type=Warning" }),
      );
  const [deployment] = deployments.items;
  return {
    runs: imagesOf(name, living),
    rollout: rolloutOf(deployment),
    pods: {
      desired: deployment?.spec?.replicas ?? 0,
      ready: living.filter(isReady).length,
      stopping: mine.length - living.length,
      restarts: restartsOf(living),
      lastEnd: lastEndOf(living),
      notReady: living.flatMap((pod) => notReadyOf(pod, readValue(events)?.items ?? [], now) ?? []),
    },
    requested: requestedOf(living),
    used: "value" in used ? usedOf(used.value, living) : used,
    scale: scaleOf(readValue(scalers)?.items[0], deployment),
  };
}

/** Not of a release job, whose pods have the service's labels too. */
const isOfDeployment = ({ metadata }: V1Pod): boolean =>
  metadata?.ownerReferences?.some(({ kind }) => kind === "ReplicaSet") ?? false;

function imagesOf(name: string, pods: V1Pod[]): ServicePods["runs"] {
  const images = pods.flatMap(
    ({ spec }) => spec?.containers.find((one) => one.name === name)?.image ?? [],
  );
  return [...new Set(images)].map((image) => ({
    image,
    pods: images.filter((one) => one === image).length,
  }));
}

/**
 * The Deployment's condition `Progressing` gets a new time when its reason changes, and scaling does not
 * change it (pkg/controller/deployment/progress.go): with NewReplicaSetAvailable, what runs came then.
 */
function rolloutOf(deployment: V1Deployment | undefined): ServicePods["rollout"] {
  const conditions = deployment?.status?.conditions ?? [];
  const progressing = conditions.find(({ type }) => type === "Progressing");
  const refused = conditions.find(
    ({ type, status }) => type === "ReplicaFailure" && status === "True",
  );
  const since = progressing?.lastUpdateTime;
  if (refused) return { state: "stuck", since, says: `${refused.reason}: ${refused.message}` };
  if (progressing?.status === "False") {
    return { state: "stuck", since, says: `${progressing.reason}: ${progressing.message}` };
  }
  const complete = progressing?.reason === "NewReplicaSetAvailable";
  return { state: complete ? "complete" : "under way", since };
}

/** Includes sidecars that are init containers; a pod's other init containers have ended. */
function requestedOf(pods: V1Pod[]): Usage {
  const requests = pods.flatMap(({ spec }) =>
    [
      ...(spec?.containers ?? []),
      ...(spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always"),
    ].map(({ resources }) => resources?.requests ?? {}),
  );
  return sumOf(requests);
}

/** The metrics server measures a pod about a minute after its start. */
function usedOf(list: { items: PodMetrics[] }, pods: V1Pod[]): Reading<Usage> {
  const names = new Set(pods.map(({ metadata }) => metadata?.name));
  const measured = list.items.filter(({ metadata }) => names.has(metadata.name));
  if (measured.length === 0) return { notReadable: "metrics.k8s.io has measured none of the pods" };
  return {
    value: sumOf(measured.flatMap(({ containers }) => containers.map(({ usage }) => usage))),
  };
}

interface PodMetrics {
  metadata: { name: string };
  containers: { usage: Record<string, string> }[];
}

function sumOf(quantities: Record<string, string>[]): Usage {
  const sum = (of: string) =>
    quantities.reduce((total, one) => total + Number(quantityToScalar(one[of] ?? "0")), 0);
  return {
    cpuMillicores: Math.round(sum("cpu") * 1000),
    memoryMiB: Math.round(sum("memory") / 2 ** 20),
  };
}

/** A scaler that cannot read its metrics says so; one that is at its ceiling too. */
function scaleOf(
  scaler: V2HorizontalPodAutoscaler | undefined,
  deployment: V1Deployment | undefined,
): ServicePods["scale"] {
  if (!scaler) return undefined;
  const { spec, status } = scaler;
  const trouble = status?.conditions?.find(
    ({ type, status: is, reason }) =>
      (type === "ScalingActive" && is === "False" && reason !== "ScalingDisabled") ||
      (type === "AbleToScale" && is === "False") ||
      (type === "ScalingLimited" && is === "True" && reason === "TooManyReplicas"),
  );
  return {
    now: deployment?.spec?.replicas ?? status?.currentReplicas ?? 0,
    min: spec?.minReplicas ?? 1,
    max: spec?.maxReplicas ?? 0,
    ...(trouble && { says: `${trouble.reason}: ${trouble.message}` }),
  };
}

/** @throws if the Kubernetes API refuses CronJobs or Jobs */
export async function jobRuns(
  { batch, core }: KubernetesApis,
  name: string,
  readings: Readings,
): Promise<JobRuns> {
  const of = { namespace: name };
  const [cronJobs, jobs] = await Promise.all([
    batch.listNamespacedCronJob(of),
    batch.listNamespacedJob(of),
  ]);
  const cronJob = cronJobs.items.find(({ metadata }) => metadata?.name === name);
  const [newest] = jobs.items
    .filter(({ metadata }) => metadata?.ownerReferences?.some((owner) => owner.name === name))
    .sort((one, other) => beganOf(other) - beganOf(one));
  const failed = newest?.status?.conditions?.some(isTrue("Failed")) ?? false;
  const pods = failed
    ? readValue(
        await readings.of(`Kubernetes: list pods in ${name}`, () =>
          core.listNamespacedPod({
            ...of,
            labelSelector: `batch.kubernetes.io/job-name=${newest?.metadata?.name}`,
          }),
        ),
      )
    : undefined;
  return {
    schedule: scheduleOf(cronJob),
    running: cronJob?.status?.active?.length ?? 0,
    ...(newest && { lastRun: runOf(newest, pods?.items ?? []) }),
    lastSuccess: cronJob?.status?.lastSuccessfulTime,
  };
}

const scheduleOf = (cronJob: V1CronJob | undefined) =>
  cronJob?.spec?.suspend
    ? undefined
    : cronJob && [cronJob.spec?.schedule, cronJob.spec?.timeZone].filter(Boolean).join(" ");

const beganOf = ({ status, metadata }: V1Job): number =>
  (status?.startTime ?? metadata?.creationTimestamp ?? new Date(0)).getTime();

const isTrue =
  (type: string) =>
  (condition: { type: string; status: string }): boolean =>
    condition.type === type && condition.status === "True";

function runOf(job: V1Job, pods: V1Pod[]): NonNullable<JobRuns["lastRun"]> {
  const { metadata, status } = job;
  const failure = status?.conditions?.find(isTrue("Failed"));
  const complete = status?.conditions?.find(isTrue("Complete"));
  const ended = status?.completionTime ?? failure?.lastTransitionTime;
  const began = status?.startTime;
  const [end] = pods
    .flatMap((pod) => pod.status?.containerStatuses ?? [])
    .flatMap(({ state }) => state?.terminated ?? [])
    .sort((one, other) => (other.finishedAt?.getTime() ?? 0) - (one.finishedAt?.getTime() ?? 0));
  return {
    name: metadata?.name ?? "",
    began,
    ...(began && ended && { seconds: (ended.getTime() - began.getTime()) / 1000 }),
    result: failure ? "failed" : complete ? "succeeded" : "running",
    ...(failure && {
      says: `${failure.reason}: ${failure.message}${end ? `; ${endOf(end)}` : ""}`,
    }),
  };
}
