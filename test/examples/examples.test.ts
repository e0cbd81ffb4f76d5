import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "mocha";
import {
  type Access,
  linkRules,
  type ResourceConfig,
  stemOf,
} from "../../infra/config/resource-schema.ts";
import { evaluate, only, projectFolder } from "../../tools/graph/evaluate.ts";
import { type Manifest, manifestsOf } from "../../tools/graph/manifests.ts";
import { missingEdges } from "../../tools/graph/required-order.ts";
import type { Resource } from "../../tools/graph/resource.ts";
import { exampleStacks, settingsOf } from "../../tools/graph/stack-settings.ts";
import { costOf } from "../../tools/plan/cost/cost.ts";
import { dollars } from "../../tools/plan/cost/cost-text.ts";
import { policyViolations } from "../../tools/plan/violations.ts";
import { faultsOf } from "../support/schemas.ts";

interface Workload {
  image: { reference?: string; sameAs?: string; context?: string };
  calls?: string[];
  uses?: Record<string, Access>;
  worker?: boolean;
  port?: number;
  protocol?: string;
  args?: string[];
  environment?: Record<string, string>;
}

const examples = exampleStacks(projectFolder);

describe("examples", () => {
  it("are four applications, one of them with a worker and a scheduled job", () => {
    assert.deepEqual(examples, ["orders", "podinfo", "retail-store", "voting"]);
    const all = examples.map(workloadsOf);
    assert.ok(
      all.some(
        ({ services, jobs }) =>
          Object.values(services).some(({ worker }) => worker) && Object.keys(jobs).length > 0,
      ),
    );
  });
});

/** The services and jobs of an example, as its file has them. */
function workloadsOf(stack: string): Record<"services" | "jobs", Record<string, Workload>> {
  const { config } = settingsOf(stack, projectFolder);
  const of = (key: string) => JSON.parse(config[`platform:${key}`] ?? "{}");
  return { services: of("services"), jobs: of("jobs") };
}

/** The resources of an example, as its file has them. */
function resourcesOf(stack: string): Record<string, ResourceConfig> {
  return JSON.parse(settingsOf(stack, projectFolder).config["platform:resources"] ?? "{}");
}

for (const stack of examples) {
  describe(`the example ${stack}`, () => {
    let resources: Resource[];
    let manifests: Manifest[];
    const { services, jobs } = workloadsOf(stack);
    const workloads = Object.entries({ ...services, ...jobs });
    const calls = workloads.flatMap(([caller, { calls = [] }]) =>
      calls.map((callee) => ({ caller, callee })),
    );
    const own = stack === "orders";
    const readme = readFileSync(join(projectFolder, "examples", stack, "README.md"), "utf8");

    before(async () => {
      ({ resources } = await evaluate(stack));
      manifests = manifestsOf(resources);
    });
    const ofKind = (kind: string, namespace: string) =>
      manifests.filter((one) => one.kind === kind && one.metadata.namespace === namespace);
    const podOf = ({ spec }: Manifest) => (spec.jobTemplate?.spec ?? spec).template.spec;

    it(`has ${own ? "the code of every image" : "no code: every image is another's"}`, () => {
      for (const [name, { image }] of workloads) {
        const source = services[image.sameAs ?? ""]?.image ?? image;
        if (own) assert.equal(source.context, `examples/${stack}`, name);
        else assert.ok(source.reference, name);
      }
    });

    it("violates no policy, that of unprivileged pods included", () => {
      // The three programs of voting have the password of their database in their source.
      const known = stack === "voting" ? ["secrets-by-reference", "secrets-by-reference"] : [];
      const violations = policyViolations(resources);
      assert.deepEqual(
        violations.map(({ rule }) => rule),
        known,
      );
      assert.ok(violations.every(({ level }) => level === "advisory"));
      const type = "kubernetes:apps/v1:Deployment";
      const faulty = structuredClone(resources.find((one) => one.type === type)) as Resource;
      faulty.inputs.spec.template.spec.containers[0].securityContext.privileged = true;
      assert.deepEqual(
        policyViolations([faulty]).map(({ rule }) => rule),
        ["pods-unprivileged"],
      );
    });

    it("lacks no edge", () => assert.deepEqual(missingEdges(resources), []));

    it("has manifests that its Kubernetes takes, without a field that it does not know", () => {
      const faults = faultsOf(only(resources, "eks:index:Cluster").inputs.version);
      assert.ok(manifests.length > 20);
      // Kinds of add-ons; Kubernetes knows them by the add-ons' own schemas.
      const custom = /^(keda\.sh|secrets-store\.csi\.x-k8s\.io)\//;
      const itsOwn = manifests.filter(({ apiVersion }) => !custom.test(apiVersion));
      assert.equal(itsOwn.length < manifests.length, own);
      assert.deepEqual(itsOwn.flatMap(faults), []);
    });

    it("runs each service and job in a namespace that admits restricted pods alone", () => {
      for (const [name] of workloads) {
        const [namespace] = manifests.filter(
          ({ kind, metadata }) => kind === "Namespace" && metadata.name === name,
        );
        const labels = namespace?.metadata.labels as Record<string, string> | undefined;
        assert.equal(labels?.["pod-security.kubernetes.io/enforce"], "restricted", name);
        const [pod] = [...ofKind("Deployment", name), ...ofKind("CronJob", name)].map(podOf);
        assert.equal(pod?.securityContext.runAsNonRoot, true, name);
        for (const { image, securityContext } of pod.containers) {
          assert.match(image, /\.dkr\.ecr\..+@sha256:[0-9a-f]{64}$/, name);
          assert.equal(securityContext.readOnlyRootFilesystem, true, name);
        }
      }
    });

    it("lets each caller out to its callee and in there, and gives it the name", () => {
      assert.equal(calls.length > 0, !own);
      for (const { caller, callee } of calls) {
        const { port = 8080, protocol } = services[callee] as Workload;
        const name = protocol === "tcp" ? "tcp" : "http";
        const policies = (namespace: string, direction: "egress" | "ingress") =>
          ofKind("NetworkPolicy", namespace).flatMap(({ spec }) => spec[direction] ?? []);
        const place = "kubernetes.io/metadata.name";
        const out = policies(caller, "egress").filter(
          ({ to }) => to[0].namespaceSelector?.matchLabels?.[place] === callee,
        );
        const pod = { matchLabels: { "app.kubernetes.io/name": callee } };
        assert.deepEqual(
          out,
          [
            {
              to: [{ namespaceSelector: { matchLabels: { [place]: callee } }, podSelector: pod }],
              ports: [{ port: name, protocol: "TCP" }],
            },
          ],
          `${caller} to ${callee}`,
        );
        const inward = policies(callee, "ingress").filter(({ from }) =>
          from[0].namespaceSelector?.matchExpressions?.[0].values.includes(caller),
        );
        assert.deepEqual(
          inward.map(({ ports }) => ports),
          [[{ port: name, protocol: "TCP" }]],
        );
        const [deployment] = ofKind("Deployment", callee).map(podOf);
        assert.deepEqual(deployment.containers[0].ports, [{ name, containerPort: port }]);

        const [alias] = ofKind("Service", caller).filter(
          ({ metadata }) => metadata.name === callee,
        );
        assert.deepEqual(alias?.spec, {
          type: "ExternalName",
          externalName: `${callee}.${callee}.svc.cluster.local`,
        });
        const [called] = ofKind("Service", callee).filter(
          ({ metadata }) => metadata.name === callee,
        );
        assert.deepEqual(called?.spec.ports, [
          { name, port: name === "tcp" ? port : 80, targetPort: name },
        ]);
      }
    });

    it("gives each its variables and secrets of what it uses, and nothing of the rest", () => {
      const kinds = resourcesOf(stack);
      assert.equal(Object.keys(kinds).length > 0, own);
      for (const [name, { uses = {} }] of workloads) {
        const [pod] = [...ofKind("Deployment", name), ...ofKind("CronJob", name)].map(podOf);
        const given: { name: string }[] = pod.containers[0].env ?? [];
        for (const [resource, { kind }] of Object.entries(kinds)) {
          const { variables, secrets } = linkRules[kind];
          assert.deepEqual(
            given.map(({ name }) => name).filter((one) => one.startsWith(`${stemOf(resource)}_`)),
            resource in uses ? [...variables, ...secrets].map((end) => stemOf(resource) + end) : [],
            `${name} and ${resource}`,
          );
        }
      }
    });

    it("names in its variables and arguments no service that it does not call", () => {
      for (const [name, { calls = [], args = [], environment = {} }] of workloads) {
        for (const text of [...args, ...Object.values(environment)]) {
          const [, host] = /\b(?:https?|tcp):\/\/([\w-]+)/.exec(text) ?? [];
          assert.ok(host === undefined || calls.includes(host), `${name}: ${text}`);
        }
      }
    });

    it("has a page of at most 45 lines that names every part, and the cost that the plan says", () => {
      assert.ok(readme.split("\n").length <= 46);
      const parts = [...workloads.map(([name]) => name), ...Object.keys(resourcesOf(stack))];
      for (const name of parts) assert.ok(readme.includes(`\`${name}\``), name);
      assert.match(readme, new RegExp(`npm run cost -- --stack ${stack}\n`));
      const { monthly, unknown } = costOf(resources);
      assert.deepEqual(unknown, []);
      assert.deepEqual(readme.match(/\$\d+ a month/g), [`${dollars(monthly)} a month`]);
    });
  });
}
