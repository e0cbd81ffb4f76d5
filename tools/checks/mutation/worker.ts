import { register } from "node:module";
import { pathToFileURL } from "node:url";
import Mocha from "mocha";

/** Runs test files on the working copy as it is now. */
export interface Job {
  run: number;
  files: string[];
  timeoutMs: number;
}
export interface Verdict {
  run: number;
  /** The first test that failed; absent when all pass. */
  noticed?: { file: string; title: string; message: string };
  /** How long each file took, in milliseconds. */
  took: Record<string, number>;
}

const project = pathToFileURL(`${process.cwd()}/`).href;
register("./hooks.js", { parentURL: import.meta.url, data: { project } });
// What a mutant leaves behind is not the next one's.
process.on("unhandledRejection", () => {});
process.on("uncaughtException", () => {});
process.on("disconnect", () => process.exit());
const environment = { ...process.env };
const folder = process.cwd();

process.on("message", async (job: Job) => {
  const verdict: Verdict = { run: job.run, took: {} };
  for (const file of job.files) {
    const began = Date.now();
    process.chdir(folder);
    for (const key of Object.keys(process.env)) if (!(key in environment)) delete process.env[key];
    Object.assign(process.env, environment);
    const failure = await failureOf(file, job);
    verdict.took[file] = Date.now() - began;
    if (failure) {
      verdict.noticed = { file, ...failure };
      break;
    }
  }
  process.send?.(verdict);
});
process.send?.("ready");

async function failureOf(file: string, { run, timeoutMs }: Job) {
  const mocha = new Mocha({ timeout: timeoutMs, bail: true, reporter: class {} as never });
  try {
    mocha.suite.emit("pre-require", globalThis, file, mocha);
    await import(`${new URL(file, project).href}?m=${run}`);
  } catch (error) {
    return { title: "(import)", message: messageOf(error) };
  }
  let failure: { title: string; message: string } | undefined;
  await new Promise<void>((done) => {
    mocha
      .run(() => done())
      .on("fail", (test, error) => {
        failure ??= { title: test.fullTitle(), message: messageOf(error) };
      });
  });
  mocha.dispose();
  return failure;
}

const messageOf = (error: unknown) =>
  (error instanceof Error ? error.message : String(error)).split("\n")[0]?.slice(0, 200) ?? "";
