import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import { PlanError } from "../../graph/plan-error.ts";
import { NoAnswer } from "../cluster-access.ts";
import { containersOf, isReady } from "../cluster-objects.ts";
import type { KubernetesApis } from "../kubernetes-apis.ts";
import { unanswered } from "../readings.ts";

/** Which pod is meant. */
export interface PodQuestion {
  /** The service or the job, and its namespace. */
  name: string;
  kind: "service" | "job";
  /** @default of a service a ready pod of its newest ReplicaSet, of a job its newest run */
  pod?: string | undefined;
}

/**
 * The pod to enter.
 *
 * @throws {NoAnswer} if the cluster refuses, or there is none
 */
export async function chosenPod(apis: KubernetesApis, question: PodQuestion): Promise<V1Pod> {
  const { name, kind, pod } = question;
  const pods = await podsOf(apis, name);
  if (pod !== undefined) {
    const named = pods.find(({ metadata }) => metadata?.name === pod);
    if (named) return named;
    throw new PlanError(`--pod: ${name} has no pod ${pod}; it has: ${listed(pods.map(podNameOf))}`);
  }
  const newest = kind === "job" ? running(pods) : await readyOfNewest(apis, name, pods);
  if (newest) return newest;
  throw new NoAnswer(
    kind === "job"
      ? `No run of ${name} is under way. Start one: kubectl create job --from=cronjob/${name} -n ${name} run-1`
      : `No pod of ${name}'s newest ReplicaSet is ready; its pods: ${listed(pods.map(told))}. --pod NAME enters one that is not`,
  );
}

async function podsOf({ core }: KubernetesApis, name: string): Promise<V1Pod[]> {
  const { items } = await core
    .listNamespacedPod({ namespace: name, labelSelector: `app.kubernetes.io/name=${name}` })
    .catch(refused(`Kubernetes: list pods in ${name}`));
  return items.filter(({ metadata }) => !metadata?.deletionTimestamp).sort(byAge);
}

/** The oldest of a Deployment's newest ReplicaSet: the one whose revision the Deployment has. */
async function readyOfNewest({ apps }: KubernetesApis, name: string, pods: V1Pod[]) {
  const of = { namespace: name, labelSelector: `app.kubernetes.io/name=${name}` };
  const [deployments, replicaSets] = await Promise.all([
    apps.listNamespacedDeployment(of),
    apps.listNamespacedReplicaSet(of),
  ]).catch(refused(`Kubernetes: list deployments and replicasets in ${name}`));
  const revision = "deployment.kubernetes.io/revision";
  const current = deployments.items[0]?.metadata?.annotations?.[revision];
  const newest = replicaSets.items.find(
    ({ metadata }) => metadata?.annotations?.[revision] === current,
  );
  return pods.find(
    (pod) =>
      isReady(pod) &&
      pod.metadata?.ownerReferences?.some(({ uid }) => uid === newest?.metadata?.uid),
  );
}

const running = (pods: V1Pod[]) => pods.findLast(({ status }) => status?.phase === "Running");

/**
 * The container of the name, which runs.
 *
 * @throws {PlanError} if the pod has none of the name
 * @throws {NoAnswer} if it does not run
 */
export function chosenContainer(pod: V1Pod, name: string): V1ContainerStatus {
  const containers = [...containersOf(pod), ...(pod.status?.ephemeralContainerStatuses ?? [])];
  const named = containers.find((one) => one.name === name);
  if (!named) {
    const known = listed(containers.map((one) => one.name));
    throw new PlanError(
      `--container: ${podNameOf(pod)} has no container ${name}; it has: ${known}`,
    );
  }
  if (named.state?.running) return named;
  const { waiting, terminated } = named.state ?? {};
  const why = waiting?.reason ?? terminated?.reason ?? "it has not begun";
  throw new NoAnswer(`The container ${name} of ${podNameOf(pod)} does not run: ${why}`);
}

export const podNameOf = ({ metadata }: V1Pod): string => metadata?.name ?? "";

/** For a `catch`. @throws {NoAnswer} always */
export const refused = (needs: string) => unanswered(needs, "The cluster does not tell: ");

const told = (pod: V1Pod) => `${podNameOf(pod)} (${isReady(pod) ? "ready" : "not ready"})`;
const listed = (names: string[]) => (names.length > 0 ? names.join(", ") : "none");
const age = ({ metadata }: V1Pod) => new Date(metadata?.creationTimestamp ?? 0).getTime();
const byAge = (one: V1Pod, other: V1Pod) => age(one) - age(other);
