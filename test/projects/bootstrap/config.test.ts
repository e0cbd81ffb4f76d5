import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { describe, it } from "mocha";
import { type BootstrapConfig, loadConfig } from "../../../projects/bootstrap/bootstrap-config.ts";

const valid = {
  region: "eu-central-1",
  accountId: "111122223333",
  repository: "example/platform",
  environments: '["dev","prod"]',
  stateBucket: "example-state",
};

function load(changes: Record<string, string> = {}): BootstrapConfig {
  pulumi.runtime.setMocks(
    { newResource: ({ name, inputs }) => ({ id: name, state: inputs }), call: () => ({}) },
    "bootstrap",
    "test",
  );
  const settings = Object.entries({ ...valid, ...changes });
  pulumi.runtime.setAllConfig(
    Object.fromEntries(settings.map(([key, value]) => [`bootstrap:${key}`, value])),
  );
  return loadConfig();
}

describe("bootstrap's config", () => {
  it("fills in the defaults", () => {
    const { subject, branch, services, accountId, signer } = load();
    assert.equal(subject, "repo:example/platform");
    assert.equal(branch, "main");
    assert.deepEqual(services, ["web"]);
    assert.equal(accountId, "111122223333");
    assert.equal(signer, "dev");
  });

  it("lets another environment than the first sign, but none that is not there", () => {
    assert.equal(load({ signer: "prod" }).signer, "prod");
    assert.throws(() => load({ signer: "staging" }), {
      message: /bootstrap:signer: "staging" is not allowed: one of dev, prod$/,
    });
  });

  it("takes days that CloudWatch Logs knows, and none by itself", () => {
    const days = (given: string) => load({ applicationSignalsRetentionDays: given });
    assert.equal(load().applicationSignalsRetentionDays, undefined);
    assert.equal(days("30").applicationSignalsRetentionDays, 30);
    assert.throws(() => days("31"), {
      message: /bootstrap:applicationSignalsRetentionDays: 31 is not allowed: one of 1, 3, 5, 7/,
    });
  });

  it("takes databases of environments that it deploys, by their identifiers", () => {
    const databases = (given: string) => load({ previewDatabases: given }).previewDatabases;
    assert.deepEqual(load().previewDatabases, {});
    assert.deepEqual(databases('{"dev":["platform-dev-ledger"]}'), {
      dev: ["platform-dev-ledger"],
    });
    assert.throws(() => databases('{"test":["ledger"]}'), {
      message: /bootstrap:previewDatabases: "test" is not allowed: one of dev, prod$/,
    });
    for (const wrong of ["*", "arn:aws:rds:eu-central-1:111122223333:cluster:ledger"]) {
      assert.throws(() => databases(JSON.stringify({ dev: [wrong] })), {
        message: /bootstrap:previewDatabases.dev.*: ".*" is not allowed: identifiers of RDS/,
      });
    }
  });

  it("names the repository with its ids, where its tokens do, and as they are told otherwise", () => {
    const ids = '{"owner":123456,"repository":456789}';
    assert.equal(load({ ids }).subject, "repo:example@123456/platform@456789");
    assert.equal(load({ subject: "repo:of/another" }).subject, "repo:of/another");
    for (const [settings, message] of [
      [
        { ids, subject: "repo:of/another" },
        /subject: "repo:of\/another" is not allowed: ids say what the subject is$/,
      ],
      [{ ids: '{"owner":123456}' }, /ids.repository: is missing; allowed: a number such as 123456/],
      [{ ids: '{"owner":"1","repository":2}' }, /ids.owner: "1" is not allowed: a number such as/],
    ] as const) {
      assert.throws(() => load(settings), { message });
    }
  });

  it("takes an identity provider of the account, and no other's", () => {
    const arn = (account: string) =>
      `arn:aws:iam::${account}:oidc-provider/token.actions.githubusercontent.com`;
    const here = arn("111122223333");
    assert.equal(load({ identityProviderArn: here }).identityProviderArn, here);
    assert.throws(() => load({ identityProviderArn: arn("444455556666") }), {
      message:
        /bootstrap:identityProviderArn: ".*444455556666.*" is not allowed: a provider of the account 111122223333$/,
    });
    assert.throws(() => load({ identityProviderArn: "arn:aws:iam::111122223333:role/x" }), {
      message:
        /bootstrap:identityProviderArn: .* is not allowed: the ARN of the account's identity/,
    });
  });

  it("says of every problem its key, what was given and what is allowed", () =>
    assert.throws(
      () => load({ accountId: "12", environments: "[]", bucket: "x" }),
      (error: Error) => {
        assert.ok(pulumi.RunError.isInstance(error));
        assert.deepEqual(error.message.split("\n"), [
          "Pulumi.test.yaml: 3 problems",
          '  bootstrap:accountId: "12" is not allowed: 12 digits, in quotes',
          "  bootstrap:environments: [] is not allowed: at least one environment",
          "  bootstrap:bucket: there is no such setting",
        ]);
        return true;
      },
    ));
});
