import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { before, describe, it } from "mocha";
import { componentTypes } from "../../bootstrap/component-types.ts";
import { permissions } from "../../bootstrap/permissions.ts";
import type { Statement } from "../../bootstrap/policies.ts";
import { evaluate, only, type Resource } from "../../plan/evaluate.ts";
import { allows as simulated } from "../iam/simulate.ts";
import { allows, type Context, holds } from "./judge.ts";

const folder = fileURLToPath(new URL("../../bootstrap", import.meta.url)).replace(/\/$/, "");
const account = "111122223333";
const region = { "aws:RequestedRegion": "eu-central-1" };

describe("bootstrap", () => {
  let resources: Resource[];
  let outputs: Record<string, unknown>;
  const named = (type: string, name: string) => {
    const found = resources.find((one) => one.type === type && one.name === name);
    assert.ok(found, `${type} ${name}`);
    return found;
  };
  const role = (name: string) => named("aws:iam/role:Role", `github-${name}`);
  const statements = (arn: string): Statement[] => {
    const found = resources.find((one) => one.outputs.arn === arn);
    return JSON.parse(found?.inputs.policy).Statement;
  };
  /** A role's policies and boundary, as judge.ts takes them. */
  const powers = (name: string) => {
    const { outputs: made, inputs } = role(name);
    const attached = resources.filter(
      ({ type, inputs }) =>
        type === "aws:iam/rolePolicyAttachment:RolePolicyAttachment" && inputs.role === made.name,
    );
    return {
      policies: attached.flatMap(({ inputs }) => statements(inputs.policyArn)),
      ...(inputs.permissionsBoundary && { boundary: statements(inputs.permissionsBoundary) }),
    };
  };

  before(async () => {
    ({ resources, outputs } = await evaluate("main", folder));
  });

  describe("trust", () => {
    const issuer = "token.actions.githubusercontent.com";
    const claims = (changes: Context): Context => {
      const token = {
        aud: "sts.amazonaws.com",
        repository: "example/platform",
        ref: "refs/heads/main",
        sub: "repo:example/platform:environment:prod",
        ...changes,
      };
      return Object.fromEntries(Object.entries(token).map(([key, of]) => [`${issuer}:${key}`, of]));
    };
    const admits = (name: string, changes: Context) => {
      const { Statement: trusts } = JSON.parse(role(name).inputs.assumeRolePolicy);
      assert.equal(trusts.length, 1);
      const provider = only(resources, "aws:iam/openIdConnectProvider:OpenIdConnectProvider");
      assert.deepEqual(trusts[0].Principal, { Federated: provider.outputs.arn });
      assert.equal(trusts[0].Action, "sts:AssumeRoleWithWebIdentity");
      return holds(trusts[0].Condition, claims(changes));
    };
    const sub = (end: string) => ({ sub: `repo:example/platform:${end}` });
    const branch = { ref: "refs/heads/feature" };
    const foreign = {
      repository: "someone/platform",
      sub: "repo:someone/platform:environment:prod",
    };

    it("of a deploy role is bound to repository, environment, branch and audience", () => {
      assert.equal(admits("deploy-prod", {}), true);
      const strangers: Context[] = [
        ...["environment:dev", "environment:production", "pull_request"].map(sub),
        sub("ref:refs/heads/main"),
        { ref: "refs/heads/feature" },
        { ref: "refs/pull/1/merge" },
        { aud: "https://github.com/example" },
        { repository: "example/platform-fork" },
        foreign,
      ];
      for (const stranger of strangers) {
        assert.equal(admits("deploy-prod", stranger), false, JSON.stringify(stranger));
      }
    });

    it("of each environment's role leaves out the other ones", () => {
      assert.equal(admits("deploy-dev", sub("environment:dev")), true);
      assert.equal(admits("deploy-dev", sub("environment:prod")), false);
    });

    it("of the preview role is for pull requests and the branch of the repository", () => {
      assert.equal(admits("preview", { ...sub("pull_request"), ref: "refs/pull/1/merge" }), true);
      assert.equal(admits("preview", sub("ref:refs/heads/main")), true);
      for (const stranger of [
        { ...sub("ref:refs/heads/feature"), ...branch },
        sub("environment:prod"),
        { ...sub("pull_request"), aud: "another" },
        foreign,
      ]) {
        assert.equal(admits("preview", stranger), false, JSON.stringify(stranger));
      }
    });

    it("is never given to a pattern", () => {
      for (const { inputs } of resources.filter(({ type }) => type === "aws:iam/role:Role")) {
        assert.doesNotMatch(inputs.assumeRolePolicy, /[*?]|StringLike/);
      }
    });
  });

  describe("permissions", () => {
    it("cover every type of resource in both stacks, and no other", async () => {
      const plans = [await evaluate("dev"), await evaluate("prod")];
      const made = plans
        .flatMap((plan) => plan.resources)
        .flatMap(({ type }) => componentTypes[type] ?? type)
        .filter((type) => /^(aws|awsx|eks|docker):/.test(type));
      assert.deepEqual(Object.keys(permissions).sort(), [...new Set(made)].sort());
    });

    it("pass on the roles of the cluster and the network, and no others", async () => {
      const plan = await evaluate("prod");
      const passed = plan.resources.flatMap(({ inputs }) =>
        [inputs.iamRoleArn, inputs.nodeRoleArn, inputs.serviceAccountRoleArn].filter(Boolean),
      );
      assert.ok(passed.length >= 4);
      const context = { "iam:PassedToService": "eks.amazonaws.com" };
      for (const arn of passed) {
        assert.equal(allows(powers("deploy-prod"), "iam:PassRole", arn, context), true, arn);
      }
      const admin = `arn:aws:iam::${account}:role/Administrator`;
      assert.equal(allows(powers("deploy-prod"), "iam:PassRole", admin, context), false);
    });

    it("of the preview role change nothing, and read no data but the state", () => {
      const preview = powers("preview");
      const written = Object.values(permissions).flatMap(({ write }) => write);
      const readOnly = /^ecr:Batch|^ecr:GetDownload|^s3:ListBucketVersions/;
      for (const action of written.filter((one) => !readOnly.test(one))) {
        assert.equal(allows(preview, action, "*", region), false, action);
      }
      const state = "arn:aws:s3:::example-platform-pulumi-state/.pulumi/stacks/prod.json";
      assert.equal(allows(preview, "s3:GetObject", state), true);
      for (const [action, resource] of [
        ["s3:PutObject", state],
        ["s3:GetObject", "arn:aws:s3:::another/object"],
        ["kms:Decrypt", `arn:aws:kms:eu-central-1:${account}:key/another`],
        ["secretsmanager:GetSecretValue", "*"],
        ["sts:AssumeRole", "*"],
      ] as const) {
        assert.equal(allows(preview, action, resource), false, action);
      }
    });

    it("of a deploy role are those of the types, within their conditions", () => {
      const deploy = powers("deploy-prod");
      const other = `arn:aws:iam::${account}:role/cluster-nodes-1a2b3c4`;
      const bounded = { "iam:PermissionsBoundary": String(outputs.permissionsBoundary) };
      const attach = (policy: string, context: Context = bounded) =>
        allows(deploy, "iam:AttachRolePolicy", other, {
          ...context,
          "iam:PolicyARN": `arn:aws:iam::aws:policy/${policy}`,
        });
      const pass = (service: string) =>
        allows(deploy, "iam:PassRole", other, { "iam:PassedToService": service });
      assert.equal(allows(deploy, "eks:CreateCluster", "*", region), true);
      assert.equal(
        allows(deploy, "eks:CreateCluster", "*", { "aws:RequestedRegion": "us-east-1" }),
        false,
      );
      assert.equal(attach("AmazonEKSWorkerNodePolicy"), true);
      assert.equal(attach("AdministratorAccess"), false);
      assert.equal(attach("AmazonEKSWorkerNodePolicy", {}), false);
      for (const verb of ["CreateRole", "PutRolePolicy", "PutRolePermissionsBoundary"]) {
        const action = `iam:${verb}`;
        const another = { "iam:PermissionsBoundary": `arn:aws:iam::${account}:policy/wide` };
        assert.equal(allows(deploy, action, other, bounded), true, action);
        assert.equal(allows(deploy, action, other, another), false, action);
        assert.equal(allows(deploy, action, other), false, action);
      }
      const admin = `arn:aws:iam::${account}:role/Administrator`;
      for (const action of ["iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:TagRole"]) {
        assert.equal(allows(deploy, action, admin, bounded), false, action);
      }
      assert.equal(allows(deploy, "iam:UpdateAssumeRolePolicy", other, bounded), true);
      assert.equal(allows(deploy, "iam:UpdateAssumeRolePolicy", other), false);
      assert.equal(allows(deploy, "iam:DeleteRolePermissionsBoundary", other, bounded), false);
      assert.equal(pass("eks.amazonaws.com"), true);
      assert.equal(pass("lambda.amazonaws.com"), false);
      for (const action of [
        "lambda:CreateFunction",
        "ec2:StopInstances",
        "sts:AssumeRole",
        "iam:CreateUser",
      ]) {
        assert.equal(allows(deploy, action, "*", region), false, action);
      }
    });

    it("of a deploy role end at what delivery itself stands on, whatever is attached", () => {
      const { boundary } = powers("deploy-prod");
      const everything: Statement = { Sid: "All", Effect: "Allow", Action: ["*"], Resource: "*" };
      const might = { policies: [everything], boundary };
      const bucket = "arn:aws:s3:::example-platform-pulumi-state";
      const key = named("aws:kms/key:Key", "state").outputs.arn;
      const self = role("deploy-prod").outputs.arn.replace(":role/", ":role/delivery/");
      for (const [action, resource] of [
        ["iam:PutRolePolicy", self],
        ["iam:DeleteRolePermissionsBoundary", self],
        ["iam:UpdateAssumeRolePolicy", `arn:aws:iam::${account}:role/delivery/github-preview`],
        ["iam:CreatePolicyVersion", `arn:aws:iam::${account}:policy/delivery/github-boundary`],
        ["iam:CreateUser", `arn:aws:iam::${account}:user/backdoor`],
        ["iam:CreateAccessKey", `arn:aws:iam::${account}:user/someone`],
        ["sts:AssumeRole", `arn:aws:iam::${account}:role/Admin`],
        ["organizations:LeaveOrganization", "*"],
        ["s3:DeleteBucket", bucket],
        ["s3:PutBucketVersioning", bucket],
        ["s3:DeleteObjectVersion", `${bucket}/.pulumi/stacks/prod.json`],
        ["kms:ScheduleKeyDeletion", key],
        ["kms:PutKeyPolicy", key],
      ] as const) {
        assert.equal(allows(might, action, resource), false, `${action} ${resource}`);
      }
      assert.equal(allows(might, "s3:PutObject", `${bucket}/.pulumi/stacks/prod.json`), true);
      assert.equal(allows(might, "kms:Encrypt", key), true);
    });

    it("of what a deployment makes never reach identities or the state", () => {
      const everything: Statement = { Sid: "All", Effect: "Allow", Action: ["*"], Resource: "*" };
      const boundary = statements(String(outputs.permissionsBoundary));
      const might = { policies: [everything], boundary };
      const state = "arn:aws:s3:::example-platform-pulumi-state/.pulumi/stacks/prod.json";
      for (const [action, resource] of [
        ["iam:CreateUser", "*"],
        ["iam:CreateAccessKey", "*"],
        ["iam:CreateRole", "*"],
        ["iam:PutRolePolicy", "*"],
        ["iam:AttachRolePolicy", "*"],
        ["iam:CreatePolicyVersion", "*"],
        ["iam:UpdateAssumeRolePolicy", "*"],
        ["iam:PassRole", "*"],
        ["iam:CreateInstanceProfile", "*"],
        ["sts:AssumeRole", "*"],
        ["s3:GetObject", state],
        ["kms:Decrypt", named("aws:kms/key:Key", "state").outputs.arn],
        ["kms:GetPublicKey", named("aws:kms/key:Key", "signing").outputs.arn],
      ] as const) {
        assert.equal(allows(might, action, resource), false, action);
      }
      for (const action of [
        "elasticloadbalancing:CreateLoadBalancer",
        "iam:CreateServiceLinkedRole",
      ]) {
        assert.equal(allows(might, action), true, action);
      }
    });

    it("fit into what IAM takes as a policy", () => {
      for (const { name, inputs } of resources.filter(
        ({ type }) => type === "aws:iam/policy:Policy",
      )) {
        assert.ok(inputs.policy.length <= 6144, `${name}: ${inputs.policy.length} characters`);
      }
    });
  });

  describe("state", () => {
    it("is encrypted with a key that rotates, has versions, and is not public", () => {
      const bucket = only(resources, "aws:s3/bucket:Bucket");
      const of = (kind: string) => only(resources, `aws:s3/bucket${kind}:Bucket${kind}`).inputs;
      assert.equal(of("Versioning").versioningConfiguration.status, "Enabled");
      const [rule] = of("ServerSideEncryptionConfiguration").rules;
      const key = named("aws:kms/key:Key", "state");
      assert.equal(rule.applyServerSideEncryptionByDefault.kmsMasterKeyId, key.outputs.arn);
      assert.equal(key.inputs.enableKeyRotation, true);
      const block = of("PublicAccessBlock");
      for (const flag of [
        "blockPublicAcls",
        "blockPublicPolicy",
        "ignorePublicAcls",
        "restrictPublicBuckets",
      ]) {
        assert.equal(block[flag], true, flag);
      }
      assert.equal(bucket.inputs.bucket, "example-platform-pulumi-state");
    });

    it("is reached over TLS only", () => {
      const policy = only(resources, "aws:s3/bucketPolicy:BucketPolicy").inputs.policy;
      assert.match(
        JSON.stringify(policy),
        /"s3:\*","Condition":{"Bool":{"aws:SecureTransport":"false"}},"Effect":"Deny"/,
      );
    });

    it("refuses to be deleted", () => {
      assert.equal(only(resources, "aws:s3/bucket:Bucket").protect, true);
      assert.equal(named("aws:kms/key:Key", "state").protect, true);
    });
  });

  describe("the key that signs images", () => {
    const version = { Version: "2012-10-17" };
    const key = () => named("aws:kms/key:Key", "signing");
    const workload = () => statements(String(outputs.permissionsBoundary));
    /** Whether somebody may, by KMS's own rules: no policy of IAM counts but where the key's says so. */
    const may = (name: string, action: string, policies: Statement[], boundary?: Statement[]) => {
      const { inputs } = only(resources, "aws:kms/keyPolicy:KeyPolicy");
      assert.equal(inputs.keyId, key().outputs.keyId);
      return simulated(
        { name, policies: [{ name: "all", document: { ...version, Statement: policies } }] },
        { action: `kms:${action}`, resource: key().outputs.arn, context: region },
        {
          resourcePolicy: JSON.parse(inputs.policy),
          ...(boundary && { boundary: { ...version, Statement: boundary } }),
        },
      );
    };
    /** Who of these may when everything is attached to them. */
    const ableTo = async (action: string) => {
      const everything: Statement = { Sid: "All", Effect: "Allow", Action: ["*"], Resource: "*" };
      const somebody: [who: string, name: string, boundary?: Statement[]][] = [
        ...["deploy-dev", "deploy-prod", "preview"].map(
          (who): [string, string, Statement[] | undefined] => [
            who,
            role(who).outputs.name,
            powers(who).boundary,
          ],
        ),
        ["workload", "web-1a2b3c4", workload()],
        ["administrator", "Administrator"],
      ];
      const able: string[] = [];
      for (const [who, name, boundary] of somebody) {
        if (await may(name, action, [everything], boundary)) able.push(who);
      }
      return able;
    };

    it("signs for the environment that builds, and for nobody else whatever is attached", async () => {
      assert.deepEqual(await ableTo("Sign"), ["deploy-dev"]);
      assert.deepEqual(await ableTo("CreateGrant"), []);
    });

    it("is taken away, or given to others, by the account's administrators alone", async () => {
      for (const action of ["ScheduleKeyDeletion", "DisableKey", "PutKeyPolicy"]) {
        const able = await ableTo(action);
        // The preview role has no boundary, but nobody may attach to it.
        assert.deepEqual(able, ["preview", "administrator"], action);
        const { policies } = powers("preview");
        assert.equal(await may(role("preview").outputs.name, action, policies), false, action);
      }
    });

    it("verifies for every deploy role, with what is attached", async () => {
      for (const who of ["deploy-dev", "deploy-prod"]) {
        const { policies, boundary } = powers(who);
        const { name } = role(who).outputs;
        for (const action of ["GetPublicKey", "DescribeKey"]) {
          assert.equal(await may(name, action, policies, boundary), true, `${who} ${action}`);
        }
        assert.equal(await may(name, "Sign", policies, boundary), who === "deploy-dev", who);
      }
    });

    it("does nothing but sign, and refuses to be deleted", () => {
      const { inputs, protect } = key();
      assert.equal(inputs.keyUsage, "SIGN_VERIFY");
      assert.equal(inputs.customerMasterKeySpec, "ECC_NIST_P256");
      assert.equal(inputs.deletionWindowInDays, 30);
      assert.equal(protect, true);
    });
  });

  it("hands out what the workflows and `pulumi login` need", () => {
    assert.equal(
      outputs.backendUrl,
      "s3://example-platform-pulumi-state?region=eu-central-1&awssdk=v2",
    );
    assert.equal(outputs.secretsProvider, "awskms://alias/pulumi-state?region=eu-central-1");
    assert.deepEqual(Object.keys(outputs.deployRoleArns as object), ["dev", "prod"]);
    assert.equal(outputs.signingKey, named("aws:kms/key:Key", "signing").outputs.arn);
  });
});
