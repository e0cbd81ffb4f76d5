import { budgetOf } from "../../cloud/budgets.ts";
import { resourceTypes } from "../../cloud/catalogue.ts";
import { type Fixed, free, monthly, type Price, priceRegion } from "../../cloud/prices.ts";
import { isGroup, kindOf, labelOf } from "../../graph/labels.ts";
import { type StartedNodes, startedNodesOf } from "../../graph/node-pool.ts";
import { ancestors } from "../../graph/order.ts";
import type { Resource } from "../../graph/resource.ts";
import { isResource } from "../../graph/uses.ts";
import { type NodeShare, nodeShares } from "./node-shares.ts";
import { type WayOut, waysOutOf } from "./ways-out.ts";

/** A line of the bill, in US dollars a month. */
export interface CostItem extends Fixed {
  urn: string;
  component: string;
  monthly: number;
}

/** What a stack costs by its being there, and at which prices its use is billed. */
export interface Cost {
  /** Whose list prices these are. */
  region: string;
  /** US dollars: the sum of `fixed`, which is the sum of `components`. */
  monthly: number;
  /** US dollars a month (`budget.monthly`); undefined without one. */
  budget?: number;
  /** US dollars: the sum with every price that moves, which is Spot's, as high as it can rise. */
  ceiling: number;
  components: { name: string; monthly: number }[];
  fixed: CostItem[];
  /** What the nodes cost, by the requests of the pods at rest. Empty without a node group. */
  nodes: NodeShare[];
  /** The components that are resources of the settings. */
  resources: string[];
  /** Not in the sum: what is used is not in the program. */
  perUse: { price: Price; components: string[] }[];
  /** By reason, the kinds of resource that are not billed themselves. */
  free: { why: string; kinds: string[] }[];
  /** What has no price here, and is therefore missing in the sum. */
  unknown: { urn: string; what: string }[];
  /** What the ways to the internet cost, one of which the stack has. */
  waysOut: WayOut[];
  assumptions: string[];
}

const assumptions = [
  "730 hours a month; list prices without tax, discounts and free tiers",
  "node groups at their desired size: what an autoscaler adds comes on top",
  "Spot nodes of the first type, at its mean Spot price of a month where one is known; at most all of the dearest type at its price on demand",
  "a load balancer and its public addresses in each zone of the VPC, one for each group of Ingresses",
  "the control plane in standard support; a key in its first year (a rotation adds $1)",
];

const ofStarted =
  "Karpenter's nodes: as many of one type as the pods of services need at their fewest, none of them on the managed group";

const ofAuto =
  "EKS Auto Mode's nodes: as many of one type as all pods need at their fewest; 12 % of the price on demand for EKS Auto Mode, for Spot too";

/** The monthly cost of resources. Each is either billed, free with a reason, or named as unknown. */
export function costOf(resources: Resource[]): Cost {
  const byUrn = new Map(resources.map((one) => [one.urn, one]));
  // What applications use is billed by its name.
  const componentOf = (one: Resource) => {
    const [outermost = one, inner] = ancestors(one, byUrn).reverse();
    return inner && isResource(inner) ? labelOf(inner) : kindOf(outermost);
  };
  const fixed: CostItem[] = [];
  const unknown: Cost["unknown"] = [];
  const uses = new Map<Price, Set<string>>();
  const gratis = new Map<string, Set<string>>();

  for (const resource of resources.filter((one) => !isGroup(one))) {
    const { urn, type } = resource;
    const known = resourceTypes[type];
    const bill = known?.charges?.(resource, resources) ?? {};
    for (const item of bill.fixed?.filter(({ count }) => count > 0) ?? []) {
      fixed.push({ ...item, urn, component: componentOf(resource), monthly: monthly(item) });
    }
    for (const price of bill.perUse ?? []) {
      uses.set(price, (uses.get(price) ?? new Set()).add(componentOf(resource)));
    }
    for (const what of bill.unknown ?? []) {
      unknown.push({ urn, what: `${labelOf(resource)}: ${what}` });
    }
    if (Object.values(bill).some((part) => part.length > 0)) continue;
    const why = known?.free ?? free.find(([start]) => type.startsWith(start))?.[1];
    if (why) gratis.set(why, (gratis.get(why) ?? new Set()).add(kindOf(resource)));
    else if (!known?.charges)
      unknown.push({ urn, what: `${labelOf(resource)}: no price for the type ${type}` });
  }

  const names = [...new Set(fixed.map(({ component }) => component))];
  const sum = (items: CostItem[]) => items.reduce((total, item) => total + item.monthly, 0);
  return {
    region: priceRegion,
    monthly: sum(fixed),
    budget: budgetOf(resources),
    ceiling: fixed.reduce(
      (total, { ceiling, ...item }) => total + monthly({ ...item, price: ceiling ?? item.price }),
      0,
    ),
    components: names.map((name) => ({
      name,
      monthly: sum(fixed.filter(({ component }) => component === name)),
    })),
    fixed,
    nodes: nodeShares(
      resources,
      sum(fixed.filter(({ urn }) => byUrn.get(urn)?.type === "aws:eks/nodeGroup:NodeGroup")),
    ),
    resources: resources.filter(isResource).map(labelOf),
    perUse: [...uses].map(([price, users]) => ({ price, components: [...users] })),
    free: [...gratis].map(([why, kinds]) => ({ why, kinds: [...kinds].sort() })),
    unknown,
    waysOut: waysOutOf(resources),
    assumptions: [...assumptions, ...assumptionsOf(startedNodesOf(resources))],
  };
}

function assumptionsOf(started: StartedNodes | undefined): string[] {
  if (!started) return [];
  return [started.by === "Karpenter" ? ofStarted : ofAuto];
}
