import { fitted, type Style, section, wrapped } from "../text.ts";
import type { Cost, CostItem } from "./cost.ts";
import { waysOutLines } from "./ways-out.ts";

/** `$186`; cents matter to nobody before the list prices have been checked. */
export const dollars = (usd: number) => `$${Math.round(usd)}`;

/** ` of $200`, where there is a budget. */
const ofBudget = ({ budget }: Cost) => (budget === undefined ? "" : ` of ${dollars(budget)}`);
/** `at most $187 with Spot as dear as on demand`; none where no price moves. */
export const atMost = ({ monthly, ceiling }: Pick<Cost, "monthly" | "ceiling">): string[] =>
  Math.round(ceiling) > Math.round(monthly)
    ? [`at most ${dollars(ceiling)} with Spot as dear as on demand`]
    : [];

const cents = (usd: number) => usd.toFixed(2).padStart(8);

/** What a component is billed for, each price once. */
export function bill(
  { fixed }: Pick<Cost, "fixed">,
  component: string,
): Pick<CostItem, "what" | "count" | "price" | "monthly">[] {
  const items = new Map<string, Pick<CostItem, "what" | "count" | "price" | "monthly">>();
  for (const { what, count, price, monthly } of fixed.filter(
    (one) => one.component === component,
  )) {
    const key = `${what} ${price.usd} ${price.per}`;
    const sum = items.get(key) ?? { what, price, count: 0, monthly: 0 };
    items.set(key, { ...sum, count: sum.count + count, monthly: sum.monthly + monthly });
  }
  return [...items.values()];
}

/** The few lines of the plan: the sum, what it is made of, and what is not in it. */
export function costSummary(cost: Cost) {
  const { monthly, components, resources, perUse, unknown, region } = cost;
  const column = Math.max(...components.map(({ name }) => name.length), 0);
  return {
    title: `Cost at rest: ${dollars(monthly)}${ofBudget(cost)} a month (list prices of ${region})`,
    lines: [
      ...atMost(cost).map((line) => `  ${line}`),
      ...components.flatMap(({ name, monthly }) => {
        const parts = bill(cost, name).map(({ count, what }) => `${count} × ${what}`);
        return wrapped(parts.join(", "), `  ${name.padEnd(column)} ${cents(monthly)}  `);
      }),
      ...byUse(
        "on top, by use",
        perUse.filter((one) => !one.components.some((name) => resources.includes(name))),
      ),
      ...resources.flatMap((name) =>
        byUse(
          `${name}, by use`,
          perUse.filter((one) => one.components.includes(name)),
        ),
      ),
      ...unknown.flatMap(({ what }) => wrapped(what, "  not counted: ")),
    ],
  };
}

const byUse = (what: string, perUse: Cost["perUse"]) =>
  perUse.length > 0
    ? wrapped(
        `${what}: ${perUse.map(({ price: { usd, per } }) => `$${usd} per ${per}`).join("; ")}`,
        "  ",
      )
    : [];

/** The whole estimate, with the source of every price in it. */
export function costText(stack: string, cost: Cost, style: Style): string {
  const { fixed, perUse, free, unknown, assumptions, components, monthly, region } = cost;
  const priced = [...new Set([...fixed, ...perUse].map(({ price }) => price))];
  return [
    ...wrapped(
      [
        `Stack ${stack}: ${dollars(monthly)}${ofBudget(cost)} a month at rest, at list prices of ${region} in US dollars`,
        ...atMost(cost),
      ].join("; "),
      "",
    ),
    ...section(
      style,
      "Fixed",
      components.flatMap((component) => [
        fitted(`  ${component.name.padEnd(30)}${cents(component.monthly)}`, 80),
        ...bill(cost, component.name).map(({ count, what, price, monthly }) =>
          fitted(`    ${cents(monthly)}  ${count} × ${what}, $${price.usd} per ${price.per}`, 80),
        ),
      ]),
    ),
    ...section(
      style,
      "The nodes, by what their pods ask for at rest (in the sum)",
      cost.nodes.map(({ name, monthly }) => fitted(`  ${name.padEnd(30)}${cents(monthly)}`, 80)),
    ),
    ...section(
      style,
      "By use, not in the sum",
      perUse.flatMap(({ price, components }) =>
        wrapped(
          `${price.per} (${components.join(", ")})`,
          `  $${String(price.usd).padEnd(6)} per `,
        ),
      ),
    ),
    ...(cost.waysOut.length > 0
      ? section(style, "Ways out of the network (* this stack's)", waysOutLines(cost.waysOut))
      : []),
    ...section(
      style,
      "Not known, not in the sum",
      unknown.flatMap(({ what }) => wrapped(what, "  ")),
    ),
    ...section(
      style,
      "Free",
      free.flatMap(({ why, kinds }) => wrapped(`${kinds.join(", ")}: ${why}`, "  ")),
    ),
    ...section(
      style,
      "Assumed",
      assumptions.flatMap((line) => wrapped(line, "  ")),
    ),
    ...section(
      style,
      "Sources of the prices",
      priced.flatMap(({ usd, per, source, date }) =>
        wrapped(`$${usd} per ${per}: ${source} (${date ?? "undated"})`, "  "),
      ),
    ),
    "",
  ].join("\n");
}
