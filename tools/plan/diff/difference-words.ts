import { kindOf, labelOf } from "../../graph/labels.ts";
import { dollars } from "../cost/cost-text.ts";
import type { Changed, Difference, PropertyChange, Replaced } from "./difference-model.ts";

/** `90 s`, `7 min`, `1 h 10 min`. */
export function durationOf(seconds: number): string {
  if (seconds < 120) return `${Math.max(Math.round(seconds), 1)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A value in a line: long digests shortened, nothing as `none`. */
export function shownValue(value: unknown): string {
  if (value === undefined || value === null) return "none";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text
    .replaceAll(/sha256:([0-9a-f]{12})[0-9a-f]{52}/g, "sha256:$1…")
    .replaceAll("\n", "\\n");
}

export const isEmpty = ({ deploy }: Difference) => deploy === null;

/** `$186 a month, as before`, or both values. */
export function costLine({ cost: { from, to, unknown } }: Difference): string {
  const more = Math.round(to) - Math.round(from);
  const missing = unknown.length > 0 ? `; not counted: ${unknown.join(", ")}` : "";
  if (more === 0) return `${dollars(to)} a month, as before${missing}`;
  const by = `${more > 0 ? "+" : "-"}${dollars(Math.abs(more))}`;
  return `${dollars(from)} -> ${dollars(to)} a month (${by})${missing}`;
}

/** The time and its longest chain. */
export function deployLine({ deploy, ...difference }: Difference): string {
  if (!deploy) return "nothing to do";
  const named = [
    ...difference.added,
    ...difference.changed,
    ...difference.replaced,
    ...difference.removed,
  ];
  const steps = deploy.path
    .filter(({ seconds }) => seconds >= 5)
    .map(({ urn, seconds }) => {
      const one = named.find((other) => other.urn === urn);
      return `${one ? labelOf(one) : urn} ${durationOf(seconds)}`;
    });
  const chain = steps.length > 0 ? `: ${steps.join(", then ")}` : "";
  return `about ${durationOf(deploy.seconds)}${chain}`;
}

/** `2 added, 1 replaced` */
export function countsLine({ added, changed, replaced, removed, renamed }: Difference): string {
  const counts = { added, changed, replaced, removed, renamed };
  return Object.entries(counts)
    .filter(([, list]) => list.length > 0)
    .map(([what, list]) => `${list.length} ${what}`)
    .join(", ");
}

/** Whether the difference of manifests shows it already. */
export const isObject = ({ type }: Changed) => /^kubernetes:(?!helm)/.test(type);

/** The cause of a replacement, its duration and its effect. */
export function replacedLine(one: Replaced, names: Map<string, string>): string {
  if (!one.goesFirst) return `by ${one.because}; the new one comes before the old one goes`;
  const others = few(one.takesDown.flatMap((urn) => names.get(urn) ?? []));
  const also = others ? `, and with it ${others}` : "";
  return `by ${one.because}; away for about ${durationOf(one.seconds)}${also}`;
}

/** The first replacements, each with the replacements that it causes. */
export function chains({ replaced }: Difference): { root: Replaced; followers: Replaced[] }[] {
  const rootOf = (one: Replaced): Replaced => {
    const cause = replaced.find(({ urn }) => urn === one.cause);
    return cause ? rootOf(cause) : one;
  };
  return replaced
    .filter(({ cause }) => cause === null)
    .map((root) => ({
      root,
      followers: replaced.filter((one) => one !== root && rootOf(one) === root),
    }));
}

/** Without the values of replaced resources; shows each such property once. */
export function toldChanges({ changes }: Changed): PropertyChange[] {
  const told = new Set<string>();
  return changes.flatMap((change) => {
    if (change.follows === null) return [change];
    const top = change.path.split(/[.[]/)[0] as string;
    if (told.has(top)) return [];
    told.add(top);
    return [{ ...change, path: top }];
  });
}

/** By kind: `Role a, b; Vpc c`. */
export function byKind(resources: { type: string; name: string }[]): string {
  const names = new Map<string, string[]>();
  for (const one of resources) {
    names.set(kindOf(one), [...(names.get(kindOf(one)) ?? []), one.name]);
  }
  return [...names].map(([kind, list]) => `${kind} ${list.join(", ")}`).join("; ");
}

export const few = (list: string[]) =>
  list.length > 4 ? `${list.slice(0, 3).join(", ")} and ${list.length - 3} more` : list.join(", ");

/** The labels of resources, by URN. */
export function labelsByUrn({ replaced }: Difference): Map<string, string> {
  const urns = replaced.flatMap(({ takesDown }) => takesDown);
  return new Map(
    urns
      .map((urn): [string, string] => {
        const [, , types = "", name = ""] = urn.split("::");
        return [urn, labelOf({ type: types.split("$").at(-1) as string, name })];
      })
      // Changes of components and providers have no effect of their own.
      .filter(([urn]) => !/[:$](platform:[^$]*|pulumi:providers:[^$]*)::[^:]*$/.test(urn)),
  );
}
