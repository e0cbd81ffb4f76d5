import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NodegroupScalingConfig } from "@aws-sdk/client-eks";
import { after, before, beforeEach, describe, it } from "mocha";
import { parseDocument } from "yaml";
import { linkedProject } from "../../../tools/graph/linked-project.ts";
import { type Surroundings, wakeCommand } from "../../../tools/operate/wake/wake-command.ts";
import { printing } from "../../support/printing.ts";

type Connection = Awaited<ReturnType<NonNullable<Surroundings["connect"]>>>;

const day = { minSize: 2, desiredSize: 2, maxSize: 4 };
const night = { minSize: 0, desiredSize: 0, maxSize: 1 };
const denied = Object.assign(new Error("not authorized to perform: eks:UpdateNodegroupConfig"), {
  name: "AccessDeniedException",
});

/** A cluster whose nodes come and go, and whose pods follow, one at each look. */
class FakeCluster {
  sizes: NodegroupScalingConfig = night;
  nodes = 0;
  ready = 0;
  /** Looks at which another change of the group is under way. */
  busy = 0;
  refusal: Error | undefined;
  stuck = false;
  scaled: NodegroupScalingConfig[] = [];

  get connection(): Connection {
    const listNode = async () => {
      const wanted = this.sizes.desiredSize ?? 0;
      if (!this.stuck) this.nodes += Math.sign(wanted - this.nodes);
      const status = { conditions: [{ type: "Ready", status: "True" }] };
      return { items: Array.from({ length: this.nodes }, () => ({ status })) };
    };
    const listNamespacedDeployment = async ({ namespace }: { namespace: string }) => {
      if (!this.stuck) this.ready += 1;
      const of = { metadata: { namespace }, spec: { replicas: 2 } };
      return { items: [{ ...of, status: { availableReplicas: this.ready } }] };
    };
    const asleep = () => this.sizes.minSize === 0;
    return {
      groups: {
        read: async () => [{ name: "nodes", key: "", asleep: asleep(), awake: !asleep() }],
        scale: async (_, sizes) => {
          if (this.refusal) throw this.refusal;
          if (this.busy-- > 0) return false;
          this.sizes = sizes;
          this.scaled.push(sizes);
          return true;
        },
      },
      kubernetes: {
        core: { listNode },
        apps: { listNamespacedDeployment },
      } as unknown as Connection["kubernetes"],
    };
  }
}

describe("npm run wake and npm run sleep", () => {
  let folder: string;
  let cluster: FakeCluster;
  before(() => {
    folder = linkedProject("wake-");
    const settings = parseDocument(readFileSync("Pulumi.dev.yaml", "utf8"));
    writeFileSync(join(folder, "Pulumi.always.yaml"), String(settings));
    const schedule = { sleep: "0 19 * * 1-5", wake: "0 7 * * 1-5" };
    settings.setIn(["config", "platform:nodes", "schedule"], schedule);
    settings.setIn(["config", "platform:environment"], "development");
    writeFileSync(join(folder, "Pulumi.office.yaml"), String(settings));
  });
  after(() => rmSync(folder, { recursive: true }));
  beforeEach(() => {
    cluster = new FakeCluster();
  });

  const run = async (to: "wake" | "sleep", ...args: string[]) => {
    const { terminal, printed } = printing();
    let seconds = 0;
    const code = await wakeCommand(to, args, terminal, {
      folder,
      connect: async () => cluster.connection,
      now: () => seconds,
      wait: async (more) => {
        seconds += more;
      },
    });
    return { code, ...printed };
  };

  it("bring the nodes of the settings, and wait for them and for all pods", async () => {
    const { code, out, err } = await run("wake", "--stack", "office");
    assert.equal(code, 0, err);
    assert.deepEqual(cluster.scaled, [day]);
    assert.match(out, /^EKS has the sizes of the day after/);
    assert.match(
      out,
      /2 nodes are ready after 10 s\nThe pods of all services are ready after 20 s/,
    );
  });

  it("change nothing of a stack that is awake, or asleep, already", async () => {
    Object.assign(cluster, { sizes: day, nodes: 2, ready: 2 });
    assert.equal((await run("wake", "--stack", "office")).code, 0);
    Object.assign(cluster, { sizes: night, nodes: 0 });
    assert.equal((await run("sleep", "--stack", "office")).code, 0);
    assert.deepEqual(cluster.scaled, []);
  });

  it("take the nodes away, and wait until they are gone", async () => {
    Object.assign(cluster, { sizes: day, nodes: 2 });
    const { code, out } = await run("sleep", "--stack", "office");
    assert.equal(code, 0);
    assert.deepEqual(cluster.scaled, [night]);
    assert.match(out, /The nodes are gone after 10 s/);
  });

  it("try again while EKS changes the group for somebody else", async () => {
    cluster.busy = 3;
    const { code, out } = await run("wake", "--stack", "office");
    assert.equal(code, 0);
    assert.match(out, /sizes of the day after 30 s/);
  });

  it("end with 1 when nodes or pods are not there in time, and say which", async () => {
    cluster.stuck = true;
    const nodes = await run("wake", "--stack", "office", "--minutes", "5");
    assert.deepEqual([nodes.code, nodes.err], [1, "0 of 2 nodes are ready after 5 minutes\n"]);
    cluster.nodes = 2;
    const pods = await run("wake", "--stack", "office", "--minutes", "5");
    assert.deepEqual([pods.code, pods.err], [1, "pods are not ready of web after 5 minutes\n"]);
    const left = await run("sleep", "--stack", "office", "--minutes", "5");
    assert.deepEqual([left.code, left.err], [1, "2 nodes are still there after 5 minutes\n"]);
  });

  it("end with 2 for a stack that never sleeps, and for a wrong command", async () => {
    const never = await run("wake", "--stack", "always");
    assert.equal(never.code, 2);
    assert.match(never.err, /Stack always has no nodes\.schedule/);
    for (const args of [["--minutes", "0"], ["--now"], ["--stack", "none"]]) {
      assert.equal((await run("wake", ...args)).code, 2, args.join(" "));
    }
    assert.deepEqual(cluster.scaled, []);
  });

  it("end with 3 when AWS refuses, and name the action", async () => {
    cluster.refusal = denied;
    const { code, err } = await run("wake", "--stack", "office");
    assert.deepEqual([code, err], [3, "needs eks:UpdateNodegroupConfig\n"]);
  });
});
