import type { Properties } from "../graph/resource.ts";
import { arnOf, hex, uuid } from "./naming.ts";
import { idOf, type ResourceType, seconds } from "./resource-type.ts";

/** Public certificates are free: prices.ts says so of all types. */
export const acm: Record<string, ResourceType> = {
  "aws:acm/certificate:Certificate": {
    duration: seconds(3),
    replacedBy: ["domainName", "subjectAlternativeNames", "validationMethod", "keyAlgorithm"],
    id: ({ domainName }, cloud) =>
      arnOf(cloud, "acm", `certificate/${domainName}-${cloud.serial()}`),
    computed: ({ id, inputs }) => ({ arn: id, domainValidationOptions: validations(inputs) }),
    mock: (inputs, name, place) => {
      const arn = arnOf(place, "acm", `certificate/${uuid(name)}`);
      const domainValidationOptions = validations(inputs);
      return { id: arn, state: { ...inputs, arn, domainValidationOptions } };
    },
    existing: (arn, { hostNames = [] }) => ({
      id: arn,
      state: {
        ...{ arn, status: "ISSUED" },
        ...{ domainName: hostNames[0], subjectAlternativeNames: hostNames },
      },
    }),
  },
  "aws:acm/certificateValidation:CertificateValidation": {
    // "Can take several minutes" after the records are there (ACM User Guide)
    duration: seconds(90, 0, 0),
    replacedBy: ["certificateArn", "validationRecordFqdns"],
    required: ["certificateArn"],
    id: idOf("certificateArn"),
    mock: "computed",
  },
};

/** The records that prove whose the names are; one that is imported needs none. */
function validations({ domainName, subjectAlternativeNames = [] }: Properties) {
  return [domainName ?? [], ...subjectAlternativeNames].flat().map((host: string) => {
    // A wildcard has the record of the name that it stands below.
    const name = host.replace(/^\*\./, "");
    return {
      domainName: host,
      resourceRecordName: `_${hex(name, 32)}.${name}.`,
      resourceRecordType: "CNAME",
      resourceRecordValue: `_${hex(`${name}/value`, 32)}.acm-validations.aws.`,
    };
  });
}
