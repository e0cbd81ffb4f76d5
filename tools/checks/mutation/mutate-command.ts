import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { join, matchesGlob } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { entryProblems, readEquivalentMutants } from "./equivalent-mutants.ts";
import { mutantsOf } from "./mutants.ts";
import { reportOf, summaryOf } from "./mutation-report.ts";
import { run } from "./mutation-run.ts";
import { shuffled } from "./random.ts";
import { TypeCheck } from "./type-check.ts";
import { workingCopy } from "./working-copy.ts";

const usage = `npm run mutate -- [options]
  --files GLOB     only faults in these files
  --tests GLOB     only these tests (default: all except rehearsals, git and linters of workflows)
  --sample N       a random sample of N faults
  --seed S         the seed of the sample (default 1)
  --budget S       max. seconds of tests for a fault (default 300); it then counts as survived
  --workers N      faults at a time (default: the number of free cores)
  --results FILE   write results to FILE, and skip faults that it has
  --list           print the faults, and run no test
  --no-types       include faults that break the types
  --json           print results as JSON`;
/** The min. percentage of detected faults. */
const minPercent = 95;
const project = fileURLToPath(new URL("../../..", import.meta.url));

const { values } = parseArgs({
  options: {
    files: { type: "string", default: "**" },
    tests: { type: "string" },
    sample: { type: "string" },
    seed: { type: "string", default: "1" },
    budget: { type: "string", default: "300" },
    workers: { type: "string" },
    results: { type: "string" },
    list: { type: "boolean", default: false },
    "no-types": { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const tracked = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], {
  cwd: project,
  encoding: "utf8",
}).split("\n");
const files = tracked.filter((file) =>
  /^(infra|service\/src|tools\/deliver|projects|policy)\/.*\.ts$|^(index|tools\/shell)\.ts$/.test(
    file,
  ),
);
const slow = /^test\/tools\/rehearsal\/|\/((release-)?rehearsal|lint-workflows|against)\.test\.ts$/;
const tests = tracked
  .filter((file) => file.endsWith(".test.ts"))
  .filter((file) => (values.tests ? matchesGlob(file, values.tests) : !slow.test(file)));

if (values.help) console.log(usage);
else {
  const all = files.flatMap((file) => mutantsOf(file, readFileSync(join(project, file), "utf8")));
  const equivalent = readEquivalentMutants(project);
  const outdated = entryProblems(equivalent, all);
  if (outdated.length > 0) {
    console.error(`tools/checks/mutation/equivalent-mutants.json:\n${outdated.join("\n")}`);
    process.exit(1);
  }
  const chosen = all.filter(({ file }) => matchesGlob(file, values.files));
  const drawn = shuffled(chosen, Number(values.seed)).slice(0, Number(values.sample ?? "Infinity"));
  if (values.list) {
    for (const { file, line, original, text } of drawn) {
      console.log(`${file}:${line} ${JSON.stringify(original)} → ${JSON.stringify(text)}`);
    }
  } else {
    const free = Math.max(1, Math.floor(availableParallelism() - (loadavg()[0] ?? 0)));
    const workers = Math.min(Number(values.workers ?? free), Math.ceil(drawn.length / 10)) || 1;
    // One stays without a fault, whatever happens to the project meanwhile.
    const copies = Array.from({ length: workers + 1 }, () => workingCopy(project));
    const [sources = "", ...folders] = copies.map(({ folder }) => folder);
    try {
      const results = await run({
        sources,
        folders,
        mutants: drawn,
        tests,
        equivalent,
        results: values.results,
        budgetMs: Number(values.budget) * 1000,
        types: values["no-types"] ? undefined : new TypeCheck(project),
        say: (line) => console.error(line),
      });
      console.log(values.json ? JSON.stringify(results, undefined, 2) : reportOf(results));
      if (summaryOf(results).percent < minPercent) process.exitCode = 1;
    } finally {
      for (const copy of copies) copy.remove();
    }
  }
}
