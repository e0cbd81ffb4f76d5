import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { type Node, order, outlivedBy, prerequisites } from "../../../tools/graph/order.ts";

const resource = (urn: string, more: Partial<Node> = {}): Node => ({
  urn,
  custom: true,
  dependsOn: [],
  ...more,
});
const component = (urn: string, more: Partial<Node> = {}) =>
  resource(urn, { custom: false, ...more });

const outlives = (nodes: Node[], survivor: string, mortal: string) =>
  outlivedBy(mortal, prerequisites(nodes)).has(survivor);

describe("order", () => {
  it("creates a resource after its parent, its provider and its dependencies", () => {
    const nodes = [
      resource("object", { parent: "service", provider: "provider", dependsOn: ["role"] }),
      component("service"),
      resource("role"),
      resource("provider"),
    ];
    assert.deepEqual(order(nodes).create, [["service", "role", "provider"], ["object"]]);
  });

  it("deletes in the reverse order", () => {
    const nodes = [
      resource("a"),
      resource("b", { dependsOn: ["a"] }),
      resource("c", { dependsOn: ["b"] }),
    ];
    assert.deepEqual(order(nodes).delete, [["c"], ["b"], ["a"]]);
  });

  it("extends a dependency on a component to its children", () => {
    const nodes = [
      component("controller"),
      component("role", { parent: "controller" }),
      resource("policy", { parent: "role" }),
      resource("ingress", { dependsOn: ["controller"] }),
    ];
    assert.ok(outlives(nodes, "policy", "ingress"));
  });

  it("extends the dependencies of a component to its children", () => {
    const nodes = [
      resource("controller"),
      component("service", { dependsOn: ["controller"] }),
      component("edge", { parent: "service" }),
      resource("ingress", { parent: "edge" }),
    ];
    assert.ok(outlives(nodes, "controller", "ingress"));
  });

  it("does not extend a dependency on a resource to its children", () => {
    const nodes = [
      resource("vpc"),
      resource("subnet", { parent: "vpc" }),
      resource("instance", { dependsOn: ["vpc"] }),
    ];
    assert.ok(!outlives(nodes, "subnet", "instance"));
  });

  it("waits for every provider of a remote component", () => {
    const nodes = [
      resource("aws"),
      resource("kubernetes"),
      component("remote", { provider: ["aws", "kubernetes"] }),
    ];
    assert.deepEqual(order(nodes).create, [["aws", "kubernetes"], ["remote"]]);
  });

  it("names the resources of a dependency cycle", () => {
    const nodes = [
      resource("free"),
      resource("a", { dependsOn: ["b"] }),
      resource("b", { dependsOn: ["a"] }),
    ];
    assert.throws(() => order(nodes), { message: "These wait for each other: a, b" });
  });

  /** Programs in which a resource names only those before it, as one that runs does. */
  const programs = fc.integer({ min: 1, max: 25 }).chain((size) =>
    fc.tuple(
      ...Array.from({ length: size }, (_, at) => {
        // r-1 is none of them.
        const earlier = fc.integer({ min: -1, max: at - 1 }).map((one) => `r${one}`);
        return fc.record({
          custom: fc.boolean(),
          parent: earlier,
          dependsOn: fc.array(earlier, { maxLength: 3 }),
        });
      }),
    ),
  );
  const nodesOf = (program: Omit<Node, "urn">[]): Node[] =>
    program.map((one, at) => ({ ...one, urn: `r${at}` }));
  const isPossible = (nodes: Node[]) => {
    try {
      return order(nodes).create.length > 0;
    } catch {
      return false;
    }
  };

  it("creates each resource once after its dependencies, and deletes it before them", () => {
    fc.assert(
      fc.property(programs, (program) => {
        const nodes = nodesOf(program);
        fc.pre(isPossible(nodes));
        const { create, delete: remove } = order(nodes);
        const position = (layers: string[][]) =>
          new Map(layers.flatMap((layer, at) => layer.map((urn) => [urn, at])));
        for (const layers of [create, remove]) {
          assert.deepEqual(layers.flat().sort(), nodes.map(({ urn }) => urn).sort());
        }
        const [comes, goes] = [position(create), position(remove)];
        for (const [urn, needs] of prerequisites(nodes)) {
          for (const need of needs) {
            assert.ok(Number(comes.get(need)) < Number(comes.get(urn)), `${need} after ${urn}`);
            assert.ok(Number(goes.get(need)) > Number(goes.get(urn)), `${need} gone before ${urn}`);
          }
        }
      }),
    );
  });

  it("creates each resource directly after its last dependency", () => {
    fc.assert(
      fc.property(programs, (program) => {
        const nodes = nodesOf(program);
        fc.pre(isPossible(nodes));
        const { create } = order(nodes);
        const needs = prerequisites(nodes);
        for (const [at, layer] of create.entries()) {
          for (const urn of layer.filter(() => at > 0)) {
            assert.ok(
              create[at - 1]?.some((other) => needs.get(urn)?.has(other)),
              urn,
            );
          }
        }
      }),
    );
  });
});
