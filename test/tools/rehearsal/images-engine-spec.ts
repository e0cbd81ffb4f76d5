import assert from "node:assert/strict";
import { appendFileSync, cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { RehearsalStack } from "../../../tools/rehearsal/rehearsal-stack.ts";
import { needsEngine } from "../../support/separate-process.ts";

const imageType = "docker:index/image:Image";
const pushedType = "aws:ecr/image:Image";

describe("an image that is deployed", function () {
  this.timeout(5 * 60_000);
  let stack: RehearsalStack;

  before(async function () {
    await needsEngine.call(this);
    stack = await RehearsalStack.open({ stack: "dev" });
    assert.deepEqual((await stack.up()).errors, []);
  });
  after(() => stack?.close());

  const pushed = () => stack.world.all(pushedType).length;
  const running = () =>
    stack.world.all("kubernetes:apps/v1:Deployment")[0]?.inputs.spec.template.spec.containers[0]
      .image;

  it("has the digest of its tag after the folder moved away and back", async () => {
    const [first, before] = [running(), pushed()];
    const folder = (name: string) => join(stack.folder, name);
    cpSync(folder("service"), folder("moved"), { recursive: true });
    rmSync(folder("service"), { recursive: true });
    stack.configure("services.web.image", { context: "moved" });
    assert.deepEqual((await stack.up()).errors, []);
    assert.notEqual(running(), first);
    cpSync(folder("moved"), folder("service"), { recursive: true });
    rmSync(folder("moved"), { recursive: true });
    stack.configure("services.web.image", { context: "service" });
    assert.deepEqual((await stack.up()).errors, []);
    assert.equal(running(), first);
    assert.equal(pushed(), before + 1);
    assert.deepEqual((await stack.preview()).steps, []);
  });

  it("is not built again after a deployment by digest", async () => {
    const [first, before] = [running(), pushed()];
    stack.configure("services.web.image", { digest: first.split("@")[1] });
    assert.deepEqual((await stack.up()).errors, []);
    assert.equal((await stack.state()).filter(({ type }) => type === imageType).length, 0);
    stack.configure("services.web", { image: { context: "service" } });
    assert.deepEqual((await stack.up()).errors, []);
    assert.equal(running(), first);
    assert.equal(pushed(), before);
  });

  it("is reported by a preview if it was deleted", async () => {
    appendFileSync(join(stack.folder, "service/package.json"), "\n");
    assert.deepEqual((await stack.up()).errors, []);
    for (const image of stack.world.all(pushedType)) {
      if (`${image.inputs.url}@${image.inputs.digest}` === running()) stack.world.remove(image);
    }
    const { errors } = await stack.preview();
    assert.match(
      errors.join("\n"),
      /web-\w+@sha256:\w+ is no longer in its repository; build it again by pulumi up --replace/,
    );
  });
});
