import type { Example, Rule, Subject } from "./rule.ts";

const ingressType = "kubernetes:networking.k8s.io/v1:Ingress";
const listener = "aws:lb/listener:Listener";
const annotation = (name: string) => `alb.ingress.kubernetes.io/${name}`;

/** TLS 1.2 and 1.3 only, as AWS names such policies; post-quantum and FIPS variants too. */
const current = /^ELBSecurityPolicy-TLS13-1-[23](-Res|-FIPS|-PQ)*-20\d\d-\d\d$/;

/** The security policies of an HTTPS endpoint; nothing where there is none. */
function tlsPolicies({ type, inputs }: Subject): (string | undefined)[] {
  if (type === listener) return /^(HTTPS|TLS)$/.test(inputs.protocol) ? [inputs.sslPolicy] : [];
  if (type !== ingressType) return [];
  const annotations = inputs.metadata?.annotations ?? {};
  const encrypted =
    (annotations[annotation("listen-ports")] ?? "").includes("HTTPS") ||
    annotation("certificate-arn") in annotations;
  return encrypted ? [annotations[annotation("ssl-policy")]] : [];
}

const ingress = (annotations: Record<string, string>): Example[] => [
  {
    type: ingressType,
    inputs: {
      metadata: {
        annotations: Object.fromEntries(
          Object.entries(annotations).map(([name, value]) => [annotation(name), value]),
        ),
      },
    },
  },
];

/** The networks that a security group, or a rule of one, lets in. */
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
    promise: "No security group of the program lets in the whole internet",
    reason:
      "Only load balancers face it, and the controller makes their groups (FSBP EC2.18, EC2.19)",
    remedy: "Name the networks, or another security group",
    check: (one) => [
      networksIn(one).some((network) => /^(0\.0\.0\.0|::)\/0$/.test(network)) &&
        "lets in the whole internet",
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
    promise: "Traffic comes in by Ingresses alone",
    reason:
      "A NodePort opens every node, a LoadBalancer a way without TLS, WAF and logs (NSA hardening guide)",
    remedy: "Make the Service ClusterIP and route to it by an Ingress",
    check: ({ type, inputs }) => [
      type === "kubernetes:core/v1:Service" &&
        /^(NodePort|LoadBalancer)$/.test(inputs.spec?.type ?? "ClusterIP") &&
        `is of type ${inputs.spec.type}`,
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
  {
    name: "tls-current",
    promise: "What speaks TLS speaks 1.2 or 1.3, with a policy that is named",
    reason: "The load balancer's default still offers TLS 1.0 (FSBP ELB.17)",
    remedy: "Name a policy ELBSecurityPolicy-TLS13-1-2-…",
    check: (one) =>
      tlsPolicies(one).map(
        (policy) =>
          !current.test(policy ?? "") && `its TLS policy is ${policy ?? "AWS's default of 2016"}`,
      ),
    good: [
      ingress({ "listen-ports": '[{"HTTP":80}]' }),
      ingress({
        "listen-ports": '[{"HTTPS":443}]',
        "ssl-policy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
      }),
      [
        {
          type: listener,
          inputs: { protocol: "HTTPS", sslPolicy: "ELBSecurityPolicy-TLS13-1-2-2021-06" },
        },
      ],
    ],
    bad: [
      ingress({ "listen-ports": '[{"HTTP":80},{"HTTPS":443}]' }),
      ingress({ "certificate-arn": "arn", "ssl-policy": "ELBSecurityPolicy-2016-08" }),
      [{ type: listener, inputs: { protocol: "TLS" } }],
    ],
  },
];
