import { before, describe, it } from "mocha";
import { needsEngine, passes } from "../../support/separate-process.ts";

describe("a domain with external DNS and certificates", function () {
  this.timeout(10 * 60_000);
  before(needsEngine);

  it("is created with the external records, and does not delete them", () =>
    passes("test/tools/rehearsal/domain-engine-spec.ts", 5));
});
