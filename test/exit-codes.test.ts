import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";

/** The table of docs/architecture.md: by command, the codes that have a cell with words. */
function documented(): Map<string, string[]> {
  const page = readFileSync("docs/architecture.md", "utf8");
  const [, section = ""] = page.split("## Exit codes\n");
  const [head = [], , ...rows] = (section.split("\n## ")[0] ?? "")
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) => line.split("|").slice(1, -1));
  return new Map(
    head.flatMap((cell, column) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, command = ""]): [string, string[]] => [
        command,
        rows.filter((row) => row[column]?.trim()).map(([code = ""]) => code.trim()),
      ]),
    ),
  );
}

/** What a command prints, whatever its exit code is. */
function run(...args: string[]): string {
  const command = ["--import", "./tools/typescript.js", "tools/cli.ts", ...args];
  const { stdout, stderr } = spawnSync(process.execPath, command, { encoding: "utf8" });
  return `${stdout}\n${stderr}`;
}

describe("the exit codes of the commands", () => {
  const table = documented();

  it("are in the table for every command", () => {
    const [, known = ""] = run("unknown").split("allowed: ");
    const commands = known.trim().split(", ");
    assert.deepEqual([...table.keys()].sort(), commands.sort());
  });

  for (const [command, codes] of table) {
    it(`of ${command} are those that its help names`, () => {
      const [, said = ""] = run(command, "--help").split("exit code:");
      const named = [...said.matchAll(/(?:^|; ?|\s)([0-9]+)(?=[ ;\n])/g)].map(([, code]) => code);
      assert.deepEqual(named, codes);
    });
  }
});
