import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  aliasedBy,
  backendsOf,
  type Manifest,
  podSpecOf,
  replicasOf,
  requestsOf,
  runningContainers,
  scaleOf,
  selectedBy,
} from "../../../tools/graph/manifests.ts";

const container = (name: string, cpu?: string, memory?: string, restartPolicy?: string) => ({
  name,
  restartPolicy,
  ...(cpu && { resources: { requests: { cpu, memory } } }),
});
const object = (kind: string, name: string, spec: object, namespace = "web"): Manifest => ({
  apiVersion: "v1",
  kind,
  metadata: { name, namespace },
  spec,
});
const deployment = (name: string, app = name, more: object = {}) =>
  object("Deployment", name, { template: { metadata: { labels: { app } }, spec: {} }, ...more });

describe("podSpecOf", () => {
  const pod = { containers: [container("main")] };
  const template = { spec: pod };
  const cases: [kind: string, spec: object, found: object | undefined][] = [
    ["Pod", pod, pod],
    ["Deployment", { template }, pod],
    ["StatefulSet", { template }, pod],
    ["Job", { template }, pod],
    ["CronJob", { jobTemplate: { spec: { template } } }, pod],
    ["Service", { selector: {} }, undefined],
    ["SecretProviderClass", { provider: "aws" }, undefined],
  ];
  for (const [kind, spec, found] of cases) {
    it(`${found ? "finds the pod" : "finds none"} of a ${kind}`, () => {
      assert.deepEqual(podSpecOf({ kind, spec }), found);
    });
  }

  it("finds none of an object without a spec", () => {
    assert.equal(podSpecOf({ kind: "ConfigMap", data: {} }), undefined);
  });
});

describe("requestsOf, as Kubernetes counts", () => {
  const sidecar = (cpu: string, memory: string) => container("beside", cpu, memory, "Always");
  const early = (cpu: string, memory: string) => container("before", cpu, memory);
  const main = container("main", "250m", "256Mi");
  const cases: [what: string, initContainers: object[], cpu: number, memory: number][] = [
    ["the containers", [], 250, 256],
    ["a sidecar with them", [sidecar("100m", "64Mi")], 350, 320],
    ["nothing for what runs before them and asks for less", [early("200m", "200Mi")], 250, 256],
    ["what runs before them and asks for more", [early("900m", "100Mi")], 900, 256],
    [
      "that beside the sidecars that have started",
      [sidecar("100m", "64Mi"), early("200m", "512Mi")],
      350,
      576,
    ],
    [
      "not beside those that start later",
      [early("200m", "512Mi"), sidecar("100m", "64Mi")],
      350,
      512,
    ],
    [
      "what runs before them one at a time",
      [early("200m", "100Mi"), early("300m", "100Mi")],
      300,
      256,
    ],
  ];
  for (const [what, initContainers, cpuMillicores, memoryMiB] of cases) {
    it(`are those of ${what}`, () => {
      assert.deepEqual(requestsOf({ containers: [main], initContainers }), {
        cpuMillicores,
        memoryMiB,
      });
    });
  }

  it("are 0 without requests", () => {
    assert.deepEqual(requestsOf({ containers: [container("main")] }), {
      cpuMillicores: 0,
      memoryMiB: 0,
    });
  });
});

describe("relations of objects", () => {
  const scaler = (kind: string, name: string, namespace = "web") =>
    object(
      "HorizontalPodAutoscaler",
      "scaler",
      { scaleTargetRef: { kind, name }, minReplicas: 2, maxReplicas: 4 },
      namespace,
    );

  it("finds the autoscaler of a workload by namespace, kind and name", () => {
    const web = deployment("web");
    for (const other of [
      scaler("StatefulSet", "web"),
      scaler("Deployment", "api"),
      scaler("Deployment", "web", "other"),
    ]) {
      assert.equal(scaleOf(web, [other]), undefined);
    }
    const own = scaler("Deployment", "web");
    assert.deepEqual(scaleOf(web, [scaler("Deployment", "api"), own]), { least: 2, most: 4 });
  });

  it("has the min. and max. number of pods", () => {
    assert.equal(replicasOf(deployment("web"), [scaler("Deployment", "web")]), "2 to 4");
    assert.equal(replicasOf(deployment("web"), []), "1");
    assert.equal(replicasOf(deployment("web", "web", { replicas: 3 }), []), "3");
    const fixed = scaler("Deployment", "web");
    fixed.spec.minReplicas = 4;
    assert.equal(replicasOf(deployment("web"), [fixed]), "4");
  });

  it("finds the workloads of a Service, and none of an ExternalName Service", () => {
    const manifests = [deployment("web"), deployment("api")];
    const service = (selector: object | undefined, namespace = "web") =>
      object("Service", "web", { selector }, namespace);
    assert.deepEqual(selectedBy(service({ app: "web" }), manifests), [manifests[0]]);
    assert.deepEqual(selectedBy(service({ app: "web" }, "other"), manifests), []);
    assert.deepEqual(selectedBy(service({ app: "web", tier: "front" }), manifests), []);
    assert.deepEqual(selectedBy(service(undefined), manifests), []);
  });

  it("finds the Services of an Ingress in its rules and its default backend", () => {
    const services = ["a", "b", "c"].map((name) => object("Service", name, {}));
    const elsewhere = object("Service", "a", {}, "other");
    const backend = (name: string) => ({ service: { name } });
    const ingress = object("Ingress", "web", {
      defaultBackend: backend("b"),
      rules: [{ http: { paths: [{ backend: backend("a") }] } }],
    });
    assert.deepEqual(backendsOf(ingress, [...services, elsewhere]), services.slice(0, 2));
    assert.deepEqual(backendsOf(object("Ingress", "none", {}), services), []);
  });

  it("finds the Service of an ExternalName in another namespace", () => {
    const name = (externalName: string) =>
      aliasedBy(object("Service", "cart", { type: "ExternalName", externalName }));
    assert.equal(name("cart.shop.svc.cluster.local"), "shop/cart");
    assert.equal(name("example.com"), undefined);
    assert.equal(aliasedBy(object("Service", "cart", { selector: {} })), undefined);
  });

  it("distinguishes sidecars from init containers", () => {
    const initContainers = [container("beside", "1m", "1Mi", "Always"), container("before")];
    const names = runningContainers({ containers: [container("main")], initContainers });
    assert.deepEqual(
      names.map(({ name }) => name),
      ["main", "beside"],
    );
  });
});
