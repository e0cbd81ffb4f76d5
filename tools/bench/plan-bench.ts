import { execFileSync } from "node:child_process";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseDocument } from "yaml";
import { judge, median, table, writeSection } from "./bench-report.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const runs = Number(process.env.BENCH_RUNS ?? 7);

interface Measured {
  milliseconds: number;
  resources: number;
}

/** The CPU of the plan as a process of its own. */
function measured(stack: string, folder = root): Measured {
  const args = ["--import", "./tools/typescript.js", "tools/bench/plan-cpu.ts", stack, folder];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" }));
}

/** A folder of the program with a stack of so many services. */
function stackOf(services: number): string {
  const folder = mkdtempSync(join(tmpdir(), "plan-bench-"));
  for (const name of readdirSync(root)) {
    if (!/^Pulumi\..+\.yaml$/.test(name)) symlinkSync(join(root, name), join(folder, name));
  }
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
// In turns, so that what else the machine does is in all of them.
for (let run = 0; run < runs; run++) {
  series.dev?.push(measured("dev"));
  series.retail?.push(measured("retail-store"));
  series.few?.push(measured("dev", few));
  series.many?.push(measured("dev", many));
}
for (const folder of [few, many]) rmSync(folder, { recursive: true });

const cpu = (name: string) => median((series[name] ?? []).map(({ milliseconds }) => milliseconds));
const resources = (name: string) => series[name]?.[0]?.resources ?? 0;
const ratio = cpu("retail") / cpu("dev");
const further = (cpu("many") - cpu("few")) / (resources("many") - resources("few"));
const text = [
  `${new Date().toISOString().slice(0, 10)}, Node ${process.version}: the command as a process, the median CPU of ${runs} runs in turns.`,
  "",
  table(
    ["stack", "resources", "CPU, of dev's"],
    [
      ["dev", "dev"],
      ["retail-store", "retail"],
      ["dev with 8 services more", "few"],
      ["dev with 30 services more", "many"],
    ].map(([title = "", name = ""]) => [
      title,
      String(resources(name)),
      (cpu(name) / cpu("dev")).toFixed(2),
    ]),
  ),
  "",
  judge([
    ["retail-store: at most 1.6 × dev", ratio.toFixed(2), ratio <= 1.6],
    ["a further resource: at most 2.5 ms of CPU", `${further.toFixed(1)} ms`, further <= 2.5],
  ]),
].join("\n");
process.stdout.write(`${text}\n`);
writeSection("bench:plan", text);
if (ratio > 1.6 || further > 2.5) process.exitCode = 1;
