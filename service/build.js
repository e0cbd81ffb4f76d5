import { execFileSync } from "node:child_process";
import { readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "./bundle.js";

const dist = join(import.meta.dirname, "dist");
rmSync(dist, { recursive: true, force: true });
await bundle(dist);
writeFileSync(join(dist, "sbom.cdx.json"), billOfMaterials());
for (const file of readdirSync(dist)) utimesSync(join(dist, file), 0, 0);

/** The packages in the bundle, which hides them from scanners, as a CycloneDX document. */
function billOfMaterials() {
  const npm = ["sbom", "--sbom-format=cyclonedx", "--omit=dev", "--package-lock-only"];
  const sbom = JSON.parse(execFileSync("npm", npm, { cwd: import.meta.dirname, encoding: "utf8" }));
  // The same sources must give the same bytes.
  delete sbom.serialNumber;
  delete sbom.metadata.timestamp;
  return `${JSON.stringify(sbom, null, 2)}\n`;
}
