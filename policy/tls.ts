import type { Example, Rule, Subject } from "./rule.ts";

const ingressType = "kubernetes:networking.k8s.io/v1:Ingress";
const certificate = "aws:acm/certificate:Certificate";
const listener = "aws:lb/listener:Listener";
const annotation = (name: string) => `alb.ingress.kubernetes.io/${name}`;

/** TLS 1.2 and 1.3 only, as AWS names such policies; post-quantum and FIPS variants too. */
const current = /^ELBSecurityPolicy-TLS13-1-[23](-Res|-FIPS|-PQ)*-20\d\d-\d\d$/;

/** The security policies of an HTTPS endpoint; nothing where there is none. */
function tlsPolicies({ type, inputs }: Subject, others: Subject[]): (string | undefined)[] {
  if (type === listener) return /^(HTTPS|TLS)$/.test(inputs.protocol) ? [inputs.sslPolicy] : [];
  if (type !== ingressType) return [];
  const annotations = inputs.metadata?.annotations ?? {};
  const encrypted =
    (annotations[annotation("listen-ports")] ?? "").includes("HTTPS") ||
    annotation("certificate-arn") in annotations;
  if (!encrypted) return [];
  // The Ingresses of a group share a listener, whose policy one of them names.
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
    promise: "What speaks TLS speaks 1.2 or 1.3, with a policy that is named",
    reason: "The load balancer's default still offers TLS 1.0 (FSBP ELB.17)",
    remedy: "Name a policy ELBSecurityPolicy-TLS13-1-2-…",
    together: true,
    check: (one, { others }) =>
      tlsPolicies(one, others).map(
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
    promise: "Certificates are renewed without anybody's help",
    reason: "A mail that nobody answers ends all traffic (ACM user guide, managed renewal)",
    remedy: "Set validationMethod to DNS",
    check: ({ type, inputs }) => [
      type === certificate && inputs.validationMethod !== "DNS" && "is not validated by DNS",
    ],
    good: [[{ type: certificate, inputs: { validationMethod: "DNS" } }]],
    bad: [[{ type: certificate, inputs: { validationMethod: "EMAIL" } }], [{ type: certificate }]],
  },
];
