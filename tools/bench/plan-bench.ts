import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseDocument } from "yaml";
import { linkedProject } from "../graph/linked-project.ts";
import { median, table, targetTable, writeSection } from "./bench-report.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const runs = Number(process.env.BENCH_RUNS ?? 7);

interface Measured {
  milliseconds: number;
  resources: number;
}
interface Program {
  milliseconds: number;
  megabytes: number;
}

/** Node's options of `npm run plan`. */
const nodeArgs = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
  .scripts.plan.split(" ")
  .slice(1, -2);

/** Runs a file of this folder as a process. Returns the JSON that it prints. */
function measured<Result>(file: string, ...args: string[]): Result {
  return JSON.parse(
    execFileSync(process.execPath, [...nodeArgs, `tools/bench/${file}`, ...args], {
      cwd: root,
      encoding: "utf8",
    }),
  );
}
const planned = (stack: string, folder = root) => measured<Measured>("plan-cpu.ts", stack, folder);

/** Makes a folder of the program, with `services` services in dev. */
function stackOf(services: number): string {
  const folder = linkedProject("plan-bench-");
  const file = parseDocument(readFileSync(join(root, "Pulumi.dev.yaml"), "utf8"));
  file.setIn(["config", "platform:nodes"], {
    instanceTypes: ["m7g.4xlarge"],
    minSize: 2,
    maxSize: 40,
  });
  const image = { digest: `sha256:${"0".repeat(64)}` };
  for (let at = 0; at < services; at++) {
    const route = { path: `/service-${at}` };
    file.setIn(["config", "platform:services", `service-${at}`], { image, route });
  }
  writeFileSync(join(folder, "Pulumi.dev.yaml"), String(file));
  return folder;
}

const [few, many] = [stackOf(8), stackOf(30)];
const series: Record<string, Measured[]> = { dev: [], retail: [], few: [], many: [] };
const programs: Record<string, Program[]> = { empty: [], evaluated: [] };
// In turns, so that other work of the machine affects all of them.
for (let run = 0; run < runs; run++) {
  programs.empty?.push(measured("program-cpu.ts"));
  programs.evaluated?.push(measured("program-cpu.ts", "dev"));
  series.dev?.push(planned("dev"));
  series.retail?.push(planned("retail-store"));
  series.few?.push(planned("dev", few));
  series.many?.push(planned("dev", many));
}
for (const folder of [few, many]) rmSync(folder, { recursive: true });

const cpu = (name: string) => median((series[name] ?? []).map(({ milliseconds }) => milliseconds));
const resources = (name: string) => series[name]?.[0]?.resources ?? 0;
const program = (name: string, key: keyof Program) =>
  median((programs[name] ?? []).map((one) => one[key]));
const overEmpty = program("evaluated", "milliseconds") / program("empty", "milliseconds");
// tsx strips types where Node does not.
const mostOverEmpty = (process.features as { typescript?: unknown }).typescript ? 2 : 3;
const megabytes = program("evaluated", "megabytes");
const ratio = cpu("retail") / cpu("dev");
const perResource = (cpu("many") - cpu("few")) / (resources("many") - resources("few"));
const text = [
  `${new Date().toISOString().slice(0, 10)}, Node ${process.version}: each command is a process; median CPU of ${runs} runs in turns.`,
  "",
  table(
    ["stack", "resources", "CPU, relative to dev"],
    [
      ["dev", "dev"],
      ["retail-store", "retail"],
      ["dev with 8 more services", "few"],
      ["dev with 30 more services", "many"],
    ].map(([title = "", name = ""]) => [
      title,
      String(resources(name)),
      (cpu(name) / cpu("dev")).toFixed(2),
    ]),
  ),
  "",
  targetTable([
    [
      `evaluate dev: at most ${mostOverEmpty} × the CPU of an empty Pulumi program`,
      overEmpty.toFixed(2),
      overEmpty <= mostOverEmpty,
    ],
    ["evaluate dev: at most 220 MB", `${megabytes.toFixed(0)} MB`, megabytes <= 220],
    ["retail-store: at most 1.6 × dev", ratio.toFixed(2), ratio <= 1.6],
    [
      "each further resource: at most 2.5 ms of CPU",
      `${perResource.toFixed(1)} ms`,
      perResource <= 2.5,
    ],
  ]),
].join("\n");
process.stdout.write(`${text}\n`);
writeSection("bench:plan", text);
if (overEmpty > mostOverEmpty || megabytes > 220 || ratio > 1.6 || perResource > 2.5)
  process.exitCode = 1;
