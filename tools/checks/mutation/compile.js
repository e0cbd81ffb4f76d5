import { transformSync } from "esbuild";

/** A module of the project as JavaScript, with the source map of it. */
export const compile = (path, source) =>
  transformSync(source, {
    loader: path.endsWith(".ts") ? "ts" : "js",
    format: "esm",
    target: "es2023",
    sourcefile: path,
    sourcemap: "external",
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  });
