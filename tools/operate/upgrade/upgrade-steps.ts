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
  const { minSize } = config.cluster.nodes;
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
    if (type === "aws:eks/nodeGroup:NodeGroup") {
      const groups = nodeGroups ?? [];
      const nodes =
        groups.reduce((sum, { scalingConfig }) => sum + (scalingConfig?.desiredSize ?? 0), 0) ||
        minSize;
      const parallel = Math.min(...groups.map(parallelOf), nodes);
      return [
        {
          what: `${nodes} nodes are replaced, ${groups.length > 0 ? parallel : 1} at a time`,
          seconds: waits.nodeReplaced * Math.ceil(nodes / (groups.length > 0 ? parallel : 1)),
        },
      ];
    }
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
