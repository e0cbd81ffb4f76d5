import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type ContainerArgs, containerOf } from "../../../infra/services/container.ts";
import { containersOf } from "../../../infra/services/pod-size.ts";

const args: ContainerArgs = {
  image: `registry/web@sha256:${"a".repeat(64)}`,
  user: 1000,
  environment: {},
  secrets: {},
  writable: {},
  cpuMillicores: 100,
  cpuLimitMillicores: 200,
  memoryMiB: 64,
};

describe("the user of a container", () => {
  const context = (own: Partial<ContainerArgs>, pod: { user: number; group?: number }) => {
    const made = containerOf("web", { ...args, ...own }, { pod });
    const { runAsUser, runAsGroup } = made.securityContext as Record<string, number>;
    return [runAsUser, runAsGroup];
  };

  it("is the pod's where both user and group are", () => {
    assert.deepEqual(context({}, { user: 1000 }), [undefined, undefined]);
    assert.deepEqual(context({ group: 1000 }, { user: 1000 }), [undefined, undefined]);
    assert.deepEqual(context({}, { user: 1000, group: 1000 }), [undefined, undefined]);
  });

  it("is its own, with its group, where either differs from the pod's", () => {
    assert.deepEqual(context({ user: 2000 }, { user: 1000 }), [2000, 2000]);
    assert.deepEqual(context({ group: 3000 }, { user: 1000 }), [1000, 3000]);
    assert.deepEqual(context({ user: 2000, group: 1000 }, { user: 1000 }), [2000, 1000]);
    assert.deepEqual(context({}, { user: 1000, group: 3000 }), [1000, 1000]);
  });
});

describe("the containers of a pod", () => {
  it("are its own, those beside it and those before it", () => {
    const sized = (cpuMillicores: number) => ({ cpuMillicores });
    const workload = {
      ...sized(1),
      sidecars: { proxy: sized(2), agent: sized(3) },
      before: { migrate: sized(4) },
    };
    assert.deepEqual(
      containersOf("web", workload).map(({ name, container }) => [name, container.cpuMillicores]),
      [
        ["web", 1],
        ["proxy", 2],
        ["agent", 3],
        ["migrate", 4],
      ],
    );
  });
});
