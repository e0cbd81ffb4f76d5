import { transformSync } from "esbuild";

/** Returns a module of the project as JavaScript, with its source map. */
export const compile = (path, source) =>
  transformSync(source, {
    loader: path.endsWith(".ts") ? "ts" : "js",
    format: "esm",
    target: "es2023",
    sourcefile: path,
    sourcemap: "external",
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  });
