import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { describe, it } from "mocha";
import { SecretsStore } from "../../../infra/addons/secrets-store.ts";
import { deploy, only } from "../../../tools/graph/evaluate.ts";

const store = (enabled: boolean) =>
  deploy(
    () =>
      new SecretsStore("secrets-store", {
        enabled,
        addonVersions: {},
        kubernetesVersion: "1.36",
        cluster: { name: pulumi.output("platform-test") },
      }),
  );
const addonType = "aws:eks/addon:Addon";

describe("the secrets store", () => {
  it("is nothing where no container names a secret", async () =>
    assert.deepEqual(
      (await store(false)).filter(({ type }) => type === addonType),
      [],
    ));

  it("writes Kubernetes Secrets, and has a changed value in the files within two minutes", async () => {
    const { inputs } = only(await store(true), addonType);
    assert.deepEqual(JSON.parse(inputs.configurationValues), {
      "secrets-store-csi-driver": {
        syncSecret: { enabled: true },
        enableSecretRotation: true,
        rotationPollInterval: "2m",
      },
    });
  });

  it("leaves the driver when the last secret goes: pods that are stopping unmount with it", async () =>
    assert.equal(only(await store(true), addonType).inputs.preserve, true));
});
