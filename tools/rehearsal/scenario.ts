import { appendFileSync, chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kubernetesVersions } from "../../infra/config/schema.ts";
import { criticalPath, lowerBound, type PathStep } from "./critical-path.ts";
import type { Outcome, Step } from "./engine-stack.ts";
import {
  addonsBehind,
  anotherImage,
  blockedBodies,
  builtSince,
  danglingNames,
  deployedImages,
  describe,
  differences,
  imagesByTag,
  inOrder,
  leftBehind,
  lostRenewals,
  missingDependencies,
  nothing,
  only,
  onlyUpdates,
  staleNames,
  touched,
  unreachableCallees,
  unready,
  withoutRetention,
} from "./promises.ts";
import { RehearsalStack, type RehearsalStackOptions } from "./rehearsal-stack.ts";
import { issueElsewhere } from "./world/rules/edge-rules.ts";
import { nodeGroupType, scaleTo, scalingGroupOf } from "./world/rules/node-rules.ts";
import type { Props, World } from "./world/world.ts";

/** The result of one step of the rehearsal. */
export interface StepResult {
  title: string;
  steps: Step[];
  simulatedSeconds: number;
  realSeconds: number;
  /** What was promised of this step and is not so; none when all is well. */
  broken: string[];
}

export interface TimeToReady {
  seconds: number;
  path: PathStep[];
  bound: { name: string; seconds: number }[];
}

export interface Rehearsal {
  stack: string;
  results: StepResult[];
  timeToReady?: TimeToReady;
  /** What was left behind on purpose. */
  kept: string[];
}

export interface RehearsalOptions extends RehearsalStackOptions {
  /**
   * `fast` is up, up again, a new image, destroy; `ends` is up and destroy alone.
   * @default whole
   */
  length?: "whole" | "fast" | "ends";
  /** Ends after the first step that broke a promise. @default false */
  stopWhenBroken?: boolean;
  /** Called with the engine and the plugins before the first step. */
  onOpen?: (stack: Pick<RehearsalStack, "engine" | "plugins">) => void;
  /** Called after each step. */
  onStep?: (result: StepResult) => void;
}

const imageType = "docker:index/image:Image";
const deploymentType = "kubernetes:apps/v1:Deployment";
const jobType = "kubernetes:batch/v1:Job";
const logGroupType = "aws:cloudwatch/logGroup:LogGroup";
const policyType = "kubernetes:networking.k8s.io/v1:NetworkPolicy";

/**
 * Deploys, changes, breaks, repairs and destroys a stack, and says of each step which promises it
 * broke. Ends early when a step has failed that the rest builds upon.
 *
 * Throws `PlanError` when there is no such stack, `NoEngine` when there is no engine.
 */
export async function rehearse(options: RehearsalOptions): Promise<Rehearsal> {
  const { length = "whole", stopWhenBroken = false, onOpen, onStep } = options;
  const stack = await RehearsalStack.open(options);
  onOpen?.(stack);
  const rehearsal: Rehearsal = { stack: options.stack, results: [], kept: [] };
  const runStep: RunStep = async (title, run, promises, { fails = false } = {}) => {
    const { steps, simulatedSeconds, realSeconds, failed, errors } = await run();
    const unexpected = failed && !fails;
    const broken = unexpected
      ? errors
      : [
          ...(fails && !failed ? ["it should have failed, and did not"] : []),
          ...stack.world.incidents.splice(0),
          ...staleNames(stack.world),
          ...(await promises({ steps, errors })),
        ];
    const done = { title, steps, simulatedSeconds, realSeconds, broken };
    rehearsal.results.push(done);
    onStep?.(done);
    if (unexpected || (stopWhenBroken && broken.length > 0)) throw new ScenarioAborted();
  };
  try {
    const hostName = stack.setting<string>("domain", "hostName");
    if (hostName) {
      issueElsewhere(stack.world, hostName, stack.setting("domain", "hostedZoneId") ?? "");
    }
    const upgrade = length === "whole" ? upgradeOf(stack) : undefined;
    if (upgrade) stack.configure("cluster", { kubernetesVersion: upgrade.from });
    await createStack(stack, runStep, length, upgrade);
    rehearsal.timeToReady = await timeToReady(stack);
    if (length !== "ends") await sameAgainAndNewImage(stack, runStep);
    if (length === "whole") await changes(stack, runStep, upgrade);
    if (length !== "ends") await runStep("up again", () => stack.up(), nothing);
    await destroyStack(stack, runStep);
    rehearsal.kept = stack.world
      .all()
      .filter(({ kept }) => kept)
      .map(describe);
  } catch (error) {
    if (!(error instanceof ScenarioAborted)) throw error;
  } finally {
    stack.close();
  }
  return rehearsal;
}

/** A step has failed that the rest builds upon. */
class ScenarioAborted extends Error {}

/** Runs one step. Throws `ScenarioAborted` when the run fails and `fails` is not set. */
type RunStep = (
  title: string,
  run: () => Promise<Outcome>,
  promises: (outcome: Pick<Outcome, "steps" | "errors">) => string[] | Promise<string[]>,
  options?: { fails?: boolean },
) => Promise<void>;

interface Upgrade {
  from: string;
  to: string;
}

/** The stack's Kubernetes version and the one before it, when that can be deployed too. */
function upgradeOf(stack: RehearsalStack): Upgrade | undefined {
  const to = stack.setting<string>("cluster", "kubernetesVersion") ?? "";
  const at = (kubernetesVersions as readonly string[]).indexOf(to);
  const from = kubernetesVersions[at - 1];
  return from && { from, to };
}

async function createStack(
  stack: RehearsalStack,
  runStep: RunStep,
  length: RehearsalOptions["length"],
  upgrade: Upgrade | undefined,
): Promise<void> {
  const { world } = stack;
  let announced: Step[] | undefined;
  if (length !== "ends") {
    await runStep(
      "preview of the first up",
      () => stack.preview(),
      ({ steps }) => {
        announced = steps;
        return [];
      },
    );
  }
  await runStep(
    upgrade ? `up, with Kubernetes ${upgrade.from}` : "up",
    () => stack.up(),
    async ({ steps }) => [
      ...(announced ? differences("the preview announced", announced, steps) : []),
      ...unready(world),
      ...withoutRetention(world),
      ...imagesByTag(world),
      ...blockedBodies(world),
      ...unreachableCallees(world),
      ...missingDependencies(await stack.state()),
    ],
  );
}

async function sameAgainAndNewImage(stack: RehearsalStack, runStep: RunStep): Promise<void> {
  const { world } = stack;
  await runStep("up again", () => stack.up(), nothing);
  const before = deployedImages(world, subject(stack).name);
  const takeBack = changeImage(stack);
  await runStep(
    "a new image",
    () => stack.up(),
    ({ steps }) => [
      ...anotherImage(steps),
      ...(steps.some(({ type }) => type === deploymentType)
        ? []
        : ["the Deployment did not change: its image is not named by digest"]),
    ],
  );
  const built = builtSince(world);
  takeBack();
  await runStep(
    "the change taken back: the image that is there",
    () => stack.up(),
    ({ steps }) => [
      ...anotherImage(steps),
      ...built(0),
      ...(deployedImages(world, subject(stack).name) === before
        ? []
        : ["the image is not the one that it was"]),
    ],
  );
}

/** Deployments by another machine, and by one that was stopped in the middle. */
async function oddBuilds(stack: RehearsalStack, runStep: RunStep): Promise<void> {
  const { world } = stack;
  const file = builtFile(stack);
  if (!file) return;
  const sinceModes = builtSince(world);
  await runStep(
    "other permissions of a file: another image",
    () => {
      chmodSync(file, statSync(file).mode ^ 0o020);
      return stack.up();
    },
    ({ steps }) => [...anotherImage(steps), ...sinceModes(1)],
  );
  const built = builtSince(world);
  await runStep(
    "an up that is killed after its push",
    () => {
      changeImage(stack);
      world.faults.push({
        action: "create",
        type: imageType,
        code: "killed",
        message: "the engine is no more",
        unheard: true,
      });
      return stack.up();
    },
    () => built(1),
    { fails: true },
  );
  await runStep(
    "up after it: takes what was pushed",
    () => stack.up(),
    ({ steps }) => [
      ...anotherImage(steps),
      ...built(1),
      ...(steps.some(({ type }) => type === deploymentType) ? [] : ["it was not deployed"]),
    ],
  );
}

async function changes(
  stack: RehearsalStack,
  runStep: RunStep,
  upgrade: Upgrade | undefined,
): Promise<void> {
  const { world } = stack;
  let ran = 0;
  await runStep(
    "a larger scale, after the autoscaler has added nodes",
    () => {
      ran = growNodes(stack);
      scale(stack);
      return stack.up();
    },
    ({ steps }) => [
      ...onlyUpdates(steps),
      ...only(steps, [
        "aws:eks/nodeGroup:NodeGroup",
        "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
        "kubernetes:core/v1:ResourceQuota",
        // They know the ceiling.
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "aws:cloudwatch/dashboard:Dashboard",
      ]),
      ...(steps.length === 0 ? ["nothing changed"] : []),
      ...nodesLost(stack, ran),
    ],
  );
  if (upgrade) {
    await runStep(
      `Kubernetes ${upgrade.from} to ${upgrade.to}`,
      () => {
        stack.configure("cluster", { kubernetesVersion: upgrade.to });
        return stack.up();
      },
      ({ steps }) => [
        ...onlyUpdates(steps),
        ...inOrder(world, ["aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup"]),
        ...addonsBehind(world, upgrade.to),
      ],
    );
  }
  await oddBuilds(stack, runStep);
  await failedReleaseJob(stack, runStep);
  await runStep(
    "a release whose pods crash: fails",
    () => {
      changeImage(stack);
      world.faults.push({
        action: "update",
        type: deploymentType,
        code: "ProgressDeadlineExceeded",
        message: "1 of 2 new pods is in CrashLoopBackOff",
      });
      return stack.up();
    },
    ({ steps, errors }) => [
      ...anotherImage(steps),
      ...(errors.some((error) => error.includes("CrashLoopBackOff"))
        ? []
        : [`the error does not say why: ${errors[0]}`]),
    ],
    { fails: true },
  );
  await runStep(
    "up after it: recovers",
    () => stack.up(),
    ({ steps }) => [
      ...anotherImage(steps),
      ...(steps.length === 0 ? ["nothing was done about the failed Deployment"] : []),
      ...unready(world),
    ],
  );
  const drifted = drift(world);
  await runStep(
    "refresh after changes by hand: finds them",
    () => stack.refresh(),
    ({ steps }) => touched(steps, drifted),
  );
  await runStep(
    "up after it: repairs them",
    () => stack.up(),
    ({ steps }) => [...touched(steps, drifted), ...withoutRetention(world)],
  );
}

/** A migration that fails: the pods that run stay as they are. */
async function failedReleaseJob(stack: RehearsalStack, runStep: RunStep): Promise<void> {
  const { world } = stack;
  if (!subject(stack).settings.release) return;
  const before = deployedImages(world, subject(stack).name);
  await runStep(
    "a job of a release that fails: the service stays as it is",
    () => {
      changeImage(stack);
      world.faults.push({
        action: "create",
        type: jobType,
        code: "BackoffLimitExceeded",
        message: "Job has reached the specified backoff limit: relation orders already exists",
      });
      return stack.up();
    },
    ({ errors }) => [
      ...(deployedImages(world, subject(stack).name) === before
        ? []
        : ["the service runs another image"]),
      ...(errors.some((error) => error.includes("relation orders already exists"))
        ? []
        : [`the error does not say why: ${errors[0]}`]),
    ],
    { fails: true },
  );
  await runStep(
    "up after it: the job runs again, and then the service changes",
    () => stack.up(),
    ({ steps }) => [
      ...anotherImage(steps),
      ...(steps.some(({ type }) => type === jobType) ? [] : ["the job did not run again"]),
      ...(deployedImages(world, subject(stack).name) === before
        ? ["the service did not change"]
        : []),
      ...unready(world),
    ],
  );
}

async function destroyStack(stack: RehearsalStack, runStep: RunStep): Promise<void> {
  if (stack.setting<boolean>("cluster", "deletionProtection")) {
    await runStep(
      "destroy of a protected stack: refused",
      () => stack.destroy(),
      ({ steps }) => nothing({ steps }),
      { fails: true },
    );
    await runStep(
      "up without protection",
      () => {
        unprotect(stack);
        return stack.up();
      },
      ({ steps }) => onlyUpdates(steps),
    );
  }
  const retained = new Set(
    (await stack.state()).filter((one) => one.retainOnDelete).map(({ urn }) => urn),
  );
  await runStep(
    "destroy",
    () => stack.destroy(),
    () => {
      // Of these the engine forgets, and the cloud is not even asked.
      for (const thing of stack.world.all()) {
        if (thing.urn && retained.has(thing.urn)) thing.kept = true;
      }
      const { world } = stack;
      return [...leftBehind(world), ...danglingNames(world), ...lostRenewals(world)];
    },
  );
}

/** The service that the rehearsal changes: the first one behind the load balancer, or the first. */
function subject(stack: RehearsalStack): { name: string; settings: Props } {
  const services = Object.entries(stack.settings<Record<string, Props>>("services") ?? {});
  const [name = "", settings = {}] = services.find(([, { route }]) => route) ?? services[0] ?? [];
  return { name, settings };
}

/** The Dockerfile that its image is built by; nothing where it has the image of others. */
function builtFile(stack: RehearsalStack): string | undefined {
  const { context } = subject(stack).settings.image;
  return context && join(stack.folder, context, "Dockerfile");
}

/** Another image of the service, built or of others. Gives the way back. */
function changeImage(stack: RehearsalStack): () => void {
  const { name, settings } = subject(stack);
  const file = builtFile(stack);
  if (file) {
    const before = readFileSync(file);
    appendFileSync(file, "\n");
    return () => writeFileSync(file, before);
  }
  const set = (reference: string) => stack.configure(`services.${name}.image`, { reference });
  set(`${settings.image.reference}-next`);
  return () => set(settings.image.reference);
}

/** The autoscaler has grown the group to its limit, which only AWS knows. */
function growNodes({ world }: RehearsalStack): number {
  const [group] = world.live(nodeGroupType);
  const most = group?.inputs.scalingConfig.maxSize ?? 0;
  if (group) scaleTo(world, group, { desiredCapacity: most });
  return most;
}

/** An update takes no node away that runs, as long as the new limits allow it. */
function nodesLost({ world }: RehearsalStack, before: number): string[] {
  const [group] = world.live(nodeGroupType);
  const now: number = (group && scalingGroupOf(world, group)?.inputs.desiredCapacity) ?? 0;
  return now < before ? [`${before} nodes ran, and the update leaves ${now}`] : [];
}

function scale(stack: RehearsalStack): void {
  const more = (slice: string, key: string, otherwise: number) =>
    stack.configure(slice, { [key]: (stack.setting<number>(slice, key) ?? otherwise) + 1 });
  more("nodes", "minSize", 2);
  if (stack.setting("nodes", "desiredSize") !== undefined) more("nodes", "desiredSize", 2);
  more("nodes", "maxSize", 3);
  const { name } = subject(stack);
  more(`services.${name}`, "minReplicas", 2);
  more(`services.${name}`, "maxReplicas", 4);
}

/** What a person does who means to destroy a protected stack. */
function unprotect(stack: RehearsalStack): void {
  stack.configure("environment", "development");
  stack.configure("cluster", { deletionProtection: false });
  stack.configure("ingress", { deletionProtection: false });
  stack.configure("registry", { forceDelete: true });
}

async function timeToReady(stack: RehearsalStack): Promise<TimeToReady> {
  const path = criticalPath(
    await stack.state(),
    stack.world.spans,
    ({ type }) => type === deploymentType,
  );
  return { seconds: path.at(-1)?.end ?? 0, path, bound: lowerBound() };
}

/** Changes made behind the engine's back; the URNs of what they were made to. */
function drift(world: World): string[] {
  const logGroup = world.all(logGroupType).find(({ urn }) => urn);
  const policy = world.all(policyType).find(({ name }) => name.endsWith("default-deny"));
  if (logGroup) {
    delete logGroup.inputs.retentionInDays;
    delete logGroup.outputs.retentionInDays;
  }
  if (policy) world.remove(policy);
  return [logGroup, policy].flatMap((thing) => thing?.urn ?? []);
}
