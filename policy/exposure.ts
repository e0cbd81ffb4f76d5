import type { Rule, Subject } from "./rule.ts";

/** The networks that a security group, or a rule of one, admits. */
function networksIn({ type, inputs }: Subject): string[] {
  const blocks = (one: Record<string, string[] | undefined>) => [
    ...(one.cidrBlocks ?? []),
    ...(one.ipv6CidrBlocks ?? []),
  ];
  switch (type) {
    case "aws:ec2/securityGroup:SecurityGroup":
    case "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":
      return (inputs.ingress ?? []).flatMap(blocks);
    case "aws:ec2/securityGroupRule:SecurityGroupRule":
      return inputs.type === "ingress" ? blocks(inputs) : [];
    case "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":
      return [inputs.cidrIpv4 ?? [], inputs.cidrIpv6 ?? []].flat();
    default:
      return [];
  }
}

export const exposureRules: Rule[] = [
  {
    name: "security-groups-closed",
    requirement: "No security group of the program admits the whole internet",
    reason:
      "Only load balancers admit it, and the controller makes their groups (FSBP EC2.18, EC2.19)",
    remedy: "Name the networks, or another security group",
    check: (one) => [
      networksIn(one).some((network) => /^(0\.0\.0\.0|::)\/0$/.test(network)) &&
        "admits the whole internet",
    ],
    good: [
      [
        {
          type: "aws:ec2/securityGroup:SecurityGroup",
          inputs: { ingress: [{ cidrBlocks: ["10.0.0.0/16"] }] },
        },
      ],
      [
        {
          type: "aws:ec2/securityGroupRule:SecurityGroupRule",
          inputs: { type: "egress", cidrBlocks: ["0.0.0.0/0"] },
        },
      ],
    ],
    bad: [
      [
        {
          type: "aws:ec2/securityGroup:SecurityGroup",
          inputs: { ingress: [{ cidrBlocks: ["10.0.0.0/16", "0.0.0.0/0"] }] },
        },
      ],
      [
        {
          type: "aws:ec2/securityGroupRule:SecurityGroupRule",
          inputs: { type: "ingress", ipv6CidrBlocks: ["::/0"] },
        },
      ],
      [
        {
          type: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
          inputs: { cidrIpv4: "0.0.0.0/0" },
        },
      ],
    ],
  },
  {
    name: "no-node-ports",
    requirement: "Traffic enters the cluster only through Ingresses",
    reason:
      "A NodePort opens every node; a LoadBalancer bypasses TLS, WAF and logs (NSA hardening guide)",
    remedy: "Set the Service's type to ClusterIP and route to it by an Ingress",
    check: ({ type, inputs }) => [
      type === "kubernetes:core/v1:Service" &&
        /^(NodePort|LoadBalancer)$/.test(inputs.spec?.type ?? "ClusterIP") &&
        `has the type ${inputs.spec.type}`,
    ],
    good: [
      [{ type: "kubernetes:core/v1:Service", inputs: { spec: {} } }],
      [{ type: "kubernetes:core/v1:Service", inputs: { spec: { type: "ClusterIP" } } }],
    ],
    bad: [
      [{ type: "kubernetes:core/v1:Service", inputs: { spec: { type: "NodePort" } } }],
      [{ type: "kubernetes:core/v1:Service", inputs: { spec: { type: "LoadBalancer" } } }],
    ],
  },
];
