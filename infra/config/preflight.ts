import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { fits, type Prefixes, roomOf } from "../cluster/capacity.ts";
import { type InstanceType, instanceType, isSubstitute } from "../cluster/instance-types.ts";
import type { GroupSettings } from "../cluster/node-groups.ts";
import { runningGroups } from "../cluster/nodes.ts";
import type { Started } from "../cluster/started-nodes.ts";
import {
  type IssuedCertificatesArgs,
  issuedCertificateProblems,
} from "../edge/issued-certificates.ts";
import {
  type ExistingNetwork,
  findExistingNetwork,
  vpcOfCluster,
} from "../network/existing-network.ts";
import { type NetworkNeeds, networkProblems } from "../network/network-needs.ts";
import type { PodSize } from "../services/pod-size.ts";
import type { DomainZone } from "./domain-schema.ts";
import { instanceTypeNames, nearest } from "./known-names.ts";
import type { NodesConfig } from "./schema.ts";

export interface PreflightArgs extends IssuedCertificatesArgs, Pick<NodesConfig, "architecture"> {
  groups: Pick<GroupSettings, "at" | "instanceTypes" | "capacityType">[];
  zones: string[];
  /** Whether the cluster autoscaler owns the number of nodes. */
  autoscaled: boolean;
  /** A pod of each service and job, with its key in the settings. */
  pods: [at: string, PodSize][];
  /** What Karpenter or EKS Auto Mode may start. @default the managed group has all nodes */
  started?: Pick<Started, "at" | "instanceTypes"> | undefined;
  /** @default nodes have single addresses */
  prefixes?: Prefixes | undefined;
  /** Each with its key in the settings. */
  domains: [at: string, DomainZone][];
  /** By ARN: of the roles that change hosted zones of other accounts. */
  recordProviders: Record<string, pulumi.ProviderResource>;
  /** @default the program makes its network */
  network?: Omit<NetworkNeeds, "zones" | "clusterVpcId" | "running"> & { nodes: NodesConfig };
}

/** The provider that asks. */
type Options = Pick<pulumi.CustomResourceOptions, "provider">;

/** Zones in which EKS makes no control plane (Amazon EKS User Guide, VPC and subnet requirements). */
export const withoutEks = ["use1-az3", "usw1-az2", "cac1-az3"];

/**
 * Asks AWS for what the settings take for granted, before anything is made: zones that the account
 * has, instance types that they offer, the size and architecture of types that instance-types.ts does
 * not have, hosted zones for the host names, certificates that are issued already, a network that is
 * there already. Returns that network.
 *
 * Throws one `pulumi.RunError` that lists every problem: its key, what was given, what is allowed.
 */
export async function preflight(
  args: PreflightArgs,
  options: Options,
): Promise<{ existing: ExistingNetwork | undefined }> {
  const [{ existing, problems }, ...others] = await Promise.all([
    checkNetwork(args, options),
    zoneProblems(args, options),
    instanceTypeProblems(args, options),
    domainProblems(args, options),
    issuedCertificateProblems(args, options),
  ]);
  const lines = [...others.flat(), ...problems];
  if (lines.length > 0) throw new pulumi.RunError(lines.join("\n"));
  return { existing };
}

const withoutGroup = { "": { minSize: 0, desiredSize: 0, maxSize: 0, replaced: false } };

async function checkNetwork(
  { network, zones }: PreflightArgs,
  options: pulumi.InvokeOptions,
): Promise<{ existing: ExistingNetwork | undefined; problems: string[] }> {
  if (!network) return { existing: undefined, problems: [] };
  const { clusterName: name, nodes } = network;
  const [existing, clusterVpcId, running] = await Promise.all([
    findExistingNetwork(network.existing, options),
    vpcOfCluster(name, options),
    runningGroups({ name, nodes }, { zones }, options),
  ]);
  // EKS Auto Mode has no group: a cluster that is there runs all that it asks for.
  const auto = nodes.kind === "auto" && clusterVpcId !== undefined ? withoutGroup : undefined;
  const needs = { ...network, zones, running: auto ?? running, clusterVpcId };
  return { existing, problems: networkProblems(existing, needs) };
}

async function zoneProblems(
  { zones }: PreflightArgs,
  options: pulumi.InvokeOptions,
): Promise<string[]> {
  const { names, zoneIds } = await aws.getAvailabilityZones({ state: "available" }, options);
  const usable = names.filter((_, at) => !withoutEks.includes(zoneIds[at] ?? ""));
  return zones
    .filter((zone) => !usable.includes(zone))
    .map(
      (zone) => `network.zones: ${zone} has no EKS in this account; allowed: ${usable.join(", ")}`,
    );
}

async function instanceTypeProblems(args: PreflightArgs, options: Options): Promise<string[]> {
  const { zones, groups, started } = args;
  const instanceTypes = groups.flatMap((group) => group.instanceTypes);
  const all = [...new Set([...instanceTypes, ...(started?.instanceTypes ?? [])])];
  const { instanceTypes: types, locations } = await aws.ec2.getInstanceTypeOfferings(
    {
      locationType: "availability-zone",
      filters: [{ name: "instance-type", values: all }],
    },
    options,
  );
  const offered = new Set(types.map((type, at) => `${type} ${locations[at]}`));
  const notOffered = all.flatMap((type) => {
    const ofGroup = instanceTypes.includes(type);
    const without = zones.filter((zone) => !offered.has(`${type} ${zone}`));
    // Karpenter starts a node in a zone that has one of its types.
    const missing = ofGroup || without.length === zones.length ? without : [];
    const known = instanceTypeNames.has(type)
      ? ""
      : `, such as ${nearest(type, instanceTypeNames)}`;
    return missing.length === 0
      ? []
      : [
          `${keyOf(type, args)}: ${type} is not offered in ${missing.join(", ")}; allowed: a type of ${ofGroup ? "all zones" : "one of them"}${known}`,
        ];
  });
  // DescribeInstanceTypes fails for a type that the region does not offer.
  const unknown = all.filter((type) => types.includes(type) && !instanceType(type));
  const described = await Promise.all(unknown.map((type) => describe(type, options)));
  return [...notOffered, ...describedProblems(new Map(described), args)];
}

function keyOf(
  type: string,
  { groups, started }: Pick<PreflightArgs, "groups" | "started">,
): string {
  const group = groups.find(({ instanceTypes }) => instanceTypes.includes(type));
  return `${group?.at ?? started?.at}.instanceTypes`;
}

interface DescribedType extends InstanceType {
  /** EC2's names: `arm64`, `x86_64`, `i386`. */
  architectures: string[];
  /** EC2's names: `nitro`, `xen`; empty of bare metal, which is Nitro too. */
  hypervisor: string;
}

async function describe(type: string, options: Options): Promise<[string, DescribedType]> {
  const found = await aws.ec2.getInstanceType({ instanceType: type }, options);
  return [
    type,
    {
      vcpus: found.defaultVcpus,
      memoryMiB: found.memorySize,
      interfaces: found.maximumNetworkInterfaces,
      addressesPerInterface: found.maximumIpv4AddressesPerInterface,
      architectures: found.supportedArchitectures,
      hypervisor: found.hypervisor,
    },
  ];
}

/** The rules of rules.ts and scale-rules.ts, for types whose facts come from AWS. */
function describedProblems(described: Map<string, DescribedType>, args: PreflightArgs): string[] {
  const { groups, architecture, autoscaled } = args;
  const needed = architecture === "amd64" ? "x86_64" : architecture;
  const foreign = [...described].flatMap(([type, { architectures }]) =>
    architectures.includes(needed)
      ? []
      : [
          `${keyOf(type, args)}: ${type} is ${architectures.join(", ")}, but nodes.architecture is ${architecture}; allowed: a type of ${architecture}`,
        ],
  );
  const sizeOf = (type: string) => described.get(type) ?? instanceType(type);
  const unlike = groups.flatMap(({ at, instanceTypes: [first = "", ...others], capacityType }) =>
    others.flatMap((type) => {
      const [one, other] = [sizeOf(first), sizeOf(type)];
      if (!autoscaled || !one || !other || !(described.has(first) || described.has(type)))
        return [];
      const spot = capacityType === "SPOT";
      return isSubstitute(one, other, spot)
        ? []
        : [
            `${at}.instanceTypes: ${type} has ${sizeText(other)}, but ${first} ${sizeText(one)}; allowed: with autoscaler.enabled, types of ${spot ? "at least these" : "equal"} vCPUs and memory`,
          ];
    }),
  );
  // Of those that instance-types.ts has, each is Nitro.
  const withoutPrefixes = [...described].flatMap(([type, { hypervisor }]) =>
    args.prefixes !== undefined && hypervisor === "xen"
      ? [
          `${keyOf(type, args)}: ${type} has the hypervisor xen, and no prefixes of addresses; allowed with cluster.podAddresses.prefixDelegation: a type of the Nitro System`,
        ]
      : [],
  );
  return [...foreign, ...unlike, ...withoutPrefixes, ...podsWithoutRoom(described, args)];
}

/**
 * A group starts a node of any of its types, Karpenter one of the type that a pod needs. A pod needs one
 * group whose nodes all hold it.
 */
function podsWithoutRoom(
  described: Map<string, DescribedType>,
  { groups, started, prefixes, pods }: PreflightArgs,
): string[] {
  const keeps = started ? prefixes && "all" : prefixes;
  const sizeOf = (type: string) => described.get(type) ?? instanceType(type);
  const holds = (types: string[], pod: PodSize) =>
    types.every((type) => {
      const size = sizeOf(type);
      return size !== undefined && fits(pod, roomOf(size, keeps));
    });
  const left = pods.filter(
    ([, pod]) =>
      started !== undefined || !groups.some(({ instanceTypes }) => holds(instanceTypes, pod)),
  );
  const choices = started
    ? [{ at: started.at, types: started.instanceTypes }]
    : groups.flatMap(({ at, instanceTypes }) =>
        instanceTypes.map((type) => ({ at, types: [type] })),
      );
  return choices
    .filter(({ types }) => types.some((type) => described.has(type)))
    .flatMap(({ at, types }) => {
      const sizes = types.flatMap((type) => sizeOf(type) ?? []);
      const rooms = sizes
        .map((size) => roomOf(size, keeps))
        .toSorted((a, b) => b.cpuMillicores - a.cpuMillicores);
      const [room] = rooms;
      if (!room || sizes.length < types.length) return [];
      return left
        .filter(([, pod]) => !rooms.some((one) => fits(pod, one)))
        .map(
          ([key, { cpuMillicores, memoryMiB }]) =>
            `${key}: ${cpuMillicores} millicores and ${memoryMiB} MiB for a pod are more than a node has left; allowed with ${at}.instanceTypes ${types.join(", ")}: ${room.cpuMillicores} millicores and ${room.memoryMiB} MiB`,
        );
    });
}

const sizeText = ({ vcpus, memoryMiB }: InstanceType) => `${vcpus} vCPUs and ${memoryMiB} MiB`;

async function domainProblems(
  { domains, recordProviders }: PreflightArgs,
  options: pulumi.InvokeOptions,
): Promise<string[]> {
  const problems = domains.map(async ([at, { hostName, hostedZoneId, hostedZoneRoleArn }]) => {
    if (hostedZoneId === undefined) return [];
    const { name, privateZone } = await aws.route53.getZone(
      { zoneId: hostedZoneId },
      hostedZoneRoleArn ? { provider: recordProviders[hostedZoneRoleArn] } : options,
    );
    const zone = name.replace(/\.$/, "");
    return [
      privateZone && `${at}.hostedZoneId: ${hostedZoneId} is a private zone; allowed: a public one`,
      hostName !== zone &&
        !hostName.endsWith(`.${zone}`) &&
        `${at}.hostName: ${hostName} is not in the hosted zone ${zone}; allowed: a name in it`,
    ].filter((problem): problem is string => problem !== false);
  });
  return (await Promise.all(problems)).flat();
}
