import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { evaluate, only } from "../../tools/graph/evaluate.ts";
import type { Evaluation, Resource } from "../../tools/graph/resource.ts";

/** Pulumi's own bookkeeping and our components make nothing in a cloud. */
const isPlatform = ({ type }: Resource) =>
  type.startsWith("platform:") || type === "pulumi:pulumi:Stack";
const isProvider = ({ type }: Resource) => type.startsWith("pulumi:providers:");

/** A policy, which the provider takes as text or as an object. */
const documentOf = (policy: string | object) =>
  typeof policy === "string" ? JSON.parse(policy) : policy;

for (const stack of ["dev", "prod"] as const) {
  describe(`stack ${stack}`, () => {
    let evaluation: Evaluation;
    let resources: Resource[];
    const ofType = (type: string) => resources.filter((resource) => resource.type === type);
    const inputsAsText = () =>
      resources.map(({ urn, inputs }) => `${urn} ${JSON.stringify(inputs)}`);

    before(async () => {
      evaluation = await evaluate(stack);
      resources = evaluation.resources;
    });

    it("puts no resource on a default provider", () => {
      const providers = new Set(resources.filter(isProvider).map(({ urn }) => urn));
      for (const { urn, provider } of resources.filter((r) => !isPlatform(r) && !isProvider(r))) {
        for (const one of [provider].flat()) {
          assert.ok(one && providers.has(one), `${urn} is on the provider ${one}`);
        }
      }
    });

    it("is bound to one account and region", () => {
      const provider = only(resources, "pulumi:providers:aws");
      assert.equal(provider.inputs.region, "eu-central-1");
      assert.match(String(provider.inputs.allowedAccountIds), /111122223333/);
    });

    it("gives every log group a retention", () => {
      const groups = ofType("aws:cloudwatch/logGroup:LogGroup");
      assert.ok(groups.length >= 6);
      for (const { urn, inputs } of groups) assert.ok(inputs.retentionInDays > 0, urn);
    });

    it("opens nothing to the whole internet but the load balancer", () => {
      // A route through NAT lets nobody in.
      const open = inputsAsText().filter(
        (text) => /0\.0\.0\.0\/0|::\/0/.test(text) && !text.includes("natGatewayId"),
      );
      assert.deepEqual(
        open.map((text) => text.split(" ")[0]),
        [
          resources.find(({ type, name }) => name === "load-balancer" && type.endsWith(":Ingress"))
            ?.urn,
        ],
      );
    });

    it("encrypts Kubernetes secrets, and with keys that rotate", () => {
      for (const { urn, inputs } of ofType("aws:kms/key:Key")) {
        assert.equal(inputs.enableKeyRotation, true, urn);
      }
      assert.ok(only(resources, "eks:index:Cluster").inputs.encryptionConfigKeyArn);
    });

    it("grants no action on everything", () => {
      const policies = resources.filter(({ type }) => /RolePolicy$|:Policy$/.test(type));
      assert.ok(policies.length > 0);
      for (const { urn, inputs } of policies) {
        for (const { Action } of documentOf(inputs.policy).Statement) {
          for (const action of [Action].flat()) assert.doesNotMatch(action, /\*/, urn);
        }
      }
    });

    it("gives each service account's role to exactly one service account", () => {
      const subjects = ofType("aws:iam/role:Role").flatMap(({ inputs }) => {
        const [statement] = documentOf(inputs.assumeRolePolicy).Statement;
        const equals = statement.Condition?.StringEquals;
        return equals
          ? Object.values<string>(equals).filter((value) => /^system:/.test(value))
          : [];
      });
      assert.deepEqual(subjects.sort(), [
        "system:serviceaccount:amazon-cloudwatch:cloudwatch-agent",
        "system:serviceaccount:kube-system:aws-load-balancer-controller",
        "system:serviceaccount:kube-system:aws-node",
        "system:serviceaccount:kube-system:cluster-autoscaler",
        "system:serviceaccount:web:web",
      ]);
    });

    it("grants nothing in Kubernetes but by access entries", () => {
      const grants = resources.filter(({ type }) => /rbac|Webhook/.test(type));
      assert.deepEqual(grants, []);
    });

    it("puts no secret into Kubernetes, nor into a pod's environment", () => {
      assert.deepEqual(ofType("kubernetes:core/v1:Secret"), []);
      assert.doesNotMatch(inputsAsText().join("\n"), /secretKeyRef|secretRef/);
    });

    it("makes no pod that nothing would make again", () =>
      assert.deepEqual(ofType("kubernetes:core/v1:Pod"), []));

    it("names the image by digest", () => {
      const { spec } = only(resources, "kubernetes:apps/v1:Deployment").inputs;
      assert.match(spec.template.spec.containers[0].image, /^[^@]+@sha256:[0-9a-f]{64}$/);
    });

    it("has the outputs that people work with", () => {
      assert.deepEqual(Object.keys(evaluation.outputs).sort(), [
        "clusterName",
        "dnsRecords",
        "imageReferences",
        "kubeconfig",
        "logGroups",
        "pullRequests",
        "release",
        "url",
      ]);
      const url = {
        dev: /^http:\/\/.+\.elb\.amazonaws\.com$/,
        prod: /^https:\/\/platform\.example\.com$/,
      };
      assert.match(String(evaluation.outputs.url), url[stack]);
    });

    it("follows the naming of its components", () => {
      const components = resources.filter(({ type }) => type.startsWith("platform:"));
      assert.deepEqual([...new Set(components.map(({ type }) => type))].sort(), [
        "platform:addons:Autoscaler",
        "platform:addons:ContainerInsights",
        "platform:addons:FilesDriver",
        "platform:addons:Keda",
        "platform:addons:LoadBalancerController",
        "platform:addons:SecretsStore",
        "platform:addons:SpareCapacity",
        "platform:cluster:Access",
        "platform:cluster:Cluster",
        "platform:cluster:Nodes",
        "platform:edge:Certificate",
        "platform:edge:Edge",
        "platform:edge:Firewall",
        "platform:edge:HostNames",
        "platform:edge:LoadBalancerLogs",
        "platform:iam:ServiceAccountRole",
        "platform:image:Images",
        "platform:image:ServiceImage",
        "platform:network:Endpoints",
        "platform:network:NatGateways",
        "platform:network:Network",
        ...(stack === "prod"
          ? [
              "platform:observability:Alarms",
              "platform:observability:Dashboard",
              "platform:observability:ImageFindings",
              "platform:observability:Notifications",
            ]
          : []),
        "platform:observability:Observability",
        "platform:observability:SavedQueries",
        "platform:resources:Resources",
        "platform:service:Admission",
        "platform:service:LoadBalancer",
        "platform:service:PullRequests",
        "platform:service:Service",
        "platform:service:Services",
      ]);
      for (const { name } of resources) assert.doesNotMatch(name, /\b(dev|prod)\b|eu-central/);
    });
  });
}
