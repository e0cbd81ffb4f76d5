import { before, describe, it } from "mocha";
import { needsEngine, passes } from "../../support/separate-process.ts";

describe("stores and messages", function () {
  this.timeout(10 * 60_000);
  before(needsEngine);

  it("are created, change in place and are deleted", () =>
    passes("test/tools/rehearsal/stores-engine-spec.ts", 6));
});
