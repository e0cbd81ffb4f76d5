import { writeFileSync } from "node:fs";
import { checklists, complianceMarkdown } from "./checklists.ts";

try {
  const text = complianceMarkdown(checklists());
  writeFileSync(new URL("../../../docs/compliance.md", import.meta.url), text);
} catch (error) {
  process.stderr.write(`docs/compliance.md is not written:\n${(error as Error).message}\n`);
  process.exitCode = 1;
}
