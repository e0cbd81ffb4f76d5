import { before, describe, it } from "mocha";
import { needsEngine, passes } from "../../support/separate-process.ts";

describe("databases and caches of a stack", function () {
  this.timeout(10 * 60_000);
  before(needsEngine);

  it("come up beside the cluster, change in place, and go", () =>
    passes("test/tools/rehearsal/databases-engine-spec.ts", 7));
});
