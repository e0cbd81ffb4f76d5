import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { readConfig } from "../../service/src/config.ts";
import { evaluate } from "../../tools/graph/evaluate.ts";
import type { Resource } from "../../tools/graph/resource.ts";

const suffix = (kind: string) => (resource: Resource) =>
  resource.type.startsWith("kubernetes:") && resource.type.endsWith(`:${kind}`);
type Labels = Record<string, string>;
const selects = (selector: Labels, labels: Labels) =>
  Object.keys(selector).length > 0 &&
  Object.entries(selector).every(([key, value]) => labels[key] === value);

/** Fields of its own that a kubelet gives a pod as variables (Kubernetes, "Downward API"). */
const ownFields =
  /^(metadata\.(name|namespace|uid)|metadata\.(labels|annotations)\['[^']+'\]|spec\.(nodeName|serviceAccountName)|status\.(hostIP|podIP)s?)$/;

for (const stack of ["dev", "prod"]) {
  describe(`Kubernetes objects of the stack ${stack}`, () => {
    let resources: Resource[];
    const all = (kind: string) => resources.filter(suffix(kind));
    const namespaceOf = ({ inputs }: Resource): string => inputs.metadata.namespace;
    const beside = (resource: Resource, kind: string) =>
      all(kind).filter((one) => namespaceOf(one) === namespaceOf(resource));
    const pod = (deployment: Resource) => deployment.inputs.spec.template;
    const services = () => all("Deployment").filter((one) => beside(one, "Ingress").length > 0);
    const containerOf = (deployment: Resource) => pod(deployment).spec.containers[0];
    const portsOf = (deployment: Resource): { name: string; containerPort: number }[] =>
      containerOf(deployment).ports;
    const variables = (deployment: Resource) =>
      Object.fromEntries(
        containerOf(deployment).env.map(({ name, value }: { name: string; value?: string }) => [
          name,
          value,
        ]),
      );

    before(async () => {
      ({ resources } = await evaluate(stack));
    });

    it("select pods that exist, wherever they select some", () => {
      for (const deployment of all("Deployment")) {
        const { labels } = pod(deployment).metadata;
        const { selector } = deployment.inputs.spec;
        const spread = pod(deployment).spec.topologySpreadConstraints ?? [];
        for (const { matchLabels } of [
          selector,
          ...spread.map(({ labelSelector }: { labelSelector: object }) => labelSelector),
          ...beside(deployment, "PodDisruptionBudget").map(({ inputs }) => inputs.spec.selector),
        ]) {
          assert.ok(
            selects(matchLabels, labels),
            `${deployment.urn} ${JSON.stringify(matchLabels)}`,
          );
        }
      }
      for (const service of all("Service")) {
        const pods = beside(service, "Deployment").map((one) => pod(one).metadata.labels);
        assert.ok(pods.some((labels) => selects(service.inputs.spec.selector, labels)));
      }
      for (const policy of all("NetworkPolicy")) {
        const { matchLabels } = policy.inputs.spec.podSelector;
        if (!matchLabels) continue;
        const pods = beside(policy, "Deployment").map((one) => pod(one).metadata.labels);
        assert.ok(
          pods.some((labels) => selects(matchLabels, labels)),
          policy.urn,
        );
      }
    });

    it("are of a namespace that the stack makes, with one of each guard", () => {
      const namespaces = all("Namespace").map(({ inputs }) => inputs.metadata.name);
      for (const deployment of all("Deployment")) {
        assert.ok(namespaces.includes(namespaceOf(deployment)), deployment.urn);
        assert.equal(beside(deployment, "ResourceQuota").length, 1, deployment.urn);
        const denied = beside(deployment, "NetworkPolicy").filter(
          ({ inputs }) =>
            inputs.spec.policyTypes.length === 2 && !inputs.spec.ingress && !inputs.spec.egress,
        );
        assert.equal(denied.length, 1, deployment.urn);
      }
      for (const service of services()) {
        for (const kind of ["LimitRange", "PodDisruptionBudget", "HorizontalPodAutoscaler"]) {
          assert.equal(beside(service, kind).length, 1, `${kind} ${service.urn}`);
        }
      }
    });

    it("hand a request on from port to port, as far as the process that listens", () => {
      assert.ok(services().length > 0);
      for (const deployment of services()) {
        const [service] = beside(deployment, "Service");
        const [ingress] = beside(deployment, "Ingress");
        assert.ok(service && ingress);
        const backend = ingress.inputs.spec.rules[0].http.paths[0].backend.service;
        assert.equal(backend.name, service.inputs.metadata.name ?? service.id.split("/").at(-1));
        const [port] = service.inputs.spec.ports;
        assert.equal(backend.port.name, port.name);
        const target = portsOf(deployment).find(({ name }) => name === port.targetPort);
        const listening = readConfig(variables(deployment));
        assert.equal(target?.containerPort, listening.port);
        assert.ok(listening.port >= 1024, "a user without capabilities may listen there");
        const metrics = portsOf(deployment).find(({ name }) => name === "metrics");
        assert.equal(metrics?.containerPort, listening.metricsPort);
        assert.notEqual(listening.port, listening.metricsPort);
        const probed = [
          ...["startupProbe", "readinessProbe", "livenessProbe"].map(
            (probe) => containerOf(deployment)[probe].httpGet.port,
          ),
          ...beside(deployment, "NetworkPolicy")
            .flatMap(({ inputs }) => inputs.spec.ingress ?? [])
            .flatMap(({ ports }: { ports: { port: string }[] }) => ports.map((one) => one.port)),
        ];
        assert.equal(probed.length, 4);
        for (const one of probed) assert.equal(one, port.targetPort);
      }
    });

    it("tell each process who it is: its own name, pod, node, zone and image", () => {
      for (const deployment of services()) {
        const { env, image } = containerOf(deployment);
        const fields: Record<string, string> = {};
        for (const { name, valueFrom } of env) {
          if (valueFrom) fields[name] = valueFrom.fieldRef.fieldPath;
        }
        for (const path of Object.values(fields)) assert.match(path, ownFields);
        const filled = Object.fromEntries(Object.entries(fields).map(([k, path]) => [k, path]));
        const { identity } = readConfig({ ...variables(deployment), ...filled });
        assert.equal(identity.name, containerOf(deployment).name);
        assert.equal(identity.name, namespaceOf(deployment));
        assert.equal(identity.imageDigest, image.split("@")[1]);
        assert.equal(identity.pod, "metadata.name");
        assert.equal(identity.node, "spec.nodeName");
        assert.equal(identity.zone, "metadata.labels['topology.kubernetes.io/zone']");
        const names = env.map(({ name }: { name: string }) => name);
        assert.equal(new Set(names).size, names.length, "no variable is given twice");
      }
    });

    it("have probes that find a dead pod within a minute, and give a slow one time to start", () => {
      for (const deployment of services()) {
        const { startupProbe, readinessProbe, livenessProbe } = containerOf(deployment);
        const seconds = (probe: { periodSeconds: number; failureThreshold: number }) =>
          probe.periodSeconds * probe.failureThreshold;
        const { progressDeadlineSeconds } = deployment.inputs.spec;
        assert.ok(startupProbe.periodSeconds <= 2, "a pod that starts fast is ready soon");
        assert.ok(seconds(startupProbe) >= 30 && seconds(startupProbe) < progressDeadlineSeconds);
        assert.ok(seconds(readinessProbe) >= 10 && seconds(readinessProbe) <= 15);
        assert.ok(readinessProbe.failureThreshold > 1, "one lost answer takes no pod away");
        assert.ok(
          seconds(livenessProbe) > seconds(readinessProbe),
          "out of service before restart",
        );
        assert.ok(seconds(livenessProbe) <= 60 && livenessProbe.failureThreshold > 2);
        for (const probe of [startupProbe, readinessProbe, livenessProbe]) {
          assert.ok(probe.timeoutSeconds >= 1 && probe.timeoutSeconds < 5, "well before the next");
        }
      }
    });

    it("have the load balancer find a bad pod before it would be replaced, and a good one soon", () => {
      for (const deployment of services()) {
        const annotations = beside(deployment, "Ingress")[0]?.inputs.metadata.annotations;
        const number = (name: string) => Number(annotations[`alb.ingress.kubernetes.io/${name}`]);
        const interval = number("healthcheck-interval-seconds");
        // AWS's own limits: 5 to 300 seconds, a timeout of 2 to 120, 2 to 10 in a row.
        assert.ok(interval >= 5 && interval <= 15, "the readiness gate waits for it");
        assert.ok(number("healthcheck-timeout-seconds") >= 2);
        assert.ok(number("healthcheck-timeout-seconds") < interval);
        for (const name of ["healthy-threshold-count", "unhealthy-threshold-count"]) {
          assert.ok(number(name) >= 2 && number(name) <= 3, name);
        }
        const { livenessProbe } = containerOf(deployment);
        const liveness = livenessProbe.periodSeconds * livenessProbe.failureThreshold;
        assert.ok(interval * number("unhealthy-threshold-count") <= liveness);
        // As the kubelet judges.
        assert.equal(annotations["alb.ingress.kubernetes.io/success-codes"], "200-399");
        assert.equal(annotations["alb.ingress.kubernetes.io/healthcheck-port"], "traffic-port");
      }
    });

    it("run as one unprivileged user, whom no image and no host has", () => {
      for (const deployment of all("Deployment")) {
        const { runAsUser, runAsGroup } = pod(deployment).spec.securityContext;
        assert.equal(runAsUser, runAsGroup);
        assert.ok(
          runAsUser >= 10_000 && runAsUser <= 65535,
          "restricted, and no user of the host's",
        );
      }
    });

    it("spread evenly, and where a zone is full run all the same", () => {
      for (const deployment of all("Deployment")) {
        for (const one of pod(deployment).spec.topologySpreadConstraints) {
          assert.equal(one.maxSkew, 1);
          assert.equal(one.whenUnsatisfiable, "ScheduleAnyway");
          assert.match(
            one.topologyKey,
            /^(topology\.kubernetes\.io\/zone|kubernetes\.io\/hostname)$/,
          );
        }
      }
    });

    it("stay within what their namespace lets a container have", () => {
      for (const deployment of services()) {
        const [range] = beside(deployment, "LimitRange");
        const [limits] = range?.inputs.spec.limits ?? [];
        assert.equal(limits.type, "Container");
        const { resources: own } = containerOf(deployment);
        assert.deepEqual(limits.default, own.limits);
        assert.deepEqual(limits.defaultRequest, own.requests);
        // A whole container's log and scratch, within the node's disk.
        const mebi = (quantity: string) => Number(/^(\d+)Mi$/.exec(quantity)?.[1]);
        assert.ok(mebi(own.requests["ephemeral-storage"]) > 0);
        assert.ok(mebi(own.limits["ephemeral-storage"]) >= mebi(own.requests["ephemeral-storage"]));
      }
    });

    it("are scaled by the autoscaler of their own namespace, and disrupted one at a time", () => {
      for (const deployment of services()) {
        const [autoscaler] = beside(deployment, "HorizontalPodAutoscaler");
        assert.deepEqual(autoscaler?.inputs.spec.scaleTargetRef, {
          apiVersion: "apps/v1",
          kind: "Deployment",
          name: deployment.inputs.metadata.name ?? deployment.id.split("/").at(-1),
        });
        const [metric, ...others] = autoscaler.inputs.spec.metrics;
        assert.deepEqual(others, []);
        assert.equal(metric.type, "Resource");
        assert.equal(metric.resource.name, "cpu");
        assert.equal(metric.resource.target.type, "Utilization");
        const [budget] = beside(deployment, "PodDisruptionBudget");
        assert.equal(budget?.inputs.spec.maxUnavailable, 1);
        assert.equal(budget?.inputs.spec.minAvailable, undefined);
      }
    });
  });
}
