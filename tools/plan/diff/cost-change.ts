import type { Resource } from "../../graph/resource.ts";
import { costOf } from "../cost/cost.ts";
import { bill } from "../cost/cost-text.ts";
import type { Difference } from "./difference-model.ts";

/** What the stack costs before and after, in US dollars a month, and where that changes. */
export function costChange(from: Resource[], to: Resource[]): Difference["cost"] {
  const [before, after] = [costOf(from), costOf(to)];
  const billed = (cost: typeof before, component: string) =>
    bill(cost, component).map(
      ({ count, what, monthly }) => `${monthly.toFixed(2)}  ${count} × ${what}`,
    );
  return {
    from: before.monthly,
    to: after.monthly,
    unknown: after.unknown.map(({ what }) => what),
    components: changed(before.components, after.components).map((one) => {
      const [old, now] = [billed(before, one.name), billed(after, one.name)];
      return {
        ...one,
        lines: [
          ...old.filter((line) => !now.includes(line)).map((line) => `- ${line}`),
          ...now.filter((line) => !old.includes(line)).map((line) => `+ ${line}`),
        ],
      };
    }),
    nodes: changed(before.nodes, after.nodes),
  };
}

/** What costs another number of cents, in the order of the newer. */
function changed(old: Named[], now: Named[]): { name: string; from: number; to: number }[] {
  const of = (list: Named[], name: string) => list.find((one) => one.name === name)?.monthly ?? 0;
  return [...new Set([...now, ...old].map(({ name }) => name))]
    .map((name) => ({ name, from: of(old, name), to: of(now, name) }))
    .filter(({ from, to }) => from.toFixed(2) !== to.toFixed(2));
}

interface Named {
  name: string;
  monthly: number;
}
