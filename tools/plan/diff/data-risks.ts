import { resourceTypes } from "../../cloud/catalogue.ts";
import { labelOf } from "../../graph/labels.ts";
import { policiesOf } from "../../graph/required-order.ts";
import type { Resource } from "../../graph/resource.ts";
import { amber, type Difference, type Named, type Risk, red } from "./difference-model.ts";
import { few } from "./difference-words.ts";

type Facts = Omit<Difference, "risk" | "risks">;

const dataOf = ({ type }: Pick<Resource, "type">) => resourceTypes[type]?.holdsData;

/** What a change does to data, to what protects it, and to those that use it. */
export function dataRisks(difference: Facts, from: Resource[], to: Resource[]): Risk[] {
  return [
    ...losses(difference, from),
    ...unprotected(difference),
    ...upgrades(difference),
    ...lostAccess(difference, from, to),
  ];
}

/** What holds data and is deleted or replaced. */
function losses({ removed, replaced, added }: Facts, from: Resource[]): Risk[] {
  const old = new Map(from.map((one) => [one.urn, one]));
  const because = new Map(replaced.map((one) => [one.urn, ` by another ${one.because}`]));
  return [...removed, ...replaced].flatMap(({ urn }): Risk[] => {
    const gone = old.get(urn) as Resource;
    const data = dataOf(gone);
    const kept = data?.kept?.(gone.inputs);
    if (!data || data.unless?.(gone.inputs) || gone.inputs.skipDestroy) return [];
    const replacedBy = because.get(urn);
    const twin = replacedBy ? undefined : added.find(({ type }) => type === gone.type);
    const is = `${labelOf(gone)} is ${replacedBy ? `replaced${replacedBy}` : "deleted"}`;
    // The engine deletes, or lets go, by the options that its state has.
    const what = gone.options?.retainOnDelete
      ? `data left behind: ${is}; AWS keeps it with ${data.what}, and the stack no longer knows it`
      : `data deleted: ${is} with ${data.what}${kept ? `; ${kept}` : ""}`;
    return [red(`${what}${renamedTo(twin)}`)];
  });
}

const renamedTo = (twin: Named | undefined) =>
  twin
    ? `. ${labelOf(twin)} is a new one without data: another name in the settings moves none, and settings have no aliases`
    : "";

/** What AWS or Pulumi no longer refuses to delete. */
function unprotected({ changed }: Facts): Risk[] {
  const lost = changed.filter((one) => {
    const guards = ["protect", "retainOnDelete", "deletionProtection", dataOf(one)?.protection];
    return one.changes.some(({ path, from, to }) => guards.includes(path) && from === true && !to);
  });
  return lost.length > 0
    ? [red(`protection lost: nothing refuses any more to delete ${few(lost.map(labelOf))}`)]
    : [];
}

/** What AWS changes in place and can't change back. */
function upgrades({ changed }: Facts): Risk[] {
  return changed.flatMap((one) => {
    const property = dataOf(one)?.oneWay;
    return property !== undefined && one.changes.some(({ path }) => path === property)
      ? [
          red(
            `no way back: ${labelOf(one)} gets another ${property} in place, and is away for minutes; only a restore undoes it`,
          ),
        ]
      : [];
  });
}

/** What services and jobs may no longer do, though an image of theirs may still do it. */
function lostAccess(
  { permissions, removed, changed }: Facts,
  from: Resource[],
  to: Resource[],
): Risk[] {
  const ofWorkloads = (resources: Resource[]) =>
    resources.filter(
      ({ type, urn }) => type === "aws:iam/role:Role" && urn.includes("platform:service:"),
    );
  const stays = new Set(ofWorkloads(to).map(({ urn }) => urn));
  const urns = (list: Named[]) => new Set(list.map(({ urn }) => urn));
  const [gone, inPlace] = [urns(removed), urns(changed)];
  return ofWorkloads(from)
    .filter(({ urn }) => stays.has(urn))
    .flatMap((role) => {
      const lost = permissions
        .filter(({ who }) => who === `role ${role.name}`)
        .flatMap((one) => one.lost.filter((grant) => !grant.startsWith("NOT ")));
      if (lost.length === 0) return [];
      const policies = policiesOf(role, from);
      // Pulumi changes a policy before the pods that wait for it, and deletes one after them.
      const late =
        !policies.some(({ urn }) => inPlace.has(urn)) && policies.some(({ urn }) => gone.has(urn));
      const when = late
        ? "once its new pods run: an image from before, or a run under way, fails where it still needs that"
        : "before its new pods run: those that run until then fail where they need that";
      return [amber(`permission lost: ${role.name} may no longer ${few(lost)}, ${when}`)];
    });
}
