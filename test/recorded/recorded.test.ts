import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { recordOf } from "../../tools/plan/record.ts";
import { plans, recordedFile } from "./plans.ts";

describe("the recorded plan", function () {
  this.timeout(60_000);

  for (const [name, plan] of Object.entries(plans)) {
    it(`of ${name} is what the program plans; npm run record writes it anew`, async () => {
      const recorded = readFileSync(recordedFile(name), "utf8");
      const planned = recordOf(await plan());
      if (planned !== recorded) assert.fail(firstDifference(recorded, planned));
    });
  }
});

/** The first line that differs, with the resource that it belongs to. */
function firstDifference(recorded: string, planned: string): string {
  const [old, now] = [recorded.split("\n"), planned.split("\n")];
  const at = old.findIndex((line, index) => line !== now[index]);
  const resource = old.slice(0, at + 1).findLast((line) => /^ {2}\S/.test(line));
  return `${resource?.trim()}\n- ${old[at]?.trim()}\n+ ${now[at]?.trim()}`;
}
