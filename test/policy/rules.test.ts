import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { type Example, violationsOf } from "../../policy/rule.ts";
import { rules } from "../../policy/rules.ts";
import { evaluate } from "../../tools/graph/evaluate.ts";
import type { Resource } from "../../tools/graph/resource.ts";
import { policyViolations } from "../../tools/plan/violations.ts";

const now = new Date("2026-11-24");

const subjects = (stack: Example[]) =>
  stack.map((example, at) => ({
    urn: `example-${at}`,
    inputs: {},
    protect: false,
    defaultTags: {},
    dependsOn: [],
    ...example,
  }));

describe("policy rules", () => {
  for (const rule of rules) {
    it(`${rule.name}: ${rule.requirement}`, () => {
      for (const good of rule.good) {
        assert.deepEqual(violationsOf([rule], subjects(good), now), [], JSON.stringify(good));
      }
      for (const bad of rule.bad) {
        const found = violationsOf([rule], subjects(bad), now);
        assert.notEqual(found.length, 0, JSON.stringify(bad));
        for (const { problem, remedy } of found) assert.ok(problem && remedy);
      }
    });
  }

  it("have valid and invalid examples, a source and a unique name", () => {
    assert.equal(new Set(rules.map(({ name }) => name)).size, rules.length);
    for (const { name, good, bad, reason } of rules) {
      assert.ok(good.length > 0 && bad.length > 0, name);
      assert.match(reason, /\(.+\)$/, name);
    }
  });
});

for (const stack of ["dev", "prod"]) {
  describe(`policy of stack ${stack}`, () => {
    let resources: Resource[];
    before(async () => {
      ({ resources } = await evaluate(stack));
    });

    const broken = (type: string, change: (resource: Resource) => void, on = now) => {
      const copies = structuredClone(resources);
      const found = copies.filter((one) => one.type === type);
      assert.notEqual(found.length, 0, type);
      for (const one of found) change(one);
      return new Set(policyViolations(copies, on).map(({ rule }) => rule));
    };
    const pod = ({ inputs }: Resource) => inputs.spec.template.spec;

    it("has no violations", () => {
      assert.deepEqual(policyViolations(resources, now), []);
    });

    const faults: [rule: string, type: string, change: (resource: Resource) => void][] = [
      [
        "secrets-encrypted",
        "eks:index:Cluster",
        ({ inputs }) => delete inputs.encryptionConfigKeyArn,
      ],
      [
        "api-not-public",
        "eks:index:Cluster",
        ({ inputs }) => inputs.publicAccessCidrs.push("0.0.0.0/0"),
      ],
      ["no-extended-support", "eks:index:Cluster", ({ inputs }) => delete inputs.upgradePolicy],
      [
        "control-plane-logged",
        "eks:index:Cluster",
        ({ inputs }) => inputs.enabledClusterLogTypes.splice(0, 2),
      ],
      [
        "imds-v2",
        "aws:ec2/launchTemplate:LaunchTemplate",
        ({ inputs }) => delete inputs.metadataOptions,
      ],
      [
        "disks-encrypted",
        "aws:ec2/launchTemplate:LaunchTemplate",
        ({ inputs }) => delete inputs.blockDeviceMappings[0].ebs.encrypted,
      ],
      [
        "images-by-digest",
        "kubernetes:apps/v1:Deployment",
        (one) => {
          pod(one).containers[0].image = "web:latest";
        },
      ],
      [
        "pods-unprivileged",
        "kubernetes:apps/v1:Deployment",
        (one) => delete pod(one).securityContext.runAsNonRoot,
      ],
      [
        "containers-bounded",
        "kubernetes:apps/v1:Deployment",
        (one) => delete pod(one).containers[0].resources.limits,
      ],
      [
        "containers-probed",
        "kubernetes:apps/v1:Deployment",
        (one) => delete pod(one).containers[0].livenessProbe,
      ],
      [
        "namespaced",
        "kubernetes:core/v1:Service",
        ({ inputs }) => delete inputs.metadata.namespace,
      ],
      [
        "no-node-ports",
        "kubernetes:core/v1:Service",
        ({ inputs }) => {
          inputs.spec.type = "NodePort";
        },
      ],
      [
        "logs-end",
        "aws:cloudwatch/logGroup:LogGroup",
        ({ inputs }) => delete inputs.retentionInDays,
      ],
      [
        "registries-sound",
        "aws:ecr/repository:Repository",
        ({ inputs }) => delete inputs.imageTagMutability,
      ],
      ["keys-rotate", "aws:kms/key:Key", ({ inputs }) => delete inputs.enableKeyRotation],
      [
        "trust-exact",
        "aws:iam/role:Role",
        ({ inputs }) => {
          inputs.assumeRolePolicy = { Statement: { Action: "sts:AssumeRole", Principal: "*" } };
        },
      ],
      [
        "actions-named",
        "aws:iam/rolePolicy:RolePolicy",
        ({ inputs }) => {
          inputs.policy = { Statement: { Action: "ec2:*" } };
        },
      ],
      ["tagged", "pulumi:providers:aws", ({ inputs }) => delete inputs.defaultTags],
    ];
    for (const [rule, type, change] of faults) {
      it(`reports a ${type.split(":").at(-1)} that breaks ${rule}`, () => {
        assert.deepEqual([...broken(type, change)], [rule]);
      });
    }

    it("reports violations of rules for production", () => {
      for (const [type, rule] of [
        ["aws:kms/key:Key", "production-keys-protected"],
        ["aws:ecr/repository:Repository", "production-protected"],
      ] as const) {
        const found = broken(type, (one) => {
          one.protect = false;
        });
        assert.equal(found.has(rule), stack === "prod", rule);
      }
    });

    if (stack === "prod") {
      it("reports violations of rules for internet-facing resources", () => {
        const ingress = "kubernetes:networking.k8s.io/v1:Ingress";
        const withoutTlsPolicy = broken(ingress, ({ inputs }) => {
          delete inputs.metadata.annotations["alb.ingress.kubernetes.io/ssl-policy"];
        });
        assert.deepEqual([...withoutTlsPolicy], ["tls-current"]);
        const block = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock";
        const open = broken(block, ({ inputs }) => delete inputs.blockPublicAcls);
        assert.deepEqual([...open], ["buckets-private"]);
        const http = broken("aws:s3/bucketPolicy:BucketPolicy", ({ inputs }) => {
          inputs.policy = { Statement: [] };
        });
        assert.deepEqual([...http], ["buckets-tls-only"]);
      });
    }

    it("warns before the end of standard support of the Kubernetes version, then refuses", () => {
      const on = (day: string) => [...broken("eks:index:Cluster", () => {}, new Date(day))];
      assert.deepEqual(on("2027-06-02"), []);
      assert.deepEqual(on("2027-06-03"), ["kubernetes-upgrade-due"]);
      assert.deepEqual(on("2027-08-02"), ["kubernetes-upgrade-due"]);
      assert.deepEqual(on("2027-08-03"), ["kubernetes-supported"]);
    });
  });
}
