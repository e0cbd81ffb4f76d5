import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import {
  type Docker,
  dockerOf,
  type Engine,
  engineOf,
  hasImage,
  NoDocker,
  portsOf,
  removeContainer,
  type State,
  stateOf,
} from "../docker-engine.ts";
import type { Resource } from "../graph/resource.ts";
import { CommandFailed } from "../shell.ts";
import {
  type Answer,
  ask,
  type ImageFacts,
  notTried,
  type Reach,
  reasonIn,
  type Seen,
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
    await removeContainer(name, options.tell);
    rmSync(secretsFolder, { recursive: true });
  }
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
  if (await hasImage(image, docker)) return image;
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
  const state = await stateOf(watched.name, watched.docker);
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
    const state = await stateOf(watched.name, watched.docker);
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
  let state = await stateOf(watched.name, watched.docker);
  while (state.Running && Date.now() - start < deadlineSeconds * 1000) {
    await wait(500, undefined, { signal });
    state = await stateOf(watched.name, watched.docker);
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

async function seenOf(container: Workload["container"], watched: Watched): Promise<Seen> {
  const { name, docker, facts } = watched;
  const log = await docker(["logs", "--tail", "200", name], { both: true });
  return { container, image: facts, log };
}

async function reachOf({ name, docker }: Watched): Promise<Reach> {
  const ports = await portsOf(name, docker);
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
