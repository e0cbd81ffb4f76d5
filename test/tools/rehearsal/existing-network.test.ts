import { before, describe, it } from "mocha";
import { needsEngine, passes } from "../../support/separate-process.ts";

describe("a network that is there before a stack", function () {
  this.timeout(10 * 60_000);
  before(needsEngine);

  it("is as it was when the stack comes, changes and goes", () =>
    passes("test/tools/rehearsal/existing-network-engine-spec.ts", 6));
});
