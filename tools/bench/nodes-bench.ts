import { rehearse } from "../rehearsal/scenario.ts";
import { writeSection } from "./bench-report.ts";
import { nodeKinds } from "./node-kinds.ts";
import { figuresOf, type KindFigures, renderKinds } from "./nodes-report.ts";

/** Rehearses production with each kind of nodes, and fails where a check of the rehearsal does. */
const kinds: KindFigures[] = [];
for (const [kind, settings] of Object.entries(nodeKinds)) {
  const rehearsal = await rehearse({ stack: "prod", length: "pods", settings });
  const failures = rehearsal.results.flatMap((result) => result.failures);
  if (failures.length > 0) throw new Error(`${kind}: ${failures.join("\n")}`);
  kinds.push(figuresOf(kind, rehearsal));
}
const text = renderKinds(new Date().toISOString().slice(0, 10), kinds);
console.log(text);
writeSection("bench:nodes", text);
