import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "mocha";
import { SpareCapacity } from "../../../infra/addons/spare-capacity.ts";
import type { Rule } from "../../../policy/rule.ts";
import { rules } from "../../../policy/rules.ts";
import { deploy, evaluate, only, projectFolder } from "../../../tools/graph/evaluate.ts";
import { type Manifest, manifestsOf } from "../../../tools/graph/manifests.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { exampleStacks } from "../../../tools/graph/stack-settings.ts";
import { policyViolations } from "../../../tools/plan/violations.ts";
import { admissionsOf, type PodRequest, unavailable } from "../../support/pod-security.ts";

const enforce = "pod-security.kubernetes.io/enforce";
const restricted = { [enforce]: "restricted" };
const policyRule = rules.find(({ name }) => name === "pods-unprivileged") as Rule;

/** The pod that an object is, or makes. */
const podOf = ({ kind, metadata, spec }: Manifest) =>
  kind === "Pod" ? { metadata, spec } : (spec?.jobTemplate?.spec ?? spec)?.template;

/** Every pod of a plan, with what its namespace is labelled there. */
function podsOf(resources: Resource[]): PodRequest[] {
  const manifests = manifestsOf(resources);
  const labels = Object.fromEntries(
    manifests
      .filter(({ kind }) => kind === "Namespace")
      .map(({ metadata }) => [metadata.name, metadata.labels ?? {}]),
  );
  return manifests.flatMap((manifest) => {
    const pod = podOf(manifest);
    return pod ? { namespaceLabels: labels[manifest.metadata.namespace ?? ""] ?? {}, pod } : [];
  });
}

// biome-ignore lint/suspicious/noExplicitAny: parts of a pod
type Part = Record<string, any>;
type Fault = (spec: Part, container: Part) => unknown;
const withoutSeccomp: Fault = ({ securityContext }) => delete securityContext.seccompProfile;
/** By what Kubernetes says of them. */
const faults: [says: string, fault: Fault][] = [
  ["privileged", (_, { securityContext }) => Object.assign(securityContext, { privileged: true })],
  ["runAsNonRoot != true", ({ securityContext }) => delete securityContext.runAsNonRoot],
  ["runAsUser=0", ({ securityContext }) => Object.assign(securityContext, { runAsUser: 0 })],
  ["seccompProfile", withoutSeccomp],
  [
    "allowPrivilegeEscalation != false",
    (_, { securityContext }) => delete securityContext.allowPrivilegeEscalation,
  ],
  ["unrestricted capabilities", (_, { securityContext }) => delete securityContext.capabilities],
  [
    "unrestricted capabilities",
    (_, { securityContext }) => Object.assign(securityContext.capabilities, { add: ["NET_ADMIN"] }),
  ],
  ["host namespaces", (spec) => Object.assign(spec, { hostNetwork: true })],
  ["hostPort", (_, { ports }) => Object.assign(ports[0], { hostPort: 80 })],
  [
    "restricted volume types",
    (spec) => Object.assign(spec, { volumes: [{ name: "node", hostPath: { path: "/" } }] }),
  ],
];

const stacks = ["dev", "prod", ...exampleStacks(projectFolder)];

describe("Pod Security", () => {
  const plans: Record<string, Resource[]> = {};
  const versions: Record<string, string> = {};
  before(async () => {
    // No stack has it switched on.
    const spareCapacity = await deploy(
      () =>
        new SpareCapacity("spare-capacity", { replicas: 1, cpuMillicores: 500, memoryMiB: 512 }),
    );
    for (const stack of stacks) {
      const { resources } = await evaluate(stack);
      plans[stack] = [...resources, ...spareCapacity];
      versions[stack] = only(resources, "eks:index:Cluster").inputs.version;
    }
  });
  /** The first Deployment of dev with a fault. */
  const planted = (fault: Fault): Resource => {
    const isDeployment = ({ type }: Resource) => type === "kubernetes:apps/v1:Deployment";
    const copy = structuredClone(plans.dev?.find(isDeployment) as Resource);
    const { spec } = copy.inputs.spec.template;
    fault(spec, spec.containers[0]);
    return copy;
  };

  it("is known as far as the Kubernetes of all stacks", () => {
    const goMod = readFileSync(
      new URL("../../support/pod-security/go.mod", import.meta.url),
      "utf8",
    );
    const [, known] = /pod-security-admission v0\.(\d+)\./.exec(goMod) ?? [];
    for (const [stack, version] of Object.entries(versions)) {
      const [, needed] = version.split(".");
      assert.ok(Number(known) >= Number(needed), `${stack} has ${version}`);
    }
  });

  describe("as Kubernetes decides it", function () {
    // The first time, the rules are compiled.
    this.timeout(10 * 60_000);
    before(function () {
      const reason = unavailable();
      if (!reason) return;
      console.error(`      skipped: ${reason}`);
      this.skip();
    });
    const verdicts = (pods: PodRequest[], version = versions.dev as string) =>
      admissionsOf(version, pods);

    for (const stack of stacks) {
      it(`lets in every pod of ${stack}, by the labels of its namespace`, () => {
        const pods = podsOf(plans[stack] as Resource[]);
        assert.ok(pods.length >= 2);
        for (const { namespaceLabels } of pods) {
          assert.equal(namespaceLabels[enforce], "restricted");
        }
        const refused = verdicts(pods, versions[stack]).filter(({ allowed }) => !allowed);
        assert.deepEqual(refused, []);
      });
    }

    it("refuses faults that are planted, as our policy rule does", () => {
      const [{ namespaceLabels }] = podsOf(plans.dev as Resource[]) as [PodRequest];
      const bad = faults.map(([, fault]) => planted(fault));
      const found = verdicts(
        bad.map(({ inputs }) => ({ namespaceLabels, pod: inputs.spec.template })),
      );
      for (const [at, [says]] of faults.entries()) {
        assert.equal(found[at]?.allowed, false, says);
        assert.ok(found[at]?.because.startsWith(`${says} (`), found[at]?.because);
        const broken = policyViolations([bad[at] as Resource]).map(({ rule }) => rule);
        assert.ok(broken.includes(policyRule.name), `${policyRule.name} allows: ${says}`);
      }
    });

    it("is of one mind with our policy rule on the rule's own examples", () => {
      const { good, bad } = policyRule;
      const pods = [...good, ...bad].flat().map(({ type, inputs }) => ({
        namespaceLabels: restricted,
        pod: podOf({ kind: type.split(":").at(-1), ...inputs } as Manifest),
      }));
      const allowed = verdicts(pods).map((verdict) => verdict.allowed);
      assert.deepEqual(allowed, [...good.flat().map(() => true), ...bad.flat().map(() => false)]);
    });

    it("is as strict as the namespace's labels and the version say", () => {
      const pod = planted(withoutSeccomp).inputs.spec.template;
      const allowed = (labels: PodRequest["namespaceLabels"][], version?: string) =>
        verdicts(
          labels.map((namespaceLabels) => ({ namespaceLabels, pod })),
          version,
        ).map((verdict) => verdict.allowed);
      // No version before 1.19 asked restricted pods for a seccomp profile.
      const old = { ...restricted, [`${enforce}-version`]: "v1.18" };
      const warned = { [enforce]: "baseline", "pod-security.kubernetes.io/warn": "restricted" };
      const labels = [restricted, old, warned, {}];
      assert.deepEqual(allowed(labels), [false, true, true, true]);
      assert.deepEqual(allowed([restricted], "1.18"), [true]);
      assert.throws(() => allowed([{ [enforce]: "restrcted" }]), /must be one of privileged/);
    });
  });
});
