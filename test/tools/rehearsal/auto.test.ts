import { before, describe, it } from "mocha";
import { needsEngine, passes } from "../../support/separate-process.ts";

describe("EKS Auto Mode", function () {
  this.timeout(10 * 60_000);
  before(needsEngine);

  it("starts nodes, and ends them before the cluster goes", () =>
    passes("test/tools/rehearsal/auto-engine-spec.ts", 4));
});
