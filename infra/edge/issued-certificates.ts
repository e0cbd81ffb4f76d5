import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export interface IssuedCertificatesArgs {
  certificateArns: string[];
  hostNames: string[];
}

interface IssuedCertificate {
  arn: string;
  status: string;
  domainName: string;
  subjectAlternativeNames: string[];
}

/**
 * Reads certificates that are issued already, and changes nothing of them. Returns what keeps them from
 * serving the host names: a line for each problem.
 */
export async function issuedCertificateProblems(
  { certificateArns, hostNames }: IssuedCertificatesArgs,
  options: pulumi.CustomResourceOptions,
): Promise<string[]> {
  if (certificateArns.length === 0) return [];
  const read = certificateArns.map((given, at) => {
    const { arn, status, domainName, subjectAlternativeNames } = aws.acm.Certificate.get(
      `certificate-${at + 1}`,
      given,
      undefined,
      options,
    );
    return { arn, status, domainName, subjectAlternativeNames };
  });
  const certificates = await new Promise<IssuedCertificate[]>((resolve) =>
    pulumi.output(read).apply(resolve),
  );
  return certificateProblems(certificates, hostNames);
}

/** What keeps certificates from serving the host names by TLS. */
export function certificateProblems(
  certificates: IssuedCertificate[],
  hostNames: string[],
): string[] {
  const covered = new Set(
    certificates.flatMap((one) => [one.domainName, ...one.subjectAlternativeNames]),
  );
  const missing = hostNames.filter(
    (host) => !covered.has(host) && !covered.has(host.replace(/^[^.]+/, "*")),
  );
  return [
    ...certificates
      .filter(({ status }) => status !== "ISSUED")
      .map(
        ({ arn, status }) =>
          `domain.certificateArns: ${arn} is ${status}; allowed: a certificate that is ISSUED`,
      ),
    ...(missing.length > 0
      ? [
          `domain.certificateArns: no certificate is for ${missing.join(", ")}; allowed: certificates for all host names. Theirs are ${[...covered].join(", ")}`,
        ]
      : []),
  ];
}
