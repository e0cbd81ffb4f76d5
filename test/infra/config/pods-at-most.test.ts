import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { addonsOf, podsAtMost } from "../../../infra/config/pods-at-most.ts";
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

describe("the add-ons on each node", () => {
  const addons = (changes: Slices) => addonsOf(settingsSchema.parse({ ...valid, ...changes }));
  const none = { secrets: false, files: false, podIdentity: false };
  const resources: Record<string, object> = {
    bucket: { kind: "bucket" },
    cache: { kind: "cache" },
    files: { kind: "files" },
    postgres: { kind: "postgres", version: "17" },
    queue: { kind: "queue" },
    secret: { kind: "secret" },
    table: { kind: "table", partitionKey: "id" },
    topic: { kind: "topic" },
  };

  for (const [kind, resource] of Object.entries(resources)) {
    const withSecrets = ["postgres", "secret"].includes(kind);
    it(`${withSecrets ? "bring" : "bring no"} secrets for users of a ${kind}`, () => {
      const given = { resources: { one: resource } };
      const expected = { ...none, files: kind === "files" };
      assert.deepEqual(addons(given), expected, "nobody uses it");
      const uses = { one: kind === "secret" ? "read" : kind === "topic" ? "write" : "readWrite" };
      assert.deepEqual(addons({ ...given, ...web({ uses }) }), {
        ...expected,
        secrets: withSecrets,
      });
      const jobs = { tidy: { image: { sameAs: "web" }, uses } };
      assert.deepEqual(addons({ ...given, jobs }), { ...expected, secrets: withSecrets });
    });
  }

  it("bring the agent of EKS Pod Identity, and prefixes with the memory that their system keeps", () => {
    const identity = { cluster: { ...valid.cluster, identity: "podIdentity" } };
    assert.deepEqual(addons(identity), { ...none, podIdentity: true });
    const prefixes = (operatingSystem: string) =>
      addons({
        nodes: { ...valid.nodes, operatingSystem },
        cluster: { ...valid.cluster, podAddresses: { prefixDelegation: true } },
      });
    assert.deepEqual(prefixes("al2023"), { ...none, prefixes: "few" });
    assert.deepEqual(prefixes("bottlerocket"), { ...none, prefixes: "all" });
  });

  it("bring secrets for one container with one", () => {
    const secrets = { TOKEN: { parameter: "/token" } };
    assert.deepEqual(addons({}), none);
    assert.deepEqual(addons(web({ secrets })), { ...none, secrets: true });
    const sidecars = { proxy: { image: { reference: "registry.example.com/proxy:1" }, secrets } };
    assert.deepEqual(addons(web({ sidecars })), { ...none, secrets: true });
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
