import * as pulumi from "@pulumi/pulumi";
import { Certificate, type CertificateArgs } from "./certificate.ts";
import type { DnsRecord } from "./dns.ts";
import { Firewall, type FirewallArgs } from "./firewall.ts";
import {
  LoadBalancerLogs,
  type LoadBalancerLogsArgs,
  type LogDelivery,
} from "./load-balancer-logs.ts";

export interface EdgeArgs extends CertificateArgs {
  firewall: FirewallArgs;
  loadBalancerLogs: LoadBalancerLogsArgs;
}

/**
 * What the load balancer holds on to: its certificate, its firewall and the bucket of its logs, each
 * where the stack asks for it. Must outlive the load balancer.
 */
export class Edge extends pulumi.ComponentResource {
  /** Without one, traffic is HTTP. */
  readonly certificateArns: pulumi.Output<string> | undefined;
  /** The same, one by one. */
  readonly certificates: pulumi.Output<string>[];
  /** The validation records that a person sets. */
  readonly dnsRecords: pulumi.Output<DnsRecord[]>;
  readonly webAclArn: pulumi.Output<string> | undefined;
  readonly logDelivery: LogDelivery | undefined;
  readonly logGroups: Record<string, pulumi.Output<string>>;

  constructor(name: string, args: EdgeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:edge:Edge", name, {}, opts);
    const parent = { parent: this };
    const { domain, recordProviders, loadBalancerLogs } = args;
    const firewall = new Firewall("firewall", args.firewall, parent);
    const certificate = new Certificate("certificate", { domain, recordProviders }, parent);
    this.certificates = certificate.arns;
    this.certificateArns =
      certificate.arns.length > 0
        ? pulumi.all(certificate.arns).apply((arns) => arns.join(","))
        : undefined;
    this.dnsRecords = certificate.records;
    this.webAclArn = firewall.webAclArn;
    this.logDelivery = new LoadBalancerLogs(
      "load-balancer-logs",
      loadBalancerLogs,
      parent,
    ).delivery;
    this.logGroups = firewall.logGroups;
    this.registerOutputs({ certificateArns: this.certificateArns });
  }
}
