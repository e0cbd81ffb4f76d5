import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { evaluate as cel } from "@marcbachmann/cel-js";
import { before, describe, it } from "mocha";
import { parseDocument } from "yaml";
import { debugGroup } from "../../../infra/cluster/access.ts";
import { Admission } from "../../../infra/services/image-admission.ts";
import { deploy, only } from "../../../tools/graph/evaluate.ts";
import { outlivedBy, prerequisites } from "../../../tools/graph/order.ts";
import type { Evaluation, Resource } from "../../../tools/graph/resource.ts";
import { evaluateWith } from "../../support/other-settings.ts";

const types = {
  policy: "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy",
  binding: "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding",
  namespace: "kubernetes:core/v1:Namespace",
  role: "kubernetes:rbac.authorization.k8s.io/v1:Role",
  roleBinding: "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
  entry: "aws:eks/accessEntry:AccessEntry",
};
const role = (name: string) => `arn:aws:iam::111122223333:role/${name}`;

/** What EKS tells of a caller, as its audit log has it. */
const caller = (canonicalArn: string) => ({
  username: `${canonicalArn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")}/ada`,
  uid: "aws-iam-authenticator:111122223333:AROAEXAMPLE",
  groups: ["system:authenticated"],
  extra: {
    accessKeyId: ["ASIAEXAMPLE"],
    arn: [`${canonicalArn}/ada`],
    canonicalArn: [canonicalArn],
    principalId: ["AROAEXAMPLE"],
    sessionName: ["ada"],
  },
});

const debugging = (resources: Resource[]) =>
  resources.filter(({ name }) => name === "admission-debug");

/** Why the API server would keep a caller out, by the policy's own CEL. */
const refusals = (resources: Resource[], userInfo: object): string[] =>
  only(debugging(resources), types.policy)
    .inputs.spec.validations.filter(
      ({ expression }: { expression: string }) => !cel(expression, { request: { userInfo } }),
    )
    .map(({ message }: { message: string }) => message);

describe("who may enter containers", () => {
  const admission = (debuggers?: string[]) =>
    deploy(
      () =>
        new Admission("admission", {
          namespaces: ["web", "orders"],
          registries: ["111122223333.dkr.ecr.eu-central-1.amazonaws.com"],
          applicationSignals: false,
          debuggers,
        }),
    );

  it("is whoever has the right in Kubernetes, where nothing is said", async () =>
    assert.deepEqual(debugging(await admission()), []));

  it("is nobody where nobody is named, administrators neither", async () => {
    const resources = await admission([]);
    for (const userInfo of [caller(role("PlatformAdmin")), { groups: ["system:masters"] }]) {
      assert.deepEqual(refusals(resources, userInfo), [
        "nobody may enter containers here: cluster.debug of the stack names nobody",
      ]);
    }
  });

  it("is who is named, and nobody whose name only looks alike", async () => {
    const user = "arn:aws:iam::111122223333:user/staff/grace";
    const resources = await admission([role("Developer"), user]);
    assert.deepEqual(refusals(resources, caller(role("Developer"))), []);
    assert.deepEqual(refusals(resources, caller(user)), []);
    const strangers = ["Developers", "developer", "Admin"].map(role);
    for (const arn of [...strangers, "arn:aws:iam::444455556666:role/Developer"]) {
      assert.equal(refusals(resources, caller(arn)).length, 1, arn);
    }
  });

  it("is a role with a path, of which EKS leaves the path out or not", async () => {
    const path = "aws-reserved/sso.amazonaws.com/eu-central-1";
    const resources = await admission([role(`${path}/AWSReservedSSO_Dev_0a1b`)]);
    assert.deepEqual(refusals(resources, caller(role("AWSReservedSSO_Dev_0a1b"))), []);
    assert.deepEqual(refusals(resources, caller(role(`${path}/AWSReservedSSO_Dev_0a1b`))), []);
  });

  it("is nobody whom IAM does not know: service accounts, and who acts as one", async () => {
    const resources = await admission([role("Developer")]);
    for (const extra of [undefined, {}, { "authentication.kubernetes.io/pod-name": ["web-1"] }]) {
      const userInfo = { username: "system:serviceaccount:web:web", ...(extra && { extra }) };
      assert.equal(refusals(resources, userInfo).length, 1);
    }
  });

  it("is asked at each way in, in the namespaces alone, and refused as forbidden", async () => {
    const resources = debugging(await admission([role("Developer")]));
    const { inputs } = only(resources, types.policy);
    assert.equal(inputs.spec.failurePolicy, "Fail");
    assert.equal(inputs.spec.validations[0].reason, "Forbidden");
    const ways = inputs.spec.matchConstraints.resourceRules.map(
      (one: { operations: string[]; resources: string[] }) => [one.operations, one.resources],
    );
    assert.deepEqual(ways, [
      [["CONNECT"], ["pods/exec", "pods/attach", "pods/portforward"]],
      [["UPDATE"], ["pods/ephemeralcontainers"]],
    ]);
    const { spec } = only(resources, types.binding).inputs;
    assert.deepEqual(spec.validationActions, ["Deny"]);
    assert.equal(spec.policyName, only(resources, types.policy).outputs.metadata.name);
    assert.deepEqual(spec.matchResources.namespaceSelector.matchExpressions, [
      { key: "kubernetes.io/metadata.name", operator: "In", values: ["web", "orders"] },
    ]);
  });
});

/** The plan of a stack with other settings. */
function plannedWith(stack: string, settings: Record<string, unknown>): Promise<Evaluation> {
  const file = parseDocument(readFileSync(`Pulumi.${stack}.yaml`, "utf8"));
  for (const [key, value] of Object.entries(settings)) {
    const [slice, ...rest] = key.split(".");
    file.setIn(["config", `platform:${slice}`, ...rest], value);
  }
  return evaluateWith(stack, String(file));
}

describe("cluster.debug", function () {
  this.timeout(60_000);

  it("changes nothing of a stack in development that names nobody", async () => {
    const { resources } = await plannedWith("dev", {});
    const made = resources.filter(({ name, type }) => /debug/.test(name) || /rbac/.test(type));
    assert.deepEqual(made, []);
  });

  it("keeps everybody out in production, and gives nobody a right", async () => {
    const { resources } = await plannedWith("prod", {});
    assert.equal(refusals(resources, caller(role("PlatformAdmin"))).length, 1);
    assert.deepEqual(
      resources.filter(({ type }) => /rbac/.test(type)),
      [],
    );
  });

  describe("that names a viewer of the stack prod, which has a job", () => {
    let resources: Resource[];
    let outputs: Evaluation["outputs"];
    before(async () => {
      ({ resources, outputs } = await plannedWith("prod", {
        "cluster.debug": [role("Developer")],
        "jobs.tidy": { image: { sameAs: "web" }, schedule: "0 3 * * *" },
      }));
    });

    it("lets that one in, and the other principals not", () => {
      assert.deepEqual(refusals(resources, caller(role("Developer"))), []);
      for (const name of ["PlatformAdmin", "ServiceDeployer"]) {
        assert.equal(refusals(resources, caller(role(name))).length, 1, name);
      }
      const groups = resources
        .filter(({ type }) => type === types.entry)
        .map(({ inputs }) => [inputs.principalArn, inputs.kubernetesGroups]);
      assert.deepEqual(groups, [
        [role("PlatformAdmin"), undefined],
        [role("ServiceDeployer"), undefined],
        [role("Developer"), [debugGroup]],
      ]);
    });

    it("gives the group what it needs in each namespace of a service or a job, and nowhere else", () => {
      const grants = resources.filter(({ type }) => /rbac/.test(type));
      assert.equal(grants.length, 4);
      for (const namespace of ["web", "tidy"]) {
        const own = grants.filter(({ inputs }) => inputs.metadata.namespace === namespace);
        const { inputs } = only(own, types.role);
        assert.deepEqual(inputs.rules, [
          { apiGroups: [""], resources: ["pods/exec"], verbs: ["get", "create"] },
          { apiGroups: [""], resources: ["pods/ephemeralcontainers"], verbs: ["patch"] },
          {
            apiGroups: ["rbac.authorization.k8s.io"],
            resources: ["roles"],
            resourceNames: ["debug"],
            verbs: ["get"],
          },
        ]);
        const binding = only(own, types.roleBinding).inputs;
        assert.equal(binding.roleRef.name, "debug");
        assert.deepEqual(
          binding.subjects.map(({ kind, name }: { kind: string; name: string }) => [kind, name]),
          [["Group", debugGroup]],
        );
      }
    });

    it("keeps the debug image in a registry of its own, which a release knows nothing of", () => {
      only(
        resources.filter(({ name }) => name === "debug-image"),
        "aws:ecr/repository:Repository",
      );
      const [build, ...more] = resources.filter(({ name }) => name.startsWith("debug-image-"));
      assert.deepEqual(more, []);
      assert.equal(build?.inputs.build.args.IMAGE, "public.ecr.aws/docker/library/busybox:1.37.0");
      for (const { inputs } of resources.filter(({ type }) => type === types.role)) {
        assert.match(
          inputs.metadata.annotations["platform/debug-image"],
          /^111122223333\.dkr\.ecr\.[^@]+@sha256:[0-9a-f]{64}$/,
        );
      }
      assert.deepEqual(Object.keys(outputs.imageReferences as object), ["web"]);
    });

    it("is in force before the first namespace is there, and until the last is gone", () => {
      const needs = prerequisites(resources);
      const namespaces = resources.filter(
        ({ type, name }) => type === types.namespace && ["web", "tidy"].includes(name),
      );
      assert.equal(namespaces.length, 2);
      for (const { urn } of namespaces) {
        const survivors = outlivedBy(urn, needs);
        for (const type of [types.policy, types.binding]) {
          assert.ok(survivors.has(only(debugging(resources), type).urn), urn);
        }
      }
    });
  });
});
