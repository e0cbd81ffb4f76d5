import { readFileSync } from "node:fs";
import { componentsOf, isGroup, kindOf, labelOf } from "../graph/labels.ts";
import { prerequisites } from "../graph/order.ts";
import type { Resource } from "../graph/resource.ts";
import { costOf } from "./cost/cost.ts";
import { dollars } from "./cost/cost-text.ts";
import { durationOf } from "./diff/difference-words.ts";
import { escaped } from "./text.ts";
import { schedule } from "./timing.ts";

/** The timeline summarizes shorter operations. */
const shownSeconds = 5;

/**
 * The graph as one HTML page without other files or network: components that fold, the prerequisites and
 * dependents of each resource, its time and its cost.
 */
export function pageOf(stack: string, resources: Resource[]): string {
  const asset = (name: string) => readFileSync(new URL(`page/${name}`, import.meta.url), "utf8");
  const graph = new Graph(resources);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>Stack ${escaped(stack)}</title>
<style>
${asset("page.css")}</style>
</head>
<body>
<header>
<h1>Stack ${escaped(stack)}</h1>
<p>${graph.made} resources, about ${durationOf(graph.total)} to make them all,
${dollars(graph.cost.monthly)} a month at rest (list prices of ${graph.cost.region}).</p>
</header>
<main>
<section aria-labelledby="components">
<h2 id="components">Components</h2>
<p class="hint">Point at a resource, or move to it with Tab, to see <b class="needs">what it waits for</b>
and <b class="needed">what needs it</b>.
<button type="button" id="fold" aria-pressed="false">Fold all</button></p>
<div class="components">
${graph.tops.map((top) => graph.component(top)).join("\n")}
</div>
</section>
<section aria-labelledby="timeline">
<h2 id="timeline">Order of creation</h2>
${graph.timeline()}
</section>
</main>
<div id="about" role="status" aria-live="polite" hidden></div>
<script>
${asset("page.js")}</script>
</body>
</html>
`;
}

class Graph {
  readonly cost;
  readonly made: number;
  readonly total: number;
  /** The components and resources at the top. */
  readonly tops: Resource[];
  readonly #resources: Resource[];
  readonly #components;
  readonly #spans;
  readonly #needs;

  constructor(resources: Resource[]) {
    this.#resources = resources;
    this.#components = componentsOf(resources);
    this.#spans = schedule(resources);
    this.#needs = prerequisites(resources);
    this.cost = costOf(resources);
    this.made = resources.filter((one) => !isGroup(one)).length;
    this.total = Math.max(0, ...[...this.#spans.values()].map(({ end }) => end));
    this.tops = resources.filter((one) => !this.#components.get(one));
  }

  component(top: Resource): string {
    const members = this.#resources.filter((one) => this.#components.get(one) === top);
    const boxes = (isGroup(top) ? members : [top]).filter((one) => !isGroup(one));
    if (boxes.length === 0) return "";
    const sum = boxes.reduce((all, one) => all + this.#price(one), 0);
    return `<details class="component" open>
<summary><span>${escaped(kindOf(top))}</span> <small>${boxes.length}${sum > 0 ? ` · ${dollars(sum)} a month` : ""}</small></summary>
<ul>
${boxes.map((one) => this.#box(one)).join("\n")}
</ul>
</details>`;
  }

  timeline(): string {
    const spans = this.#resources
      .filter((one) => !isGroup(one))
      .map((one) => ({ one, ...(this.#spans.get(one.urn) as { start: number; end: number }) }))
      .sort((a, b) => a.start - b.start || a.end - b.end);
    const long = spans.filter(({ start, end }) => end - start >= shownSeconds);
    const percent = (seconds: number) => `${((100 * seconds) / this.total).toFixed(2)}%`;
    const rows = long.map(
      ({ one, start, end }) =>
        `<li><a href="#${this.#id(one)}">${escaped(labelOf(one))}</a> <small>${durationOf(end - start)}</small>` +
        `<span class="track"><span class="bar" style="left:${percent(start)};width:${percent(end - start)}"></span></span></li>`,
    );
    const short = spans.length - long.length;
    return `<ol class="timeline">
${rows.join("\n")}
</ol>
<p class="hint">${short} more take less than ${shownSeconds} seconds each. AWS promises no times: these are the rehearsal's.</p>`;
  }

  #box(one: Resource): string {
    const price = this.#price(one);
    const needs = this.#real(this.#needs.get(one.urn) ?? new Set());
    return (
      `<li><button type="button" class="box" id="${this.#id(one)}" data-needs="${needs.map((other) => this.#id(other)).join(" ")}">` +
      `<span class="kind">${escaped(kindOf(one))}</span> <span class="name">${escaped(one.name)}</span>` +
      `${price > 0 ? ` <span class="price">${dollars(price)}</span>` : ""}</button></li>`
    );
  }

  /** The last created first; without the children of named components. */
  #real(urns: Set<string>): Resource[] {
    const end = (one: Resource) => this.#spans.get(one.urn)?.end ?? 0;
    return this.#resources
      .filter((one) => urns.has(one.urn) && !isGroup(one))
      .sort((a, b) => end(b) - end(a));
  }

  #price({ urn }: Resource): number {
    return this.cost.fixed
      .filter((item) => item.urn === urn)
      .reduce((all, { monthly }) => all + monthly, 0);
  }

  #id(one: Resource): string {
    return `r${this.#resources.indexOf(one)}`;
  }
}
