import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { stemOf } from "../config/resource-schema.ts";
import { type Link, type Linkable, sidOf } from "./link.ts";

export interface SecretArgs {
  clusterName: string;
  /** Secrets Manager keeps the secret for 30 days after its deletion, and Pulumi keeps it on destroy. */
  protect: boolean;
}

/**
 * A secret of Secrets Manager that a person fills:
 * `aws secretsmanager put-secret-value --secret-id <ARN> --secret-string <value>`. The program never has
 * its value. Pods that use it wait until it has one.
 *
 * Its users get `<NAME>`, its value as a whole.
 */
export class Secret extends pulumi.ComponentResource implements Linkable {
  readonly dimensions = {};
  private readonly resource: string;
  private readonly secret: aws.secretsmanager.Secret;

  constructor(name: string, args: SecretArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:resources:Secret", name, {}, opts);
    this.resource = name;
    this.secret = new aws.secretsmanager.Secret(
      name,
      {
        description: `${name} of ${args.clusterName}; a person sets its value`,
        recoveryWindowInDays: args.protect ? 30 : 0,
      },
      { parent: this, protect: args.protect, retainOnDelete: args.protect },
    );
    this.registerOutputs({ arn: this.secret.arn });
  }

  link(): Link {
    return {
      resource: this.resource,
      access: "read",
      variables: {},
      secrets: { [stemOf(this.resource)]: { secret: this.secret.arn } },
      statements: [readSecret(sidOf(this.resource), this.secret.arn)],
      // The secrets store fetches it, not the pod.
      egress: [],
    };
  }
}

/** What AWS's provider of the secrets store calls in the name of the pod. */
export const readSecret = (
  Sid: string,
  Resource: pulumi.Input<string>,
): aws.iam.PolicyStatement => ({
  Sid,
  Effect: "Allow",
  Action: ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
  Resource,
});
