import type { Check } from "../finding.ts";

export const certificateWaits: Check = {
  name: "certificate-waits",
  finds: "a certificate that waits for its record, failed, or is no longer valid",
  find: ({ aws: { certificates = [] } }) =>
    certificates.flatMap((one) => {
      const object = `certificate ${one.DomainName}`;
      const evidence = `Status ${one.Status} of ${one.CertificateArn}`;
      if (one.Status === "PENDING_VALIDATION") {
        const records = (one.DomainValidationOptions ?? [])
          .filter((option) => option.ValidationStatus !== "SUCCESS")
          .flatMap(({ ResourceRecord: record }) =>
            record ? [`${record.Name} ${record.Type} ${record.Value}`] : [],
          );
        return [
          {
            object,
            cause: "the certificate waits for its DNS record",
            evidence: `${evidence}; ValidationStatus PENDING_VALIDATION`,
            remedy: `Make the record in the public zone, and leave it there: ${records.join("; ") || "ACM has not named it yet"}. docs/domains.md`,
          },
        ];
      }
      if (one.Status === "FAILED" || one.Status === "VALIDATION_TIMED_OUT") {
        return [
          {
            object,
            cause: `the certificate was not issued: ${one.FailureReason ?? one.Status}`,
            evidence: `${evidence}; FailureReason ${one.FailureReason}`,
            remedy:
              one.FailureReason === "CAA_ERROR"
                ? 'Let Amazon issue by a CAA record of the domain: 0 issue "amazon.com". Then let up make another certificate.'
                : "Delete the certificate and run up, which asks for another one; make its record within 72 hours.",
          },
        ];
      }
      if (one.Status === "EXPIRED" || one.Status === "REVOKED") {
        return [
          {
            object,
            cause: `the certificate is ${one.Status.toLowerCase()}`,
            evidence: `${evidence}; NotAfter ${one.NotAfter?.toISOString().slice(0, 10)}`,
            remedy:
              "The record of its validation must stay in DNS, so that ACM renews it. Import a new one where the certificate is yours.",
          },
        ];
      }
      return [];
    }),
};
