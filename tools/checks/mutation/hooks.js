import { readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compile } from "./compile.js";

// Node's module hooks. They load the project's modules again for each mutant, and packages once. The query
// `m` has the number of the mutant; imports pass it on.

let root = "";
const compiled = new Map();
const packages = new Map();

export function initialize({ project }) {
  root = project;
}

const isOwn = (url) => url.startsWith(root) && !url.includes("/node_modules/");
const isSource = (url) => /\.(ts|js)$/.test(new URL(url).pathname);

export async function resolve(specifier, context, next) {
  const { parentURL } = context;
  const run = parentURL?.startsWith(root) ? new URL(parentURL).searchParams.get("m") : null;
  if (run === null) return next(specifier, context);
  if (/^(\.|file:)/.test(specifier)) {
    let { href } = new URL(specifier, parentURL);
    // The folder of a test may have symbolic links to modules of the project.
    if (!isOwn(href)) {
      const found = await next(specifier, context);
      if (!isOwn(found.url)) return found;
      href = found.url;
    }
    if (!isSource(href)) return next(specifier, context);
    const url = new URL(href);
    url.searchParams.set("m", run);
    return { url: url.href, format: "module", shortCircuit: true };
  }
  // All files of a folder get the same package.
  const bare = new URL(parentURL);
  bare.search = "";
  const key = `${specifier} ${new URL(".", bare).href}`;
  const known = packages.get(key) ?? (await next(specifier, { ...context, parentURL: bare.href }));
  packages.set(key, known);
  return { ...known, shortCircuit: true };
}

export async function load(url, context, next) {
  if (!isOwn(url) || !new URL(url).searchParams.has("m") || !isSource(url)) {
    return next(url, context);
  }
  const path = fileURLToPath(url.split("?")[0]);
  const { mtimeMs } = statSync(path);
  let known = compiled.get(path);
  if (known?.mtimeMs !== mtimeMs) {
    known = { mtimeMs, code: compile(path, readFileSync(path, "utf8")).code };
    compiled.set(path, known);
  }
  return { format: "module", source: known.code, shortCircuit: true };
}
