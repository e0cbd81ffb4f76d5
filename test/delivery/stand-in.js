#!/usr/bin/env node
// Plays gh, pulumi, aws, cosign, docker, kubectl, skopeo and npm, by the name it is called by: writes
// down each call, and answers as $ANSWERS says for the first of its keys that the call begins with.
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

const name = basename(process.argv[1]);
const args = process.argv.slice(2);
const call = [name, ...args].join(" ");
// Beside it, and not in the environment, which some steps keep from what they call.
const beside = (file) => join(dirname(process.argv[1]), "..", file);
const credentials = process.env.AWS_SECRET_ACCESS_KEY !== undefined;
appendFileSync(beside("calls"), `${JSON.stringify({ call, credentials })}\n`);

const answers = JSON.parse(readFileSync(beside("answers"), "utf8"));
const key = Object.keys(answers).find((begin) => call.startsWith(begin));
const { out = "", err = "", code = 0, file } = answers[key] ?? {};
if (key === undefined && name === "npm" && args[0] === "run") {
  const [, script] = args.filter((arg) => arg !== "--silent");
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
  const given = args.includes("--") ? args.slice(args.indexOf("--") + 1) : [];
  const command = `${scripts[script]} "$@"`;
  process.exit(spawnSync("sh", ["-c", command, "sh", ...given], { stdio: "inherit" }).status ?? 1);
}
if (file) {
  // After --dir, or what skopeo copies to.
  const folder = (args[args.indexOf("--dir") + 1 || args.length - 1] ?? "").replace(/^oci:/, "");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, file), out);
} else process.stdout.write(out);
process.stderr.write(err);
process.exitCode = code;
