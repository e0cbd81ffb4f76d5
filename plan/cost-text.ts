import type { Cost } from "./cost.ts";
import { fitted, type Style, section, wrapped } from "./text.ts";

/** `$186`; cents matter to nobody before the list prices have been checked. */
export const dollars = (usd: number) => `$${Math.round(usd)}`;

const cents = (usd: number) => usd.toFixed(2).padStart(8);

/** The few lines of the plan: the sum, what it is made of, and what is not in it. */
export function costSummary({ monthly, components, fixed, perUse, unknown, region }: Cost) {
  const column = Math.max(...components.map(({ name }) => name.length), 0);
  return {
    title: `Cost at rest: ${dollars(monthly)} a month (list prices of ${region})`,
    lines: [
      ...components.flatMap(({ name, monthly }) => {
        const parts = fixed
          .filter(({ component }) => component === name)
          .map(({ count, what }) => `${count} × ${what}`);
        return wrapped(parts.join(", "), `  ${name.padEnd(column)} ${cents(monthly)}  `);
      }),
      ...(perUse.length > 0
        ? wrapped(
            `on top, by use: ${perUse.map(({ price: { usd, per } }) => `$${usd} per ${per}`).join("; ")}`,
            "  ",
          )
        : []),
      ...unknown.flatMap(({ what }) => wrapped(what, "  not counted: ")),
    ],
  };
}

/** The whole estimate, with the source of every price in it. */
export function costText(stack: string, cost: Cost, style: Style): string {
  const { fixed, perUse, free, unknown, assumptions, components, monthly, region } = cost;
  const priced = [...new Set([...fixed, ...perUse].map(({ price }) => price))];
  return [
    ...wrapped(
      `Stack ${stack}: ${dollars(monthly)} a month at rest, at list prices of ${region} in US dollars`,
      "",
    ),
    ...section(
      style,
      "Fixed",
      components.flatMap((component) => [
        fitted(`  ${component.name.padEnd(30)}${cents(component.monthly)}`, 80),
        ...fixed
          .filter((item) => item.component === component.name)
          .map(({ count, what, price, monthly }) =>
            fitted(`    ${cents(monthly)}  ${count} × ${what}, $${price.usd} per ${price.per}`, 80),
          ),
      ]),
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
