import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, afterEach, before, describe, it } from "mocha";
import type { Difference } from "../../../tools/plan/diff/difference-model.ts";
import { plan } from "../../../tools/plan/plan-command.ts";
import { printing } from "../../support/printing.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

describe("plan --against", () => {
  let folder: string;
  const git = (...args: string[]) => {
    const identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
    const run = spawnSync("git", [...identity, ...args], { cwd: folder, encoding: "utf8" });
    assert.equal(run.status, 0, run.stderr);
  };
  const edit = (file: string, change: (text: string) => string) => {
    const text = readFileSync(join(folder, file), "utf8");
    const changed = change(text);
    assert.notEqual(changed, text, `${file} stays as it is`);
    writeFileSync(join(folder, file), changed);
  };
  const run = async (...args: string[]) => {
    const { terminal, printed } = printing();
    return { code: await plan(args, terminal, folder), ...printed };
  };
  const leftovers = () => readdirSync(tmpdir()).filter((name) => name.startsWith("plan-at-"));

  before(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "plan-against-")));
    for (const entry of ["index.ts", "infra", "service", "package.json", "package-lock.json"]) {
      const filter = (path: string) => !path.includes("node_modules");
      cpSync(join(root, entry), join(folder, entry), { recursive: true, filter });
    }
    for (const file of readdirSync(root).filter((name) => /^Pulumi.*yaml$/.test(name))) {
      cpSync(join(root, file), join(folder, file));
    }
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, ".gitignore"), "node_modules\n");
    git("init", "--quiet", "--initial-branch", "main");
    git("add", ".");
    git("commit", "--quiet", "--message", "first");
    git("tag", "first");
  });
  afterEach(() => git("reset", "--quiet", "--hard", "first"));
  after(() => rmSync(folder, { recursive: true }));

  it("reports no change of an unchanged stack, and removes its temporary folders", async () => {
    const { code, out, err } = await run("--against", "first");
    assert.equal(code, 0, err);
    assert.match(
      out,
      /^Stack dev: from first \([0-9a-f]{7}\) to the working tree\n\nNothing changes\.$/m,
    );
    assert.deepEqual(leftovers(), []);
  });

  const commit = (name: string) => {
    git("commit", "--quiet", "--all", "--message", name);
    git("tag", "--force", name);
  };

  it("reports committed and uncommitted changes since the ref", async () => {
    edit("Pulumi.dev.yaml", (text) => text.replace("retentionDays: 7", "retentionDays: 30"));
    commit("second");
    edit("Pulumi.dev.yaml", (text) => text.replace("maxSize: 4", "maxSize: 5"));
    const { code, out, err } = await run("--against", "first", "--json");
    assert.equal(code, 0, err);
    const { changed }: Difference = JSON.parse(out);
    const paths = new Set(changed.flatMap(({ changes }) => changes.map(({ path }) => path)));
    assert.deepEqual([...paths].sort(), ["retentionInDays", "scalingConfig.maxSize"]);
  });

  it("compares the code of two refs, without that of the folder", async () => {
    edit("infra/cluster/nodes.ts", (text) =>
      text.replace("maxUnavailable: 1", "maxUnavailable: 2"),
    );
    commit("second");
    git("reset", "--quiet", "--hard", "first");
    assert.match((await run("--against", "first..second")).out, /maxUnavailable: 1 -> 2/);
    assert.match((await run("--against", "second..first")).out, /maxUnavailable: 2 -> 1/);
  });

  it("is red where it passes the budget", async () => {
    const budget = (usd: number) => (text: string) =>
      `${text}  platform:budget: { monthly: ${usd}, emails: [accounts@example.com] }\n`;
    edit("Pulumi.dev.yaml", budget(160));
    const within = await run("--against", "first", "--json");
    const { cost }: Difference = JSON.parse(within.out);
    assert.ok(cost.to < 160);
    assert.equal(within.code, 0, within.err);
    commit("budget");
    edit("Pulumi.dev.yaml", (text) => text.replace("1b]\n", "1b]\n    natPerZone: true\n"));
    const past = await run("--against", "budget", "--markdown");
    assert.equal(past.code, 3, past.err);
    assert.match(
      past.out,
      /\*\*red\*\*: \$\d+ -\\> \$\d+ a month at rest passes budget.monthly \$160/,
    );
    const plain = await run();
    assert.equal(plain.code, 1, "as a violation of a mandatory policy");
    assert.match(plain.out, /Budget budget is passed: [^.]*budget\.monthly\s+is\s+\$160/);
  });

  it("exits with 3 on a red risk, and with 0 if it is accepted", async () => {
    edit("Pulumi.dev.yaml", (text) => text.replace("203.0.113.0/24", "198.51.100.0/24"));
    assert.equal((await run("--against", "first")).code, 0, "amber");
    edit("Pulumi.dev.yaml", (text) => text.replace("[eu-central-1a, ", "[eu-central-1c, "));
    const red = await run("--against", "first", "--markdown");
    assert.equal(red.code, 3, red.err);
    assert.match(red.out, /^### Stack `dev`: risk red$/m);
    assert.match(red.err, /--accept/);
    const accepted = await run("--against", "first", "--markdown", "--accept", "rebuilt on Sunday");
    assert.equal(accepted.code, 0);
    assert.match(accepted.out, /^Accepted: rebuilt on Sunday$/m);
  });

  it("reports changed versions of packages", async () => {
    edit("package-lock.json", (text) => `${text}\n`);
    assert.match((await run("--against", "first")).out, /^note: package-lock\.json differs/m);
  });

  const failing: [what: string, args: string[], prepare: () => void, message: RegExp][] = [
    ["a ref that there is not", ["nothing"], () => {}, /^There is no commit "nothing" here/],
    ["a ref that is an option", ["--help"], () => {}, /^There is no commit "--help" here/],
    [
      "a version without that stack",
      ["first"],
      () => cpSync(join(folder, "Pulumi.dev.yaml"), join(folder, "Pulumi.qa.yaml")),
      /^At first \(\w+\): There is no stack "qa"/,
    ],
    [
      "a version whose settings were not valid",
      ["broken"],
      () => {
        edit("Pulumi.dev.yaml", (text) => text.replace("minSize: 2", "minSize: 9"));
        commit("broken");
        git("reset", "--quiet", "--hard", "first");
      },
      /^At broken \(\w+\): [\s\S]*nodes\.minSize: 9 is above/,
    ],
    [
      "a version whose program fails",
      ["failing"],
      () => {
        edit("index.ts", (text) => `${text}\nthrow new Error("it was so");\n`);
        commit("failing");
        git("reset", "--quiet", "--hard", "first");
      },
      /^At failing \(\w+\): The program fails: it was so \(index\.ts:\d+\)$/m,
    ],
    [
      "a version before there was a program",
      ["empty"],
      () => {
        git("rm", "--quiet", "index.ts");
        commit("empty");
        git("reset", "--quiet", "--hard", "first");
      },
      /^At empty \(\w+\) there is no program/,
    ],
  ];
  for (const [what, [ref = ""], prepare, message] of failing) {
    it(`exits with 1 and one message on ${what}`, async () => {
      prepare();
      const stack = what.includes("without that stack") ? "qa" : "dev";
      const { code, out, err } = await run(`--against=${ref}`, "--stack", stack);
      rmSync(join(folder, "Pulumi.qa.yaml"), { force: true });
      assert.equal(code, 1);
      assert.equal(out, "");
      assert.match(err, message);
      assert.doesNotMatch(err, /^\s+at /m, "a stack trace");
      assert.deepEqual(leftovers(), []);
    });
  }

  it("exits with 1 and one message outside a git checkout", async () => {
    const bare = realpathSync(mkdtempSync(join(tmpdir(), "plan-bare-")));
    let err = "";
    const terminal = {
      out: () => {},
      err: (text: string) => {
        err += text;
      },
      color: false,
    };
    const code = await plan(["--against", "main"], terminal, bare);
    rmSync(bare, { recursive: true });
    assert.equal(code, 1);
    assert.match(err, /^--against needs a git checkout/);
  });

  const wrong = [
    ["--markdown"],
    ["--accept", "yes"],
    ["--against", "first", "--out", "x"],
    ["--against", "first", "--accept", " "],
    ["--against", "first", "--json", "--markdown"],
  ];
  for (const args of wrong) {
    it(`exits with 2 on: ${args.join(" ")}`, async () => {
      const { code, err } = await run(...args);
      assert.equal(code, 2);
      assert.match(err, /usage: /);
    });
  }
});
