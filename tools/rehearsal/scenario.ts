import { appendFileSync, chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kubernetesVersions } from "../../infra/config/schema.ts";
import { criticalPath, lowerBound, type PathStep } from "./critical-path.ts";
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
import { Stage, type StageOptions } from "./stage.ts";
import type { Outcome, Step } from "./staged-stack.ts";
import { issueElsewhere } from "./world/rules/edge-rules.ts";
import { nodeGroupType, scaleTo, scalingGroupOf } from "./world/rules/node-rules.ts";
import type { Props, World } from "./world/world.ts";

/** One step of the rehearsal, as it went. */
export interface Act {
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
  acts: Act[];
  timeToReady?: TimeToReady;
  /** What was left behind on purpose. */
  kept: string[];
}

export interface RehearsalOptions extends StageOptions {
  /**
   * `fast` is up, up again, a new image, destroy; `ends` is up and destroy alone.
   * @default whole
   */
  length?: "whole" | "fast" | "ends";
  /** Ends after the first step that broke a promise. @default false */
  stopWhenBroken?: boolean;
  /** Hears of engine and plugins before the first act. */
  onOpen?: (stage: Pick<Stage, "engine" | "plugins">) => void;
  /** Hears of each act when it is over. */
  onAct?: (act: Act) => void;
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
  const { length = "whole", stopWhenBroken = false, onOpen, onAct } = options;
  const stage = await Stage.open(options);
  onOpen?.(stage);
  const rehearsal: Rehearsal = { stack: options.stack, acts: [], kept: [] };
  const act: Play = async (title, run, promises, { fails = false } = {}) => {
    const { steps, simulatedSeconds, realSeconds, failed, errors } = await run();
    const unexpected = failed && !fails;
    const broken = unexpected
      ? errors
      : [
          ...(fails && !failed ? ["it should have failed, and did not"] : []),
          ...stage.world.incidents.splice(0),
          ...staleNames(stage.world),
          ...(await promises({ steps, errors })),
        ];
    const done = { title, steps, simulatedSeconds, realSeconds, broken };
    rehearsal.acts.push(done);
    onAct?.(done);
    if (unexpected || (stopWhenBroken && broken.length > 0)) throw new ScenarioAborted();
  };
  try {
    const hostName = stage.setting<string>("domain", "hostName");
    if (hostName) {
      issueElsewhere(stage.world, hostName, stage.setting("domain", "hostedZoneId") ?? "");
    }
    const upgrade = length === "whole" ? upgradeOf(stage) : undefined;
    if (upgrade) stage.configure("cluster", { kubernetesVersion: upgrade.from });
    await createStack(stage, act, length, upgrade);
    rehearsal.timeToReady = await timeToReady(stage);
    if (length !== "ends") await sameAgainAndNewImage(stage, act);
    if (length === "whole") await changes(stage, act, upgrade);
    if (length !== "ends") await act("up again", () => stage.up(), nothing);
    await destroyStack(stage, act);
    rehearsal.kept = stage.world
      .all()
      .filter(({ kept }) => kept)
      .map(describe);
  } catch (error) {
    if (!(error instanceof ScenarioAborted)) throw error;
  } finally {
    stage.close();
  }
  return rehearsal;
}

/** A step has failed that the rest builds upon. */
class ScenarioAborted extends Error {}

/** Plays one act, and throws `ScenarioAborted` when the run failed though `fails` was not expected. */
type Play = (
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
function upgradeOf(stage: Stage): Upgrade | undefined {
  const to = stage.setting<string>("cluster", "kubernetesVersion") ?? "";
  const at = (kubernetesVersions as readonly string[]).indexOf(to);
  const from = kubernetesVersions[at - 1];
  return from && { from, to };
}

async function createStack(
  stage: Stage,
  act: Play,
  length: RehearsalOptions["length"],
  upgrade: Upgrade | undefined,
): Promise<void> {
  const { world } = stage;
  let announced: Step[] | undefined;
  if (length !== "ends") {
    await act(
      "preview of the first up",
      () => stage.preview(),
      ({ steps }) => {
        announced = steps;
        return [];
      },
    );
  }
  await act(
    upgrade ? `up, with Kubernetes ${upgrade.from}` : "up",
    () => stage.up(),
    async ({ steps }) => [
      ...(announced ? differences("the preview announced", announced, steps) : []),
      ...unready(world),
      ...withoutRetention(world),
      ...imagesByTag(world),
      ...blockedBodies(world),
      ...unreachableCallees(world),
      ...missingDependencies(await stage.state()),
    ],
  );
}

async function sameAgainAndNewImage(stage: Stage, act: Play): Promise<void> {
  const { world } = stage;
  await act("up again", () => stage.up(), nothing);
  const before = deployedImages(world, subject(stage).name);
  const takeBack = changeImage(stage);
  await act(
    "a new image",
    () => stage.up(),
    ({ steps }) => [
      ...anotherImage(steps),
      ...(steps.some(({ type }) => type === deploymentType)
        ? []
        : ["the Deployment did not change: its image is not named by digest"]),
    ],
  );
  const built = builtSince(world);
  takeBack();
  await act(
    "the change taken back: the image that is there",
    () => stage.up(),
    ({ steps }) => [
      ...anotherImage(steps),
      ...built(0),
      ...(deployedImages(world, subject(stage).name) === before
        ? []
        : ["the image is not the one that it was"]),
    ],
  );
}

/** Deployments by another machine, and by one that was stopped in the middle. */
async function oddBuilds(stage: Stage, act: Play): Promise<void> {
  const { world } = stage;
  const file = builtFile(stage);
  if (!file) return;
  const sinceModes = builtSince(world);
  await act(
    "other permissions of a file: another image",
    () => {
      chmodSync(file, statSync(file).mode ^ 0o020);
      return stage.up();
    },
    ({ steps }) => [...anotherImage(steps), ...sinceModes(1)],
  );
  const built = builtSince(world);
  await act(
    "an up that is killed after its push",
    () => {
      changeImage(stage);
      world.faults.push({
        action: "create",
        type: imageType,
        code: "killed",
        message: "the engine is no more",
        unheard: true,
      });
      return stage.up();
    },
    () => built(1),
    { fails: true },
  );
  await act(
    "up after it: takes what was pushed",
    () => stage.up(),
    ({ steps }) => [
      ...anotherImage(steps),
      ...built(1),
      ...(steps.some(({ type }) => type === deploymentType) ? [] : ["it was not deployed"]),
    ],
  );
}

async function changes(stage: Stage, act: Play, upgrade: Upgrade | undefined): Promise<void> {
  const { world } = stage;
  let ran = 0;
  await act(
    "a larger scale, after the autoscaler has added nodes",
    () => {
      ran = growNodes(stage);
      scale(stage);
      return stage.up();
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
      ...nodesLost(stage, ran),
    ],
  );
  if (upgrade) {
    await act(
      `Kubernetes ${upgrade.from} to ${upgrade.to}`,
      () => {
        stage.configure("cluster", { kubernetesVersion: upgrade.to });
        return stage.up();
      },
      ({ steps }) => [
        ...onlyUpdates(steps),
        ...inOrder(world, ["aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup"]),
        ...addonsBehind(world, upgrade.to),
      ],
    );
  }
  await oddBuilds(stage, act);
  await failedReleaseJob(stage, act);
  await act(
    "a release whose pods crash: fails",
    () => {
      changeImage(stage);
      world.faults.push({
        action: "update",
        type: deploymentType,
        code: "ProgressDeadlineExceeded",
        message: "1 of 2 new pods is in CrashLoopBackOff",
      });
      return stage.up();
    },
    ({ steps, errors }) => [
      ...anotherImage(steps),
      ...(errors.some((error) => error.includes("CrashLoopBackOff"))
        ? []
        : [`the error does not say why: ${errors[0]}`]),
    ],
    { fails: true },
  );
  await act(
    "up after it: recovers",
    () => stage.up(),
    ({ steps }) => [
      ...anotherImage(steps),
      ...(steps.length === 0 ? ["nothing was done about the failed Deployment"] : []),
      ...unready(world),
    ],
  );
  const drifted = drift(world);
  await act(
    "refresh after changes by hand: finds them",
    () => stage.refresh(),
    ({ steps }) => touched(steps, drifted),
  );
  await act(
    "up after it: repairs them",
    () => stage.up(),
    ({ steps }) => [...touched(steps, drifted), ...withoutRetention(world)],
  );
}

/** A migration that fails: the pods that run stay as they are. */
async function failedReleaseJob(stage: Stage, act: Play): Promise<void> {
  const { world } = stage;
  if (!subject(stage).settings.release) return;
  const before = deployedImages(world, subject(stage).name);
  await act(
    "a job of a release that fails: the service stays as it is",
    () => {
      changeImage(stage);
      world.faults.push({
        action: "create",
        type: jobType,
        code: "BackoffLimitExceeded",
        message: "Job has reached the specified backoff limit: relation orders already exists",
      });
      return stage.up();
    },
    ({ errors }) => [
      ...(deployedImages(world, subject(stage).name) === before
        ? []
        : ["the service runs another image"]),
      ...(errors.some((error) => error.includes("relation orders already exists"))
        ? []
        : [`the error does not say why: ${errors[0]}`]),
    ],
    { fails: true },
  );
  await act(
    "up after it: the job runs again, and then the service changes",
    () => stage.up(),
    ({ steps }) => [
      ...anotherImage(steps),
      ...(steps.some(({ type }) => type === jobType) ? [] : ["the job did not run again"]),
      ...(deployedImages(world, subject(stage).name) === before
        ? ["the service did not change"]
        : []),
      ...unready(world),
    ],
  );
}

async function destroyStack(stage: Stage, act: Play): Promise<void> {
  if (stage.setting<boolean>("cluster", "deletionProtection")) {
    await act(
      "destroy of a protected stack: refused",
      () => stage.destroy(),
      ({ steps }) => nothing({ steps }),
      { fails: true },
    );
    await act(
      "up without protection",
      () => {
        unprotect(stage);
        return stage.up();
      },
      ({ steps }) => onlyUpdates(steps),
    );
  }
  const retained = new Set(
    (await stage.state()).filter((one) => one.retainOnDelete).map(({ urn }) => urn),
  );
  await act(
    "destroy",
    () => stage.destroy(),
    () => {
      // Of these the engine forgets, and the cloud is not even asked.
      for (const thing of stage.world.all()) {
        if (thing.urn && retained.has(thing.urn)) thing.kept = true;
      }
      const { world } = stage;
      return [...leftBehind(world), ...danglingNames(world), ...lostRenewals(world)];
    },
  );
}

/** The service that the rehearsal changes: the first one behind the load balancer, or the first. */
function subject(stage: Stage): { name: string; settings: Props } {
  const services = Object.entries(stage.settings<Record<string, Props>>("services") ?? {});
  const [name = "", settings = {}] = services.find(([, { route }]) => route) ?? services[0] ?? [];
  return { name, settings };
}

/** The Dockerfile that its image is built by; nothing where it has the image of others. */
function builtFile(stage: Stage): string | undefined {
  const { context } = subject(stage).settings.image;
  return context && join(stage.folder, context, "Dockerfile");
}

/** Another image of the service, built or of others. Gives the way back. */
function changeImage(stage: Stage): () => void {
  const { name, settings } = subject(stage);
  const file = builtFile(stage);
  if (file) {
    const before = readFileSync(file);
    appendFileSync(file, "\n");
    return () => writeFileSync(file, before);
  }
  const set = (reference: string) => stage.configure(`services.${name}.image`, { reference });
  set(`${settings.image.reference}-next`);
  return () => set(settings.image.reference);
}

/** The autoscaler has grown the group to its limit, which only AWS knows. */
function growNodes({ world }: Stage): number {
  const [group] = world.live(nodeGroupType);
  const most = group?.inputs.scalingConfig.maxSize ?? 0;
  if (group) scaleTo(world, group, { desiredCapacity: most });
  return most;
}

/** An update takes no node away that runs, as long as the new limits allow it. */
function nodesLost({ world }: Stage, before: number): string[] {
  const [group] = world.live(nodeGroupType);
  const now: number = (group && scalingGroupOf(world, group)?.inputs.desiredCapacity) ?? 0;
  return now < before ? [`${before} nodes ran, and the update leaves ${now}`] : [];
}

function scale(stage: Stage): void {
  const more = (slice: string, key: string, otherwise: number) =>
    stage.configure(slice, { [key]: (stage.setting<number>(slice, key) ?? otherwise) + 1 });
  more("nodes", "minSize", 2);
  if (stage.setting("nodes", "desiredSize") !== undefined) more("nodes", "desiredSize", 2);
  more("nodes", "maxSize", 3);
  const { name } = subject(stage);
  more(`services.${name}`, "minReplicas", 2);
  more(`services.${name}`, "maxReplicas", 4);
}

/** What a person does who means to destroy a protected stack. */
function unprotect(stage: Stage): void {
  stage.configure("environment", "development");
  stage.configure("cluster", { deletionProtection: false });
  stage.configure("ingress", { deletionProtection: false });
  stage.configure("registry", { forceDelete: true });
}

async function timeToReady(stage: Stage): Promise<TimeToReady> {
  const path = criticalPath(
    await stage.state(),
    stage.world.spans,
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
