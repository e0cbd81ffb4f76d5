import { before, describe, it } from "mocha";
import { needsEngine, passes } from "../../support/separate-process.ts";

describe("a stack whose containers may be entered", function () {
  this.timeout(10 * 60_000);

  before(needsEngine);

  it("comes to that, and away from it, while its pods stay", () =>
    passes("test/tools/rehearsal/debug-engine-spec.ts", 1));
});
