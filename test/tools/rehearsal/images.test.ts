import { before, describe, it } from "mocha";
import { needsEngine, passes } from "../../support/separate-process.ts";

describe("an image that is deployed", function () {
  this.timeout(10 * 60_000);

  before(needsEngine);

  it("is the one that its tag has, whatever came in between", () =>
    passes("test/tools/rehearsal/images-engine-spec.ts", 3));
});
