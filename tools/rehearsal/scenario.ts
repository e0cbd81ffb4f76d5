import { appendFileSync, chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kubernetesVersions } from "../../infra/config/schema.ts";
import { criticalPath, lowerBound, type PathResource } from "./critical-path.ts";
import type { Outcome, Step } from "./engine-stack.ts";
import {
  fleetAtRest,
  type LossFigures,
  loseEachNode,
  loseEachZone,
  type ScaleFigures,
  scaleOutAndBack,
} from "./fleet/experiments.ts";
import {
  checkAddonVersions,
  checkBodySizes,
  checkCallees,
  checkDependencies,
  checkDigests,
  checkImageChange,
  checkLoadBalancerNames,
  checkNoBuild,
  checkNoSteps,
  checkNothingLeft,
  checkOnlyUpdates,
  checkPreview,
  checkReady,
  checkRecordsGoFirst,
  checkRenewals,
  checkRetention,
  checkTouched,
  checkTypes,
  checkUpdateOrder,
  checkZonalShift,
  countPushes,
  label,
  runningDigest,
  runningImages,
  watchAccount,
} from "./rehearsal-checks.ts";
import { RehearsalStack, type RehearsalStackOptions } from "./rehearsal-stack.ts";
import { type ReleaseTime, releaseTime } from "./release-time.ts";
import { issueElsewhere } from "./world/rules/edge-rules.ts";
import { takeSpotNode } from "./world/rules/eviction-rules.ts";
import { nodeGroupType, nodesOf, scaleTo, scalingGroupOf } from "./world/rules/node-rules.ts";
import { schedulingProblem } from "./world/scheduler.ts";
import type { Props, World } from "./world/world.ts";

/** One operation of a rehearsal: `up`, `preview`, `refresh` or `destroy`. */
export interface OperationResult {
  title: string;
  steps: Step[];
  simulatedSeconds: number;
  realSeconds: number;
  /** A sentence for each failed check. */
  failures: string[];
}

export interface TimeToReady {
  seconds: number;
  path: PathResource[];
  bound: { name: string; seconds: number }[];
}

export interface Rehearsal {
  stack: string;
  results: OperationResult[];
  timeToReady?: TimeToReady;
  /** Of a new image, and of one that was pushed before. */
  releases: ReleaseTime[];
  /** What the pods bore; of the losses the worst one of each kind. */
  pods?: { load: ScaleFigures; node: LossFigures; zone: LossFigures | undefined };
  /** The resources that the program keeps after a destroy. */
  kept: string[];
}

export interface RehearsalOptions extends RehearsalStackOptions {
  /**
   * `fast`: up, up again, a new image, destroy. `pods`: the same with other loads and losses. `upgrade`: up
   * with the version before, upgrade, destroy.
   * @default whole
   */
  length?: "whole" | "fast" | "pods" | "up and destroy" | "upgrade";
  /** Settings that replace those of the stack's file, by path; undefined removes one. */
  settings?: Record<string, Record<string, unknown> | undefined>;
  /** The Kubernetes version that it is upgraded to. @default that of the settings */
  to?: string;
  /** Ends after the first operation with a failed check. @default false */
  stopAtFailure?: boolean;
  /** Called with the engine and the plugins before the first operation. */
  onOpen?: (stack: Pick<RehearsalStack, "engine" | "plugins">) => void;
  /** Called after each operation. */
  onOperation?: (result: OperationResult) => void;
}

const imageType = "docker:index/image:Image";
const deploymentType = "kubernetes:apps/v1:Deployment";
const jobType = "kubernetes:batch/v1:Job";
const logGroupType = "aws:cloudwatch/logGroup:LogGroup";
const policyType = "kubernetes:networking.k8s.io/v1:NetworkPolicy";

/**
 * Deploys, changes, breaks, repairs and destroys a stack, and checks each operation. An operation that
 * fails unexpectedly ends the rehearsal.
 *
 * @throws {PlanError} if the stack does not exist
 * @throws {NoEngine} if the machine has no engine
 */
export async function rehearse(options: RehearsalOptions): Promise<Rehearsal> {
  const { length = "whole", stopAtFailure = false, to, onOpen, onOperation } = options;
  const stack = await RehearsalStack.open(options);
  onOpen?.(stack);
  // As the runbook says: while the first up waits for the pods.
  stack.world.secretsFilledAfter = 60;
  const checkAccount = watchAccount(stack.world);
  const rehearsal: Rehearsal = { stack: options.stack, results: [], releases: [], kept: [] };
  const runOperation: RunOperation = async (title, run, check, { fails = false } = {}) => {
    const { steps, simulatedSeconds, realSeconds, failed, errors } = await run();
    const unexpected = failed && !fails;
    const failures = unexpected
      ? errors
      : [
          ...(fails && !failed ? ["it should have failed, and did not"] : []),
          ...stack.world.incidents.splice(0),
          ...checkLoadBalancerNames(stack.world),
          ...checkAccount(),
          ...(await check({ steps, errors })),
        ];
    const done = { title, steps, simulatedSeconds, realSeconds, failures };
    rehearsal.results.push(done);
    onOperation?.(done);
    if (unexpected || (stopAtFailure && failures.length > 0)) throw new ScenarioAborted();
  };
  try {
    for (const [slice, values] of Object.entries(options.settings ?? {})) {
      if (values) stack.configure(slice, values);
      else stack.remove(slice);
    }
    const hostName = stack.setting<string>("domain", "hostName");
    if (hostName) {
      issueElsewhere(stack.world, hostName, stack.setting("domain", "hostedZoneId") ?? "");
    }
    const upgrades = length === "whole" || length === "upgrade";
    const upgrade = upgrades ? upgradeOf(stack, to) : undefined;
    if (upgrade) setVersion(stack, upgrade.from);
    await createStack(stack, runOperation, length, upgrade);
    rehearsal.timeToReady = await timeToReady(stack);
    if (isLong(length)) rehearsal.releases = await redeployAndChangeImage(stack, runOperation);
    if (length === "whole" || length === "pods") {
      rehearsal.pods = await movePods(stack, runOperation);
    }
    if (length === "whole") await changeStack(stack, runOperation, upgrade);
    if (length === "upgrade" && upgrade) await upgradeStack(stack, runOperation, upgrade);
    if (isLong(length)) await runOperation("up again", () => stack.up(), checkNoSteps);
    await destroyStack(stack, runOperation);
    rehearsal.kept = stack.world
      .all()
      .filter(({ kept }) => kept)
      .map(label);
  } catch (error) {
    if (!(error instanceof ScenarioAborted)) throw error;
  } finally {
    stack.close();
  }
  return rehearsal;
}

const isLong = (length: RehearsalOptions["length"]) =>
  length === "whole" || length === "fast" || length === "pods";

/** An operation has failed, and the next ones need it. */
class ScenarioAborted extends Error {}

/**
 * Runs and checks one operation. `fails`: its failure is expected.
 *
 * @throws {ScenarioAborted} if it fails unexpectedly
 */
type RunOperation = (
  title: string,
  run: () => Promise<Outcome>,
  check: (outcome: Pick<Outcome, "steps" | "errors">) => string[] | Promise<string[]>,
  options?: { fails?: boolean },
) => Promise<void>;

interface Upgrade {
  from: string;
  to: string;
}

/** The Kubernetes version and its predecessor; undefined if the program does not support that. */
function upgradeOf(
  stack: RehearsalStack,
  to = stack.setting<string>("cluster", "kubernetesVersion") ?? "",
): Upgrade | undefined {
  const at = (kubernetesVersions as readonly string[]).indexOf(to);
  const from = kubernetesVersions[at - 1];
  return from && { from, to };
}

/** With the release of the nodes' image, which names its version of Kubernetes but with Bottlerocket. */
function setVersion(stack: RehearsalStack, kubernetesVersion: string): void {
  const release = stack.setting<string>("nodes", "release");
  stack.configure("cluster", { kubernetesVersion });
  if (release && stack.setting("nodes", "operatingSystem") !== "bottlerocket") {
    stack.configure("nodes", { release: release.replace(/^\d+\.\d+(?=\.)/, kubernetesVersion) });
  }
}

async function createStack(
  stack: RehearsalStack,
  runOperation: RunOperation,
  length: RehearsalOptions["length"],
  upgrade: Upgrade | undefined,
): Promise<void> {
  const { world } = stack;
  let announced: Step[] | undefined;
  if (isLong(length)) {
    await runOperation(
      "preview of the first up",
      () => stack.preview(),
      ({ steps }) => {
        announced = steps;
        return [];
      },
    );
  }
  await runOperation(
    upgrade ? `up, with Kubernetes ${upgrade.from}` : "up",
    () => stack.up(),
    async ({ steps }) => [
      ...(announced ? checkPreview(announced, steps) : []),
      ...checkReady(world),
      ...checkRetention(world),
      ...checkDigests(world),
      ...checkBodySizes(world),
      ...checkCallees(world),
      ...checkZonalShift(world),
      ...checkDependencies(await stack.state()),
    ],
  );
}

async function redeployAndChangeImage(
  stack: RehearsalStack,
  runOperation: RunOperation,
): Promise<ReleaseTime[]> {
  const { world } = stack;
  await runOperation("up again", () => stack.up(), checkNoSteps);
  const before = runningImages(world, changedService(stack).name);
  const former = runningDigest(world, changedService(stack).name);
  const restore = changeImage(stack);
  const times: ReleaseTime[] = [];
  const timed: RunOperation = async (title, ...operation) => {
    const from = world.clock.now;
    await runOperation(title, ...operation);
    const time = releaseTime(world, title, from);
    if (time) times.push(time);
  };
  await timed(
    "a new image",
    () => stack.up(),
    ({ steps }) => [
      ...checkImageChange(steps),
      ...(steps.some(({ type }) => type === deploymentType)
        ? []
        : ["the Deployment did not change: its image is not named by digest"]),
    ],
  );
  const built = countPushes(world);
  const { name } = changedService(stack);
  await timed(
    "a release by digest: no build",
    () => {
      stack.configure(`services.${name}.image`, { digest: former });
      return stack.up();
    },
    ({ steps }) => [
      ...checkImageChange(steps),
      ...checkNoBuild(steps),
      ...built(0),
      ...(runningImages(world, name) === before ? [] : ["the image is not the former one"]),
    ],
  );
  stack.remove(`services.${name}.image.digest`);
  restore();
  await runOperation(
    "the former source again: no build",
    () => stack.up(),
    ({ steps }) => [
      ...checkImageChange(steps),
      ...built(0),
      ...(runningImages(world, changedService(stack).name) === before
        ? []
        : ["the image is not the former one"]),
    ],
  );
  return times;
}

/** Builds on a machine with other file modes, and builds by an engine that is killed. */
async function buildUnusually(stack: RehearsalStack, runOperation: RunOperation): Promise<void> {
  const { world } = stack;
  const file = dockerfileOf(stack);
  if (!file) return;
  const sinceModes = countPushes(world);
  await runOperation(
    "other permissions of a file: another image",
    () => {
      chmodSync(file, statSync(file).mode ^ 0o020);
      return stack.up();
    },
    ({ steps }) => [...checkImageChange(steps), ...sinceModes(1)],
  );
  const built = countPushes(world);
  await runOperation(
    "an up that is killed after its push",
    () => {
      changeImage(stack);
      world.faults.push({
        action: "create",
        type: imageType,
        code: "killed",
        message: "the engine was killed",
        killsEngine: true,
      });
      return stack.up();
    },
    () => built(1),
    { fails: true },
  );
  await runOperation(
    "up after it: uses the pushed image",
    () => stack.up(),
    ({ steps }) => [
      ...checkImageChange(steps),
      ...built(1),
      ...(steps.some(({ type }) => type === deploymentType) ? [] : ["it was not deployed"]),
    ],
  );
}

/** An operation without the engine: what Kubernetes and AWS do by themselves. */
async function observed({ world }: RehearsalStack, run: () => void): Promise<Outcome> {
  const [started, from] = [Date.now(), world.clock.now];
  run();
  const simulatedSeconds = world.clock.now - from;
  await world.clock.settle();
  const realSeconds = (Date.now() - started) / 1000;
  return { steps: [], errors: [], failed: false, simulatedSeconds, realSeconds };
}

/**
 * Pods and nodes come and go: by the load of the most pods of a service, and with a node. In production each
 * zone is lost once. The losses are of copies of the cloud.
 */
async function movePods(
  stack: RehearsalStack,
  runOperation: RunOperation,
): Promise<Rehearsal["pods"]> {
  const { world } = stack;
  const { name } = changedService(stack);
  let load: ScaleFigures | undefined;
  await runOperation(
    `${name}: load of its most pods, and back`,
    () =>
      observed(stack, () => {
        load = scaleOutAndBack(fleetAtRest(world), name);
      }),
    () => load?.failures ?? [],
  );
  const worst = async (title: string, lose: () => LossFigures[]) => {
    let losses: LossFigures[] = [];
    await runOperation(
      title,
      () =>
        observed(stack, () => {
          losses = lose();
        }),
      () => losses.flatMap(({ failures }) => failures),
    );
    return losses[0];
  };
  const node = await worst("each node dies, one in each run", () => loseEachNode(world));
  const zone =
    stack.setting<string>("environment") === "production"
      ? await worst("each zone is lost, one in each run", () => loseEachZone(world))
      : undefined;
  return load && node && { load, node, zone };
}

/** AWS takes a node of a Spot group back; another one comes, and every pod has a place again. */
async function loseSpotNode(stack: RehearsalStack, runOperation: RunOperation): Promise<void> {
  const { world } = stack;
  const group = world.live(nodeGroupType).find(({ inputs }) => inputs.capacityType === "SPOT");
  if (!group) return;
  const zones = () =>
    nodesOf(world, group)
      .map(({ inputs }) => inputs.subnetId)
      .sort()
      .join();
  const before = zones();
  await runOperation(
    "a Spot node that AWS takes back: another one comes",
    async () => {
      takeSpotNode(world, group);
      await world.clock.settle();
      return stack.up();
    },
    (outcome) => [
      ...checkNoSteps(outcome),
      ...(zones() === before ? [] : [`nodes ran in ${before}, and run in ${zones()}`]),
      ...world
        .live(deploymentType)
        .flatMap((deployment) => schedulingProblem(world, deployment) ?? []),
    ],
  );
}

async function changeStack(
  stack: RehearsalStack,
  runOperation: RunOperation,
  upgrade: Upgrade | undefined,
): Promise<void> {
  const { world } = stack;
  await loseSpotNode(stack, runOperation);
  let ran = 0;
  const rolled = world.phases.length;
  await runOperation(
    "a larger scale, after the autoscaler has added nodes",
    () => {
      ran = growNodes(stack);
      scale(stack);
      return stack.up();
    },
    ({ steps }) => [
      ...checkOnlyUpdates(steps),
      ...checkTypes(steps, [
        "aws:eks/nodeGroup:NodeGroup",
        "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
        "kubernetes:core/v1:ResourceQuota",
        // Its surge, which no pod sees: where nodes have room for more or for less.
        deploymentType,
        // Both show the limit.
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "aws:cloudwatch/dashboard:Dashboard",
      ]),
      ...(steps.length === 0 ? ["nothing changed"] : []),
      ...(world.phases.length === rolled ? [] : ["pods started again"]),
      ...checkNodesKept(stack, ran),
    ],
  );
  if (upgrade) await upgradeStack(stack, runOperation, upgrade);
  await buildUnusually(stack, runOperation);
  await failReleaseJob(stack, runOperation);
  await runOperation(
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
      ...checkImageChange(steps),
      ...(errors.some((error) => error.includes("CrashLoopBackOff"))
        ? []
        : [`the error does not say why: ${errors[0]}`]),
    ],
    { fails: true },
  );
  await runOperation(
    "up after it: recovers",
    () => stack.up(),
    ({ steps }) => [
      ...checkImageChange(steps),
      ...(steps.length === 0 ? ["nothing was done about the failed Deployment"] : []),
      ...checkReady(world),
    ],
  );
  const drifted = makeDrift(world);
  await runOperation(
    "refresh after changes by hand: finds them",
    () => stack.refresh(),
    ({ steps }) => checkTouched(steps, drifted),
  );
  await runOperation(
    "up after it: repairs them",
    () => stack.up(),
    ({ steps }) => [...checkTouched(steps, drifted), ...checkRetention(world)],
  );
}

async function upgradeStack(
  stack: RehearsalStack,
  runOperation: RunOperation,
  { from, to }: Upgrade,
): Promise<void> {
  const { world } = stack;
  await runOperation(
    `Kubernetes ${from} to ${to}`,
    () => {
      setVersion(stack, to);
      return stack.up();
    },
    ({ steps }) => [
      ...checkOnlyUpdates(steps),
      ...checkUpdateOrder(world, ["aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup"]),
      ...checkAddonVersions(world, to),
    ],
  );
}

/** Checks that a failed migration leaves the running pods alone. */
async function failReleaseJob(stack: RehearsalStack, runOperation: RunOperation): Promise<void> {
  const { world } = stack;
  if (!changedService(stack).settings.release) return;
  const before = runningImages(world, changedService(stack).name);
  await runOperation(
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
      ...(runningImages(world, changedService(stack).name) === before
        ? []
        : ["the service runs another image"]),
      ...(errors.some((error) => error.includes("relation orders already exists"))
        ? []
        : [`the error does not say why: ${errors[0]}`]),
    ],
    { fails: true },
  );
  await runOperation(
    "up after it: the job runs again, and then the service changes",
    () => stack.up(),
    ({ steps }) => [
      ...checkImageChange(steps),
      ...(steps.some(({ type }) => type === jobType) ? [] : ["the job did not run again"]),
      ...(runningImages(world, changedService(stack).name) === before
        ? ["the service did not change"]
        : []),
      ...checkReady(world),
    ],
  );
}

async function destroyStack(stack: RehearsalStack, runOperation: RunOperation): Promise<void> {
  if (stack.setting<boolean>("cluster", "deletionProtection")) {
    await runOperation(
      "destroy of a protected stack: refused",
      () => stack.destroy(),
      checkNoSteps,
      { fails: true },
    );
    await runOperation(
      "up without protection",
      () => {
        unprotect(stack);
        return stack.up();
      },
      // Production alone keeps everybody out of containers.
      ({ steps }) => checkOnlyUpdates(steps.filter(({ name }) => name !== "admission-debug")),
    );
  }
  const retained = new Set(
    (await stack.state()).filter(({ retainOnDelete }) => retainOnDelete).map(({ urn }) => urn),
  );
  await runOperation(
    "destroy",
    () => stack.destroy(),
    () => {
      // The engine forgets them and does not call the cloud.
      for (const resource of stack.world.all()) {
        if (resource.urn && retained.has(resource.urn)) resource.kept = true;
      }
      const { world } = stack;
      return [...checkNothingLeft(world), ...checkRecordsGoFirst(world), ...checkRenewals(world)];
    },
  );
}

/** The service that the rehearsal changes: the first with a route, else the first. */
function changedService(stack: RehearsalStack): { name: string; settings: Props } {
  const services = Object.entries(stack.settings<Record<string, Props>>("services") ?? {});
  const [name = "", settings = {}] = services.find(([, { route }]) => route) ?? services[0] ?? [];
  return { name, settings };
}

/** The Dockerfile of the changed service; undefined if its image is copied. */
function dockerfileOf(stack: RehearsalStack): string | undefined {
  const { context } = changedService(stack).settings.image;
  return context && join(stack.folder, context, "Dockerfile");
}

/** Gives the service another image. Returns the function that restores it. */
function changeImage(stack: RehearsalStack): () => void {
  const { name, settings } = changedService(stack);
  const file = dockerfileOf(stack);
  if (file) {
    const before = readFileSync(file);
    appendFileSync(file, "\n");
    return () => writeFileSync(file, before);
  }
  const set = (reference: string) => stack.configure(`services.${name}.image`, { reference });
  set(`${settings.image.reference}-next`);
  return () => set(settings.image.reference);
}

/** Scales the node groups to their limits behind the engine's back, as the autoscaler does. Returns the sum. */
function growNodes({ world }: RehearsalStack): number {
  const limits = world.live(nodeGroupType).map((group) => {
    const limit: number = group.inputs.scalingConfig.maxSize;
    scaleTo(world, group, { desiredCapacity: limit });
    return limit;
  });
  return limits.reduce((sum, limit) => sum + limit, 0);
}

/** An update removes no running node. */
function checkNodesKept({ world }: RehearsalStack, before: number): string[] {
  const now = world
    .live(nodeGroupType)
    .map((group): number => scalingGroupOf(world, group)?.inputs.desiredCapacity ?? 0)
    .reduce((sum, nodes) => sum + nodes, 0);
  return now < before ? [`${before} nodes ran, and the update leaves ${now}`] : [];
}

function scale(stack: RehearsalStack): void {
  const more = (slice: string, key: string, otherwise: number) =>
    stack.configure(slice, { [key]: (stack.setting<number>(slice, key) ?? otherwise) + 1 });
  more("nodes", "minSize", 2);
  if (stack.setting("nodes", "desiredSize") !== undefined) more("nodes", "desiredSize", 2);
  more("nodes", "maxSize", 3);
  const { name } = changedService(stack);
  more(`services.${name}`, "minReplicas", 2);
  more(`services.${name}`, "maxReplicas", 4);
}

/** Sets what an operator sets before the destroy of a protected stack. */
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

/** Changes two resources behind the engine's back. Returns their URNs. */
function makeDrift(world: World): string[] {
  const logGroup = world.all(logGroupType).find(({ urn }) => urn);
  const policy = world.all(policyType).find(({ name }) => name.endsWith("default-deny"));
  if (logGroup) {
    delete logGroup.inputs.retentionInDays;
    delete logGroup.outputs.retentionInDays;
  }
  if (policy) world.remove(policy);
  return [logGroup, policy].flatMap((resource) => resource?.urn ?? []);
}
