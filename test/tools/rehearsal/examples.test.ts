import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { before, describe, it } from "mocha";
import { exampleStacks } from "../../../tools/graph/stack-settings.ts";
import { rehearse } from "../../../tools/rehearsal/scenario.ts";
import { needsEngine } from "../../support/separate-process.ts";

const project = fileURLToPath(new URL("../../..", import.meta.url));

describe("the rehearsal of an example", function () {
  this.timeout(10 * 60_000);
  before(needsEngine);

  for (const stack of exampleStacks(project)) {
    it(`passes every check of ${stack}`, async () => {
      // One whose image is copied sees another image come and go.
      const length = stack === "podinfo" ? "fast" : "up and destroy";
      const { results } = await rehearse({ stack, length });
      for (const { title, failures } of results) assert.deepEqual(failures, [], title);
      assert.equal(results.at(-1)?.title, "destroy");
      assert.equal(results.length, length === "fast" ? 8 : 2);
    });
  }
});
