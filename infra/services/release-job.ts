import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { type Ground, labelsOf } from "./namespace.ts";
import { jobPod, jobPodMetadata } from "./pod-spec.ts";
import type { ServiceArgs } from "./service-args.ts";
import { releaseSelector } from "./service-specs.ts";

export interface ReleaseJobArgs {
  service: ServiceArgs;
  release: NonNullable<ServiceArgs["release"]>;
  ground: Ground;
}

/**
 * A job that runs the service's container with another command, such as a migration. Another image or
 * other settings are another job; Pulumi waits until it has succeeded. What depends on it does not
 * change when it fails, and the error has the last lines that it wrote.
 */
export class ReleaseJob extends pulumi.ComponentResource {
  constructor(name: string, args: ReleaseJobArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:service:ReleaseJob", name, {}, opts);
    const { service, release, ground } = args;
    const labels = { ...labelsOf(service), ...releaseSelector(service) };
    // The service's container alone, with another command.
    const alone = {
      ...service,
      command: release.command,
      args: undefined,
      sidecars: {},
      before: {},
    };
    new kubernetes.batch.v1.Job(
      name,
      {
        metadata: {
          ...ground.metadata,
          labels,
          // A job that has failed is made anew by the next update.
          annotations: { "pulumi.com/replaceUnready": "true" },
        },
        spec: {
          backoffLimit: release.retries,
          activeDeadlineSeconds: release.deadlineSeconds,
          template: {
            metadata: jobPodMetadata(labels, service),
            spec: jobPod(alone, ground),
          },
        },
      },
      {
        parent: this,
        // Two migrations must not run at once.
        deleteBeforeReplace: true,
        // Whoever waits for the job waits for a node too, which may have to come first.
        customTimeouts: {
          create: `${release.deadlineSeconds + 300}s`,
          update: `${release.deadlineSeconds + 300}s`,
        },
      },
    );
    this.registerOutputs();
  }
}
