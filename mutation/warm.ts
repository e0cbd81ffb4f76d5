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
    // Tests that put stand-ins on PATH want a process whose environment nobody has replaced.
    const apart = files.some((file) => file.startsWith("test/delivery/"));
    if (apart || this.#runs % 100 === 99) this.stop();
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
