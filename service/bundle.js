import { build } from "esbuild";

/**
 * Bundles the service into `directory`: `server.mjs`, and beside it what is loaded on demand.
 *
 * @param {string} directory
 */
export async function bundle(directory) {
  await build({
    absWorkingDir: import.meta.dirname,
    entryPoints: ["src/server.ts"],
    outdir: directory,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    // The image's build sees neither the tsconfig.json nor the packages of the platform around it;
    // every other must give the same bytes.
    tsconfigRaw: {},
    external: ["supports-color"],
    // Some packages are CommonJS and ask for these at run time.
    banner: {
      js: [
        'import { createRequire as __createRequire } from "node:module";',
        "const require = __createRequire(import.meta.url);",
        "const __dirname = import.meta.dirname;",
        "const __filename = import.meta.filename;",
      ].join(""),
    },
  });
}
