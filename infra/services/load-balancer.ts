import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { IngressConfig } from "../config/schema.ts";
import type { Network } from "../network/network.ts";
import { type IngressArgs, loadBalancerAnnotations, nameBy } from "./ingress-annotations.ts";

export interface LoadBalancerArgs extends Pick<IngressArgs, "edge"> {
  ingress: IngressConfig;
  network: Pick<Network, "loadBalancerSubnetIds">;
}

const notFound = "not-found";

/**
 * The Application Load Balancer that all services share, with what is its own: scheme, networks,
 * certificate, firewall, logs, protection. It answers 404 where no service has a rule.
 *
 * It is made from an Ingress of its own, so services come and go while it is protected, and Pulumi
 * refuses a destroy as a whole. Another scheme means another Ingress: AWS cannot change it, and the
 * controller would replace the load balancer behind Pulumi's back, a protected one too.
 *
 * Must depend on the load balancer controller, the cluster and the network as components, and the
 * services on it: it comes before their rules and goes after them.
 */
export class LoadBalancer extends pulumi.ComponentResource {
  readonly hostName: pulumi.Output<string>;

  constructor(name: string, args: LoadBalancerArgs, opts?: pulumi.ComponentResourceOptions) {
    // It was in Services: without the alias, stacks of then would get another load balancer.
    const before = { parent: pulumi.createUrn("services", "platform:service:Services") };
    super(
      "platform:service:LoadBalancer",
      name,
      {},
      pulumi.mergeOptions(opts, { aliases: [before] }),
    );
    const ingress = new kubernetes.networking.v1.Ingress(
      nameBy(args.ingress.scheme, name),
      {
        metadata: {
          namespace: "kube-system",
          labels: { "app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "platform" },
          annotations: {
            ...loadBalancerAnnotations(args, notFound),
            "pulumi.com/waitFor": "jsonpath={.status.loadBalancer.ingress[0].hostname}",
          },
        },
        spec: {
          ingressClassName: "alb",
          defaultBackend: { service: { name: notFound, port: { name: "use-annotation" } } },
        },
      },
      // Deleting waits until the controller has removed the load balancer and its finalizer.
      {
        parent: this,
        customTimeouts: { create: "15m", delete: "15m" },
        protect: args.ingress.deletionProtection,
      },
    );
    this.hostName = ingress.status.apply(
      (status) => status.loadBalancer?.ingress?.[0]?.hostname ?? "",
    );
    this.registerOutputs({ hostName: this.hostName });
  }
}
