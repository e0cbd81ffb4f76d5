import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import type { PreviewEnvironmentSettings } from "../../../infra/preview-environments/preview-environments.ts";
import { EnvironmentDatabases } from "../../../tools/deliver/environment-databases.ts";
import type { EngineStack, Outcome } from "../../../tools/rehearsal/engine-stack.ts";
import {
  checkDependencies,
  checkNothingLeft,
  checkReady,
} from "../../../tools/rehearsal/rehearsal-checks.ts";
import { RehearsalStack } from "../../../tools/rehearsal/rehearsal-stack.ts";
import { AwsCli } from "../../../tools/rehearsal/world/aws-cli.ts";
import { missingPackages } from "../../support/orders-stores.ts";
import { type PreviewDatabase, startPreviewDatabase } from "../../support/preview-database.ts";

const digest = `sha256:${"c".repeat(64)}`;
const deploymentType = "kubernetes:apps/v1:Deployment";
const targetGroupType = "aws:lb/targetGroup:TargetGroup";
const loadBalancerType = "aws:lb/loadBalancer:LoadBalancer";

const bucketType = "aws:s3/bucket:Bucket";
const boundary = "arn:aws:iam::111122223333:policy/delivery/workload-boundary";
const kinds = (things: { type: string }[]) =>
  [...new Set(things.map(({ type }) => type.split(":").at(-1)))].sort();
const realSteps = ({ steps }: Outcome) => steps.filter(({ op }) => op !== "read");

describe("the environment of a pull request on the simulated cloud", function () {
  this.timeout(180_000);
  let stack: RehearsalStack;
  let environment: EngineStack;
  let image: string;
  const count = (type: string) => stack.world.all(type).length;
  /** What is an environment's on AWS. */
  const ownOf = (pullRequest: number) =>
    stack.world
      .all()
      .filter(({ type, urn }) => type.startsWith("aws:") && urn?.includes(`:pr-${pullRequest}::`));
  const environments = () =>
    stack.world
      .all("kubernetes:core/v1:Namespace")
      .map(({ id }) => id)
      .filter((id) => id.startsWith("pr-"));
  const open = (pullRequest: number, images: object = { web: image }, databases: object = {}) =>
    stack.beside("projects/pull-request", `pr-${pullRequest}`, {
      platform: "organization/platform/dev",
      pullRequest,
      images,
      databases,
    });
  /** A real one, where it can be had. */
  let database: PreviewDatabase | undefined;
  let cli: AwsCli;
  const databasesOf = (pullRequest: number) =>
    new EnvironmentDatabases({ pullRequest, region: stack.world.region, aws: cli.run });
  const settingsOf = async () =>
    ((await stack.outputs()) as { pullRequests: PreviewEnvironmentSettings }).pullRequests;

  before(async () => {
    stack = await RehearsalStack.open({ stack: "dev" });
    stack.configure("domain", { hostedZoneId: "Z0123456789EXAMPLE", hostName: "dev.example.com" });
    stack.configure("pullRequests", { environments: 2 });
    stack.configure("nodes", { maxSize: 6 });
    assert.deepEqual((await stack.up()).errors, []);
    const { repositoryUrl: url } = await settingsOf();
    image = `${url}@${digest}`;
    stack.world.addUnmanaged("aws:ecr/image:Image", image, "skopeo copy", "image c", {
      url,
      digest,
    });
  });
  after(async () => {
    stack?.close();
    await database?.stop();
  });

  it("comes up on the stack's load balancer, at a name of its own", async () => {
    environment = await open(12);
    assert.deepEqual((await environment.up()).errors, []);
    assert.deepEqual(environments(), ["pr-12-web"]);
    const [deployment] = stack.world.all(deploymentType).filter(({ name }) => name === "pr-12-web");
    assert.equal(deployment?.inputs.spec.template.spec.containers[0].image, image);
    assert.equal(count(loadBalancerType), 1);
    assert.equal(count(targetGroupType), 2);
    assert.deepEqual((await environment.outputs()).urls, { web: "https://pr-12.dev.example.com/" });
    assert.deepEqual(realSteps(await environment.up()), []);
  });

  it("leaves the stack as it is", async () => assert.deepEqual((await stack.up()).steps, []));

  it("is refused for a service that the stack has not", async () => {
    const { errors } = await (await open(14, { shop: image })).up();
    assert.match(
      errors.join(),
      /organization\/platform\/dev has no service shop; its services are web/,
    );
  });

  it("goes without a trace", async () => {
    assert.deepEqual((await environment.destroy()).errors, []);
    assert.deepEqual(environments(), []);
    assert.equal(count(loadBalancerType), 1);
    assert.equal(count(targetGroupType), 1);
  });

  describe("whose services use resources", () => {
    before(async () => {
      stack.configure("permissionsBoundary", boundary);
      stack.configure("resources", {
        orders: { kind: "table", partitionKey: "id" },
        invoices: { kind: "bucket" },
        mails: { kind: "queue" },
        placed: { kind: "topic", deliverTo: ["mails"] },
        archive: { kind: "bucket" },
        "payment-key": { kind: "secret" },
      });
      stack.configure("services.web.uses", {
        orders: "readWrite",
        invoices: "readWrite",
        mails: "readWrite",
        placed: "write",
        archive: "readWrite",
        "payment-key": "read",
      });
      stack.configure("pullRequests.resources", { archive: "read", "payment-key": "read" });
      // Its pods wait for the value of the secret.
      await stack.up();
      for (const { id } of stack.world.all("aws:secretsmanager/secret:Secret")) {
        stack.world.filledSecrets.add(id);
      }
      stack.world.incidents.length = 0;
      assert.deepEqual((await stack.up()).errors, []);
    });

    it("comes with its own, in the boundary of the stack's roles and with tags of its own", async () => {
      environment = await open(15);
      assert.deepEqual([...(await environment.up()).errors, ...stack.world.incidents], []);
      assert.deepEqual(checkReady(stack.world), []);
      assert.deepEqual(kinds(ownOf(15)), [
        ...["Bucket", "BucketLifecycleConfiguration", "BucketPolicy", "BucketPublicAccessBlock"],
        ...["BucketServerSideEncryptionConfiguration", "BucketVersioning", "Queue", "QueuePolicy"],
        ...["RedriveAllowPolicy", "Role", "RolePolicy", "Table", "Topic", "TopicPolicy"],
        "TopicSubscription",
      ]);
      assert.equal(ownOf(15).filter(({ type }) => type === bucketType).length, 1);
      const tags = ownOf(15).flatMap(({ outputs }) => outputs.tagsAll ?? []);
      assert.ok(tags.length >= 5);
      for (const { project, stack, environment } of tags) {
        assert.deepEqual([project, stack, environment], ["environment", "pr-15", "development"]);
      }
      const [role] = ownOf(15).filter(({ type }) => type === "aws:iam/role:Role");
      assert.match(role?.id ?? "", /^web-pr-15-/);
      assert.equal(role?.inputs.permissionsBoundary, boundary);
    });

    it("stays as it is, and leaves the stack so", async () => {
      assert.deepEqual(checkDependencies(await environment.state()), []);
      assert.deepEqual(realSteps(await environment.up()), []);
      assert.deepEqual((await stack.up()).steps, []);
    });

    it("goes with what is in it, and leaves the stack's own", async () => {
      const before = count(bucketType);
      for (const bucket of ownOf(15).filter(({ type }) => type === bucketType)) {
        bucket.outputs.objects = 3;
      }
      assert.deepEqual((await environment.destroy()).errors, []);
      assert.deepEqual([ownOf(15), environments()], [[], []]);
      assert.equal(count(bucketType), before - 1);
      assert.deepEqual(realSteps(await stack.refresh()), []);
    });
  });

  describe("whose services use a database", () => {
    const secretType = "aws:secretsmanager/secret:Secret";
    const ofEnvironments = () =>
      stack.world.all(secretType).filter(({ id }) => id.includes(":secret:environments/"));
    const loginOf = (pullRequest: number) => {
      const [secret] = ofEnvironments().filter(({ id }) => id.includes(`/pr-${pullRequest}-`));
      const { username: user, password } = JSON.parse(cli.values.get(secret?.id ?? "") ?? "{}");
      return { user, password };
    };
    const usersLeft = async () =>
      database?.query("select rolname from pg_roles where rolname like 'pr\\_%'");
    let other: EngineStack;

    before(async () => {
      const missing = missingPackages();
      if (missing && process.env.CI !== "true") console.error(`      without SQL: ${missing}`);
      else database = await startPreviewDatabase();
      cli = new AwsCli(stack.world, async (_, sql) => {
        await database?.query(sql);
      });
      stack.configure("resources", { ledger: { kind: "postgres", version: "17" } });
      stack.configure("services.web.uses", { ledger: "readWrite" });
      stack.configure("services.web.release", { command: ["node", "migrate.js"] });
      assert.deepEqual((await stack.up()).errors, []);
    });

    it("comes after its schema and its secret, and not without", async () => {
      environment = await open(16);
      assert.match((await environment.up()).errors.join(), /ledger has no secret; npm run deliver/);
      const absent = `arn:aws:secretsmanager:eu-central-1:111122223333:secret:environments/platform-dev-ledger/pr-16-AbCdEf`;
      await environment.set("environment:databases", JSON.stringify({ ledger: absent }));
      assert.match(
        (await environment.up()).errors.join(),
        /pr-16-AbCdEf: ResourceNotFoundException/,
      );
      stack.world.incidents.length = 0;
      const made = await databasesOf(16).make(await settingsOf());
      await environment.set("environment:databases", JSON.stringify(made));
      assert.deepEqual([...(await environment.up()).errors, ...stack.world.incidents], []);
      other = await open(17, {}, await databasesOf(17).make(await settingsOf()));
      assert.deepEqual([...(await other.up()).errors, ...stack.world.incidents], []);
      assert.deepEqual(checkReady(stack.world), []);
      await database?.queryAs(loginOf(16), "create table bookings (id int)");
      if (database) {
        await assert.rejects(
          database.queryAs(loginOf(17), "select * from pr_16.bookings"),
          /permission denied for schema pr_16/,
        );
      }
      assert.deepEqual(realSteps(await environment.up()), []);
      assert.deepEqual((await stack.up()).steps, []);
    });

    it("has no password in its state", async () => {
      const { user, password } = loginOf(16);
      const state = JSON.stringify(await environment.state());
      assert.ok(state.includes(user) && !state.includes(password));
      assert.ok(!JSON.stringify(await stack.state()).includes(password));
    });

    it("goes without a trace in the database, and leaves the other one its own", async () => {
      assert.deepEqual((await environment.destroy()).errors, []);
      await databasesOf(16).remove(await settingsOf());
      assert.deepEqual(
        ofEnvironments().map(({ name }) => name),
        ["environments/platform-dev-ledger/pr-17"],
      );
      if (database) assert.deepEqual(await usersLeft(), [{ rolname: "pr_17" }]);
      await database?.queryAs(loginOf(17), "create table bookings (id int)");
      assert.deepEqual((await other.destroy()).errors, []);
      await databasesOf(17).remove(await settingsOf());
      assert.deepEqual([ofEnvironments(), (await usersLeft()) ?? []], [[], []]);
      assert.deepEqual(realSteps(await stack.refresh()), []);
    });
  });

  describe("whose stack is destroyed", () => {
    it("goes with it, and leaves it no load balancer and no network", async () => {
      environment = await open(13, { web: image }, await databasesOf(13).make(await settingsOf()));
      assert.deepEqual((await environment.up()).errors, []);
      const { errors } = await stack.destroy();
      assert.deepEqual(errors, []);
      assert.deepEqual(environments(), []);
      const left = ownOf(13).length;
      assert.ok(left > 0, "Kubernetes deletes nothing on AWS");
      assert.equal(stack.world.all("aws:ec2/subnet:Subnet").length, 0);
    });

    it("then loses what it has on AWS, once its cluster may be forgotten", async () => {
      const { errors } = await environment.destroy();
      assert.match(errors.join(), /configured Kubernetes cluster is unreachable/);
      assert.ok(ownOf(13).length > 0);
      process.env.PULUMI_K8S_DELETE_UNREACHABLE = "true";
      try {
        assert.deepEqual((await environment.destroy()).errors, []);
      } finally {
        delete process.env.PULUMI_K8S_DELETE_UNREACHABLE;
      }
      assert.deepEqual(await environment.state(), []);
      await databasesOf(13).remove(undefined);
      // Certificates of other stacks are renewed by the same record.
      const others = checkNothingLeft(stack.world).filter(
        (one) => !/Record certificate-valid/.test(one),
      );
      assert.deepEqual(others, []);
    });
  });
});
