import assert from "node:assert/strict";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { settingsOf } from "../../../tools/graph/stack-settings.ts";
import { importCommand } from "../../../tools/import/import-command.ts";

const votes = resolve("test/tools/import/samples/votes/compose.yaml");

describe("npm run import", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "import-command-"));
    for (const name of ["Pulumi.yaml", "service"]) symlinkSync(resolve(name), join(folder, name));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function run(...args: string[]) {
    const out: string[] = [];
    const err: string[] = [];
    const lines = { out: (line: string) => out.push(line), err: (line: string) => err.push(line) };
    const code = await importCommand(args, lines, folder, {});
    const written = readdirSync(folder).filter((name) => /^Pulumi\..+\.yaml$/.test(name));
    return { code, out: out.join("\n"), err: err.join("\n"), written };
  }

  it("writes the stack file that the plan accepts, and tells of every key", async () => {
    const { code, out, written } = await run(votes);
    assert.equal(code, 0);
    assert.deepEqual(written, ["Pulumi.imported.yaml"]);
    assert.match(out, /^changed \(\d+\)\n {2}services\.vote\.image/m);
    assert.match(out, /^left out \(\d+\)$/m);
    assert.match(
      out,
      /^ {2}services\.old +the platform has no such database or broker; do: make it with Amazon RDS/m,
    );
    const text = readFileSync(join(folder, "Pulumi.imported.yaml"), "utf8");
    const decisions = text.match(/# decide: /g)?.length;
    assert.match(
      out,
      new RegExp(`the plan accepts it\\. ${decisions} lines in it begin with "decide:"`),
    );
    assert.match(text, /# decide: your account\n {2}platform:accountId: "111122223333"/);
    assert.ok(settingsOf("imported", folder).config["platform:services"]);
  });

  it("prints the same as data", async () => {
    const { code, out } = await run(votes, "--stack", "votes", "--json");
    assert.equal(code, 0);
    const { file, keys, decisions } = JSON.parse(out);
    assert.equal(file, "Pulumi.votes.yaml");
    assert.ok(existsSync(join(folder, file)));
    const old = keys.find(({ key }: { key: string }) => key === "services.old");
    assert.equal(old.outcome, "left out");
    assert.match(old.todo, /Amazon RDS/);
    assert.ok(decisions.every(({ at }: { at: string }) => at.startsWith("platform:")));
  });

  it("writes over a file only with --force", async () => {
    const file = join(folder, "Pulumi.imported.yaml");
    writeFileSync(file, "config: {}\n");
    const { code, err } = await run(votes);
    assert.equal(code, 2);
    assert.equal(
      err,
      "--stack imported: Pulumi.imported.yaml is there; allowed: another name, or --force",
    );
    assert.equal(readFileSync(file, "utf8"), "config: {}\n");
    assert.equal((await run(votes, "--force")).code, 0);
    assert.match(readFileSync(file, "utf8"), /platform:services/);
  });

  it("exits with 1 and writes nothing where the plan does not accept the result", async () => {
    const file = join(folder, "compose.yaml");
    writeFileSync(
      file,
      "services: { web: { image: example/web, mem_limit: 64g, ports: [80] }, big: { image: a/b, deploy: { resources: { reservations: { cpus: 64 } } } } }",
    );
    const { code, err, written } = await run(file);
    assert.equal(code, 1);
    assert.match(
      err,
      /^The plan does not accept what the import made:\nPulumi\.imported\.yaml: \d problem/,
    );
    assert.match(err, /services\.big: .* more than a node has left/);
    assert.deepEqual(written, []);
  });

  const wrong: [args: string[], message: RegExp][] = [
    [[], /^Name one file or folder/],
    [["gone.yaml"], /^gone\.yaml: is missing; allowed: a file that is there/],
    [
      ["test/tools/import/samples"],
      /samples: has no application; allowed: a folder with compose\.yaml/,
    ],
    [["Pulumi.yaml"], /^Pulumi\.yaml: services is missing; allowed: a map of services by name/],
    [[votes, "--stack", "no/such"], /^--stack no\/such is not allowed: letters, digits and _\.-/],
    [[votes, "--stak", "a"], /Unknown option '--stak'/],
  ];
  for (const [args, message] of wrong) {
    it(`exits with 2 on: ${args.map((one) => one.replace(votes, "compose.yaml")).join(" ") || "nothing"}`, async () => {
      const { code, err, written } = await run(...args);
      assert.equal(code, 2);
      assert.match(err, message);
      assert.deepEqual(written, []);
    });
  }
});
