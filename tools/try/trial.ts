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
import { buildOptions, type ImageBuild } from "../graph/images.ts";
import type { Resource } from "../graph/resource.ts";
import { CommandFailed } from "../shell.ts";
import {
  type Answer,
  type CheckResult,
  type ContainerAccess,
  checkArchitecture,
  checkUser,
  endResult,
  failedProbeResult,
  type ImageFacts,
  isWrongArchitecture,
  minRunSeconds,
  type Observation,
  omissions,
  reasonIn,
  refusedStartResult,
  runProbe,
} from "./checks.ts";
import {
  dummy,
  imageSourceOf,
  type Probe,
  runArguments,
  secretsOf,
  userOf,
  type Workload,
} from "./run-arguments.ts";

export interface TrialOptions {
  /** Of the project. */
  folder: string;
  resources: Resource[];
  /** Ends the trial and removes the container. */
  signal: AbortSignal;
  /** Receives each result at once. */
  report(result: CheckResult): void;
  /** Receives a line before each slow step. */
  progress(line: string): void;
}

interface Prepared {
  image: string;
  facts: ImageFacts;
}

/**
 * Starts the image of a workload with the settings of its pod, checks it, and removes the container.
 *
 * @throws {NoDocker} if no engine responds, or it cannot run the architecture of the image
 */
export async function tryOut(workload: Workload, options: TrialOptions): Promise<void> {
  const docker = dockerOf(options);
  const engine = await engineOf(docker);
  for (const result of omissions(workload)) options.report(result);
  const prepared = await prepare(workload, engine, docker, options);
  if (!prepared) return;
  const name = `try-${workload.name}-${process.pid}`;
  const secretsFolder = mkdtempSync(join(tmpdir(), "try-secrets-"));
  try {
    writeSecrets(workload, secretsFolder);
    const { Architecture } = prepared.facts;
    const otherArchitecture = Architecture !== engine.architecture;
    const args = runArguments(workload, {
      ...{ name, image: prepared.image, processors: engine.processors, secretsFolder },
      ...(otherArchitecture && { architecture: Architecture }),
    });
    await runAndCheck(workload, {
      name,
      args,
      facts: prepared.facts,
      otherArchitecture,
      docker,
      options,
    });
  } finally {
    await removeContainer(name, options.progress);
    rmSync(secretsFolder, { recursive: true });
  }
}

/** Pulls or builds the image, and checks its architecture and user. Returns undefined if there is no image. */
async function prepare(
  { name, pod, container }: Workload,
  engine: Engine,
  docker: Docker,
  { resources, report, progress }: TrialOptions,
): Promise<Prepared | undefined> {
  const source = imageSourceOf(resources, container.image);
  const nodes = pod.nodeSelector?.["kubernetes.io/arch"] ?? engine.architecture;
  let image: string;
  try {
    image =
      "context" in source
        ? await build(source, `try-${name}`, docker, progress)
        : await pull(source.reference, nodes, docker, progress);
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    const log = error.message.split("\n");
    report({
      level: "FAIL",
      check: "image",
      seen: "Docker cannot pull or build it",
      setting: "`image`",
      log,
    });
    return undefined;
  }
  report({ level: "ok", check: "image", seen: "context" in source ? source.context : image });
  const facts: ImageFacts = JSON.parse(
    await docker(["image", "inspect", "--format", "{{json .}}", image]),
  );
  const built = "context" in source;
  const has = built ? [] : await architecturesOf(image, facts, nodes, docker);
  report(checkArchitecture({ engine: engine.architecture, nodes, built, ...(has && { has }) }));
  report(checkUser(facts, userOf({ pod, container })));
  return { image, facts };
}

/** Builds the image for the architecture of the engine. */
async function build(
  source: ImageBuild,
  tag: string,
  docker: Docker,
  progress: (line: string) => void,
): Promise<string> {
  progress(`Building ${source.context} …`);
  await docker(["build", "--quiet", ...buildOptions(source), "--tag", tag, source.context]);
  return tag;
}

async function pull(
  image: string,
  nodes: string,
  docker: Docker,
  progress: (line: string) => void,
): Promise<string> {
  if (await hasImage(image, docker)) return image;
  progress(`Pulling ${image} …`);
  try {
    await docker(["pull", "--quiet", image]);
  } catch (error) {
    if (!/no matching manifest/.test(String(error))) throw error;
    await docker(["pull", "--quiet", "--platform", `linux/${nodes}`, image]);
  }
  return image;
}

/** The architectures of an image. Asks the registry if the local image is not for the nodes. */
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

/** Writes dummy secrets that every user can read. */
function writeSecrets({ container }: Workload, folder: string): void {
  for (const secret of secretsOf(container)) writeFileSync(join(folder, secret), dummy);
  chmodSync(folder, 0o755);
}

interface Trial {
  name: string;
  args: string[];
  facts: ImageFacts;
  /** Whether the image is for another architecture than the engine's. */
  otherArchitecture: boolean;
  docker: Docker;
  options: TrialOptions;
}

async function runAndCheck(workload: Workload, trial: Trial): Promise<void> {
  const { args, docker, options } = trial;
  try {
    await docker(args);
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    requireArchitecture(error.message, trial);
    options.report(refusedStartResult(error.message));
    return;
  }
  await (workload.deadlineSeconds === undefined
    ? checkService(workload, trial)
    : checkJob(workload, workload.deadlineSeconds, trial));
}

/** @throws {NoDocker} if `message` is the error of a program for another architecture */
function requireArchitecture(message: string, { facts, otherArchitecture }: Trial): void {
  if (!otherArchitecture || !isWrongArchitecture(message)) return;
  throw new NoDocker(`This engine cannot run an image for ${facts.Architecture}`);
}

const probes = [
  ["startupProbe", "start"],
  ["readinessProbe", "ready"],
  ["livenessProbe", "live"],
] as const;

async function checkService({ container }: Workload, trial: Trial): Promise<void> {
  const { report, signal } = trial.options;
  const access = await accessOf(trial);
  let hasProbes = false;
  for (const [kind, check] of probes) {
    const probe = container[kind];
    if (!probe) continue;
    hasProbes = true;
    const result = await checkProbe(probe, check, container, access, trial);
    report(result);
    if (result.level === "FAIL") return;
  }
  const seconds = hasProbes ? 1 : minRunSeconds;
  await wait(seconds * 1000, undefined, { signal });
  const state = await stateOf(trial.name, trial.docker);
  const seen = await observe(container, trial);
  if (!state.Running) return report(resultOfEnd("runs", state, seen, trial));
  report({ level: "ok", check: "runs", seen: hasProbes ? "after its probes" : `for ${seconds} s` });
  const reason = reasonIn(seen.log);
  if (reason) report({ level: "note", check: "log", ...reason });
}

/** Runs a probe until it passes, at most `failureThreshold` times. */
async function checkProbe(
  probe: Probe,
  check: string,
  container: Workload["container"],
  access: ContainerAccess,
  trial: Trial,
): Promise<CheckResult> {
  const { periodSeconds, failureThreshold } = probe;
  let answer: Answer = { passed: false, seen: "" };
  for (let attempt = 1; attempt <= failureThreshold; attempt++) {
    answer = await runProbe(probe, container, access);
    if (answer.passed) return { level: "ok", check, seen: answer.seen };
    const state = await stateOf(trial.name, trial.docker);
    if (!state.Running) return resultOfEnd(check, state, await observe(container, trial), trial);
    await wait(periodSeconds * 1000, undefined, { signal: trial.options.signal });
  }
  const seconds = periodSeconds * failureThreshold;
  const seen = await observe(container, trial);
  return failedProbeResult({ check, seconds }, answer, seen);
}

async function checkJob(
  { container }: Workload,
  deadlineSeconds: number,
  trial: Trial,
): Promise<void> {
  const { report, signal } = trial.options;
  const start = Date.now();
  const check = "ends";
  let state = await stateOf(trial.name, trial.docker);
  while (state.Running && Date.now() - start < deadlineSeconds * 1000) {
    await wait(500, undefined, { signal });
    state = await stateOf(trial.name, trial.docker);
  }
  const seen = await observe(container, trial);
  if (state.Running) {
    const late = `it still runs after ${deadlineSeconds} s`;
    report({ level: "FAIL", check, seen: late, setting: "`deadlineSeconds`" });
  } else if (state.ExitCode === 0) {
    report({ level: "ok", check, seen: "with code 0" });
  } else {
    report(resultOfEnd(check, state, seen, trial));
  }
}

function resultOfEnd(check: string, state: State, seen: Observation, trial: Trial): CheckResult {
  requireArchitecture(seen.log, trial);
  return endResult(check, state, seen);
}

async function observe(container: Workload["container"], trial: Trial): Promise<Observation> {
  const { name, docker, facts } = trial;
  const log = await docker(["logs", "--tail", "200", name], { both: true });
  return { container, image: facts, log };
}

async function accessOf({ name, docker }: Trial): Promise<ContainerAccess> {
  const ports = await portsOf(name, docker);
  return {
    publishedPort: (port) => ports.get(port),
    exec: async (command, timeoutMs) => {
      const asked = `\`${command.join(" ")}\``;
      const late = AbortSignal.timeout(timeoutMs);
      // An interrupted `docker exec` may end with code 0.
      const slow = `${asked} runs longer than ${timeoutMs / 1000} s`;
      try {
        await docker(["exec", name, ...command], { end: late });
        return late.aborted
          ? { passed: false, seen: slow }
          : { passed: true, seen: `${asked} ends with code 0` };
      } catch (error) {
        if (!(error instanceof CommandFailed)) throw error;
        const seen = `${asked} ends with code ${error.code}: ${error.message}`;
        return { passed: false, seen: late.aborted ? slow : seen };
      }
    },
  };
}
