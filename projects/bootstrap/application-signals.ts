import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export interface ApplicationSignalsArgs {
  /** Without it the log group is left to whom it belongs to. */
  retentionDays: number | undefined;
}

/**
 * The log group of CloudWatch Application Signals, with retention.
 *
 * All clusters of an account's region write to the same one, so that no stack can own it. Agents
 * make it when it is missing, without retention; it stays when bootstrap goes.
 */
export class ApplicationSignals extends pulumi.ComponentResource {
  constructor(
    name: string,
    { retentionDays }: ApplicationSignalsArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("bootstrap:logs:ApplicationSignals", name, {}, opts);
    if (retentionDays !== undefined) {
      new aws.cloudwatch.LogGroup(
        name,
        {
          name: "/aws/application-signals/data",
          retentionInDays: retentionDays,
          skipDestroy: true,
        },
        { parent: this },
      );
    }
    this.registerOutputs();
  }
}
