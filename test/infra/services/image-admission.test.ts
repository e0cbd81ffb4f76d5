import assert from "node:assert/strict";
import { evaluate as cel } from "@marcbachmann/cel-js";
import { before, describe, it } from "mocha";
import { Admission, type AdmissionArgs } from "../../../infra/services/image-admission.ts";
import { deploy, evaluate, only } from "../../../tools/graph/evaluate.ts";
import { outlivedBy, prerequisites } from "../../../tools/graph/order.ts";
import type { Resource } from "../../../tools/graph/resource.ts";

const types = {
  policy: "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy",
  binding: "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding",
  namespace: "kubernetes:core/v1:Namespace",
};
const registry = "111122223333.dkr.ecr.eu-central-1.amazonaws.com";
const digest = `sha256:${"a".repeat(64)}`;
const good = { name: "web", image: `${registry}/web-1@${digest}` };
/** Not what decides who may enter containers. */
const ofImages = (resources: Resource[]) =>
  resources.filter(({ name }) => name !== "admission-debug");
const pod = (...images: string[]) => ({ containers: images.map((image) => ({ image })) });

describe("admission", () => {
  const args = { namespaces: ["web", "orders"], registries: [registry], applicationSignals: false };
  const admission = (changes: Partial<AdmissionArgs> = {}) =>
    deploy(() => new Admission("admission", { ...args, ...changes }));
  let resources: Resource[];
  before(async () => {
    resources = await admission();
  });

  /** What the API server would say of a pod, by the policy's own CEL; throws where that fails. */
  const refusals = (spec: object, judged = resources): string[] => {
    const { variables, validations } = only(ofImages(judged), types.policy).inputs.spec;
    const known: Record<string, unknown> = {};
    for (const { name, expression } of variables) {
      known[name] = cel(expression, { object: { spec } });
    }
    return validations
      .filter(({ expression }: { expression: string }) => !cel(expression, { variables: known }))
      .map(({ message }: { message: string }) => message);
  };

  it("lets in images of ours, by digest", () => {
    assert.deepEqual(refusals({ containers: [good, good], initContainers: [good] }), []);
  });

  it("refuses a tag, and a digest that is none", () => {
    for (const image of [
      `${registry}/web-1`,
      `${registry}/web-1:1.0.0`,
      `${registry}/web-1@sha256:abc`,
      `${registry}/web-1@${digest}0`,
    ]) {
      assert.match(refusals(pod(image)).join(), /^every image must be named by digest/, image);
    }
  });

  it("refuses other registries, also those whose name begins or ends like ours", () => {
    for (const host of [
      "docker.io/library",
      "444455556666.dkr.ecr.eu-central-1.amazonaws.com",
      `${registry}.example.com`,
      `example.com/${registry}`,
    ]) {
      const image = `${host}/web-1@${digest}`;
      assert.deepEqual(refusals(pod(image)), [`every image must come from ${registry}`], image);
    }
  });

  it("refuses one bad image among good ones, wherever it is", () => {
    const bad = { name: "debug", image: "busybox" };
    for (const field of ["containers", "initContainers", "ephemeralContainers"]) {
      const spec = { containers: [good], [field]: [good, bad] };
      assert.equal(refusals(spec).length, 2, field);
    }
  });

  it("refuses what it cannot judge", () => {
    assert.equal(only(resources, types.policy).inputs.spec.failurePolicy, "Fail");
    assert.throws(() => refusals({ containers: [{ name: "web" }] }), /image/);
  });

  it("lets in every registry that the stack deploys from", async () => {
    const other = "444455556666.dkr.ecr.eu-central-1.amazonaws.com";
    const both = await admission({ registries: [registry, other] });
    assert.deepEqual(refusals(pod(good.image, `${other}/web-1@${digest}`), both), []);
  });

  it("lets in the agent of Application Signals before a pod, and only where it is on", async () => {
    const on = await admission({ applicationSignals: true });
    const withAgent = (image: string) => ({ containers: [good], initContainers: [{ image }] });
    const name = "adot-autoinstrumentation-node:v0.7.0";
    for (const from of [
      "public.ecr.aws/aws-observability",
      "602401143452.dkr.ecr.eu-central-1.amazonaws.com/eks/observability",
    ]) {
      assert.deepEqual(refusals(withAgent(`${from}/${name}`), on), []);
      assert.notDeepEqual(refusals(withAgent(`${from}/${name}`)), []);
      assert.notDeepEqual(refusals(pod(`${from}/${name}`), on), []);
    }
    assert.notDeepEqual(refusals(withAgent(`docker.io/someone/${name}`), on), []);
    assert.notDeepEqual(refusals(withAgent(`public.ecr.aws/x/y:${name}`), on), []);
  });

  it("judges pods when they are made, changed and debugged, in the services' namespaces alone", () => {
    const [rule, ...more] = only(resources, types.policy).inputs.spec.matchConstraints
      .resourceRules;
    assert.deepEqual(more, []);
    assert.deepEqual(rule.operations, ["CREATE", "UPDATE"]);
    assert.deepEqual(rule.resources, ["pods", "pods/ephemeralcontainers"]);
    const { spec } = only(resources, types.binding).inputs;
    assert.equal(spec.policyName, only(resources, types.policy).outputs.metadata.name);
    assert.deepEqual(spec.validationActions, ["Deny"]);
    assert.deepEqual(spec.matchResources.namespaceSelector.matchExpressions, [
      { key: "kubernetes.io/metadata.name", operator: "In", values: ["web", "orders"] },
    ]);
  });

  for (const stack of ["dev", "prod"]) {
    it(`lets in what ${stack} deploys, is there before it and outlives it`, async () => {
      const planned = (await evaluate(stack)).resources;
      const deployments = planned.filter(
        ({ type, name }) => type === "kubernetes:apps/v1:Deployment" && name !== "spare-capacity",
      );
      assert.ok(deployments.length > 0);
      for (const { inputs } of deployments) {
        assert.deepEqual(refusals(inputs.spec.template.spec, planned), []);
      }
      const needs = prerequisites(planned);
      const namespaces = planned.filter(
        ({ type, name }) => type === types.namespace && name !== "spare-capacity",
      );
      for (const { urn } of namespaces) {
        const survivors = outlivedBy(urn, needs);
        for (const type of [types.policy, types.binding]) {
          assert.ok(survivors.has(only(ofImages(planned), type).urn), urn);
        }
      }
    });
  }
});
