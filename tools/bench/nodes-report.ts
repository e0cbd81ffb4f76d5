import type { LossFigures } from "../rehearsal/fleet/experiments.ts";
import type { Rehearsal } from "../rehearsal/scenario.ts";
import { table } from "./bench-report.ts";

/** What a rehearsal measures of one kind of nodes, in simulated seconds. */
export interface KindFigures {
  kind: string;
  ready: number;
  image: number;
  out: number;
  back: number;
  /** From, to, and the nodes at rest, at most, and after. */
  pods: { from: number; to: number; nodes: { before: number; most: number; after: number } };
  node: LossFigures;
  zone: LossFigures;
  destroy: number;
}

/** @throws {Error} if the rehearsal measured one of them not */
export function figuresOf(kind: string, rehearsal: Rehearsal): KindFigures {
  const { timeToReady, releases, pods, results } = rehearsal;
  const measured = <Value>(what: string, value: Value | undefined): Value => {
    if (value === undefined) throw new Error(`${kind}: the rehearsal has no ${what}`);
    return value;
  };
  const { load, node, zone } = measured("pods", pods);
  const seconds = (title: string) => results.find((one) => one.title === title)?.simulatedSeconds;
  return {
    kind,
    ready: measured("time to ready", timeToReady).seconds,
    image: measured("a new image", releases[0]).seconds,
    out: measured("scale-out", load.outSeconds),
    back: measured("scale-in", load.backSeconds),
    pods: { from: load.from, to: load.to, nodes: load.nodes },
    node,
    zone: measured("zone loss", zone),
    destroy: measured("destroy", seconds("destroy")),
  };
}

/** The section of docs/performance.md. */
export function renderKinds(date: string, kinds: KindFigures[]): string {
  const row = (name: string, of: (kind: KindFigures) => string) => [name, ...kinds.map(of)];
  const [first] = kinds;
  const { from = 0, to = 0 } = first?.pods ?? {};
  return [
    `${date}, minutes of simulated time. Losses are the worst of all nodes, and of all zones.`,
    "",
    table(
      ["", ...kinds.map(({ kind }) => `\`${kind}\``)],
      [
        row("`up` until the pods are ready", ({ ready }) => clock(ready)),
        row("a new image", ({ image }) => clock(image)),
        row(`${from} to ${to} pods`, ({ out }) => clock(out)),
        row(`${to} to ${from} pods, and nodes as before`, ({ back }) => clock(back)),
        row("nodes at rest, at most, after", ({ pods: { nodes } }) =>
          [nodes.before, nodes.most, nodes.after].join(", "),
        ),
        row("a node dies: all pods ready", ({ node }) => whole(node)),
        row("a zone is lost: all pods ready", ({ zone }) => whole(zone)),
        row("a zone is lost: pods that answer, at the fewest", ({ zone }) => strength(zone)),
        row("no requests to lost pods after", ({ zone }) => clock(zone.awaySeconds)),
        row("`destroy`", ({ destroy }) => clock(destroy)),
      ],
    ),
  ].join("\n");
}

const whole = ({ seconds }: LossFigures): string =>
  seconds === undefined ? "never" : clock(seconds);

const strength = ({ services }: LossFigures): string =>
  services.map(({ fewest, replicas }) => `${fewest} of ${replicas}`).join(", ");

function clock(seconds: number): string {
  const rounded = Math.round(seconds);
  return `${Math.floor(rounded / 60)}:${String(rounded % 60).padStart(2, "0")}`;
}
