import type { Statement } from "../../infra/cluster/policy-document.ts";
import type { DnsRecord } from "../../infra/edge/dns.ts";
import { componentsOf, isGroup, isProvider, kindOf } from "../graph/labels.ts";
import { manifestsOf } from "../graph/manifests.ts";
import { childrenByParent, order } from "../graph/order.ts";
import { protectionOf } from "../graph/protection.ts";
import { missingEdges, neededByObjects } from "../graph/required-order.ts";
import type { Evaluation, Resource } from "../graph/resource.ts";
import { type Role, rolesOf } from "../graph/roles.ts";
import { capacityOf } from "./capacity-section.ts";
import { costOf } from "./cost/cost.ts";
import { costSummary } from "./cost/cost-text.ts";
import { requestFlows } from "./drawing/flow.ts";
import { lostZoneOf } from "./lost-zone-section.ts";
import { tightQuotas } from "./quotas.ts";
import { emptySecrets } from "./secrets-section.ts";
import { fitted, type Style, section as sectionOf, styleOf, width, wrapped } from "./text.ts";
import { policyViolations } from "./violations.ts";
import { workloadLines } from "./workloads-section.ts";

/** The plan as text, in lines of max. 80 characters. */
export function render({ stack, resources, outputs }: Evaluation, color = false): string {
  const style = styleOf(color);
  const section = (title: string, lines: string[]) => sectionOf(style, title, lines);
  const { create, delete: remove } = order(resources);
  const missing = missingEdges(resources);
  const cost = costSummary(costOf(resources));
  return [
    ...wrapped(`Stack ${stack}: ${placeOf(resources)}`, ""),
    ...section(countsOf(resources), tree(resources, style)),
    ...section("Request flow", requestFlows(resources).flatMap(flowLines)),
    ...section("Services and jobs", workloadText(resources)),
    ...section(
      "Capacity",
      capacityOf(resources).flatMap(({ of, what }) => wrapped(what, `  ${of.padEnd(8)}`)),
    ),
    ...section(
      "Without a zone",
      lostZoneOf(resources).flatMap(({ of, what }) =>
        wrapped(what, `  ${fitted(of, 12).padEnd(12)}`),
      ),
    ),
    ...section(
      "Quotas of AWS that it needs half of, or more",
      tightQuotas(resources).map(({ what, used, limit }) => `  ${used} of ${limit} ${what}`),
    ),
    ...section(
      "Secrets that a person fills while up waits (docs/runbooks.md, Empty secret)",
      emptySecrets(resources).map(
        ({ name, users }) => `  ${name}: ${users.join(", ") || "nobody"} waits for its value`,
      ),
    ),
    ...(outputs.dnsRecords
      ? section("DNS records that a person sets", dnsRecordLines(outputs.dnsRecords as DnsRecord[]))
      : []),
    ...section(cost.title, cost.lines),
    ...section("Kubernetes objects", manifestLines(resources)),
    ...section("IAM roles", rolesOf(resources).flatMap(roleLines)),
    ...section("Order of creation", orderLines(resources, create)),
    ...section("Order of deletion", [
      ...protectionLines(resources),
      ...orderLines(resources, remove),
    ]),
    ...section(
      `Kubernetes objects ${missing.length > 0 ? "must be" : "are"} deleted before`,
      survivorLines(resources),
    ),
    ...section("Policy violations", violationLines(resources, style)),
    ...missing
      .flatMap((sentence) => ["", ...wrapped(sentence, "MISSING EDGE: ")])
      .map((line) => style("red", line)),
    "",
  ].join("\n");
}

function placeOf(resources: Resource[]): string {
  const provider = resources.find(({ type }) => type === "pulumi:providers:aws")?.inputs;
  if (!provider) return "no AWS provider of its own";
  const { region, allowedAccountIds = [] } = provider;
  // Inputs of providers are text.
  const accounts: string[] =
    typeof allowedAccountIds === "string" ? JSON.parse(allowedAccountIds) : allowedAccountIds;
  return `account ${accounts.join(", ") || "any"}, region ${region}`;
}

function countsOf(resources: Resource[]): string {
  const made = resources.filter((one) => !isGroup(one));
  const counts = new Map<string, number>();
  for (const resource of made) {
    const kind = isProvider(resource) ? "providers" : (resource.type.split(":")[0] as string);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const kinds = [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${count} ${kind}`);
  const total = `Resources: ${made.length}`;
  return kinds.length > 0 ? `${total} (${kinds.join(", ")})` : total;
}

/** Without children it is one that is there already. */
const isNetwork = ({ type }: Resource) => type === "platform:network:Network";

function tree(resources: Resource[], style: Style): string[] {
  const children = childrenByParent(resources);
  const childrenOf = (urn?: string) => children.get(urn) ?? [];
  const sizeOf = (urn: string): number =>
    childrenOf(urn).reduce((sum, one) => sum + (isGroup(one) ? 0 : 1) + sizeOf(one.urn), 0);
  const lines = (children: Resource[], indent: string): string[] =>
    children.flatMap((child, at) => {
      const last = at === children.length - 1;
      const notes = [
        isGroup(child) && String(sizeOf(child.urn) || (isNetwork(child) ? "given" : "off")),
        child.remote && `${child.type.split(":")[0]}, with what it makes itself`,
        child.inputs.chart && `chart ${child.inputs.version}`,
        child.protect && "protected",
      ].filter(Boolean);
      const branch = `${indent}${last ? "└─" : "├─"} `;
      const label = fitted(`${kindOf(child)} ${child.name}`, width - branch.length);
      const note = notes.length > 0 ? ` (${notes.join(", ")})` : "";
      return [
        style("dim", branch) +
          (isGroup(child) ? style("bold", label) : label) +
          style("dim", fitted(note, width - branch.length - label.length)),
        ...lines(childrenOf(child.urn), `${indent}${last ? "   " : "│  "}`),
      ];
    });
  return lines(childrenOf(), "");
}

function flowLines(hops: ReturnType<typeof requestFlows>[number]): string[] {
  return hops.flatMap(({ at, what }, index) =>
    wrapped(what, `${index === 0 ? "  " : "→ "}${at.padEnd(14)}`),
  );
}

/** Their names. The values are known on AWS only. */
function dnsRecordLines(records: DnsRecord[]): string[] {
  return records.flatMap(({ name, type, value }) =>
    value.endsWith(".acm-validations.aws.")
      ? wrapped(
          `${type} ${name.replace(/^_[0-9a-f]+/, "_…")} while up waits for the certificate: up prints it`,
          "  ",
        )
      : wrapped(`${type} ${name} after up: the output dnsRecords has its value`, "  "),
  );
}

function workloadText(resources: Resource[]): string[] {
  const list = workloadLines(resources);
  const column = Math.min(Math.max(...list.map(({ name }) => name.length)), 30);
  return list.flatMap(({ name, what, assumed }) => [
    ...wrapped(what, `  ${fitted(name, column).padEnd(column)}  `),
    ...(assumed ? wrapped(`assumed of ${assumed}`, " ".repeat(column + 4)) : []),
  ]);
}

function manifestLines(resources: Resource[]): string[] {
  const releases = resources
    .filter(({ type }) => type === "kubernetes:helm.sh/v3:Release")
    .map(({ inputs }) => ({ kind: "Helm release", metadata: inputs as { name: string } }));
  const table = [...releases, ...manifestsOf(resources)].map(({ kind, metadata }) => {
    const { name, namespace } = metadata as { name: string; namespace?: string };
    return [kind, namespace ? `${namespace}/${name}` : name];
  });
  const column = Math.max(...table.map(([kind]) => (kind as string).length));
  return table.map(([kind = "", name]) => fitted(`  ${kind.padEnd(column)}  ${name}`, width));
}

function roleLines({ name, serviceAccount, trust, policies }: Role): string[] {
  const statements = trust === "[secret]" ? [] : trust.Statement;
  const principals = statements.flatMap(({ Principal }) => Object.values(Principal ?? {}).flat());
  const may = policies.flatMap((policy) => {
    if ("arn" in policy) return [`what ${policy.arn.split("/").at(-1)} allows`];
    return policy.document === "[secret]"
      ? ["what is secret"]
      : policy.document.Statement.map(statementLine);
  });
  return [
    fitted(`  ${name}`, width),
    ...wrapped(
      serviceAccount ? `service account ${serviceAccount}` : principals.join(", "),
      "    assumed by ",
    ),
    ...(may.length > 0 ? may : ["do nothing on AWS"]).flatMap((line) => wrapped(line, "    may  ")),
  ];
}

/** Max. three of a list; `--json` has all. */
const fewOf = (list: string[], word: string) =>
  list.length > 3 ? `${list.length} ${word}` : list.join(", ");

function statementLine({ Sid, Effect, Action, Resource, Condition }: Statement): string {
  const actions = [Action ?? []].flat();
  const services = new Set(actions.map((action) => action.split(":")[0] as string));
  const resources = [Resource ?? []].flat().map((arn) => arn.split(":").slice(5).join(":") || arn);
  const keys = new Set(Object.values(Condition ?? {}).flatMap((tests) => Object.keys(tests)));
  return [
    Sid && `${Sid}:`,
    Effect === "Deny" && "NOT",
    fewOf(actions, `actions of ${[...services].join(", ")}`),
    `on ${fewOf(resources, "kinds of resource")}`,
    keys.size > 0 && `if ${[...keys].join(", ")}`,
  ]
    .filter(Boolean)
    .join(" ");
}

/** The layers by number, each with its resources by component. */
function orderLines(resources: Resource[], layers: string[][]): string[] {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const shown = layers
    .map((layer) => layer.flatMap((urn) => byUrn.get(urn) ?? []).filter((one) => !isGroup(one)))
    .filter((layer) => layer.length > 0);
  const components = componentsOf(resources);
  const componentOf = (one: Resource) => components.get(one);
  const titleOf = (component?: Resource) => (component ? kindOf(component) : "");
  const column = Math.max(...resources.map((one) => titleOf(componentOf(one)).length));
  return shown.flatMap((layer, at) => {
    const parts = [...new Set(layer.map(componentOf))].sort(
      (a, b) => resources.indexOf(a as Resource) - resources.indexOf(b as Resource),
    );
    return parts.flatMap((component, line) => {
      const members = layer.filter((one) => componentOf(one) === component);
      const number = line === 0 ? String(at + 1) : "";
      const lead = `${number.padStart(4)}  ${titleOf(component).padEnd(column)}  `;
      return wrapped(listOf(members, component), lead);
    });
  });
}

/** By kind, with names without the component's: `Role nodes, vpc-cni; Vpc`. */
function listOf(members: Resource[], component?: Resource): string {
  const byKind = new Map<string, string[]>();
  for (const member of members) {
    const name = member.name === component?.name ? "" : member.name;
    const short = component ? name.replace(`${component.name}-`, "") : name;
    byKind.set(kindOf(member), [...(byKind.get(kindOf(member)) ?? []), short]);
  }
  return [...byKind]
    .map(([kind, names]) => `${kind} ${names.filter(Boolean).join(", ")}`.trim())
    .join("; ");
}

/** The settings to change before a destroy. */
function protectionLines(all: Resource[]): string[] {
  const { resources, settings } = protectionOf(all);
  if (resources.length === 0) return [];
  const held = resources.map((one) => `${kindOf(one)} ${one.name}`).join(", ");
  return wrapped(
    `refused while protected: ${held}. First set ${settings.join(", ")}, and run up.`,
    "  ",
  );
}

/** The resources that the ordering rules require for all of the objects. */
function survivorLines(resources: Resource[]): string[] {
  const needed = neededByObjects(resources).map((one) => `${kindOf(one)} ${one.name}`);
  return needed.length > 0 ? wrapped(needed.join(", "), "  ") : [];
}

function violationLines(resources: Resource[], style: Style): string[] {
  return policyViolations(resources).flatMap(({ rule, level, urn, problem, remedy }) => {
    const [, , type = "", name] = urn.split("::");
    const lines = wrapped(
      `${type.split(":").at(-1)} ${name} ${problem}. ${remedy}. (${rule}, ${level})`,
      "  ",
    );
    return level === "mandatory" ? lines.map((line) => style("red", line)) : lines;
  });
}
