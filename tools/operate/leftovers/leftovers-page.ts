import { priceRegion } from "../../cloud/prices.ts";
import type { Page } from "../page.ts";
import type { Outcome } from "./deletion.ts";
import type { Remnant, Survey } from "./survey.ts";

/** The cluster whose leftovers are looked for, as the page names it. */
export interface Place {
  clusterName: string;
  region: string;
}

/** As data, one leftover. `null`: the price is not known here. */
interface Line {
  kind: string;
  id: string;
  usdPerDay: number | null;
  why: string;
}

/** What the page of a living cluster says: nothing of it is a leftover. */
export function livingPage({ clusterName, region }: Place, status: string): Page<unknown> {
  return {
    sections: [
      {
        title: `${clusterName} in ${region}`,
        lines: [`  The cluster exists (${status}). What it has is in use: nothing is a leftover.`],
      },
    ],
    data: { clusterName, region, status },
    broken: false,
  };
}

/** What is left, in the order of its deletion, and apart what is not to be deleted. */
export function surveyPage(
  { clusterName, region }: Place,
  { left, kept, others, unread }: Survey,
): Page<unknown> {
  const data = {
    ...{ clusterName, region, status: null },
    usdPerDay: rounded(sumOf([...left, ...kept])),
    left: left.map(dataOf),
    kept: kept.map(dataOf),
    others: others.map(dataOf),
    unread: unread.map(({ kind, action, said }) => ({ kind: kind.what, action, said })),
  };
  const optional = (title: string, lines: string[]) => (lines.length > 0 ? [{ title, lines }] : []);
  return {
    sections: [
      {
        title: `Left behind by ${clusterName} in ${region}, which is gone`,
        lines: [...left.flatMap(linesOf), ...(left.length > 0 ? ["", sumLine(left)] : [])],
      },
      ...optional("Not deleted: kept by a setting, waiting for AWS, or data", [
        ...kept.flatMap(linesOf),
        ...(kept.length > 0 ? ["", sumLine(kept)] : []),
      ]),
      ...optional("Not deleted: somebody else may need it", others.flatMap(linesOf)),
      ...optional(
        "Not seen: AWS did not answer",
        unread.flatMap(({ kind, action, said }) => [
          `  ${kind.what}: needs ${action}`,
          `    ${said}`,
        ]),
      ),
    ],
    data,
    broken: left.length > 0,
  };
}

/** What a deletion came to. */
export function outcomePage(outcomes: Outcome[]): Page<unknown> {
  const failed = outcomes.filter(({ failure }) => failure !== undefined);
  return {
    sections: [
      {
        title: "Deleted",
        lines: [
          `  ${outcomes.length - failed.length} of ${outcomes.length}`,
          ...failed.flatMap(({ remnant, failure }) => [
            `  FAILED ${labelOf(remnant)}`,
            `    ${failure}`,
          ]),
        ],
      },
    ],
    data: {
      deleted: outcomes
        .filter(({ failure }) => failure === undefined)
        .map(({ remnant }) => dataOf(remnant)),
      failed: failed.map(({ remnant, failure }) => ({ ...dataOf(remnant), failure })),
    },
    broken: failed.length > 0,
  };
}

const labelOf = ({ kind, name, id }: Remnant) => `${kind.what} ${name ?? id}`;

const linesOf = (one: Remnant) => [
  `  ${labelOf(one)}: ${priceOf(one.usdPerDay)}`,
  `    ${one.why}`,
];

function priceOf(usdPerDay: number | undefined): string {
  if (usdPerDay === undefined) return "price not known here";
  return usdPerDay === 0 ? "free" : `$${usdPerDay.toFixed(2)} a day`;
}

function sumLine(all: Remnant[]): string {
  const unknown = all.filter(({ usdPerDay }) => usdPerDay === undefined).length;
  const day = sumOf(all);
  const more = unknown > 0 ? `, and ${unknown} whose price is not known here` : "";
  return `  $${day.toFixed(2)} a day, $${((day * 365) / 12).toFixed(2)} a month${more} (prices of ${priceRegion})`;
}

const sumOf = (all: Remnant[]) => all.reduce((sum, { usdPerDay = 0 }) => sum + usdPerDay, 0);

const rounded = (usd: number) => Number(usd.toFixed(4));

const dataOf = ({ kind, id, usdPerDay, why }: Remnant): Line => ({
  kind: kind.what,
  id,
  usdPerDay: usdPerDay === undefined ? null : rounded(usdPerDay),
  why,
});
