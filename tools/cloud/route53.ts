import { prices } from "./prices.ts";
import { type ResourceType, seconds } from "./resource-type.ts";

export const route53: Record<string, ResourceType> = {
  "aws:route53/record:Record": {
    // Route 53 waits until all its servers have a change, "typically within 60 seconds"
    duration: seconds(40),
    replacedBy: ["zoneId", "name", "setIdentifier"],
    required: ["zoneId", "name", "type"],
    id: ({ zoneId, name, type }) => `${zoneId}_${name}_${type}`,
    computed: ({ inputs }) => ({ fqdn: String(inputs.name).replace(/\.$/, "") }),
    taken: { error: "InvalidChangeBatch" },
    mock: "computed",
    free: "billed by queries; those of aliases to AWS are free",
  },
  "aws:route53/zone:Zone": {
    charges: () => ({
      fixed: [{ what: "hosted zone", count: 1, price: prices.hostedZone }],
      unknown: ["DNS queries"],
    }),
  },
};
