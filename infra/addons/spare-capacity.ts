import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { HeadroomConfig } from "../config/schema.ts";

const namespaceName = "headroom";
const image =
  "registry.k8s.io/pause:3.10.1@sha256:278fb9dbcca9518083ad1e11276933a2e96f23de604a3a08cc3c80002767d24c";
/** Below every pod without a class, and above -10, below which the autoscaler adds no node. */
const priority = -1;

/**
 * Room kept free: pods that do nothing, and give way at once to any pod that finds no other room.
 * They then wait themselves, so that the autoscaler adds a node before the next pod needs one.
 * Nothing with no replicas.
 *
 * No probes: pause opens no port and has no state; that its process lives, the kubelet sees.
 */
export class Headroom extends pulumi.ComponentResource {
  constructor(name: string, args: HeadroomConfig, opts?: pulumi.ComponentResourceOptions) {
    super("platform:addons:Headroom", name, {}, opts);
    if (args.replicas > 0) make(name, args, { parent: this });
    this.registerOutputs();
  }
}

function make(name: string, args: HeadroomConfig, parent: pulumi.CustomResourceOptions): void {
  const labels = { "app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "platform" };
  const selector = { matchLabels: { "app.kubernetes.io/name": name } };

  const priorityClass = new kubernetes.scheduling.v1.PriorityClass(
    name,
    {
      metadata: { labels },
      description: "Gives way to every other pod",
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
        // A pod that waits for a node is what it is for, and no update should wait for it.
        annotations: { "pulumi.com/skipAwait": "true" },
      },
      spec: {
        replicas: args.replicas,
        selector,
        // One pod more than the quota's would not come.
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
  args: HeadroomConfig,
  labelSelector: kubernetes.types.input.meta.v1.LabelSelector,
  priorityClassName: pulumi.Output<string>,
): kubernetes.types.input.core.v1.PodSpec {
  return {
    priorityClassName,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 0,
    // Room in one zone is of no use to a pod that must go to another.
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "topology.kubernetes.io/zone",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector,
      },
    ],
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65535,
      runAsGroup: 65535,
      seccompProfile: { type: "RuntimeDefault" },
    },
    containers: [
      {
        name: "pause",
        image,
        resources: {
          requests: { cpu: `${args.cpuMillicores}m`, memory: `${args.memoryMiB}Mi` },
          limits: { cpu: `${args.cpuMillicores}m`, memory: `${args.memoryMiB}Mi` },
        },
        securityContext: {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ["ALL"] },
          privileged: false,
          readOnlyRootFilesystem: true,
        },
      },
    ],
  };
}
