import { before, describe, it } from "mocha";
import { needsEngine, passes } from "../../support/separate-process.ts";

describe("a domain whose DNS and certificates are of others", function () {
  this.timeout(10 * 60_000);
  before(needsEngine);

  it("comes up by their records, and leaves what is theirs", () =>
    passes("test/tools/rehearsal/domain-engine-spec.ts", 5));
});
