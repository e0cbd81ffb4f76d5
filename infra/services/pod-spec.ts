import type { types } from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { capacityTypeLabel } from "../cluster/node-groups.ts";
import { podSecurity } from "../cluster/pod-security.ts";
import { startedNodes } from "../cluster/started-nodes.ts";
import { portOf } from "../config/workload-schema.ts";
import type { Link } from "../resources/link.ts";
import { callVariables, portName } from "./calls.ts";
import { containerOf, type Variables, volumesOf } from "./container.ts";
import { type DrainClock, drainEnvironment } from "./drain.ts";
import { containersOf } from "./pod-size.ts";
import { checksOf, probesOf } from "./probes.ts";
import type { ServiceArgs, WorkloadArgs } from "./service-args.ts";

type PodSpec = types.input.core.v1.PodSpec;

const metricsPort = 9090;

/** What a pod needs of what was made for it. */
export interface PodParts {
  serviceAccountName: pulumi.Input<string>;
  /** By container. */
  secretProviderClasses: Record<string, pulumi.Input<string> | undefined>;
  /** On file systems, by resource. */
  claims: Record<string, pulumi.Input<string>>;
}

/**
 * What runs in each pod of a service: unprivileged users without capabilities on read-only file
 * systems, with requests, limits and probes, spread over zones, and over the hosts of managed groups.
 */
export function servicePod(
  args: ServiceArgs,
  clock: DrainClock,
  selector: Record<string, string>,
  parts: PodParts,
): PodSpec {
  const spread = (topologyKey: string, whenUnsatisfiable = "ScheduleAnyway") => ({
    topologyKey,
    whenUnsatisfiable,
    maxSkew: 1,
    labelSelector: { matchLabels: selector },
    // Old pods do not count, or a rollout could not place its last new one.
    matchLabelKeys: ["pod-template-hash"],
  });
  const port = portOf(args);
  const variables = serviceVariables(args, clock);
  const main = containerOf(args.name, args, {
    variables,
    mounts: linkMounts(args.links),
    pod: args,
  });
  const named = port === undefined ? undefined : portName(args.protocol);
  return {
    ...podBasis(args, parts),
    topologySpreadConstraints: [
      // In one group over all zones, one that is short of room must not keep pods from running in another.
      spread("topology.kubernetes.io/zone", args.nodes?.hardSpread ? "DoNotSchedule" : undefined),
      // Karpenter would start a node for each pod: it takes a soft spread for a must (karpenter issue 667).
      ...(args.nodes?.startedBy ? [] : [spread("kubernetes.io/hostname")]),
    ],
    terminationGracePeriodSeconds: clock.terminationGracePeriodSeconds,
    containers: [
      {
        ...main,
        ...(port !== undefined && {
          ports: [
            { name: named, containerPort: port },
            ...(args.drain === "own" ? [{ name: "metrics", containerPort: metricsPort }] : []),
          ],
        }),
        ...probesOf(checksOf(args.health, port), named),
        ...(args.drain === "sleep" &&
          port !== undefined && {
            lifecycle: { preStop: { sleep: { seconds: clock.preStopSeconds } } },
          }),
      },
    ],
  };
}

/**
 * The metadata of pods that run once. Karpenter, also that of EKS Auto Mode, leaves their nodes alone until
 * they end; else it would evict a job in the middle to save a node (Karpenter's page "Disruption", pod-level
 * controls).
 */
export function jobPodMetadata(labels: Record<string, string>, { nodes }: WorkloadArgs) {
  return {
    labels,
    ...(nodes?.startedBy && { annotations: { "karpenter.sh/do-not-disrupt": "true" } }),
  };
}

/** What runs once: the container of a job with its companions, or of a service with another command. */
export function jobPod(args: WorkloadArgs, parts: PodParts): PodSpec {
  const variables = {
    ...identity(args),
    ...callVariables(args.calls),
    ...linkVariables(args.links),
    ...args.insights?.agent.environment,
  };
  const main = containerOf(args.name, args, {
    variables,
    mounts: linkMounts(args.links),
    pod: args,
  });
  return {
    ...podBasis(args, parts),
    restartPolicy: "Never",
    containers: [{ ...main, terminationMessagePolicy: "FallbackToLogsOnError" }],
  };
}

/** The file systems of its links, where they are mounted. */
const linkMounts = (links: Link[]) =>
  links.flatMap(({ resource, volume }) =>
    volume
      ? [{ name: claimVolume(resource), mountPath: volume.path, readOnly: volume.readOnly }]
      : [],
  );

/** Not the name of a volume of a container's, which ends in another word. */
const claimVolume = (resource: string) => `${resource}-claim`;

/** What all pods have, whatever runs in them. */
function podBasis(args: WorkloadArgs, parts: PodParts): Omit<PodSpec, "containers"> {
  const { user, group = user, sidecars, before } = args;
  const containers = containersOf(args.name, args);
  const volumes = [
    ...containers.flatMap(({ name, container }) =>
      volumesOf(name, container, parts.secretProviderClasses[name]),
    ),
    ...Object.entries(parts.claims).map(([resource, claimName]) => ({
      name: claimVolume(resource),
      persistentVolumeClaim: { claimName },
    })),
  ];
  const initial = [
    ...Object.entries(sidecars).map(([name, sidecar]) => ({
      ...containerOf(name, sidecar, { pod: args }),
      ...probesOf(checksOf(sidecar.health, undefined)),
      // Kubernetes starts it before all others, keeps it running and ends it after them.
      restartPolicy: "Always",
    })),
    ...Object.entries(before).map(([name, one]) => containerOf(name, one, { pod: args })),
  ];
  const writes = containers.some(({ container }) => Object.keys(container.writable).length > 0);
  return {
    serviceAccountName: parts.serviceAccountName,
    ...(args.owner && { priorityClassName: args.owner.name }),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    nodeSelector: {
      "kubernetes.io/os": "linux",
      "kubernetes.io/arch": args.architecture,
      // In EKS Auto Mode there are no other nodes.
      ...(args.nodes?.startedBy === "Karpenter" && startedNodes),
      ...(args.onDemandOnly && onDemandNodes(args)),
    },
    ...(args.nodes?.spotFirst && !args.onDemandOnly && { affinity: spotFirst }),
    securityContext: {
      ...podSecurity,
      runAsUser: user,
      runAsGroup: group,
      ...(writes && { fsGroup: group }),
      ...lowPorts(args),
    },
    ...(initial.length > 0 && { initContainers: initial }),
    ...(volumes.length > 0 && { volumes }),
  };
}

/** EKS labels the nodes of its groups, Karpenter those that it starts. */
const onDemandNodes = ({ nodes }: WorkloadArgs): Record<string, string> =>
  nodes?.startedBy
    ? { "karpenter.sh/capacity-type": "on-demand" }
    : { [capacityTypeLabel]: "ON_DEMAND" };

/** Room on on-demand nodes stays for the pods that need it. */
const spotFirst = {
  nodeAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [
      {
        weight: 100,
        preference: {
          matchExpressions: [{ key: capacityTypeLabel, operator: "In", values: ["SPOT"] }],
        },
      },
    ],
  },
};

/** Below 1024 a user without capabilities may listen only where the pod says so; it is a safe sysctl. */
function lowPorts(args: WorkloadArgs & Partial<Pick<ServiceArgs, "worker" | "port">>) {
  const { worker = false, port } = args;
  return !worker && port !== undefined && port < 1024
    ? { sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }] }
    : {};
}

/** Where the resources are that it uses. */
function linkVariables(links: Link[]): Variables {
  return Object.assign({}, ...links.map(({ variables }) => variables));
}

/** Who a process is, as Kubernetes and the platform know it. */
function identity(args: Pick<WorkloadArgs, "name" | "image">): Variables {
  return {
    SERVICE_NAME: args.name,
    IMAGE_DIGEST: pulumi.output(args.image).apply((image) => image.split("@")[1] ?? ""),
  };
}

const fields: Variables = {
  POD_NAME: { fieldPath: "metadata.name" },
  NODE_NAME: { fieldPath: "spec.nodeName" },
  ZONE: { fieldPath: "metadata.labels['topology.kubernetes.io/zone']" },
};

/** With `drain: own` all that service/src/config.ts reads; else who it is, its port and its callees. */
function serviceVariables(args: ServiceArgs, clock: DrainClock): Variables {
  const port = portOf(args);
  const { SERVICE_NAME = "", IMAGE_DIGEST = "" } = identity(args);
  const own = args.drain === "own";
  return {
    ...(own && drainEnvironment(clock)),
    ...(port !== undefined && { PORT: String(port) }),
    ...(own && {
      METRICS_PORT: String(metricsPort),
      MAX_BODY_BYTES: String(args.maxBodyKiB * 1024),
      LOG_LEVEL: args.logLevel ?? "info",
    }),
    SERVICE_NAME,
    ...(own && { FAULT_INJECTION: String(args.faultInjection), TRUSTED_PROXY_HOPS: "1" }),
    IMAGE_DIGEST,
    // The rest of the limit is for buffers, code and stacks, which the heap does not hold.
    ...(args.nodeHeapPercent !== undefined && {
      NODE_OPTIONS: `--max-old-space-size=${Math.floor((args.memoryMiB * args.nodeHeapPercent) / 100)}`,
    }),
    ...callVariables(args.calls),
    ...linkVariables(args.links),
    ...args.insights?.agent.environment,
    ...fields,
  };
}
