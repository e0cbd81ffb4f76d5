import type * as kubernetes from "@pulumi/kubernetes";
import { agentPeer } from "../addons/container-insights.ts";
import { contains, instanceMetadata } from "../network/cidr.ts";
import { servicePort } from "./pod-spec.ts";
import type { WebServiceArgs } from "./web-service-args.ts";

/** Which connections pods may have: none, but those of the load balancer and what is declared. */
export function networkPolicies(
  args: WebServiceArgs,
  selector: Record<string, string>,
): [suffix: string, spec: kubernetes.types.input.networking.v1.NetworkPolicySpec][] {
  const podSelector = { matchLabels: selector };
  const dns = {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
    podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
  };
  return [
    ["default-deny", { podSelector: {}, policyTypes: ["Ingress", "Egress"] }],
    [
      "from-load-balancer",
      {
        podSelector,
        policyTypes: ["Ingress"],
        ingress: [
          {
            from: args.network.loadBalancerCidrBlocks[args.ingress.scheme].map((cidr) => ({
              ipBlock: { cidr },
            })),
            ports: [{ port: servicePort, protocol: "TCP" }],
          },
        ],
      },
    ],
    [
      "to-declared",
      {
        podSelector,
        policyTypes: ["Egress"],
        egress: [
          {
            to: [dns],
            ports: ["UDP", "TCP"].map((protocol) => ({ port: 53, protocol })),
          },
          ...args.egress.map(({ cidrBlock, port }) => ({
            to: [{ ipBlock: withoutInstanceMetadata(cidrBlock) }],
            ports: [{ port, protocol: "TCP" }],
          })),
          ...(args.insights ? [{ to: [agentPeer], ports: args.insights.agent.ports }] : []),
        ],
      },
    ],
  ];
}

function withoutInstanceMetadata(cidr: string): { cidr: string; except?: string[] } {
  return contains(cidr, instanceMetadata) ? { cidr, except: [instanceMetadata] } : { cidr };
}
