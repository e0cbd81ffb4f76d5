import { dirname, resolve } from "node:path";
import { nearest } from "../../../infra/config/known-names.ts";
import { isMap } from "../../graph/stack-settings.ts";
import { checked, refusal } from "../refusal.ts";
import type { Path } from "../report.ts";
import { shown } from "../yaml-source.ts";
import { composeSchema, type Spec, serviceSchema, type Top } from "./compose-schema.ts";

interface Extending {
  name: string;
  spec: Spec;
  top: Top;
  /** The file of the service. */
  path: string;
  read: (file: string) => unknown;
  /** The services that this one is extended by, as `<file> <name>`. */
  by?: string[];
}

/**
 * A service over those that it extends (Compose specification, 05, extends).
 *
 * @throws {PlanError} if there is no such file or service, or the services extend each other
 */
export function extended({ name, spec, top, path, read, by = [] }: Extending): Spec {
  const { extends: given } = spec;
  if (given === undefined) return spec;
  const file = shown(path);
  const at: Path = ["services", name, "extends"];
  const { service, file: other } = typeof given === "string" ? { service: given } : given;
  const from = other === undefined ? path : resolve(dirname(path), other);
  const chain = [...by, `${path} ${name}`];
  if (chain.includes(`${from} ${service}`)) {
    throw refusal(file, at, service, "a service that does not extend this one in turn");
  }
  const theirs = from === path ? top : checked(composeSchema, read(from), { file: shown(from) });
  if (!Object.hasOwn(theirs.services, service)) {
    const known = nearest(service, Object.keys(theirs.services));
    throw refusal(file, at, service, `a service of ${shown(from)} such as ${known}`);
  }
  const base = extended({
    name: service,
    spec: checked(serviceSchema, theirs.services[service] ?? {}, {
      file: shown(from),
      path: ["services", service],
    }),
    top: theirs,
    path: from,
    read,
    by: chain,
  });
  // Never taken over: what names other services of the other file.
  const { extends: _, depends_on: __, links: ___, ...rest } = base;
  const needed = from === path ? { depends_on: base.depends_on, links: base.links } : {};
  return overlaid(
    spec,
    located({ ...rest, ...needed } as Spec, dirname(from), dirname(path)),
  ) as Spec;
}

/** Paths are relative to the file that they stand in. */
function located(spec: Spec, from: string, to: string): Spec {
  if (from === to) return spec;
  const place = (path: string) =>
    /^[./]/.test(path) || !path.includes(":") ? resolve(from, path) : path;
  const build =
    typeof spec.build === "string"
      ? place(spec.build)
      : spec.build && { ...spec.build, context: place(spec.build.context ?? ".") };
  const files = [spec.env_file ?? []]
    .flat()
    .map((one) => (typeof one === "string" ? place(one) : { ...one, path: place(one.path) }));
  return { ...spec, ...(build && { build }), ...(files.length > 0 && { env_file: files }) };
}

/** Lists that replace those of the extended service, by Compose's rules of merging. */
const replaced = ["command", "entrypoint", "test"];

/** Own values win; the others' items come after the own ones, so that an own path stays. */
function overlaid(own: unknown, base: unknown, key = ""): unknown {
  if (own === undefined || own === null) return base ?? own;
  if (base === undefined || base === null || replaced.includes(key)) return own;
  if (isPairs(key)) return pairsOver(own, base);
  if (Array.isArray(own) && Array.isArray(base)) {
    const there = own.map((one) => JSON.stringify(one));
    return [...own, ...base.filter((one) => !there.includes(JSON.stringify(one)))];
  }
  if (Array.isArray(own) && isMap(base))
    return [...own, ...Object.keys(base).filter((one) => !own.includes(one))];
  if (isMap(own) && Array.isArray(base))
    return { ...Object.fromEntries(base.map((one) => [one, null])), ...own };
  if (!isMap(own) || !isMap(base)) return own;
  return Object.fromEntries(
    [...new Set([...Object.keys(own), ...Object.keys(base)])].map((name) => [
      name,
      overlaid(own[name], base[name], name),
    ]),
  );
}

const isPairs = (key: string) => ["environment", "labels", "args", "annotations"].includes(key);

function pairsOver(own: unknown, base: unknown): unknown {
  const entries = (given: unknown): [string, unknown][] =>
    Array.isArray(given)
      ? given.map((one: string) => {
          const [name = "", ...value] = one.split("=");
          return [name, one.includes("=") ? value.join("=") : null];
        })
      : Object.entries(given as object);
  const names = entries(own).map(([name]) => name);
  const more = entries(base).filter(([name]) => !names.includes(name));
  if (!Array.isArray(own)) return { ...(own as object), ...Object.fromEntries(more) };
  return [...own, ...more.map(([name, value]) => (value === null ? name : `${name}=${value}`))];
}
