import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "mocha";
import { parse, stringify } from "yaml";
import { Environment } from "../../projects/pull-request/environment.ts";
import { deploy } from "../../tools/graph/evaluate.ts";
import { missingEdges } from "../../tools/graph/required-order.ts";
import type { Resource } from "../../tools/graph/resource.ts";
import { rolesOf } from "../../tools/graph/roles.ts";
import { evaluateWith } from "../support/other-settings.ts";
import { images, settings } from "../support/preview-settings.ts";

type Settings = Record<string, Record<string, unknown>>;

describe("a stack whose roles are by EKS Pod Identity", () => {
  const associationType = "aws:eks/podIdentityAssociation:PodIdentityAssociation";
  const file = new URL("../recorded/Pulumi.identity.yaml", import.meta.url);
  const made = async (change: (config: Settings) => void = () => {}) => {
    const whole = parse(readFileSync(file, "utf8"));
    change(whole.config);
    return (await evaluateWith("identity", stringify(whole))).resources;
  };
  let stack: Resource[];
  before(async function () {
    this.timeout(60_000);
    stack = await made();
  });
  const ofType = (type: string, resources = stack) => resources.filter((one) => one.type === type);

  it("has no identity provider, and no account has the annotation of IRSA", () => {
    assert.deepEqual(ofType("aws:iam/openIdConnectProvider:OpenIdConnectProvider"), []);
    assert.doesNotMatch(JSON.stringify(stack), /eks\.amazonaws\.com\/role-arn/);
    assert.deepEqual(missingEdges(stack), []);
  });

  it("has the agent before nodes and add-ons that need it", () => {
    const edge = (from: RegExp, to: RegExp) =>
      missingEdges(
        stack.map((one) => ({
          ...one,
          dependsOn: from.test(one.urn)
            ? one.dependsOn.filter((urn) => !to.test(urn))
            : one.dependsOn,
        })),
      ).join();
    assert.match(edge(/::cluster-vpc-cni$/, /::cluster-eks-pod-identity-agent$/), /from the agent/);
    assert.match(
      edge(/::(cluster-nodes|cluster-vpc-cni)$/, /::cluster-eks-pod-identity-agent$/),
      /NodeGroup cluster-nodes must be deleted before .*eks-pod-identity-agent/,
    );
  });

  it("associates each account that a role trusts, but those of add-ons, which do it themselves", () => {
    const own = ofType(associationType).map(
      ({ inputs }) => `${inputs.namespace}/${inputs.serviceAccount}`,
    );
    const ofAddons = ofType("aws:eks/addon:Addon").flatMap(({ inputs }) =>
      (inputs.podIdentityAssociations ?? []).map((one: { serviceAccount: string }) => [
        inputs.addonName,
        one.serviceAccount,
        inputs.serviceAccountRoleArn,
      ]),
    );
    assert.deepEqual(ofAddons.sort(), [
      ["amazon-cloudwatch-observability", "cloudwatch-agent", undefined],
      ["vpc-cni", "aws-node", undefined],
    ]);
    const trusted = rolesOf(stack).flatMap(({ serviceAccount }) => serviceAccount ?? []);
    const withAddons = ["amazon-cloudwatch/cloudwatch-agent", "kube-system/aws-node"];
    assert.deepEqual([...own, ...withAddons].sort(), trusted.sort());
    assert.deepEqual(own.sort(), [
      ...["aws-load-balancer-controller", "cluster-autoscaler", "keda-operator"].map(
        (name) => `kube-system/${name}-pod-identity`,
      ),
      ...["tidy", "web", "worker"].map((name) => `${name}/${name}-pod-identity`),
    ]);
  });

  it("gives each role what it has with IRSA", async () => {
    const before = await made((config) => {
      (config["platform:cluster"] as Record<string, unknown>).identity = "irsa";
    });
    const powers = (resources: Resource[]) =>
      Object.fromEntries(
        rolesOf(resources).map(({ serviceAccount, policies }) => [
          serviceAccount?.replace(/-pod-identity$/, ""),
          JSON.stringify(policies.map((one) => ("arn" in one ? one.arn : one.document))).replaceAll(
            /-[0-9a-f]{7}\b/g,
            "",
          ),
        ]),
      );
    assert.deepEqual(powers(stack), powers(before));
  });

  it("lets the pods of services and jobs reach the agent of their node", () => {
    const reached = ofType("kubernetes:networking.k8s.io/v1:NetworkPolicy").filter(({ inputs }) =>
      JSON.stringify(inputs.spec.egress ?? []).includes('{"cidr":"169.254.170.23/32"}'),
    );
    assert.deepEqual(
      reached.map(({ inputs }) => [inputs.metadata.namespace, inputs.spec.egress[0].ports]).sort(),
      ["tidy", "web", "worker"].map((name) => [name, [{ port: 80, protocol: "TCP" }]]),
    );
  });

  it("lets the provider of secrets ask the agent", () => {
    const [one] = ofType("kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass");
    assert.equal(one?.inputs.spec.parameters.usePodIdentity, "true");
    assert.match(one?.inputs.metadata.name, /-pod-identity$/);
  });

  it("has the endpoint of EKS Auth instead of that of STS where nodes have no way out", async () => {
    const without = await made((config) => {
      (config["platform:network"] as Record<string, unknown>).egress = "none";
      delete ((config["platform:services"]?.worker ?? {}) as Record<string, unknown>).scale;
    });
    const endpoints = ofType("aws:ec2/vpcEndpoint:VpcEndpoint", without).map(
      ({ inputs }) => String(inputs.serviceName).split(".").at(-1) as string,
    );
    assert.ok(endpoints.includes("eks-auth") && !endpoints.includes("sts"), endpoints.join());
  });

  it("keeps IRSA for the driver of files, whose add-on associates its nodes' account with nothing", async () => {
    const withFiles = await made((config) => {
      config["platform:resources"] = { assets: { kind: "files" } };
      for (const [name, one] of [
        ...Object.entries(config["platform:services"] ?? {}),
        ...Object.entries(config["platform:jobs"] ?? {}),
      ] as [string, Record<string, unknown>][]) {
        one.uses = {};
        if (name === "worker") delete one.scale;
      }
    });
    assert.equal(
      ofType("aws:iam/openIdConnectProvider:OpenIdConnectProvider", withFiles).length,
      1,
    );
    const driver = ofType("aws:eks/addon:Addon", withFiles).find(
      ({ inputs }) => inputs.addonName === "aws-efs-csi-driver",
    );
    assert.ok(driver?.inputs.serviceAccountRoleArn);
    assert.deepEqual(missingEdges(withFiles), []);
  });

  it("gives an environment of a pull request its roles so", async () => {
    const clusterArn = "arn:aws:eks:eu-central-1:111122223333:cluster/platform-dev";
    const { web } = settings.services;
    assert.ok(web);
    const resources = await deploy(
      () =>
        new Environment("pr-12", {
          pullRequest: 12,
          images,
          settings: {
            ...settings,
            services: { web: { ...web, uses: { tasks: "readWrite" } } },
            aws: {
              provider: {
                region: "eu-central-1",
                allowedAccountIds: [],
                defaultTags: { tags: {} },
              },
              own: { tasks: { kind: "topic", deliverTo: [] } },
              podIdentity: { clusterName: "platform-dev", clusterArn },
              offered: [],
            } as unknown as typeof settings.aws,
          },
        }),
    );
    const [association] = ofType(associationType, resources);
    assert.equal(association?.inputs.serviceAccount, "pr-12-web-pod-identity");
    assert.deepEqual(
      rolesOf(resources).map(({ serviceAccount }) => serviceAccount),
      ["pr-12-web/pr-12-web-pod-identity"],
    );
  });
});
