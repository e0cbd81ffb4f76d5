import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../cluster/cluster.ts";
import { containerSecurity } from "../cluster/pod-security.ts";
import { ServiceAccountRole } from "../cluster/service-account-role.ts";
import type { Network } from "../network/network.ts";
import { type Copying, copiedImage } from "./copied-image.ts";
import {
  controllerVersion,
  loadBalancerControllerPolicy,
} from "./load-balancer-controller-policy.ts";

export interface LoadBalancerControllerArgs {
  cluster: Pick<Cluster, "name" | "identity">;
  network: Pick<Network, "vpcId" | "vpcArn">;
  /** What its pods need: nodes, names and a way to AWS. Its role does not wait for them. */
  prerequisites: pulumi.Resource[];
  region: string;
  /** Tags of the load balancers and security groups, which do not inherit the provider's. */
  tags: Record<string, string>;
  /** In a stack whose nodes have no way out. */
  copying?: Copying;
  /**
   * Whether its two pods must be in two zones, so that nodes are. Else nothing starts a second node where one
   * has room for all pods, which only prefer another zone. @default false
   */
  inTwoZones?: boolean;
}

const namespace = "kube-system";
const serviceAccount = "aws-load-balancer-controller";
/** A call for each target group with a new pod; its limit is 50 a second (docs/deploy/configurations.md). */
const pollSeconds = 5;

/**
 * The AWS Load Balancer Controller, which turns Ingresses into load balancers and removes them.
 *
 * An Ingress must depend on the component as a whole: only with its role, its policy and its pods
 * alive does an Ingress get its load balancer, and only then does deleting it leave nothing behind.
 */
export class LoadBalancerController extends pulumi.ComponentResource {
  constructor(
    name: string,
    args: LoadBalancerControllerArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("platform:addons:LoadBalancerController", name, {}, opts);
    const parent = { parent: this };

    const role = new ServiceAccountRole(
      name,
      {
        identity: args.cluster.identity,
        namespace,
        serviceAccount,
        policy: loadBalancerControllerPolicy(args.network.vpcArn),
      },
      parent,
    );
    new kubernetes.helm.v3.Release(
      name,
      {
        name: "aws-load-balancer-controller",
        namespace,
        chart: "aws-load-balancer-controller",
        version: controllerVersion,
        repositoryOpts: { repo: "https://aws.github.io/eks-charts" },
        // A release that fails is taken back whole, so that the next update starts clean.
        atomic: true,
        timeout: 600,
        values: {
          ...chartValues(args, role),
          ...(args.inTwoZones && { topologySpreadConstraints: [inTwoZones] }),
          ...withoutWayOut(copiedImage(name, image, args.copying, parent)),
        },
      },
      { ...parent, dependsOn: [role, ...args.prerequisites] },
    );
    this.registerOutputs();
  }
}

/** Below `minDomains` zones the scheduler takes the fewest pods for none, and a second pod waits for another zone. */
const inTwoZones = {
  topologyKey: "topology.kubernetes.io/zone",
  whenUnsatisfiable: "DoNotSchedule",
  maxSkew: 1,
  minDomains: 2,
  labelSelector: { matchLabels: { "app.kubernetes.io/name": "aws-load-balancer-controller" } },
  matchLabelKeys: ["pod-template-hash"],
};

const image = `public.ecr.aws/eks/aws-load-balancer-controller:v${controllerVersion}`;

/**
 * Where nodes have no way out the controller must not ask Shield and AWS WAF, for which it would wait in
 * vain (Amazon EKS User Guide, private clusters; aws-load-balancer-controller issues 2797 and 1734).
 */
function withoutWayOut(image: ReturnType<typeof copiedImage>) {
  return image && { image, enableShield: false, enableWafv2: false };
}

/** As the chart's values.yaml names them. */
function chartValues(args: LoadBalancerControllerArgs, role: ServiceAccountRole) {
  return {
    clusterName: args.cluster.name,
    region: args.region,
    vpcId: args.network.vpcId,
    serviceAccount: {
      create: true,
      name: role.serviceAccount,
      annotations: role.annotations,
    },
    replicaCount: 2,
    podDisruptionBudget: { maxUnavailable: 1 },
    resources: {
      requests: { cpu: "100m", memory: "128Mi" },
      limits: { cpu: "500m", memory: "256Mi" },
    },
    securityContext: { ...containerSecurity, runAsNonRoot: true },
    defaultTargetType: "ip",
    // How often it asks AWS whether a new pod is healthy, for which a rollout waits. Its default is 15 s.
    targetgroupbindingRequeueDuration: `${pollSeconds}s`,
    defaultTags: args.tags,
    // Without it each upgrade makes a new certificate, and webhooks fail for a while.
    keepTLSSecret: true,
    // With it no Service in the cluster can be made while the controller is down.
    enableServiceMutatorWebhook: false,
    // Classic WAF has reached its end; WAFv2 stays on.
    enableWaf: false,
  };
}
