import assert from "node:assert/strict";
import { appendFileSync, cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { Stage } from "../../../tools/rehearsal/stage.ts";
import { needsEngine } from "../../support/separate-process.ts";

const imageType = "docker:index/image:Image";
const pushedType = "aws:ecr/image:Image";

describe("an image that is deployed", function () {
  this.timeout(5 * 60_000);
  let stage: Stage;

  before(async function () {
    await needsEngine.call(this);
    stage = await Stage.open({ stack: "dev" });
    assert.deepEqual((await stage.up()).errors, []);
  });
  after(() => stage?.close());

  const pushed = () => stage.world.all(pushedType).length;
  const running = () =>
    stage.world.all("kubernetes:apps/v1:Deployment")[0]?.inputs.spec.template.spec.containers[0]
      .image;

  it("is the one that its tag has, when the folder moves away and back", async () => {
    const [first, before] = [running(), pushed()];
    const folder = (name: string) => join(stage.folder, name);
    cpSync(folder("service"), folder("moved"), { recursive: true });
    rmSync(folder("service"), { recursive: true });
    stage.configure("services.web.image", { context: "moved" });
    assert.deepEqual((await stage.up()).errors, []);
    assert.notEqual(running(), first);
    cpSync(folder("moved"), folder("service"), { recursive: true });
    rmSync(folder("moved"), { recursive: true });
    stage.configure("services.web.image", { context: "service" });
    assert.deepEqual((await stage.up()).errors, []);
    assert.equal(running(), first);
    assert.equal(pushed(), before + 1);
    assert.deepEqual((await stage.preview()).steps, []);
  });

  it("is not built anew when it was deployed by digest in between", async () => {
    const [first, before] = [running(), pushed()];
    stage.configure("services.web.image", { digest: first.split("@")[1] });
    assert.deepEqual((await stage.up()).errors, []);
    assert.equal((await stage.state()).filter(({ type }) => type === imageType).length, 0);
    stage.configure("services.web", { image: { context: "service" } });
    assert.deepEqual((await stage.up()).errors, []);
    assert.equal(running(), first);
    assert.equal(pushed(), before);
  });

  it("is missed by the preview, in words, when somebody has deleted it", async () => {
    appendFileSync(join(stage.folder, "service/package.json"), "\n");
    assert.deepEqual((await stage.up()).errors, []);
    for (const image of stage.world.all(pushedType)) {
      if (`${image.inputs.url}@${image.inputs.digest}` === running()) stage.world.remove(image);
    }
    const { errors } = await stage.preview();
    assert.match(
      errors.join("\n"),
      /web-\w+@sha256:\w+ is no longer in its repository; build it again by pulumi up --replace/,
    );
  });
});
