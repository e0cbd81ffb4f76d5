import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { isWildcard } from "../config/domain-rules.ts";
import type { DomainZone } from "../config/domain-schema.ts";
import { type DnsRecord, type DomainArgs, type RecordProviders, recordOptions } from "./dns.ts";

export interface CertificateArgs {
  /** Without one there is no certificate, and traffic is HTTP. */
  domain: DomainArgs | undefined;
  recordProviders: RecordProviders;
}

/**
 * The certificates for all host names: those that are issued already, or one of ACM, validated by DNS
 * before anything can use it, renewed by AWS for as long as the validation records stand. Must outlive
 * the load balancer that uses it.
 */
export class Certificate extends pulumi.ComponentResource {
  /** Known only once each certificate is issued. */
  readonly arns: pulumi.Output<string>[];
  /** The validation records that no hosted zone of the stack has: a person sets them. */
  readonly records: pulumi.Output<DnsRecord[]>;

  constructor(name: string, args: CertificateArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:edge:Certificate", name, {}, opts);
    const { domain } = args;
    this.records = pulumi.output([]);
    this.arns = (domain?.certificateArns ?? []).map((arn) => pulumi.output(arn));
    if (domain && !domain.certificateArns) {
      const certificate = this.request(name, domain);
      // A wildcard is proved by the record of the name that it stands below.
      const names = new Set(domain.hostNames.map(({ hostName }) => hostName));
      const proved = domain.hostNames.filter(
        ({ hostName }) => !isWildcard(hostName) || !names.has(hostName.slice(2)),
      );
      const validations = proved.map((zone) => ({ zone, ...validationOf(certificate, zone) }));
      const bySomebody = validations.filter(({ zone }) => zone.hostedZoneId === undefined);
      this.records = pulumi.all(bySomebody.map(({ zone: _, ...record }) => record)).apply(announce);
      this.arns = [this.validate(name, args, certificate, validations)];
    }
    this.registerOutputs({ arns: this.arns });
  }

  private request(name: string, { hostName, hostNames }: DomainArgs): aws.acm.Certificate {
    const others = hostNames.map((one) => one.hostName).filter((host) => host !== hostName);
    return new aws.acm.Certificate(
      name,
      {
        domainName: hostName,
        subjectAlternativeNames: others,
        validationMethod: "DNS",
        keyAlgorithm: "EC_prime256v1",
      },
      { parent: this },
    );
  }

  /** Waits 30 minutes for the certificate, or two hours for a person who sets the records. */
  private validate(
    name: string,
    { recordProviders }: CertificateArgs,
    certificate: aws.acm.Certificate,
    validations: ({ zone: DomainZone } & ReturnType<typeof validationOf>)[],
  ): pulumi.Output<string> {
    const records = validations.flatMap(({ zone, ...validation }) =>
      zone.hostedZoneId === undefined
        ? []
        : new aws.route53.Record(
            `${name}-validation-${zone.hostName}`,
            {
              zoneId: zone.hostedZoneId,
              name: validation.name,
              type: validation.type,
              records: [validation.value],
              ttl: 300,
              // Another certificate for the same name has the same record.
              allowOverwrite: true,
            },
            // Other certificates of the name are renewed by the same record, of this stack or not.
            { ...recordOptions(this, zone, recordProviders), retainOnDelete: true },
          ),
    );
    const alone = records.length === validations.length;
    return new aws.acm.CertificateValidation(
      name,
      {
        certificateArn: certificate.arn,
        ...(alone && { validationRecordFqdns: records.map(({ fqdn }) => fqdn) }),
      },
      alone
        ? { parent: this, customTimeouts: { create: "30m" } }
        : { parent: this, customTimeouts: { create: "2h" }, dependsOn: records },
    ).certificateArn;
  }
}

/** The record that proves whose the name is. */
function validationOf(certificate: aws.acm.Certificate, { hostName }: DomainZone) {
  const option = certificate.domainValidationOptions.apply((options) =>
    options.find(({ domainName }) => domainName === hostName),
  );
  return {
    name: option.apply((one) => one?.resourceRecordName ?? ""),
    type: option.apply((one) => one?.resourceRecordType ?? ""),
    value: option.apply((one) => one?.resourceRecordValue ?? ""),
  };
}

/** Says what to set while `up` waits: outputs are there only after it. A plan has no engine, and waits for nobody. */
function announce(records: DnsRecord[]): DnsRecord[] {
  if (pulumi.runtime.getEngine() !== undefined) {
    for (const { name, type, value } of records) {
      void pulumi.log.warn(`The certificate needs this DNS record: ${name} ${type} ${value}`);
    }
  }
  return records;
}
