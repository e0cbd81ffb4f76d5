/** What a node of an instance type is made of. */
export interface InstanceType {
  vcpus: number;
  memoryMiB: number;
  /** Network interfaces at most. */
  interfaces: number;
  /** IPv4 addresses of each interface, its own one among them. */
  addressesPerInterface: number;
}

type Size = keyof typeof sizes;
type Interfaces = readonly [interfaces: number, addressesPerInterface: number];

/*
 * As AWS has them on 2026-11-25, read in
 * - vCPUs and memory: kubernetes/autoscaler 1.36.1, cluster-autoscaler/cloudprovider/aws/ec2_instance_types.go
 * - interfaces: awslabs/amazon-eks-ami (2026-07-23), nodeadm/internal/kubelet/instance-info.jsonl
 *
 * Families with rules of their own (c5n, m5zn, 8gb, 8gn, metal, GPUs, storage) are not here.
 */

/** vCPUs of the sizes that families agree on, and the interfaces that most have. */
const sizes = {
  medium: { vcpus: 1, interfaces: [2, 4] },
  large: { vcpus: 2, interfaces: [3, 10] },
  xlarge: { vcpus: 4, interfaces: [4, 15] },
  "2xlarge": { vcpus: 8, interfaces: [4, 15] },
  "4xlarge": { vcpus: 16, interfaces: [8, 30] },
  "8xlarge": { vcpus: 32, interfaces: [8, 30] },
  "12xlarge": { vcpus: 48, interfaces: [8, 30] },
  "16xlarge": { vcpus: 64, interfaces: [15, 50] },
  "24xlarge": { vcpus: 96, interfaces: [15, 50] },
} as const;

const families: { pattern: RegExp; interfaces?: Partial<Record<Size, Interfaces>> }[] = [
  {
    pattern: /^([mcr][567](a|ad|d|g|gd|i|i-flex|id|idn|in)?|[mr]5(b|n|dn)|c[67]gn|r7iz|[mcr]8gd?)$/,
  },
  {
    pattern: /^[mcr]8i(-flex)?$/,
    interfaces: {
      large: [3, 20],
      xlarge: [4, 30],
      "2xlarge": [4, 30],
      "4xlarge": [8, 50],
      "8xlarge": [10, 50],
      "12xlarge": [12, 50],
      "16xlarge": [16, 64],
      "24xlarge": [16, 64],
    },
  },
  {
    pattern: /^[mcr]8a$/,
    interfaces: {
      large: [3, 20],
      xlarge: [4, 20],
      "2xlarge": [4, 40],
      "4xlarge": [8, 40],
      "8xlarge": [10, 40],
      "12xlarge": [12, 64],
      "16xlarge": [16, 64],
      "24xlarge": [16, 64],
    },
  },
];

const memoryMiBPerVcpu = { c: 2048, m: 4096, r: 8192 };

/** t3, t3a and t4g: vCPUs, GiB, interfaces, addresses of each. */
const burstable = {
  nano: [2, 0.5, 2, 2],
  micro: [2, 1, 2, 2],
  small: [2, 2, 3, 4],
  medium: [2, 4, 3, 6],
  large: [2, 8, 3, 12],
  xlarge: [4, 16, 4, 15],
  "2xlarge": [8, 32, 4, 15],
} as const;

/**
 * The instance type of a name such as `m7g.large`; `undefined` when it is none of the common ones.
 * A size that a known family is not sold in is for AWS to refuse.
 */
export function instanceType(name: string): InstanceType | undefined {
  const [family = "", size = ""] = name.split(".");
  if (/^(t3a?|t4g)$/.test(family) && size in burstable) {
    const [vcpus, gib, interfaces, addressesPerInterface] =
      burstable[size as keyof typeof burstable];
    return {
      vcpus,
      memoryMiB: gib * 1024,
      interfaces: name === "t3a.small" ? 2 : interfaces,
      addressesPerInterface,
    };
  }
  const known = families.find(({ pattern }) => pattern.test(family));
  if (!known || !(size in sizes)) return undefined;
  const { vcpus, interfaces: usual } = sizes[size as Size];
  const [interfaces, addressesPerInterface] = known.interfaces?.[size as Size] ?? usual;
  const perVcpu = memoryMiBPerVcpu[family[0] as keyof typeof memoryMiBPerVcpu];
  return { vcpus, memoryMiB: vcpus * perVcpu, interfaces, addressesPerInterface };
}

/**
 * Whether the autoscaler may take a node of the other type for one of the first. On a smaller one pods may
 * not fit; what a larger one has more may be wasted (Amazon EKS Best Practices Guide, Cluster Autoscaler).
 * Spot has few types of one size, so that there it may be larger.
 */
export function isSubstitute(first: InstanceType, other: InstanceType, spot: boolean): boolean {
  return spot
    ? other.vcpus >= first.vcpus && other.memoryMiB >= first.memoryMiB
    : other.vcpus === first.vcpus && other.memoryMiB === first.memoryMiB;
}
