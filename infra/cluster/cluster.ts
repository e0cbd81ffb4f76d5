import * as aws from "@pulumi/aws";
import * as eks from "@pulumi/eks";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type {
  AddonName,
  ClusterConfig,
  LogsConfig,
  NodeGroupConfig,
  NodesConfig,
} from "../config/schema.ts";
import type { Network } from "../network/network.ts";
import { Access, type AccessArgs } from "./access.ts";
import { nodeName } from "./instances.ts";
import { Nodes, nodesName, type RunningNodes } from "./nodes.ts";
import {
  type OidcProvider,
  ServiceAccountRole,
  type ServiceAccountRoleArgs,
} from "./service-account-role.ts";

export interface ClusterArgs extends ClusterConfig {
  network: Network;
  nodes: NodeGroupConfig & Partial<Pick<NodesConfig, "kind">>;
  /** Whether the cluster autoscaler owns the number of nodes. */
  autoscaled: boolean;
  /** The node group on AWS, where there is one. */
  running: RunningNodes | undefined;
  logs: LogsConfig;
  /** The namespaces that deployers may change. */
  deployerNamespaces: string[];
  /** Tags of the instances and volumes, which do not inherit the provider's. */
  tags: Record<string, string>;
}

/**
 * An EKS cluster with one managed node group, ready to run pods.
 *
 * Access is by IAM access entries alone. Secrets are encrypted with a key of its own. Network
 * policies are enforced. Its children are made control plane → CNI and kube-proxy → nodes →
 * CoreDNS and metrics-server, and go in the reverse order: whatever depends on the component finds
 * nodes and DNS when it comes, and until it has gone.
 *
 * The group of a stack with Karpenter is another resource: where the kind changes, the old group keeps its
 * nodes until the pods have left them. EKS respects no disruption budget when a group shrinks (Amazon EKS
 * User Guide, update a managed node group).
 */
export class Cluster extends pulumi.ComponentResource {
  readonly name: pulumi.Output<string>;
  readonly oidc: OidcProvider;
  /** What EKS gives the network interfaces of control plane, nodes and pods. */
  readonly securityGroupId: pulumi.Output<string>;
  readonly kubeconfig: pulumi.Output<string>;
  /** Makes Kubernetes objects in this cluster. */
  readonly provider: kubernetes.Provider;
  readonly logGroups: Record<"controlPlane", pulumi.Output<string>>;
  readonly nodes: Nodes;

  constructor(name: string, args: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:cluster:Cluster", name, {}, opts);
    const parent = { parent: this };

    const key = new aws.kms.Key(
      `${name}-secrets`,
      { description: `Kubernetes secrets of ${args.name}`, enableKeyRotation: true },
      // Refuses a destroy as a whole. AWS's own protection refuses only when all else is gone.
      { ...parent, protect: args.deletionProtection },
    );
    // EKS makes this group itself when it is missing, without retention, also for a while after the
    // cluster's end. It depends on nothing, so that it goes last, after the network.
    const logGroup = new aws.cloudwatch.LogGroup(
      `${name}-control-plane`,
      logGroupArgs(args),
      parent,
    );

    const controlPlane = new eks.Cluster(name, controlPlaneArgs(args, key.arn), {
      ...parent,
      dependsOn: logGroup,
      transforms: [withoutCreatorAccess],
    });
    const clusterName = controlPlane.eksCluster.name;
    const access = new Access(`${name}-access`, accessArgs(args, clusterName), parent);

    const identityProvider = new aws.iam.OpenIdConnectProvider(
      name,
      { url: controlPlane.oidcProviderUrl, clientIdLists: ["sts.amazonaws.com"] },
      parent,
    );
    this.oidc = { arn: identityProvider.arn, issuer: controlPlane.oidcIssuer };

    const addon = addonMaker(name, clusterName, args, parent);
    const cniRole = new ServiceAccountRole(`${name}-vpc-cni`, cniRoleArgs(this.oidc), parent);
    const cni = addon("vpc-cni", [cniRole], cniArgs(cniRole.arn));
    const kubeProxy = addon("kube-proxy", []);
    this.nodes = new Nodes(
      nodesName(name, args.nodes.kind),
      { ...nodesArgs(args), clusterName, prerequisites: [args.network, cni, kubeProxy] },
      parent,
    );
    // Without a node to run on, CoreDNS stays degraded and its creation fails after 20 minutes.
    addon("coredns", [this.nodes]);
    addon("metrics-server", [this.nodes]);
    // Without it node repair sees only what the kubelet and EC2 report.
    addon("eks-node-monitoring-agent", [this.nodes]);

    this.name = clusterName;
    this.kubeconfig = controlPlane.kubeconfigJson;
    this.securityGroupId = controlPlane.eksCluster.vpcConfig.clusterSecurityGroupId;
    this.provider = new kubernetes.Provider(
      name,
      // With an identifier, a changed kubeconfig does not mean that all objects are replaced.
      { kubeconfig: this.kubeconfig, clusterIdentifier: args.name, ...apply },
      { ...parent, dependsOn: [controlPlane, access] },
    );
    this.logGroups = { controlPlane: logGroup.name };
    this.registerOutputs({ name: this.name });
  }
}

/**
 * The program takes fields back that somebody has changed by hand: without force each later update of the
 * object fails with a conflict (pulumi-kubernetes 4.34, pkg/await/await.go, handleSSAErr).
 */
const apply = { enableServerSideApply: true, enablePatchForce: true };

function logGroupArgs({ name, logs }: ClusterArgs): aws.cloudwatch.LogGroupArgs {
  return {
    name: `/aws/eks/${name}/cluster`,
    retentionInDays: logs.retentionDays,
    skipDestroy: logs.keepOnDestroy,
  };
}

function controlPlaneArgs(args: ClusterArgs, keyArn: pulumi.Input<string>): eks.ClusterOptions {
  return {
    name: args.name,
    version: args.kubernetesVersion,
    vpcId: args.network.vpcId,
    privateSubnetIds: args.network.controlPlaneSubnetIds,
    endpointPrivateAccess: true,
    endpointPublicAccess: args.publicAccess,
    ...(args.publicAccess && { publicAccessCidrs: args.publicAccessCidrs }),
    authenticationMode: "API",
    encryptionConfigKeyArn: keyArn,
    enabledClusterLogTypes: args.logTypes,
    upgradePolicy: { supportType: "STANDARD" },
    deletionProtection: args.deletionProtection,
    // Nodes, add-ons and identity provider are resources of the Cluster component; managed node
    // groups use the security group that EKS itself makes.
    skipDefaultNodeGroup: true,
    skipDefaultSecurityGroups: true,
    bootstrapSelfManagedAddons: false,
    useDefaultVpcCni: true,
    kubeProxyAddonOptions: { enabled: false },
    corednsAddonOptions: { enabled: false },
    createOidcProvider: false,
  };
}

function accessArgs(args: ClusterArgs, clusterName: pulumi.Input<string>): AccessArgs {
  const { admins, deployers, viewers, auditors, debug, deployerNamespaces } = args;
  return { clusterName, admins, deployers, viewers, auditors, debug, deployerNamespaces };
}

function cniRoleArgs(oidc: OidcProvider): ServiceAccountRoleArgs {
  return {
    oidc,
    namespace: "kube-system",
    serviceAccount: "aws-node",
    policyArns: ["arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"],
  };
}

function cniArgs(serviceAccountRoleArn: pulumi.Input<string>): Partial<aws.eks.AddonArgs> {
  return {
    serviceAccountRoleArn,
    configurationValues: JSON.stringify({
      enableNetworkPolicy: "true",
      env: { POD_SECURITY_GROUP_ENFORCING_MODE: "standard" },
    }),
  };
}

/** Creates add-ons of one cluster, each after what it depends on. */
function addonMaker(
  name: string,
  clusterName: pulumi.Input<string>,
  versions: Pick<ClusterConfig, "addonVersions" | "kubernetesVersion">,
  parent: { parent: pulumi.Resource },
) {
  return (
    addonName: AddonName,
    dependsOn: pulumi.Resource[],
    more?: Partial<aws.eks.AddonArgs>,
  ): aws.eks.Addon =>
    new aws.eks.Addon(
      `${name}-${addonName}`,
      {
        clusterName,
        addonName,
        addonVersion: addonVersion(addonName, versions, parent),
        resolveConflictsOnCreate: "OVERWRITE",
        resolveConflictsOnUpdate: "OVERWRITE",
        ...more,
      },
      { ...parent, dependsOn },
    );
}

function nodesArgs(args: ClusterArgs) {
  const { nodes } = args;
  return {
    architecture: nodes.architecture,
    operatingSystem: nodes.operatingSystem,
    release: nodes.release,
    instanceTypes: nodes.instanceTypes,
    capacityType: nodes.capacityType,
    minSize: nodes.minSize,
    desiredSize: nodes.desiredSize,
    maxSize: nodes.maxSize,
    diskSizeGiB: nodes.diskSizeGiB,
    schedule: nodes.schedule,
    kubernetesVersion: args.kubernetesVersion,
    subnetIds: args.network.privateSubnetIds,
    autoscaled: args.autoscaled,
    running: args.running,
    tags: { ...args.tags, Name: nodeName(args.name) },
  };
}

/**
 * The version of an add-on: the stack's pin, else AWS's default for the Kubernetes version. Left
 * open, an add-on would stay at the version it was made with when Kubernetes moves on.
 */
export function addonVersion(
  addonName: AddonName,
  { addonVersions, kubernetesVersion }: Pick<ClusterConfig, "addonVersions" | "kubernetesVersion">,
  options: pulumi.InvokeOptions,
): pulumi.Input<string> {
  return (
    addonVersions[addonName] ??
    aws.eks.getAddonVersionOutput({ addonName, kubernetesVersion }, options).version
  );
}

/**
 * EKS would give an access entry to the principal that makes the cluster, and refuse a second one.
 * The component of eks asks for it always (pulumi-eks issue 2373).
 */
const withoutCreatorAccess: pulumi.ResourceTransform = ({ type, props, opts }) =>
  type === "aws:eks/cluster:Cluster"
    ? {
        props: {
          ...props,
          accessConfig: { ...props.accessConfig, bootstrapClusterCreatorAdminPermissions: false },
        },
        opts,
      }
    : undefined;
