import { setTimeout as pause } from "node:timers/promises";
import {
  PatchStrategy,
  setHeaderOptions,
  type V1ContainerStatus,
  type V1EphemeralContainer,
  type V1Pod,
} from "@kubernetes/client-node";
import { containerSecurity, podSecurity } from "../../../infra/cluster/pod-security.ts";
import { debugRole } from "../../../infra/services/debugging.ts";
import { NoAnswer } from "../cluster-access.ts";
import type { KubernetesApis } from "../kubernetes-apis.ts";
import { podNameOf, refused } from "./chosen-container.ts";

/** Seconds that it waits to be entered. It ends then, or with its pod: Kubernetes removes none. */
export const debugSeconds = 4 * 3600;
/** Seconds for a node to fetch the image and start it. */
const patienceSeconds = 120;
const pollSeconds = 1;

/**
 * The digest of the image that debugs in a namespace: the stack keeps it in its own registry.
 *
 * @throws {NoAnswer} if the stack that is deployed has none, or it may not be read
 */
export async function debugImage({ rbac }: KubernetesApis, namespace: string): Promise<string> {
  const { name, image } = debugRole;
  const needs = `Kubernetes: get the Role ${name} in ${namespace}`;
  const role = await rbac
    .readNamespacedRole({ namespace, name })
    .catch((error: { code?: number }) => (error.code === 404 ? undefined : refused(needs)(error)));
  const found = role?.metadata?.annotations?.[image];
  if (found) return found;
  throw new NoAnswer(
    `The namespace ${namespace} has no debug image yet: run npm run up, which brings it with cluster.debug`,
  );
}

/**
 * An ephemeral container that sees the processes of a container, as its user: the files are in
 * /proc/1/root. It is restricted as the pods are; it adds no requests, which Kubernetes forbids.
 */
export function debugContainer(
  pod: V1Pod,
  target: string,
  image: string,
  name: string,
): V1EphemeralContainer {
  const { securityContext } =
    [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].find(
      (one) => one.name === target,
    ) ?? {};
  const { runAsUser, runAsGroup } = { ...pod.spec?.securityContext, ...securityContext };
  return {
    name,
    image,
    imagePullPolicy: "IfNotPresent",
    targetContainerName: target,
    // The end of a session does not end it, so that a command finds its output's end and its exit code.
    command: ["sleep", String(debugSeconds)],
    securityContext: {
      ...podSecurity,
      ...containerSecurity,
      ...(runAsUser !== undefined && { runAsUser }),
      ...(runAsGroup !== undefined && { runAsGroup }),
    },
  };
}

/**
 * The name of a debug container that runs beside the target: one that is there with the image, or a new one.
 *
 * @throws {NoAnswer} if the API server refuses it, or it does not start
 */
export async function startedDebugContainer(
  apis: KubernetesApis,
  pod: V1Pod,
  target: string,
  image: string,
): Promise<string> {
  const there = pod.spec?.ephemeralContainers?.find(
    (one) =>
      one.targetContainerName === target &&
      one.image === image &&
      stateOf(pod, one.name)?.running !== undefined,
  );
  if (there) return there.name;
  const name = `debug-${Math.random().toString(36).slice(2, 7).padEnd(5, "0")}`;
  const at = { namespace: pod.metadata?.namespace ?? "", name: podNameOf(pod) };
  await apis.core.patchNamespacedPodEphemeralcontainers(
    { ...at, body: { spec: { ephemeralContainers: [debugContainer(pod, target, image, name)] } } },
    setHeaderOptions("Content-Type", PatchStrategy.StrategicMergePatch),
  );
  for (let seconds = 0; seconds < patienceSeconds; seconds += pollSeconds) {
    const now = await apis.core.readNamespacedPod(at).catch(refused(`Kubernetes: get pods`));
    const { running, waiting, terminated } = stateOf(now, name) ?? {};
    if (running) return name;
    const failed = terminated?.reason ?? (starting(waiting?.reason) ? undefined : waiting?.reason);
    if (failed) {
      const words = terminated?.message ?? waiting?.message ?? "";
      throw new NoAnswer(`The debug container ${name} does not start: ${failed} ${words}`.trim());
    }
    await pause(pollSeconds * 1000);
  }
  throw new NoAnswer(`The debug container ${name} has not started within ${patienceSeconds} s`);
}

const starting = (reason: string | undefined) =>
  reason === undefined || ["ContainerCreating", "PodInitializing"].includes(reason);

const stateOf = ({ status }: V1Pod, name: string): V1ContainerStatus["state"] =>
  status?.ephemeralContainerStatuses?.find((one) => one.name === name)?.state;
