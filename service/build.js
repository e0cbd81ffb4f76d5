import { execFileSync } from "node:child_process";
import { readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
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

/** The packages in the bundle, which hides them from scanners, as a CycloneDX document. */
function billOfMaterials() {
  const npm = ["sbom", "--sbom-format=cyclonedx", "--omit=dev", "--package-lock-only"];
  const sbom = JSON.parse(execFileSync("npm", npm, { cwd: import.meta.dirname, encoding: "utf8" }));
  // The same sources must give the same bytes.
  delete sbom.serialNumber;
  delete sbom.metadata.timestamp;
  return `${JSON.stringify(sbom, null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const dist = join(import.meta.dirname, "dist");
  rmSync(dist, { recursive: true, force: true });
  await bundle(dist);
  writeFileSync(join(dist, "sbom.cdx.json"), billOfMaterials());
  for (const file of readdirSync(dist)) utimesSync(join(dist, file), 0, 0);
}
