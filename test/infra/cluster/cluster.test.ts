import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { Cluster, type ClusterArgs } from "../../../infra/cluster/cluster.ts";
import { Network } from "../../../infra/network/network.ts";
import { deploy, only } from "../../../tools/graph/evaluate.ts";
import type { Resource } from "../../../tools/graph/resource.ts";

const logs = { retentionDays: 7, keepOnDestroy: false } as const;
const principal = (name: string) => `arn:aws:iam::111122223333:role/${name}`;

const cluster = (changes: Partial<ClusterArgs> = {}) =>
  deploy(() => {
    const network = new Network("network", {
      region: "eu-central-1",
      cidrBlock: "10.0.0.0/16",
      zones: ["eu-central-1a", "eu-central-1b"],
      egress: "gateway",
      natPerZone: false,
      tags: {},
      interfaceEndpoints: [],
      gatewayEndpoints: [],
      logs,
    });
    return new Cluster("cluster", {
      name: "platform-test",
      identity: "irsa",
      needsTokens: false,
      kubernetesVersion: "1.36",
      publicAccess: false,
      publicAccessCidrs: [],
      admins: [principal("Admin")],
      deployers: [principal("Deployer")],
      viewers: [principal("Viewer")],
      auditors: [principal("Auditor")],
      debug: [principal("Viewer")],
      debugImage: "docker.io/library/busybox:1.37.0",
      logTypes: ["api", "audit"],
      deletionProtection: true,
      addonVersions: {},
      podAddresses: { prefixDelegation: false },
      network,
      nodes: {
        architecture: "arm64",
        operatingSystem: "al2023",
        instanceTypes: ["t4g.medium"],
        capacityType: "ON_DEMAND",
        minSize: 2,
        desiredSize: 2,
        maxSize: 4,
        diskSizeGiB: 20,
        groups: {},
        groupPerZone: false,
      },
      zones: 2,
      logs,
      autoscaled: true,
      running: {},
      deployerNamespaces: ["web"],
      tags: { team: "shop" },
      ...changes,
    });
  });

const nodes = {
  groups: {},
  groupPerZone: false,
  architecture: "amd64",
  operatingSystem: "bottlerocket",
  instanceTypes: ["t3.medium"],
  capacityType: "ON_DEMAND",
  minSize: 2,
  desiredSize: 2,
  maxSize: 4,
  diskSizeGiB: 50,
} as const;

describe("cluster", () => {
  let resources: Resource[];
  const controlPlane = () => only(resources, "eks:index:Cluster");
  const nodeGroup = () => only(resources, "aws:eks/nodeGroup:NodeGroup");
  const launchTemplate = () => only(resources, "aws:ec2/launchTemplate:LaunchTemplate");
  const addon = (name: string): Resource => {
    const found = resources.find(({ inputs }) => inputs.addonName === name);
    assert.ok(found, name);
    return found;
  };

  before(async () => {
    resources = await cluster();
  });

  it("is reached by access entries alone, each with what its list means", () => {
    assert.equal(controlPlane().inputs.authenticationMode, "API");
    const access = (name: string) => {
      const own = resources.filter(({ inputs }) => inputs.principalArn === principal(name));
      only(own, "aws:eks/accessEntry:AccessEntry");
      const { inputs } = only(own, "aws:eks/accessPolicyAssociation:AccessPolicyAssociation");
      return [String(inputs.policyArn).split("/").at(-1), inputs.accessScope.namespaces];
    };
    assert.deepEqual(access("Admin"), ["AmazonEKSClusterAdminPolicy", undefined]);
    assert.deepEqual(access("Deployer"), ["AmazonEKSEditPolicy", ["web"]]);
    assert.deepEqual(access("Viewer"), ["AmazonEKSViewPolicy", undefined]);
    assert.deepEqual(access("Auditor"), ["AmazonEKSAdminViewPolicy", undefined]);
    assert.equal(controlPlane().inputs.accessEntries, undefined, "those of the component move");
  });

  it("gives principals of one name in two accounts an entry each", async () => {
    const admins = ["111122223333", "444455556666"].map((id) => `arn:aws:iam::${id}:role/Admin`);
    const entries = (await cluster({ admins })).filter(({ type }) => type.endsWith(":AccessEntry"));
    const principals = entries.map(({ inputs }) => inputs.principalArn);
    for (const admin of admins) assert.ok(principals.includes(admin), admin);
  });

  it("keeps access to its API until the last Kubernetes object is gone", () => {
    const provider = only(resources, "pulumi:providers:kubernetes");
    const associations = resources.filter(({ type }) => type.endsWith(":AccessPolicyAssociation"));
    assert.equal(associations.length, 4);
    for (const { urn } of associations) assert.ok(provider.dependsOn.includes(urn), urn);
  });

  it("gives its control plane the subnets of two zones, whatever zones the nodes have", () => {
    assert.equal(controlPlane().inputs.privateSubnetIds.length, 2);
    assert.equal(controlPlane().inputs.publicSubnetIds, undefined);
  });

  it("has a private endpoint, and a public one only for the networks named", async () => {
    const { inputs } = controlPlane();
    assert.equal(inputs.endpointPrivateAccess, true);
    assert.equal(inputs.endpointPublicAccess, false);
    assert.equal(inputs.publicAccessCidrs, undefined);
    const open = await cluster({ publicAccess: true, publicAccessCidrs: ["203.0.113.0/24"] });
    assert.deepEqual(only(open, "eks:index:Cluster").inputs.publicAccessCidrs, ["203.0.113.0/24"]);
  });

  it("never falls into extended support, and is protected when asked", () => {
    assert.deepEqual(controlPlane().inputs.upgradePolicy, { supportType: "STANDARD" });
    assert.equal(controlPlane().inputs.deletionProtection, true);
  });

  it("refuses to be destroyed as a whole, when protected", async () => {
    assert.equal(only(resources, "aws:kms/key:Key").protect, true);
    const open = await cluster({ deletionProtection: false });
    assert.equal(only(open, "aws:kms/key:Key").protect, false);
  });

  it("writes its logs into a group that was there first", () => {
    const group = only(
      resources.filter(({ name }) => name === "cluster-control-plane"),
      "aws:cloudwatch/logGroup:LogGroup",
    );
    assert.equal(group.inputs.name, "/aws/eks/platform-test/cluster");
    assert.ok(controlPlane().dependsOn.includes(group.urn));
  });

  it("keeps its log group to the last, because EKS delivers after the cluster's end", () => {
    const group = resources.find(({ name }) => name === "cluster-control-plane");
    assert.deepEqual(group?.dependsOn, []);
  });

  it("leaves nodes, add-ons and identity provider to us", () => {
    const { inputs } = controlPlane();
    assert.equal(inputs.skipDefaultNodeGroup, true);
    assert.equal(inputs.bootstrapSelfManagedAddons, false);
    assert.equal(inputs.useDefaultVpcCni, true);
    assert.equal(inputs.createOidcProvider, false);
    assert.equal(inputs.kubeProxyAddonOptions.enabled, false);
    assert.equal(inputs.corednsAddonOptions.enabled, false);
  });

  it("has nodes in private subnets, of the architecture and system asked for", async () => {
    const vpc = only(resources, "awsx:ec2:Vpc");
    assert.deepEqual(nodeGroup().inputs.subnetIds, vpc.outputs.privateSubnetIds);
    assert.equal(nodeGroup().inputs.amiType, "AL2023_ARM_64_STANDARD");
    const other = only(
      await cluster({ nodes: { ...nodes, instanceTypes: ["t3.medium"] } }),
      "aws:eks/nodeGroup:NodeGroup",
    );
    assert.equal(other.inputs.amiType, "BOTTLEROCKET_x86_64");
  });

  it("has nodes that repair themselves and update one at a time", () => {
    assert.equal(nodeGroup().inputs.nodeRepairConfig.enabled, true);
    assert.deepEqual(nodeGroup().inputs.updateConfig, { maxUnavailable: 1 });
    assert.ok(addon("eks-node-monitoring-agent").dependsOn.includes(nodeGroup().urn));
  });

  it("asks for the sizes, the capacity type and the image release that the stack names", async () => {
    const sizes = { minSize: 3, desiredSize: 4, maxSize: 5 };
    const asked = {
      ...nodes,
      ...sizes,
      instanceTypes: ["t3.medium"],
      capacityType: "SPOT" as const,
      release: "1.50.0-0a1b2c3d",
    };
    const group = only(
      await cluster({ nodes: asked, autoscaled: false }),
      "aws:eks/nodeGroup:NodeGroup",
    );
    assert.deepEqual(group.inputs.scalingConfig, sizes);
    assert.equal(group.inputs.capacityType, "SPOT");
    assert.equal(group.inputs.releaseVersion, "1.50.0-0a1b2c3d");
  });

  it("has one group a zone by a setting, each in its own subnet, with its share and its tag", async () => {
    const spot = {
      ...{ instanceTypes: ["t3.large", "t3a.large"], capacityType: "SPOT" as const },
      ...{ minSize: 2, maxSize: 3 },
    };
    const warmPool = { size: 2, state: "STOPPED" as const };
    const several = { ...nodes, instanceTypes: ["t3.medium"], groups: { spot }, warmPool };
    const made = await cluster({ nodes: { ...several, groupPerZone: true } });
    const groups = made.filter(({ type }) => type === "aws:eks/nodeGroup:NodeGroup");
    const [first = "", second = ""] = only(made, "awsx:ec2:Vpc").outputs.privateSubnetIds;
    assert.deepEqual(
      groups
        .map(({ name, inputs }) => [
          ...[name, inputs.subnetIds, inputs.tags, inputs.capacityType],
          ...[inputs.scalingConfig.maxSize, inputs.warmPoolConfig],
        ])
        .sort(),
      [
        ["cluster-nodes-1", first, "1", "ON_DEMAND", 2, 1],
        ["cluster-nodes-2", second, "2", "ON_DEMAND", 2, 1],
        ["cluster-nodes-spot-1", first, "spot-1", "SPOT", 2, 0],
        ["cluster-nodes-spot-2", second, "spot-2", "SPOT", 1, 0],
      ].map(([name, subnet, key, capacityType, maxSize, waiting]) => [
        ...[name, [subnet], { "node-group": key }, capacityType, maxSize],
        waiting === 0
          ? undefined
          : { minSize: waiting, maxGroupPreparedCapacity: waiting, poolState: "STOPPED" },
      ]),
    );
    assert.deepEqual(
      new Set(groups.map(({ inputs }) => inputs.launchTemplate.id)).size,
      1,
      "else the autoscaler takes groups of two zones for unlike ones",
    );
  });

  it("encrypts every disk", async () => {
    const disks = [
      launchTemplate(),
      only(
        await cluster({ nodes: { ...nodes, instanceTypes: ["t3.medium"] } }),
        "aws:ec2/launchTemplate:LaunchTemplate",
      ),
    ].flatMap(({ inputs }) => inputs.blockDeviceMappings);
    assert.equal(disks.length, 3);
    for (const { ebs } of disks) {
      assert.equal(ebs.encrypted, "true");
      assert.equal(ebs.volumeType, "gp3");
    }
  });

  it("keeps the node's credentials from pods", () => {
    const { metadataOptions } = launchTemplate().inputs;
    assert.equal(metadataOptions.httpTokens, "required");
    assert.equal(metadataOptions.httpPutResponseHopLimit, 1);
  });

  it("leaves the kubelet as EKS's image has it", () => {
    for (const setting of ["userData", "imageId", "keyName"]) {
      assert.equal(launchTemplate().inputs[setting], undefined, setting);
    }
  });

  it("tags instances and volumes, which do not inherit the provider's tags", () => {
    const { tagSpecifications } = launchTemplate().inputs;
    assert.deepEqual(
      tagSpecifications.map(({ resourceType }: { resourceType: string }) => resourceType),
      ["instance", "volume"],
    );
    for (const { tags } of tagSpecifications) assert.equal(tags.team, "shop");
  });

  it("enforces network policies, by a role of the CNI's own", () => {
    const { configurationValues, serviceAccountRoleArn } = addon("vpc-cni").inputs;
    assert.equal(JSON.parse(configurationValues).enableNetworkPolicy, "true");
    assert.ok(serviceAccountRoleArn);
    const onNodes = resources.filter(
      ({ type, inputs }) =>
        type.endsWith(":RolePolicyAttachment") && /^cluster-nodes/.test(inputs.role),
    );
    assert.doesNotMatch(JSON.stringify(onNodes.map(({ inputs }) => inputs)), /CNI/);
  });

  it("has add-ons at AWS's default for the Kubernetes version, or where the stack pins them", async () => {
    const older = await cluster({ kubernetesVersion: "1.35" });
    for (const { inputs } of older.filter(({ type }) => type === "aws:eks/addon:Addon")) {
      assert.match(inputs.addonVersion, /^v1\.35\./);
    }
    const pinned = await cluster({ addonVersions: { coredns: "v1.14.3-eksbuild.1" } });
    assert.equal(
      pinned.find(({ inputs }) => inputs.addonName === "coredns")?.inputs.addonVersion,
      "v1.14.3-eksbuild.1",
    );
  });

  it("gives nodes prefixes by the CNI and a launch template of another version", async () => {
    const env = (of: Resource[]) =>
      JSON.parse(
        of.find(({ inputs }) => inputs.addonName === "vpc-cni")?.inputs.configurationValues,
      ).env;
    assert.deepEqual(env(resources), { POD_SECURITY_GROUP_ENFORCING_MODE: "standard" });
    assert.equal(launchTemplate().inputs.description, undefined);
    const dense = await cluster({ podAddresses: { prefixDelegation: true } });
    assert.equal(env(dense).ENABLE_PREFIX_DELEGATION, "true");
    assert.equal(env(dense).WARM_PREFIX_TARGET, "1");
    assert.match(
      only(dense, "aws:ec2/launchTemplate:LaunchTemplate").inputs.description,
      /prefixes/,
    );
  });

  it("brings up the CNI before nodes, and CoreDNS after them", () => {
    assert.ok(nodeGroup().dependsOn.includes(addon("vpc-cni").urn));
    assert.ok(nodeGroup().dependsOn.includes(addon("kube-proxy").urn));
    assert.ok(addon("coredns").dependsOn.includes(nodeGroup().urn));
    assert.ok(addon("metrics-server").dependsOn.includes(nodeGroup().urn));
  });

  it("is the same cluster for Kubernetes objects when its kubeconfig changes", () => {
    const provider = only(resources, "pulumi:providers:kubernetes");
    assert.equal(provider.inputs.clusterIdentifier, "platform-test");
  });
});
