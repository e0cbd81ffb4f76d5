import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { roomOf, smallestRoom } from "../../../infra/cluster/capacity.ts";
import { instanceType } from "../../../infra/cluster/instance-types.ts";
import {
  addressesOf,
  cniEnvironment,
  mostPods,
  type PodAddresses,
  podAddressesOf,
} from "../../../infra/cluster/pod-addresses.ts";
import { limitsFor, podsOfStarted, roomsOfStarted } from "../../../infra/cluster/started-nodes.ts";

const typeOf = (name: string) => instanceType(name) ?? assert.fail(name);
const prefixes = (more: Partial<PodAddresses> = {}) => ({ prefixDelegation: true, ...more });
const single = (more: Partial<PodAddresses> = {}) => ({ prefixDelegation: false, ...more });

describe("addresses of pods", () => {
  it("are what the CNI does by itself, until the stack asks for something", () => {
    assert.deepEqual(cniEnvironment(single()), {});
    assert.deepEqual(cniEnvironment(prefixes()), {
      ENABLE_PREFIX_DELEGATION: "true",
      WARM_PREFIX_TARGET: "1",
    });
    assert.deepEqual(cniEnvironment(prefixes({ warmIpTarget: 5, minimumIpTarget: 20 })), {
      ENABLE_PREFIX_DELEGATION: "true",
      WARM_IP_TARGET: "5",
      MINIMUM_IP_TARGET: "20",
    });
    assert.deepEqual(cniEnvironment(single({ warmIpTarget: 2 })), { WARM_IP_TARGET: "2" });
  });

  it("are read back from the add-on", () => {
    for (const given of [
      single(),
      prefixes({ warmPrefixTarget: 3 }),
      single({ warmIpTarget: 2 }),
    ]) {
      const env = { POD_SECURITY_GROUP_ENFORCING_MODE: "standard", ...cniEnvironment(given) };
      const read = podAddressesOf(JSON.stringify({ enableNetworkPolicy: "true", env }));
      assert.deepEqual(cniEnvironment(read), cniEnvironment(given));
    }
    assert.equal(podAddressesOf(undefined).prefixDelegation, false);
  });

  it("allow as many pods as EKS recommends", () => {
    const most = (name: string) => [false, true].map((on) => mostPods(typeOf(name), on));
    assert.deepEqual(most("t4g.nano"), [4, 34]);
    assert.deepEqual(most("t4g.small"), [11, 110]);
    assert.deepEqual(most("m7g.large"), [29, 110]);
    assert.deepEqual(most("m7g.4xlarge"), [110, 110]);
    assert.deepEqual(most("m7g.8xlarge"), [234, 250]);
  });

  it("are taken by 16 with prefixes, the one kept ready and the interfaces' own among them", () => {
    const of = (name: string, more?: Partial<PodAddresses>) =>
      addressesOf(typeOf(name), prefixes(more));
    // 108 pods: 7 prefixes and one ready, on one interface of 9; on t4g.small on three of 3.
    assert.equal(of("m7g.large"), 8 * 16 + 16);
    assert.equal(of("t4g.small"), 8 * 16 + 3 * 16);
    assert.equal(of("m7g.large", { warmPrefixTarget: 3 }), 10 * 16 + 2 * 16);
    assert.equal(of("m7g.large", { warmIpTarget: 4, minimumIpTarget: 1 }), 7 * 16 + 16);
    assert.equal(of("m7g.large", { warmIpTarget: 5 }), 8 * 16 + 16);
    assert.equal(of("t4g.nano"), 2 * 16 + 2 * 16, "it has two");
  });

  it("are those of the pods, those kept ready and the interfaces' own with a target of addresses", () => {
    const of = (name: string, more: Partial<PodAddresses>) =>
      addressesOf(typeOf(name), single(more));
    assert.equal(of("m7g.large", { warmIpTarget: 2 }), 27 + 3, "all that its interfaces have");
    assert.equal(of("m7g.16xlarge", { warmIpTarget: 2 }), 250 + 6);
    assert.equal(of("m7g.16xlarge", { warmIpTarget: 2, minimumIpTarget: 600 }), 600 + 13);
  });

  it("are never more than the interfaces hold, nor fewer than the pods need", () =>
    fc.assert(
      fc.property(
        fc.constantFrom("t4g.nano", "t4g.small", "t4g.medium", "m7g.large", "m7g.16xlarge"),
        fc.boolean(),
        fc.option(fc.integer({ min: 1, max: 250 }), { nil: undefined }),
        (name, prefixDelegation, warmIpTarget) => {
          const type = typeOf(name);
          const { interfaces, addressesPerInterface } = type;
          const taken = addressesOf(type, { prefixDelegation, warmIpTarget });
          const size = prefixDelegation ? 16 : 1;
          assert.ok(taken >= mostPods(type, prefixDelegation) - 2);
          assert.ok(taken <= interfaces * addressesPerInterface * size);
        },
      ),
    ));
});

describe("room on a node with prefixes", () => {
  it("is for more pods; memory is kept free for all of them but on managed nodes of AL2023", () => {
    const [before, few, all] = ([undefined, "few", "all"] as const).map((one) =>
      roomOf(typeOf("m7g.large"), one),
    );
    assert.equal((few?.pods ?? 0) - (before?.pods ?? 0), 110 - 29);
    assert.equal(few?.memoryMiB, before?.memoryMiB);
    assert.equal((before?.memoryMiB ?? 0) - (all?.memoryMiB ?? 0), 11 * (110 - 29));
    assert.deepEqual(smallestRoom(["m7g.large"], { prefixes: "all" }), all);
  });

  it("is for one number of pods on all nodes that Karpenter starts", () => {
    assert.equal(podsOfStarted(["m7g.large", "m7g.16xlarge"]), 110);
    assert.equal(podsOfStarted(["m7g.8xlarge", "m7g.16xlarge"]), 250);
    assert.equal(podsOfStarted(["t4g.nano", "m7g.large"]), 34);
    assert.equal(podsOfStarted(["m7g.16xlarge", "x9z.large"]), 110);
    const [small, large] = roomsOfStarted(["m7g.large", "m7g.16xlarge"], { prefixes: "few" });
    assert.equal(small?.pods, 110 - 5);
    assert.equal(large?.pods, 110 - 5);
    assert.ok((small?.memoryMiB ?? 0) <= roomOf(typeOf("m7g.large"), "all").memoryMiB);
  });

  it("needs smaller limits of Karpenter where the number of pods binds", () => {
    const pods = { name: "web", count: 60, cpuMillicores: 10, memoryMiB: 16, spread: false };
    const of = { instanceTypes: ["m7g.large"], zones: 1 };
    const limit = (addons: object) => limitsFor([pods], { ...of, addons })[0]?.cpuLimit;
    assert.equal(limit({}), 6, "24 pods a node");
    assert.equal(limit({ prefixes: "few" }), 2);
  });
});
