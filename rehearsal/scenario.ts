import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { criticalPath, lowerBound, type PathStep } from "./critical-path.ts";
import { type Outcome, Stage, type StageOptions, type Step } from "./stage.ts";
import { addonVersionFor } from "./world/outputs.ts";
import type { Thing, World } from "./world/world.ts";

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
  /** Only up, up again, a new image and destroy. @default false */
  fast?: boolean;
  /** Hears of each act when it is over. */
  onAct?: (act: Act) => void;
}

const deploymentType = "kubernetes:apps/v1:Deployment";
const logGroupType = "aws:cloudwatch/logGroup:LogGroup";
const policyType = "kubernetes:networking.k8s.io/v1:NetworkPolicy";

/**
 * Deploys, changes, breaks, repairs and destroys a stack, and says of each step which promises it
 * broke. Ends early when a step has failed that the rest builds upon.
 */
export async function rehearse(options: RehearsalOptions): Promise<Rehearsal> {
  const stage = await Stage.open(options);
  const rehearsal: Rehearsal = { stack: options.stack, acts: [], kept: [] };
  try {
    await play(stage, rehearsal, options);
  } finally {
    await stage.close();
  }
  return rehearsal;
}

async function play(
  stage: Stage,
  rehearsal: Rehearsal,
  { fast = false, onAct }: RehearsalOptions,
): Promise<void> {
  const { world } = stage;
  /** Runs one act; false when the run itself failed though it should not have. */
  const act = async (
    title: string,
    run: () => Promise<Outcome>,
    promises: (outcome: Outcome) => string[],
    { fails = false } = {},
  ): Promise<boolean> => {
    const outcome = await run();
    const failures = outcome.failed && !fails ? outcome.errors : [];
    const broken = failures.length > 0 ? failures : promises(outcome);
    if (fails && !outcome.failed) broken.unshift("it should have failed, and did not");
    const { steps, simulatedSeconds, realSeconds } = outcome;
    const done = { title, steps, simulatedSeconds, realSeconds, broken };
    rehearsal.acts.push(done);
    onAct?.(done);
    return failures.length === 0;
  };

  const version = fast ? undefined : stage.setting<string>("cluster", "kubernetesVersion");
  const previous = version && oneMinorBelow(version);
  if (previous) stage.configure("cluster", { kubernetesVersion: previous });

  let announced: Step[] = [];
  const previewed = await act(
    "preview of the first up",
    () => stage.preview(),
    ({ steps }) => {
      announced = steps;
      return [];
    },
  );
  if (!previewed) return;
  const up = await act(
    previous ? `up, with Kubernetes ${previous}` : "up",
    () => stage.up(),
    ({ steps }) => [
      ...differences("the preview announced", announced, steps),
      ...unready(world),
      ...withoutRetention(world),
      ...imagesByTag(world),
    ],
  );
  if (!up) return;
  rehearsal.timeToReady = await timeToReady(stage);
  await act("up again", () => stage.up(), nothing);

  await act(
    "a new image",
    () => {
      appendFileSync(join(stage.folder, "service/package.json"), "\n");
      return stage.up();
    },
    ({ steps }) => [
      ...onlyUpdates(steps),
      ...only(steps, ["docker:index/image:Image", deploymentType]),
      ...(steps.some(({ type }) => type === deploymentType)
        ? []
        : ["the Deployment did not change: its image is not named by digest"]),
    ],
  );

  if (!fast) {
    await act(
      "a larger scale",
      () => {
        scale(stage);
        return stage.up();
      },
      ({ steps }) => [
        ...onlyUpdates(steps),
        ...only(steps, [
          "aws:eks/nodeGroup:NodeGroup",
          "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
          "kubernetes:core/v1:ResourceQuota",
        ]),
        ...(steps.length === 0 ? ["nothing changed"] : []),
      ],
    );
    if (version && previous) {
      await act(
        `Kubernetes ${previous} to ${version}`,
        () => {
          stage.configure("cluster", { kubernetesVersion: version });
          return stage.up();
        },
        ({ steps }) => [
          ...onlyUpdates(steps),
          ...inOrder(world, ["aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup"]),
          ...addonsBehind(world, version),
        ],
      );
    }
    await act(
      "a release whose pods crash",
      () => {
        appendFileSync(join(stage.folder, "service/package.json"), "\n");
        world.faults.push({
          action: "update",
          type: deploymentType,
          code: "ProgressDeadlineExceeded",
          message: "1 of 2 new pods is in CrashLoopBackOff",
        });
        return stage.up();
      },
      ({ steps, errors }) => [
        ...onlyUpdates(steps),
        ...only(steps, ["docker:index/image:Image", deploymentType]),
        ...(errors.some((error) => error.includes("CrashLoopBackOff"))
          ? []
          : [`the error does not say why: ${errors[0]}`]),
      ],
      { fails: true },
    );
    await act(
      "up after it: repaired",
      () => stage.up(),
      ({ steps }) => [
        ...onlyUpdates(steps),
        ...only(steps, [deploymentType]),
        ...(steps.length === 0 ? ["nothing was done about the failed Deployment"] : []),
        ...unready(world),
      ],
    );
    const drifted = drift(world);
    await act(
      `refresh after changes by hand: ${drifted.map(({ what }) => what).join(", ")}`,
      () => stage.refresh(),
      ({ steps }) =>
        touched(
          steps,
          drifted.map(({ urn }) => urn),
        ),
    );
    await act(
      "up after it: repaired",
      () => stage.up(),
      ({ steps }) => [
        ...touched(
          steps,
          drifted.map(({ urn }) => urn),
        ),
        ...withoutRetention(world),
      ],
    );
  }
  await act("up again", () => stage.up(), nothing);

  if (stage.setting<boolean>("cluster", "deletionProtection")) {
    await act(
      "destroy of a protected stack: refused",
      () => stage.destroy(),
      ({ steps }) =>
        steps.length === 0
          ? []
          : [`${steps.length} resources were deleted before it was refused: ${names(steps)}`],
      { fails: true },
    );
    const open = await act(
      "up without protection",
      () => {
        unprotect(stage);
        return stage.up();
      },
      ({ steps }) => onlyUpdates(steps),
    );
    if (!open) return;
  }
  await act(
    "destroy",
    () => stage.destroy(),
    () => leftBehind(world),
  );
  rehearsal.kept = world
    .all()
    .filter(({ kept }) => kept)
    .map(describe);
}

function scale(stage: Stage): void {
  const more = (slice: string, key: string, otherwise: number) =>
    stage.configure(slice, { [key]: (stage.setting<number>(slice, key) ?? otherwise) + 1 });
  more("nodes", "maxSize", 3);
  more("service", "minReplicas", 2);
  more("service", "maxReplicas", 4);
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

function nothing({ steps }: Outcome): string[] {
  return steps.length === 0 ? [] : [`it should change nothing, and changed ${names(steps)}`];
}

function onlyUpdates(steps: Step[]): string[] {
  const others = steps.filter(({ op }) => op !== "update");
  return others.length === 0 ? [] : [`it should only update, and there is ${names(others)}`];
}

function only(steps: Step[], types: string[]): string[] {
  const others = steps.filter(({ type, custom }) => custom && !types.includes(type));
  return others.length === 0 ? [] : [`it should not touch ${names(others)}`];
}

function touched(steps: Step[], urns: string[]): string[] {
  const custom = steps.filter((step) => step.custom);
  const missed = urns.filter((urn) => !custom.some((step) => step.urn === urn));
  const others = custom.filter(({ urn }) => !urns.includes(urn));
  return [
    ...missed.map((urn) => `it missed ${urn.split("::").slice(-2).join(" ")}`),
    ...(others.length > 0 ? [`it should not touch ${names(others)}`] : []),
  ];
}

function differences(who: string, announced: Step[], done: Step[]): string[] {
  const keys = (steps: Step[]) => new Set(steps.map(({ op, urn }) => `${op} ${urn}`));
  const [before, after] = [keys(announced), keys(done)];
  const odd = [
    ...announced.filter(({ op, urn }) => !after.has(`${op} ${urn}`)),
    ...done.filter(({ op, urn }) => !before.has(`${op} ${urn}`)),
  ];
  return odd.length === 0 ? [] : [`${who} something else: ${names(odd)}`];
}

function unready(world: World): string[] {
  return world
    .all()
    .filter(({ status }) => status !== "ready")
    .map((thing) => `${describe(thing)} is ${thing.status}`);
}

function withoutRetention(world: World): string[] {
  return world
    .all(logGroupType)
    .filter(({ inputs }) => !inputs.retentionInDays)
    .map(
      ({ id, madeBy }) =>
        `log group ${id} has no retention${madeBy ? `: it was made by ${madeBy}` : ""}`,
    );
}

function imagesByTag(world: World): string[] {
  return world
    .all(deploymentType)
    .flatMap(({ name, inputs }) =>
      (inputs.spec.template.spec.containers as { image: string }[])
        .filter(({ image }) => !/@sha256:[0-9a-f]{64}$/.test(image))
        .map(({ image }) => `Deployment ${name} names its image by tag, not by digest: ${image}`),
    );
}

/** The last updates of these types were one after the other. */
function inOrder(world: World, types: string[]): string[] {
  const spans = types.map((type) =>
    world.spans.filter((span) => span.action === "update" && span.type === type).at(-1),
  );
  return spans.flatMap((span, at) => {
    const next = spans[at + 1];
    if (!span) return [`${types[at]} was not updated`];
    return next && next.start < span.end ? [`${next.name} began before ${span.name} was done`] : [];
  });
}

/** Add-ons that are neither pinned nor at EKS's default for the version. */
function addonsBehind(world: World, kubernetesVersion: string): string[] {
  const wanted = addonVersionFor(kubernetesVersion);
  return world
    .all("aws:eks/addon:Addon")
    .filter(({ inputs, outputs }) => (inputs.addonVersion ?? outputs.addonVersion) !== wanted)
    .filter(({ inputs }) => !inputs.addonVersion || isDefault(inputs.addonVersion))
    .map(
      ({ inputs, outputs }) =>
        `add-on ${inputs.addonName} stays at ${outputs.addonVersion}, not ${wanted}, the default for ${kubernetesVersion}`,
    );
}

function isDefault(version: string): boolean {
  return /^v1\.\d+\.0-eksbuild\.1$/.test(version);
}

function leftBehind(world: World): string[] {
  return world
    .all()
    .filter(({ kept }) => !kept)
    .map((thing) => `${describe(thing)} is left${thing.madeBy ? `, made by ${thing.madeBy}` : ""}`);
}

/** Changes made behind the engine's back. */
function drift(world: World): { what: string; urn: string }[] {
  const logGroup = world.all(logGroupType).find(({ urn }) => urn);
  const policy = world.all(policyType).find(({ name }) => name.endsWith("default-deny"));
  const changed: { what: string; urn: string }[] = [];
  if (logGroup?.urn) {
    delete logGroup.inputs.retentionInDays;
    delete logGroup.outputs.retentionInDays;
    changed.push({ what: `log group ${logGroup.name} never expires`, urn: logGroup.urn });
  }
  if (policy?.urn) {
    world.remove(policy);
    changed.push({ what: `network policy ${policy.name} deleted`, urn: policy.urn });
  }
  return changed;
}

function oneMinorBelow(version: string): string {
  const [major, minor] = version.split(".").map(Number);
  return `${major}.${(minor ?? 1) - 1}`;
}

function names(steps: Step[]): string {
  const shown = steps.slice(0, 8).map(({ op, type, name }) => `${op} ${shortType(type)} ${name}`);
  return [...shown, ...(steps.length > 8 ? [`and ${steps.length - 8} more`] : [])].join(", ");
}

function describe({ type, name }: Thing): string {
  return `${shortType(type)} ${name}`;
}

export function shortType(type: string): string {
  return type.split(":").at(-1) ?? type;
}
