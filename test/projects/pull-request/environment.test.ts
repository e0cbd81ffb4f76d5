import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { before, describe, it } from "mocha";
import { Environment } from "../../../projects/pull-request/environment.ts";
import { deploy, evaluate, only } from "../../../tools/graph/evaluate.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { policyViolations } from "../../../tools/plan/violations.ts";
import { images, settings } from "../../support/preview-settings.ts";

describe("the environment of a pull request", () => {
  let resources: Resource[];
  let urls: Record<string, string>;
  const all = (kind: string) => resources.filter(({ type }) => type.endsWith(`:${kind}`));
  before(async () => {
    resources = await deploy(() => {
      const environment = new Environment("environment", { pullRequest: 12, settings, images });
      urls = environment.urls;
    });
  });

  it("has each service at a name of its own below the stack's", () => {
    assert.deepEqual(urls, {
      web: "https://pr-12.dev.example.com/",
      orders: "https://pr-12.dev.example.com/orders",
      shop: "https://shop-pr-12.dev.example.com/",
    });
    const routes = all("Ingress").map(({ inputs: { spec } }) => {
      const [{ host, http }] = spec.rules;
      return `https://${host}${http.paths[0].path}`;
    });
    assert.deepEqual(routes.sort(), Object.values(urls).sort());
  });

  it("says nothing of the load balancer, which is the stack's", () => {
    const own = "group.name group.order target-type listen-ports certificate-arn success-codes";
    const allowed = new RegExp(
      `/(${own.replaceAll(" ", "|")}|target-group-attributes|(un)?health.*)$`,
    );
    for (const { inputs } of all("Ingress")) {
      const { annotations } = inputs.metadata;
      assert.equal(annotations["alb.ingress.kubernetes.io/group.name"], "platform");
      assert.equal(annotations["alb.ingress.kubernetes.io/certificate-arn"], "arn:certificate");
      for (const name of Object.keys(annotations).filter((one) => one.startsWith("alb."))) {
        assert.match(name, allowed);
      }
    }
  });

  it("is in namespaces that belong to the stack's priority class, and go with it", () => {
    assert.equal(all("Namespace").length, 3);
    for (const { inputs } of all("Namespace")) {
      assert.match(inputs.metadata.name, /^pr-12-/);
      assert.deepEqual(inputs.metadata.ownerReferences, [
        {
          apiVersion: "scheduling.k8s.io/v1",
          kind: "PriorityClass",
          name: "pull-requests",
          uid: "1-2-3",
          blockOwnerDeletion: true,
        },
      ]);
    }
  });

  it("is one small pod a service, within a quota, after the stack's own", () => {
    for (const { inputs } of all("Deployment")) {
      assert.equal(inputs.spec.replicas, 1);
      assert.equal(inputs.spec.template.spec.priorityClassName, "pull-requests");
    }
    assert.deepEqual(
      all("ResourceQuota").map(({ inputs }) => inputs.spec.hard.pods),
      ["3", "3", "3"],
    );
    const [autoscaler] = all("HorizontalPodAutoscaler");
    assert.equal(autoscaler?.inputs.spec.maxReplicas, 1);
  });

  it("takes the nodes that the stack's pods take", async () => {
    const nodes = { startedBy: "Karpenter", spotFirst: true, hardSpread: true } as const;
    const found = await deploy(() => {
      const args = { pullRequest: 12, settings: { ...settings, nodes }, images };
      new Environment("environment", args);
    });
    const pods = found.filter(({ type }) => type.endsWith(":Deployment"));
    assert.equal(pods.length, 3);
    for (const { inputs } of pods) {
      const { nodeSelector, affinity } = inputs.spec.template.spec;
      assert.equal(nodeSelector["karpenter.sh/nodepool"], "default");
      const [{ preference }] =
        affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution;
      assert.deepEqual(preference.matchExpressions[0].values, ["SPOT"]);
    }
  });

  it("has no role on AWS where its services use nothing, whatever policies the stack gives them", () => {
    assert.deepEqual(
      resources.filter(({ type }) => type.startsWith("aws:")),
      [],
    );
    for (const { inputs } of all("ServiceAccount")) {
      assert.equal(inputs.metadata.annotations, undefined);
    }
  });

  it("cannot speak to the CloudWatch agent, which would believe anything of any service", () => {
    for (const { inputs } of all("NetworkPolicy")) {
      for (const { to, ports } of inputs.spec.egress ?? []) {
        assert.ok(ports.length > 0, "no ports are all ports");
        assert.doesNotMatch(JSON.stringify(to), /cloudwatch/);
      }
    }
    for (const { inputs } of all("Deployment")) {
      const [{ env }] = inputs.spec.template.spec.containers;
      assert.doesNotMatch(JSON.stringify(env), /AWS_EMF|OTEL_EXPORTER/);
    }
  });

  it("admits images of the stack's registries only, by digest", () => {
    const binding = only(
      resources,
      "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding",
    );
    const [{ values }] = binding.inputs.spec.matchResources.namespaceSelector.matchExpressions;
    assert.deepEqual(values, ["pr-12-web", "pr-12-orders", "pr-12-shop"]);
  });

  it("breaks no policy", () => {
    // Of TLS, the listener is the stack's.
    const broken = policyViolations(resources).filter(({ rule }) => rule !== "tls-current");
    assert.deepEqual(broken, []);
  });

  it("tells what is wrong in its settings, all at once", async () => {
    const folder = mkdtempSync(join(tmpdir(), "environment-"));
    const program = resolve("projects/pull-request");
    for (const file of ["index.ts", "Pulumi.yaml"])
      symlinkSync(join(program, file), join(folder, file));
    const config = { "environment:pullRequest": 0, "environment:images": { web: "web:latest" } };
    writeFileSync(join(folder, "Pulumi.pr-0.yaml"), JSON.stringify({ config }));
    try {
      await assert.rejects(evaluate("pr-0", folder), ({ message }: Error) => {
        assert.match(message, /Pulumi\.pr-0\.yaml: 3 problems/);
        assert.match(message, /environment:platform: is missing; allowed: a stack's full name/);
        assert.match(message, /environment:pullRequest: 0 is not allowed: at least 1/);
        assert.match(
          message,
          /environment:images\.web: "web:latest" is not allowed: <repository>@/,
        );
        return true;
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("has no worker, which would take work from the stack's own", async () => {
    const { shop } = settings.services;
    assert.ok(shop);
    const services = { ...settings.services, shop: { ...shop, worker: true } };
    const args = { pullRequest: 12, settings: { ...settings, services }, images };
    const made = await deploy(() => new Environment("environment", args));
    const namespaces = made.filter(({ type }) => type === "kubernetes:core/v1:Namespace");
    assert.deepEqual(
      namespaces.map(({ inputs }) => inputs.metadata.name),
      ["pr-12-web", "pr-12-orders"],
    );
    assert.doesNotMatch(JSON.stringify(made), /pr-12-shop/);
  });
});
