import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { evaluate, only } from "../plan/evaluate.ts";
import { manifestsOf } from "../plan/manifests.ts";
import { dryRun } from "./api-server.ts";
import { checkov, kubeScore, report } from "./findings.ts";
import { inManifests } from "./refused.ts";

const folder = mkdtempSync(join(tmpdir(), "manifests-"));
try {
  for (const stack of ["dev", "prod"]) {
    console.log(`Stack ${stack}`);
    const { resources } = await evaluate(stack);
    const manifests = manifestsOf(resources);
    const files = manifests.map((manifest, at) => {
      const file = join(folder, `${stack}-${at}.yaml`);
      writeFileSync(file, stringify(manifest));
      return file;
    });
    const version = only(resources, "eks:index:Cluster").inputs.version;
    const { KUBECONFIG } = process.env;
    const found = {
      "kube-score": kubeScore(files, version),
      checkov: checkov("kubernetes", files),
      "API server of KUBECONFIG": KUBECONFIG ? await dryRun(manifests, KUBECONFIG) : undefined,
    };
    process.exitCode ||= report(found, inManifests);
  }
} finally {
  rmSync(folder, { recursive: true });
}
