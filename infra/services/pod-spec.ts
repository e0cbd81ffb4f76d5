import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { type DrainClock, drainEnvironment } from "./drain.ts";
import type { WebServiceArgs } from "./web-service-args.ts";

/** The port of every service, by name. */
export const servicePort = "http";
export const readinessPath = "/readyz";
const port = 8080;
const metricsPort = 9090;
const livenessPath = "/healthz";
const user = 65532;

/**
 * What runs in each pod: an unprivileged user without capabilities on a read-only file system, with
 * requests, limits and three probes, spread over zones and hosts.
 */
export function podSpec(
  args: WebServiceArgs,
  clock: DrainClock,
  selector: Record<string, string>,
  serviceAccountName: pulumi.Input<string>,
): kubernetes.types.input.core.v1.PodSpec {
  const probe = (path: string) => ({ httpGet: { path, port: "http" }, timeoutSeconds: 2 });
  const spread = (topologyKey: string) => ({
    topologyKey,
    // A zone that is short of room must not keep pods from running in another one.
    whenUnsatisfiable: "ScheduleAnyway",
    maxSkew: 1,
    labelSelector: { matchLabels: selector },
    // Old pods do not count, or a rollout could not place its last new one.
    matchLabelKeys: ["pod-template-hash"],
  });
  return {
    serviceAccountName,
    ...(args.host && { priorityClassName: args.host.name }),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    nodeSelector: { "kubernetes.io/os": "linux", "kubernetes.io/arch": args.architecture },
    topologySpreadConstraints: [
      spread("topology.kubernetes.io/zone"),
      spread("kubernetes.io/hostname"),
    ],
    terminationGracePeriodSeconds: clock.terminationGracePeriodSeconds,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: user,
      runAsGroup: user,
      seccompProfile: { type: "RuntimeDefault" },
    },
    containers: [
      {
        name: args.name,
        image: args.image,
        imagePullPolicy: "IfNotPresent",
        ports: [
          { name: "http", containerPort: port },
          { name: "metrics", containerPort: metricsPort },
        ],
        env: environment(args, clock),
        resources: containerResources(args),
        startupProbe: { ...probe(readinessPath), periodSeconds: 1, failureThreshold: 60 },
        readinessProbe: { ...probe(readinessPath), periodSeconds: 5, failureThreshold: 2 },
        livenessProbe: { ...probe(livenessPath), periodSeconds: 10, failureThreshold: 3 },
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

function environment(
  args: WebServiceArgs,
  clock: DrainClock,
): kubernetes.types.input.core.v1.EnvVar[] {
  const values = {
    ...drainEnvironment(clock),
    PORT: String(port),
    METRICS_PORT: String(metricsPort),
    MAX_BODY_BYTES: String(args.maxBodyKiB * 1024),
    LOG_LEVEL: args.logLevel,
    SERVICE_NAME: args.name,
    FAULT_INJECTION: String(args.faultInjection),
    TRUSTED_PROXY_HOPS: "1",
    IMAGE_DIGEST: pulumi.output(args.image).apply((image) => image.split("@")[1] ?? ""),
    // The rest of the limit is for buffers, code and stacks, which the heap does not hold.
    NODE_OPTIONS: `--max-old-space-size=${Math.floor(args.memoryMiB * 0.65)}`,
    ...args.insights?.agent.environment,
  };
  const fields = {
    POD_NAME: "metadata.name",
    NODE_NAME: "spec.nodeName",
    ZONE: "metadata.labels['topology.kubernetes.io/zone']",
  };
  return [
    ...Object.entries(values).map(([name, value]) => ({ name, value })),
    ...Object.entries(fields).map(([name, fieldPath]) => ({
      name,
      valueFrom: { fieldRef: { fieldPath } },
    })),
  ];
}

export function containerResources(args: WebServiceArgs, limits: "limits" | "default" = "limits") {
  return {
    [limits === "limits" ? "requests" : "defaultRequest"]: {
      cpu: `${args.cpuMillicores}m`,
      memory: `${args.memoryMiB}Mi`,
      "ephemeral-storage": "64Mi",
    },
    [limits]: {
      cpu: `${args.cpuLimitMillicores}m`,
      memory: `${args.memoryMiB}Mi`,
      "ephemeral-storage": "256Mi",
    },
  };
}

/** Room for the largest scale and, during a rollout, as many pods that are still draining. */
export function quotaFor(args: WebServiceArgs): Record<string, string> {
  const pods = 2 * args.maxReplicas + 1;
  return {
    pods: String(pods),
    "requests.cpu": `${pods * args.cpuMillicores}m`,
    "requests.memory": `${pods * args.memoryMiB}Mi`,
    "limits.cpu": `${pods * args.cpuLimitMillicores}m`,
    "limits.memory": `${pods * args.memoryMiB}Mi`,
    "services.loadbalancers": "0",
    "services.nodeports": "0",
  };
}
