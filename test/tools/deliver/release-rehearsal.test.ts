import { before, describe, it } from "mocha";
import { needsEngine, passes } from "../../support/separate-process.ts";

describe("a release on the simulated cloud", function () {
  this.timeout(300_000);
  before(needsEngine);

  it("goes back by itself from a bad image, and leaves a history to roll back by", () =>
    passes("test/tools/deliver/engine-spec.ts", 5));
});
