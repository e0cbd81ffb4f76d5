import { stringify } from "yaml";
import type { Version } from "../../graph/checkout.ts";
import { isGroup, labelOf } from "../../graph/labels.ts";
import { manifestsOf } from "../../graph/manifests.ts";
import type { Resource } from "../../graph/resource.ts";
import { type Operation, secondsOf, timingOf } from "../timing.ts";
import { renamed } from "./aliases.ts";
import { forces, type Replacement, replacementsOf } from "./caused-replacements.ts";
import { type Change, changesOf } from "./changes.ts";
import { costChange } from "./cost-change.ts";
import type { Changed, Difference, Named, Replaced } from "./difference-model.ts";
import { lineDiff } from "./line-diff.ts";
import { permissionChanges } from "./permissions.ts";
import { risksOf, worst } from "./risk.ts";

/** The difference of two versions of a stack. Depends only on their resources. */
export function differenceOf(old: Version, now: Version): Difference {
  const to = now.evaluation.resources;
  const { resources: from, names } = renamed(old.evaluation.resources, to);
  const [before, after] = [byUrn(from), byUrn(to)];
  const replacements = new Map(replacementsOf(from, to).map((one) => [one.urn, one]));

  const both = to.filter(({ urn }) => before.has(urn));
  const changedOf = (resource: Resource): Changed => ({
    ...named(resource),
    changes: settingsChanges(before.get(resource.urn) as Resource, resource).map((change) => ({
      ...change,
      replaces: forces(resource, change),
      follows: followed(resource, change.path),
    })),
  });
  const followed = ({ propertyDependencies }: Resource, path: string) => {
    const sources = propertyDependencies[path.split(/[.[]/)[0] as string] ?? [];
    const source = after.get(sources.find((urn) => replacements.has(urn)) ?? "");
    return source ? labelOf(source) : null;
  };
  const added = to.filter((one) => !before.has(one.urn) && !isGroup(one));
  const removed = from.filter((one) => !after.has(one.urn) && !isGroup(one));
  const stays = both.filter(({ urn }) => !replacements.has(urn)).map(changedOf);
  const changed = rolledOut(stays, after).filter(({ changes }) => changes.length > 0);
  const replaced = both
    .filter(({ urn }) => replacements.has(urn))
    .map((resource): Replaced => {
      const replacement = replacements.get(resource.urn) as Replacement;
      const down = [resource.urn, ...replacement.takesDown];
      const away = new Map(down.map((urn): [string, Operation] => [urn, "replace"]));
      const { seconds } = timingOf(from, from, away);
      return {
        ...changedOf(resource),
        ...replacement,
        seconds: replacement.goesFirst ? seconds : secondsOf(resource, "create"),
      };
    });

  const operations = new Map<string, Operation>([
    ...added.map(({ urn }): [string, Operation] => [urn, "create"]),
    ...changed.map(({ urn }): [string, Operation] => [urn, "update"]),
    ...replaced.map(({ urn }): [string, Operation] => [urn, "replace"]),
    ...removed.map(({ urn }): [string, Operation] => [urn, "delete"]),
  ]);
  const facts = {
    stack: now.evaluation.stack,
    from: old.label,
    to: now.label,
    notes: [...old.notes, ...now.notes],
    added: added.map(named),
    changed,
    replaced,
    removed: removed.map(named),
    renamed: names,
    permissions: permissionChanges(from, to),
    manifests: manifestDiffs(from, to),
    cost: costChange(from, to),
    deploy: operations.size > 0 ? timingOf(from, to, operations) : null,
  };
  const risks = risksOf(facts, from, to);
  return { ...facts, risk: worst(risks), risks };
}

const byUrn = (resources: Resource[]) => new Map(resources.map((one) => [one.urn, one]));
const named = ({ urn, type, name }: Resource): Named => ({ urn, type, name });

/** A changed launch template gets a new version, which changes its node group. */
function rolledOut(list: Changed[], resources: Map<string, Resource>): Changed[] {
  const templates = list.filter(
    ({ type, changes }) => type.endsWith(":LaunchTemplate") && changes.length > 0,
  );
  return list.map((one) => {
    const sources = resources.get(one.urn)?.propertyDependencies.launchTemplate ?? [];
    const template = templates.find(({ urn }) => sources.includes(urn));
    if (!template) return one;
    const version = { path: "launchTemplate.version", from: undefined, to: undefined };
    const change = { ...version, replaces: false, follows: labelOf(template) };
    return { ...one, changes: [...one.changes, change] };
  });
}

function settingsChanges(from: Resource, to: Resource): Change[] {
  const { ignoreChanges } = to;
  const options = changesOf(guardsOf(from), guardsOf(to));
  const inputs = changesOf(from.inputs, to.inputs).filter(
    ({ path }) => !ignoreChanges.some((one) => path === one || path.startsWith(`${one}.`)),
  );
  return [...options, ...inputs];
}

const guardsOf = ({ protect, options }: Resource) => ({
  protect,
  retainOnDelete: options?.retainOnDelete ?? false,
});

function manifestDiffs(from: Resource[], to: Resource[]): Difference["manifests"] {
  const yaml = (resources: Resource[]) =>
    new Map(
      manifestsOf(resources).map((manifest) => {
        const { namespace, name } = manifest.metadata;
        return [
          `${manifest.kind} ${namespace ? `${namespace}/` : ""}${name}`,
          stringify(manifest).trimEnd(),
        ];
      }),
    );
  const [before, after] = [yaml(from), yaml(to)];
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((name): Difference["manifests"][number] => {
      const [old, now] = [before.get(name), after.get(name)];
      if (old === undefined) return { name, is: "new", lines: lineDiff("", now ?? "").slice(1) };
      if (now === undefined) return { name, is: "gone", lines: lineDiff(old, "").slice(0, -1) };
      return { name, is: "changed", lines: lineDiff(old, now) };
    })
    .filter(({ lines }) => lines.length > 0);
}
