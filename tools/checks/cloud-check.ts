import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluate } from "../graph/evaluate.ts";
import { checkov, type Found, report } from "./findings.ts";
import { cloudSuppressions } from "./suppressions.ts";
import { terraformPlan } from "./terraform.ts";

const folder = mkdtempSync(join(tmpdir(), "cloud-"));
try {
  const found: Found[] = [];
  for (const stack of ["dev", "prod"]) {
    const file = join(folder, `${stack}.json`);
    writeFileSync(file, JSON.stringify(terraformPlan((await evaluate(stack)).resources)));
    found.push({ checkov: checkov("terraform_plan", [file]) });
  }
  process.exitCode = report(found, cloudSuppressions);
} finally {
  rmSync(folder, { recursive: true });
}
