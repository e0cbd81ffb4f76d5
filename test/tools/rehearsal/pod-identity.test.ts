import { before, describe, it } from "mocha";
import { needsEngine, passes } from "../../support/separate-process.ts";

describe("roles by EKS Pod Identity", function () {
  this.timeout(15 * 60_000);
  before(needsEngine);

  it("are there for every pod, also while a stack changes to them", () =>
    passes("test/tools/rehearsal/pod-identity-engine-spec.ts", 4));
});
