import assert from "node:assert/strict";
import { Ajv } from "ajv";
import { before, describe, it } from "mocha";
import { evaluate, only } from "../../../tools/graph/evaluate.ts";
import { type Manifest, manifestsOf } from "../../../tools/graph/manifests.ts";
import { schemasOf } from "../../support/schemas.ts";

/** What Kubernetes of a version would not take of an object; a kind without a schema is an error. */
function faultsOf(version: string): (manifest: Manifest) => string[] {
  const { kinds, $defs } = schemasOf(version);
  const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
  ajv.addSchema({ $id: "kubernetes", $defs });
  return ({ apiVersion, kind, ...rest }) => {
    const schema = kinds[`${apiVersion}/${kind}`];
    if (!schema) throw new Error(`add ${apiVersion}/${kind} to schemas.ts and run it`);
    const validate = ajv.compile({ $ref: `kubernetes${schema.$ref}` });
    validate({ apiVersion, kind, ...rest });
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) =>
        `${kind}${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  };
}

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
