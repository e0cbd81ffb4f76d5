import { before, describe, it } from "mocha";
import { needsEngine, passes } from "../../support/separate-process.ts";

describe("Karpenter", function () {
  this.timeout(10 * 60_000);
  before(needsEngine);

  it("starts nodes, and ends them before it goes", () =>
    passes("test/tools/rehearsal/karpenter-engine-spec.ts", 3));
});
