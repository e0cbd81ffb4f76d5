import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { command } from "../../../tools/deliver/release-command.ts";
import { stuck } from "../../../tools/deliver/rollouts.ts";
import { CommandFailed, run } from "../../../tools/shell.ts";

describe("npm run release", () => {
  const said = async (...args: string[]) => {
    const lines: string[] = [];
    const say = (line: string) => lines.push(line);
    const code = await command(args, { out: say, err: say });
    return { code, text: lines.join("\n") };
  };
  const digest = `sha256:${"a".repeat(64)}`;

  for (const [title, args, message] of [
    [
      "no such stack",
      ["--stack", "prd", "--image", digest],
      /no stack "prd".*Stacks here: dev, prod/,
    ],
    ["no stack", ["--image", digest], /--stack is missing/],
    ["no image", ["--stack", "prod"], /--image is missing/],
    ["no time", ["--stack", "prod", "--image", digest, "--watch", "long"], /--watch long/],
    ["an unknown option", ["--digest", digest], /Unknown option '--digest'/],
  ] as const) {
    it(`says what is wrong with ${title}, and changes nothing`, async () => {
      const settings = () => readFileSync("Pulumi.prod.yaml", "utf8");
      const before = settings();
      const { code, text } = await said("release", ...args);
      assert.equal(code, 2);
      assert.match(text, message);
      assert.equal(settings(), before);
    });
  }
});

describe("a stuck rollout", () => {
  it("is a Deployment that has passed its progress deadline", () => {
    const deployment = (name: string, reason: string) => ({
      metadata: { namespace: "web", name },
      status: {
        conditions: [{ type: "Progressing", status: "False", reason, message: "timed out" }],
      },
    });
    const items = [
      deployment("a", "ReplicaSetUpdated"),
      deployment("b", "ProgressDeadlineExceeded"),
    ];
    assert.deepEqual(stuck(JSON.stringify({ items })), ["Deployment web/b: timed out"]);
    assert.deepEqual(stuck("{}"), []);
  });
});

describe("a command", () => {
  it("that is interrupted ends with all that it started, before it is given up", async () => {
    const over = new AbortController();
    setTimeout(() => over.abort(), 300);
    // As npm's launcher of pulumi does: a child that would outlive its parent.
    const script =
      "node -e \"process.on('SIGINT', () => { console.log('tidy'); process.exit(1); }); setInterval(() => {}, 1000)\" & wait; exit 1";
    await assert.rejects(
      run("bash", ["-c", script], { signal: over.signal }),
      (error) => error instanceof CommandFailed && error.output.includes("tidy"),
    );
  });

  it("that is not installed is named", async () => {
    await assert.rejects(run("no-such-command", []), /no-such-command cannot be run/);
  });
});
