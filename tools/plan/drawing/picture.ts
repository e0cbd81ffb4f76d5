import { componentsOf, isGroup, isProvider, kindOf, labelOf } from "../../graph/labels.ts";
import { aliasedBy } from "../../graph/manifests.ts";
import { prerequisites } from "../../graph/order.ts";
import type { Resource } from "../../graph/resource.ts";
import { type Cost, costOf } from "../cost/cost.ts";
import { dollars } from "../cost/cost-text.ts";
import { escaped } from "../text.ts";
import { requestFlows } from "./flow.ts";

type Palette = "light" | "dark";

const palettes = {
  light: { text: "#1f2328", quiet: "#59636e", box: "#f6f8fa", line: "#8c959f", flow: "#0969da" },
  dark: { text: "#f0f6fc", quiet: "#9198a1", box: "#151b23", line: "#656c76", flow: "#4493f8" },
};

const font = "Helvetica,Arial,sans-serif";
/** The font size of the layout and of the display: some machines have wider fonts. */
const [laidOut, shown] = [15, 12];

/** The drawing of Graphviz, with room for wider fonts. */
export function fittedDrawing(svg: string): string {
  return svg
    .replaceAll(`font-size="${laidOut}.00"`, `font-size="${shown}"`)
    .replace(/<!DOCTYPE[^>]*>\s*/, "")
    .replaceAll(/<!--[\s\S]*?-->\s*/g, "")
    .replaceAll(/<title>[^<]*<\/title>\s*/g, "")
    .replace(
      /(<svg [^>]*)>/,
      '$1 role="img">\n<title>The architecture, drawn from the program</title>',
    );
}

/** Types without information about a component. */
const minor =
  /^(Provider|Record|CertificateValidation)$|(?<!Network|Admission)Policy(Attachment)?$|PolicyBinding$|LoggingConfiguration$|^Bucket.+/;

/**
 * The architecture in Graphviz's language: a box for each component with its resources, an arrow to each
 * dependent, and the path of a request.
 */
export function pictureOf(resources: Resource[], palette: Palette): string {
  const color = palettes[palette];
  const components = componentsOf(resources);
  const outermost = resources.filter((one) => isGroup(one) && !components.get(one));
  const cost = costOf(resources);
  const members = (top: Resource) => resources.filter((one) => components.get(one) === top);
  const flow = flowOf(resources, components);
  return `digraph {
  graph [rankdir=LR bgcolor=transparent nodesep=0.25 ranksep=0.35 margin=0]
  node [shape=plain fontname="${font}" fontsize=${laidOut} fontcolor="${color.text}"]
  edge [color="${color.line}" arrowsize=0.7 penwidth=1.2 fontname="${font}" fontsize=${laidOut}
    fontcolor="${color.quiet}"]
${outermost.map((top) => `  ${id(top)} [label=<${box(top, members(top), cost, color)}>]`).join("\n")}
${edgesOf(resources, components)
  .map(([from, to]) => `  ${id(from)} -> ${id(to)}`)
  .join("\n")}
${flow.map((line) => `  ${line(color)}`).join("\n")}
}
`;
}

type Colors = (typeof palettes)[Palette];

const id = ({ urn }: Resource) => JSON.stringify(urn);

function box(top: Resource, members: Resource[], cost: Cost, color: Colors): string {
  const row = (text: string, tone = color.text) =>
    `<tr><td align="left">&#160;<font color="${tone}">${text}</font>&#160;</td></tr>`;
  const sum = cost.fixed
    .filter(({ urn }) => members.some((one) => one.urn === urn))
    .reduce((all, { monthly }) => all + monthly, 0);
  const price = Math.round(sum) > 0 ? [row(`${dollars(sum)} a month`, color.quiet)] : [];
  const controls = members.some(({ inputs }) => inputs.chart === "aws-load-balancer-controller");
  return [
    `<table border="1" cellborder="0" cellspacing="0" cellpadding="2" style="rounded"`,
    ` color="${color.line}" bgcolor="${color.box}">`,
    row(`<b>${escaped(words(kindOf(top)))}</b>`),
    ...contents(members, cost).map((line) => row(escaped(line), color.quiet)),
    ...(controls ? [row("makes the load balancer", color.flow)] : []),
    ...price,
    "</table>",
  ].join("");
}

/** `LoadBalancerController` as words. */
const words = (kind: string) => kind.replace(/(?<=[a-z])(?=[A-Z])/g, " ");

/** The most expensive resources, then the number by kind: `4 × Addon`. */
function contents(members: Resource[], cost: Cost): string[] {
  // What applications use, as the settings name it; what each is made of is in the plan.
  const named = members.filter((one) => isGroup(one) && one.type.startsWith("platform:resources:"));
  if (named.length > 0) return named.map(labelOf);
  const paid = cost.fixed
    .filter(({ urn, what }) => members.some((one) => one.urn === urn) && /node|NAT/.test(what))
    .map(({ count, what }) => `${count} × ${what}`);
  const counts = new Map<string, number>();
  for (const one of members) {
    const kind = kindOf(one);
    if (isGroup(one) || isProvider(one) || minor.test(kind)) continue;
    // An ExternalName is no Service here.
    if (aliasedBy(one.inputs)) continue;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const list = [...counts].map(([kind, count]) => (count > 1 ? `${count} × ${kind}` : kind));
  const lines = [...paid];
  for (const one of list) {
    const glued = `${lines.at(-1)}, ${one}`;
    if (lines.length > paid.length && glued.length <= 26) lines[lines.length - 1] = glued;
    else lines.push(one);
  }
  return lines;
}

/** The dependencies between components, without transitive ones. */
function edgesOf(
  resources: Resource[],
  components: Map<Resource, Resource | undefined>,
): [Resource, Resource][] {
  const byUrn = new Map(resources.map((one) => [one.urn, one]));
  const outermostOf = (urn: string) => {
    const one = byUrn.get(urn) as Resource;
    return components.get(one) ?? (isGroup(one) ? one : undefined);
  };
  const needs = new Map<Resource, Set<Resource>>();
  for (const [urn, others] of prerequisites(resources)) {
    const top = outermostOf(urn);
    for (const other of others) {
      const needed = outermostOf(other);
      if (!top || !needed || top === needed) continue;
      needs.set(top, (needs.get(top) ?? new Set()).add(needed));
    }
  }
  const reaches = (from: Resource, to: Resource): boolean =>
    [...(needs.get(from) ?? [])].some((next) => next === to || reaches(next, to));
  return [...needs].flatMap(([top, direct]) =>
    [...direct]
      .filter((one) => ![...direct].some((other) => other !== one && reaches(other, one)))
      .map((one): [Resource, Resource] => [one, top]),
  );
}

/** The user, the load balancer, the pods and their observability. */
function flowOf(resources: Resource[], components: Map<Resource, Resource | undefined>) {
  const find = (test: (one: Resource) => boolean) => {
    const found = resources.find(test);
    return found && components.get(found);
  };
  const service = find(({ type, inputs }) => type.endsWith(":Ingress") && inputs.spec?.rules);
  const agent = find(({ inputs }) => inputs.addonName === "amazon-cloudwatch-observability");
  const [hop] = requestFlows(resources)[0] ?? [];
  if (!service || !hop) return [];
  const ports = hop.what.split(" from ")[0] as string;
  const round = (name: string, label: string) => (color: Colors) =>
    `${name} [shape=box style="rounded" label="${label}" color="${color.flow}" ` +
    `fontcolor="${color.flow}" margin="0.1,0.06"]`;
  const way = (from: string, to: string, label: string) => (color: Colors) =>
    `${from} -> ${to} [color="${color.flow}" penwidth=2 label="${label}" fontcolor="${color.flow}"]`;
  return [
    round("user", "user"),
    round("balancer", "load balancer"),
    way("user", "balancer", ports),
    way("balancer", id(service), ""),
    ...(agent
      ? [round("cloudwatch", "CloudWatch"), way(id(agent), "cloudwatch", "logs, metrics")]
      : []),
  ];
}
