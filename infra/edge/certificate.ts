import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { DomainConfig } from "../config/schema.ts";

export interface CertificateArgs {
  /** Without one there is no certificate, and traffic is HTTP. */
  domain: (DomainConfig & { hostNames: string[] }) | undefined;
}

/**
 * A certificate of ACM for all host names, validated by DNS before anything can use it, renewed by
 * AWS for as long as the validation records stand. Must outlive the load balancer that uses it.
 */
export class Certificate extends pulumi.ComponentResource {
  /** Known only once the certificate is issued. */
  readonly arn: pulumi.Output<string> | undefined;

  constructor(name: string, { domain }: CertificateArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:edge:Certificate", name, {}, opts);
    const parent = { parent: this };
    if (domain) {
      const { hostName, hostNames, hostedZoneId } = domain;
      const certificate = new aws.acm.Certificate(
        name,
        {
          domainName: hostName,
          subjectAlternativeNames: hostNames.filter((host) => host !== hostName),
          validationMethod: "DNS",
          keyAlgorithm: "EC_prime256v1",
        },
        parent,
      );
      // A wildcard is proved by the record of the name that it stands below.
      const proved = hostNames.filter((host) => !host.startsWith("*."));
      const records = proved.map((host) => {
        const record = certificate.domainValidationOptions.apply((options) =>
          options.find(({ domainName }) => domainName === host),
        );
        return new aws.route53.Record(
          `${name}-validation-${host}`,
          {
            zoneId: hostedZoneId,
            name: record.apply((option) => option?.resourceRecordName ?? ""),
            type: record.apply((option) => option?.resourceRecordType ?? ""),
            records: [record.apply((option) => option?.resourceRecordValue ?? "")],
            ttl: 300,
            // Another certificate for the same name has the same record.
            allowOverwrite: true,
          },
          // Other certificates of the name are renewed by the same record, of this stack or not.
          { ...parent, retainOnDelete: true },
        );
      });
      this.arn = new aws.acm.CertificateValidation(
        name,
        {
          certificateArn: certificate.arn,
          validationRecordFqdns: records.map(({ fqdn }) => fqdn),
        },
        { ...parent, customTimeouts: { create: "30m" } },
      ).certificateArn;
    }
    this.registerOutputs({ arn: this.arn });
  }
}

export interface HostNamesArgs {
  domain: (DomainConfig & { region: string; hostNames: string[] }) | undefined;
  /** The load balancer's own host name. */
  target: pulumi.Input<string>;
}

/**
 * The DNS records that lead the host names to the load balancer. Must depend on what makes the load
 * balancer: a record never points at one that is gone, which somebody else could get.
 */
export class HostNames extends pulumi.ComponentResource {
  constructor(
    name: string,
    { domain, target }: HostNamesArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("platform:edge:HostNames", name, {}, opts);
    const parent = { parent: this };
    if (domain) {
      const zoneId = aws.lb.getHostedZoneIdOutput(
        { region: domain.region, loadBalancerType: "application" },
        parent,
      ).id;
      for (const host of domain.hostNames) {
        new aws.route53.Record(
          `${name}-${host}`,
          {
            zoneId: domain.hostedZoneId,
            name: host,
            // The load balancer has IPv4 addresses only, as its network has.
            type: "A",
            aliases: [{ name: target, zoneId, evaluateTargetHealth: true }],
          },
          parent,
        );
      }
    }
    this.registerOutputs();
  }
}
