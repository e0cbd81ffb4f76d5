import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { only } from "../../../tools/graph/evaluate.ts";
import { missingEdges } from "../../../tools/graph/required-order.ts";
import type { Properties, Resource } from "../../../tools/graph/resource.ts";
import { capacityOf } from "../../../tools/plan/capacity-section.ts";
import { costOf } from "../../../tools/plan/cost/cost.ts";
import { quotasOf } from "../../../tools/plan/quotas.ts";
import { policyViolations } from "../../../tools/plan/violations.ts";
import { plans } from "../../recorded/plans.ts";
import { allows } from "../../support/iam-simulate.ts";

const poolType = "kubernetes:karpenter.sh/v1:NodePool";
const classType = "kubernetes:eks.amazonaws.com/v1:NodeClass";

describe("EKS Auto Mode", () => {
  let resources: Resource[];
  before(async () => {
    ({ resources } = (await plans.auto?.()) ?? assert.fail());
  });
  const ofType = (type: string) => resources.filter((one) => one.type === type);

  it("is on in the cluster, without node pools, add-ons and groups of EKS's own", () => {
    const { inputs } = only(resources, "eks:index:Cluster");
    assert.deepEqual(inputs.autoMode, {
      enabled: true,
      createNodeRole: false,
      computeConfig: { nodePools: [] },
    });
    assert.equal(inputs.bootstrapSelfManagedAddons, false);
    assert.deepEqual(
      ofType("aws:eks/addon:Addon").map((one) => one.inputs.addonName),
      ["metrics-server", "amazon-cloudwatch-observability"],
    );
    assert.deepEqual(
      [
        ...ofType("aws:eks/nodeGroup:NodeGroup"),
        ...ofType("aws:ec2/launchTemplate:LaunchTemplate"),
      ],
      [],
    );
  });

  it("starts nodes as the settings say, in private subnets, with the stack's tags", () => {
    const { spec } = only(resources, poolType).inputs;
    assert.deepEqual(spec.limits, { cpu: "48", memory: "192Gi" });
    const values = Object.fromEntries(
      spec.template.spec.requirements.map(({ key, values }: Properties) => [key, values]),
    );
    assert.deepEqual(values["karpenter.sh/capacity-type"], ["spot", "on-demand"]);
    assert.equal(spec.template.spec.expireAfter, "336h");
    const nodeClass = only(resources, classType).inputs;
    assert.deepEqual(spec.template.spec.nodeClassRef, {
      group: "eks.amazonaws.com",
      kind: "NodeClass",
      name: nodeClass.metadata.name,
    });
    assert.notEqual(nodeClass.metadata.name, "default");
    assert.equal(nodeClass.spec.subnetSelectorTerms.length, 3);
    assert.equal(nodeClass.spec.ephemeralStorage.size, "20Gi");
    assert.equal(nodeClass.spec.tags.Name, "auto-node");
  });

  it("enforces network policies", () => {
    const { metadata, data } = only(resources, "kubernetes:core/v1:ConfigMap").inputs;
    assert.deepEqual([metadata.namespace, metadata.name], ["kube-system", "amazon-vpc-cni"]);
    assert.equal(data["enable-network-policy-controller"], "true");
    assert.equal(only(resources, classType).inputs.spec.networkPolicy, "DefaultAllow");
  });

  it("lets pods resolve names by their node, which no selector of a policy finds", () => {
    const policies = ofType("kubernetes:networking.k8s.io/v1:NetworkPolicy");
    const declared = policies.filter(({ name }) => name.endsWith("to-declared"));
    assert.equal(declared.length, 2);
    for (const { inputs } of declared) {
      const [{ to, ports }] = inputs.spec.egress;
      assert.deepEqual(
        to.map(({ ipBlock }: Properties) => ipBlock.cidr),
        ["172.20.0.10/32", "10.100.0.10/32"],
      );
      assert.deepEqual(
        ports.map(({ port }: Properties) => port),
        [53, 53],
      );
    }
    assert.doesNotMatch(JSON.stringify(policies), /kube-dns/);
  });

  it("lets its nodes join by an entry of their role, which has the least rights", () => {
    const profile = only(resources, "aws:iam/instanceProfile:InstanceProfile");
    assert.match(profile.outputs.name, /^eks/);
    assert.equal(only(resources, classType).inputs.spec.instanceProfile, profile.outputs.name);
    const role = profile.inputs.role;
    assert.deepEqual(
      ofType("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
        .filter(({ inputs }) => inputs.role === role)
        .map(({ inputs }) => inputs.policyArn.split("/").at(-1)),
      ["AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"],
    );
    const entry = ofType("aws:eks/accessEntry:AccessEntry").find(({ inputs }) => inputs.type);
    assert.equal(entry?.inputs.type, "EC2");
    assert.ok(entry?.inputs.principalArn.endsWith(`/${role}`));
    const policies = ofType("aws:eks/accessPolicyAssociation:AccessPolicyAssociation");
    const own = policies.find(({ inputs }) => inputs.principalArn === entry?.inputs.principalArn);
    assert.match(own?.inputs.policyArn, /\/AmazonEKSAutoNodePolicy$/);
  });

  it("may tag what it starts in its own cluster, and nothing else", async () => {
    const { inputs } = ofType("aws:iam/rolePolicy:RolePolicy").find(
      ({ name }) => name === "cluster-auto-nodes",
    ) as Resource;
    const role = {
      name: inputs.role,
      policies: [{ name: "tags", document: inputs.policy }],
    };
    const asked = (cluster: string) => ({
      action: "ec2:RunInstances",
      resource: "arn:aws:ec2:eu-central-1:111122223333:instance/i-0123456789abcdef0",
      context: {
        "aws:PrincipalTag/eks:eks-cluster-name": "auto",
        "aws:RequestTag/eks:eks-cluster-name": cluster,
        "aws:RequestTag/eks:kubernetes-node-class-name": "platform",
        "aws:RequestTag/eks:kubernetes-node-pool-name": "platform",
      },
    });
    assert.equal(await allows(role, asked("auto")), true);
    assert.equal(await allows(role, asked("other")), false);
  });

  it("goes before what its nodes need, and waits for them", () => {
    assert.deepEqual(missingEdges(resources), []);
    for (const type of [poolType, classType]) {
      const { annotations } = only(resources, type).inputs.metadata;
      assert.equal(annotations["pulumi.com/deletionPropagationPolicy"], "foreground");
    }
    const without = resources.map((one) =>
      one.type === poolType ? { ...one, dependsOn: [], propertyDependencies: {} } : one,
    );
    assert.match(
      missingEdges(without).join(),
      /NodePool cluster-auto-nodes must be deleted before/,
    );
  });

  it("breaks no rule of the policy pack", () => {
    assert.deepEqual(policyViolations(resources), []);
  });

  it("has nodes in two zones at least, by the pods of the load balancer controller", () => {
    const release = only(
      resources.filter(({ inputs }) => inputs.chart === "aws-load-balancer-controller"),
      "kubernetes:helm.sh/v3:Release",
    );
    const [spread, ...others] = release.inputs.values.topologySpreadConstraints;
    assert.deepEqual(others, []);
    assert.deepEqual(
      [spread.topologyKey, spread.whenUnsatisfiable, spread.maxSkew, spread.minDomains],
      ["topology.kubernetes.io/zone", "DoNotSchedule", 1, 2],
    );
    assert.equal(release.inputs.values.replicaCount, 2);
  });

  it("is billed for each node beside its price", () => {
    const nodesOf = (all: Resource[]) =>
      costOf(all).fixed.find(({ what }) => what.includes("node of EKS Auto Mode"))?.count;
    // Four pods of one service in three zones.
    assert.equal(nodesOf(resources), 3);
    const isService = ({ type }: Resource) => /:(Deployment|HorizontalPodAutoscaler)$/.test(type);
    assert.equal(nodesOf(resources.filter((one) => !isService(one))), 2, "for the controller");
    const { fixed, unknown, assumptions } = costOf(resources);
    const [node, fee] = ["node of EKS Auto Mode", "EKS Auto Mode for"].map((what) =>
      fixed.find((one) => one.what.includes(what)),
    );
    assert.equal(fee?.count, node?.count);
    assert.ok(Math.abs((fee?.monthly ?? 0) / (node?.monthly ?? 1) - 0.12) < 0.001);
    assert.deepEqual(unknown, []);
    assert.match(assumptions.join(), /12 % of the price on demand for EKS Auto Mode/);
  });

  it("holds all pods within its limits, and in its subnets", () => {
    const lines = capacityOf(resources).map(({ of, what }) => `${of}: ${what}`);
    assert.match(lines.join("\n"), /^EKS Auto Mode: nodes of m7g\.large, .* up to 48 vCPUs/m);
    assert.match(lines.join("\n"), /2 metrics-server, .* on its nodes: \d+ vCPUs/);
    assert.doesNotMatch(lines.join("\n"), /coredns/);
    const { used = 0 } = quotasOf(resources).find(({ what }) => /addresses/.test(what)) ?? {};
    // 8 nodes a zone of 3 interfaces and 3 prefixes of 16, and those of AWS.
    assert.equal(used, 8 * (3 + 3 * 16) + 6);
  });
});
