import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluate } from "../plan/evaluate.ts";
import { checkov, report } from "./findings.ts";
import { inCloud } from "./refused.ts";
import { terraformPlan } from "./terraform.ts";

const folder = mkdtempSync(join(tmpdir(), "cloud-"));
try {
  for (const stack of ["dev", "prod"]) {
    console.log(`Stack ${stack}`);
    const file = join(folder, `${stack}.json`);
    writeFileSync(file, JSON.stringify(terraformPlan((await evaluate(stack)).resources)));
    process.exitCode ||= report({ checkov: checkov("terraform_plan", [file]) }, inCloud);
  }
} finally {
  rmSync(folder, { recursive: true });
}
