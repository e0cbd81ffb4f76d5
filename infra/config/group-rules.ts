import { withoutRoom } from "../cluster/capacity.ts";
import { startedBy } from "../cluster/started-nodes.ts";
import { architectureOf, instanceTypeNames } from "./known-names.ts";
import { podsAtMost } from "./pods-at-most.ts";
import { groupsOf, placedSlices, poolsOf } from "./scale-rules.ts";
import type { Settings } from "./schema.ts";
import { rule, workloadsOf } from "./setting-rule.ts";

/** Rules of the managed node groups, each by itself, and of who may run on which. */
export const groupRules = [
  rule(["environment", "nodes"], (settings) =>
    groupsOf(settings).flatMap(({ at, instanceTypes, minSize, desiredSize, maxSize }) => [
      minSize > maxSize && `${at}.minSize: ${minSize} is above ${at}.maxSize ${maxSize}`,
      (desiredSize < minSize || (desiredSize > maxSize && minSize <= maxSize)) &&
        `${at}.desiredSize: ${desiredSize} is not between ${at}.minSize ${minSize} and ${at}.maxSize ${maxSize}`,
      // Of a type that the release of @pulumi/aws does not know the preflight asks AWS.
      ...instanceTypes
        .filter(
          (type) =>
            instanceTypeNames.has(type) && architectureOf(type) !== settings.nodes.architecture,
        )
        .map(
          (type) =>
            `${at}.instanceTypes: ${type} is ${architectureOf(type)}, but nodes.architecture is ${settings.nodes.architecture}`,
        ),
    ]),
  ),
  rule(["nodes"], ({ nodes: { kind, groups, groupPerZone, warmPool } }) =>
    [
      ...Object.keys(groups).map((name) => `nodes.groups.${name}`),
      ...(groupPerZone ? ["nodes.groupPerZone"] : []),
      ...(warmPool ? ["nodes.warmPool"] : []),
    ].map(
      (key) =>
        kind !== "managed" &&
        `${key}: is not allowed with nodes.kind ${kind}, which starts nodes by itself; allowed: with managed`,
    ),
  ),
  rule(["environment", "nodes", "network"], ({ network: { zones }, ...settings }) =>
    groupsOf(settings).map(
      ({ at, minSize }) =>
        settings.nodes.groupPerZone &&
        minSize < zones.length &&
        `${at}.minSize: ${minSize} is too few with nodes.groupPerZone in ${zones.length} zones, each of which has a node; allowed: at least ${zones.length}`,
    ),
  ),
  rule(["environment", "nodes", "autoscaler"], ({ autoscaler, ...settings }) =>
    groupsOf(settings).flatMap(({ at, warmPool, capacityType }) => [
      warmPool !== undefined &&
        capacityType === "SPOT" &&
        `${at}.warmPool: is not allowed with ${at}.capacityType SPOT, of which EC2 Auto Scaling keeps no instances; allowed: with ON_DEMAND`,
      warmPool !== undefined &&
        !autoscaler.enabled &&
        `${at}.warmPool: needs autoscaler.enabled: without it no node is added, and its instances wait for nothing`,
    ]),
  ),
  rule(["environment", "nodes", "services", "jobs"], ({ services, jobs, ...settings }) => {
    const started = startedBy(settings.nodes);
    const onDemand = started
      ? started.capacityTypes.includes("on-demand")
      : groupsOf(settings).some(({ capacityType }) => capacityType === "ON_DEMAND");
    const allowed = started
      ? `on-demand in ${started.at}.capacityTypes`
      : "ON_DEMAND as nodes.capacityType, or a group of it in nodes.groups";
    return workloadsOf({ services, jobs }).map(
      ([at, { onDemandOnly }]) =>
        onDemandOnly === true &&
        !onDemand &&
        `${at}.onDemandOnly: true finds no node: all are Spot instances; allowed: with ${allowed}`,
    );
  }),
  rule([...placedSlices], (settings) => {
    const spot = groupsOf(settings).find(({ capacityType }) => capacityType === "SPOT");
    const pools = poolsOf(settings)?.map(({ pool }) => pool);
    const onDemand = pools?.filter((pool) => !pool.spot) ?? [];
    if (settings.environment !== "production" || !spot || onDemand.length === 0) return [];
    const { own, ofCluster } = podsAtMost({ ...settings, services: atRest(settings.services) });
    const [left] = withoutRoom([...own, ...ofCluster], onDemand);
    return [
      left !== undefined &&
        `${spot.at}.capacityType: SPOT is not allowed in production where on-demand nodes do not hold all pods at their fewest: no room for ${left.count} ${left.name} when AWS has no Spot; allowed: with more on-demand nodes at most`,
    ];
  }),
];

/** The services at their fewest pods, and one more of each for a rollout. */
const atRest = (services: Settings["services"]): Settings["services"] =>
  Object.fromEntries(
    Object.entries(services).map(([name, service]) => [
      name,
      { ...service, maxReplicas: Math.max(1, service.minReplicas), maxSurge: 1 },
    ]),
  );
