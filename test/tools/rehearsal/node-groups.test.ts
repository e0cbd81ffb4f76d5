import { before, describe, it } from "mocha";
import { needsEngine, passes } from "../../support/separate-process.ts";

describe("several node groups", function () {
  this.timeout(20 * 60_000);
  before(needsEngine);

  it("come, change and go one by one", () =>
    passes("test/tools/rehearsal/node-groups-engine-spec.ts", 2));
});
