import { setTimeout as sleep } from "node:timers/promises";
import { median, table, targetTable, writeSection } from "./bench-report.ts";
import { buildImage, compressedBytes, docker, run } from "./container.ts";
import { freePort } from "./port.ts";

const tag = `web-bench:${process.pid}`;
const rounds = 5;

interface Start {
  readyMs: number;
  cpuMs: number;
  idleMiB: number;
  rssMB: number;
}

await buildImage(tag, "bench");
try {
  const size = Number(await docker("image", "inspect", "--format", "{{.Size}}", tag)) / 1e6;
  const compressed = (await compressedBytes(tag)) / 1e6;
  const starts: Start[] = [];
  for (let round = 0; round < rounds; round++) starts.push(await start());
  const of = (key: keyof Start) => median(starts.map((each) => each[key]));
  const text = [
    `${new Date().toISOString().slice(0, 10)}, ${process.arch}, ${basesUsed()}, 256 MiB of memory, ` +
      `read-only, no capabilities. Median of ${rounds} starts.`,
    "",
    table(
      ["image MB", "compressed MB", "ready after ms", "CPU to ready ms", "idle MiB", "RSS MB"],
      [
        [
          size.toFixed(0),
          compressed.toFixed(1),
          of("readyMs").toFixed(0),
          of("cpuMs").toFixed(0),
          of("idleMiB").toFixed(0),
          of("rssMB").toFixed(0),
        ],
      ],
    ),
    "",
    targetTable([
      ["compressed: at most 55 MB", `${compressed.toFixed(1)} MB`, compressed <= 55],
      ["CPU to ready: at most 300 ms", `${of("cpuMs").toFixed(0)} ms`, of("cpuMs") <= 300],
    ]),
  ].join("\n");
  process.stdout.write(`${text}\n`);
  writeSection("bench:image", text);
} finally {
  await docker("rmi", "--force", tag);
}

/** Measures from `docker run` to the first success of /readyz, and the memory two seconds later. */
async function start(): Promise<Start> {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const began = performance.now();
  const id = await run(tag, port, metricsPort);
  try {
    while (!(await get(port, "/readyz"))) await sleep(10);
    const readyMs = performance.now() - began;
    const cpuMs = (await metric(metricsPort, "process_cpu_seconds_total")) * 1000;
    await sleep(2000);
    const usage = await docker("stats", "--no-stream", "--format", "{{.MemUsage}}", id);
    return {
      readyMs,
      cpuMs,
      idleMiB: Number.parseFloat(usage),
      rssMB: (await metric(metricsPort, "process_resident_memory_bytes")) / 1e6,
    };
  } finally {
    await docker("rm", "--force", id);
  }
}

async function get(port: number, path: string): Promise<string | undefined> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined);
  return answer?.ok ? answer.text() : undefined;
}

async function metric(port: number, name: string): Promise<number> {
  const text = (await get(port, "/metrics")) ?? "";
  return Number(new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1]);
}

function basesUsed(): string {
  return process.env.RUNTIME_IMAGE
    ? "on a substitute for the base image (the same Node binary and C libraries)"
    : "on the Dockerfile's base image";
}
