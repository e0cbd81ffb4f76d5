import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "mocha";
import { healthyCluster, serve } from "../../support/upgrade-cluster.ts";
import { workflowFixture } from "../../support/workflow-fixtures.ts";
import {
  type Answers,
  filledIn,
  folder,
  type Job,
  jobs,
  root,
  type WorkflowRunner,
} from "../../support/workflow-runner.ts";

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const image = (letter: string) =>
  `111122223333.dkr.ecr.eu-central-1.amazonaws.com/web@${digest(letter)}`;

describe("workflows", function () {
  this.timeout(60_000);
  const given = workflowFixture();

  const play: WorkflowRunner["play"] = (...args) => given.player.play(...args);
  const calls = (begin: string) => given.player.calls(begin);
  const comment = (kind: string) =>
    readFileSync(join(given.player.folder, `comments/${kind}.md`), "utf8");
  const approved = {
    "gh api repos/example/platform/environments/prod": {
      out: JSON.stringify({
        name: "prod",
        protection_rules: [
          { id: 3, type: "branch_policy" },
          { id: 1, type: "required_reviewers", reviewers: [{ type: "User" }] },
        ],
      }),
    },
  };

  const runs = (letter: string, more = {}) => ({
    ...approved,
    "pulumi stack output": {
      out: JSON.stringify({
        url: given.url,
        imageReferences: { web: image(letter) },
        kubeconfig: { clusters: [{ cluster: { server: given.url } }] },
        ...more,
      }),
    },
  });

  /** The jobs that reach AWS, and but for one a cluster; the others have no credentials. */
  const ofStacks = jobs.filter(
    ([name, { steps }]) =>
      name !== "pins/pins" &&
      steps.some(({ uses }) => uses?.startsWith("aws-actions/configure-aws-credentials@")),
  );
  it("run what reaches a cluster on the runner that a variable names, and nothing else", () => {
    assert.equal(ofStacks.length, 7);
    for (const [name, job] of jobs) {
      const on = (values: Record<string, string>) => filledIn(job["runs-on"], values);
      const inside = { "vars.CLUSTER_RUNNER": "inside" };
      const both = { ...inside, "vars.CLUSTER_RUNNER_PROD": "inside-prod" };
      if (!ofStacks.some(([one]) => one === name)) {
        assert.match(on(both), /^ubuntu-24\.04(-arm)?$/, name);
        continue;
      }
      assert.equal(on(inside), "inside", name);
      const isOfProd = name.endsWith("/prod") || /matrix/.test(job["runs-on"]);
      const runner = isOfProd ? "inside-prod" : "inside";
      assert.equal(on({ ...both, "matrix.stack": "prod" }), runner, name);
      assert.equal(on({ "vars.CLUSTER_RUNNER": "" }), "ubuntu-24.04", name);
      // The first step with a stack is to see whether its API answers.
      const [first] = job.steps.flatMap(({ run }) => (/--stack/.test(run ?? "") ? [run] : []));
      assert.match(first ?? "", /^npm run --silent deliver -- reach --stack /, name);
    }
  });

  it("change nothing from a runner that nobody chose, or that the Kubernetes API does not answer", async () => {
    for (const job of ["deploy/dev", "deploy/prod", "rollback/prod", "release/prod"]) {
      const unset = { "vars.CLUSTER_RUNNER": "" };
      const { code, text } = await play(job, unset, { ...approved, ...runs("a") });
      assert.equal(code, 2, text);
      assert.match(
        text,
        /CLUSTER_RUNNER is not set: .* Kubernetes API of (dev|prod)\. Set the repo/,
      );
    }
    const server = "http://127.0.0.1:1";
    const closed = runs("a", { kubeconfig: { clusters: [{ cluster: { server } }] } });
    const { code, text } = await play("deploy/dev", {}, closed);
    assert.equal(code, 2);
    assert.match(
      text,
      /API of dev, http:\/\/127\.0\.0\.1:1, does not answer the runner "cluster": ECONNREFUSED/,
    );
    assert.deepEqual([...calls("pulumi up"), ...calls("pulumi config")], []);
    // Before the first deployment there is nothing to reach.
    const first = await play("deploy/dev", {}, runs("a", { kubeconfig: undefined }));
    assert.equal(first.code, 0, first.text);
    assert.match(first.text, /dev has no cluster yet/);
  });

  it("take each stack's role, region and state where dev and prod have accounts of their own", () => {
    const shared = {
      "vars.AWS_PREVIEW_ROLE_ARN": "preview",
      "vars.AWS_DRIFT_ROLE_ARN": "drift",
      "vars.AWS_REGION": "eu-central-1",
      "vars.PULUMI_BACKEND_URL": "s3://state",
    };
    const own = Object.fromEntries(
      Object.entries(shared).map(([name, value]) => [`${name}_PROD`, `${value}-prod`]),
    );
    for (const [name, role] of [
      ["preview", "preview"],
      ["drift", "drift"],
      ["pins", "drift"],
    ] as const) {
      const job = jobs.find(([path]) => path === `${name}/${name}`)?.[1];
      assert.ok(job);
      const used = (values: Record<string, string>) => {
        const filled = (text: unknown) => filledIn(String(text), values);
        const credentials = job.steps.find(({ uses }) => /configure-aws/.test(uses ?? ""))?.with;
        const backends = job.steps.flatMap(({ env }) => env?.PULUMI_BACKEND_URL ?? []).map(filled);
        return [
          filled(credentials?.["role-to-assume"]),
          filled(credentials?.["aws-region"]),
          ...new Set(backends),
        ];
      };
      const [ofDev, ofProd] = ["dev", "prod"].map((stack) => ({ "matrix.stack": stack }));
      // What is newer stands in no state.
      const one = [role, "eu-central-1", ...(name === "pins" ? [] : ["s3://state"])];
      for (const of of [ofDev, ofProd]) assert.deepEqual(used({ ...shared, ...of }), one);
      assert.deepEqual(used({ ...shared, ...own, ...ofDev }), one);
      assert.deepEqual(
        used({ ...shared, ...own, ...ofProd }),
        one.map((value) => `${value}-prod`),
      );
    }
  });

  describe("approval", () => {
    const environment = (...protection_rules: object[]): Answers => ({
      "gh api repos/example/platform/environments/prod": {
        out: JSON.stringify({ protection_rules }),
      },
    });
    const images = { "needs.dev.outputs.images": `web=${image("a")}` };

    for (const [title, answers] of [
      ["an environment that asks nobody", environment({ type: "branch_policy" })],
      ["a wait that asks nobody", environment({ type: "wait_timer", wait_timer: 5 })],
      ["no reviewers left", environment({ type: "required_reviewers", reviewers: [] })],
      [
        "no environment",
        {
          "gh api repos/example/platform/environments/prod": {
            err: "gh: Not Found (HTTP 404)",
            code: 1,
          },
        },
      ],
    ] as const) {
      it(`of prod is missing with ${title}: nothing is deployed`, async () => {
        const { code, text } = await play("deploy/prod", images, { ...runs("b"), ...answers });
        assert.equal(code, 2);
        assert.match(text, /prod would be deployed without anybody's approval.*PROD_BY_HAND/);
        assert.deepEqual([...calls("pulumi"), ...calls("aws")], []);
      });
    }

    it("of prod is not taken for given when GitHub does not tell", async () => {
      const answers = {
        "gh api repos/example/platform/environments/prod": { err: "HTTP 403: forbidden", code: 1 },
      };
      const { code, text } = await play("deploy/prod", images, { ...runs("b"), ...answers });
      assert.equal(code, 1);
      assert.match(text, /HTTP 403/);
      assert.deepEqual(calls("pulumi"), []);
    });

    it("is whoever starts the release by hand, where the plan has no reviewers", async () => {
      const prod = jobs.find(([path]) => path === "deploy/prod")?.[1];
      assert.equal(prod?.if, "vars.PROD_BY_HAND != 'true'");
      const given = { "inputs.images": `web=${image("a")}` };
      const { code, text } = await play("release/prod", given, runs("b"));
      assert.equal(code, 0, text);
      assert.match(calls("pulumi config set-all")[0] ?? "", new RegExp(`digest=${digest("a")}`));
    });
  });

  it("have no shell of their own: each step is a command of the repository", () => {
    const allowed =
      /^(npm (ci --ignore-scripts|exec -- pulumi version|run --silent [\w:]+( -- .*)?)|bash \.ci\/run)$/;
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    for (const [name, { steps }] of jobs) {
      for (const { run } of steps) {
        if (!run) continue;
        assert.match(run, allowed, name);
        const [, script] = /run --silent ([\w:]+)/.exec(run) ?? [];
        if (script) assert.ok(scripts[script], `${name}: ${script}`);
      }
    }
  });

  it("end in time, and pin the actions they use", () => {
    for (const [name, { steps, ...job }] of jobs) {
      assert.ok((job["timeout-minutes"] ?? 360) <= 90, name);
      for (const { uses } of steps) if (uses) assert.match(uses, /@[0-9a-f]{40}$/, name);
    }
  });

  it("never change one stack at once, and never stop a change half-way", () => {
    const holders = jobs.filter(([, { environment }]) => environment);
    assert.equal(holders.length, 5);
    for (const [name, { environment, concurrency }] of holders) {
      // The environments of pull requests are stacks of their own.
      const group = name.startsWith("environments/") ? "environments" : `stack-${environment}`;
      assert.deepEqual(concurrency, { group, "cancel-in-progress": false }, name);
    }
  });

  it("run main's code wherever a pull request's run has called them", () => {
    const called = jobs.filter(([path]) => /^(comment|environments)\//.test(path));
    assert.equal(called.length, 2);
    for (const [name, { steps }] of called) {
      const [checkout, ...others] = steps.filter(({ uses }) =>
        uses?.startsWith("actions/checkout"),
      );
      assert.deepEqual(checkout?.with, { "persist-credentials": false }, name);
      assert.deepEqual(others, [], name);
    }
  });

  it("build images of this repository's branches alone", () => {
    const [[, job]] = jobs.filter(([path]) => path === "image/image") as [[string, Job]];
    assert.match(
      job.if ?? "",
      /&& github\.event\.pull_request\.head\.repo\.full_name == github\.repository\n?/,
    );
    assert.doesNotMatch(job.if ?? "", /\|\| github\.event\.pull_request/);
  });

  it("give no right to write to what runs a pull request's code", () => {
    for (const [name, { permissions = {} }] of jobs.filter(([path]) =>
      /^(preview|image)\//.test(path),
    )) {
      const written = Object.entries(permissions).filter(([, right]) => right === "write");
      assert.ok(
        written.every(([scope]) => scope === "id-token"),
        name,
      );
    }
    for (const file of ["preview.yml", "image.yml"]) {
      assert.doesNotMatch(readFileSync(join(folder, file), "utf8"), /secrets\.|GH_TOKEN/);
    }
  });

  it("deploy to prod the digest that dev has built", async () => {
    const dev = await play("deploy/dev", {}, runs("a"));
    assert.equal(dev.code, 0, dev.text);
    const [, images = ""] = /^images=(.*)$/m.exec(given.player.output) ?? [];
    assert.equal(images, `web=${image("a")}`);
    const prod = await play("deploy/prod", { "needs.dev.outputs.images": images }, runs("b"));
    assert.equal(prod.code, 0, prod.text);
    const ups = calls("pulumi up");
    assert.equal(ups.length, 2);
    // Only with a preview before it do the policies stop an update before its first change.
    for (const up of ups)
      assert.match(up, /^pulumi up --yes --policy-pack policy (?!.*skip-preview)/);
    const [pin = ""] = calls("pulumi config set-all");
    assert.match(pin, new RegExp(`\\["web"\\].image.digest=${digest("a")}`));
    assert.match(pin, /image\.repositoryUrl=111122223333\.dkr\.ecr/);
    assert.match(pin, /platform:release=.*"by":"octocat".*"commit":"1a2b3c4"/);
    assert.match(calls("aws ecr")[0] ?? "", new RegExp(`imageDigest=${digest("a")}`));
  });

  it("fail when the release goes back", async () => {
    const answers = { "pulumi up": { err: "CrashLoopBackOff", code: 1 }, ...runs("b") };
    const images = { "needs.dev.outputs.images": `web=${image("a")}` };
    const { code, text } = await play("deploy/prod", images, answers);
    assert.equal(code, 1);
    assert.match(text, /The update failed: CrashLoopBackOff/);
    assert.match(calls("pulumi config set-all").at(-1) ?? "", new RegExp(`digest=${digest("b")}`));
  });

  it("change nothing for a digest that is in no registry", async () => {
    const answers = { "aws ecr": { err: "ImageNotFoundException", code: 254 }, ...runs("b") };
    const images = { "needs.dev.outputs.images": `web=${image("a")}` };
    const { code, text } = await play("deploy/prod", images, answers);
    assert.equal(code, 2);
    assert.match(text, /cannot be read: ImageNotFoundException/);
    assert.deepEqual([calls("pulumi up"), calls("pulumi config")], [[], []]);
  });

  describe("sign", () => {
    const key = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    const unsigned = { "cosign verify": { err: "Error: no signatures found", code: 10 } };
    const images = { "needs.dev.outputs.images": `web=${image("a")}` };
    const signings = () => calls("cosign sign");
    beforeEach(() => given.player.set("platform:registry", { signingKey: key }));

    it("in dev what was tried, and what prod then asks for", async () => {
      const dev = await play("deploy/dev", {}, { ...unsigned, ...runs("a") });
      assert.equal(dev.code, 0, dev.text);
      assert.equal(signings().length, 1);
      assert.match(signings()[0] ?? "", new RegExp(`--key awskms:///${key} ${image("a")}$`));
      assert.match(signings()[0] ?? "", / --tlog-upload=false /);
      given.player.forget();
      given.player.set("platform:registry", { signingKey: key });
      const prod = await play("deploy/prod", images, runs("b"));
      assert.equal(prod.code, 0, prod.text);
      assert.match(calls("cosign")[0] ?? "", new RegExp(`^cosign verify .*${key} ${image("a")}$`));
      assert.deepEqual([calls("cosign").length, calls("pulumi up").length], [1, 1]);
    });

    it("nothing that smoke has not tried", async () => {
      const answers = { ...unsigned, ...runs("a", { url: undefined }) };
      const { code, text } = await play("deploy/dev", {}, answers);
      assert.equal(code, 2);
      assert.match(text, /has no url/);
      assert.deepEqual(calls("cosign"), []);
    });

    it("nothing twice: the tag of a signature is written once", async () => {
      const { code, text } = await play("deploy/dev", {}, runs("a"));
      assert.equal(code, 0, text);
      assert.match(text, /was signed already/);
      assert.equal(calls("cosign verify").length, 1);
      assert.deepEqual(signings(), []);
    });

    for (const [title, said, code] of [
      ["that another key has signed", "no matching signatures: invalid signature", 12],
      ["of which nobody can tell", "getting public key: AccessDeniedException", 12],
    ] as const) {
      const answers = { "cosign verify": { err: `Error: ${said}`, code } };

      it(`nothing ${title}, and fail`, async () => {
        const { code, text } = await play("deploy/dev", {}, { ...answers, ...runs("a") });
        assert.equal(code, 1);
        assert.match(text, new RegExp(said));
        assert.deepEqual(signings(), []);
      });

      it(`and release nothing ${title}`, async () => {
        const { code, text } = await play("deploy/prod", images, { ...answers, ...runs("b") });
        assert.equal(code, 2);
        assert.match(text, new RegExp(`The signature of .* cannot be checked: ${said}\n`));
        assert.deepEqual([calls("pulumi up"), calls("pulumi config")], [[], []]);
      });
    }

    it("and release nothing that is not signed", async () => {
      const { code, text } = await play("deploy/prod", images, { ...unsigned, ...runs("b") });
      assert.equal(code, 2);
      assert.match(text, /is not signed, so .*`npm run deliver -- sign --stack dev`/);
      assert.deepEqual([calls("pulumi up"), calls("pulumi config")], [[], []]);
    });

    it("nothing, and ask for nothing, without a key", async () => {
      given.player.forget();
      const dev = await play("deploy/dev", {}, runs("a"));
      assert.equal(dev.code, 0, dev.text);
      assert.match(dev.text, /dev has no registry\.signingKey: nothing is signed/);
      const prod = await play("deploy/prod", images, runs("b"));
      assert.equal(prod.code, 0, prod.text);
      assert.deepEqual(calls("cosign"), []);
    });

    it("nothing with a key that is none, before anything else is done", async () => {
      given.player.set("platform:registry", { signingKey: "alias/image-signing" });
      for (const job of ["deploy/dev", "deploy/prod"]) {
        const { code, text } = await play(job, images, runs("a"));
        assert.equal(code, 2);
        assert.match(
          text,
          /Pulumi\.(dev|prod)\.yaml: platform:registry\.signingKey: "alias\/image-signing" is not allowed: the ARN of a KMS key/,
        );
      }
      assert.deepEqual([...calls("cosign"), ...calls("pulumi up")], []);
    });
  });

  it("roll back to the release before", async () => {
    const release = { images: { web: image("b") }, before: { web: image("a") }, by: "", at: "" };
    const value = JSON.stringify(release);
    const history = [
      { kind: "update", result: "succeeded", config: { "platform:release": { value } } },
    ];
    const answers = { "pulumi stack history": { out: JSON.stringify(history) }, ...runs("b") };
    const { code, text } = await play("rollback/prod", {}, answers);
    assert.equal(code, 0, text);
    assert.match(calls("pulumi config set-all")[0] ?? "", new RegExp(`digest=${digest("a")}`));
    assert.doesNotMatch(calls("pulumi up")[0] ?? "", /policy-pack/);
  });

  it("leave the difference for a comment without credentials, also when it is red", async () => {
    const base = { "github.event.pull_request.base.sha": "0a0b0c" };
    const answers = { "npm run --silent plan": { out: "### prod: red", code: 3 } };
    const { code } = await play("preview/difference", base, answers);
    assert.equal(code, 3);
    assert.match(comment("difference"), /### prod: red/);
    assert.match(
      calls("npm run --silent plan")[0] ?? "",
      /--stack dev --against 0a0b0c --markdown$/,
    );
    assert.deepEqual([...calls("gh"), ...calls("aws"), ...calls("pulumi")], []);
  });

  it("preview what is released, and leave it for a comment", async () => {
    const release = { images: { web: image("c") } };
    const answers = {
      "pulumi preview": { out: "  ~ aws:eks/nodeGroup\nResources:\n    ~ 1 to update\n" },
      ...runs("c", { release }),
    };
    const { code, text } = await play("preview/preview", { "matrix.stack": "prod" }, answers);
    assert.equal(code, 0, text);
    assert.match(calls("pulumi config set-all")[0] ?? "", new RegExp(`digest=${digest("c")}`));
    assert.match(comment("preview-prod"), /1 to update/);
    assert.match(calls("pulumi preview")[0] ?? "", / --policy-pack policy /);
  });

  it("fail for a pull request whose preview breaks a policy, and say which", async () => {
    const said = "Policies:\n    ❌ platform@v0.1.0\n        - [mandatory]  api-not-public";
    const answers = { "pulumi preview": { out: said, err: said, code: 1 }, ...runs("c") };
    const { code } = await play("preview/preview", { "matrix.stack": "prod" }, answers);
    assert.equal(code, 1);
    assert.match(comment("preview-prod"), /The preview failed:[\s\S]*api-not-public/);
  });

  describe("comment", () => {
    const origin = {
      "github.event.workflow_run.id": "99",
      "github.event.workflow_run.head_repository.owner.login": "stranger",
      "github.event.workflow_run.head_branch": "feature",
      "github.event.workflow_run.head_sha": "abc",
    };
    const marker = "<!-- platform: difference -->";
    const found = (sha: string, comments: object[]): Answers => ({
      "gh run download": { out: "hello @everyone", file: "difference.md" },
      "gh api --method GET": { out: JSON.stringify([{ number: 7, head: { sha } }]) },
      "gh api --paginate": { out: JSON.stringify([comments]) },
    });

    it("in place of the former one, notifying nobody", async () => {
      const bot = { id: 5, body: `${marker}\nold`, user: { type: "Bot" } };
      const human = { id: 4, body: `${marker}\nfake`, user: { type: "User" } };
      const { code, text } = await play("comment/comment", origin, found("abc", [human, bot]));
      assert.equal(code, 0, text);
      const [sent = ""] = calls("gh api --method PATCH");
      assert.match(sent, /repos\/example\/platform\/issues\/comments\/5 /);
      assert.match(sent, /hello @\u200beveryone/);
    });

    it("anew when there is none yet", async () => {
      await play("comment/comment", origin, found("abc", []));
      assert.match(calls("gh api --method POST")[0] ?? "", /issues\/7\/comments/);
    });

    it("nowhere when GitHub knows no such open pull request", async () => {
      const { code } = await play("comment/comment", origin, found("other", []));
      assert.equal(code, 0);
      assert.deepEqual([...calls("gh api --method P")], []);
    });
  });

  describe("drift", () => {
    const stack = { "matrix.stack": "prod" };
    const differs = {
      "pulumi preview": {
        out: "~ retentionInDays",
        err: "error: no changes were expected but changes were proposed",
        code: 1,
      },
    };
    const issues = (...open: number[]): Answers => ({
      "gh issue list": {
        out: JSON.stringify(open.map((number) => ({ number, title: "Drift: prod" }))),
      },
    });

    it("opens an issue, and keeps it up to date", async () => {
      const first = await play("drift/drift", stack, { ...differs, ...issues(), ...runs("a") });
      assert.equal(first.code, 1);
      assert.match(calls("gh issue create")[0] ?? "", /Drift: prod[\s\S]*~ retentionInDays/);
      await play("drift/drift", stack, { ...differs, ...issues(3), ...runs("a") });
      assert.match(calls("gh issue edit")[0] ?? "", /edit 3 /);
    });

    it("closes it when all is well", async () => {
      const { code } = await play("drift/drift", stack, { ...issues(3), ...runs("a") });
      assert.equal(code, 0);
      assert.match(calls("gh issue close")[0] ?? "", /close 3 /);
    });

    it("opens none when it cannot tell", async () => {
      const broken = { "pulumi preview": { err: "error: AccessDenied", code: 255 } };
      const { code } = await play("drift/drift", stack, { ...broken, ...issues(), ...runs("a") });
      assert.equal(code, 1);
      assert.deepEqual(calls("gh issue"), []);
    });
  });

  describe("pins", () => {
    const stack = { "matrix.stack": "dev" };
    const former = { ...process.env };
    const cluster = healthyCluster();
    let stop: () => Promise<unknown>;
    before(async () => {
      const server = await serve(cluster);
      stop = server.stop;
      Object.assign(process.env, { AWS_ENDPOINT_URL: server.endpoint, AWS_ACCESS_KEY_ID: "test" });
    });
    after(() => {
      process.env = former;
      return stop();
    });
    beforeEach(() => pin("1.36.1-20261001"));

    const pin = (release: string) =>
      given.player.set("platform:nodes", {
        ...{ instanceTypes: ["t4g.medium"], minSize: 2, maxSize: 4 },
        release,
      });
    const git = "repos/example/platform/git";
    const json = (value: unknown) => ({ out: JSON.stringify(value) });
    const answers = (
      { open = [], branches = [] }: { open?: number[]; branches?: string[] } = {},
      more: Answers = {},
    ): Answers => ({
      "npm run --silent rehearse": { out: "7 operations, every check passed" },
      "npm run --silent plan": { out: "### dev: nodes are replaced" },
      "gh api --method GET repos/example/platform/pulls": json(open.map((number) => ({ number }))),
      [`gh api --method GET ${git}/commits/1a2b3c4`]: json({ tree: { sha: "tree-before" } }),
      [`gh api --method POST ${git}/trees`]: json({ sha: "tree-after" }),
      [`gh api --method POST ${git}/commits`]: json({ sha: "commit-after" }),
      [`gh api --method GET ${git}/matching-refs`]: json(
        branches.map((one) => ({ ref: `refs/heads/${one}` })),
      ),
      ...more,
    });
    const opened = () => calls("gh api --method POST repos/example/platform/pulls");
    const updated = () => calls("gh api --method PATCH repos/example/platform/pulls");

    it("opens a pull request with what is newer, rehearsed, in one commit of the stack's file alone", async () => {
      const { code, text } = await play("pins/pins", stack, answers());
      assert.equal(code, 0, text);
      const [body = ""] = opened();
      assert.match(body, /title=Newer pins of dev/);
      assert.match(body, /\| `nodes\.release` \| 1\.36\.1-20261001 \| 1\.36\.2-20261112 \|/);
      assert.match(body, /rehearsal on the simulated cloud passed:[\s\S]*every check passed/);
      assert.match(body, /### dev: nodes are replaced/);
      assert.match(body, /head=pins\/dev .*base=main$/s);
      assert.match(calls("npm run --silent plan")[0] ?? "", /--stack dev --against 1a2b3c4/);
      const [tree = ""] = calls(`gh api --method POST ${git}/trees`);
      assert.match(tree, /base_tree=tree-before .*tree\[\]\[path\]=Pulumi\.dev\.yaml/);
      assert.match(tree, /release: 1\.36\.2-20261112/);
      assert.equal(tree.split("[path]").length, 2);
      const [commit = ""] = calls(`gh api --method POST ${git}/commits`);
      assert.match(commit, /tree=tree-after .*parents\[\]=1a2b3c4$/);
      const [branch = ""] = calls(`gh api --method POST ${git}/refs`);
      assert.match(branch, /ref=refs\/heads\/pins\/dev .*sha=commit-after$/);
    });

    it("updates the pull request that is open, and moves its branch once", async () => {
      const branches = ["pins/dev", "pins/dev-of-somebody"];
      const { code, text } = await play("pins/pins", stack, answers({ open: [7], branches }));
      assert.equal(code, 0, text);
      assert.match(updated()[0] ?? "", /pulls\/7 .*Newer pins of dev/);
      assert.deepEqual(opened(), []);
      const moves = calls(`gh api --method PATCH ${git}/refs`);
      assert.equal(moves.length, 1);
      assert.match(moves[0] ?? "", /heads\/pins\/dev .*sha=commit-after --field force=true$/);
    });

    it("says in it that the rehearsal failed, and fails", async () => {
      const failed = { out: "FAILED: Requested release version is not valid", code: 1 };
      const given = answers({}, { "npm run --silent rehearse": failed });
      const { code } = await play("pins/pins", stack, given);
      assert.equal(code, 1);
      assert.match(opened()[0] ?? "", /cloud \*\*failed\*\*:[\s\S]*Requested release version/);
    });

    it("shows the end of a long rehearsal, and keeps within what GitHub takes", async () => {
      const long = (end: string) => ({ out: `${"x".repeat(70_000)}\n${end}` });
      const given = answers(
        {},
        {
          "npm run --silent rehearse": long("every check passed"),
          "npm run --silent plan": long("the plan's end"),
        },
      );
      assert.equal((await play("pins/pins", stack, given)).code, 0);
      const [, body = ""] = /body=(.*) --raw-field head=/s.exec(opened()[0] ?? "") ?? [];
      assert.ok(body.length > 50_000 && body.length <= 65_536, String(body.length));
      assert.match(body, /every check passed/);
      assert.doesNotMatch(body, /the plan's end/);
    });

    it("gives GitHub's token to gh alone, not to what it plans and rehearses", async () => {
      await play("pins/pins", { ...stack, "github.token": "of-github" }, answers());
      const { withToken } = given.player;
      assert.ok(withToken.length > 0);
      assert.deepEqual(
        withToken.filter((call) => !call.startsWith("gh ")),
        ["npm run --silent deliver -- pins --stack dev"],
      );
      assert.equal(calls("npm run --silent rehearse").length, 1);
      assert.equal(calls("npm run --silent plan").length, 1);
    });

    it("opens none where AWS has nothing newer, and closes what is open", async () => {
      pin("1.36.2-20261112");
      const { code, text } = await play("pins/pins", stack, answers({ open: [7] }));
      assert.equal(code, 0, text);
      assert.match(updated()[0] ?? "", /pulls\/7 --raw-field state=closed$/);
      assert.deepEqual([...opened(), ...calls("npm run --silent rehearse")], []);
    });

    it("fails with the missing right where AWS refuses, and with GitHub's words where GitHub does", async () => {
      cluster.refused["/addons/supported-versions"] =
        "is not authorized to perform: eks:DescribeAddonVersions";
      given.player.set("platform:cluster", {
        ...{ name: "platform-dev", kubernetesVersion: "1.36", publicAccess: true },
        ...{ publicAccessCidrs: ["203.0.113.0/24"] },
        ...{ admins: ["arn:aws:iam::111122223333:role/PlatformAdmin"] },
        addonVersions: { coredns: "v1.13.2-eksbuild.9" },
      });
      const refused = await play("pins/pins", stack, answers());
      cluster.refused = {};
      assert.equal(refused.code, 1);
      assert.match(refused.text, /coredns: needs eks:DescribeAddonVersions/);
      assert.deepEqual(calls("gh"), []);
      const err = "GitHub Actions is not permitted to create or approve pull requests.";
      const forbidden = { "gh api --method POST repos/example/platform/pulls": { err, code: 1 } };
      const { code, text } = await play("pins/pins", stack, answers({}, forbidden));
      assert.equal(code, 1);
      assert.match(text, /not permitted to create or approve pull requests/);
    });
  });
});
