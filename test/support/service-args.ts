import * as pulumi from "@pulumi/pulumi";
import type { JobArgs, ServiceArgs } from "../../infra/services/service-args.ts";

/** The common settings of services and jobs. */
const workloadSettings = {
  user: 65_532,
  environment: {},
  secrets: {},
  writable: {},
  sidecars: {},
  before: {},
  calls: [],
  links: [],
  uses: {},
  policyArns: [],
  egress: [],
  cpuMillicores: 250,
  cpuLimitMillicores: 1000,
  memoryMiB: 256,
};

/** The settings of a service without image and route. */
export const serviceSettings = {
  ...workloadSettings,
  worker: false,
  protocol: "http" as const,
  health: { ready: "/readyz", live: "/healthz" },
  drain: "own" as const,
  nodeHeapPercent: 65,
  minReplicas: 2,
  maxReplicas: 4,
  targetCpuPercent: 60,
  drainSeconds: 30,
  requestTimeoutSeconds: 30,
  maxBodyKiB: 8,
  logLevel: "info" as const,
  faultInjection: false,
};

/** The other arguments of a service: cluster, network, place. */
export const surroundings: Pick<
  ServiceArgs,
  "architecture" | "cluster" | "clusterName" | "network" | "insights" | "ingress" | "place"
> = {
  clusterName: "platform-test",
  place: { region: "eu-central-1", accountId: "111122223333" },
  architecture: "arm64",
  cluster: {
    identity: { oidc: { arn: pulumi.output("arn"), issuer: pulumi.output("oidc.example/id/1") } },
  },
  network: {
    loadBalancerCidrBlocks: { "internet-facing": ["10.0.240.0/24"], internal: ["10.0.0.0/20"] },
  },
  insights: {
    agent: {
      environment: { AWS_EMF_AGENT_ENDPOINT: "udp://agent:25888" },
      ports: [{ port: 25888, protocol: "UDP" }],
    },
  },
  ingress: {
    scheme: "internet-facing",
    inboundCidrs: ["0.0.0.0/0"],
    idleTimeoutSeconds: 60,
    deletionProtection: false,
  },
};

/** A service behind the load balancer. */
export const serviceArgs: ServiceArgs = {
  name: "web",
  ...serviceSettings,
  ...surroundings,
  route: { path: "/" },
  callers: [],
  edge: { certificateArns: undefined, webAclArn: undefined, logDelivery: undefined },
  image: `111122223333.dkr.ecr.eu-central-1.amazonaws.com/service@sha256:${"a".repeat(64)}`,
};

/** A nightly job with the same image. */
export const jobArgs: JobArgs = {
  name: "tidy",
  architecture: surroundings.architecture,
  cluster: surroundings.cluster,
  place: surroundings.place,
  image: serviceArgs.image,
  command: ["tidy"],
  ...workloadSettings,
  schedule: "0 3 * * *",
  timeZone: "Europe/Berlin",
  concurrency: "forbid",
  deadlineSeconds: 600,
  retries: 2,
  keepRuns: 3,
};
