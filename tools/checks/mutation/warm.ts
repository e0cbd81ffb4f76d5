import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Job, Verdict } from "./worker.ts";

const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const module = fileURLToPath(new URL("worker.ts", import.meta.url));

/** A process that keeps the packages imported, and is replaced when it hangs, dies or grows old. */
export class Warm {
  readonly #folder: string;
  #child?: ChildProcess;
  #runs = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The first test of `files` that fails; a process that hangs or dies has noticed too. */
  async run(files: string[], limits = { testMs: 60_000, totalMs: 240_000 }): Promise<Verdict> {
    const verdict: Verdict = { run: this.#runs, took: {} };
    for (const group of groupsOf(files)) {
      const { took, noticed } = await this.#runGroup(group, limits);
      Object.assign(verdict.took, took);
      if (noticed) return { ...verdict, noticed };
    }
    return verdict;
  }

  async #runGroup(files: string[], limits: { testMs: number; totalMs: number }): Promise<Verdict> {
    if (files.some(needsNewProcess) || this.#runs % 100 === 99) this.stop();
    this.#runs++;
    const child = this.#child ?? (await this.#start());
    const job: Job = { run: this.#runs, files, timeoutMs: limits.testMs };
    const lost = (title: string): Verdict => ({
      run: job.run,
      took: {},
      noticed: { file: "", title, message: "" },
    });
    return new Promise((resolve) => {
      const end = (verdict: Verdict, dead = false) => {
        clearTimeout(timer);
        child.removeAllListeners("message").removeAllListeners("exit");
        if (dead) this.stop();
        resolve(verdict);
      };
      const timer = setTimeout(() => end(lost("(hangs)"), true), limits.totalMs);
      child.on("message", (verdict: Verdict) => end(verdict));
      child.on("exit", (code, signal) => end(lost(`(exits ${signal ?? code})`), true));
      child.send(job);
    });
  }

  stop(): void {
    this.#child?.removeAllListeners().kill("SIGKILL");
    this.#child = undefined;
  }

  async #start(): Promise<ChildProcess> {
    const child = fork(module, {
      cwd: this.#folder,
      execArgv: ["--import", tsx],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    this.#child = child;
    await once(child, "message");
    return child;
  }
}

/** Tests that put command stubs on PATH need a process whose environment no other test has replaced. */
const needsNewProcess = (file: string) => file.startsWith("test/tools/deliver/");

/** The files in their order: neighbours together, but those that need a new process alone. */
function groupsOf(files: string[]): string[][] {
  const groups: string[][] = [];
  for (const file of files) {
    const last = groups.at(-1);
    const alone = needsNewProcess(file) || last?.some(needsNewProcess);
    if (last && !alone) last.push(file);
    else groups.push([file]);
  }
  return groups;
}
