#!/usr/bin/env node
// Simulates the commands of Docker that `npm run try` runs.
import { appendFileSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const home = join(dirname(fileURLToPath(import.meta.url)), "..");
const args = process.argv.slice(2);
const { docker = {}, failing = {} } = JSON.parse(readFileSync(join(home, "state.json"), "utf8"));
appendFileSync(join(home, "calls"), `docker ${args.join(" ")}\n`);

function fail(message, code = 1) {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}

const text = { type: "string" };
const texts = { type: "string", multiple: true };
const flag = { type: "boolean" };
const known = {
  info: { format: text },
  build: { quiet: flag, file: text, "build-arg": texts, tag: text },
  pull: { quiet: flag, platform: text },
  port: {},
  inspect: { format: text },
  logs: { tail: text },
  exec: {},
  rm: { force: flag, volumes: flag },
  "image inspect": { format: text },
  "manifest inspect": {},
  run: {
    ...{ detach: flag, pull: text, name: text, hostname: text, platform: text, user: text },
    ...{ "read-only": flag, "cap-drop": texts, "security-opt": texts, sysctl: texts },
    ...{ memory: text, "memory-swap": text, cpus: text, tmpfs: texts, mount: texts },
    ...{ publish: texts, env: texts, entrypoint: text },
  },
};
const command = [args.slice(0, 2).join(" "), args[0]].find((one) => known[one]);
if (!command) fail(`docker: unknown command: docker ${args[0]}`);
const own = args.slice(command.split(" ").length);
const options = known[command];
// Arguments after the image or the container belong to it.
const takesValue = (arg) => options[arg.slice(2)]?.type === "string";
const end = own.findIndex((arg, at) => !arg.startsWith("--") && !takesValue(own[at - 1] ?? ""));
let positionals;
try {
  const separated = end < 0 ? own : [...own.slice(0, end), "--", ...own.slice(end)];
  positionals = parseArgs({ args: separated, options, allowPositionals: true }).positionals;
} catch {
  fail(`unknown flag: ${own.join(" ")}`, 125);
}
if (failing.docker) fail(failing.docker);
if (failing[`docker ${command}`]) fail(failing[`docker ${command}`], 125);

const image = docker.image ?? { Architecture: "amd64", Config: { User: "65532" } };
const hasImage = () => docker.images?.includes(positionals[0]) || positionals[0].startsWith("try-");
const { ended } = docker;
const answers = {
  info: () => `${docker.architecture ?? "x86_64"} 2`,
  build: () => "sha256:1234",
  pull: () => fail("Error response from daemon: manifest unknown"),
  port: () =>
    Object.entries(docker.ports ?? {})
      .map(([port, published]) => `${port}/tcp -> 127.0.0.1:${published}`)
      .join("\n"),
  inspect: () => JSON.stringify({ Running: !ended, ExitCode: 0, OOMKilled: false, ...ended }),
  logs: () => {
    process.stderr.write(docker.log ?? "");
    return "";
  },
  exec: () => {
    if (positionals[1] === "sleep") {
      // The end of an interrupted Docker command.
      process.on("SIGINT", () => process.exit(0));
      setTimeout(() => {}, 10_000);
    }
    return positionals[1] === "false" ? fail("") : "";
  },
  rm: () => positionals[0],
  "image inspect": () =>
    hasImage() ? JSON.stringify(image) : fail(`Error: No such image: ${positionals[0]}`),
  "manifest inspect": () => JSON.stringify(docker.manifest ?? {}),
  run: () => "0123456789ab",
};
console.log(answers[command]());
