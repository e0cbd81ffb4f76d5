import { before, describe, it } from "mocha";
import { needsEngine, passes } from "../../support/separate-process.ts";

describe("files and backups", function () {
  this.timeout(10 * 60_000);
  before(needsEngine);

  it("are created, changed, restored and deleted", () =>
    passes("test/tools/rehearsal/files-engine-spec.ts", 6));
});
