import { writeFileSync } from "node:fs";
import { recordOf } from "../../tools/plan/record.ts";
import { plans, recordedFile } from "./plans.ts";

for (const [name, plan] of Object.entries(plans)) {
  writeFileSync(recordedFile(name), recordOf(await plan()));
}
