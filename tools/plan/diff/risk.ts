import { nodeDeadlines } from "../../../infra/services/drain.ts";
import { evictionSeconds } from "../../cloud/durations.ts";
import { labelOf } from "../../graph/labels.ts";
import { manifestsOf } from "../../graph/manifests.ts";
import type { Resource } from "../../graph/resource.ts";
import { servicePods } from "../../graph/workload-pods.ts";
import { budgetRisks } from "../cost/budget.ts";
import { costOf } from "../cost/cost.ts";
import { identityOf } from "./caused-replacements.ts";
import { dataRisks } from "./data-risks.ts";
import { amber, type Difference, type Level, type Risk, red } from "./difference-model.ts";
import { few } from "./difference-words.ts";
import { workloadRisks } from "./workload-risks.ts";

const isCluster = ({ type }: { type: string }) =>
  /^(eks:index|aws:eks\/cluster):Cluster$/.test(type);
const isNodeGroup = ({ type }: { type: string }) => type === "aws:eks/nodeGroup:NodeGroup";
const isNetwork = ({ type }: { type: string }) => /^(awsx:ec2|aws:ec2\/vpc):Vpc$/.test(type);
const everywhere = /(^|,)(0\.0\.0\.0\/0|::\/0)(,|$)/;

/** Why somebody should look twice before this is deployed, the worst first. */
export function risksOf(
  difference: Omit<Difference, "risk" | "risks">,
  from: Resource[],
  to: Resource[],
): Risk[] {
  const old = new Map(from.map((one) => [one.urn, one]));
  const gone = [...difference.removed, ...difference.replaced].map(
    ({ urn }) => old.get(urn) as Resource,
  );
  const withOthers = new Set(difference.replaced.flatMap(({ takesDown }) => takesDown));
  const because = new Map(difference.replaced.map((one) => [one.urn, one.because]));
  const risks: Risk[] = [
    ...gone.flatMap((one): Risk[] => [
      ...(isCluster(one) || isNetwork(one) ? [groundRisk(one, because.get(one.urn))] : []),
      ...(one.protect ? [red(`${labelOf(one)} is protected: Pulumi refuses the update`)] : []),
      ...(one.type.endsWith(":Ingress") && albAnnotation(one, "scheme")
        ? [red(`${labelOf(one)} goes: its load balancer is deleted, and its name leads nowhere`)]
        : []),
    ]),
    ...dataRisks(difference, from, to),
    ...exposures(from, to),
    ...budgetRisks(costOf(from), costOf(to)),
    ...difference.permissions.flatMap(permissionRisks),
    ...difference.replaced
      .filter(({ urn, goesFirst }) => goesFirst && !withOthers.has(urn))
      .map((one) => amber(`${labelOf(one)} is away for a while`)),
    ...difference.replaced.filter(isNodeGroup).map((one) => evictionRisk(one, from, to)),
    ...difference.removed.filter(isNodeGroup).map((one) => evictionRisk(one, from, to)),
    ...difference.changed.flatMap(changeRisks),
    ...workloadRisks(difference, from, to),
    ...nameCollisions(difference, from, to),
    ...deletions(difference.removed),
  ];
  const unique = new Map(risks.map((risk) => [risk.reason, risk]));
  return [...unique.values()].sort((a, b) => Number(b.level === "red") - Number(a.level === "red"));
}

/** What all others are on. EKS refuses subnets of another VPC (Amazon EKS User Guide, VPC requirements). */
function groundRisk(one: Resource, because: string | undefined): Risk {
  return because === "vpcId"
    ? red(
        `${labelOf(one)} would move to another VPC, which EKS refuses: the update fails. Only a new stack with another cluster.name gets there`,
      )
    : red(`${labelOf(one)} goes, with all that runs in it`);
}

/** What comes under a name that another one still bears: new things are made before old ones go. */
function nameCollisions(
  { added, removed, replaced }: Pick<Difference, "added" | "removed" | "replaced">,
  from: Resource[],
  to: Resource[],
): Risk[] {
  const identity = (list: Resource[], urn: string) =>
    identityOf(list.find((one) => one.urn === urn) as Resource);
  const renamed = replaced.filter(({ urn }) => identity(from, urn) !== identity(to, urn));
  return [...removed, ...renamed].flatMap((gone) => {
    const name = identity(from, gone.urn);
    const twin = added.find(
      ({ type, urn }) => name !== undefined && type === gone.type && identity(to, urn) === name,
    );
    return twin
      ? [
          red(
            `${labelOf(twin)} bears the name of ${labelOf(gone)}, which is still there when it is made: an alias would keep that one`,
          ),
        ]
      : [];
  });
}

function deletions(removed: Difference["removed"]): Risk[] {
  // Of an image that is let go the repository keeps what was pushed.
  // Other secrets have another class: the change of their pods tells it.
  const real = removed.filter(
    ({ type }) => !/^(pulumi|docker):/.test(type) && !type.endsWith(":SecretProviderClass"),
  );
  const isolating = real.filter(({ type }) => type.endsWith(":NetworkPolicy"));
  return [
    ...isolating.map((one) => amber(`${labelOf(one)} is deleted: pods are less isolated`)),
    ...(real.length > 0 ? [amber(`deleted: ${few(real.map(labelOf))}`)] : []),
  ];
}

export const worst = (risks: Risk[]): Level => risks[0]?.level ?? "green";

/** What more of the world can reach: load balancers, the Kubernetes API, security groups. */
function exposures(from: Resource[], to: Resource[]): Risk[] {
  const old = new Map(from.map((one) => [one.urn, one]));
  return to.flatMap((resource) => {
    const [before, after] = [openings(old.get(resource.urn)), openings(resource)];
    return [...after]
      .filter((opening) => !before.has(opening))
      .map((opening) => {
        const reason = `public exposure: ${labelOf(resource)} ${opening}`;
        // A network that was named by somebody is not the whole world.
        return opening.includes("everybody") ? red(reason) : amber(reason);
      });
  });
}

function albAnnotation({ inputs }: Pick<Resource, "inputs">, name: string): string {
  return inputs.metadata?.annotations?.[`alb.ingress.kubernetes.io/${name}`] ?? "";
}

function openings(resource?: Resource): Set<string> {
  const { type = "", inputs = {} } = resource ?? {};
  const found = new Set<string>();
  const annotation = (name: string) => albAnnotation({ inputs }, name);
  if (type.endsWith(":Ingress") && annotation("scheme") === "internet-facing") {
    const sources = annotation("inbound-cidrs") || "0.0.0.0/0";
    found.add(everywhere.test(sources) ? "is open to everybody" : `is open to ${sources}`);
  }
  if (type === "kubernetes:core/v1:Service" && inputs.spec?.type === "LoadBalancer") {
    found.add("is open to everybody, by a load balancer of its own");
  }
  if (isCluster({ type })) {
    const network = inputs.vpcConfig ?? inputs;
    const networks: string[] = network.publicAccessCidrs ?? ["0.0.0.0/0"];
    for (const one of network.endpointPublicAccess ? networks : []) {
      found.add(`lets ${everywhere.test(one) ? "everybody" : one} reach the Kubernetes API`);
    }
  }
  if (/securityGroup.*Rule/i.test(type) && !/egress/i.test(`${type} ${inputs.type}`)) {
    const sources = [inputs.cidrBlocks ?? [], inputs.cidrIpv4 ?? [], inputs.cidrIpv6 ?? []].flat();
    if (everywhere.test(sources.join(","))) found.add("is open to everybody");
  }
  return found;
}

function permissionRisks({ who, isNew, gained, lost, trusts }: Difference["permissions"][number]) {
  const wide = gained.filter((one) =>
    /^(\*|\w+:\*) on \*$|AdministratorAccess|ClusterAdminPolicy/.test(one),
  );
  const unbound = lost.filter((one) => one.startsWith("NOT "));
  const some = (list: string[]) =>
    list.length > 2 ? `${list[0]} and ${list.length - 1} more` : list.join(", ");
  const risks: Risk[] = wide.map((one) => red(`permission widened: ${who} gains ${one}`));
  for (const one of unbound) risks.push(red(`permission widened: ${who} loses ${one}`));
  const rest = gained.filter((one) => !wide.includes(one) && !one.startsWith("NOT "));
  if (rest.length > 0) {
    risks.push(amber(`permission widened: ${isNew ? "new " : ""}${who} gains ${some(rest)}`));
  }
  if (trusts.length > 0 && !isNew) {
    risks.push(red(`permission widened: ${who} can be assumed by ${some(trusts)}`));
  }
  return risks;
}

/** EKS moves every pod off a group that it deletes, and ends the nodes after some minutes. */
function evictionRisk(
  group: { urn: string; type: string; name: string },
  from: Resource[],
  to: Resource[],
): Risk {
  const isReplaced = to.some(({ urn }) => urn === group.urn);
  const isOnly = from.filter(isNodeGroup).length === 1;
  const who = isOnly ? "every pod" : "each of its pods";
  const moves = `${labelOf(group as Resource)} is ${isReplaced ? "replaced" : "deleted"}: ${who} moves to ${isReplaced ? "new" : "other"} nodes`;
  const spot = from.find(({ urn }) => urn === group.urn)?.inputs.capacityType === "SPOT";
  const late = servicePods(manifestsOf(to)).filter(
    ({ count, graceSeconds, onDemand }) =>
      !(spot && onDemand) && evictionSeconds(count, graceSeconds) > nodeDeadlines.groupDeletion,
  );
  return late.length === 0
    ? amber(moves)
    : red(
        `${moves}. EKS ends the old ones after about ${nodeDeadlines.groupDeletion} s and cuts off pods of ${few(late.map(({ name, count, graceSeconds }) => `${name} (${count} need ${evictionSeconds(count, graceSeconds)} s)`))}`,
      );
}

/** Changes of annotations in place that the load balancer controller can only answer by a new thing. */
function byController(one: Difference["changed"][number], path: string): Risk[] {
  const [, name = ""] = /alb\.ingress\.kubernetes\.io\/([\w.-]+)/.exec(path) ?? [];
  if (["scheme", "group.name", "load-balancer-name"].includes(name)) {
    return [
      red(
        `${labelOf(one)}: the controller deletes its load balancer, a protected one too, and makes one with another name`,
      ),
    ];
  }
  if (name === "subnets") {
    return [
      amber(
        `${labelOf(one)}: its load balancer moves into other subnets, which network policies admit a moment later`,
      ),
    ];
  }
  return ["target-type", "backend-protocol", "backend-protocol-version"].includes(name)
    ? [amber(`${labelOf(one)}: its target groups are replaced, and targets register again`)]
    : [];
}

/** Since 2026-07 EKS takes a version back (Amazon EKS User Guide, "Rollback Kubernetes version"). */
function versionRisk(one: Difference["changed"][number]): Risk {
  const { from, to } = one.changes.find(({ path }) => path === "version") ?? {};
  const minor = (version: unknown) => Number(String(version).split(".")[1]);
  return minor(to) < minor(from)
    ? red(
        `${labelOf(one)}: EKS goes back by one Kubernetes version, within 7 days after it came, and only when the nodes are back; this update moves it before them`,
      )
    : amber(
        `${labelOf(one)}: a newer Kubernetes version can be taken back for 7 days only, the nodes first`,
      );
}

function changeRisks(one: Difference["changed"][number]): Risk[] {
  const paths = one.changes.map(({ path }) => path);
  if (one.type.endsWith(":PriorityClass") && /(^|,)(value|preemptionPolicy)/.test(paths.join())) {
    return [red(`${labelOf(one)}: Kubernetes refuses another value of a priority class`)];
  }
  if (isCluster(one) && paths.includes("version")) return [versionRisk(one)];
  if (isNodeGroup(one)) {
    const rolls = /(^|,)(version|launchTemplate|releaseVersion)/.test(paths.join());
    return rolls ? [amber(`${labelOf(one)}: every node is replaced, one after the other`)] : [];
  }
  if (one.type === "awsx:ec2:Vpc") {
    const moved = one.changes.some(
      ({ path, from }) => from !== undefined && /^availabilityZone|cidrBlocks/.test(path),
    );
    return moved ? [red(`${labelOf(one)}: subnets are replaced, with what runs in them`)] : [];
  }
  if (one.type === "aws:ec2/route:Route" && /natGatewayId|networkInterfaceId/.test(paths.join())) {
    const toInstance = one.changes.some(
      ({ path, to }) => path === "networkInterfaceId" && to !== undefined,
    );
    const then = toInstance ? ", and for a minute or two none is made" : "";
    return [
      amber(
        `${labelOf(one)}: outgoing traffic gets other addresses; outgoing connections break${then}`,
      ),
    ];
  }
  if (one.type.endsWith(":Ingress"))
    return one.changes.flatMap(({ path }) => byController(one, path));
  if (paths.includes("skipDestroy")) {
    return [amber(`${labelOf(one)}: its protection changes`)];
  }
  return [];
}
