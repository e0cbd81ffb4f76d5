import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { describe, it } from "mocha";
import { agentPeer } from "../../../infra/addons/container-insights.ts";
import { drainClock } from "../../../infra/services/drain.ts";
import { Service } from "../../../infra/services/service.ts";
import type { ServiceArgs } from "../../../infra/services/service-args.ts";
import { readConfig } from "../../../service/src/config.ts";
import { deploy, only } from "../../../tools/graph/evaluate.ts";
import { outlivedBy, prerequisites } from "../../../tools/graph/order.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { serviceArgs } from "../../support/service-args.ts";

const args = serviceArgs;
const service = (changes: Partial<ServiceArgs> = {}) =>
  deploy(() => new Service("service", { ...args, ...changes }));

const types = {
  namespace: "kubernetes:core/v1:Namespace",
  quota: "kubernetes:core/v1:ResourceQuota",
  service: "kubernetes:core/v1:Service",
  serviceAccount: "kubernetes:core/v1:ServiceAccount",
  deployment: "kubernetes:apps/v1:Deployment",
  ingress: "kubernetes:networking.k8s.io/v1:Ingress",
  policy: "kubernetes:networking.k8s.io/v1:NetworkPolicy",
  budget: "kubernetes:policy/v1:PodDisruptionBudget",
  autoscaler: "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
};
const podOf = (resources: Resource[]) =>
  only(resources, types.deployment).inputs.spec.template.spec;
const containerOf = (resources: Resource[]) => podOf(resources).containers[0];
const environmentOf = (resources: Resource[]): Record<string, string> =>
  Object.fromEntries(
    containerOf(resources).env.map(({ name, value }: { name: string; value: string }) => [
      name,
      value,
    ]),
  );
const annotationsOf = (resources: Resource[]): Record<string, string> =>
  only(resources, types.ingress).inputs.metadata.annotations;
const attributesOf = (resources: Resource[], of: "load-balancer" | "target-group") =>
  Object.fromEntries(
    (annotationsOf(resources)[`alb.ingress.kubernetes.io/${of}-attributes`] ?? "")
      .split(",")
      .map((pair) => pair.split("=")),
  );
const policy = (resources: Resource[], name: string) => {
  const found = resources.find(
    (resource) => resource.type === types.policy && resource.name === name,
  );
  assert.ok(found, name);
  return found.inputs.spec;
};

describe("web service", () => {
  describe("pods", () => {
    it("run the image that was named by digest", async () => {
      const resources = await service();
      assert.equal(containerOf(resources).image, args.image);
      assert.equal(environmentOf(resources).IMAGE_DIGEST, `sha256:${"a".repeat(64)}`);
    });

    it("have no privileges, no capabilities, and nowhere to write", async () => {
      const resources = await service();
      assert.deepEqual(containerOf(resources).securityContext, {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
        privileged: false,
        readOnlyRootFilesystem: true,
      });
      const { securityContext } = podOf(resources);
      assert.equal(securityContext.runAsNonRoot, true);
      assert.ok(securityContext.runAsUser > 0);
      assert.deepEqual(securityContext.seccompProfile, { type: "RuntimeDefault" });
      assert.equal(podOf(resources).volumes, undefined);
      assert.equal(podOf(resources).enableServiceLinks, false);
    });

    it("get no token for the Kubernetes API", async () => {
      const resources = await service();
      assert.equal(podOf(resources).automountServiceAccountToken, false);
      assert.equal(
        only(resources, types.serviceAccount).inputs.automountServiceAccountToken,
        false,
      );
    });

    it("have requests, limits and three probes, liveness apart from readiness", async () => {
      const container = containerOf(await service());
      for (const resource of ["cpu", "memory", "ephemeral-storage"]) {
        assert.ok(container.resources.requests[resource], `request of ${resource}`);
        assert.ok(container.resources.limits[resource], `limit of ${resource}`);
      }
      assert.equal(container.resources.requests.memory, container.resources.limits.memory);
      assert.equal(container.startupProbe.httpGet.path, "/readyz");
      assert.equal(container.readinessProbe.httpGet.path, "/readyz");
      assert.equal(container.livenessProbe.httpGet.path, "/healthz");
    });

    it("may take as long for an answer at the start as later, and have the start's own pace", async () => {
      const ready = { path: "/readyz", timeoutSeconds: 7, periodSeconds: 20, failures: 9 };
      const { startupProbe, readinessProbe } = containerOf(await service({ health: { ready } }));
      assert.deepEqual(
        [startupProbe, readinessProbe].map(({ httpGet: _, ...times }) => times),
        [
          { timeoutSeconds: 7, periodSeconds: 1, failureThreshold: 60 },
          { timeoutSeconds: 7, periodSeconds: 20, failureThreshold: 9 },
        ],
      );
    });

    it("have a heap that fits their memory", async () => {
      for (const memoryMiB of [128, 256, 4096]) {
        const options = environmentOf(await service({ memoryMiB })).NODE_OPTIONS;
        const heap = Number(/^--max-old-space-size=(\d+)$/.exec(options ?? "")?.[1]);
        assert.ok(heap >= memoryMiB * 0.5 && heap <= memoryMiB * 0.7, `${heap} of ${memoryMiB}`);
      }
    });

    it("run on nodes of the image's architecture", async () => {
      const { nodeSelector } = podOf(await service({ architecture: "amd64" }));
      assert.equal(nodeSelector["kubernetes.io/arch"], "amd64");
    });

    it("are spread over zones and hosts, each version by itself", async () => {
      const constraints = podOf(await service()).topologySpreadConstraints;
      assert.deepEqual(
        constraints.map(({ topologyKey }: { topologyKey: string }) => topologyKey),
        ["topology.kubernetes.io/zone", "kubernetes.io/hostname"],
      );
      for (const { matchLabelKeys } of constraints) {
        assert.deepEqual(matchLabelKeys, ["pod-template-hash"]);
      }
    });

    it("tell the service all that it reads, each setting by its own value", async () => {
      const told = async (changes: Partial<ServiceArgs>) => {
        const resources = await service(changes);
        const { env, ports } = containerOf(resources);
        const values = Object.fromEntries(
          env.map((one: { name: string; value?: string; valueFrom?: object }) => [
            one.name,
            // The downward API gives what Kubernetes knows; here its path stands for it.
            one.value ?? JSON.stringify(one.valueFrom),
          ]),
        );
        return { config: readConfig({ ...values, IMAGE_DIGEST: "" }), values, ports };
      };
      for (const faultInjection of [true, false]) {
        assert.equal((await told({ faultInjection })).config.faultInjection, faultInjection);
      }
      for (const logLevel of ["debug", "error"] as const) {
        assert.equal((await told({ logLevel })).config.logLevel, logLevel);
      }
      for (const maxBodyKiB of [2, 64]) {
        assert.equal((await told({ maxBodyKiB })).config.maxBodyBytes, maxBodyKiB * 1024);
      }
      const { config, values, ports } = await told({ name: "shop" });
      assert.equal(config.identity.name, "shop");
      assert.deepEqual(ports, [
        { name: "http", containerPort: config.port },
        { name: "metrics", containerPort: config.metricsPort },
      ]);
      // Said, not left to the service's defaults, which may change; and as the image has them.
      assert.deepEqual([values.PORT, values.METRICS_PORT], ["8080", "9090"]);
      assert.match(readFileSync("service/Dockerfile", "utf8"), /^EXPOSE 8080 9090$/m);
      assert.ok(values.DRAIN_QUIET_SECONDS);
      assert.equal(config.trustedProxyHops, 1);
      const path = (fieldPath: string) => JSON.stringify({ fieldRef: { fieldPath } });
      assert.deepEqual(
        [values.POD_NAME, values.NODE_NAME, values.ZONE],
        [
          path("metadata.name"),
          path("spec.nodeName"),
          path("metadata.labels['topology.kubernetes.io/zone']"),
        ],
      );
    });

    it("know the platform's clock", async () => {
      const clock = drainClock({
        drainSeconds: 45,
        requestTimeoutSeconds: 20,
        idleTimeoutSeconds: 90,
      });
      const resources = await service({
        drainSeconds: 45,
        requestTimeoutSeconds: 20,
        ingress: { ...args.ingress, idleTimeoutSeconds: 90 },
      });
      assert.equal(
        podOf(resources).terminationGracePeriodSeconds,
        clock.terminationGracePeriodSeconds,
      );
      assert.equal(
        only(resources, types.deployment).inputs.spec.progressDeadlineSeconds,
        clock.progressDeadlineSeconds,
      );
      // Each of six has another value, so none can stand for another.
      const read = readConfig({ ...environmentOf(resources), IMAGE_DIGEST: "" });
      assert.deepEqual(read.drain, {
        minSeconds: 45,
        quietSeconds: clock.quietSeconds,
        maxSeconds: clock.maxSeconds,
        closeTimeoutSeconds: clock.closeTimeoutSeconds,
      });
      assert.equal(read.keepAliveSeconds, clock.keepAliveSeconds);
      assert.equal(read.requestTimeoutSeconds, 20);
      assert.equal(
        attributesOf(resources, "target-group")["deregistration_delay.timeout_seconds"],
        String(clock.deregistrationDelaySeconds),
      );
    });
  });

  describe("rollout", () => {
    it("adds a pod before it takes one away", async () => {
      const { strategy } = only(await service(), types.deployment).inputs.spec;
      assert.deepEqual(strategy.rollingUpdate, { maxSurge: 1, maxUnavailable: 0 });
    });

    it("is gated by the load balancer from the first pod on", async () => {
      const resources = await service();
      const { labels } = only(resources, types.namespace).inputs.metadata;
      assert.equal(labels["elbv2.k8s.aws/pod-readiness-gate-inject"], "enabled");
      const ingress = only(resources, types.ingress).urn;
      assert.ok(only(resources, types.deployment).dependsOn.includes(ingress));
    });

    it("does not fight the autoscaler over the number of replicas", async () => {
      const resources = await service();
      const { spec } = only(resources, types.autoscaler).inputs;
      const deployment = only(resources, types.deployment);
      assert.deepEqual(deployment.ignoreChanges, ["spec.replicas"]);
      assert.equal(deployment.inputs.spec.replicas, spec.minReplicas);
      assert.ok(spec.minReplicas >= 2 && spec.maxReplicas >= spec.minReplicas);
    });

    it("fits the quota at the largest scale, with as many pods still draining", async () => {
      const resources = await service({ maxReplicas: 10 });
      const { hard } = only(resources, types.quota).inputs.spec;
      assert.ok(Number(hard.pods) > 2 * 10);
      assert.equal(hard["requests.cpu"], `${Number(hard.pods) * 250}m`);
      assert.equal(hard["limits.memory"], `${Number(hard.pods) * 256}Mi`);
    });

    it("takes one pod at a time in a disruption, and never blocks a node's update", async () => {
      assert.equal(only(await service(), types.budget).inputs.spec.maxUnavailable, 1);
    });
  });

  describe("namespace", () => {
    it("admits restricted pods only", async () => {
      const { labels } = only(await service(), types.namespace).inputs.metadata;
      assert.equal(labels["pod-security.kubernetes.io/enforce"], "restricted");
      assert.equal(labels["pod-security.kubernetes.io/warn"], "restricted");
    });

    it("opens no ports on nodes and no load balancers of its own", async () => {
      const resources = await service();
      const { hard } = only(resources, types.quota).inputs.spec;
      assert.equal(hard["services.nodeports"], "0");
      assert.equal(hard["services.loadbalancers"], "0");
      assert.equal(only(resources, types.service).inputs.spec.type, undefined);
    });

    it("denies all traffic that is not declared", async () => {
      assert.deepEqual(policy(await service(), "service-default-deny"), {
        podSelector: {},
        policyTypes: ["Ingress", "Egress"],
      });
    });

    it("admits the load balancer's subnets to the service's port only", async () => {
      const from = async (scheme: "internet-facing" | "internal") =>
        policy(
          await service({ ingress: { ...args.ingress, scheme } }),
          "service-from-load-balancer",
        ).ingress;
      assert.deepEqual(await from("internet-facing"), [
        {
          from: [{ ipBlock: { cidr: "10.0.240.0/24" } }],
          ports: [{ port: "http", protocol: "TCP" }],
        },
      ]);
      assert.deepEqual((await from("internal"))[0].from, [{ ipBlock: { cidr: "10.0.0.0/20" } }]);
    });

    it("lets out DNS and what the service declares, never to the instance metadata", async () => {
      const { egress } = policy(
        await service({
          egress: [
            { cidrBlock: "0.0.0.0/0", port: 443 },
            { cidrBlock: "10.9.0.0/16", port: 5432 },
            { cidrBlock: "192.168.0.0/16", port: 6379 },
            // The smallest network with the address in it, which begins there.
            { cidrBlock: "169.254.169.254/31", port: 80 },
          ],
        }),
        "service-to-declared",
      );
      assert.deepEqual(
        egress[0].ports.map(({ port }: { port: number }) => port),
        [53, 53],
      );
      assert.deepEqual(egress[1].to, [
        { ipBlock: { cidr: "0.0.0.0/0", except: ["169.254.169.254/32"] } },
      ]);
      assert.deepEqual(egress[2], {
        to: [{ ipBlock: { cidr: "10.9.0.0/16" } }],
        ports: [{ port: 5432, protocol: "TCP" }],
      });
      assert.deepEqual(egress[3].to, [{ ipBlock: { cidr: "192.168.0.0/16" } }]);
      assert.deepEqual(egress[4].to, [
        { ipBlock: { cidr: "169.254.169.254/31", except: ["169.254.169.254/32"] } },
      ]);
    });

    it("lets out metrics and traces to the CloudWatch agent, on the ports it is given", async () => {
      const { egress } = policy(await service(), "service-to-declared");
      assert.deepEqual(egress.at(-1), {
        to: [agentPeer],
        ports: [{ port: 25888, protocol: "UDP" }],
      });
      assert.equal(
        environmentOf(await service()).AWS_EMF_AGENT_ENDPOINT,
        args.insights?.agent.environment.AWS_EMF_AGENT_ENDPOINT,
      );
    });
  });

  describe("scaling", () => {
    const scaledType = "kubernetes:keda.sh/v1alpha1:ScaledObject";
    const authenticationType = "kubernetes:keda.sh/v1alpha1:TriggerAuthentication";
    const queue = { name: "orders", messagesPerPod: 5 };
    const worker = { worker: true, route: undefined, minReplicas: 0, scale: { queue } };
    const cpu = { type: "cpu", metricType: "Utilization", metadata: { value: "60" } };
    const specOf = async (changes: Partial<ServiceArgs>) =>
      only(await service(changes), scaledType).inputs.spec;

    it("is the HorizontalPodAutoscaler's without a target of KEDA's", async () => {
      const resources = await service({ targetMemoryPercent: 70 });
      const { spec } = only(resources, types.autoscaler).inputs;
      assert.equal(
        spec.scaleTargetRef.name,
        only(resources, types.deployment).outputs.metadata.name,
      );
      const resource = (name: string, averageUtilization: number) => ({
        type: "Resource",
        resource: { name, target: { type: "Utilization", averageUtilization } },
      });
      assert.deepEqual(spec.metrics, [resource("cpu", 60), resource("memory", 70)]);
      assert.ok(!resources.some(({ type }) => type.includes("keda")));
    });

    it("is KEDA's alone with one, which makes a HorizontalPodAutoscaler itself", async () => {
      const resources = await service({ scale: { requestsPerSecond: 50 } });
      assert.ok(!resources.some(({ type }) => type === types.autoscaler));
      const { metadata, spec } = only(resources, scaledType).inputs;
      const { name, namespace } = only(resources, types.deployment).outputs.metadata;
      assert.deepEqual(spec.scaleTargetRef, { name });
      assert.equal(metadata.namespace, namespace);
      assert.equal(spec.minReplicaCount, 2);
      assert.equal(spec.maxReplicaCount, 4);
      assert.equal(metadata.annotations["pulumi.com/waitFor"], "condition=Ready");
    });

    it("keeps CPU and memory among the triggers", async () => {
      const { triggers } = await specOf({ ...worker, targetMemoryPercent: 70 });
      assert.deepEqual(triggers.slice(0, 2), [
        cpu,
        { type: "memory", metricType: "Utilization", metadata: { value: "70" } },
      ]);
    });

    it("follows the load balancer's count of requests, for each pod, once the Ingress has its target group", async () => {
      const resources = await service({ scale: { requestsPerSecond: 50 } });
      const scaled = only(resources, scaledType);
      const [first, trigger] = scaled.inputs.spec.triggers;
      assert.deepEqual(first, cpu);
      const { dimensionValue, ...metadata } = trigger.metadata;
      assert.deepEqual(metadata, {
        awsRegion: "eu-central-1",
        namespace: "AWS/ApplicationELB",
        metricName: "RequestCount",
        dimensionName: "LoadBalancer;TargetGroup",
        metricStat: "Sum",
        metricStatPeriod: "60",
        metricCollectionTime: "300",
        metricEndTimeOffset: "60",
        targetMetricValue: "3000",
        minMetricValue: "0",
      });
      assert.equal(trigger.type, "aws-cloudwatch");
      assert.equal(trigger.metricType, "AverageValue");
      assert.equal(trigger.useCachedMetrics, true);
      assert.match(dimensionValue, /^app\/[^;]+;targetgroup\/[^;]+$/);
      // Another service's target group is another one.
      const other = only(
        await service({ name: "shop", scale: { requestsPerSecond: 50 } }),
        scaledType,
      );
      const [, shop] = other.inputs.spec.triggers;
      assert.equal(shop.metadata.dimensionValue.split(";")[0], dimensionValue.split(";")[0]);
      assert.notEqual(shop.metadata.dimensionValue.split(";")[1], dimensionValue.split(";")[1]);
      const ingress = only(resources, types.ingress).urn;
      assert.ok(outlivedBy(scaled.urn, prerequisites(resources)).has(ingress));
    });

    it("follows a queue by its URL, in its region", async () => {
      const triggerOf = async (name: string) => {
        const { triggers } = await specOf({ ...worker, scale: { queue: { ...queue, name } } });
        return triggers[1];
      };
      const own = await triggerOf("orders");
      assert.equal(own.type, "aws-sqs-queue");
      assert.equal(own.metricType, "AverageValue");
      assert.equal(own.useCachedMetrics, true);
      assert.deepEqual(own.metadata, {
        awsRegion: "eu-central-1",
        queueURL: "https://sqs.eu-central-1.amazonaws.com/111122223333/orders",
        queueLength: "5",
      });
      const queueURL = "https://sqs.eu-west-1.amazonaws.com/444455556666/mail.fifo";
      assert.deepEqual((await triggerOf(queueURL)).metadata, {
        awsRegion: "eu-west-1",
        queueURL,
        queueLength: "5",
      });
    });

    it("follows a queue of the resources that the service uses, by its own URL", async () => {
      const url = "https://sqs.eu-central-1.amazonaws.com/111122223333/mails-1a2b3c4";
      const link = {
        access: "read" as const,
        variables: {},
        secrets: {},
        statements: [],
        egress: [],
      };
      const links = [
        { ...link, resource: "orders" },
        {
          ...link,
          resource: "mails",
          queue: { arn: pulumi.output("arn"), url: pulumi.output(url) },
        },
      ];
      const scale = { queue: { resource: "mails", messagesPerPod: 20 } };
      const { triggers } = await specOf({ ...worker, links, scale });
      assert.deepEqual(triggers[1].metadata, {
        awsRegion: "eu-central-1",
        queueURL: url,
        queueLength: "20",
      });
    });

    it("asks AWS in the name of KEDA's operator", async () => {
      const resources = await service({
        scale: { requestsPerSecond: 50, queue },
      });
      const authentication = only(resources, authenticationType);
      assert.deepEqual(authentication.inputs.spec, { podIdentity: { provider: "aws" } });
      const scaled = only(resources, scaledType);
      assert.equal(authentication.inputs.metadata.namespace, scaled.inputs.metadata.namespace);
      const [, ...outside] = scaled.inputs.spec.triggers;
      assert.equal(outside.length, 2);
      for (const { authenticationRef } of outside) {
        assert.deepEqual(authenticationRef, { name: authentication.outputs.metadata.name });
      }
    });

    it("goes to zero, though the Deployment begins with a pod, and back to it with its ScaledObject", async () => {
      const resources = await service(worker);
      const { spec } = only(resources, scaledType).inputs;
      assert.equal(spec.minReplicaCount, 0);
      assert.deepEqual(spec.advanced, { restoreToOriginalReplicaCount: true });
      assert.equal(only(resources, types.deployment).inputs.spec.replicas, 1);
      const kept = await specOf({ scale: { queue } });
      assert.deepEqual(kept.advanced, { restoreToOriginalReplicaCount: false });
    });
  });

  describe("ingress", () => {
    it("targets pods, and checks that they are ready", async () => {
      const annotations = annotationsOf(await service());
      assert.equal(annotations["alb.ingress.kubernetes.io/target-type"], "ip");
      assert.equal(annotations["alb.ingress.kubernetes.io/healthcheck-path"], "/readyz");
    });

    it("keeps a client at its pod only where the route says so", async () => {
      const stickiness = async (sticky?: boolean) => {
        const attributes = attributesOf(
          await service({ route: { path: "/", ...(sticky !== undefined && { sticky }) } }),
          "target-group",
        );
        return [attributes["stickiness.enabled"], attributes["stickiness.type"]];
      };
      assert.deepEqual(await stickiness(), ["false", undefined]);
      assert.deepEqual(await stickiness(false), ["false", undefined]);
      assert.deepEqual(await stickiness(true), ["true", "lb_cookie"]);
    });

    it("waits for its host name, not for endpoints that come after it", async () => {
      assert.equal(
        annotationsOf(await service())["pulumi.com/waitFor"],
        "jsonpath={.status.loadBalancer.ingress[0].hostname}",
      );
    });
  });
});
