import type { types } from "@pulumi/kubernetes";
import { agentPeer } from "../addons/container-insights.ts";
import { usesPodIdentity } from "../cluster/service-account-role.ts";
import { portOf } from "../config/workload-schema.ts";
import { contains, instanceMetadata } from "../network/cidr.ts";
import { callRules, portName } from "./calls.ts";
import { checksOf } from "./probes.ts";
import type { ServiceArgs, WorkloadArgs } from "./service-args.ts";

/** A network policy, by what follows its workload's name. */
export type Policy = [suffix: string, spec: types.input.networking.v1.NetworkPolicySpec];

/** Nothing comes in and nothing goes out, but what other policies let through. */
export const defaultDeny: Policy = [
  "default-deny",
  { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
];

/** Which connections a service's pods may have: those of the load balancer, of callers and what is declared. */
export function networkPolicies(args: ServiceArgs, selector: Record<string, string>): Policy[] {
  const podSelector = { matchLabels: selector };
  const ports = [{ port: portName(args.protocol), protocol: "TCP" }];
  const from = (
    suffix: string,
    peers: types.input.networking.v1.NetworkPolicyPeer[],
    more: number[] = [],
  ): Policy => [
    suffix,
    {
      podSelector,
      policyTypes: ["Ingress"],
      ingress: [
        { from: peers, ports: [...ports, ...more.map((port) => ({ port, protocol: "TCP" }))] },
      ],
    },
  ];
  // The load balancer asks where Kubernetes asks, which may be a port of its own.
  const { ready } = checksOf(args.health, portOf(args));
  const health = ready?.path !== undefined && ready.port !== undefined ? [ready.port] : [];
  return [
    defaultDeny,
    ...(args.route
      ? [
          from(
            "from-load-balancer",
            args.network.loadBalancerCidrBlocks[args.ingress.scheme].map((cidr) => ({
              ipBlock: { cidr },
            })),
            health,
          ),
        ]
      : []),
    ...(args.callers.length > 0
      ? [
          from("from-callers", [
            {
              namespaceSelector: {
                matchExpressions: [
                  {
                    key: "kubernetes.io/metadata.name",
                    operator: "In",
                    values: [...args.callers].sort(),
                  },
                ],
              },
            },
          ]),
        ]
      : []),
    ...waysOut(args, selector),
  ];
}

/**
 * The ways out: to what `egress` and `calls` declare with DNS and the CloudWatch agent. By policies of
 * their own, which go when no pod needs them any more: to each resource of `uses`, and to the agent of EKS
 * Pod Identity.
 */
export function waysOut(
  args: Pick<WorkloadArgs, "egress" | "calls" | "links" | "insights" | "nodes" | "cluster">,
  selector: Record<string, string>,
): Policy[] {
  return [
    toDeclared(args, selector),
    ...(usesPodIdentity(args) ? [toIdentityAgent(selector)] : []),
    ...args.links
      .filter(({ egress }) => egress.length > 0)
      .map(
        ({ resource, egress }): Policy => [
          `uses-${resource}`,
          {
            podSelector: { matchLabels: selector },
            policyTypes: ["Egress"],
            egress: egress.map(networkRule),
          },
        ],
      ),
  ];
}

/**
 * Where EKS Auto Mode answers DNS: a service of each node, which no selector finds, at the tenth address of
 * the network of Kubernetes services (containers-roadmap#2552). EKS takes one of the two, by the VPC's.
 */
const nodeDns = ["172.20.0.10/32", "10.100.0.10/32"].map((cidr) => ({ ipBlock: { cidr } }));

/** On each node's own network (eks-pod-identity-agent, charts/eks-pod-identity-agent). */
const toIdentityAgent = (selector: Record<string, string>): Policy => [
  "to-pod-identity-agent",
  {
    podSelector: { matchLabels: selector },
    policyTypes: ["Egress"],
    egress: [networkRule({ cidrBlock: "169.254.170.23/32", port: 80 })],
  },
];

function toDeclared(
  args: Pick<WorkloadArgs, "egress" | "calls" | "insights" | "nodes">,
  selector: Record<string, string>,
): Policy {
  const dns = {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
    podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
  };
  return [
    "to-declared",
    {
      podSelector: { matchLabels: selector },
      policyTypes: ["Egress"],
      egress: [
        {
          to: args.nodes?.startedBy === "EKS Auto Mode" ? nodeDns : [dns],
          ports: ["UDP", "TCP"].map((protocol) => ({ port: 53, protocol })),
        },
        ...args.egress.map(networkRule),
        ...callRules(args.calls),
        ...(args.insights ? [{ to: [agentPeer], ports: args.insights.agent.ports }] : []),
      ],
    },
  ];
}

const networkRule = ({ cidrBlock, port }: { cidrBlock: string; port: number }) => ({
  to: [{ ipBlock: withoutInstanceMetadata(cidrBlock) }],
  ports: [{ port, protocol: "TCP" }],
});

function withoutInstanceMetadata(cidr: string): { cidr: string; except?: string[] } {
  return contains(cidr, instanceMetadata) ? { cidr, except: [instanceMetadata] } : { cidr };
}
