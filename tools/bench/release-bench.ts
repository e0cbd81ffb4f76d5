import type { ResourceTransformation } from "@pulumi/pulumi";
import { overBound, type ReleaseTime } from "../rehearsal/release-time.ts";
import { rehearse } from "../rehearsal/scenario.ts";
import { table, targetTable, writeSection } from "./bench-report.ts";

const target = 1.15;

/** Kubernetes' and the controller's pace without ours: pods one by one, asked for every 15 s. */
const oneByOne: ResourceTransformation = ({ type, props, opts }) => {
  if (type === "kubernetes:apps/v1:Deployment") props.spec.strategy.rollingUpdate.maxSurge = 1;
  if (type === "kubernetes:helm.sh/v3:Release") {
    delete props.values.targetgroupbindingRequeueDuration;
  }
  return { props, opts };
};

async function releasesOf(stack: string, transformation?: ResourceTransformation) {
  const { results, releases } = await rehearse({ stack, length: "fast", transformation });
  const failures = results.flatMap((result) => result.failures);
  if (failures.length > 0) throw new Error(`${stack}: ${failures.join("\n")}`);
  return releases;
}

/** The parts that somebody waits for; steps that are the same, once. */
function spans({ parts }: ReleaseTime): string {
  const steps = new Map<number, string[]>();
  for (const { name, step, start, end } of parts.filter(({ beside }) => !beside)) {
    steps.set(step, [...(steps.get(step) ?? []), `${name} ${end - start} s`]);
  }
  const counts = new Map<string, number>();
  for (const [step, names] of steps) {
    const key = `${step === 0 ? "" : "step: "}${names.join(", ")}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([key, count]) => (count > 1 ? `${count} × ${key}` : key)).join("; ");
}

const now: { stack: string; time: ReleaseTime }[] = [];
const rows: string[][] = [];
for (const stack of ["dev", "prod"]) {
  const [former] = await releasesOf(stack, oneByOne);
  const times = await releasesOf(stack);
  now.push(...times.map((time) => ({ stack, time })));
  for (const time of [
    ...times,
    ...(former ? [{ ...former, title: "a new image, one by one" }] : []),
  ])
    rows.push([stack, time.title, `${time.seconds}`, overBound(time).toFixed(2), spans(time)]);
}
const text = [
  `${new Date().toISOString().slice(0, 10)}, seconds of simulated time. The bound is what no rollout can leave out: build and push, and for one step image pull, start, registration and one health check. One by one: \`maxSurge: 1\`, and a controller that asks every 15 s.`,
  "",
  table(["stack", "release", "seconds", "× the bound", "where they go"], rows),
  "",
  targetTable(
    now.map(({ stack, time }) => [
      `${stack}, ${time.title}: at most ${target} × the bound`,
      overBound(time).toFixed(2),
      overBound(time) <= target,
    ]),
  ),
].join("\n");
console.log(text);
writeSection("bench:release", text);
