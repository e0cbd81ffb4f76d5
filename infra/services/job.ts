import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { labelsOf, makeAliases, makeNamespace, selectorOf } from "./namespace.ts";
import { defaultDeny, waysOut } from "./network-policies.ts";
import { mostRuns, podSize, quotaFor } from "./pod-size.ts";
import { jobPod, jobPodMetadata } from "./pod-spec.ts";
import type { JobArgs } from "./service-args.ts";

/** Seconds after which a run that could not begin is left out until it is due again. */
export const startingDeadlineSeconds = 300;

const policies = { forbid: "Forbid", replace: "Replace", allow: "Allow" };
/**
 * A job in a namespace of its own, run by its schedule or, without one, by hand: `kubectl create job
 * --from=cronjob/<name>`. Its pods have all that a service's have, but no port: nobody calls them.
 *
 * Must depend on what services depend on.
 */
export class Job extends pulumi.ComponentResource {
  constructor(name: string, args: JobArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:service:Job", name, {}, opts);
    const parent = { parent: this };
    const ground = makeNamespace(
      name,
      {
        workload: args,
        quota: quotaFor([{ count: mostRuns[args.concurrency], size: podSize(args) }]),
        policies: [defaultDeny, ...waysOut(args, selectorOf(args))],
        labels: {},
      },
      parent,
    );
    const aliases = makeAliases(name, args, ground.metadata, parent);
    new kubernetes.batch.v1.CronJob(
      name,
      {
        metadata: { ...ground.metadata, name: args.name },
        spec: {
          // A job by hand has a schedule that never comes due.
          schedule: args.schedule ?? "0 0 1 1 *",
          suspend: args.schedule === undefined,
          timeZone: args.timeZone,
          concurrencyPolicy: policies[args.concurrency],
          startingDeadlineSeconds,
          successfulJobsHistoryLimit: args.keepRuns,
          failedJobsHistoryLimit: args.keepRuns,
          jobTemplate: {
            metadata: { labels: labelsOf(args) },
            spec: {
              backoffLimit: args.retries,
              activeDeadlineSeconds: args.deadlineSeconds,
              template: {
                metadata: jobPodMetadata(labelsOf(args), args),
                spec: jobPod(args, ground),
              },
            },
          },
        },
      },
      { ...parent, dependsOn: [...ground.guards, ...aliases] },
    );
    this.registerOutputs();
  }
}
