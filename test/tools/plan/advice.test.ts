import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "mocha";
import { parseDocument } from "yaml";
import { smallestRoom, withoutRoom } from "../../../infra/cluster/capacity.ts";
import { instancePrice } from "../../../tools/cloud/eks.ts";
import { evaluate } from "../../../tools/graph/evaluate.ts";
import { linkedProject } from "../../../tools/graph/linked-project.ts";
import { placementOf } from "../../../tools/plan/capacity-section.ts";
import { type Advice, adviceFor } from "../../../tools/plan/cost/advice.ts";
import { adviceText } from "../../../tools/plan/cost/advice-text.ts";
import { costOf } from "../../../tools/plan/cost/cost.ts";
import { plan } from "../../../tools/plan/plan-command.ts";
import { styleOf } from "../../../tools/plan/text.ts";
import { policyViolations } from "../../../tools/plan/violations.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** A stack of the project that has more than its pods need. */
const rich = {
  dev: {
    "nodes.instanceTypes": ["m7g.large"],
    "nodes.minSize": 3,
    "nodes.desiredSize": 3,
    "nodes.capacityType": "ON_DEMAND",
    "network.natPerZone": true,
  },
  prod: {
    "nodes.instanceTypes": ["m7g.large"],
    "nodes.diskSizeGiB": 50,
    "network.interfaceEndpoints": ["sts", "logs"],
  },
};

describe("what would cost less", function () {
  this.timeout(300_000);
  let folder: string;
  before(() => {
    folder = linkedProject("advice-");
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Writes the file of a stack of the project, with other settings. */
  function write(stack: string, settings: Record<string, unknown>): void {
    const file = parseDocument(readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8"));
    for (const [key, value] of Object.entries(settings)) {
      const [first = "", ...rest] = key.split(".");
      file.setIn(["config", `platform:${first}`, ...rest], file.createNode(value));
    }
    writeFileSync(join(folder, `Pulumi.${stack}.yaml`), String(file));
  }

  for (const stack of ["dev", "prod"] as const) {
    describe(`than the stack ${stack} with more than it needs`, () => {
      let advice: Advice;
      const settings = (key: string) => advice.proposals.flatMap((one) => one.settings[key] ?? []);
      before(async () => {
        write(stack, rich[stack]);
        advice = await adviceFor(stack, folder);
      });

      it("is the largest saving first, each with a type whose price is known", () => {
        const saves = advice.proposals.map((one) => one.saves);
        assert.ok(saves.length > 2);
        assert.deepEqual(
          saves,
          saves.toSorted((a, b) => b - a),
        );
        for (const one of advice.proposals) {
          assert.equal(one.monthly.toFixed(2), (advice.monthly - one.saves).toFixed(2));
          assert.ok(one.lost.every((words) => !/undefined|NaN/.test(words)));
        }
        for (const type of settings("nodes.instanceTypes").flat()) {
          assert.ok(instancePrice(String(type)), String(type));
        }
      });

      it("is what the plan takes, at that cost, in as many zones, with room at rest and at most", async () => {
        const before = placementOf((await evaluate(stack, folder)).resources);
        for (const one of advice.proposals) {
          write(stack, { ...rich[stack], ...one.settings });
          const { resources } = await evaluate(stack, folder);
          assert.equal(costOf(resources).monthly.toFixed(2), one.monthly.toFixed(2));
          assert.deepEqual(policyViolations(resources), []);
          const now = placementOf(resources);
          assert.ok(before && now);
          const { sizes, zones, rest, least, most } = now;
          assert.equal(zones, before.zones);
          assert.ok(sizes.desiredSize >= Math.min(zones, before.sizes.desiredSize));
          const room = smallestRoom(now.types, now.addons);
          assert.ok(room);
          const { desiredSize, maxSize } = sizes;
          assert.deepEqual(withoutRoom(most, { room, nodes: maxSize, zones }), []);
          assert.deepEqual(withoutRoom(least, { room, nodes: desiredSize, zones }), []);
          const withOneLost = { room, nodes: desiredSize - 1, zones };
          assert.deepEqual(withoutRoom(rest, withOneLost), [], "a node may be lost, as before");
        }
        write(stack, rich[stack]);
      });

      it("fits 80 columns, with the risk in words", () => {
        const text = adviceText(advice, styleOf(false));
        for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
        assert.equal(text.match(/lost: /g)?.length, advice.proposals.length);
        assert.match(text, /lost: a node has|burstable: above 40 %/);
      });

      it("is Spot in development only", () => {
        const kinds = settings("nodes.capacityType");
        assert.deepEqual([...new Set(kinds)], stack === "dev" ? ["SPOT"] : []);
        const words = advice.proposals.flatMap(({ lost }) => lost).join();
        assert.equal(/Spot: AWS takes a node back/.test(words), stack === "dev");
      });
    });
  }

  it("is prefixes of addresses where the number of pods is what fills the nodes", async () => {
    const crowded = {
      "nodes.instanceTypes": ["t4g.small"],
      "nodes.minSize": 4,
      "nodes.desiredSize": 4,
      "nodes.maxSize": 6,
    };
    const key = "cluster.podAddresses.prefixDelegation";
    write("dev", crowded);
    const { proposals } = await adviceFor("dev", folder);
    const [found] = proposals.filter(({ settings }) => key in settings);
    assert.equal(found?.settings[key], true);
    assert.equal(found?.settings["nodes.minSize"], 3);
    assert.match(found?.lost.join() ?? "", /^addresses of the subnets, which nodes take by 16/);
    // With few pods on large nodes it is memory that fills them.
    write("dev", rich.dev);
    const others = (await adviceFor("dev", folder)).proposals;
    assert.ok(!others.some(({ settings }) => key in settings));
  });

  it("names what an endpoint and a NAT gateway are good for", async () => {
    write("prod", rich.prod);
    write("dev", rich.dev);
    const words = async (stack: string, key: string) =>
      (await adviceFor(stack, folder)).proposals.flatMap((one) =>
        key in one.settings ? one.lost : [],
      );
    assert.deepEqual(await words("prod", "network.interfaceEndpoints"), [
      "what goes to sts takes the NAT gateway: dearer from 626 GB a month on, and not private",
      "what goes to logs takes the NAT gateway: dearer from 626 GB a month on, and not private",
    ]);
    assert.deepEqual(await words("prod", "network.natPerZone"), [], "a protection of production");
    assert.deepEqual(await words("dev", "network.natPerZone"), [
      "with the zone of the NAT gateway every zone loses its way out",
    ]);
  });

  it("is a NAT instance in development, and no endpoint less where nothing else goes out", async () => {
    const interfaceEndpoints = ["sts", "logs"];
    const network = async (settings: object) => {
      write("dev", { "network.interfaceEndpoints": interfaceEndpoints, ...settings });
      const { proposals } = await adviceFor("dev", folder);
      return proposals.filter(({ settings }) => Object.keys(settings)[0]?.startsWith("network."));
    };
    const gateway = await network({});
    assert.deepEqual(gateway[0]?.settings, { "network.egress": "instance" });
    assert.equal(gateway.length, 3);
    const words = (await network({ "network.egress": "instance" })).flatMap(({ lost }) => lost);
    assert.deepEqual(
      words,
      interfaceEndpoints.map(
        (one) => `what goes to ${one} takes the NAT instance, and is not private`,
      ),
    );
    assert.deepEqual(await network({ "network.egress": "none" }), []);
  });

  const run = async (args: string[]) => {
    let out = "";
    const terminal = {
      out: (text: string) => {
        out += text;
      },
      err: (text: string) => {
        out += text;
      },
      color: false,
    };
    return { code: await plan(args, terminal), out: () => out };
  };

  it("is printed by the command, as one document for machines too, and refuses nothing", async () => {
    const { code, out } = await run(["--cost", "--advise"]);
    assert.equal(code, 0);
    assert.match(out(), /^Stack dev: \$149 a month at rest/);
    const document = await run(["--cost", "--advise", "--json", "--stack", "prod"]);
    assert.equal(document.code, 0);
    const advice: Advice = JSON.parse(document.out());
    assert.ok(advice.proposals.every(({ saves }) => saves >= 1));
  });

  for (const args of [["--advise"], ["--cost", "--advise", "--out", "x"]]) {
    it(`is refused as ${args.join(" ")}`, async () => {
      const { code, out } = await run(args);
      assert.equal(code, 2);
      assert.match(out(), /^Option '--advise' goes with '--cost'/);
    });
  }
});
