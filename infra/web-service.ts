import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "./cluster.ts";
import type { IngressConfig, NodesConfig, ServiceConfig } from "./config-schema.ts";
import { agentPeer, type ContainerInsights } from "./container-insights.ts";
import { type DrainClock, drainClock, drainEnvironment } from "./drain.ts";
import { type IngressArgs, ingressAnnotations } from "./ingress.ts";
import type { Network } from "./network.ts";
import { ServiceAccountRole } from "./service-account-role.ts";

export interface WebServiceArgs
  extends Omit<ServiceConfig, "image">,
    Pick<NodesConfig, "architecture"> {
  name: string;
  cluster: Pick<Cluster, "oidc">;
  network: Pick<Network, "loadBalancerCidrBlocks">;
  /** `<repository>@sha256:<digest>` */
  image: pulumi.Input<string>;
  /** What the load balancer is, for all services that share it. */
  ingress: IngressConfig;
  edge: IngressArgs["edge"];
  /** Takes the service's metrics and traces. */
  insights: Pick<ContainerInsights, "agent">;
}

/** The port of every service, by name. */
export const servicePort = "http";
const port = 8080;
const metricsPort = 9090;
const livenessPath = "/healthz";
const readinessPath = "/readyz";
const user = 65532;
/** From here a pod takes the credentials of its node; no pod of ours may. */
const instanceMetadata = "169.254.169.254/32";

/**
 * A web service in a namespace of its own, behind the load balancer that all services share.
 *
 * Pods run as an unprivileged user without capabilities on a read-only file system, accept
 * connections from the load balancer's subnets only, and reach DNS, the CloudWatch agent and what
 * `egress` declares.
 * A rollout adds a pod before it takes one away, waits until the load balancer finds the new one
 * healthy (readiness gates), and gives the old one the time of the drain clock.
 *
 * Must depend on the load balancer controller, the cluster and the network as components: the
 * Ingress goes down only while all of them still work.
 */
export class WebService extends pulumi.ComponentResource {
  /** The load balancer's host name. */
  readonly loadBalancer: pulumi.Output<string>;
  /** Names in the cluster, by which others measure the service. */
  readonly names: Record<"deployment" | "ingress" | "service", pulumi.Output<string>>;

  constructor(name: string, args: WebServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:service:WebService", name, {}, opts);
    const parent = { parent: this };
    const clock = drainClock({ ...args, ...args.ingress });
    const selector = { "app.kubernetes.io/name": args.name };
    const labels = { ...selector, "app.kubernetes.io/part-of": "platform" };

    const namespace = new kubernetes.core.v1.Namespace(
      name,
      {
        metadata: {
          name: args.name,
          labels: {
            ...labels,
            "pod-security.kubernetes.io/enforce": "restricted",
            "pod-security.kubernetes.io/warn": "restricted",
            "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled",
          },
        },
      },
      parent,
    );
    const metadata = { namespace: namespace.metadata.name, labels };

    const quota = new kubernetes.core.v1.ResourceQuota(
      name,
      { metadata, spec: { hard: quotaFor(args) } },
      parent,
    );
    const limits = new kubernetes.core.v1.LimitRange(
      name,
      {
        metadata,
        spec: { limits: [{ type: "Container", ...containerResources(args, "default") }] },
      },
      parent,
    );
    const policies = networkPolicies(args, selector).map(
      ([suffix, spec]) =>
        new kubernetes.networking.v1.NetworkPolicy(`${name}-${suffix}`, { metadata, spec }, parent),
    );

    const role = new ServiceAccountRole(
      name,
      {
        oidc: args.cluster.oidc,
        namespace: args.name,
        serviceAccount: args.name,
        policyArns: args.policyArns,
      },
      parent,
    );
    const serviceAccount = new kubernetes.core.v1.ServiceAccount(
      name,
      {
        metadata: {
          ...metadata,
          name: args.name,
          annotations: { "eks.amazonaws.com/role-arn": role.arn },
        },
        automountServiceAccountToken: false,
      },
      { ...parent, dependsOn: role },
    );

    const service = new kubernetes.core.v1.Service(
      name,
      {
        metadata: {
          ...metadata,
          // Endpoints follow with the Deployment, which comes after the Ingress.
          annotations: { "pulumi.com/skipAwait": "true" },
        },
        spec: { selector, ports: [{ name: servicePort, port: 80, targetPort: "http" }] },
      },
      parent,
    );
    const ingress = new kubernetes.networking.v1.Ingress(
      name,
      {
        metadata: {
          ...metadata,
          annotations: {
            ...ingressAnnotations({
              ...args,
              ...args.ingress,
              clock,
              healthCheckPath: readinessPath,
            }),
            "pulumi.com/waitFor": "jsonpath={.status.loadBalancer.ingress[0].hostname}",
          },
        },
        spec: {
          ingressClassName: "alb",
          rules: [
            {
              host: args.route.host,
              http: {
                paths: [
                  {
                    path: args.route.path,
                    pathType: "Prefix",
                    backend: {
                      service: { name: service.metadata.name, port: { name: servicePort } },
                    },
                  },
                ],
              },
            },
          ],
        },
      },
      // Deleting waits until the controller has removed the load balancer and its finalizer.
      {
        ...parent,
        customTimeouts: { create: "15m", delete: "15m" },
        // Refuses a destroy as a whole. AWS's own protection would leave it hanging half-way.
        protect: args.ingress.deletionProtection,
      },
    );

    // Readiness gates are given to pods that are made after the load balancer's target group.
    const deployment = new kubernetes.apps.v1.Deployment(
      name,
      {
        metadata,
        spec: {
          replicas: args.minReplicas,
          revisionHistoryLimit: 5,
          progressDeadlineSeconds: clock.progressDeadlineSeconds,
          selector: { matchLabels: selector },
          strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
          template: {
            metadata: { labels },
            spec: podSpec(args, clock, selector, serviceAccount.metadata.name),
          },
        },
      },
      {
        ...parent,
        dependsOn: [ingress, quota, limits, ...policies],
        // The autoscaler owns the number of replicas from here on.
        ignoreChanges: ["spec.replicas"],
        customTimeouts: { create: "15m", update: "30m" },
      },
    );
    new kubernetes.policy.v1.PodDisruptionBudget(
      name,
      { metadata, spec: { maxUnavailable: 1, selector: { matchLabels: selector } } },
      parent,
    );
    new kubernetes.autoscaling.v2.HorizontalPodAutoscaler(
      name,
      {
        metadata,
        spec: {
          scaleTargetRef: {
            apiVersion: "apps/v1",
            kind: "Deployment",
            name: deployment.metadata.name,
          },
          minReplicas: args.minReplicas,
          maxReplicas: args.maxReplicas,
          metrics: [
            {
              type: "Resource",
              resource: {
                name: "cpu",
                target: { type: "Utilization", averageUtilization: args.targetCpuPercent },
              },
            },
          ],
        },
      },
      parent,
    );

    this.loadBalancer = ingress.status.apply(
      (status) => status.loadBalancer?.ingress?.[0]?.hostname ?? "",
    );
    this.names = {
      deployment: deployment.metadata.name,
      ingress: ingress.metadata.name,
      service: service.metadata.name,
    };
    this.registerOutputs({ loadBalancer: this.loadBalancer });
  }
}

function podSpec(
  args: WebServiceArgs,
  clock: DrainClock,
  selector: Record<string, string>,
  serviceAccountName: pulumi.Input<string>,
): kubernetes.types.input.core.v1.PodSpec {
  const probe = (path: string) => ({ httpGet: { path, port: "http" }, timeoutSeconds: 2 });
  const spread = (topologyKey: string, whenUnsatisfiable: string) => ({
    topologyKey,
    whenUnsatisfiable,
    maxSkew: 1,
    labelSelector: { matchLabels: selector },
    // Old pods do not count, or a rollout could not place its last new one.
    matchLabelKeys: ["pod-template-hash"],
  });
  return {
    serviceAccountName,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    nodeSelector: { "kubernetes.io/os": "linux", "kubernetes.io/arch": args.architecture },
    topologySpreadConstraints: [
      spread("topology.kubernetes.io/zone", "DoNotSchedule"),
      spread("kubernetes.io/hostname", "ScheduleAnyway"),
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
    LOG_LEVEL: args.logLevel,
    SERVICE_NAME: args.name,
    FAULT_INJECTION: String(args.faultInjection),
    TRUSTED_PROXY_HOPS: "1",
    IMAGE_DIGEST: pulumi.output(args.image).apply((image) => image.split("@")[1] ?? ""),
    // The rest of the limit is for buffers, code and stacks, which the heap does not hold.
    NODE_OPTIONS: `--max-old-space-size=${Math.floor(args.memoryMiB * 0.65)}`,
    ...args.insights.agent.environment,
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

function containerResources(args: WebServiceArgs, limits: "limits" | "default" = "limits") {
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
function quotaFor(args: WebServiceArgs): Record<string, string> {
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

function networkPolicies(
  args: WebServiceArgs,
  selector: Record<string, string>,
): [suffix: string, spec: kubernetes.types.input.networking.v1.NetworkPolicySpec][] {
  const podSelector = { matchLabels: selector };
  const dns = {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
    podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
  };
  return [
    ["default-deny", { podSelector: {}, policyTypes: ["Ingress", "Egress"] }],
    [
      "from-load-balancer",
      {
        podSelector,
        policyTypes: ["Ingress"],
        ingress: [
          {
            from: args.network.loadBalancerCidrBlocks[args.ingress.scheme].map((cidr) => ({
              ipBlock: { cidr },
            })),
            ports: [{ port: "http", protocol: "TCP" }],
          },
        ],
      },
    ],
    [
      "to-declared",
      {
        podSelector,
        policyTypes: ["Egress"],
        egress: [
          {
            to: [dns],
            ports: ["UDP", "TCP"].map((protocol) => ({ port: 53, protocol })),
          },
          ...args.egress.map(({ cidrBlock, port }) => ({
            to: [{ ipBlock: withoutInstanceMetadata(cidrBlock) }],
            ports: [{ port, protocol: "TCP" }],
          })),
          { to: [agentPeer], ports: args.insights.agent.ports },
        ],
      },
    ],
  ];
}

function withoutInstanceMetadata(cidr: string): { cidr: string; except?: string[] } {
  return contains(cidr, instanceMetadata) ? { cidr, except: [instanceMetadata] } : { cidr };
}

function contains(network: string, other: string): boolean {
  const bounds = (cidr: string) => {
    const [address = "", prefix = ""] = cidr.split("/");
    const size = 2 ** (32 - Number(prefix));
    const at = address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
    return { from: Math.floor(at / size) * size, size };
  };
  const outer = bounds(network);
  const inner = bounds(other);
  return inner.from >= outer.from && inner.from + inner.size <= outer.from + outer.size;
}
