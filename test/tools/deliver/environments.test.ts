import assert from "node:assert/strict";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { reconcile } from "../../../tools/deliver/environments.ts";
import { PlatformStack } from "../../../tools/deliver/platform-stack.ts";
import { workflowFixture } from "../../support/workflow-fixtures.ts";
import { type Answers, root } from "../../support/workflow-runner.ts";

const repositoryUrl = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/pull-requests";
const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();

describe("environments of pull requests", function () {
  this.timeout(60_000);
  const given = workflowFixture();

  const calls = (begin: string) => given.player.calls(begin);
  const json = (value: unknown) => ({ out: JSON.stringify(value) });
  const look = async (answers: Answers) => {
    const said: string[] = [];
    const smokeOptions = { timeoutSeconds: 0.2, pauseSeconds: 0, answers: 2 };
    const well = await given.player.inside(answers, () =>
      reconcile({
        stack: new PlatformStack("dev"),
        repository: "example/platform",
        smokeOptions,
        say: (line) => said.push(line),
      }),
    );
    return { code: well ? 0 : 1, text: said.join("\n") };
  };

  /** The outputs of dev. */
  const dev = {
    clusterName: "platform-dev",
    pullRequests: {
      clusterName: "platform-dev",
      environments: 2,
      days: 3,
      owner: { name: "pull-requests", uid: "1" },
      services: { web: {} },
      repositoryUrl,
    },
  };
  const pullRequest = (number: number, changes: object = {}) => ({
    number,
    labels: [{ name: "environment" }],
    head: { sha: `c0ffee${number}`, repo: { full_name: "example/platform" } },
    ...changes,
  });
  const deployed = (number: number, changes: object = {}) => ({
    [`pulumi stack output --json --stack pr-${number}`]: json({
      commit: `c0ffee${number}`,
      owner: "1",
      since: hoursAgo(1),
      images: { web: `${repositoryUrl}@${digest("b")}` },
      urls: { web: given.url },
      ...changes,
    }),
  });
  const pulls = (open: object[]): Answers => ({
    "gh api --method GET --paginate --slurp repos/example/platform/pulls": json([open]),
  });
  const world = ({
    outputs = dev as object,
    open = [] as object[],
    stacks = [] as number[],
    built = [{ databaseId: 99, createdAt: hoursAgo(1) }],
  }): Answers => ({
    "pulumi stack output --json --stack dev": json(outputs),
    "pulumi stack export": state("kubernetes:core/v1:Namespace"),
    "pulumi stack ls": json(stacks.map((number) => ({ name: `pr-${number}` }))),
    ...pulls(open),
    "gh run list": json(built),
    "gh run download": { out: "an image", file: "web.tar" },
    "gh api --paginate": json([[]]),
    "skopeo copy docker-archive": {
      ...json({ manifests: [{ digest: digest("b") }] }),
      file: "index.json",
    },
    "aws ecr get-login-password": { out: "password\n" },
    "aws secretsmanager list-secrets": json({ SecretList: [] }),
  });
  const secret = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:environments/x-AbCdEf";
  const withDatabase = {
    ...dev,
    pullRequests: {
      ...dev.pullRequests,
      aws: {
        databases: [{ resource: "ledger" }],
        provider: { defaultTags: { tags: { team: "shop" } } },
      },
    },
  };
  /** Of a database that is there, and a secret that is not yet. */
  const database: Answers = {
    "aws secretsmanager get-secret-value": {
      err: "An error occurred (ResourceNotFoundException) when calling the GetSecretValue operation: no",
      code: 254,
    },
    "aws secretsmanager create-secret": json({ ARN: secret }),
    "aws rds describe-db-clusters": json({
      DBClusters: [
        {
          DBClusterArn: "arn:ledger",
          HttpEndpointEnabled: true,
          MasterUserSecret: { SecretArn: "arn:master" },
        },
      ],
    }),
  };
  const state = (...types: string[]) =>
    json({ deployment: { resources: types.map((type) => ({ type })) } });
  const comments = () => calls("gh api --method POST").join("\n");

  it("come with the image of the last commit, and say where they are", async () => {
    const at = hoursAgo(1);
    const built = [{ databaseId: 99, createdAt: at }];
    const answers = { ...deployed(12), ...world({ open: [pullRequest(12)], built }) };
    const { code, text } = await given.player.play("environments/environments", {}, answers);
    assert.equal(code, 0, text);
    assert.match(
      calls("gh run list")[0] ?? "",
      /--workflow image.yml --commit c0ffee12 --status success/,
    );
    const [, push = ""] = calls("skopeo copy");
    assert.match(push, new RegExp(`--preserve-digests .*docker://${repositoryUrl}@${digest("b")}`));
    assert.doesNotMatch(calls("skopeo").join(), /password/);
    // What reads the pull request's file has no credentials at hand.
    const trusted = given.player.trusted.filter((call) => call.startsWith("skopeo"));
    assert.deepEqual(trusted, [push]);
    assert.match(calls("pulumi stack select")[0] ?? "", /--create pr-12/);
    const [first = "", second = "", ...more] = calls("pulumi config set-all");
    assert.match(first, /environment:platform=organization\/platform\/dev /);
    assert.match(first, new RegExp(`images\\["web"\\]=${repositoryUrl}@${digest("b")}`));
    assert.match(first, new RegExp(`environment:since=${at}`));
    assert.deepEqual(more, []);
    // It counts as deployed once it has answered.
    assert.doesNotMatch(first, /environment:commit=/);
    assert.match(second, /environment:commit=c0ffee12 /);
    assert.match(second, new RegExp(`environment:since=${at}`));
    assert.match(calls("pulumi up")[0] ?? "", /--stack pr-12/);
    assert.match(comments(), /issues\/12\/comments[\s\S]*c0ffee1 runs, until[\s\S]*- web: http/);
  });

  it("have what is theirs in a database before their pods, and tell them its secret", async () => {
    const answers = { ...database, ...deployed(12) };
    const open = [pullRequest(12)];
    const { code, text } = await look({ ...answers, ...world({ outputs: withDatabase, open }) });
    assert.equal(code, 0, text);
    const order = calls("").filter((call) =>
      /^(pulumi (stack select|config|up)|aws (secretsmanager create|rds-data))/.test(call),
    );
    assert.deepEqual(
      order.slice(0, 5).map((call) => call.split(" ").slice(0, 3).join(" ")),
      [
        ...["pulumi stack select", "aws secretsmanager create-secret"],
        ...["aws rds-data execute-statement", "pulumi config set-all", "pulumi up --yes"],
      ],
    );
    assert.match(order[1] ?? "", /--name environments\/platform-dev-ledger\/pr-12 /);
    assert.match(order[1] ?? "", /"Key":"team","Value":"shop"/);
    assert.match(
      order[2] ?? "",
      /--resource-arn arn:ledger --secret-arn arn:master --database app .*--region eu-central-1/s,
    );
    for (const settings of calls("pulumi config set-all")) {
      assert.ok(settings.includes(`environment:databases["ledger"]=${secret}`), settings);
    }
  });

  it("are removed with what is theirs in a database, and again when that fails", async () => {
    const own = {
      "aws secretsmanager list-secrets": json({
        SecretList: [13, 12].map((number) => ({
          Name: `environments/platform-dev-ledger/pr-${number}`,
        })),
      }),
      "aws secretsmanager get-secret-value": json({ ARN: secret, SecretString: "{}" }),
    };
    const answers = { ...own, ...database, ...deployed(12) };
    for (const outputs of [withDatabase, dev]) {
      given.player.forget();
      const gone = world({ outputs, stacks: [12] });
      const { code, text } = await look({ ...answers, ...gone, ...own });
      assert.equal(code, 0, text);
      const order = calls("").filter((call) =>
        /^(pulumi (destroy|stack rm)|aws (secretsmanager delete|rds-data))/.test(call),
      );
      assert.deepEqual(
        order.map((call) => call.split(" ").slice(0, 3).join(" ")),
        [
          ...["pulumi destroy --yes", "aws rds-data execute-statement"],
          ...["aws rds-data execute-statement", "aws secretsmanager delete-secret"],
          "pulumi stack rm",
        ],
      );
      assert.ok(order[3]?.includes(`--secret-id ${secret} --force-delete-without-recovery`));
    }
    given.player.forget();
    const broken = { "aws rds-data execute-statement": { err: "no", code: 254 } };
    const gone = world({ outputs: withDatabase, stacks: [12] });
    const { code } = await look({ ...broken, ...answers, ...gone, ...own });
    assert.equal(code, 1);
    assert.deepEqual([...calls("pulumi stack rm"), ...calls("aws secretsmanager delete")], []);
  });

  it("go with the pull request or its label, and when nothing was pushed for days", async () => {
    const open = [pullRequest(13, { labels: [] }), pullRequest(14)];
    const built = [{ databaseId: 99, createdAt: hoursAgo(73) }];
    const old = deployed(14, { since: hoursAgo(73) });
    const stacks = { ...deployed(12), ...deployed(13), ...old };
    const { code, text } = await look({
      ...stacks,
      ...world({ open, stacks: [12, 13, 14], built }),
    });
    assert.equal(code, 0, text);
    for (const number of [12, 13, 14]) {
      const own = (begin: string) =>
        calls(begin).filter((call) => call.includes(`--stack pr-${number} `));
      assert.equal(own("pulumi destroy --yes").length, 1);
      assert.equal(own("pulumi stack rm --yes").length, 1);
    }
    assert.deepEqual(calls("pulumi up"), []);
    assert.match(comments(), /issues\/12\/[\s\S]*closed, or has lost the label/);
    assert.match(comments(), /issues\/14\/[\s\S]*nothing was pushed for 3 days/);
  });

  it("follow the stack that owns them, also while a new commit is built", async () => {
    const since = hoursAgo(20);
    for (const changes of [{}, { head: { ...pullRequest(12).head, sha: "beef" } }]) {
      given.player.forget();
      const answers = { ...deployed(12, { since }), ...world({ stacks: [12], built: [] }) };
      const { code, text } = await look({ ...answers, ...pulls([pullRequest(12, changes)]) });
      assert.equal(code, 0, text);
      const [settings = "", ...others] = calls("pulumi config set-all");
      assert.match(settings, new RegExp(digest("b")));
      assert.match(settings, /environment:commit=c0ffee12 /);
      assert.match(settings, new RegExp(`environment:since=${since}`));
      assert.deepEqual([...others, ...calls("skopeo"), ...calls("pulumi destroy")], []);
      // Whatever was said of a failure meanwhile is true no more.
      assert.match(comments(), /c0ffee1 runs/);
    }
  });

  it("keep what runs while the branch is where it was long ago", async () => {
    const built = [{ databaseId: 99, createdAt: hoursAgo(73) }];
    const open = [pullRequest(12, { head: { ...pullRequest(12).head, sha: "beef" } })];
    const { code } = await look({ ...deployed(12), ...world({ open, stacks: [12], built }) });
    assert.equal(code, 0);
    assert.deepEqual(calls("pulumi destroy"), []);
    assert.match(comments(), /c0ffee1 runs/);
  });

  it("are left alone when they could not be removed, or not be read", async () => {
    const broken = {
      "pulumi destroy --yes --skip-preview --stack pr-12": { err: "no", code: 1 },
      "pulumi stack output --json --stack pr-13": { err: "no", code: 1 },
    };
    const open = [12, 13, 14].map((number) => pullRequest(number));
    const old = deployed(12, { since: hoursAgo(73) });
    const { code } = await look({ ...broken, ...old, ...world({ open, stacks: [12, 13] }) });
    assert.equal(code, 1);
    assert.deepEqual(calls("pulumi up"), []);
    for (const number of [12, 13]) {
      assert.match(comments(), new RegExp(`issues/${number}/[\\s\\S]*The environment failed`));
    }
    // They have their places still.
    assert.match(comments(), /issues\/14\/[\s\S]*No room/);
  });

  it("wait while the image of a commit is built", async () => {
    const { code } = await look(world({ open: [pullRequest(12)], built: [] }));
    assert.equal(code, 0);
    assert.deepEqual([comments(), ...calls("pulumi up")], [""]);
  });

  it("are max. as many as the stack allows", async () => {
    const open = [12, 13, 14].map((number) => pullRequest(number));
    const answers = { ...deployed(12), ...deployed(13), ...world({ open, stacks: [12, 13] }) };
    const { code } = await look(answers);
    assert.equal(code, 0);
    assert.deepEqual(
      calls("pulumi stack select").filter((call) => call.includes("pr-14")),
      [],
    );
    assert.match(comments(), /issues\/14\/[\s\S]*No room: dev has max\. 2/);
  });

  it("count those that have just come", async () => {
    const open = [14, 13, 12].map((number) => pullRequest(number));
    await look({ ...deployed(12), ...deployed(13), ...world({ open }) });
    const selected = calls("pulumi stack select").map((call) => /pr-\d+/.exec(call)?.[0]);
    assert.deepEqual([...new Set(selected)], ["pr-12", "pr-13"]);
    assert.match(comments(), /issues\/14\/[\s\S]*No room/);
  });

  it("go, the newest first, when the stack takes fewer", async () => {
    const open = [12, 13, 14].map((number) => pullRequest(number));
    const stacks = { ...deployed(12), ...deployed(13), ...deployed(14) };
    await look({ ...stacks, ...world({ open, stacks: [14, 13, 12] }) });
    const [gone = "", ...others] = calls("pulumi destroy");
    assert.match(gone, /--stack pr-14 /);
    assert.deepEqual(others, []);
  });

  it("do not count as deployed until they answer, and are tried again", async () => {
    const dead = deployed(12, { commit: undefined, urls: { web: "http://127.0.0.1:1" } });
    const answers = { ...dead, ...world({ open: [pullRequest(12)], stacks: [12] }) };
    const { code } = await look(answers);
    assert.equal(code, 1);
    assert.match(comments(), /The environment failed:[\s\S]*does not answer well/);
    assert.equal(calls("pulumi config set-all").length, 1);
    assert.doesNotMatch(calls("pulumi config set-all").join(), /environment:commit=/);
  });

  it("are removed if they never became ready and their images are too old", async () => {
    const built = [{ databaseId: 99, createdAt: hoursAgo(73) }];
    const failed = { "pulumi stack output --json --stack pr-12": json({}) };
    const { code } = await look({
      ...failed,
      ...world({ open: [pullRequest(12)], stacks: [12], built }),
    });
    assert.equal(code, 0);
    assert.equal(calls("pulumi destroy").length, 1);
    assert.match(comments(), /never became ready/);
  });

  it("do not count while GitHub has deleted their images", async () => {
    const gone = { "gh run download": { err: "no valid artifacts found to download", code: 1 } };
    const open = [pullRequest(12), pullRequest(13), pullRequest(14)];
    const { code } = await look({ ...world({ open }), ...gone });
    assert.equal(code, 1);
    assert.doesNotMatch(comments(), /No room/);
    assert.match(comments(), /issues\/12\/[\s\S]*push again, or remove and set the label/);
  });

  it("come anew when what they belonged to was made anew", async () => {
    const orphan = deployed(12, { owner: "0" });
    const open = [pullRequest(12)];
    const { code, text } = await look({ ...orphan, ...world({ open, stacks: [12] }) });
    assert.equal(code, 0, text);
    assert.match(calls("pulumi stack rm")[0] ?? "", /--force/);
    assert.deepEqual(calls("pulumi destroy"), []);
    assert.equal(calls("pulumi up").length, 2);
  });

  it("leave out what the stack no longer has", async () => {
    const images = { web: "web@sha256:1", shop: "shop@sha256:2" };
    const open = [pullRequest(12)];
    await look({ ...deployed(12, { images }), ...world({ open, stacks: [12] }) });
    const [settings = ""] = calls("pulumi config set-all");
    assert.match(settings, /images\["web"\]/);
    assert.doesNotMatch(settings, /shop/);
  });

  it("are freed, before anything else, of the lock that a killed run has left", async () => {
    const stacks = { ...deployed(12), ...deployed(13) };
    await look({ ...stacks, ...world({ open: [pullRequest(12)], stacks: [12, 13] }) });
    for (const [number, verb] of [
      [12, "up"],
      [13, "destroy"],
    ] as const) {
      const own = calls("pulumi").filter((call) => call.includes(`--stack pr-${number} `));
      const at = (begin: string) => own.findIndex((call) => call.startsWith(`pulumi ${begin}`));
      assert.ok(at("cancel --yes") >= 0 && at("cancel --yes") < at(verb), own.join("\n"));
    }
  });

  it("have no settings of another time", async () => {
    const stale = join(root, "projects/pull-request/Pulumi.pr-12.yaml");
    writeFileSync(stale, "config: {}");
    try {
      await look({ ...deployed(12), ...world({ open: [pullRequest(12)], stacks: [12] }) });
      assert.equal(existsSync(stale), false);
    } finally {
      rmSync(stale, { force: true });
    }
  });

  it("are not pushed a second time when they are tried again", async () => {
    const at = hoursAgo(1);
    const tried = deployed(12, { commit: undefined, since: at });
    const built = [{ databaseId: 99, createdAt: at }];
    const answers = { ...tried, ...world({ open: [pullRequest(12)], stacks: [12], built }) };
    const { code, text } = await look(answers);
    assert.equal(code, 0, text);
    assert.deepEqual([...calls("gh run download"), ...calls("skopeo")], []);
    assert.match(calls("pulumi config set-all")[1] ?? "", /environment:commit=c0ffee12 /);
  });

  it("are not for forks, whose code nobody here has written", async () => {
    const fork = { sha: "abc", repo: { full_name: "stranger/platform" } };
    await look(world({ open: [pullRequest(12, { head: fork })] }));
    assert.deepEqual([...calls("gh run"), ...calls("pulumi up")], []);
  });

  it("fail each by itself", async () => {
    const broken = {
      "pulumi destroy --yes --skip-preview --stack pr-12": { err: "locked", code: 1 },
    };
    const stacks = { ...broken, ...deployed(12), ...deployed(13) };
    const { code } = await look({ ...stacks, ...world({ stacks: [12, 13] }) });
    assert.equal(code, 1);
    assert.match(comments(), /issues\/12\/[\s\S]*The environment failed:\n\n~~~~~~\nlocked/);
    assert.match(comments(), /issues\/13\/[\s\S]*The environment is removed/);
  });

  it("are forgotten when their stack is gone with its cluster", async () => {
    const { code } = await look({ ...deployed(12), ...world({ outputs: {}, stacks: [12] }) });
    assert.equal(code, 0);
    assert.deepEqual(calls("pulumi destroy"), []);
    assert.match(calls("pulumi stack rm")[0] ?? "", /--force/);
  });

  it("lose what they have on AWS also when their cluster is gone with its stack", async () => {
    const left = state(
      "pulumi:providers:aws",
      "kubernetes:core/v1:Namespace",
      "aws:sqs/queue:Queue",
    );
    for (const outputs of [{}, dev]) {
      given.player.forget();
      const answers = { ...deployed(12, { owner: "0" }), ...world({ outputs, stacks: [12] }) };
      const { code, text } = await look({ ...answers, "pulumi stack export": left });
      assert.equal(code, 0, text);
      assert.equal(calls("pulumi destroy --yes --skip-preview --stack pr-12").length, 1);
      const [removal = "", ...others] = calls("pulumi stack rm");
      assert.doesNotMatch(removal, /--force/);
      assert.deepEqual(others, []);
    }
  });

  it("have their images built as the stack's are, by who may not push them", async () => {
    const { code, text } = await given.player.play("image/image", {}, {});
    assert.equal(code, 0, text);
    assert.match(
      calls("docker build")[0] ?? "",
      /--platform linux\/arm64 --file service\/Dockerfile .*--tag web:pull-request service$/,
    );
    assert.match(calls("docker save")[0] ?? "", /images\/web.tar web:pull-request$/);
    assert.deepEqual([...calls("aws"), ...calls("docker push")], []);
  });
});
