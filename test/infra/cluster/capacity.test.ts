import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import {
  clusterPods,
  fits,
  nodesFor,
  type Pods,
  roomOf,
  smallestRoom,
  withoutRoom,
} from "../../../infra/cluster/capacity.ts";
import { instanceType } from "../../../infra/cluster/instance-types.ts";
import { addressesOf } from "../../../infra/cluster/pod-addresses.ts";
import { addressesNeeded, privateAddresses } from "../../../infra/config/scale-rules.ts";
import { subnetCidrBlocks } from "../../../infra/network/network.ts";
import { evaluate } from "../../../tools/graph/evaluate.ts";

const typeOf = (name: string) => {
  const type = instanceType(name);
  assert.ok(type, name);
  return type;
};

describe("instance types", () => {
  /** vCPUs, MiB, interfaces and addresses of each, from the sources that instance-types.ts names. */
  const sample: Record<string, [number, number, number, number]> = {
    "t3a.small": [2, 2048, 2, 4],
    "t3.medium": [2, 4096, 3, 6],
    "t4g.medium": [2, 4096, 3, 6],
    "t4g.2xlarge": [8, 32768, 4, 15],
    "m7g.medium": [1, 4096, 2, 4],
    "m5.large": [2, 8192, 3, 10],
    "m7g.large": [2, 8192, 3, 10],
    "m7i-flex.large": [2, 8192, 3, 10],
    "m8g.xlarge": [4, 16384, 4, 15],
    "m8i.large": [2, 8192, 3, 20],
    "m8a.2xlarge": [8, 32768, 4, 40],
    "c6i.4xlarge": [16, 32768, 8, 30],
    "c7gn.8xlarge": [32, 65536, 8, 30],
    "c8i-flex.8xlarge": [32, 65536, 10, 50],
    "r6g.12xlarge": [48, 393216, 8, 30],
    "r8a.16xlarge": [64, 524288, 16, 64],
    "m7g.16xlarge": [64, 262144, 15, 50],
  };
  for (const [name, [vcpus, memoryMiB, interfaces, addressesPerInterface]] of Object.entries(
    sample,
  )) {
    it(`knows ${name}`, () =>
      assert.deepEqual(instanceType(name), {
        vcpus,
        memoryMiB,
        interfaces,
        addressesPerInterface,
      }));
  }

  it("does not guess at families with rules of their own", () => {
    for (const name of ["c5n.large", "m5zn.xlarge", "m8gn.large", "g5.xlarge", "i4i.large"]) {
      assert.equal(instanceType(name), undefined, name);
    }
    for (const name of ["m7g.metal", "m5.9xlarge", "large", "m7g.", "x.constructor"]) {
      assert.equal(instanceType(name), undefined, name);
    }
  });
});

describe("room on a node", () => {
  it("is less what EKS reserves and what is on every node", () => {
    const reserved = { kubelet: 255 + 11 * 17, eviction: 100, kernel: 0.075 * 4096 };
    const memoryMiB = 4096 - reserved.kubelet - reserved.eviction - reserved.kernel;
    const { cpuMillicores, ...room } = roomOf(typeOf("t4g.medium"));
    assert.equal(cpuMillicores, 2000 - 60 - 10 - 460);
    assert.equal(room.memoryMiB, Math.floor(memoryMiB - 286));
    // 60, 10, 5, 5, and 2.5 for each of the twelve others.
    assert.equal(roomOf(typeOf("m7g.4xlarge")).cpuMillicores, 16000 - 110 - 460);
    assert.equal(roomOf(typeOf("m7g.medium")).cpuMillicores, 1000 - 60 - 460);
  });

  it("has the pods that a managed node group allows, less those on every node", () => {
    assert.equal(roomOf(typeOf("t4g.medium")).pods, 17 - 5);
    assert.equal(roomOf(typeOf("m7g.4xlarge")).pods, 110 - 5);
    assert.equal(roomOf(typeOf("m7g.16xlarge")).pods, 250 - 5);
  });

  it("is the smallest one of several types, and unknown when one of them is", () => {
    assert.deepEqual(smallestRoom(["m7g.large", "t4g.medium"]), roomOf(typeOf("t4g.medium")));
    const bare = smallestRoom(["m7g.large"]);
    const both = smallestRoom(["m7g.large"], { secrets: true, files: true });
    assert.ok(bare && both);
    assert.equal(bare.pods - both.pods, 3, "two of the secrets store, one of the EFS CSI driver");
    assert.ok(both.memoryMiB < (smallestRoom(["m7g.large"], { secrets: true })?.memoryMiB ?? 0));
    assert.equal(smallestRoom(["m7g.large", "x9z.large"]), undefined);
  });

  it("takes no more addresses than the interfaces have", () => {
    const single = (name: string) => addressesOf(typeOf(name), { prefixDelegation: false });
    assert.equal(single("t4g.medium"), 18);
    assert.equal(single("m7g.large"), 30);
    // 250 pods: six interfaces, and one in reserve.
    assert.equal(single("m7g.16xlarge"), 7 * 50);
  });
});

describe("room for pods", () => {
  const names = ["t4g.medium", "m7g.large", "c7g.xlarge", "m8g.2xlarge"];
  const scene = fc.record({
    type: fc.constantFrom(...names),
    nodes: fc.integer({ min: 1, max: 30 }),
    zones: fc.integer({ min: 2, max: 4 }),
    pods: fc
      .array(
        fc.record({
          count: fc.integer({ min: 1, max: 40 }),
          cpuMillicores: fc.integer({ min: 10, max: 4000 }),
          memoryMiB: fc.integer({ min: 16, max: 8192 }),
          spread: fc.boolean(),
        }),
        { minLength: 1, maxLength: 4 },
      )
      .map((kinds): Pods[] => kinds.map((kind, at) => ({ ...kind, name: `kind-${at}` }))),
  });
  const place = ({ type, nodes, zones }: { type: string; nodes: number; zones: number }) => ({
    room: roomOf(typeOf(type)),
    nodes,
    zones,
  });

  it("is never found where all nodes together have too little", () =>
    fc.assert(
      fc.property(scene, ({ pods, ...where }) => {
        const { room, nodes, zones } = place(where);
        if (withoutRoom(pods, { room, nodes, zones }).length > 0) return;
        const sum = (of: (one: Pods) => number) =>
          pods.reduce((total, one) => total + one.count * of(one), 0);
        assert.ok(sum(({ cpuMillicores }) => cpuMillicores) <= nodes * room.cpuMillicores);
        assert.ok(sum(({ memoryMiB }) => memoryMiB) <= nodes * room.memoryMiB);
        assert.ok(sum(() => 1) <= nodes * room.pods);
        assert.ok(pods.every((one) => fits(one, room)));
      }),
    ));

  it("is found for as many with a node more", () =>
    fc.assert(
      fc.property(scene, ({ pods, ...where }) => {
        const { room, nodes, zones } = place(where);
        fc.pre(nodes >= zones);
        const left = (nodes: number) =>
          withoutRoom(pods, { room, nodes, zones }).reduce((sum, { count }) => sum + count, 0);
        assert.ok(left(nodes + 1) <= left(nodes));
      }),
    ));

  it("is what the smallest group that holds them has, and no smaller one", () =>
    fc.assert(
      fc.property(scene, ({ pods, ...where }) => {
        const { room, zones } = place(where);
        const enough = nodesFor(pods, { room, zones, atLeast: 1, atMost: 60 });
        fc.pre(enough !== undefined && enough > 1);
        assert.deepEqual(withoutRoom(pods, { room, nodes: enough as number, zones }), []);
        assert.notDeepEqual(withoutRoom(pods, { room, nodes: (enough as number) - 1, zones }), []);
      }),
      { numRuns: 50 },
    ));

  it("must be in the zone that the spread over zones demands", () => {
    const room = { cpuMillicores: 1000, memoryMiB: 1000, pods: 10 };
    const pods = { name: "web", count: 4, cpuMillicores: 500, memoryMiB: 10, spread: true };
    // Three nodes in two zones have six places, but the second zone has two of them.
    const six = withoutRoom([{ ...pods, count: 6 }], { room, nodes: 3, zones: 2 });
    assert.deepEqual(
      six.map(({ count }) => count),
      [1],
    );
    assert.deepEqual(withoutRoom([pods], { room, nodes: 3, zones: 2 }), []);
  });

  it("counts the autoscaler's and KEDA's own pods where there are any", () => {
    const own = (autoscaler: boolean, keda: boolean) =>
      clusterPods({ autoscaler, keda })
        .filter(({ name }) => /^(cluster-autoscaler|keda-.*)$/.test(name))
        .map(({ name, count, cpuMillicores, memoryMiB }) => [
          name,
          count,
          cpuMillicores,
          memoryMiB,
        ]);
    const autoscaler = ["cluster-autoscaler", 2, 100, 256];
    const keda = [
      ["keda-operator", 2, 100, 128],
      ["keda-metrics-apiserver", 2, 100, 128],
    ];
    assert.deepEqual(own(false, false), []);
    assert.deepEqual(own(true, false), [autoscaler]);
    assert.deepEqual(own(false, true), keda);
    assert.deepEqual(own(true, true), [autoscaler, ...keda]);
  });
});

describe("addresses", () => {
  it("of a private subnet are as many as the network gives it", () => {
    for (const prefix of [16, 17, 18, 19]) {
      const cidrBlock = `10.0.0.0/${prefix}`;
      for (const block of subnetCidrBlocks(cidrBlock, 6).private) {
        const size = 2 ** (32 - Number(block.split("/")[1]));
        assert.equal(privateAddresses({ cidrBlock }, { prefixDelegation: false }), size - 5);
      }
    }
  });

  it("of a private subnet are needed by nodes of known types, two more in an upgrade, and by AWS", () => {
    const needed = (instanceTypes: string[], endpoints = 0) =>
      addressesNeeded([{ instanceTypes, maxSize: 6, zones: [0, 1] }], {
        ...{ zones: 2, interfaceEndpoints: endpoints, started: undefined },
        podAddresses: { prefixDelegation: false },
      });
    assert.deepEqual(needed(["t9z.medium"]), { each: 0, others: 6, needed: 6 });
    assert.deepEqual(needed(["t4g.medium"], 4), { each: 18, others: 10, needed: 5 * 18 + 10 });
    assert.equal(needed(["t4g.medium", "m7g.large"]).each, 30, "the most of any type");
  });

  it("of the smallest public subnet suffice for its load balancer, NAT and the control plane", () => {
    for (const block of subnetCidrBlocks("10.0.0.0/19", 6).public) {
      assert.ok(2 ** (32 - Number(block.split("/")[1])) - 5 >= 8 + 1 + 6, block);
    }
  });
});

describe("pods that are once in a cluster", () => {
  const asked = (name: string, pods: Pods[]) =>
    pods.filter((one) => one.name === name).map((one) => [one.count, one.memoryMiB]);

  it("ask for what the manifests of EKS's add-ons ask for", () => {
    const pods = clusterPods({ autoscaler: false, keda: false });
    assert.deepEqual(asked("coredns", pods), [[2, 70]]);
    assert.deepEqual(asked("metrics-server", pods), [[2, 200]]);
    assert.deepEqual(asked("amazon-cloudwatch-observability", pods), [[1, 64]]);
    for (const { cpuMillicores } of pods) assert.equal(cpuMillicores, 100);
  });

  it("ask for what our own releases ask for", async () => {
    const { resources } = await evaluate("prod");
    const values = resources
      .filter(({ type }) => type === "kubernetes:helm.sh/v3:Release")
      .map(({ inputs }) => ({ chart: inputs.chart, ...inputs.values }));
    const pods = clusterPods({ autoscaler: true, keda: true });
    for (const name of ["cluster-autoscaler", "aws-load-balancer-controller"]) {
      const release = values.find(({ chart }) => String(chart).includes(name));
      assert.ok(release, name);
      const { cpu, memory } = release.resources.requests;
      assert.deepEqual(asked(name, pods), [[release.replicaCount, Number.parseInt(memory, 10)]]);
      assert.equal(cpu, "100m");
    }
  });

  it("are as many as the settings switch on", () => {
    const names = (autoscaler: boolean, keda: boolean) =>
      clusterPods({ autoscaler, keda }).map(({ name }) => name);
    const always = names(false, false);
    assert.deepEqual(names(true, false), [...always, "cluster-autoscaler"]);
    assert.deepEqual(names(false, true), [...always, "keda-operator", "keda-metrics-apiserver"]);
  });
});
