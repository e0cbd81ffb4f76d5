import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { before, describe, it } from "mocha";
import { Autoscaler, type AutoscalerArgs, imageTags } from "../../../infra/addons/autoscaler.ts";
import { deploy, only } from "../../../tools/graph/evaluate.ts";
import { missingEdges } from "../../../tools/graph/required-order.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { policyViolations } from "../../../tools/plan/violations.ts";

const releaseType = "kubernetes:helm.sh/v3:Release";
const args: AutoscalerArgs = {
  prerequisites: [],
  enabled: true,
  spareCapacity: { replicas: 0, cpuMillicores: 500, memoryMiB: 512 },
  kubernetesVersion: "1.36",
  cluster: {
    name: pulumi.output("platform-test"),
    identity: { oidc: { arn: pulumi.output("arn"), issuer: pulumi.output("oidc.example/id/1") } },
    securityGroupId: pulumi.output("sg-1"),
  },
  network: { privateSubnetIds: pulumi.output(["subnet-a", "subnet-b"]) },
  karpenter: undefined,
  tags: {},
  clusterName: "platform-test",
  region: "eu-central-1",
  accountId: "111122223333",
  longestGraceSeconds: 102,
};
const autoscaler = (changes: Partial<AutoscalerArgs> = {}) =>
  deploy(() => new Autoscaler("autoscaler", { ...args, ...changes }));
const made = (resources: Resource[]) =>
  resources.filter(({ type }) => !/^(platform|pulumi):/.test(type));

describe("autoscaler", () => {
  // biome-ignore lint/suspicious/noExplicitAny: the chart's values
  let values: any;
  let resources: Resource[];
  before(async () => {
    resources = await autoscaler();
    ({ values } = only(resources, releaseType).inputs);
  });

  it("is nothing when it is off", async () => {
    const spareCapacity = { ...args.spareCapacity, replicas: 3 };
    assert.deepEqual(made(await autoscaler({ enabled: false, spareCapacity })), []);
  });

  it("has its component type", () => {
    only(resources, "platform:addons:Autoscaler");
    only(resources, "platform:addons:SpareCapacity");
  });

  it("runs the image of the cluster's Kubernetes version", async () => {
    for (const [minor, tag] of Object.entries(imageTags)) {
      assert.ok(tag.startsWith(`v${minor}.`), `${tag} for ${minor}`);
    }
    const older = only(await autoscaler({ kubernetesVersion: "1.35" }), releaseType);
    assert.match(older.inputs.values.image.tag, /^v1\.35\./);
  });

  it("needs no instance metadata, which pods cannot reach", () => {
    assert.equal(values.awsRegion, "eu-central-1");
  });

  it("finds the groups of its own cluster, by the tags that it may change them by", () => {
    assert.deepEqual(values.autoDiscovery, { clusterName: "platform-test" });
  });

  it("survives the loss of a node, and stands in the way of no upgrade", () => {
    assert.equal(values.replicaCount, 2);
    assert.deepEqual(values.podDisruptionBudget, { maxUnavailable: 1 });
    assert.equal(values.topologySpreadConstraints[0].topologyKey, "kubernetes.io/hostname");
  });

  it("runs without rights on its node", () => {
    const { securityContext, containerSecurityContext } = values;
    assert.equal(securityContext.runAsNonRoot, true);
    assert.equal(securityContext.seccompProfile.type, "RuntimeDefault");
    assert.deepEqual(containerSecurityContext, {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      privileged: false,
      readOnlyRootFilesystem: true,
    });
  });

  it("lets every pod drain for as long as its clock says", async () => {
    const grace = async (longestGraceSeconds: number) =>
      only(await autoscaler({ longestGraceSeconds }), releaseType).inputs.values.extraArgs[
        "max-graceful-termination-sec"
      ];
    assert.equal(await grace(5000), 5000);
    assert.equal(await grace(102), 600);
  });

  it("waits for its role with its policy", () => {
    const { dependsOn } = only(resources, releaseType);
    assert.ok(dependsOn.some((urn) => urn.includes("ServiceAccountRole")));
    const account = values.rbac.serviceAccount;
    assert.match(account.annotations["eks.amazonaws.com/role-arn"], /role\/autoscaler/);
    const { assumeRolePolicy } = only(resources, "aws:iam/role:Role").inputs;
    assert.ok(assumeRolePolicy.includes(`system:serviceaccount:kube-system:${account.name}`));
  });

  describe("on AWS", () => {
    interface Statement {
      Action: string | string[];
      Resource: string;
      Condition?: { StringEquals: Record<string, string> };
    }
    let statements: Statement[];
    before(() => {
      const { policy } = only(resources, "aws:iam/rolePolicy:RolePolicy").inputs;
      statements = (typeof policy === "string" ? JSON.parse(policy) : policy).Statement;
    });
    const granted = (pick: (statement: Statement) => boolean) =>
      statements
        .filter(pick)
        .flatMap(({ Action }) => Action)
        .sort();

    it("changes only groups that EKS has tagged as the cluster's", () => {
      const changing = (action: string) => !/^[a-z0-9]+:Describe/.test(action);
      const statement = statements.filter(({ Action }) => [Action].flat().some(changing));
      assert.deepEqual(granted((one) => statement.includes(one)).filter(changing), [
        "autoscaling:SetDesiredCapacity",
        "autoscaling:TerminateInstanceInAutoScalingGroup",
      ]);
      for (const { Resource, Condition } of statement) {
        assert.match(Resource, /^arn:aws:autoscaling:eu-central-1:111122223333:autoScalingGroup:/);
        const { StringEquals } = Condition ?? {};
        const owned = "aws:ResourceTag/k8s.io/cluster-autoscaler/platform-test";
        assert.equal(StringEquals?.[owned], "owned");
      }
    });

    it("describes the node groups of no other cluster", () => {
      const [statement] = statements.filter(({ Action }) => Action === "eks:DescribeNodegroup");
      assert.match(statement?.Resource ?? "", /:nodegroup\/platform-test\/\*\/\*$/);
    });

    it("describes the rest, and has no other action on everything", () => {
      assert.deepEqual(
        granted(({ Resource }) => Resource === "*"),
        [
          "autoscaling:DescribeAutoScalingGroups",
          "autoscaling:DescribeScalingActivities",
          "ec2:DescribeInstanceTypes",
          "ec2:DescribeLaunchTemplateVersions",
        ],
      );
    });
  });
});

describe("the spare capacity", () => {
  const spareCapacity = { replicas: 3, cpuMillicores: 500, memoryMiB: 512 };
  let resources: Resource[];
  const inputs = (type: string) => only(resources, `kubernetes:${type}`).inputs;
  const pod = () => inputs("apps/v1:Deployment").spec.template.spec;
  before(async () => {
    resources = await autoscaler({ spareCapacity });
  });

  it("breaks no policy", () => {
    const objects = resources.filter(({ type }) => type.startsWith("kubernetes:"));
    assert.deepEqual(policyViolations(objects), []);
  });

  it("is nothing without replicas", async () => {
    const objects = made(await autoscaler()).filter(({ type }) => /^kubernetes:/.test(type));
    assert.deepEqual(
      objects.map(({ type }) => type),
      [releaseType],
    );
  });

  it("gives way to every pod, and yet counts for the autoscaler", () => {
    const { value, preemptionPolicy, globalDefault } = inputs("scheduling.k8s.io/v1:PriorityClass");
    assert.ok(value < 0);
    // Cluster Autoscaler's default of expendable-pods-priority-cutoff.
    assert.ok(value >= -10);
    assert.equal(preemptionPolicy, "Never");
    assert.ok(!globalDefault);
    assert.equal(
      pod().priorityClassName,
      only(resources, "kubernetes:scheduling.k8s.io/v1:PriorityClass").outputs.metadata.name,
    );
    assert.equal(pod().terminationGracePeriodSeconds, 0);
  });

  it("asks for what the setting says", () => {
    assert.equal(inputs("apps/v1:Deployment").spec.replicas, 3);
    assert.deepEqual(pod().containers[0].resources.requests, { cpu: "500m", memory: "512Mi" });
  });

  it("does not hold an update up while it waits for a node", () => {
    const { metadata, spec } = inputs("apps/v1:Deployment");
    assert.equal(metadata.annotations["pulumi.com/skipAwait"], "true");
    assert.equal(spec.strategy.type, "Recreate");
  });

  it("keeps to the restricted pod security standard", () => {
    const { labels } = inputs("core/v1:Namespace").metadata;
    assert.equal(labels["pod-security.kubernetes.io/enforce"], "restricted");
    const { securityContext, containers, automountServiceAccountToken } = pod();
    assert.equal(automountServiceAccountToken, false);
    assert.equal(securityContext.runAsNonRoot, true);
    assert.equal(securityContext.seccompProfile.type, "RuntimeDefault");
    assert.equal(containers[0].securityContext.allowPrivilegeEscalation, false);
    assert.deepEqual(containers[0].securityContext.capabilities, { drop: ["ALL"] });
    assert.match(containers[0].image, /:[\d.]+@sha256:[0-9a-f]{64}$/);
  });

  it("reaches nothing, and is bounded", () => {
    const { spec } = inputs("networking.k8s.io/v1:NetworkPolicy");
    assert.deepEqual(spec, { podSelector: {}, policyTypes: ["Ingress", "Egress"] });
    const { hard } = inputs("core/v1:ResourceQuota").spec;
    assert.equal(hard.pods, "3");
    assert.equal(hard["requests.cpu"], "1500m");
    assert.equal(hard["requests.memory"], "1536Mi");
  });

  it("comes after the autoscaler and goes before it", () => {
    assert.deepEqual(missingEdges(resources), []);
    const forgetful = resources.map((one) =>
      one.type.startsWith("kubernetes:") || one.type === "platform:addons:SpareCapacity"
        ? { ...one, dependsOn: one.dependsOn.filter((urn) => !urn.includes(releaseType)) }
        : one,
    );
    assert.match(
      missingEdges(forgetful).join("\n"),
      /Deployment spare-capacity.* deleted before Release autoscaler.*add dependsOn Release autoscaler to SpareCapacity spare-capacity/,
    );
  });
});
