import type { RehearsalOptions } from "../rehearsal/scenario.ts";

type Settings = NonNullable<RehearsalOptions["settings"]>;

/** A service of production that two pods serve at rest, and twenty under load. */
const service = { "services.web": { minReplicas: 2, maxReplicas: 20, cpuMillicores: 1000 } };

/** What Karpenter may start, and EKS Auto Mode. */
const started = {
  instanceTypes: ["m7g.large", "m7g.xlarge", "m7g.2xlarge"],
  capacityTypes: ["on-demand"],
  ...{ cpuLimit: 48, memoryLimitGiB: 192 },
};

/** The same service on the same types of instances, by who starts them. */
export const nodeKinds: Record<string, Settings> = {
  managed: {
    ...service,
    nodes: { instanceTypes: ["m7g.xlarge"], minSize: 3, desiredSize: 3, maxSize: 12 },
    autoscaler: { enabled: true },
  },
  karpenter: {
    ...service,
    nodes: {
      ...{ kind: "karpenter", release: "1.36.2-20261112" },
      ...{ instanceTypes: ["t4g.medium"], minSize: 2, desiredSize: 2, maxSize: 3 },
      karpenter: started,
    },
    autoscaler: { enabled: false },
  },
  auto: {
    ...service,
    // Those of production's node group.
    ...{ "nodes.instanceTypes": undefined, "nodes.maxSize": undefined },
    ...{ "nodes.minSize": undefined, "nodes.desiredSize": undefined },
    nodes: { kind: "auto", auto: started },
    autoscaler: { enabled: false },
  },
};
