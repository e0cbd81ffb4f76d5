// Runs a script of package.json as `npm run` does, in the folder that it is called in.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const [, script, ...given] = process.argv.slice(2).filter((arg) => arg !== "--silent");
const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
const args = given[0] === "--" ? given.slice(1) : given;
const { status } = spawnSync("sh", ["-c", `${scripts[script]} "$@"`, "sh", ...args], {
  stdio: "inherit",
});
process.exitCode = status ?? 1;
