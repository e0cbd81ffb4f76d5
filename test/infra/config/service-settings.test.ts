import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { Service } from "../../../infra/services/service.ts";
import type { ServiceArgs } from "../../../infra/services/service-args.ts";
import { readConfig } from "../../../service/src/config.ts";
import { deploy, only } from "../../../tools/graph/evaluate.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { serviceSettings, surroundings } from "../../support/service-args.ts";

const digest = `sha256:${"a".repeat(64)}`;
const service = (changes: Partial<ServiceArgs>) =>
  deploy(
    () =>
      new Service("service", {
        name: "orders",
        ...serviceSettings,
        ...surroundings,
        route: { path: "/" },
        callers: [],
        edge: { certificateArns: undefined, webAclArn: undefined, logDelivery: undefined },
        image: `111122223333.dkr.ecr.eu-central-1.amazonaws.com/service@${digest}`,
        ...changes,
      }),
  );

const settings = fc.record({
  minReplicas: fc.integer({ min: 1, max: 20 }),
  maxReplicas: fc.integer({ min: 20, max: 100 }),
  targetCpuPercent: fc.integer({ min: 10, max: 95 }),
  cpuMillicores: fc.integer({ min: 50, max: 1000 }),
  cpuLimitMillicores: fc.integer({ min: 1000, max: 4000 }),
  memoryMiB: fc.integer({ min: 128, max: 8192 }),
  drainSeconds: fc.integer({ min: 10, max: 100 }),
  requestTimeoutSeconds: fc.integer({ min: 1, max: 100 }),
  maxBodyKiB: fc.integer({ min: 1, max: 1024 }),
  logLevel: fc.constantFrom("fatal", "error", "warn", "info", "debug", "trace"),
  faultInjection: fc.boolean(),
  policyArns: fc.subarray(
    ["ReadOrders", "WriteOrders"].map((name) => `arn:aws:iam::111122223333:policy/${name}`),
  ),
}) as fc.Arbitrary<Partial<ServiceArgs>>;

const pod = (resources: Resource[]) =>
  only(resources, "kubernetes:apps/v1:Deployment").inputs.spec.template.spec.containers[0];
const environment = (resources: Resource[]): Record<string, string> =>
  Object.fromEntries(
    pod(resources).env.map(({ name, value }: { name: string; value?: string }) => [name, value]),
  );

describe("a service's settings, whatever they are", () => {
  const everySetting = (holds: (args: Partial<ServiceArgs>, resources: Resource[]) => void) =>
    fc.assert(
      fc.asyncProperty(settings, async (changes) => holds(changes, await service(changes))),
      { numRuns: 15 },
    );

  it("reach the process, which reads them as they are written", () =>
    everySetting((args, resources) => {
      const read = readConfig(environment(resources));
      assert.equal(read.logLevel, args.logLevel);
      assert.equal(read.faultInjection, args.faultInjection);
      assert.equal(read.maxBodyBytes, (args.maxBodyKiB ?? 0) * 1024);
      assert.equal(read.requestTimeoutSeconds, args.requestTimeoutSeconds);
      assert.equal(read.drain.minSeconds >= (args.drainSeconds ?? 0), true);
      // One load balancer is in between, whose header is to be believed, and no other's.
      assert.equal(read.trustedProxyHops, 1);
      assert.equal(read.identity.name, "orders");
      assert.equal(read.identity.imageDigest, digest);
    }));

  it("bound the container's CPU and memory, and no other container's", () =>
    everySetting(({ cpuMillicores, cpuLimitMillicores, memoryMiB }, resources) => {
      const { requests, limits } = pod(resources).resources;
      assert.equal(requests.cpu, `${cpuMillicores}m`);
      assert.equal(limits.cpu, `${cpuLimitMillicores}m`);
      assert.equal(requests.memory, `${memoryMiB}Mi`);
      assert.equal(limits.memory, `${memoryMiB}Mi`);
      assert.equal(
        only(resources, "kubernetes:apps/v1:Deployment").inputs.spec.template.spec.containers
          .length,
        1,
      );
    }));

  it("are the autoscaler's limits and target, and the first number of pods", () =>
    everySetting(({ minReplicas, maxReplicas, targetCpuPercent }, resources) => {
      const { spec } = only(resources, "kubernetes:autoscaling/v2:HorizontalPodAutoscaler").inputs;
      assert.equal(spec.minReplicas, minReplicas);
      assert.equal(spec.maxReplicas, maxReplicas);
      assert.equal(spec.metrics[0].resource.target.averageUtilization, targetCpuPercent);
      const { replicas } = only(resources, "kubernetes:apps/v1:Deployment").inputs.spec;
      assert.equal(replicas, minReplicas);
    }));

  it("leave the quota room for twice the most pods and a surge, and no more", () =>
    everySetting((args, resources) => {
      const { hard } = only(resources, "kubernetes:core/v1:ResourceQuota").inputs.spec;
      const pods = 2 * (args.maxReplicas ?? 0) + 1;
      assert.equal(hard.pods, String(pods));
      assert.equal(hard["requests.cpu"], `${pods * (args.cpuMillicores ?? 0)}m`);
      assert.equal(hard["limits.cpu"], `${pods * (args.cpuLimitMillicores ?? 0)}m`);
      assert.equal(hard["requests.memory"], `${pods * (args.memoryMiB ?? 0)}Mi`);
      assert.equal(hard["limits.memory"], `${pods * (args.memoryMiB ?? 0)}Mi`);
    }));

  it("attach every policy that is named, and no other, to the role of its account", () =>
    everySetting(({ policyArns }, resources) => {
      const attached = resources
        .filter(({ type }) => type === "aws:iam/rolePolicyAttachment:RolePolicyAttachment")
        .map(({ inputs }) => inputs.policyArn);
      assert.deepEqual(attached.sort(), [...(policyArns ?? [])].sort());
      const { annotations } = only(resources, "kubernetes:core/v1:ServiceAccount").inputs.metadata;
      assert.equal(
        annotations["eks.amazonaws.com/role-arn"],
        only(resources, "aws:iam/role:Role").outputs.arn,
      );
    }));

  it("give a rollout more time than its pods take, and keep what a rollback needs", () =>
    everySetting((_, resources) => {
      const { spec } = only(resources, "kubernetes:apps/v1:Deployment").inputs;
      assert.ok(spec.progressDeadlineSeconds > spec.template.spec.terminationGracePeriodSeconds);
      assert.ok(spec.revisionHistoryLimit >= 2 && spec.revisionHistoryLimit <= 10);
      assert.equal(spec.strategy.type, "RollingUpdate");
    }));
});
