import { before, describe, it } from "mocha";
import { needsEngine, passes } from "../../support/separate-process.ts";

describe("a NAT instance", function () {
  this.timeout(10 * 60_000);
  before(needsEngine);

  it("is the way out of a stack from its first node to its last", () =>
    passes("test/tools/rehearsal/nat-instance-engine-spec.ts", 4));
});
