import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "mocha";
import { parseDocument } from "yaml";
import { only } from "../../../tools/graph/evaluate.ts";
import { missingEdges } from "../../../tools/graph/required-order.ts";
import type { Properties, Resource } from "../../../tools/graph/resource.ts";
import { type Role, rolesOf } from "../../../tools/graph/roles.ts";
import { policyViolations } from "../../../tools/plan/violations.ts";
import { plans } from "../../recorded/plans.ts";
import { allows, type Request } from "../../support/iam-simulate.ts";
import { evaluateWith } from "../../support/other-settings.ts";

const poolType = "kubernetes:karpenter.sh/v1:NodePool";
const classType = "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass";
const here = "eu-central-1:111122223333";
const ec2 = (kind: string) => `arn:aws:ec2:${here}:${kind}/x-0123456789abcdef0`;

describe("Karpenter", () => {
  let resources: Resource[];
  let releases: Properties[];
  before(async () => {
    ({ resources } = (await plans.karpenter?.()) ?? assert.fail());
    releases = resources
      .filter(({ type, inputs }) => type.endsWith(":Release") && /karpenter/.test(inputs.chart))
      .map(({ inputs }) => inputs);
  });

  it("comes with its definitions in a chart of their own, of one version", () => {
    const [definitions, controller] = releases.toSorted((a, b) => b.name.localeCompare(a.name));
    assert.deepEqual(
      [definitions?.chart, controller?.chart],
      ["-crd", ""].map((one) => `oci://public.ecr.aws/karpenter/karpenter${one}`),
    );
    assert.equal(controller?.skipCrds, true);
    assert.equal(definitions?.version, controller?.version);
    assert.ok(releases.every(({ atomic, timeout }) => atomic === true && timeout === 600));
  });

  it("survives the loss of a node, and hears of those that AWS takes back", () => {
    const { values } = releases.find(({ name }) => name === "karpenter") ?? {};
    assert.equal(values.replicas, 2);
    assert.equal(values.dnsPolicy, "Default");
    const queue = only(resources, "aws:sqs/queue:Queue");
    assert.equal(values.settings.interruptionQueue, queue.outputs.name);
    assert.equal(queue.inputs.sqsManagedSseEnabled, true);
    const patterns = resources
      .filter(({ type }) => type.endsWith(":EventRule"))
      .map(({ inputs }) => JSON.parse(inputs.eventPattern)["detail-type"]?.[0]);
    for (const event of [
      "AWS Health Event",
      "EC2 Spot Instance Interruption Warning",
      "EC2 Instance Rebalance Recommendation",
      "EC2 Instance State-change Notification",
    ]) {
      assert.ok(patterns.includes(event), event);
    }
  });

  it("starts no node in a zone that a zonal shift has taken out of service", () => {
    const { values } = releases.find(({ name }) => name === "karpenter") ?? {};
    assert.equal(values.settings.enableZonalShift, true);
  });

  it("starts nodes as the settings say, with encrypted disks and no credentials for pods", () => {
    const { spec } = only(resources, poolType).inputs;
    assert.deepEqual(spec.limits, { cpu: "48", memory: "192Gi" });
    const values = Object.fromEntries(
      spec.template.spec.requirements.map(({ key, values }: Properties) => [key, values]),
    );
    assert.deepEqual(values["karpenter.sh/capacity-type"], ["spot", "on-demand"]);
    assert.deepEqual(values["kubernetes.io/arch"], ["arm64"]);
    const { spec: nodeClass } = only(resources, classType).inputs;
    assert.deepEqual(nodeClass.amiSelectorTerms, [{ alias: "al2023@v20261112" }]);
    assert.equal(nodeClass.metadataOptions.httpTokens, "required");
    assert.equal(nodeClass.metadataOptions.httpPutResponseHopLimit, 1);
    assert.ok(nodeClass.blockDeviceMappings.every(({ ebs }: Properties) => ebs.encrypted === true));
    assert.equal(nodeClass.subnetSelectorTerms.length, 3);
    assert.equal(nodeClass.securityGroupSelectorTerms.length, 1);
  });

  it("counts the pods of its nodes by prefixes, where the CNI gives them", async () => {
    assert.equal(only(resources, classType).inputs.spec.kubelet, undefined);
    const settings = parseDocument(readFileSync("test/recorded/Pulumi.karpenter.yaml", "utf8"));
    settings.setIn(["config", "platform:cluster", "podAddresses", "prefixDelegation"], true);
    const dense = (await evaluateWith("karpenter", String(settings))).resources;
    assert.deepEqual(only(dense, classType).inputs.spec.kubelet, { maxPods: 110 });
  });

  it("ends its nodes before it goes, and waits for them", () => {
    assert.deepEqual(missingEdges(resources), []);
    for (const type of [poolType, classType]) {
      const { inputs } = only(resources, type);
      const { annotations } = inputs.metadata;
      assert.equal(annotations["pulumi.com/deletionPropagationPolicy"], "foreground");
    }
    const { terminationGracePeriod } = only(resources, poolType).inputs.spec.template.spec;
    assert.equal(terminationGracePeriod, "900s");
  });

  it("breaks no rule of the policy pack", async () => {
    assert.deepEqual(await policyViolations(resources), []);
  });

  describe("its role", () => {
    let role: Role;
    let nodeRole: string;
    const tag = (kind: "RequestTag" | "ResourceTag", cluster = "karpenter") => ({
      [`aws:${kind}/kubernetes.io/cluster/${cluster}`]: "owned",
      [`aws:${kind}/karpenter.sh/nodepool`]: "default",
    });
    const region = { "aws:RequestedRegion": "eu-central-1" };
    const asked = { ...tag("RequestTag"), "aws:RequestTag/eks:eks-cluster-name": "karpenter" };
    before(() => {
      const roles = rolesOf(resources);
      role = roles.find(({ name }) => /^karpenter-(?!node)/.test(name)) ?? assert.fail();
      nodeRole = roles.find(({ name }) => name.startsWith("karpenter-node-"))?.name ?? "";
    });
    const request = (action: string, resource: string, context: Request["context"] = {}) => ({
      action,
      resource,
      context,
    });

    it("launches with the cluster's tags, and ends what has them", async () => {
      for (const one of [
        request("ec2:RunInstances", ec2("instance"), asked),
        request("ec2:CreateFleet", ec2("fleet"), asked),
        request("ec2:CreateLaunchTemplate", ec2("launch-template"), asked),
        request("ec2:RunInstances", ec2("subnet")),
        request("ec2:RunInstances", ec2("launch-template"), tag("ResourceTag")),
        request("ec2:CreateTags", ec2("instance"), {
          ...asked,
          "ec2:CreateAction": "RunInstances",
        }),
        request("ec2:TerminateInstances", ec2("instance"), tag("ResourceTag")),
        request("ec2:DeleteLaunchTemplate", ec2("launch-template"), tag("ResourceTag")),
        request("ec2:DescribeInstances", "*", region),
        request("iam:PassRole", `arn:aws:iam::111122223333:role/${nodeRole}`, {
          "iam:PassedToService": "ec2.amazonaws.com",
        }),
        request("iam:ListInstanceProfiles", "*"),
        request("arc-zonal-shift:GetManagedResource", "*", {
          "arc-zonal-shift:ResourceIdentifier": `arn:aws:eks:${here}:cluster/karpenter`,
        }),
        request(
          "iam:CreateServiceLinkedRole",
          "arn:aws:iam::111122223333:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot",
          { "iam:AWSServiceName": "spot.amazonaws.com" },
        ),
      ]) {
        assert.equal(await allows(role, one), true, JSON.stringify(one));
      }
    });

    it("touches nothing of others", async () => {
      for (const one of [
        request("arc-zonal-shift:GetManagedResource", "*", {
          "arc-zonal-shift:ResourceIdentifier": `arn:aws:eks:${here}:cluster/other`,
        }),
        request("ec2:RunInstances", ec2("instance")),
        request("ec2:CreateFleet", ec2("fleet"), {
          ...asked,
          "aws:RequestTag/eks:eks-cluster-name": "other",
        }),
        request("ec2:RunInstances", ec2("launch-template"), tag("ResourceTag", "other")),
        request("ec2:TerminateInstances", ec2("instance")),
        request("ec2:TerminateInstances", ec2("instance"), tag("ResourceTag", "other")),
        request("ec2:CreateTags", ec2("instance"), {
          ...tag("ResourceTag"),
          "aws:TagKeys": ["owner"],
        }),
        request("ec2:DescribeInstances", "*", { "aws:RequestedRegion": "us-east-1" }),
        request("iam:PassRole", "arn:aws:iam::111122223333:role/admin", {
          "iam:PassedToService": "ec2.amazonaws.com",
        }),
        request(
          "iam:CreateServiceLinkedRole",
          "arn:aws:iam::111122223333:role/aws-service-role/rds",
          {
            "iam:AWSServiceName": "rds.amazonaws.com",
          },
        ),
        request("sqs:ReceiveMessage", `arn:aws:sqs:${here}:another`),
        request("eks:DescribeCluster", `arn:aws:eks:${here}:cluster/other`),
      ]) {
        assert.equal(await allows(role, one), false, JSON.stringify(one));
      }
    });
  });
});
