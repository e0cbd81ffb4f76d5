import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { recordOf } from "../../tools/plan/record.ts";
import { writeReleased } from "../released/released-plans.ts";
import { plans, recordedFile } from "./plans.ts";

const { release } = parseArgs({ options: { release: { type: "string" } } }).values;

for (const [name, plan] of Object.entries(plans)) {
  const evaluation = await plan();
  writeFileSync(recordedFile(name), recordOf(evaluation));
  if (release) writeReleased(release, name, evaluation);
}
