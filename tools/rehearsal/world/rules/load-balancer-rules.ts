import type { CloudResource, Props, World } from "../world.ts";

export const ingressType = "kubernetes:networking.k8s.io/v1:Ingress";
export const loadBalancerType = "aws:lb/loadBalancer:LoadBalancer";
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
