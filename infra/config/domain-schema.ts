import { z } from "zod";
import { arn, hostName, matching, routeHost } from "./values.ts";

const zone = {
  hostedZoneId: matching(/^Z[A-Z0-9]{5,31}$/, "a Route 53 hosted zone such as Z0123456789ABC")
    .optional()
    .describe(
      "Public hosted zone in Route 53 for the records. Without one, a person sets the records that the output `dnsRecords` lists.",
    ),
  hostedZoneRoleArn: arn("an IAM role")
    .optional()
    .describe("Role that changes the hosted zone, if that is of another account."),
};

export const domainSchema = z.strictObject({
  hostName: hostName().describe(
    "Host name of the stack's URL. With `domain` traffic is HTTPS; services may have host names below it.",
  ),
  ...zone,
  certificateArns: z
    .array(
      matching(
        /^arn:aws:acm:[a-z0-9-]+:\d{12}:certificate\/[0-9a-f-]+$/,
        "the ARN of a certificate of ACM",
      ),
      "a list of ARNs",
    )
    .min(1, "at least one ARN")
    .max(25, "at most 25 ARNs")
    .optional()
    .describe(
      "Issued certificates of ACM that cover all host names; the first is the default. Without them, the stack requests one.",
    ),
  additional: z
    .array(
      z.strictObject({
        hostName: routeHost().describe(
          "Another host name. `*.example.com` covers each name directly below example.com.",
        ),
        ...zone,
      }),
      "a list",
    )
    .max(20, "at most 20 domains")
    .default([])
    .describe(
      "More domains: each has `hostName`, and may have `hostedZoneId` and `hostedZoneRoleArn`. The host name `*.example.com` covers each name directly below example.com.",
    ),
});

export type DomainConfig = z.infer<typeof domainSchema>;
/** A domain, or one more, with the hosted zone of its records. */
export type DomainZone = Pick<DomainConfig, "hostName" | "hostedZoneId" | "hostedZoneRoleArn">;
