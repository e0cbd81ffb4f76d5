import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { describe, it } from "mocha";
import type { PolicyDocument } from "../../../infra/cluster/policy-document.ts";
import { GitHub, type GitHubArgs } from "../../../projects/bootstrap/github.ts";
import { deploy } from "../../../tools/graph/evaluate.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { rolesOf } from "../../../tools/graph/roles.ts";
import { admits, allows } from "../../support/iam-simulate.ts";

const providerType = "aws:iam/openIdConnectProvider:OpenIdConnectProvider";
const issuer = "token.actions.githubusercontent.com";
const arnOf = (account: string) => `arn:aws:iam::${account}:oidc-provider/${issuer}`;

function bootstrapped(changes: Partial<GitHubArgs> = {}) {
  return deploy(
    () =>
      new GitHub("github", {
        region: "eu-central-1",
        accountId: "111122223333",
        repository: "example/platform",
        subject: "repo:example/platform",
        branch: "main",
        environments: ["dev", "prod"],
        signer: "dev",
        stateBucket: "state",
        services: ["web"],
        servicePolicyArns: [],
        hostedZoneRoleArns: [],
        previewDatabases: {},
        state: { bucketArn: output("arn:aws:s3:::state"), keyArn: output("arn:aws:kms:state") },
        signing: { keyId: output("signing"), keyArn: output("arn:aws:kms:signing") },
        ...changes,
      }),
  );
}

const output = (value: string) => pulumi.output(value);

/** Whether a role is given to a token of the repository with this subject. */
function admitted(resources: Resource[], role: string, sub: string, principal: string) {
  const made = resources.find(({ name }) => name === `github-${role}`);
  const found = rolesOf(resources).find(({ name }) => name === made?.outputs.name);
  assert.ok(found, role);
  const claims = {
    aud: "sts.amazonaws.com",
    repository: "example/platform",
    ref: "refs/heads/main",
    sub,
  };
  return admits(found, { principal, token: { issuer, claims } });
}

describe("bootstrap's identity of GitHub", () => {
  const ends = {
    preview: "pull_request",
    drift: "ref:refs/heads/main",
    "deploy-dev": "environment:dev",
    "deploy-prod": "environment:prod",
  };
  const names = "repo:example/platform";
  const ids = "repo:example@123456/platform@456789";

  for (const [form, subject, other] of [
    ["names", names, ids],
    ["names and ids", ids, names],
  ] as const) {
    it(`trusts tokens whose subject has the repository's ${form}, and no other ones`, async () => {
      const resources = await bootstrapped({ subject });
      const provider = resources.find(({ type }) => type === providerType)?.outputs.arn;
      for (const [role, end] of Object.entries(ends)) {
        const ours = await admitted(resources, role, `${subject}:${end}`, provider);
        assert.equal(ours, true, role);
        for (const sub of [`${other}:${end}`, `${ids.replace("456789", "999999")}:${end}`]) {
          assert.equal(await admitted(resources, role, sub, provider), false, `${role} ${sub}`);
        }
      }
    });
  }

  it("lets the role of that environment alone into the databases that are named for it", async () => {
    const resources = await bootstrapped({ previewDatabases: { dev: ["platform-dev-ledger"] } });
    const holders = resources
      .filter(({ inputs }) => /rds-data:/.test(inputs.policy) && /rds!cluster/.test(inputs.policy))
      .flatMap(({ outputs }) => resources.filter(({ inputs }) => inputs.policyArn === outputs.arn));
    assert.deepEqual(
      holders.map(({ name }) => name),
      ["github-deploy-dev-previews"],
    );
  });

  it("is the account's own provider where there is one: a second one would be refused", async () => {
    const identityProviderArn = arnOf("111122223333");
    const resources = await bootstrapped({ identityProviderArn });
    assert.deepEqual(
      resources.filter(({ type }) => type === providerType),
      [],
    );
    for (const [role, end] of Object.entries(ends)) {
      const sub = `${names}:${end}`;
      assert.equal(await admitted(resources, role, sub, identityProviderArn), true, role);
      assert.equal(await admitted(resources, role, sub, arnOf("444455556666")), false, role);
    }
    const boundary = resources.find(({ name }) => name === "github-boundary");
    const { Statement } = JSON.parse(boundary?.inputs.policy);
    const denied = Statement.find(({ Sid }: { Sid: string }) => Sid === "NotDeliveryItself");
    assert.ok(denied.Resource.includes(identityProviderArn));
  });
});

describe("bootstrap's rights to hosted zones of other accounts", () => {
  const ours = "arn:aws:iam::444455556666:role/records";
  const mayAssume = async (hostedZoneRoleArns: string[], role: string, resource: string) => {
    const resources = await bootstrapped({ hostedZoneRoleArns });
    const made = resources.find(({ name }) => name === `github-${role}`);
    const found = rolesOf(resources).find(({ name }) => name === made?.outputs.name);
    assert.ok(found, role);
    const policyOf = (arn: string): PolicyDocument =>
      JSON.parse(resources.find(({ outputs }) => outputs.arn === arn)?.inputs.policy);
    const boundary = made?.inputs.permissionsBoundary;
    const policies = found.policies.map((one) =>
      "arn" in one ? { name: one.arn, document: policyOf(one.arn) } : one,
    );
    const powers = { ...found, policies, ...(boundary && { boundary: policyOf(boundary) }) };
    return allows(powers, { action: "sts:AssumeRole", resource, context: {} });
  };

  for (const role of ["preview", "drift", "deploy-dev", "deploy-prod"]) {
    it(`let the ${role} role assume their roles, and no other role`, async () => {
      assert.equal(await mayAssume([ours], role, ours), true);
      assert.equal(await mayAssume([ours], role, ours.replace("records", "admin")), false);
      assert.equal(await mayAssume([], role, ours), false);
    });
  }
});
