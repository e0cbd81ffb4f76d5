import type * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";

/** Of the policy of a resource: refuses connections without TLS, which AWS takes by default. */
export const tlsOnly = (
  Action: string,
  Resource: pulumi.Input<string> | pulumi.Input<string>[],
): aws.iam.PolicyStatement => ({
  Sid: "TlsOnly",
  Effect: "Deny",
  Principal: "*",
  Action,
  Resource,
  Condition: { Bool: { "aws:SecureTransport": "false" } },
});
