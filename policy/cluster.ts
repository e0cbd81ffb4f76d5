import { daysOfSupport } from "./kubernetes-versions.ts";
import { type Example, given, type Rule, type Subject } from "./rule.ts";

const component = "eks:index:Cluster";
const resource = "aws:eks/cluster:Cluster";

/** What rules ask of a cluster, be it the component or, in the engine, the resource in it. */
function clusterOf({ type, inputs }: Subject) {
  if (type === component) {
    return {
      version: inputs.version as string | undefined,
      supportType: inputs.upgradePolicy?.supportType,
      logTypes: inputs.enabledClusterLogTypes ?? [],
      encrypted: given(inputs, "encryptionConfigKeyArn"),
      endpoint: inputs,
    };
  }
  if (type !== resource) return undefined;
  return {
    version: inputs.version as string | undefined,
    supportType: inputs.upgradePolicy?.supportType,
    logTypes: inputs.enabledClusterLogTypes ?? [],
    encrypted: given(inputs.encryptionConfig?.provider, "keyArn"),
    endpoint: inputs.vpcConfig ?? {},
  };
}

const open = ["0.0.0.0/0", "::/0"];
const both = (
  asComponent: Example["inputs"],
  asResource: Example["inputs"] = asComponent,
): Example[][] => [
  [{ type: component, inputs: asComponent }],
  [{ type: resource, inputs: asResource }],
];
const endpoint = (inputs: object) => both(inputs, { vpcConfig: inputs });

export const clusterRules: Rule[] = [
  {
    name: "secrets-encrypted",
    promise: "Kubernetes secrets are encrypted with a KMS key of ours",
    reason: "Whoever reads etcd's storage reads all secrets (CIS EKS 1.8, 5.3.1)",
    remedy: "Give encryptionConfigKeyArn the ARN of a KMS key",
    check: (one) => [clusterOf(one)?.encrypted === false && "its secrets have no key"],
    good: both(
      { encryptionConfigKeyArn: "arn" },
      { encryptionConfig: { provider: { keyArn: "arn" }, resources: ["secrets"] } },
    ),
    bad: both({}),
  },
  {
    name: "api-not-public",
    promise: "The Kubernetes API answers networks that are named, and never the whole internet",
    reason: "One leaked credential or one flaw in the API is enough (CIS EKS 1.8, 5.4.1)",
    remedy: "Set endpointPublicAccess to false, or name the networks in publicAccessCidrs",
    check: (one) => {
      const asked = clusterOf(one)?.endpoint;
      if (!asked || asked.endpointPublicAccess === false) return [];
      const networks: string[] = asked.publicAccessCidrs ?? [];
      return [
        networks.length === 0 && "its API is public, to nobody in particular",
        networks.some((network) => open.includes(network)) && "its API is open to everybody",
      ];
    },
    good: [
      ...endpoint({ endpointPublicAccess: false }),
      ...endpoint({ endpointPublicAccess: true, publicAccessCidrs: ["203.0.113.0/24"] }),
    ],
    bad: [
      ...endpoint({}),
      ...endpoint({ endpointPublicAccess: true, publicAccessCidrs: [] }),
      ...endpoint({ endpointPublicAccess: true, publicAccessCidrs: ["10.0.0.0/8", "::/0"] }),
    ],
  },
  {
    name: "control-plane-logged",
    promise: "The control plane logs who asked for what",
    reason: "Without audit logs an intrusion leaves no trace (CIS EKS 1.8, 2.1.1)",
    remedy: "List at least api, audit and authenticator in enabledClusterLogTypes",
    check: (one) =>
      ["api", "audit", "authenticator"].map((kind) => {
        const cluster = clusterOf(one);
        return cluster !== undefined && !cluster.logTypes.includes(kind) && `logs no ${kind}`;
      }),
    good: both({ enabledClusterLogTypes: ["api", "audit", "authenticator", "scheduler"] }),
    bad: both({ enabledClusterLogTypes: ["api"] }),
  },
  {
    name: "no-extended-support",
    promise: "A cluster never slides into extended support",
    reason: "It costs six times as much, from the day that standard support ends (EKS pricing)",
    remedy: "Set upgradePolicy.supportType to STANDARD",
    check: (one) => {
      const cluster = clusterOf(one);
      return [
        cluster !== undefined &&
          cluster.supportType !== "STANDARD" &&
          `its support type is ${cluster.supportType ?? "left to AWS, EXTENDED"}`,
      ];
    },
    good: both({ upgradePolicy: { supportType: "STANDARD" } }),
    bad: [...both({}), ...both({ upgradePolicy: { supportType: "EXTENDED" } })],
  },
  {
    name: "kubernetes-supported",
    promise: "The Kubernetes version is named, and in standard support",
    reason:
      "No security fixes afterwards, and AWS upgrades on a day of its choice (EKS user guide)",
    remedy: "Raise cluster.kubernetesVersion by one; add a newer one to kubernetes-versions.ts",
    check: (one, { now }) => {
      const cluster = clusterOf(one);
      if (!cluster) return [];
      if (!cluster.version) return ["names no Kubernetes version, so AWS chooses"];
      const days = daysOfSupport(cluster.version, now);
      if (days === undefined) return [`Kubernetes ${cluster.version} is not in the table`];
      return [days < 0 && `the standard support of Kubernetes ${cluster.version} has ended`];
    },
    good: both({ version: "1.36" }),
    bad: [...both({ version: "1.33" }), ...both({ version: "1.99" }), ...both({})],
  },
  {
    name: "kubernetes-upgrade-due",
    level: "advisory",
    promise: "The Kubernetes version has two more months of standard support",
    reason: "An upgrade wants a rehearsal and a calm week (EKS user guide)",
    remedy: "Raise cluster.kubernetesVersion by one",
    check: (one, { now }) => {
      const version = clusterOf(one)?.version;
      const days = version === undefined ? undefined : daysOfSupport(version, now);
      return [
        days !== undefined &&
          days >= 0 &&
          days <= 60 &&
          `the standard support of Kubernetes ${version} ends in ${days} days`,
      ];
    },
    good: both({ version: "1.36" }),
    bad: both({ version: "1.34" }),
  },
];
