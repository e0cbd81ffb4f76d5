import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { bundle } from "../../service/bundle.js";
import { median, table, targetTable, writeSection } from "./bench-report.ts";
import { type Load, load } from "./load.ts";
import { freePort } from "./port.ts";

const rounds = Number(process.env.BENCH_ROUNDS ?? 7);
const seconds = Number(process.env.BENCH_SECONDS ?? 2);
const connections = 50;
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

interface Usage {
  cpuSeconds: number;
  rssBytes: number;
}

interface Round extends Load {
  cpuMicroseconds: number;
}

interface Server {
  name: string;
  port: number;
  process: ChildProcess;
  startCpuMs: number[];
  idleMb: number;
  loadMb: number;
  rounds: Round[];
}

const names = ["node:http", "Fastify, bare", "this service", "Express, bare"] as const;
const directory = mkdtempSync(join(tmpdir(), "bench-"));
try {
  const entries = await bundles();
  const servers: Server[] = [];
  for (const [index, name] of names.entries())
    servers.push(await start(name, entries[index] ?? ""));
  try {
    for (const server of servers) await load(server.port, connections, 1);
    for (let round = 0; round < rounds; round++) {
      for (const server of servers) server.rounds.push(await measure(server));
    }
  } finally {
    for (const server of servers) server.process.kill("SIGKILL");
  }
  report(servers);
} finally {
  rmSync(directory, { recursive: true });
}

/** Bundles all four servers in the same way, so that each loads one file. */
async function bundles(): Promise<string[]> {
  await bundle(join(directory, "service"));
  await build({
    entryPoints: ["node-http", "fastify", "express"].map((name) => here(`servers/${name}.js`)),
    nodePaths: [here("../service/node_modules")],
    outdir: directory,
    outExtension: { ".js": ".cjs" },
    bundle: true,
    format: "cjs",
    platform: "node",
    logLevel: "error",
  });
  return ["node-http.cjs", "fastify.cjs", "service/server.mjs", "express.cjs"].map((file) =>
    join(directory, file),
  );
}

/**
 * Starts a server five times to measure its start. The last process keeps running. Each has the young
 * generation of service/Dockerfile.
 */
async function start(name: string, entry: string): Promise<Server> {
  const startCpuMs: number[] = [];
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const child = fork(entry, {
      execArgv: ["--max-semi-space-size=8", "--import", here("usage-reporter.js")],
      env: environment(port, await freePort()),
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    });
    child.stdout?.resume();
    await waitUntilReady(port);
    const usage = await usageOf(child);
    startCpuMs.push(usage.cpuSeconds * 1000);
    if (attempt === 5) {
      const idleMb = usage.rssBytes / 1e6;
      return { name, port, process: child, startCpuMs, idleMb, loadMb: 0, rounds: [] };
    }
    child.kill("SIGKILL");
    await once(child, "exit");
  }
}

function environment(port: number, metricsPort: number): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    NODE_ENV: "production",
    HOST: "127.0.0.1",
    PORT: String(port),
    METRICS_PORT: String(metricsPort),
    SERVICE_VERSION: "1.2.3",
    SERVICE_REVISION: "0123456789abcdef0123456789abcdef01234567",
    IMAGE_DIGEST: `sha256:${"0123456789abcdef".repeat(4)}`,
    POD_NAME: "web-6d5f8b9c7d-x2x9z",
    NODE_NAME: "ip-10-0-12-34.eu-west-1.compute.internal",
    ZONE: "eu-west-1a",
  };
}

async function measure(server: Server): Promise<Round> {
  const before = await usageOf(server.process);
  const result = await load(server.port, connections, seconds);
  const after = await usageOf(server.process);
  if (result.failures > 0) throw new Error(`${server.name}: ${result.failures} requests failed`);
  server.loadMb = Math.max(server.loadMb, after.rssBytes / 1e6);
  const cpu = (after.cpuSeconds - before.cpuSeconds) * 1e6;
  return { ...result, cpuMicroseconds: cpu / result.requests };
}

async function usageOf(child: ChildProcess): Promise<Usage> {
  const answer = once(child, "message");
  child.send("usage");
  return (await answer)[0] as Usage;
}

async function waitUntilReady(port: number): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const response = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
    if (response) return void (await response.text());
    await sleep(10);
  }
  throw new Error(`no server responds on port ${port}`);
}

function report(servers: Server[]): void {
  const measured = (name: (typeof names)[number]) => {
    const server = servers.find((candidate) => candidate.name === name);
    if (!server) throw new Error(`no server ${name}`);
    return { server, cpu: median(server.rounds.map((round) => round.cpuMicroseconds)) };
  };
  const nodeHttpCpu = measured("node:http").cpu;
  const rows = servers.map(({ name, rounds, startCpuMs, idleMb, loadMb }) => {
    const costs = rounds.map((round) => round.cpuMicroseconds);
    const cpu = median(costs);
    return [
      name,
      `${cpu.toFixed(1)} (${Math.min(...costs).toFixed(1)}-${Math.max(...costs).toFixed(1)})`,
      Math.round(1e6 / cpu).toLocaleString("en"),
      `${Math.round((100 * nodeHttpCpu) / cpu)} %`,
      median(rounds.map((round) => round.p99Ms)).toFixed(1),
      median(startCpuMs).toFixed(0),
      `${idleMb.toFixed(0)} / ${loadMb.toFixed(0)}`,
    ];
  });
  const service = measured("this service");
  const share = (100 * nodeHttpCpu) / service.cpu;
  const express = measured("Express, bare").cpu / service.cpu;
  const startMs = median(service.server.startCpuMs);
  const targets: [string, string, boolean][] = [
    [
      "requests per CPU-second, relative to node:http: at least 45 %",
      `${share.toFixed(0)} %`,
      share >= 45,
    ],
    [
      "requests per CPU-second, relative to Express: at least 2 x",
      `${express.toFixed(1)} x`,
      express >= 2,
    ],
    ["CPU to start: at most 250 ms", `${startMs.toFixed(0)} ms`, startMs <= 250],
    [
      "resident memory under load: at most 130 MB",
      `${service.server.loadMb.toFixed(0)} MB`,
      service.server.loadMb <= 130,
    ],
  ];
  const text = [
    `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${process.arch}, ` +
      `${cpus().length} CPUs shared with other work. Median of ${rounds} interleaved rounds of ` +
      `${seconds} s, ${connections} keep-alive connections.`,
    "",
    table(
      [
        "server",
        "CPU us/request (min-max)",
        "requests per CPU-s",
        "of node:http",
        "p99 ms",
        "start, CPU ms",
        "RSS MB idle / load",
      ],
      rows,
    ),
    "",
    targetTable(targets),
  ].join("\n");
  process.stdout.write(`${text}\n`);
  writeSection("bench:service", text);
}
