import { readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";

// Node's module hooks: the project's own modules are imported anew for each mutant, those of
// packages once. The mutant's number is the query `m`, which imports hand on.

let root = "";
const transformed = new Map();
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
    const url = new URL(specifier, parentURL);
    if (isOwn(url.href) && isSource(url.href)) {
      url.searchParams.set("m", run);
      return { url: url.href, format: "module", shortCircuit: true };
    }
    return next(specifier, context);
  }
  // From any file of the same folder a package is the same one.
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
  let known = transformed.get(path);
  if (known?.mtimeMs !== mtimeMs) {
    const { code } = transformSync(readFileSync(path, "utf8"), {
      loader: path.endsWith(".ts") ? "ts" : "js",
      format: "esm",
      target: "es2023",
      sourcefile: path,
      tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    });
    known = { mtimeMs, code };
    transformed.set(path, known);
  }
  return { format: "module", source: known.code, shortCircuit: true };
}
