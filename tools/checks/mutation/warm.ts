import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Failure, Job, Verdict } from "./worker.ts";

const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const module = fileURLToPath(new URL("worker.ts", import.meta.url));

/** How long one test and one file of tests may take. */
export interface Limits {
  testMs: number;
  fileMs: number;
}
const generous: Limits = { testMs: 60_000, fileMs: 240_000 };

/** A process that keeps the packages imported, and is replaced when it hangs, dies or grows old. */
export class Warm {
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #runs = 0;
  #modules = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The first test of `files` that fails. */
  async firstFailure(files: string[]): Promise<(Failure & { file: string }) | undefined> {
    const modules = ++this.#modules;
    for (const file of files) {
      const { failure } = await this.run(file, { modules });
      if (failure) return { file, ...failure };
    }
    return undefined;
  }

  /** A test that is late may be so for the machine: it fails if it is late again, with time to spare. */
  async run(file: string, { cover = false, modules = ++this.#modules } = {}): Promise<Verdict> {
    const once = ({ testMs, fileMs }: Limits) =>
      this.#once({ file, cover, modules, timeoutMs: testMs }, fileMs);
    const verdict = await once(generous);
    if (!verdict.failure?.timedOut) return verdict;
    this.stop();
    return once({ testMs: 3 * generous.testMs, fileMs: 2 * generous.fileMs });
  }

  async #once(job: Job, fileMs: number): Promise<Verdict> {
    if (needsNewProcess(job.file) || this.#runs++ % 400 === 399) this.stop();
    const child = this.#child ?? (await this.#start());
    const lost = (title: string, timedOut: boolean): Verdict => ({
      failure: { title, message: "", timedOut },
      milliseconds: 0,
      counted: [],
      hasProcesses: true,
    });
    const verdict = await new Promise<Verdict>((resolve) => {
      const end = (verdict: Verdict, dead = false) => {
        clearTimeout(timer);
        child.removeAllListeners("message").removeAllListeners("exit");
        if (dead) this.stop();
        resolve(verdict);
      };
      const timer = setTimeout(() => end(lost("(hangs)", true), true), fileMs);
      child.on("message", (verdict: Verdict) => end(verdict));
      child.on("exit", (code, signal) => end(lost(`(exits ${signal ?? code})`, false), true));
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

/** Tests that put command stubs on PATH need a process whose environment no other test has replaced. */
const needsNewProcess = (file: string) => file.startsWith("test/tools/deliver/");
