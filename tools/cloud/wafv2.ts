import { arnOf } from "./naming.ts";
import { prices } from "./prices.ts";
import { idOf, oneCall, type ResourceType, seconds } from "./resource-type.ts";

export const wafv2: Record<string, ResourceType> = {
  "aws:wafv2/webAcl:WebAcl": {
    duration: seconds(3),
    replacedBy: ["name", "scope"],
    required: ["scope", "defaultAction", "visibilityConfig"],
    autoname: { property: "name", maxLength: 128 },
    computed: ({ cloud, inputs }) => ({
      arn: arnOf(cloud, "wafv2", `regional/webacl/${inputs.name}`),
    }),
    charges: ({ inputs }) => ({
      fixed: [
        { what: "web ACL", count: 1, price: prices.webAcl },
        { what: "rule", count: inputs.rules?.length ?? 0, price: prices.webAclRule },
      ],
      perUse: [prices.webAclRequests],
    }),
  },
  "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": {
    duration: oneCall,
    replacedBy: ["resourceArn"],
    required: ["resourceArn", "logDestinationConfigs"],
    id: idOf("resourceArn"),
    free: "billed by the log group it writes to",
  },
  "aws:wafv2/webAclAssociation:WebAclAssociation": { free: "a setting" },
  "aws:wafv2/ipSet:IpSet": { free: "a setting" },
};
