import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { evaluate, only } from "../../../tools/graph/evaluate.ts";
import { type Manifest, manifestsOf } from "../../../tools/graph/manifests.ts";
import { faultsOf } from "../../support/schemas.ts";

for (const stack of ["dev", "prod"]) {
  describe(`manifests of stack ${stack}`, () => {
    let manifests: Manifest[];
    let faults: (manifest: Manifest) => string[];
    before(async () => {
      const { resources } = await evaluate(stack);
      manifests = manifestsOf(resources);
      faults = faultsOf(only(resources, "eks:index:Cluster").inputs.version);
    });
    const faultsWith = (change: (deployment: Manifest) => void) => {
      const deployment = structuredClone(manifests.find(({ kind }) => kind === "Deployment"));
      assert.ok(deployment);
      change(deployment);
      return faults(deployment).join("\n");
    };
    const container = ({ spec }: Manifest) => spec.template.spec.containers[0];

    it("are what the stack's Kubernetes version takes, without a field that it does not know", () => {
      assert.ok(manifests.length >= 10);
      assert.deepEqual(manifests.flatMap(faults), []);
    });

    it("are not when a field is of another type, misspelled or missing", () => {
      assert.match(
        faultsWith(({ spec }) => {
          spec.replicas = "three";
        }),
        /spec\/replicas/,
      );
      assert.match(
        faultsWith((one) => {
          container(one).livenessProbe.periodSecond = 1;
        }),
        /livenessProbe must NOT have additional properties.*periodSecond/,
      );
      assert.match(
        faultsWith((one) => {
          delete container(one).name;
        }),
        /required property 'name'/,
      );
      assert.match(
        faultsWith(({ spec }) => {
          delete spec.selector;
        }),
        /required property 'selector'/,
      );
    });

    it("are not when the kind has no such version", () => {
      assert.throws(
        () =>
          faults({ apiVersion: "extensions/v1beta1", kind: "Ingress", metadata: { name: "old" } }),
        /add extensions\/v1beta1\/Ingress/,
      );
    });
  });
}
