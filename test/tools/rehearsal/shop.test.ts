import { before, describe, it } from "mocha";
import { needsEngine, passes } from "../../support/separate-process.ts";

describe("an application that was never seen before", function () {
  this.timeout(10 * 60_000);
  before(needsEngine);

  it("comes up, changes and goes, from settings alone", () =>
    passes("test/tools/rehearsal/shop-engine-spec.ts", 5));
});
