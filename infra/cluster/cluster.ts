import * as aws from "@pulumi/aws";
import * as eks from "@pulumi/eks";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type {
  AddonName,
  AutoNodesConfig,
  ClusterConfig,
  LogsConfig,
  NodeGroupConfig,
  NodesConfig,
} from "../config/schema.ts";
import type { Network } from "../network/network.ts";
import { Access, type AccessArgs } from "./access.ts";
import { AutoNodes, type AutoNodesArgs } from "./auto-nodes.ts";
import { identityAddon } from "./capacity.ts";
import { nodeName } from "./instances.ts";
import { Nodes, nodesName, type RunningGroups } from "./nodes.ts";
import { cniEnvironment } from "./pod-addresses.ts";
import {
  type Identity,
  keptOfAddon,
  type OidcProvider,
  ServiceAccountRole,
} from "./service-account-role.ts";

export interface ClusterArgs extends ClusterConfig {
  /** Whether an add-on needs IRSA, whatever `identity` says. */
  needsTokens: boolean;
  network: Network;
  /** With `auto` EKS Auto Mode starts them, and there is no node group. */
  nodes: NodeGroupConfig & Partial<Pick<NodesConfig, "auto" | "kind">>;
  /** Whether the cluster autoscaler owns the number of nodes. */
  autoscaled: boolean;
  /** The node groups on AWS, where there are some. */
  running: RunningGroups;
  /** How many the network has. */
  zones: number;
  logs: LogsConfig;
  /** The namespaces that deployers may change. */
  deployerNamespaces: string[];
  /** Tags of the instances and volumes, which do not inherit the provider's. */
  tags: Record<string, string>;
}

/**
 * An EKS cluster with its managed node groups, or with EKS Auto Mode, ready to run pods.
 *
 * Access is by IAM access entries alone. Secrets are encrypted with a key of its own. Network
 * policies are enforced. Its children are made control plane → agent of EKS Pod Identity → CNI and
 * kube-proxy → nodes → CoreDNS and metrics-server, and go in the reverse order: whatever depends on the
 * component finds nodes, credentials and DNS when it comes, and until it has gone. In Auto Mode EKS brings
 * agent, CNI, kube-proxy, CoreDNS and the node monitoring agent itself (Amazon EKS User Guide, EKS Auto
 * Mode, automated components).
 *
 * The group of a stack with Karpenter is another resource: where the kind changes, the old group keeps its
 * nodes until the pods have left them. EKS respects no disruption budget when a group shrinks (Amazon EKS
 * User Guide, update a managed node group).
 */
export class Cluster extends pulumi.ComponentResource {
  readonly name: pulumi.Output<string>;
  readonly identity: Identity;
  /** Where something needs it. */
  readonly oidc: OidcProvider | undefined;
  /** What EKS gives the network interfaces of control plane, nodes and pods. */
  readonly securityGroupId: pulumi.Output<string>;
  readonly kubeconfig: pulumi.Output<string>;
  /** Makes Kubernetes objects in this cluster. */
  readonly provider: kubernetes.Provider;
  readonly logGroups: Record<"controlPlane", pulumi.Output<string>>;
  /** Undefined in Auto Mode. */
  readonly nodes: Nodes | undefined;

  constructor(name: string, args: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:cluster:Cluster", name, {}, opts);
    const parent = { parent: this };

    const { controlPlane, logGroup } = makeControlPlane(name, args, parent);
    const clusterName = controlPlane.eksCluster.name;
    const access = new Access(`${name}-access`, accessArgs(args, clusterName), parent);

    const podIdentity = { clusterName, clusterArn: controlPlane.eksCluster.arn };
    const provider = needsProvider(args) ? makeProvider(name, controlPlane, parent) : undefined;
    this.oidc = provider && { arn: provider.arn, issuer: controlPlane.oidcIssuer };
    this.identity = args.identity === "irsa" && this.oidc ? { oidc: this.oidc } : { podIdentity };

    this.name = clusterName;
    this.kubeconfig = controlPlane.kubeconfigJson;
    this.securityGroupId = controlPlane.eksCluster.vpcConfig.clusterSecurityGroupId;
    this.provider = new kubernetes.Provider(
      name,
      // With an identifier, a changed kubeconfig does not mean that all objects are replaced.
      { kubeconfig: this.kubeconfig, clusterIdentifier: args.name, ...apply },
      { ...parent, dependsOn: [controlPlane, access] },
    );
    const addon = addonMaker(name, clusterName, args, parent);
    const nodes = args.nodes.auto
      ? new AutoNodes(
          `${name}-auto-nodes`,
          autoNodesArgs(args, args.nodes.auto, this, controlPlane),
          {
            ...parent,
            providers: [this.provider],
            dependsOn: provider ? [args.network, provider] : [args.network],
          },
        )
      : makeGroup(name, args, { clusterName, identity: this.identity, addon }, parent);
    this.nodes = nodes instanceof Nodes ? nodes : undefined;
    makeAddons(addon, nodes);

    this.logGroups = { controlPlane: logGroup.name };
    this.registerOutputs({ name: this.name });
  }
}

function makeControlPlane(name: string, args: ClusterArgs, parent: { parent: pulumi.Resource }) {
  const key = new aws.kms.Key(
    `${name}-secrets`,
    { description: `Kubernetes secrets of ${args.name}`, enableKeyRotation: true },
    // Refuses a destroy as a whole. AWS's own protection refuses only when all else is gone.
    { ...parent, protect: args.deletionProtection },
  );
  // EKS makes this group itself when it is missing, without retention, also for a while after the
  // cluster's end. It depends on nothing, so that it goes last, after the network.
  const logGroup = new aws.cloudwatch.LogGroup(`${name}-control-plane`, logGroupArgs(args), parent);
  const controlPlane = new eks.Cluster(name, controlPlaneArgs(args, key.arn), {
    ...parent,
    dependsOn: logGroup,
    transforms: [beyondComponent],
  });
  return { controlPlane, logGroup };
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
    ...(args.nodes.auto && { autoMode }),
  };
}

/** EKS's own node pools take no settings: the stack has one of its own (auto-nodes.ts). */
const autoMode = { enabled: true, createNodeRole: false, computeConfig: { nodePools: [] } };

function autoNodesArgs(
  args: ClusterArgs,
  auto: AutoNodesConfig,
  cluster: Pick<Cluster, "name" | "securityGroupId">,
  { eksCluster }: eks.Cluster,
): AutoNodesArgs {
  const { architecture, diskSizeGiB } = args.nodes;
  return {
    nodes: { ...auto, architecture, diskSizeGiB },
    clusterName: cluster.name,
    clusterRoleArn: eksCluster.roleArn,
    securityGroupId: cluster.securityGroupId,
    subnetIds: args.network.privateSubnetIds,
    tags: { ...args.tags, Name: nodeName(args.name) },
  };
}

/** A managed node group, after the add-ons that its nodes need. */
function makeGroup(
  name: string,
  args: ClusterArgs,
  of: { clusterName: pulumi.Output<string>; identity: Identity; addon: AddonMaker },
  parent: { parent: pulumi.Resource },
): Nodes {
  const agents = args.identity === "podIdentity" ? [of.addon(identityAddon, [])] : [];
  const cni = makeCni(name, args, of.identity, of.addon, agents, parent);
  const kubeProxy = of.addon("kube-proxy", []);
  return new Nodes(
    nodesName(name, args.nodes.kind),
    {
      ...nodesArgs(args),
      clusterName: of.clusterName,
      prerequisites: [args.network, ...agents, cni, kubeProxy],
    },
    parent,
  );
}

function accessArgs(args: ClusterArgs, clusterName: pulumi.Input<string>): AccessArgs {
  const { admins, deployers, viewers, auditors, debug, deployerNamespaces } = args;
  return { clusterName, admins, deployers, viewers, auditors, debug, deployerNamespaces };
}

/** The identity provider of IRSA is made where something needs it. */
const needsProvider = ({ identity, needsTokens }: ClusterArgs) =>
  identity === "irsa" || needsTokens;

function makeProvider(
  name: string,
  { oidcProviderUrl: url }: eks.Cluster,
  parent: { parent: pulumi.Resource },
): aws.iam.OpenIdConnectProvider {
  const clientIdLists = ["sts.amazonaws.com"];
  return new aws.iam.OpenIdConnectProvider(name, { url, clientIdLists }, parent);
}

/** Without the agent that its pods get credentials from, they crash (amazon-vpc-cni-k8s issue 3840). */
function makeCni(
  name: string,
  { podAddresses }: ClusterArgs,
  identity: Identity,
  addon: AddonMaker,
  agents: pulumi.Resource[],
  parent: { parent: pulumi.Resource },
): aws.eks.Addon {
  const cniRole = new ServiceAccountRole(
    `${name}-vpc-cni`,
    {
      identity,
      namespace: "kube-system",
      serviceAccount: "aws-node",
      ofAddon: true,
      policyArns: ["arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"],
    },
    parent,
  );
  return addon(
    "vpc-cni",
    [cniRole, ...agents],
    {
      ...cniRole.addonArgs,
      configurationValues: JSON.stringify({
        enableNetworkPolicy: "true",
        env: { POD_SECURITY_GROUP_ENFORCING_MODE: "standard", ...cniEnvironment(podAddresses) },
      }),
    },
    keptOfAddon(identity),
  );
}

/** What pods rely on. */
function makeAddons(addon: AddonMaker, nodes: Nodes | AutoNodes): void {
  const group = nodes instanceof Nodes;
  // Without a node to run on, CoreDNS stays degraded and its creation fails after 20 minutes.
  if (group) addon("coredns", [nodes]);
  addon("metrics-server", [nodes]);
  // Without it node repair sees only what the kubelet and EC2 report.
  if (group) addon("eks-node-monitoring-agent", [nodes]);
}

type AddonMaker = ReturnType<typeof addonMaker>;

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
    ignoreChanges: string[] = [],
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
      { ...parent, dependsOn, ignoreChanges },
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
    groups: nodes.groups,
    groupPerZone: nodes.groupPerZone,
    warmPool: nodes.warmPool,
    zones: args.zones,
    kubernetesVersion: args.kubernetesVersion,
    subnetIds: args.network.privateSubnetIds,
    autoscaled: args.autoscaled,
    running: args.running,
    prefixDelegation: args.podAddresses.prefixDelegation,
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
 * What the component of eks has no argument for:
 * - EKS would give an access entry to the principal that makes the cluster, and refuse a second one; the
 *   component asks for it always (pulumi-eks issue 2373);
 * - with zonal shift, people can take an impaired zone out of service by one call. It costs nothing
 *   (Amazon EKS User Guide, ARC zonal shift).
 */
const beyondComponent: pulumi.ResourceTransform = ({ type, props, opts }) =>
  type === "aws:eks/cluster:Cluster"
    ? {
        props: {
          ...props,
          accessConfig: { ...props.accessConfig, bootstrapClusterCreatorAdminPermissions: false },
          zonalShiftConfig: { enabled: true },
        },
        opts,
      }
    : undefined;
