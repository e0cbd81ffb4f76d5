import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { instance } from "@viz-js/viz";
import { before, describe, it } from "mocha";
import { evaluate } from "../../../tools/graph/evaluate.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { fittedDrawing, pictureOf } from "../../../tools/plan/drawing/picture.ts";

describe("the picture of the architecture", () => {
  let resources: Resource[];
  before(async () => {
    ({ resources } = await evaluate("prod"));
  });
  const draw = async (palette: "light" | "dark") =>
    fittedDrawing(
      (await instance()).renderString(pictureOf(resources, palette), { format: "svg" }),
    );
  const outermost = () =>
    resources.filter(({ type, urn }) => type.startsWith("platform:") && !urn.includes("$"));

  it("has a box for each component, and an arrow to each dependent", () => {
    const dot = pictureOf(resources, "light");
    for (const { urn } of outermost()) assert.ok(dot.includes(`"${urn}" [label=`), urn);
    const of = (name: string) => outermost().find(({ type }) => type.endsWith(`:${name}`))?.urn;
    assert.ok(dot.includes(`"${of("Network")}" -> "${of("Cluster")}"`));
    // By way of the cluster.
    assert.ok(!dot.includes(`"${of("Network")}" -> "${of("ContainerInsights")}"`));
    assert.match(dot, /user -> balancer/);
  });

  it("differs only in colours between light and dark", async () => {
    const bare = (svg: string) => svg.replaceAll(/#[0-9a-f]{6}/g, "");
    const [light, dark] = [await draw("light"), await draw("dark")];
    assert.notEqual(light, dark);
    assert.equal(bare(light), bare(dark));
  });

  it("is an image with a title, without URNs", async () => {
    const svg = await draw("light");
    assert.match(svg, /<svg [^>]*role="img">\s*<title>/);
    assert.doesNotMatch(svg.replace(/^[\s\S]*?<\/title>/, ""), /urn:|undefined/);
  });

  it("is in the README, for light and for dark", () => {
    const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");
    assert.match(readme, /prefers-color-scheme: dark\)" srcset="docs\/architecture-dark\.svg"/);
    assert.match(readme, /src="docs\/architecture-light\.svg"/);
  });
});
