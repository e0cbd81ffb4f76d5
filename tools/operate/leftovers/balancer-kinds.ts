import {
  DeleteLoadBalancerCommand,
  DeleteTargetGroupCommand,
  type LoadBalancer,
  paginateDescribeLoadBalancers,
  paginateDescribeTargetGroups,
  waitUntilLoadBalancersDeleted,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { prices } from "../../cloud/prices.ts";
import { balancerTags, listed } from "../aws-lists.ts";
import { type Kind, longestWait, perDay } from "./kind.ts";

/** Listeners and their rules go with it. */
export const loadBalancers: Kind = {
  what: "load balancer",
  actions: ["elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeTags"],
  kept: ({ services }) =>
    services.ingress.deletionProtection ? "ingress.deletionProtection: true" : undefined,
  async find(cloud) {
    const pages = paginateDescribeLoadBalancers({ client: cloud.elb }, {});
    const all = await listed(pages, (page) => page.LoadBalancers);
    const tags = await balancerTags(
      cloud.elb,
      all.map((one) => one.LoadBalancerArn ?? ""),
    );
    return all.map((one) => {
      const { LoadBalancerArn: id = "", LoadBalancerName: name = id } = one;
      const usdPerDay = priceOf(one);
      return { id, name, tags: tags[id] ?? {}, ...(usdPerDay !== undefined && { usdPerDay }) };
    });
  },
  deletion: {
    actions: ["elasticloadbalancing:DeleteLoadBalancer"],
    async remove({ elb: client }, { id }) {
      await client.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: id }));
      await waitUntilLoadBalancersDeleted(
        { client, maxWaitTime: longestWait },
        { LoadBalancerArns: [id] },
      );
    },
  },
};

export const targetGroups: Kind = {
  what: "target group",
  actions: ["elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTags"],
  async find(cloud) {
    const pages = paginateDescribeTargetGroups({ client: cloud.elb }, {});
    const all = await listed(pages, (page) => page.TargetGroups);
    const tags = await balancerTags(
      cloud.elb,
      all.map((one) => one.TargetGroupArn ?? ""),
    );
    return all.map(({ TargetGroupArn: id = "", TargetGroupName: name = id }) => ({
      ...{ id, name, tags: tags[id] ?? {}, usdPerDay: 0 },
    }));
  },
  deletion: {
    actions: ["elasticloadbalancing:DeleteTargetGroup"],
    remove: ({ elb }, { id }) => elb.send(new DeleteTargetGroupCommand({ TargetGroupArn: id })),
  },
};

/** With the public addresses, one a zone; its traffic is not counted. */
function priceOf({ Type, Scheme, AvailabilityZones = [] }: LoadBalancer): number | undefined {
  if (Type !== "application") return undefined;
  const addresses = Scheme === "internet-facing" ? AvailabilityZones.length : 0;
  return perDay(prices.applicationLoadBalancer) + perDay(prices.publicIpv4, addresses);
}
