import { natInstance } from "../../../infra/network/nat-instance.ts";
import { zoneCount } from "../../cloud/ec2.ts";
import { instancePrice } from "../../cloud/eks.ts";
import { monthly, type Price, prices } from "../../cloud/prices.ts";
import type { Resource } from "../../graph/resource.ts";

/** What a way to AWS or to the internet costs, by its being there and by what goes through it. */
export interface WayOut {
  what: string;
  /** US dollars a month. */
  monthly: number;
  /** US dollars per GB. */
  perGb: number;
  /** Whether the stack has it. */
  chosen: boolean;
  /** GB a month from which it costs less than `than`, if ever. */
  pays?: { than: string; fromGb: number };
}

const each = (price: Price, count = 1) => monthly({ what: "", count, price });

/**
 * What each value of `network.egress` costs in a VPC of the program's own, and an endpoint of a service
 * beside a gateway. Empty for a network that is there already.
 *
 * What leaves AWS, or goes from zone to zone, is billed besides.
 */
export function waysOutOf(resources: Resource[]): WayOut[] {
  const of = (type: string) => resources.filter((one) => one.type === type);
  const [vpc] = of("awsx:ec2:Vpc");
  if (!vpc) return [];
  const zones = zoneCount(vpc.inputs);
  const gateways = of("aws:ec2/natGateway:NatGateway").length;
  const gateway = each(prices.natGateway) + each(prices.publicIpv4);
  const instance = instancePrice(natInstance.type);
  const perGateway = prices.natTraffic.usd;
  const endpoint = each(prices.interfaceEndpoint, zones);
  const perEndpoint = prices.endpointTraffic.usd;
  return [
    {
      ...{ what: "one NAT gateway", monthly: gateway, perGb: perGateway },
      chosen: gateways === 1,
    },
    {
      ...{ what: `a NAT gateway in each of ${zones} zones`, monthly: zones * gateway },
      ...{ perGb: perGateway, chosen: gateways > 1 },
    },
    ...(instance
      ? [
          {
            what: "one NAT instance, in development",
            monthly:
              each(instance) + each(prices.publicIpv4) + each(prices.gp3, natInstance.diskGiB),
            perGb: 0,
            chosen: of("aws:autoscaling/group:Group").length > 0,
          },
        ]
      : []),
    {
      ...{ what: `an endpoint of one service in ${zones} zones`, monthly: endpoint },
      ...{ perGb: perEndpoint, chosen: of("aws:ec2/vpcEndpoint:VpcEndpoint").some(isInterface) },
      pays: {
        than: "its traffic through a NAT gateway",
        fromGb: Math.ceil(endpoint / (perGateway - perEndpoint)),
      },
    },
  ];
}

const isInterface = ({ inputs }: Resource) => inputs.vpcEndpointType === "Interface";

/** A line a way; that of the stack has a star. */
export function waysOutLines(ways: WayOut[]): string[] {
  return ways.flatMap(({ what, monthly, perGb, chosen, pays }) => [
    `${chosen ? "*" : " "} ${monthly.toFixed(2).padStart(7)}  ${what}${perGb > 0 ? `, and $${perGb} per GB` : ""}`,
    ...(pays ? [`           less than ${pays.than} from ${pays.fromGb} GB a month`] : []),
  ]);
}
