import type { Nodegroup } from "@aws-sdk/client-eks";
import { waits } from "../../cloud/durations.ts";
import { labelOf } from "../../graph/labels.ts";
import type { Resource } from "../../graph/resource.ts";
import { secondsOf } from "../../plan/timing.ts";
import { versionsOf } from "../addon-versions.ts";
import type { OperatedStack } from "../operated-stack.ts";
import { parallelOf } from "./cluster-checks.ts";
import type { AwsState } from "./cluster-state.ts";
import { minorOf } from "./minor.ts";

/** A step of the update, in the order of the program. */
export interface Step {
  what: string;
  /** About how long it takes; AWS guarantees none. */
  seconds: number;
}

const clusterTypes = ["eks:index:Cluster", "aws:eks/cluster:Cluster"];

/**
 * What `pulumi up` does one after the other with another Kubernetes version.
 *
 * @param resources the program's, in the order of their creation
 */
export function stepsOf(
  resources: Resource[],
  { addons, addonVersions, nodeGroups }: AwsState,
  { config }: OperatedStack,
  to: string,
): Step[] {
  const planned = resources.filter(({ type }) => type === "aws:eks/nodeGroup:NodeGroup");
  const pins = config.cluster.addonVersions as Record<string, string | undefined>;
  return resources.flatMap((resource): Step[] => {
    const { type, inputs } = resource;
    if (clusterTypes.includes(type)) {
      return [{ what: `control plane to ${to}`, seconds: waits.controlPlaneVersion }];
    }
    if (type === "aws:eks/addon:Addon") {
      const installed = addons?.find(({ addonName }) => addonName === inputs.addonName);
      const { standard } = versionsOf(inputs.addonName, addonVersions ?? [], to);
      const then = pins[inputs.addonName] ?? standard;
      return then !== undefined && then === installed?.addonVersion
        ? []
        : [
            {
              what: `add-on ${inputs.addonName}${then ? ` to ${then}` : ""}`,
              seconds: secondsOf(resource, "update"),
            },
          ];
    }
    if (resource === planned[0]) return [nodesReplaced(planned, nodeGroups ?? [])];
    if (type === "kubernetes:helm.sh/v3:Release" && inputs.chart === "cluster-autoscaler") {
      return [
        {
          what: `${labelOf(resource)}: the image of ${to}`,
          seconds: secondsOf(resource, "update"),
        },
      ];
    }
    return [];
  });
}

/** The groups are updated side by side; of groups that AWS does not tell of, or that sleep, by the plan. */
function nodesReplaced(planned: Resource[], running: Nodegroup[]): Step {
  const known = running.some(({ scalingConfig }) => (scalingConfig?.desiredSize ?? 0) > 0);
  const groups: Pick<Nodegroup, "scalingConfig" | "updateConfig">[] = known
    ? running
    : planned.map(({ inputs: { scalingConfig, updateConfig } }) => ({
        scalingConfig: { desiredSize: scalingConfig.minSize },
        updateConfig,
      }));
  const nodes = groups.map(({ scalingConfig }) => scalingConfig?.desiredSize ?? 0);
  const all = nodes.reduce((sum, one) => sum + one, 0);
  const parallel = groups.map(parallelOf);
  const rounds = nodes.map((count, at) => Math.ceil(count / (parallel[at] ?? 1)));
  const ofEach = groups.length > 1 ? ` in each of ${groups.length} groups` : "";
  return {
    what: `${all} nodes are replaced, ${Math.min(...parallel, all)} at a time${ofEach}`,
    seconds: waits.nodeReplaced * Math.max(...rounds),
  };
}

/** The lines of `Pulumi.<stack>.yaml` that change, as they are to stand there. */
export function settingsOf(
  { config }: OperatedStack,
  { addonVersions, newestReleases }: AwsState,
  to: string,
): string[] {
  const { kubernetesVersion, nodes, addonVersions: pins } = config.cluster;
  const moved = Object.entries(pins).flatMap(([name, pin]) => {
    const { all, standard } = versionsOf(name, addonVersions ?? [], to);
    const then = standard ?? all[0];
    return then && pin && !all.includes(pin) ? [`      ${name}: ${then}`] : [];
  });
  const cluster = [
    ...((kubernetesVersion as string) === to ? [] : [`    kubernetesVersion: "${to}"`]),
    ...(moved.length > 0 ? ["    addonVersions:", ...moved] : []),
  ];
  const { release, operatingSystem } = nodes;
  const wrong =
    release !== undefined && operatingSystem === "al2023" && minorOf(release) !== minorOf(to);
  return [
    ...(cluster.length > 0 ? ["  platform:cluster:", ...cluster] : []),
    ...(wrong
      ? ["  platform:nodes:", `    release: ${newestReleases.then ?? `<a release of ${to}>`}`]
      : []),
  ];
}

/** In order; what they change is in the settings by then. */
export function commandsOf({ stack, clusterName, region }: OperatedStack): string[] {
  return [
    `npm run plan -- --stack ${stack}`,
    `npm run rehearse -- --stack ${stack}`,
    `aws eks start-insights-refresh --cluster-name ${clusterName} --region ${region}`,
    `npm run upgrade -- --stack ${stack}`,
    `pulumi stack select ${stack}; npm run preview`,
    "npm run up",
  ];
}
