import { type NodeGroupPlan, nodeGroupPlans } from "../cluster/node-groups.ts";
import type { RunningGroups } from "../cluster/nodes.ts";
import type { PodAddresses } from "../cluster/pod-addresses.ts";
import { startedBy } from "../cluster/started-nodes.ts";
import { reachingCache, type WayToCachePort } from "../config/database-rules.ts";
import { addressesNeeded } from "../config/scale-rules.ts";
import type { ExistingNetworkConfig, IngressConfig, NodesConfig } from "../config/schema.ts";
import { blockOf, contains } from "./cidr.ts";
import type { ExistingNetwork, Subnet } from "./existing-network.ts";

/** What a stack needs of a network that is there already. */
export interface NetworkNeeds extends Pick<IngressConfig, "scheme"> {
  existing: ExistingNetworkConfig;
  zones: string[];
  clusterName: string;
  nodes: Parameters<typeof nodeGroupPlans>[0] &
    Partial<Pick<NodesConfig, "kind" | "karpenter" | "auto">>;
  podAddresses: PodAddresses;
  /** The node groups on AWS, which hold their addresses already. */
  running: RunningGroups;
  /** The VPC that the cluster runs in; undefined before it exists. */
  clusterVpcId: string | undefined;
  waysToCachePort: WayToCachePort[];
}

type SubnetKey = "publicSubnetIds" | "privateSubnetIds";

/** Elastic Load Balancing, application guide, subnets: free addresses in each, and its smallest network. */
const loadBalancerAddresses = 8;
const loadBalancerPrefix = 27;

/** What a network lacks: for each problem its key, the identifier, what was found, what is needed. */
export function networkProblems(
  network: ExistingNetwork | undefined,
  needs: NetworkNeeds,
): string[] {
  const { vpcId, ...subnetIds } = needs.existing;
  if (!network) return [missing("vpcId", vpcId)];
  const found = new Map(
    [...network.publicSubnets, ...network.privateSubnets].map((one) => [one.id, one]),
  );
  return [
    ...vpcProblems(network, needs),
    ...(["publicSubnetIds", "privateSubnetIds"] as const).flatMap((key) =>
      subnetIds[key].flatMap((id, at) => {
        const subnet = found.get(id);
        return subnet ? subnetProblems(key, subnet, at, needs) : [missing(key, id)];
      }),
    ),
  ];
}

const missing = (key: string, id: string) =>
  `network.existing.${key}: ${id} does not exist; needed: one that does, in this account and region`;

/**
 * EKS takes the services' addresses from one of two networks, by the VPC's first one (announcement of the
 * configurable range, 2020-10). Nodes need both settings of DNS (Amazon EKS User Guide, VPC requirements).
 */
function vpcProblems(
  { vpcId, cidrBlocks, dnsSupport, dnsHostnames }: ExistingNetwork,
  { clusterName, clusterVpcId = vpcId, waysToCachePort }: NetworkNeeds,
): string[] {
  const at = `network.existing.vpcId: ${vpcId}`;
  const first = cidrBlocks[0] ?? "";
  const services = contains("10.0.0.0/8", first) ? "172.20.0.0/16" : "10.100.0.0/16";
  const clash = cidrBlocks.find((one) => contains(one, services) || contains(services, one));
  const lacksDns = (name: string) =>
    `${at} has ${name} off; needed: on, or no node finds the cluster`;
  return [
    ...(dnsSupport ? [] : [lacksDns("DNS support")]),
    ...(dnsHostnames ? [] : [lacksDns("DNS hostnames")]),
    ...(clash
      ? [
          `${at} has the network ${clash}; needed: nothing in ${services}, from which EKS takes the addresses of Kubernetes services`,
        ]
      : []),
    ...(clusterVpcId === vpcId
      ? []
      : [
          `${at} is not ${clusterVpcId}, in which cluster ${clusterName} runs; needed: ${clusterVpcId}, or another cluster.name in a new stack: EKS moves no cluster to another VPC`,
        ]),
    ...reachingCache(waysToCachePort, cidrBlocks),
  ];
}

function subnetProblems(
  key: SubnetKey,
  subnet: Subnet,
  position: number,
  needs: NetworkNeeds,
): string[] {
  const at = `network.existing.${key}: ${subnet.id}`;
  const { vpcId } = needs.existing;
  if (subnet.vpcId !== vpcId) return [`${at} is in ${subnet.vpcId}; needed: a subnet of ${vpcId}`];
  const zone = needs.zones[position];
  const { addresses, holders } = addressesFor(key, needs);
  return [
    ...(subnet.zone === zone
      ? []
      : [
          `${at} is in ${subnet.zone}; needed: one in ${zone}, which is at this place of network.zones`,
        ]),
    ...routeProblems(key, at, subnet),
    ...(holdsBalancer(key, needs) && blockOf(subnet.cidrBlock).prefix > loadBalancerPrefix
      ? [`${at} is ${subnet.cidrBlock}; needed: a /${loadBalancerPrefix}, for the load balancer`]
      : []),
    ...(subnet.freeAddresses >= addresses
      ? []
      : [
          `${at} (${subnet.cidrBlock}) has ${subnet.freeAddresses} free addresses; needed: ${addresses}, for ${holders}`,
        ]),
  ];
}

/**
 * Nodes need the internet, not only endpoints: images of charts are in registries that no endpoint reaches
 * (values.yaml of aws-load-balancer-controller 3.5.0: public.ecr.aws).
 */
function routeProblems(key: SubnetKey, at: string, { defaultRoute }: Subnet): string[] {
  const leads = `${at} has ${defaultRoute ? `a default route to ${defaultRoute}` : "no default route"}`;
  const isPublic = defaultRoute?.startsWith("igw-") ?? false;
  if (key === "publicSubnetIds") {
    return isPublic
      ? []
      : [`${leads}; needed: one to an internet gateway, or nobody reaches the load balancer`];
  }
  // A peering connection leads to one VPC only (Amazon VPC Peering Guide).
  if (defaultRoute && !isPublic && !defaultRoute.startsWith("pcx-")) return [];
  return [
    `${leads}; needed: one to a NAT gateway, a transit gateway or a firewall: nodes have no public address, and pull images of registries on the internet`,
  ];
}

const holdsBalancer = (key: SubnetKey, { scheme }: NetworkNeeds) =>
  key === (scheme === "internal" ? "privateSubnetIds" : "publicSubnetIds");

/**
 * Free addresses that a subnet must have: for what does not run yet. An update that asks for no more nodes
 * needs none: no release is refused because others have taken addresses.
 */
function addressesFor(key: SubnetKey, needs: NetworkNeeds): { addresses: number; holders: string } {
  const { zones, nodes, running, podAddresses } = needs;
  const exists = Object.keys(running).length > 0;
  const balancer = !exists && holdsBalancer(key, needs) ? loadBalancerAddresses : 0;
  if (key === "publicSubnetIds") return { addresses: balancer, holders: "the load balancer" };
  const plans = nodeGroupPlans(nodes, zones.length);
  const started = startedBy(nodes);
  const of = { zones: zones.length, interfaceEndpoints: 0, started, podAddresses };
  const { each, others, needed } = addressesNeeded(plans, of);
  const more = plans.some(({ key, maxSize }) => {
    const now = running[key];
    return !now || now.replaced || now.maxSize < maxSize;
  });
  const also = balancer > 0 ? ` and ${balancer} for the load balancer` : "";
  return {
    addresses: more ? Math.max(0, needed - addressesHeld(plans, needs)) + balancer : 0,
    holders: nodes.auto
      ? `nodes.auto.cpuLimit ${nodes.auto.cpuLimit} and EKS${also}`
      : `nodes.maxSize ${nodes.maxSize} (${each} a node, ${others} for EKS${also})`,
  };
}

/** Nodes that are replaced go after the new ones have come. */
function addressesHeld(
  plans: NodeGroupPlan[],
  { zones, running, nodes, podAddresses }: NetworkNeeds,
): number {
  if (Object.keys(running).length === 0) return 0;
  const held = plans.flatMap((plan) => {
    const now = running[plan.key];
    return now && !now.replaced ? [{ ...plan, maxSize: now.desiredSize }] : [];
  });
  const started = startedBy(nodes);
  const of = { zones: zones.length, interfaceEndpoints: 0, started, podAddresses };
  return addressesNeeded(held, { ...of, upgradeNodes: 0 }).needed;
}
