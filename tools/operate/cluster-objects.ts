import type {
  CoreV1Event,
  V1Condition,
  V1ContainerStatus,
  V1ObjectMeta,
  V1Pod,
} from "@kubernetes/client-node";

/** `<namespace>/<name>`, or the name alone where there is no namespace. */
export const nameOf = ({ metadata }: { metadata?: V1ObjectMeta }) =>
  [metadata?.namespace, metadata?.name].filter(Boolean).join("/");

/** The time of an event: of its last repetition. */
export const timeOf = (event: CoreV1Event): number =>
  new Date(
    event.series?.lastObservedTime ??
      event.lastTimestamp ??
      event.eventTime ??
      event.metadata?.creationTimestamp ??
      0,
  ).getTime();

type Conditioned = {
  status?: { conditions?: (Pick<V1Condition, "type" | "status"> & Partial<V1Condition>)[] };
};

export const conditionOf = ({ status }: Conditioned, type: string) =>
  status?.conditions?.find((one) => one.type === type);

/** Whether a pod or a node is ready. */
export const isReady = (one: Conditioned) => conditionOf(one, "Ready")?.status === "True";

/** The containers of a pod that started or should have, init containers first. */
export const containersOf = ({ status }: V1Pod): V1ContainerStatus[] => [
  ...(status?.initContainerStatuses ?? []),
  ...(status?.containerStatuses ?? []),
];
