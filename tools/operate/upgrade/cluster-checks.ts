import type { Addon, Nodegroup } from "@aws-sdk/client-eks";
import type { V1Node, V1Pod, V1PodDisruptionBudget } from "@kubernetes/client-node";
import type { ClusterConfig, NodesConfig } from "../../../infra/config/schema.ts";
import { versionsOf } from "../addon-versions.ts";
import { isReady, nameOf } from "../cluster-objects.ts";
import type { AwsState, Objects } from "./cluster-state.ts";
import { about, type Finding } from "./finding.ts";
import { minorOf } from "./minor.ts";

/** Kubernetes' version skew policy: a kubelet may be three minor versions older than the API server. */
const oldestKubelet = 3;
/** Amazon EKS User Guide, "Update existing cluster": the update takes up to five free addresses. */
const addressesOfUpdate = 5;

/** A pin of the settings, or what is installed, against what AWS has for the target version. */
export function addonFindings(
  { addons = [], addonVersions }: Pick<AwsState, "addons" | "addonVersions">,
  pins: ClusterConfig["addonVersions"],
  to: string,
): Finding[] {
  const { blocks, look, fine } = about("add-ons");
  const ill = addons
    .filter(isIll)
    .map((one) => look(`${one.addonName} is ${one.status}${issuesOf(one)}`));
  if (!addonVersions) return ill;
  const unfit = addons.flatMap(({ addonName = "" }) => {
    const { all, standard } = versionsOf(addonName, addonVersions, to);
    const pin = pins[addonName as keyof typeof pins];
    if (all.length === 0) return [blocks(`AWS has no version of ${addonName} for ${to} yet`)];
    if (pin === undefined || all.includes(pin)) return [];
    const words = `cluster.addonVersions.${addonName}: ${pin} does not fit ${to}`;
    const allowed = `allowed: ${all.slice(0, 3).join(", ")}`;
    return [blocks(`${words}; ${allowed}`, `Pin ${standard ?? all[0]}`)];
  });
  const fit = addons.length - unfit.length;
  return [
    ...ill,
    ...unfit,
    ...(fit > 0 ? [fine(`${fit} fit ${to}; those without a pin move to AWS's default`)] : []),
  ];
}

/** What EKS finds wrong with an add-on or a node group. */
type Health = Pick<Addon | Nodegroup, "status" | "health">;

const isIll = ({ status, health }: Health) =>
  status !== "ACTIVE" || (health?.issues ?? []).length > 0;

const issuesOf = ({ health }: Health) =>
  (health?.issues ?? []).map(({ code, message }) => `; ${code}: ${message}`).join("");

/** Whether the nodes may stay as old as they are while the control plane moves, and their image. */
export function nodeFindings(
  { nodeGroups, newestReleases }: Pick<AwsState, "nodeGroups" | "newestReleases">,
  nodes: V1Node[] | undefined,
  settings: Pick<NodesConfig, "release" | "operatingSystem">,
  from: string,
  to: string,
): Finding[] {
  const { blocks, look, fine } = about("nodes");
  const kubelets = nodes
    ? nodes.map(({ metadata, status }) => ({
        name: `node ${metadata?.name}`,
        version: status?.nodeInfo?.kubeletVersion ?? "",
      }))
    : (nodeGroups ?? []).map(({ nodegroupName, version = "" }) => ({
        name: `node group ${nodegroupName}`,
        version,
      }));
  const skewed = kubelets.filter(({ version }) => minorOf(to) - minorOf(version) > oldestKubelet);
  const behind = kubelets.filter(
    (one) => !skewed.includes(one) && minorOf(one.version) < minorOf(from),
  );
  const ill = (nodeGroups ?? []).filter(isIll);
  const pin = settings.release;
  const wrongPin =
    pin && settings.operatingSystem === "al2023" && minorOf(pin) !== minorOf(to)
      ? [
          blocks(
            `nodes.release: ${pin} is an image of Kubernetes ${minorVersion(pin)}, not ${to}; EKS refuses it`,
            `Set ${newestReleases.then ?? `a release of ${to}`}`,
          ),
        ]
      : [];
  return [
    ...skewed.map(({ name, version }) =>
      blocks(
        `${name} runs kubelet ${version}: more than ${oldestKubelet} minor versions behind ${to}`,
        "Bring the nodes to the version of the control plane first: npm run up",
      ),
    ),
    ...behind.map(({ name, version }) =>
      look(`${name} runs kubelet ${version}, the control plane ${from}`),
    ),
    ...(kubelets.length > 0 && skewed.length + behind.length === 0
      ? [fine(`every node${nodes ? "" : " group"} (${kubelets.length}) runs ${from}`)]
      : []),
    ...ill.map((one) =>
      blocks(
        `node group ${one.nodegroupName} is ${one.status}${issuesOf(one)}`,
        "EKS updates no group in this state: mend it first",
      ),
    ),
    ...wrongPin,
    ...imageFindings(nodeGroups ?? [], newestReleases),
  ];
}

const minorVersion = (release: string) => release.split(".").slice(0, 2).join(".");

function imageFindings(groups: Nodegroup[], { now, then }: AwsState["newestReleases"]): Finding[] {
  const { look, fine } = about("node image");
  return groups.flatMap(({ nodegroupName, releaseVersion }) => {
    const next = then ? `; the upgrade brings ${then}` : "";
    if (now === undefined) return [];
    return releaseVersion === now
      ? [fine(`${nodegroupName} runs ${now}, the newest${next}`)]
      : [look(`${nodegroupName} runs ${releaseVersion}; the newest is ${now}${next}`)];
  });
}

/** Budgets by which Kubernetes refuses an eviction right now: a drain waits for 15 minutes, then fails. */
export function budgetFindings({ budgets, pods }: Pick<Objects, "budgets" | "pods">): Finding[] {
  const { blocks, fine } = about("budgets");
  if (!budgets) return [];
  const closed = budgets.filter(
    ({ status }) => (status?.expectedPods ?? 0) > 0 && status?.disruptionsAllowed === 0,
  );
  const found = [
    ...closed.map((one) =>
      blocks(
        `${nameOf(one)} lets no pod go: ${reasonOf(one, pods)}`,
        "A drain waits 15 minutes for it, then the update of the nodes fails (PodEvictionFailure)",
      ),
    ),
    ...(pods ? doubled(budgets, pods) : []).map(({ pod, names }) =>
      blocks(
        `pod ${pod} is in ${names.length} budgets (${names.join(", ")}): Kubernetes evicts no such pod`,
        "Let one budget select it",
      ),
    ),
  ];
  return found.length > 0
    ? found
    : [fine(`each of ${budgets.length} disruption budgets lets a pod go`)];
}

function reasonOf(budget: V1PodDisruptionBudget, pods: V1Pod[] | undefined): string {
  const { currentHealthy = 0, desiredHealthy = 0, expectedPods = 0 } = budget.status ?? {};
  const failed = budget.status?.conditions?.find(({ reason }) => reason === "SyncFailed");
  if (failed) return `Kubernetes cannot compute it: ${failed.message}`;
  const asks =
    budget.spec?.minAvailable === undefined
      ? `maxUnavailable ${budget.spec?.maxUnavailable}`
      : `minAvailable ${budget.spec.minAvailable}`;
  if (desiredHealthy >= expectedPods) {
    return `${asks} keeps all of its ${expectedPods} pods; one replica more, or maxUnavailable 1, opens it`;
  }
  const ill = (pods ?? []).filter((pod) => selects(budget, pod) && !isReady(pod));
  const who = ill.length > 0 ? `: ${ill.map(({ metadata }) => metadata?.name).join(", ")}` : "";
  return `${currentHealthy} of ${expectedPods} pods are healthy, ${asks} needs more than ${desiredHealthy}${who}`;
}

/** Whether a budget's selector takes a pod. An empty selector takes all of its namespace (policy/v1). */
function selects({ metadata, spec }: V1PodDisruptionBudget, pod: V1Pod): boolean {
  const labels = pod.metadata?.labels ?? {};
  const { matchLabels = {}, matchExpressions = [] } = spec?.selector ?? {};
  return (
    spec?.selector !== undefined &&
    pod.metadata?.namespace === metadata?.namespace &&
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      if (operator === "Exists") return value !== undefined;
      if (operator === "DoesNotExist") return value === undefined;
      const isIn = value !== undefined && values.includes(value);
      return operator === "In" ? isIn : !isIn;
    })
  );
}

function doubled(budgets: V1PodDisruptionBudget[], pods: V1Pod[]) {
  return pods.flatMap((pod) => {
    const names = budgets.filter((one) => selects(one, pod)).map(nameOf);
    return names.length > 1 ? [{ pod: nameOf(pod), names }] : [];
  });
}

/**
 * Room for the update: EKS starts new nodes before it drains old ones, above `maxSize` for that time
 * (Amazon EKS User Guide, "Understand each phase of node updates").
 */
export function roomFindings(
  { nodeGroups, freeAddresses }: Pick<AwsState, "nodeGroups" | "freeAddresses">,
  { nodes, pods }: Pick<Objects, "nodes" | "pods">,
  zones: number,
): Finding[] {
  const { blocks, look, fine } = about("room");
  const addresses =
    freeAddresses === undefined
      ? []
      : freeAddresses < addressesOfUpdate
        ? [
            blocks(
              `the control plane's subnets have ${freeAddresses} free addresses; EKS needs up to ${addressesOfUpdate}`,
              "Free addresses there: each load balancer, node and endpoint holds some",
            ),
          ]
        : [fine(`${freeAddresses} free addresses in the control plane's subnets`)];
  const surges = (nodeGroups ?? []).map((group) => {
    const { nodegroupName, scalingConfig, updateConfig, instanceTypes = [] } = group;
    const { desiredSize = 0, maxSize = 0 } = scalingConfig ?? {};
    if (updateConfig?.updateStrategy === "MINIMAL") {
      return look(`${nodegroupName} ends old nodes before new ones start: its pods need free room`);
    }
    const surge = Math.max(2 * zones, parallelOf(group));
    return fine(
      `${nodegroupName} has ${desiredSize} of at most ${maxSize} nodes; EKS adds up to ${surge} ${instanceTypes.join(" or ")} for the update, also above that limit. The quota of EC2 must allow them`,
    );
  });
  return [...addresses, ...surges, ...podRoom(nodes, pods)];
}

/** How many nodes EKS replaces at one time. */
export function parallelOf({
  scalingConfig,
  updateConfig,
}: Pick<Nodegroup, "scalingConfig" | "updateConfig">): number {
  const { maxUnavailable, maxUnavailablePercentage } = updateConfig ?? {};
  const share = ((maxUnavailablePercentage ?? 0) / 100) * (scalingConfig?.desiredSize ?? 0);
  return Math.max(1, maxUnavailable ?? Math.floor(share));
}

function podRoom(nodes: V1Node[] | undefined, pods: V1Pod[] | undefined): Finding[] {
  if (!nodes || !pods) return [];
  const { look, fine } = about("room");
  const running = pods.filter(({ status }) => !/Succeeded|Failed/.test(status?.phase ?? ""));
  const pending = running.filter(({ spec }) => !spec?.nodeName).length;
  const places = nodes.reduce((sum, one) => sum + Number(one.status?.allocatable?.pods ?? 0), 0);
  return [
    fine(`${nodes.length} nodes have places for ${places - running.length + pending} pods more`),
    ...(pending > 0 ? [look(`${pending} pods find no node even now`)] : []),
  ];
}
