import { daysOfSupport } from "./kubernetes-versions.ts";
import { type Example, given, type Rule, type Subject } from "./rule.ts";

const component = "eks:index:Cluster";
const resource = "aws:eks/cluster:Cluster";

/** The inputs that the rules read: of the component, or of the resource that the engine sees in it. */
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
    requirement: "A customer managed KMS key encrypts Kubernetes secrets",
    reason: "A reader of etcd's storage can read every secret (CIS EKS 1.8, 5.3.1)",
    remedy: "Give encryptionConfigKeyArn the ARN of a KMS key",
    check: (one) => [clusterOf(one)?.encrypted === false && "has no KMS key for its secrets"],
    good: both(
      { encryptionConfigKeyArn: "arn" },
      { encryptionConfig: { provider: { keyArn: "arn" }, resources: ["secrets"] } },
    ),
    bad: both({}),
  },
  {
    name: "api-not-public",
    requirement: "The API endpoint admits named networks, and never the whole internet",
    reason:
      "An open endpoint needs only one leaked credential or one vulnerability (CIS EKS 1.8, 5.4.1)",
    remedy: "Set endpointPublicAccess to false, or name the networks in publicAccessCidrs",
    check: (one) => {
      const asked = clusterOf(one)?.endpoint;
      if (!asked || asked.endpointPublicAccess === false) return [];
      const networks: string[] = asked.publicAccessCidrs ?? [];
      return [
        networks.length === 0 && "has a public API endpoint without publicAccessCidrs",
        networks.some((network) => open.includes(network)) &&
          "has an API endpoint that admits the whole internet",
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
    requirement: "The control plane writes api, audit and authenticator logs",
    reason: "Without audit logs nobody can trace an intrusion (CIS EKS 1.8, 2.1.1)",
    remedy: "List at least api, audit and authenticator in enabledClusterLogTypes",
    check: (one) =>
      ["api", "audit", "authenticator"].map((kind) => {
        const cluster = clusterOf(one);
        return (
          cluster !== undefined && !cluster.logTypes.includes(kind) && `writes no ${kind} logs`
        );
      }),
    good: both({ enabledClusterLogTypes: ["api", "audit", "authenticator", "scheduler"] }),
    bad: both({ enabledClusterLogTypes: ["api"] }),
  },
  {
    name: "no-extended-support",
    requirement: "A cluster never enters extended support",
    reason: "Extended support costs six times as much as standard support (EKS pricing)",
    remedy: "Set upgradePolicy.supportType to STANDARD",
    check: (one) => {
      const cluster = clusterOf(one);
      return [
        cluster !== undefined &&
          cluster.supportType !== "STANDARD" &&
          `has the support type ${cluster.supportType ?? "EXTENDED, the default of AWS"}`,
      ];
    },
    good: both({ upgradePolicy: { supportType: "STANDARD" } }),
    bad: [...both({}), ...both({ upgradePolicy: { supportType: "EXTENDED" } })],
  },
  {
    name: "kubernetes-supported",
    requirement: "The program names a Kubernetes version that is in standard support",
    reason:
      "Afterwards AWS fixes no vulnerabilities, and upgrades at a time of its choice (EKS user guide)",
    remedy:
      "Raise cluster.kubernetesVersion by one minor; add a newer version to kubernetes-versions.ts",
    check: (one, { now }) => {
      const cluster = clusterOf(one);
      if (!cluster) return [];
      if (!cluster.version) return ["names no Kubernetes version, so AWS chooses one"];
      const days = daysOfSupport(cluster.version, now);
      if (days === undefined)
        return [`has Kubernetes ${cluster.version}, which kubernetes-versions.ts does not list`];
      return [days < 0 && `has Kubernetes ${cluster.version}, whose standard support has ended`];
    },
    good: both({ version: "1.36" }),
    bad: [...both({ version: "1.33" }), ...both({ version: "1.99" }), ...both({})],
  },
  {
    name: "kubernetes-upgrade-due",
    level: "advisory",
    requirement: "The Kubernetes version has more than 60 days of standard support left",
    reason: "An upgrade needs time for a rehearsal (EKS user guide)",
    remedy: "Raise cluster.kubernetesVersion by one minor",
    check: (one, { now }) => {
      const version = clusterOf(one)?.version;
      const days = version === undefined ? undefined : daysOfSupport(version, now);
      return [
        days !== undefined &&
          days >= 0 &&
          days <= 60 &&
          `has Kubernetes ${version}, whose standard support ends in ${days} days`,
      ];
    },
    good: both({ version: "1.36" }),
    bad: both({ version: "1.34" }),
  },
];
