import { isName, nameOf, type Resource } from "../draft.ts";
import type { ImportOptions } from "../import-options.ts";
import type { Path, Report } from "../report.ts";
import type { Spec } from "./compose-schema.ts";
import type { ComposeService } from "./compose-source.ts";
import { knownImage } from "./known-images.ts";

/** What becomes of a service of Compose. */
export type Role =
  | { as: "service" | "job"; name: string }
  | { as: "resource"; name: string; config: Resource; port: number }
  /** Runs to its end before others start. */
  | { as: "once"; name: string; before: string[] }
  | { as: "left" };

export type Roles = Map<string, Role>;

/** The role of each service. Tells the report of those that are left out. */
export function rolesOf(
  services: ComposeService[],
  { profiles }: Pick<ImportOptions, "profiles">,
  report: Report,
): Roles {
  const active = services.filter(({ spec }) => isActive(spec, profiles));
  const roles: Roles = new Map();
  const taken: string[] = [];
  const free = (given: string) => {
    const name = nameOf(given, taken);
    taken.push(name);
    return name;
  };
  for (const { name, spec } of services) {
    const at = ["services", name];
    const left = (why: string, todo: string) => {
      report.left(at, why, todo);
      roles.set(name, { as: "left" });
    };
    if (!isActive(spec, profiles)) {
      left("its profile is not on", `--profile ${spec.profiles?.[0]} takes it`);
      continue;
    }
    if (!spec.image && !spec.build) {
      left("it has no image", "nothing: no container runs");
      continue;
    }
    const known = spec.build ? undefined : knownImage(spec.image ?? "");
    const before = active.filter((one) => waitsForEnd(one.spec, name)).map((one) => one.name);
    if (known && "resource" in known) {
      const { resource, port } = known;
      const cached = [...roles.values()].some(
        (one) => one.as === "resource" && one.config.kind === "cache",
      );
      if (resource.kind === "cache" && cached) {
        left(
          "a stack has one cache",
          "let its users share the other one, by prefixes of their keys",
        );
        continue;
      }
      const given = resourceName({ name, spec }, active);
      const own = free(given);
      roles.set(name, { as: "resource", name: own, config: resource, port });
      report.changed([...at, "image"], `resources.${own}`, known.why);
    } else if (known) {
      left(known.why, "todo" in known ? known.todo : "nothing");
    } else if (before.length > 0) {
      roles.set(name, { as: "once", name: free(name), before });
    } else {
      const as = /-job$/.test(spec.deploy?.mode ?? "") ? "job" : "service";
      const own = free(name);
      roles.set(name, { as, name: own });
      if (own !== name)
        report.changed(
          [...at, "<name>"],
          `${as}s.${own}`,
          "a name of 2 to 30 of a-z, 0-9 and single -",
        );
    }
  }
  return roles;
}

const isActive = ({ profiles }: Spec, on: string[]) =>
  !profiles ||
  profiles.length === 0 ||
  profiles.some((one) => on.includes(one) || on.includes("*"));

function waitsForEnd({ depends_on }: Spec, name: string): boolean {
  if (!depends_on || Array.isArray(depends_on)) return false;
  return depends_on[name]?.condition === "service_completed_successfully";
}

/** `NAME=value` of a list, or a map. */
export function pairsOf(
  given: Spec["environment"],
): { name: string; value?: string; key: string | number }[] {
  if (Array.isArray(given)) {
    return given.map((one, key) => {
      const [name = "", ...rest] = one.split("=");
      return { name, key, ...(one.includes("=") && { value: rest.join("=") }) };
    });
  }
  return Object.entries(given ?? {}).map(([name, value]) => ({
    ...{ name, key: name },
    ...(value !== null && { value: String(value) }),
  }));
}

/** The services that a service waits for or links, and the key that says so. */
export function needsOf({ depends_on: waits, links }: Spec): { other: string; key: Path }[] {
  const needed = Array.isArray(waits)
    ? waits.map((other, index) => ({ other, key: ["depends_on", index] }))
    : Object.keys(waits ?? {}).map((other) => ({ other, key: ["depends_on", other] }));
  const linked = (links ?? []).map((one, index) => ({
    other: one.split(":")[0] ?? "",
    key: ["links", index],
  }));
  return [...needed, ...linked];
}

/** The secrets of the file that a service names. */
export const secretsIn = ({ secrets }: Spec) =>
  (secrets ?? []).map((one) => (typeof one === "string" ? one : one.source));

export const valueIn = (spec: Spec, name: string) =>
  pairsOf(spec.environment).find((one) => one.name === name)?.value;

/**
 * A database is named so that its users read its password where they did: `POSTGRES_PASSWORD` is given by a
 * resource `postgres`.
 */
function resourceName(
  { name, spec }: Pick<ComposeService, "name" | "spec">,
  all: ComposeService[],
): string {
  const password = valueIn(spec, "POSTGRES_PASSWORD");
  const stems = all
    .filter(
      (one) => (one.name !== name && one.spec.build !== undefined) || one.spec.image !== spec.image,
    )
    .flatMap((one) => pairsOf(one.spec.environment))
    .flatMap(({ name: variable, value }) => {
      const stem = /^(.+)_PASSWORD$/.exec(variable)?.[1];
      return stem && password !== undefined && value === password
        ? [stem.toLowerCase().replaceAll("_", "-")]
        : [];
    });
  const [stem, ...others] = new Set(stems);
  const others_ = all.map((one) => one.name).filter((one) => one !== name);
  return stem !== undefined && others.length === 0 && isName(stem) && !others_.includes(stem)
    ? stem
    : name;
}
