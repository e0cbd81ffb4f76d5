import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { evaluate, only } from "../graph/evaluate.ts";
import { manifestsOf } from "../graph/manifests.ts";
import { dryRun } from "./api-server.ts";
import { checkov, type Found, kubeScore, report } from "./findings.ts";
import { manifestSuppressions } from "./suppressions.ts";

const folder = mkdtempSync(join(tmpdir(), "manifests-"));
try {
  const found: Found[] = [];
  for (const stack of ["dev", "prod"]) {
    const { resources } = await evaluate(stack);
    const manifests = manifestsOf(resources);
    const files = manifests.map((manifest, at) => {
      const file = join(folder, `${stack}-${at}.yaml`);
      writeFileSync(file, stringify(manifest));
      return file;
    });
    const version = only(resources, "eks:index:Cluster").inputs.version;
    const { KUBECONFIG } = process.env;
    found.push({
      "kube-score": kubeScore(files, version),
      checkov: checkov("kubernetes", files),
      "API server of KUBECONFIG": KUBECONFIG ? await dryRun(manifests, KUBECONFIG) : undefined,
    });
  }
  process.exitCode = report(found, manifestSuppressions);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
