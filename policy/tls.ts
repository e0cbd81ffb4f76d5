import type { Example, Rule, Subject } from "./rule.ts";

const ingressType = "kubernetes:networking.k8s.io/v1:Ingress";
const certificate = "aws:acm/certificate:Certificate";
const listener = "aws:lb/listener:Listener";
const annotation = (name: string) => `alb.ingress.kubernetes.io/${name}`;

/** Names of policies with TLS 1.2 and 1.3 only, also of post-quantum and FIPS variants. */
const current = /^ELBSecurityPolicy-TLS13-1-[23](-Res|-FIPS|-PQ)*-20\d\d-\d\d$/;

/** The security policies of an HTTPS listener; none without such a listener. */
function tlsPolicies({ type, inputs }: Subject, others: Subject[]): (string | undefined)[] {
  if (type === listener) return /^(HTTPS|TLS)$/.test(inputs.protocol) ? [inputs.sslPolicy] : [];
  if (type !== ingressType) return [];
  const annotations = inputs.metadata?.annotations ?? {};
  const encrypted =
    (annotations[annotation("listen-ports")] ?? "").includes("HTTPS") ||
    annotation("certificate-arn") in annotations;
  if (!encrypted) return [];
  // The Ingresses of a group share a listener. One of them names its policy.
  const group = annotations[annotation("group.name")];
  const ofGroup = others
    .filter((other) => other.type === ingressType && group !== undefined)
    .map((other) => other.inputs.metadata?.annotations ?? {})
    .filter((other) => other[annotation("group.name")] === group)
    .flatMap((other) => other[annotation("ssl-policy")] ?? []);
  return [annotations[annotation("ssl-policy")] ?? ofGroup[0]];
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

export const tlsRules: Rule[] = [
  {
    name: "tls-current",
    requirement: "Every TLS listener has a named policy with TLS 1.2 and 1.3 only",
    reason: "The load balancer's default policy allows TLS 1.0 (FSBP ELB.17)",
    remedy: "Name a policy ELBSecurityPolicy-TLS13-1-2-…",
    together: true,
    check: (one, { others }) =>
      tlsPolicies(one, others).map(
        (policy) =>
          !current.test(policy ?? "") &&
          `has the TLS policy ${policy ?? "ELBSecurityPolicy-2016-08, the default of AWS"}`,
      ),
    good: [
      ingress({ "listen-ports": '[{"HTTP":80}]' }),
      ingress({
        "listen-ports": '[{"HTTPS":443}]',
        "ssl-policy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
      }),
      [
        ...ingress({ "listen-ports": '[{"HTTPS":443}]', "group.name": "platform" }),
        ...ingress({
          "listen-ports": '[{"HTTPS":443}]',
          "group.name": "platform",
          "ssl-policy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
        }),
      ],
      [
        {
          type: listener,
          inputs: { protocol: "HTTPS", sslPolicy: "ELBSecurityPolicy-TLS13-1-2-2021-06" },
        },
      ],
    ],
    bad: [
      ingress({ "listen-ports": '[{"HTTP":80},{"HTTPS":443}]' }),
      [
        ...ingress({ "listen-ports": '[{"HTTPS":443}]', "group.name": "platform" }),
        ...ingress({ "group.name": "other", "ssl-policy": "ELBSecurityPolicy-TLS13-1-2-2021-06" }),
      ],
      ingress({ "certificate-arn": "arn", "ssl-policy": "ELBSecurityPolicy-2016-08" }),
      [{ type: listener, inputs: { protocol: "TLS" } }],
    ],
  },
  {
    name: "certificates-renew",
    requirement: "ACM renews every certificate automatically",
    reason:
      "A certificate expires when nobody answers the validation mail (ACM user guide, managed renewal)",
    remedy: "Set validationMethod to DNS",
    check: ({ type, inputs }) => [
      type === certificate && inputs.validationMethod !== "DNS" && "is not validated by DNS",
    ],
    good: [[{ type: certificate, inputs: { validationMethod: "DNS" } }]],
    bad: [[{ type: certificate, inputs: { validationMethod: "EMAIL" } }], [{ type: certificate }]],
  },
];
