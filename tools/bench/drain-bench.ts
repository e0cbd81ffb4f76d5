import { table, targetTable, writeSection } from "./bench-report.ts";
import {
  type Behaviour,
  benchClock,
  type StopOptions,
  secondMs,
  stopPods,
} from "./third-party/pod-stops.ts";

const times = Number(process.env.BENCH_STOPS ?? 20);
const lags = [1, 4, 8];
const servers: [name: string, behaviour: Behaviour, options?: Partial<StopOptions>][] = [
  ["exits at once", "exits"],
  ["closes, then exits", "closes"],
  ["ignores SIGTERM", "ignores"],
  ["exits at once, without the sleep", "exits", { sleepSeconds: 0 }],
];

const began = performance.now();
const rows = await Promise.all(
  servers.map(([, behaviour, options]) =>
    Promise.all(lags.map((lagSeconds) => stopPods({ behaviour, lagSeconds, ...options }, times))),
  ),
);
const took = ((performance.now() - began) / 1000).toFixed(0);

const lostOf = (row: { lost: number }[] = []) => row.reduce((sum, { lost }) => sum + lost, 0);
const lostWithSleep = rows.slice(0, 3).reduce((sum, row) => sum + lostOf(row), 0);
const lostWithoutSleep = lostOf(rows[3]);
const count = (value: number) => value.toLocaleString("en");
const { preStopSeconds, terminationGracePeriodSeconds } = benchClock;
const text = [
  `${new Date().toISOString().slice(0, 10)}, Node ${process.version}: ${times} stops a cell, a second ` +
    `of the clock takes ${secondMs} ms, ${took} s in all. preStop sleep ` +
    `${preStopSeconds} s, grace period ${terminationGracePeriodSeconds} s.`,
  "",
  table(
    ["lost / requests (to the stopping pod)", ...lags.map((lag) => `lag ${lag} s`)],
    servers.map(([name], index) => [
      name,
      ...(rows[index] ?? []).map(
        ({ lost, requests, late }) => `${count(lost)} / ${count(requests)} (${count(late)})`,
      ),
    ]),
  ),
  "",
  targetTable([
    ["lost with the sleep: none", count(lostWithSleep), lostWithSleep === 0],
    ["lost without it: at least one", count(lostWithoutSleep), lostWithoutSleep > 0],
  ]),
].join("\n");
process.stdout.write(`${text}\n`);
writeSection("bench:drain", text);
if (lostWithSleep > 0 || lostWithoutSleep === 0) process.exitCode = 1;
