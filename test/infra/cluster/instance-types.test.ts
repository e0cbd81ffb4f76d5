import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  type InstanceType,
  instanceType,
  isSubstitute,
} from "../../../infra/cluster/instance-types.ts";

const known = (name: string): InstanceType => {
  const type = instanceType(name);
  assert.ok(type, name);
  return type;
};
/** The pods that EKS's own list (eni-max-pods.txt of amazon-eks-ami) has for a type. */
const podsOf = (name: string) => {
  const { interfaces, addressesPerInterface } = known(name);
  return interfaces * (addressesPerInterface - 1) + 2;
};

const sizes = [
  "medium",
  "large",
  "xlarge",
  "2xlarge",
  "4xlarge",
  "8xlarge",
  "12xlarge",
  "16xlarge",
];
const families = [
  "m5",
  "m6g",
  "m7g",
  "m7i",
  "c6g",
  "c7g",
  "r6g",
  "r7g",
  "m8g",
  "m8i",
  "m8a",
  "c8i",
];

describe("an instance type, by its family and size", () => {
  it("takes the pods that EKS's list says", () => {
    const lists: Record<string, number>[] = [
      { "t3.nano": 4, "t3.micro": 4, "t3.small": 11, "t3.medium": 17, "t3.large": 35 },
      { "t3.xlarge": 58, "t3.2xlarge": 58, "t4g.medium": 17, "t4g.large": 35, "t3a.small": 8 },
      { "m6g.medium": 8, "m5.large": 29, "m5.xlarge": 58, "m5.2xlarge": 58, "m5.4xlarge": 234 },
      { "m5.8xlarge": 234, "m5.12xlarge": 234, "m5.16xlarge": 737, "m5.24xlarge": 737 },
    ];
    for (const [name, pods] of lists.flatMap((list) => Object.entries(list))) {
      assert.equal(podsOf(name), pods, name);
    }
  });

  it("has memory by its vCPUs: 2 GiB for c, 4 for m, 8 for r", () => {
    for (const family of families) {
      const perVcpu = { c: 2048, m: 4096, r: 8192 }[family[0] as "c" | "m" | "r"];
      for (const size of sizes) {
        const { vcpus, memoryMiB } = known(`${family}.${size}`);
        assert.equal(memoryMiB, vcpus * perVcpu, `${family}.${size}`);
      }
    }
  });

  it("has as many vCPUs as its size says: four for each x", () => {
    for (const family of families) {
      assert.equal(known(`${family}.medium`).vcpus, 1);
      assert.equal(known(`${family}.large`).vcpus, 2);
      for (const size of [...sizes.slice(2), "24xlarge"]) {
        const times = Number(size.replace("xlarge", "") || 1);
        assert.equal(known(`${family}.${size}`).vcpus, 4 * times, `${family}.${size}`);
      }
    }
  });

  it("has no fewer interfaces, addresses and memory than a smaller size of its family", () => {
    for (const family of families) {
      for (const [at, size] of sizes.entries()) {
        const [smaller, larger] = [sizes[at - 1], known(`${family}.${size}`)];
        if (!smaller) continue;
        const before = known(`${family}.${smaller}`);
        for (const key of ["vcpus", "memoryMiB", "interfaces", "addressesPerInterface"] as const) {
          assert.ok(larger[key] >= before[key], `${family}.${size} ${key}`);
        }
      }
    }
  });

  it("of the burstable families grows by two in memory, from half a GiB", () => {
    for (const family of ["t3", "t3a", "t4g"]) {
      const names = ["nano", "micro", "small", "medium", "large", "xlarge", "2xlarge"];
      for (const [at, size] of names.entries()) {
        const { memoryMiB, vcpus } = known(`${family}.${size}`);
        assert.equal(memoryMiB, 512 * 2 ** at, `${family}.${size}`);
        assert.equal(vcpus, Math.max(2, 2 ** (at - 3)), `${family}.${size}`);
      }
    }
  });
});

describe("a node of another type that the autoscaler takes for one of the first", () => {
  const first = { vcpus: 4, memoryMiB: 8192, interfaces: 4, addressesPerInterface: 15 };
  const ratios = [0.5, 1, 2];
  const others = ratios.flatMap((cpu) => ratios.map((memory) => ({ cpu, memory })));
  for (const { cpu, memory } of others) {
    const other = { ...first, vcpus: first.vcpus * cpu, memoryMiB: first.memoryMiB * memory };
    it(`with ${cpu} times its vCPUs and ${memory} times its memory`, () => {
      assert.equal(isSubstitute(first, other, false), cpu === 1 && memory === 1, "on demand");
      assert.equal(isSubstitute(first, other, true), cpu >= 1 && memory >= 1, "Spot");
    });
  }

  it("may differ in the rest", () => {
    const other = { ...first, interfaces: 3, addressesPerInterface: 10 };
    assert.ok(isSubstitute(first, other, false) && isSubstitute(first, other, true));
  });
});
