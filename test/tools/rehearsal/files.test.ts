import { before, describe, it } from "mocha";
import { needsEngine, passes } from "../../support/separate-process.ts";

describe("files and backups", function () {
  this.timeout(10 * 60_000);
  before(needsEngine);

  it("come up, change, come back and go", () =>
    passes("test/tools/rehearsal/files-engine-spec.ts", 6));
});
