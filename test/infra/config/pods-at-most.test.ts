import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { podsAtMost } from "../../../infra/config/pods-at-most.ts";
import { settingsSchema } from "../../../infra/config/schema.ts";
import { load, problems, type Slices, valid, web } from "../../support/setting-problems.ts";

const pods = (changes: Slices) => podsAtMost(settingsSchema.parse({ ...valid, ...changes }));
const counts = (of: { name: string; count: number }[]) =>
  Object.fromEntries(of.map(({ name, count }) => [name, count]));

describe("all pods at their most", () => {
  const webSettings = { ...valid.services.web, maxReplicas: 4 };
  const { route: _, ...mill } = { ...webSettings, worker: true, cpuMillicores: 900 };
  const job = (concurrency: string) => ({ image: { sameAs: "web" }, concurrency });

  it("are each service at its ceiling and in a rollout, one that nothing decides by one", () => {
    const of = (more: object) =>
      counts(pods({ services: { web: { ...webSettings, ...more } } }).own);
    assert.deepEqual(of({}), { web: 5 });
    assert.deepEqual(of({ maxSurge: 3 }), { web: 7 });
    assert.deepEqual(of({ maxSurge: "50%" }), { web: 6 });
  });

  it("are each job at its most runs", () => {
    const { own } = pods({
      jobs: { one: job("forbid"), other: job("replace"), many: job("allow") },
    });
    assert.deepEqual(counts(own), { web: 5, one: 1, other: 2, many: 5 });
  });

  it("are in each environment a pod and its next of each service with requests, and no worker", () => {
    const { own } = pods({
      services: { web: webSettings, mill },
      pullRequests: { environments: 3 },
    });
    assert.deepEqual(counts(own), { mill: 5, web: 5, "web of pull requests": 6 });
  });

  it("come the largest first, so that they find room", () => {
    const { own } = pods({
      services: { web: webSettings, mill },
      jobs: { small: job("forbid"), large: { ...job("forbid"), cpuMillicores: 800 } },
    });
    assert.deepEqual(
      own.map(({ name }) => name),
      ["mill", "web", "large", "small"],
    );
  });

  it("keep those of add-ons and of spare capacity apart", () => {
    const names = (changes: Slices) => pods(changes).ofCluster.map(({ name }) => name);
    const base = names({});
    const added = (changes: Slices) => names(changes).filter((name) => !base.includes(name));
    assert.deepEqual(added({ autoscaler: { enabled: true } }), ["cluster-autoscaler"]);
    const started = { instanceTypes: ["m7g.large"], cpuLimit: 32, memoryLimitGiB: 128 };
    const nodes = { ...valid.nodes, kind: "karpenter", karpenter: started };
    assert.deepEqual(added({ nodes }), ["karpenter"]);
    const scaled = { services: { web: { ...webSettings, scale: { requestsPerSecond: 5 } } } };
    assert.deepEqual(added(scaled), ["keda-operator", "keda-metrics-apiserver"]);
    assert.deepEqual(added({ resources: { shared: { kind: "files" } } }), ["efs-csi-controller"]);
    assert.deepEqual(pods({}).spare, []);
    const spareCapacity = { replicas: 2, cpuMillicores: 600, memoryMiB: 700 };
    assert.deepEqual(pods({ autoscaler: { enabled: true, spareCapacity } }).spare, [
      { name: "spare-capacity", count: 2, cpuMillicores: 600, memoryMiB: 700, spread: false },
    ]);
  });
});

describe("a rollout of a service", () => {
  it("adds as many pods as have room: in one step, or in 2, 3, 4, 5 or 10, else one", () => {
    const taken = new Map<number, number>();
    for (let maxReplicas = 14; maxReplicas <= 45; maxReplicas++) {
      const settings = (more: object = {}) => ({
        autoscaler: { enabled: true, spareCapacity: { replicas: 1 } },
        nodes: { maxSize: 6 },
        ...web({ maxReplicas, ...more }),
      });
      const fits = (maxSurge: number) => problems(settings({ maxSurge })).length === 0;
      if (!fits(1)) break;
      const steps = [1, 2, 3, 4, 5, 10];
      const surgeIn = (step: number) => Math.ceil((maxReplicas * Math.ceil(100 / step)) / 100);
      const least = steps.find((step) => fits(surgeIn(step)));
      const { maxSurge } = load(settings()).services.services.web ?? {};
      assert.equal(maxSurge, least ? surgeIn(least) : 1, `${maxReplicas} in ${least} steps`);
      taken.set(least ?? 0, maxReplicas);
    }
    assert.deepEqual([...taken.keys()], [1, 2, 3, 4, 5, 10, 0]);
  });
});
