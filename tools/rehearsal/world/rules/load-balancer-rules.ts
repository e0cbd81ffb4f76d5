import type { CloudResource, Props, World } from "../world.ts";
import { freeAddresses } from "./network-rules.ts";

export const ingressType = "kubernetes:networking.k8s.io/v1:Ingress";
export const loadBalancerType = "aws:lb/loadBalancer:LoadBalancer";
const subnetType = "aws:ec2/subnet:Subnet";
const prefix = "alb.ingress.kubernetes.io/";

/** An annotation of the load balancer controller. */
export function annotation(ingress: Props, name: string): string | undefined {
  return ingress.metadata.annotations?.[`${prefix}${name}`];
}

/** The attributes that an Ingress gives its load balancer or its target groups. */
export function attributesOf(
  ingress: Props,
  of: "load-balancer" | "target-group",
): Record<string, string> {
  const pairs = (annotation(ingress, `${of}-attributes`) ?? "").split(",").filter(Boolean);
  return Object.fromEntries(pairs.map((pair) => pair.split("=")));
}

/** Ingresses of a group share a load balancer; an Ingress without a group has its own. */
export function stackOf({ id, inputs, cluster }: CloudResource): string {
  return `load balancer ${cluster}/${annotation(inputs, "group.name") ?? id}`;
}

/** The annotation of the first Ingress of the group that has it. */
export function groupAnnotation(
  world: World,
  ingress: CloudResource,
  name: string,
): string | undefined {
  return [ingress, ...othersOf(world, ingress)].flatMap(
    ({ inputs }) => annotation(inputs, name) ?? [],
  )[0];
}

export function loadBalancerOf(world: World, ingress: CloudResource): CloudResource | undefined {
  return world.all(loadBalancerType).find(({ madeBy }) => madeBy === stackOf(ingress));
}

/** The other Ingresses of the same load balancer. */
export function othersOf(world: World, ingress: CloudResource): CloudResource[] {
  return world
    .all(ingressType)
    .filter((other) => other !== ingress && stackOf(other) === stackOf(ingress));
}

/** The tagged subnets, one for each zone. */
function taggedSubnets(world: World, ingress: CloudResource): CloudResource[] {
  const tag = isPublic(world, ingress)
    ? "kubernetes.io/role/elb"
    : "kubernetes.io/role/internal-elb";
  const zones = new Map(
    world
      .live(subnetType)
      .filter(({ inputs }) => inputs.tags?.[tag] === "1")
      .map((subnet) => [subnet.inputs.availabilityZone, subnet]),
  );
  return [...zones.values()];
}

/**
 * The subnets of the load balancer: those that the group names, else the tagged ones. A text says why there
 * are none (pkg/networking/subnet_resolver.go: it asks for no tag of subnets that are named).
 */
export function balancerSubnets(world: World, ingress: CloudResource): CloudResource[] | string {
  const named = [ingress, ...othersOf(world, ingress)].flatMap(
    ({ inputs }) => annotation(inputs, "subnets") ?? [],
  );
  const [first] = named;
  const subnets =
    first === undefined ? taggedSubnets(world, ingress) : namedSubnets(world, first.split(","));
  if (typeof subnets === "string") return subnets;
  const different = named.find((one) => one !== first);
  if (different !== undefined) return `conflicting subnets: [${first}] | [${different}]`;
  if (subnets.length < 2) {
    return first === undefined
      ? `couldn't auto-discover subnets: ${subnets.length} tagged, 2 zones needed`
      : `subnets count less than minimal required count: ${subnets.length} < 2`;
  }
  const full = subnets.find((subnet) => freeAddresses(world, subnet) < 8);
  return full
    ? `InvalidSubnet: Not enough IP space available in ${full.id}. ELB requires at least 8 free IP addresses in each subnet.`
    : subnets;
}

function namedSubnets(world: World, ids: string[]): CloudResource[] | string {
  const subnets: CloudResource[] = [];
  for (const id of ids) {
    const subnet = world.get(subnetType, id);
    if (!subnet) return `InvalidSubnetID.NotFound: The subnet ID '${id}' does not exist`;
    const { availabilityZone: zone } = subnet.inputs;
    const twin = subnets.find(({ inputs }) => inputs.availabilityZone === zone);
    if (twin) return `multiple subnets in same Availability Zone ${zone}: [${twin.id} ${id}]`;
    subnets.push(subnet);
  }
  return subnets;
}

export const isPublic = (world: World, ingress: CloudResource) =>
  groupAnnotation(world, ingress, "scheme") === "internet-facing";
