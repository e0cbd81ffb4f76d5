import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type ContainerArgs, containerOf } from "../../../infra/services/container.ts";
import { containersOf, podSize, quotaFor } from "../../../infra/services/pod-size.ts";
import { namespaceArgs } from "../../../infra/services/service-specs.ts";
import { serviceArgs } from "../../support/service-args.ts";

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

describe("the variables of a container", () => {
  it("have each name once: a secret goes before a value of the same name", () => {
    const secrets = { TOKEN: { arn: "arn:secret" } } as unknown as ContainerArgs["secrets"];
    const environment = { TOKEN: "none", MODE: "x" };
    const { env } = containerOf(
      "web",
      { ...args, environment, secrets },
      { variables: { TOKEN: "default", POD_NAME: { fieldPath: "metadata.name" } }, pod: args },
    );
    const variables = env as { name: string; value?: string; valueFrom?: object }[];
    assert.deepEqual(variables.map(({ name }) => name).sort(), ["MODE", "POD_NAME", "TOKEN"]);
    const token = variables.find(({ name }) => name === "TOKEN");
    assert.equal(token?.value, undefined);
    assert.ok(token?.valueFrom && "secretKeyRef" in token.valueFrom);
  });
});

describe("the quota of a service's namespace", () => {
  const size = (memoryMiB: number) => ({ cpuMillicores: 10, cpuLimitMillicores: 20, memoryMiB });
  const quota = (more: object) => namespaceArgs({ ...serviceArgs, ...more }).quota;

  it("has room for the pods of a release beside two generations of its own, without companions", () => {
    const companions = {
      sidecars: { proxy: size(1000) },
      before: { migrate: size(5000) },
    } as unknown as Pick<typeof serviceArgs, "sidecars" | "before">;
    const release = { command: ["migrate"], deadlineSeconds: 60, retries: 2 };
    const own = {
      count: 2 * serviceArgs.maxReplicas + 1,
      size: podSize({ ...serviceArgs, ...companions }),
    };
    const alone = { count: 3, size: podSize(serviceArgs) };
    assert.deepEqual(quota(companions), quotaFor([own]));
    assert.deepEqual(quota({ ...companions, release }), quotaFor([own, alone]));
    assert.equal(podSize(serviceArgs).memoryMiB, serviceArgs.memoryMiB);
  });
});
