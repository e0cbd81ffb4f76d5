import { before, describe, it } from "mocha";
import { needsEngine, passes } from "../../support/separate-process.ts";

describe("EKS Auto Mode", function () {
  this.timeout(15 * 60_000);
  before(needsEngine);

  it("starts nodes, and ends them before the cluster goes", () =>
    passes("test/tools/rehearsal/auto-engine-spec.ts", 2));

  it("takes the place of a managed group in one update", () =>
    passes("test/tools/rehearsal/auto-move-engine-spec.ts", 1));
});
