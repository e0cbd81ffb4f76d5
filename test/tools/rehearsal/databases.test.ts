import { before, describe, it } from "mocha";
import { needsEngine, passes } from "../../support/separate-process.ts";

describe("databases and caches of a stack", function () {
  this.timeout(10 * 60_000);
  before(needsEngine);

  it("are created in parallel with the cluster, change in place, and are deleted", () =>
    passes("test/tools/rehearsal/databases-engine-spec.ts", 7));
});
