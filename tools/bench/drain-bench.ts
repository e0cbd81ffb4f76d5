import { judge, table, writeSection } from "./bench-report.ts";
import { type Behaviour, foreignClock, type Stop, secondMs, stops } from "./foreign/stops.ts";

const times = Number(process.env.BENCH_STOPS ?? 20);
const lags = [1, 4, 8];
const servers: [name: string, behaviour: Behaviour, rest?: Partial<Stop>][] = [
  ["exits at once", "exits"],
  ["closes, then exits", "closes"],
  ["ignores SIGTERM", "ignores"],
  ["exits at once, without the sleep", "exits", { sleepSeconds: 0 }],
];

const began = performance.now();
const rows = await Promise.all(
  servers.map(([, behaviour, rest]) =>
    Promise.all(lags.map((lagSeconds) => stops({ behaviour, lagSeconds, ...rest }, times))),
  ),
);
const took = ((performance.now() - began) / 1000).toFixed(0);

const lostOf = (row: { lost: number }[] = []) => row.reduce((sum, { lost }) => sum + lost, 0);
const asleep = rows.slice(0, 3).reduce((sum, row) => sum + lostOf(row), 0);
const awake = lostOf(rows[3]);
const count = (value: number) => value.toLocaleString("en");
const { preStopSeconds, terminationGracePeriodSeconds } = foreignClock;
const text = [
  `${new Date().toISOString().slice(0, 10)}, Node ${process.version}: ${times} stops a cell, a second ` +
    `of the clock lasting ${secondMs} ms, ${took} s in all. preStop sleep ` +
    `${preStopSeconds} s, grace period ${terminationGracePeriodSeconds} s.`,
  "",
  table(
    ["lost / requests (to the leaving pod)", ...lags.map((lag) => `lag ${lag} s`)],
    servers.map(([name], index) => [
      name,
      ...(rows[index] ?? []).map(
        ({ lost, requests, late }) => `${count(lost)} / ${count(requests)} (${count(late)})`,
      ),
    ]),
  ),
  "",
  judge([
    ["lost with the sleep: none", count(asleep), asleep === 0],
    ["lost without it: some, or this measures nothing", count(awake), awake > 0],
  ]),
].join("\n");
process.stdout.write(`${text}\n`);
writeSection("bench:drain", text);
if (asleep > 0 || awake === 0) process.exitCode = 1;
