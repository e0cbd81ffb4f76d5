import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { type DnsRecord, type DomainArgs, type RecordProviders, recordOptions } from "./dns.ts";

export interface HostNamesArgs {
  domain: DomainArgs | undefined;
  region: string;
  /** The load balancer's own host name. */
  target: pulumi.Input<string>;
  recordProviders: RecordProviders;
}

/**
 * The DNS records that lead the host names to the load balancer. Must depend on what makes the load
 * balancer: a record never points at one that is gone, which somebody else could get.
 */
export class HostNames extends pulumi.ComponentResource {
  /** The records of names without a hosted zone. At the top of a zone CNAME is not possible, only ALIAS. */
  readonly records: pulumi.Output<DnsRecord[]>;

  constructor(name: string, args: HostNamesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:edge:HostNames", name, {}, opts);
    const { domain, region, target, recordProviders } = args;
    const hostNames = domain?.hostNames ?? [];
    const ofZones = hostNames.filter(({ hostedZoneId }) => hostedZoneId !== undefined);
    if (ofZones.length > 0) {
      const zoneId = aws.lb.getHostedZoneIdOutput(
        { region, loadBalancerType: "application" },
        { parent: this },
      ).id;
      for (const zone of ofZones) {
        new aws.route53.Record(
          `${name}-${zone.hostName}`,
          {
            zoneId: zone.hostedZoneId ?? "",
            name: zone.hostName,
            // The load balancer has IPv4 addresses only, as its network has.
            type: "A",
            aliases: [{ name: target, zoneId, evaluateTargetHealth: true }],
          },
          recordOptions(this, zone, recordProviders),
        );
      }
    }
    this.records = pulumi.all(
      hostNames
        .filter(({ hostedZoneId }) => hostedZoneId === undefined)
        .map(({ hostName }) => ({ name: hostName, type: "CNAME", value: target })),
    );
    this.registerOutputs();
  }
}
