import childProcess from "node:child_process";
import { Session } from "node:inspector/promises";
import { register, syncBuiltinESMExports } from "node:module";
import { pathToFileURL } from "node:url";
import Mocha from "mocha";
import type { ModuleCoverage } from "./coverage.ts";

/** A run of a test file on the working copy. */
export interface Job {
  /** The number of the mutant. Another number loads the modules again. */
  modules: number;
  file: string;
  timeoutMs: number;
  /** Whether to measure coverage. */
  cover: boolean;
}
export interface Failure {
  title: string;
  message: string;
  timedOut?: boolean;
}
export interface Verdict {
  /** The first test that failed; undefined if all pass. */
  failure?: Failure | undefined;
  milliseconds: number;
  counted: ModuleCoverage[];
  /** Whether the test started a process other than git. Its coverage is not measured. */
  hasProcesses: boolean;
}

const project = pathToFileURL(`${process.cwd()}/`).href;
register("./hooks.js", { parentURL: import.meta.url, data: { project } });
// A late error of one mutant must not end the run of the next one.
process.on("unhandledRejection", () => {});
process.on("uncaughtException", () => {});
process.on("disconnect", () => process.exit());
const environment = { ...process.env };
const folder = process.cwd();
const session = new Session();
session.connect();

let hasProcesses = false;
for (const name of ["spawn", "spawnSync", "execFile", "execFileSync", "fork"] as const) {
  const original = childProcess[name] as (...args: unknown[]) => unknown;
  const recordingCall = (...args: unknown[]) => {
    hasProcesses ||= args[0] !== "git";
    return original(...args);
  };
  Object.defineProperties(recordingCall, Object.getOwnPropertyDescriptors(original));
  Object.assign(childProcess, { [name]: recordingCall });
}
syncBuiltinESMExports();

process.on("message", async (job: Job) => {
  process.chdir(folder);
  for (const key of Object.keys(process.env)) if (!(key in environment)) delete process.env[key];
  Object.assign(process.env, environment);
  hasProcesses = false;
  if (job.cover) await startCounting();
  const began = Date.now();
  const failure = await failureOf(job);
  const milliseconds = Date.now() - began;
  const counted = job.cover ? await stopCounting(job.modules) : [];
  process.send?.({ failure, milliseconds, counted, hasProcesses } satisfies Verdict);
});
process.send?.("ready");

async function startCounting() {
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
}

async function stopCounting(modules: number): Promise<ModuleCoverage[]> {
  const { result } = await session.post("Profiler.takePreciseCoverage");
  await session.post("Profiler.stopPreciseCoverage");
  await session.post("Profiler.disable");
  return result
    .filter(({ url }) => url.startsWith(project))
    .filter(({ url }) => new URL(url).searchParams.get("m") === String(modules))
    .map(({ url, functions }) => ({
      file: decodeURI(new URL(url).pathname.slice(new URL(project).pathname.length)),
      ranges: functions.flatMap(({ ranges }) => ranges),
    }));
}

async function failureOf({ file, modules, timeoutMs }: Job): Promise<Failure | undefined> {
  const mocha = new Mocha({ timeout: timeoutMs, bail: true, reporter: class {} as never });
  try {
    mocha.suite.emit("pre-require", globalThis, file, mocha);
    await import(`${new URL(file, project).href}?m=${modules}`);
  } catch (error) {
    return { title: "(import)", message: messageOf(error) };
  }
  raiseTimeouts(mocha.suite, timeoutMs);
  let failure: Failure | undefined;
  await new Promise<void>((done) => {
    mocha
      .run(() => done())
      .on("fail", (test, error) => {
        const timedOut = error?.code === "ERR_MOCHA_TIMEOUT";
        failure ??= { title: test.fullTitle(), message: messageOf(error), timedOut };
      });
  });
  mocha.dispose();
  return failure;
}

/** Raises shorter timeouts of tests and hooks to `timeoutMs`. */
function raiseTimeouts(suite: Mocha.Suite, timeoutMs: number): void {
  const { _beforeAll, _beforeEach, _afterEach, _afterAll } = suite as unknown as Record<
    string,
    Mocha.Runnable[]
  >;
  const hooks = [_beforeAll, _beforeEach, _afterEach, _afterAll].flatMap((some) => some ?? []);
  for (const one of [...suite.tests, ...hooks]) one.timeout(Math.max(one.timeout(), timeoutMs));
  for (const one of suite.suites) raiseTimeouts(one, timeoutMs);
}

const messageOf = (error: unknown) =>
  (error instanceof Error ? error.message : String(error)).split("\n")[0]?.slice(0, 200) ?? "";
