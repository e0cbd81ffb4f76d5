import { before, describe, it } from "mocha";
import { needsEngine, passes } from "../../support/separate-process.ts";

describe("a network without a way out", function () {
  this.timeout(10 * 60_000);
  before(needsEngine);

  it("has a stack that comes, changes and goes by its endpoints", () =>
    passes("test/tools/rehearsal/private-network-engine-spec.ts", 3));
});
