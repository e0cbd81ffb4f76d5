import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { operateStatements } from "./operate-permissions.ts";
import { documentOf, type Place, path } from "./policies.ts";

/**
 * The policy of people who look at stacks and change nothing. Nobody has it until somebody attaches it.
 *
 * Its name is fixed, because a permission set of IAM Identity Center finds it by name and path.
 */
export class Operators extends pulumi.ComponentResource {
  readonly policyArn: pulumi.Output<string>;

  constructor(name: string, place: Place, opts?: pulumi.ComponentResourceOptions) {
    super("bootstrap:operators:Operators", name, {}, opts);
    this.policyArn = new aws.iam.Policy(
      name,
      {
        name: `operate-${place.region}`,
        path,
        policy: documentOf(operateStatements(place)),
      },
      { parent: this },
    ).arn;
    this.registerOutputs({ policyArn: this.policyArn });
  }
}
