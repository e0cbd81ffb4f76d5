import { writeFileSync } from "node:fs";
import { checklists, ledgerMarkdown } from "./ledger.ts";

try {
  const text = ledgerMarkdown(checklists());
  writeFileSync(new URL("../../../docs/compliance.md", import.meta.url), text);
} catch (error) {
  process.stderr.write(`docs/compliance.md is left as it is:\n${(error as Error).message}\n`);
  process.exitCode = 1;
}
