import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { figuresOf, renderKinds } from "../../../tools/bench/nodes-report.ts";
import type { Rehearsal } from "../../../tools/rehearsal/scenario.ts";

const loss = (lost: string, seconds: number | undefined) => ({
  ...{ lost, seconds, awaySeconds: 25, failures: [] },
  services: [{ service: "web", replicas: 2, fewest: 1 }],
});
const rehearsal = (zoneSeconds: number | undefined): Rehearsal => ({
  stack: "prod",
  results: [{ title: "destroy", steps: [], simulatedSeconds: 692, realSeconds: 1, failures: [] }],
  timeToReady: { seconds: 902, path: [], bound: [] },
  releases: [{ title: "a new image", seconds: 116, parts: [], bound: [] }],
  pods: {
    load: {
      ...{ service: "web", from: 2, to: 20, outSeconds: 223, backSeconds: 991, zonesAfter: 2 },
      ...{ nodes: { before: 3, most: 10, after: 3 }, failures: [] },
    },
    node: loss("node", 326),
    zone: loss("eu-central-1a", zoneSeconds),
  },
  kept: [],
});

describe("the figures of nodes", () => {
  it("stand in one table, a column for each kind", () => {
    const text = renderKinds("2026-11-30", [
      figuresOf("managed", rehearsal(326)),
      figuresOf("karpenter", rehearsal(undefined)),
    ]);
    assert.equal(
      text,
      `2026-11-30, minutes of simulated time. Losses are the worst of all nodes, and of all zones.

|  | \`managed\` | \`karpenter\` |
| --- | --- | --- |
| \`up\` until the pods are ready | 15:02 | 15:02 |
| a new image | 1:56 | 1:56 |
| 2 to 20 pods | 3:43 | 3:43 |
| 20 to 2 pods, and nodes as before | 16:31 | 16:31 |
| nodes at rest, at most, after | 3, 10, 3 | 3, 10, 3 |
| a node dies: all pods ready | 5:26 | 5:26 |
| a zone is lost: all pods ready | 5:26 | never |
| a zone is lost: pods that answer, at the fewest | 1 of 2 | 1 of 2 |
| no requests to lost pods after | 0:25 | 0:25 |
| \`destroy\` | 11:32 | 11:32 |`,
    );
  });

  it("are missed where a rehearsal has not measured one", () => {
    assert.throws(
      () => figuresOf("managed", { ...rehearsal(1), pods: undefined }),
      /^Error: managed: the rehearsal has no pods$/,
    );
    assert.throws(() => figuresOf("managed", { ...rehearsal(1), results: [] }), /no destroy$/);
  });
});
