import { createHash } from "node:crypto";
import * as aws from "@pulumi/aws";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

interface AddonOptions {
  enabled?: boolean;
  version?: string;
}

interface EntrySpec {
  principalArn: string;
  type?: string;
  username?: string;
  kubernetesGroups?: string[];
  tags?: Record<string, string>;
  accessPolicies?: Record<
    string,
    { policyArn: string; accessScope: aws.types.input.eks.AccessPolicyAssociationAccessScope }
  >;
}

/**
 * Replaces `eks:index:Cluster` with the same children, by name, parent and dependency. Only for
 * `skipDefaultNodeGroup` and `skipDefaultSecurityGroups`.
 */
export class Cluster extends pulumi.ComponentResource {
  readonly state: pulumi.Inputs;

  // biome-ignore lint/suspicious/noExplicitAny: the component's untyped inputs
  constructor(name: string, inputs: any, opts: pulumi.ComponentResourceOptions) {
    super("eks:index:Cluster", name, {}, opts);
    const parent = { parent: this };
    for (const needed of [
      "skipDefaultNodeGroup",
      "skipDefaultSecurityGroups",
      "useDefaultVpcCni",
    ]) {
      if (!inputs[needed]) throw new Error(`the stand-in of eks.Cluster needs ${needed}`);
    }
    if (inputs.createOidcProvider) {
      throw new Error("the stand-in of eks.Cluster needs createOidcProvider: false");
    }

    const { autoMode } = inputs;
    if (autoMode && autoMode.createNodeRole !== false) {
      throw new Error("the stand-in of eks.Cluster needs autoMode.createNodeRole: false");
    }
    const role = new ServiceRole(`${name}-eksRole`, inputs.tags, autoMode !== undefined, parent);
    const cluster = new aws.eks.Cluster(
      `${name}-eksCluster`,
      {
        name: inputs.name,
        roleArn: role.role.arn,
        bootstrapSelfManagedAddons: inputs.bootstrapSelfManagedAddons ?? true,
        ...(autoMode && {
          computeConfig: {
            enabled: true,
            nodePools: ["general-purpose", "system"],
            ...autoMode.computeConfig,
          },
          storageConfig: { blockStorage: { enabled: true } },
          kubernetesNetworkConfig: { ipFamily: "ipv4", elasticLoadBalancing: { enabled: true } },
        }),
        vpcConfig: {
          subnetIds:
            inputs.subnetIds ??
            pulumi
              .all([inputs.publicSubnetIds ?? [], inputs.privateSubnetIds ?? []])
              .apply((ids) => ids.flat()),
          endpointPrivateAccess: inputs.endpointPrivateAccess,
          endpointPublicAccess: inputs.endpointPublicAccess,
          publicAccessCidrs: inputs.publicAccessCidrs,
        },
        version: inputs.version,
        enabledClusterLogTypes: inputs.enabledClusterLogTypes,
        tags: { Name: `${name}-eksCluster`, ...inputs.clusterTags, ...inputs.tags },
        ...(inputs.encryptionConfigKeyArn && {
          encryptionConfig: {
            provider: { keyArn: inputs.encryptionConfigKeyArn },
            resources: ["secrets"],
          },
        }),
        ...(inputs.authenticationMode && {
          accessConfig: {
            authenticationMode: inputs.authenticationMode,
            bootstrapClusterCreatorAdminPermissions: true,
          },
        }),
        upgradePolicy: inputs.upgradePolicy,
        deletionProtection: inputs.deletionProtection,
      },
      {
        ...parent,
        dependsOn: role.resolved,
        ignoreChanges: [
          "accessConfig.bootstrapClusterCreatorAdminPermissions",
          "bootstrapSelfManagedAddons",
        ],
      },
    );

    const addon = (addonName: string, options: AddonOptions | undefined) =>
      new aws.eks.Addon(
        `${name}-${addonName}`,
        {
          clusterName: cluster.name,
          addonName,
          tags: inputs.tags,
          addonVersion:
            options?.version ??
            aws.eks.getAddonVersionOutput(
              { addonName, kubernetesVersion: cluster.version, mostRecent: true },
              parent,
            ).version,
          preserve: true,
          resolveConflictsOnCreate: "OVERWRITE",
          resolveConflictsOnUpdate: "OVERWRITE",
        },
        parent,
      );
    if (inputs.kubeProxyAddonOptions?.enabled ?? true) {
      addon("kube-proxy", inputs.kubeProxyAddonOptions);
    }
    // Made in here it has no nodes to run on: those of the program come after the component.
    if (inputs.corednsAddonOptions?.enabled) addon("coredns", inputs.corednsAddonOptions);

    const kubeconfig = pulumi
      .all([cluster.name, cluster.endpoint, cluster.certificateAuthority, cluster.arn])
      .apply(([clusterName, endpoint, ca, arn]) =>
        kubeconfigOf(clusterName, endpoint, ca.data, arn.split(":")[3] ?? ""),
      );
    new kubernetes.Provider(
      `${name}-eks-k8s`,
      { kubeconfig: kubeconfig.apply((config) => JSON.stringify(config)) },
      parent,
    );

    for (const [key, entry] of Object.entries<EntrySpec>(inputs.accessEntries ?? {})) {
      accessEntry(`${name}-${key}`, cluster, entry, parent);
    }

    const issuer = cluster.identities.apply(
      (identities) => identities[0]?.oidcs?.[0]?.issuer ?? "",
    );
    const group = cluster.vpcConfig.clusterSecurityGroupId;
    this.state = {
      eksCluster: cluster,
      core: { cluster, endpoint: cluster.endpoint },
      kubeconfig,
      kubeconfigJson: kubeconfig.apply((config) => JSON.stringify(config)),
      clusterSecurityGroupId: group,
      nodeSecurityGroupId: group,
      instanceRoles: [],
      oidcProviderUrl: issuer,
      oidcIssuer: issuer.apply((url) => url.replace("https://", "")),
      oidcProviderArn: "",
      defaultNodeGroupAsgName: "",
      clusterIngressRuleId: "",
      autoModeNodeRoleName: "",
      fargateProfileId: "",
      fargateProfileStatus: "",
    };
    this.registerOutputs(this.state);
  }
}

/** What EKS Auto Mode does in the cluster's name. */
const autoPolicies = ["Compute", "BlockStorage", "LoadBalancing", "Networking"];

class ServiceRole extends pulumi.ComponentResource {
  readonly role: aws.iam.Role;
  /** The role once its policy is attached. */
  readonly resolved: pulumi.Output<aws.iam.Role>;

  constructor(
    name: string,
    tags: Record<string, string> | undefined,
    auto: boolean,
    opts: pulumi.ComponentResourceOptions,
  ) {
    super("eks:index:ServiceRole", name, {}, opts);
    const policies = ["Cluster", ...(auto ? autoPolicies : [])];
    this.role = new aws.iam.Role(
      `${name}-role`,
      {
        description: "Allows EKS to manage clusters on your behalf.",
        assumeRolePolicy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [
            {
              Action: ["sts:AssumeRole", "sts:TagSession"],
              Effect: "Allow",
              Principal: { Service: ["eks.amazonaws.com"] },
            },
          ],
        }),
        tags,
      },
      { parent: this },
    );
    const attachments = policies.map((policy) => {
      const policyArn = `arn:aws:iam::aws:policy/AmazonEKS${policy}Policy`;
      const suffix = createHash("sha1").update(policyArn).digest("hex").slice(0, 8);
      return new aws.iam.RolePolicyAttachment(
        `${name}-${suffix}`,
        { policyArn, role: this.role },
        { parent: this },
      );
    });
    this.resolved = pulumi
      .all([this.role.arn, ...attachments.map(({ id }) => id)])
      .apply(() => this.role);
    this.registerOutputs({ resolvedRole: this.resolved, directRole: this.role });
  }
}

function accessEntry(
  name: string,
  cluster: aws.eks.Cluster,
  { username, accessPolicies, ...spec }: EntrySpec,
  opts: pulumi.CustomResourceOptions,
): void {
  const entry = new aws.eks.AccessEntry(
    name,
    { ...spec, clusterName: cluster.name, userName: username },
    { ...opts, dependsOn: [cluster] },
  );
  for (const [key, { policyArn, accessScope }] of Object.entries(accessPolicies ?? {})) {
    new aws.eks.AccessPolicyAssociation(
      `${name}-${key}`,
      { clusterName: cluster.name, principalArn: spec.principalArn, policyArn, accessScope },
      { ...opts, parent: entry, dependsOn: [entry] },
    );
  }
}

function kubeconfigOf(clusterName: string, server: string, ca: string, region: string) {
  return {
    apiVersion: "v1",
    clusters: [{ cluster: { server, "certificate-authority-data": ca }, name: "kubernetes" }],
    contexts: [{ context: { cluster: "kubernetes", user: "aws" }, name: "aws" }],
    "current-context": "aws",
    kind: "Config",
    users: [
      {
        name: "aws",
        user: {
          exec: {
            apiVersion: "client.authentication.k8s.io/v1beta1",
            command: "aws",
            args: [
              "--region",
              region,
              "eks",
              "get-token",
              "--cluster-name",
              clusterName,
              "--output",
              "json",
            ],
            env: [
              {
                name: "KUBERNETES_EXEC_INFO",
                value: '{"apiVersion": "client.authentication.k8s.io/v1beta1"}',
              },
            ],
          },
        },
      },
    ],
  };
}
