import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { availableParallelism, loadavg } from "node:os";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Job, Verdict } from "./worker.ts";

const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const module = fileURLToPath(new URL("worker.ts", import.meta.url));

/** Time limits of one test and of one test file, longer where more processes run than there are cores. */
export interface Limits {
  testMs: number;
  fileMs: number;
}
const limits: Limits = { testMs: 60_000, fileMs: 240_000 };

/**
 * A process that runs test files and keeps packages loaded. It is replaced after 400 files, when it exits, and
 * when a file exceeds its time limit.
 */
export class TestProcess {
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #runs = 0;
  #modules = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A number under which `run` loads the project's modules once. */
  newModules(): number {
    return ++this.#modules;
  }

  /** Runs a test file. After a timeout it runs once more with longer limits, because the machine may be busy. */
  async run(file: string, { cover = false, modules = this.newModules() } = {}): Promise<Verdict> {
    const busy = Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());
    const once = ({ testMs, fileMs }: Limits) =>
      this.#once({ file, cover, modules, timeoutMs: busy * testMs }, busy * fileMs);
    const verdict = await once(limits);
    if (!verdict.failure?.timedOut) return verdict;
    this.stop();
    return once({ testMs: 3 * limits.testMs, fileMs: 2 * limits.fileMs });
  }

  async #once(job: Job, fileMs: number): Promise<Verdict> {
    if (needsNewProcess(job.file) || this.#runs++ % 400 === 399) this.stop();
    const child = this.#child ?? (await this.#start());
    const failed = (title: string, timedOut: boolean): Verdict => ({
      failure: { title, message: "", timedOut },
      milliseconds: 0,
      counted: [],
      hasProcesses: true,
    });
    const verdict = await new Promise<Verdict>((resolve) => {
      const end = (verdict: Verdict, stop = false) => {
        clearTimeout(timer);
        child.removeAllListeners("message").removeAllListeners("exit");
        if (stop) this.stop();
        resolve(verdict);
      };
      const timer = setTimeout(() => end(failed("(timeout)", true), true), fileMs);
      child.on("message", (verdict: Verdict) => end(verdict));
      child.on("exit", (code, signal) => end(failed(`(exits ${signal ?? code})`, false), true));
      child.send(job);
    });
    if (needsNewProcess(job.file)) this.stop();
    return verdict;
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

/** Tests with command stubs on PATH need the original environment. */
const needsNewProcess = (file: string) => file.startsWith("test/tools/deliver/");
