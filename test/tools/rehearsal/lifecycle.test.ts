import { before, describe, it } from "mocha";
import { needsEngine, passes } from "../../support/separate-process.ts";

describe("the life of a stack", function () {
  this.timeout(30 * 60_000);
  before(needsEngine);

  it("is the same for each kind of nodes, and ends with nothing left", () =>
    passes("test/tools/rehearsal/lifecycle-engine-spec.ts", 39));
});
