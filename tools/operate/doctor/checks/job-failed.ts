import { conditionOf, nameOf } from "../../cluster-objects.ts";
import type { Check } from "../finding.ts";

/** A release job belongs to nobody; the run of a CronJob counts while it is the newest. */
export const jobFailed: Check = {
  name: "job-failed",
  finds: "a release job that failed, and a job whose newest run failed",
  consequence: true,
  find: ({ kubernetes: { jobs = [] } }) => {
    const owner = (job: (typeof jobs)[number]) => job.metadata?.ownerReferences?.[0]?.name;
    const since = (job: (typeof jobs)[number]) =>
      new Date(job.metadata?.creationTimestamp ?? 0).getTime();
    const newest = jobs.filter(
      (job) =>
        !jobs.some(
          (other) =>
            owner(job) &&
            owner(other) === owner(job) &&
            other.metadata?.namespace === job.metadata?.namespace &&
            since(other) > since(job),
        ),
    );
    return newest.flatMap((job) => {
      const failed = conditionOf(job, "Failed");
      if (failed?.status !== "True") return [];
      const release = !owner(job);
      const late = failed.reason === "DeadlineExceeded";
      return [
        {
          object: `Job ${nameOf(job)}`,
          cause: `${release ? "the release job" : `the newest run of ${owner(job)}`} ${late ? "reached its deadline" : "failed, with all its tries"}`,
          evidence: `condition Failed, ${failed.reason}: ${failed.message}`,
          remedy: release
            ? `The service keeps its former pods. Read kubectl logs -n ${job.metadata?.namespace} job/${job.metadata?.name}; mend it or go back by npm run rollback. The next up runs it again.`
            : "docs/runbooks.md#failed-run",
          namespace: job.metadata?.namespace,
        },
      ];
    });
  },
};
