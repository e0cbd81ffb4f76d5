import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { containerSecurity, podSecurity } from "../cluster/pod-security.ts";
import { startedNodes } from "../cluster/started-nodes.ts";
import type { SpareCapacityConfig } from "../config/schema.ts";

export interface SpareCapacityArgs extends SpareCapacityConfig {
  /** Whether Karpenter starts the nodes. @default false */
  karpenter?: boolean;
}

const namespaceName = "spare-capacity";
const image =
  "registry.k8s.io/pause:3.10.1@sha256:278fb9dbcca9518083ad1e11276933a2e96f23de604a3a08cc3c80002767d24c";
/** Lower than that of pods without a class. Below -10 the autoscaler adds no node for a pod. */
const priority = -1;

/**
 * Pods of the lowest priority that run `pause` and hold capacity for other pods. Kubernetes evicts them
 * when another pod finds no node. They are then pending, and the autoscaler adds a node for them.
 * Without replicas, the component makes no resources.
 *
 * They have no probes: `pause` opens no port and has no state. The kubelet sees whether the process runs.
 */
export class SpareCapacity extends pulumi.ComponentResource {
  constructor(name: string, args: SpareCapacityArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:addons:SpareCapacity", name, {}, opts);
    if (args.replicas > 0) makePods(name, args, { parent: this });
    this.registerOutputs();
  }
}

function makePods(
  name: string,
  args: SpareCapacityArgs,
  parent: pulumi.CustomResourceOptions,
): void {
  const labels = { "app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "platform" };
  const selector = { matchLabels: { "app.kubernetes.io/name": name } };

  const priorityClass = new kubernetes.scheduling.v1.PriorityClass(
    name,
    {
      metadata: { labels },
      description: "Every other pod preempts these pods",
      value: priority,
      preemptionPolicy: "Never",
    },
    parent,
  );
  const namespace = new kubernetes.core.v1.Namespace(
    name,
    {
      metadata: {
        name: namespaceName,
        labels: {
          ...labels,
          "pod-security.kubernetes.io/enforce": "restricted",
          "pod-security.kubernetes.io/warn": "restricted",
        },
      },
    },
    parent,
  );
  const metadata = { namespace: namespace.metadata.name, labels };
  const quota = new kubernetes.core.v1.ResourceQuota(
    name,
    {
      metadata,
      spec: {
        hard: {
          pods: String(args.replicas),
          "requests.cpu": `${args.replicas * args.cpuMillicores}m`,
          "requests.memory": `${args.replicas * args.memoryMiB}Mi`,
          services: "0",
        },
      },
    },
    parent,
  );
  const policy = new kubernetes.networking.v1.NetworkPolicy(
    `${name}-default-deny`,
    { metadata, spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] } },
    parent,
  );
  new kubernetes.apps.v1.Deployment(
    name,
    {
      metadata: {
        ...metadata,
        // A pending pod is normal here. No update must wait for it.
        annotations: { "pulumi.com/skipAwait": "true" },
      },
      spec: {
        replicas: args.replicas,
        selector,
        // The quota allows no further pod, so a rolling update would not end.
        strategy: { type: "Recreate" },
        template: {
          metadata: { labels },
          spec: podSpec(args, selector, priorityClass.metadata.name),
        },
      },
    },
    { ...parent, dependsOn: [quota, policy] },
  );
}

function podSpec(
  args: SpareCapacityArgs,
  labelSelector: kubernetes.types.input.meta.v1.LabelSelector,
  priorityClassName: pulumi.Output<string>,
): kubernetes.types.input.core.v1.PodSpec {
  return {
    priorityClassName,
    ...(args.karpenter && { nodeSelector: startedNodes }),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 0,
    // A pod that must run in one zone cannot use capacity in another zone.
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "topology.kubernetes.io/zone",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector,
      },
    ],
    securityContext: { ...podSecurity, runAsUser: 65535, runAsGroup: 65535 },
    containers: [
      {
        name: "pause",
        image,
        resources: {
          requests: { cpu: `${args.cpuMillicores}m`, memory: `${args.memoryMiB}Mi` },
          limits: { cpu: `${args.cpuMillicores}m`, memory: `${args.memoryMiB}Mi` },
        },
        securityContext: containerSecurity,
      },
    ],
  };
}
