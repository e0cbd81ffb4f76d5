import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ServiceImage, type ServiceImageArgs } from "../../../infra/image/image.ts";
import { deploy, only } from "../../../tools/graph/evaluate.ts";

const digest = `sha256:${"a".repeat(64)}`;
const image = (changes: Partial<ServiceImageArgs> = {}) =>
  deploy(
    () =>
      new ServiceImage("service", {
        image: { context: "service" },
        architecture: "arm64",
        forceDelete: false,
        untaggedRetentionDays: 7,
        ...changes,
      }),
  );
const dockerTypes = (resources: { type: string }[]) =>
  resources.map(({ type }) => type).filter((type) => /docker/.test(type));

describe("service image", () => {
  it("is kept in a repository with immutable tags, scanned and encrypted", async () => {
    const { inputs } = only(await image(), "aws:ecr/repository:Repository");
    assert.equal(inputs.imageTagMutability, "IMMUTABLE");
    assert.deepEqual(inputs.imageScanningConfiguration, { scanOnPush: true });
    assert.deepEqual(inputs.encryptionConfigurations, [{ encryptionType: "KMS" }]);
  });

  it("refuses to be destroyed with its images, unless the stack says so", async () => {
    const repository = async (forceDelete: boolean) =>
      only(await image({ forceDelete }), "aws:ecr/repository:Repository");
    assert.equal((await repository(false)).protect, true);
    assert.equal((await repository(true)).protect, false);
  });

  it("never expires an image that was pushed by name", async () => {
    const { inputs } = only(await image(), "aws:ecr/lifecyclePolicy:LifecyclePolicy");
    const { rules } = JSON.parse(inputs.policy);
    assert.ok(rules.length > 0);
    for (const { selection } of rules) assert.equal(selection.tagStatus, "untagged");
  });

  it("is built for the architecture of the nodes, not in preview", async () => {
    const { inputs } = only(await image({ architecture: "amd64" }), "docker:index/image:Image");
    assert.equal(inputs.build.platform, "linux/amd64");
    assert.notEqual(inputs.buildOnPreview, true);
  });

  it("is built by the Dockerfile, the stage and the arguments of the settings", async () => {
    const { inputs } = only(
      await image({
        image: {
          context: "service",
          dockerfile: "src/server.ts",
          target: "build",
          buildArgs: { NODE_IMAGE: "mirror/node:24", RUNTIME_IMAGE: "mirror/runtime:24" },
        },
      }),
      "docker:index/image:Image",
    );
    assert.equal(inputs.build.dockerfile, "service/src/server.ts");
    assert.equal(inputs.build.target, "build");
    assert.equal(inputs.build.args.NODE_IMAGE, "mirror/node:24");
    assert.equal(inputs.build.args.RUNTIME_IMAGE, "mirror/runtime:24");
  });

  it("is pushed with a password that is a secret", async () => {
    const { inputs } = only(await image(), "docker:index/image:Image");
    assert.equal(inputs.registry.password, "[secret]");
  });

  it("with a digest is not built, and no Docker daemon is asked", async () => {
    assert.deepEqual(dockerTypes(await image({ image: { digest } })), []);
    assert.notDeepEqual(dockerTypes(await image()), []);
  });
});
