import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Resource } from "../graph/resource.ts";
import { CommandFailed, run } from "../shell.ts";
import {
  type Answer,
  ask,
  type ImageFacts,
  notTried,
  type Reach,
  reasonIn,
  type Seen,
  type State,
  settleSeconds,
  type Verdict,
  verdictOfArchitecture,
  verdictOfEnd,
  verdictOfProbe,
  verdictOfRefusedStart,
  verdictOfUser,
  wrongArchitecture,
} from "./checks.ts";
import {
  dummy,
  type ImageSource,
  imageSourceOf,
  type Probe,
  runArguments,
  secretsOf,
  userOf,
  type Workload,
} from "./run-arguments.ts";

/** There is no engine, or none that can run the image. */
export class NoDocker extends Error {}

export interface TrialOptions {
  /** The project's. */
  folder: string;
  resources: Resource[];
  /** Ends the trial and removes the container. */
  signal: AbortSignal;
  /** Is told each verdict as it is found. */
  say(verdict: Verdict): void;
  /** Is told what takes a while. */
  tell(line: string): void;
}

interface Engine {
  architecture: string;
  processors: number;
}

interface Prepared {
  image: string;
  facts: ImageFacts;
}

/** Starts a workload's image as its pod would be, checks it, and removes the container. */
export async function tryOut(workload: Workload, options: TrialOptions): Promise<void> {
  const docker = dockerOf(options);
  const engine = await engineOf(docker);
  for (const verdict of notTried(workload)) options.say(verdict);
  const prepared = await prepare(workload, engine, docker, options);
  if (!prepared) return;
  const name = `try-${workload.name}-${process.pid}`;
  const secretsFolder = mkdtempSync(join(tmpdir(), "try-secrets-"));
  try {
    writeSecrets(workload, secretsFolder);
    const { Architecture } = prepared.facts;
    const foreign = Architecture !== engine.architecture;
    const args = runArguments(workload, {
      ...{ name, image: prepared.image, processors: engine.processors, secretsFolder },
      ...(foreign && { architecture: Architecture }),
    });
    await watch(workload, { name, args, facts: prepared.facts, foreign, docker, options });
  } finally {
    await remove(name, options);
    rmSync(secretsFolder, { recursive: true });
  }
}

type Docker = (args: string[], more?: { both?: boolean; end?: AbortSignal }) => Promise<string>;

function dockerOf({ folder, signal }: TrialOptions): Docker {
  return async (args, { both, end } = {}) => {
    signal.throwIfAborted();
    try {
      return await run("docker", args, {
        cwd: folder,
        both,
        signal: end ? AbortSignal.any([signal, end]) : signal,
      });
    } catch (error) {
      // An interrupted command says nothing of the image.
      signal.throwIfAborted();
      throw error;
    }
  };
}

async function engineOf(docker: Docker): Promise<Engine> {
  try {
    const said = await docker(["info", "--format", "{{.Architecture}} {{.NCPU}}"]);
    const [machine = "", processors] = said.trim().split(" ");
    const names: Record<string, string> = { x86_64: "amd64", aarch64: "arm64" };
    return { architecture: names[machine] ?? machine, processors: Number(processors) };
  } catch (error) {
    throw asNoDocker(error);
  }
}

function asNoDocker(error: unknown): unknown {
  if (!(error instanceof CommandFailed)) return error;
  return new NoDocker(`The trial needs a running Docker engine: ${error.message}`);
}

/** Gets the image and judges what can be said of it before it runs. */
async function prepare(
  { name, pod, container }: Workload,
  engine: Engine,
  docker: Docker,
  { resources, say, tell }: TrialOptions,
): Promise<Prepared | undefined> {
  const source = imageSourceOf(resources, container.image);
  const nodes = pod.nodeSelector?.["kubernetes.io/arch"] ?? engine.architecture;
  let image: string;
  try {
    image =
      "context" in source
        ? await build(source, `try-${name}`, docker, tell)
        : await pull(source.reference, nodes, docker, tell);
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    const log = error.message.split("\n");
    say({ level: "FAIL", check: "image", seen: "it cannot be had", mend: "`image`", log });
    return undefined;
  }
  say({ level: "ok", check: "image", seen: "context" in source ? source.context : image });
  const facts: ImageFacts = JSON.parse(
    await docker(["image", "inspect", "--format", "{{json .}}", image]),
  );
  const built = "context" in source;
  const has = built ? [] : await architecturesOf(image, facts, nodes, docker);
  say(verdictOfArchitecture({ engine: engine.architecture, nodes, built, ...(has && { has }) }));
  say(verdictOfUser(facts, userOf({ pod, container })));
  return { image, facts };
}

/** Built for the engine: the nodes' architecture may be another. */
async function build(
  { context, dockerfile, args }: Extract<ImageSource, { context: string }>,
  tag: string,
  docker: Docker,
  tell: (line: string) => void,
): Promise<string> {
  tell(`Building ${context} …`);
  const values = Object.entries(args).flatMap((arg) => ["--build-arg", arg.join("=")]);
  await docker(["build", "--quiet", "--file", dockerfile, ...values, "--tag", tag, context]);
  return tag;
}

async function pull(
  image: string,
  nodes: string,
  docker: Docker,
  tell: (line: string) => void,
): Promise<string> {
  try {
    await docker(["image", "inspect", "--format", "{{.Id}}", image]);
    return image;
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
  }
  tell(`Pulling ${image} …`);
  try {
    await docker(["pull", "--quiet", image]);
  } catch (error) {
    if (!/no matching manifest/.test(String(error))) throw error;
    await docker(["pull", "--quiet", "--platform", `linux/${nodes}`, image]);
  }
  return image;
}

/** Asks the registry only when the image here is not the nodes' own. */
async function architecturesOf(
  image: string,
  { Architecture }: ImageFacts,
  nodes: string,
  docker: Docker,
): Promise<string[] | undefined> {
  if (Architecture === nodes) return [nodes];
  try {
    const { manifests } = JSON.parse(await docker(["manifest", "inspect", image]));
    if (!manifests) return [Architecture];
    const found: string[] = manifests.map(
      ({ platform }: { platform?: { architecture?: string } }) => platform?.architecture ?? "",
    );
    return [...new Set(found)].filter((one) => one && one !== "unknown");
  } catch (error) {
    if (error instanceof CommandFailed) return undefined;
    throw error;
  }
}

/** Readable for every user: they are dummies. */
function writeSecrets({ container }: Workload, folder: string): void {
  for (const secret of secretsOf(container)) writeFileSync(join(folder, secret), dummy);
  chmodSync(folder, 0o755);
}

interface Watched {
  name: string;
  args: string[];
  facts: ImageFacts;
  /** The image is not for the engine's architecture. */
  foreign: boolean;
  docker: Docker;
  options: TrialOptions;
}

async function watch(workload: Workload, watched: Watched): Promise<void> {
  const { args, docker, options } = watched;
  try {
    await docker(args);
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    refuseArchitecture(error.message, watched);
    options.say(verdictOfRefusedStart(error.message));
    return;
  }
  await (workload.deadlineSeconds === undefined
    ? watchService(workload, watched)
    : watchJob(workload, workload.deadlineSeconds, watched));
}

function refuseArchitecture(said: string, { facts, foreign }: Watched): void {
  if (!foreign || !wrongArchitecture(said)) return;
  throw new NoDocker(`This engine cannot run an image for ${facts.Architecture}`);
}

const probes = [
  ["startupProbe", "start"],
  ["readinessProbe", "ready"],
  ["livenessProbe", "live"],
] as const;

async function watchService({ container }: Workload, watched: Watched): Promise<void> {
  const { say, signal } = watched.options;
  const reach = await reachOf(watched);
  let asked = false;
  for (const [kind, check] of probes) {
    const probe = container[kind];
    if (!probe) continue;
    asked = true;
    const verdict = await passes(probe, check, container, reach, watched);
    say(verdict);
    if (verdict.level === "FAIL") return;
  }
  const seconds = asked ? 1 : settleSeconds;
  await wait(seconds * 1000, undefined, { signal });
  const state = await stateOf(watched);
  const seen = await seenOf(container, watched);
  if (!state.Running) return say(endOf("runs", state, seen, watched));
  say({ level: "ok", check: "runs", seen: asked ? "after its probes" : `for ${seconds} s` });
  const reason = reasonIn(seen.log);
  if (reason) say({ level: "note", check: "log", ...reason });
}

/** Asks as often as the kubelet does before it gives up. */
async function passes(
  probe: Probe,
  check: string,
  container: Workload["container"],
  reach: Reach,
  watched: Watched,
): Promise<Verdict> {
  const { periodSeconds, failureThreshold } = probe;
  let answer: Answer = { good: false, seen: "" };
  for (let attempt = 1; attempt <= failureThreshold; attempt++) {
    answer = await ask(probe, container, reach);
    if (answer.good) return { level: "ok", check, seen: answer.seen };
    const state = await stateOf(watched);
    if (!state.Running) return endOf(check, state, await seenOf(container, watched), watched);
    await wait(periodSeconds * 1000, undefined, { signal: watched.options.signal });
  }
  const seconds = periodSeconds * failureThreshold;
  const seen = await seenOf(container, watched);
  return verdictOfProbe({ check, seconds }, answer, seen);
}

async function watchJob(
  { container }: Workload,
  deadlineSeconds: number,
  watched: Watched,
): Promise<void> {
  const { say, signal } = watched.options;
  const start = Date.now();
  const check = "ends";
  let state = await stateOf(watched);
  while (state.Running && Date.now() - start < deadlineSeconds * 1000) {
    await wait(500, undefined, { signal });
    state = await stateOf(watched);
  }
  const seen = await seenOf(container, watched);
  if (state.Running) {
    const late = `it still runs after ${deadlineSeconds} s`;
    say({ level: "FAIL", check, seen: late, mend: "`deadlineSeconds`" });
  } else if (state.ExitCode === 0) {
    say({ level: "ok", check, seen: "with code 0" });
  } else {
    say(endOf(check, state, seen, watched));
  }
}

function endOf(check: string, state: State, seen: Seen, watched: Watched): Verdict {
  refuseArchitecture(seen.log, watched);
  return verdictOfEnd(check, state, seen);
}

async function stateOf({ name, docker }: Watched): Promise<State> {
  return JSON.parse(await docker(["inspect", "--format", "{{json .State}}", name]));
}

async function seenOf(container: Workload["container"], watched: Watched): Promise<Seen> {
  const { name, docker, facts } = watched;
  const log = await docker(["logs", "--tail", "200", name], { both: true });
  return { container, image: facts, log };
}

/** Lines such as `8080/tcp -> 127.0.0.1:49153`. */
async function reachOf({ name, docker }: Watched): Promise<Reach> {
  const lines = await docker(["port", name]);
  const ports = new Map(
    [...lines.matchAll(/^(\d+)\/tcp -> 127\.0\.0\.1:(\d+)$/gm)].map(([, own, published]) => [
      Number(own),
      Number(published),
    ]),
  );
  return {
    published: (port) => ports.get(port),
    exec: async (command, timeoutMs) => {
      const asked = `\`${command.join(" ")}\``;
      const late = AbortSignal.timeout(timeoutMs);
      // An interrupted `docker exec` may end with code 0.
      const slow = `${asked} runs longer than ${timeoutMs / 1000} s`;
      try {
        await docker(["exec", name, ...command], { end: late });
        return late.aborted
          ? { good: false, seen: slow }
          : { good: true, seen: `${asked} ends with code 0` };
      } catch (error) {
        if (!(error instanceof CommandFailed)) throw error;
        const seen = `${asked} ends with code ${error.code}: ${error.message}`;
        return { good: false, seen: late.aborted ? slow : seen };
      }
    },
  };
}

/** A second Ctrl-C may end the first try. */
async function remove(name: string, { tell }: TrialOptions): Promise<void> {
  const args = ["rm", "--force", "--volumes", name];
  for (const last of [false, true]) {
    try {
      await run("docker", args);
      return;
    } catch (error) {
      if (/no such container/i.test(String(error))) return;
      if (last) tell(`The container is still there: docker ${args.join(" ")}`);
    }
  }
}
