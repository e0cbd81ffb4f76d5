import type { Span, World } from "./world/world.ts";

/** A part of the time of a release, in simulated seconds from its start. */
export interface ReleasePart {
  what: string;
  /** The same without a resource's name, and in which step of the rollout; 0 is before it. */
  name: string;
  step: number;
  start: number;
  end: number;
  /** Nobody waits for it. */
  beside: boolean;
}

export interface ReleaseTime {
  title: string;
  seconds: number;
  parts: ReleasePart[];
  /** What no rollout can leave out: its first step, without waits for nodes or for the controller. */
  bound: { name: string; seconds: number }[];
}

const deploymentType = "kubernetes:apps/v1:Deployment";

/**
 * Where the time of an update of images goes that began at `from`: the chain up to the last Deployment.
 * Returns undefined if no Deployment rolled out.
 */
export function releaseTime(world: World, title: string, from: number): ReleaseTime | undefined {
  const spans = world.spans.filter(({ start, error }) => start >= from && !error);
  const rollout = last(
    spans.filter(({ type, action }) => type === deploymentType && action === "update"),
  );
  if (!rollout) return undefined;
  const before = (type: string) =>
    last(
      spans.filter(
        (one) => one.type === type && one.action === "create" && one.end <= rollout.start,
      ),
    );
  const phases = world.phases.filter(
    ({ urn, start }) => urn === rollout.urn && start >= rollout.start,
  );
  const steps = Math.max(...phases.map(({ step }) => step));
  const calls = [
    ["build and push", before("docker:index/image:Image")],
    ["job of the release", before("kubernetes:batch/v1:Job")],
  ].flatMap(([name, span]) => (span ? [{ name: name as string, span: span as Span }] : []));
  const within = ({ start, end }: { start: number; end: number }) => ({
    start: start - from,
    end: end - from,
  });
  return {
    title,
    seconds: rollout.end - from,
    parts: [
      ...calls.map(({ name, span }) => ({
        ...{ what: `${name} ${span.name}`, name, step: 0 },
        ...{ ...within(span), beside: false },
      })),
      ...phases.map(({ what, step, pods, beside = false, ...phase }) => ({
        what: `${rollout.name}, step ${step} of ${steps}, ${pods} pod${pods > 1 ? "s" : ""}: ${what}`,
        ...{ name: what, step, ...within(phase), beside },
      })),
    ],
    bound: [
      ...calls.map(({ name, span }) => ({ name, seconds: span.end - span.start })),
      ...phases
        .filter(({ step, least }) => step === 1 && least > 0)
        .map(({ what, least }) => ({ name: what, seconds: least })),
    ],
  };
}

/** How many times the bound a release takes. */
export function overBound({ seconds, bound }: ReleaseTime): number {
  return seconds / bound.reduce((sum, part) => sum + part.seconds, 0);
}

function last(spans: Span[]): Span | undefined {
  return spans.sort((one, other) => one.end - other.end).at(-1);
}
