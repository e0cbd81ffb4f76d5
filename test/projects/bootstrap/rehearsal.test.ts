import { before, describe, it } from "mocha";
import { needsEngine, passes } from "../../support/separate-process.ts";

describe("bootstrap on the simulated cloud", function () {
  this.timeout(300_000);
  before(needsEngine);

  it("comes up, and refuses to go", () => passes("test/projects/bootstrap/engine-spec.ts", 3));
});
