import * as pulumi from "@pulumi/pulumi";
import type { DomainConfig } from "../config/schema.ts";
import { Certificate } from "./certificate.ts";
import { Firewall, type FirewallArgs } from "./firewall.ts";
import {
  LoadBalancerLogs,
  type LoadBalancerLogsArgs,
  type LogDelivery,
} from "./load-balancer-logs.ts";

export interface EdgeArgs {
  domain: (DomainConfig & { hostNames: string[] }) | undefined;
  firewall: FirewallArgs;
  loadBalancerLogs: LoadBalancerLogsArgs;
}

/**
 * What the load balancer holds on to: its certificate, its firewall and the bucket of its logs, each
 * where the stack asks for it. Must outlive the load balancer.
 */
export class Edge extends pulumi.ComponentResource {
  /** Without one, traffic is HTTP. */
  readonly certificateArn: pulumi.Output<string> | undefined;
  readonly webAclArn: pulumi.Output<string> | undefined;
  readonly logDelivery: LogDelivery | undefined;
  readonly logGroups: Record<string, pulumi.Output<string>>;

  constructor(name: string, args: EdgeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:edge:Edge", name, {}, opts);
    const parent = { parent: this };
    const { domain, loadBalancerLogs } = args;
    const firewall = new Firewall("firewall", args.firewall, parent);
    this.certificateArn = new Certificate("certificate", { domain }, parent).arn;
    this.webAclArn = firewall.webAclArn;
    this.logDelivery = new LoadBalancerLogs(
      "load-balancer-logs",
      loadBalancerLogs,
      parent,
    ).delivery;
    this.logGroups = firewall.logGroups;
    this.registerOutputs({ certificateArn: this.certificateArn });
  }
}
