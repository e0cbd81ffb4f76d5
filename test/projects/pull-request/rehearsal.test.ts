import { before, describe, it } from "mocha";
import { needsEngine, passes } from "../../support/separate-process.ts";

describe("the environment of a pull request on the simulated cloud", function () {
  this.timeout(300_000);
  before(needsEngine);

  it("comes, goes, and never outlives the stack that owns it", () =>
    passes("test/projects/pull-request/engine-spec.ts", 12));
});
