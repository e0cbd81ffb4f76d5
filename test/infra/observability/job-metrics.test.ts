import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import {
  JobMetrics,
  type JobMetricsArgs,
  jobMetric,
} from "../../../infra/observability/job-metrics.ts";
import { filterPattern } from "../../../tools/cloud/filter-pattern.ts";
import { deploy } from "../../../tools/graph/evaluate.ts";
import type { Resource } from "../../../tools/graph/resource.ts";

const args: JobMetricsArgs = {
  clusterName: "platform-test",
  logGroup: "/aws/eks/platform-test/cluster",
};
type Fields = Record<string, unknown>;

const condition = (type: string, status = "True") => ({
  type,
  status,
  lastProbeTime: "2026-11-24T03:10:04Z",
  lastTransitionTime: "2026-11-24T03:10:04Z",
  ...(/^Fail/.test(type) && {
    reason: "BackoffLimitExceeded",
    message: "Job has reached the specified backoff limit",
  }),
});

const job = (...conditions: object[]) => ({
  kind: "Job",
  apiVersion: "batch/v1",
  metadata: {
    name: "tidy-29391550",
    namespace: "tidy",
    ownerReferences: [{ apiVersion: "batch/v1", kind: "CronJob", name: "tidy", controller: true }],
  },
  spec: { backoffLimit: 2, activeDeadlineSeconds: 3600 },
  status: {
    ...(conditions.length > 0 && { conditions }),
    startTime: "2026-11-24T03:10:00Z",
    failed: 3,
    uncountedTerminatedPods: {},
  },
});

/** One line of the audit log: k8s.io/apiserver, pkg/apis/audit/v1, at EKS's level for the group batch. */
const event = (responseObject: object | undefined, changes: Fields = {}): Fields => ({
  kind: "Event",
  apiVersion: "audit.k8s.io/v1",
  level: responseObject ? "RequestResponse" : "Request",
  auditID: "5d1d4a5c-4a2c-4f5d-9c52-5bd9bfb1a4d7",
  stage: "ResponseComplete",
  requestURI: "/apis/batch/v1/namespaces/tidy/jobs/tidy-29391550/status",
  verb: "update",
  user: { username: "system:serviceaccount:kube-system:job-controller" },
  sourceIPs: ["10.0.64.11"],
  userAgent:
    "kube-controller-manager/v1.36.0 (linux/amd64) kubernetes/8d5e7c1/system:serviceaccount:kube-system:job-controller",
  objectRef: {
    resource: "jobs",
    namespace: "tidy",
    name: "tidy-29391550",
    apiGroup: "batch",
    apiVersion: "v1",
    subresource: "status",
  },
  responseStatus: { metadata: {}, code: 200 },
  ...(responseObject && { requestObject: responseObject, responseObject }),
  requestReceivedTimestamp: "2026-11-24T03:10:04.100000Z",
  stageTimestamp: "2026-11-24T03:10:04.110000Z",
  annotations: { "authorization.k8s.io/decision": "allow" },
  ...changes,
});
const about = (reference: Fields) => ({
  objectRef: { ...(event(undefined).objectRef as Fields), ...reference },
});
const conflict = event(job(condition("FailureTarget"), condition("Failed")), {
  responseStatus: { status: "Failure", reason: "Conflict", code: 409 },
  responseObject: { kind: "Status", apiVersion: "v1", status: "Failure", reason: "Conflict" },
});

const started = event(job());
const failing = event(job(condition("FailureTarget")));
const failed = event(job(condition("FailureTarget"), condition("Failed")));
const succeeding = event(job(condition("SuccessCriteriaMet")));
const completed = event(job(condition("SuccessCriteriaMet"), condition("Complete")));
const ended = (verb: string) =>
  event(failed.responseObject as object, { verb, ...about({ subresource: undefined }) });

describe("metrics of jobs", () => {
  let filters: Resource[];
  /** How many of these lines each filter counts, by metric and namespace. */
  const counted = (lines: Fields[]) =>
    Object.fromEntries(
      filters.map(({ inputs: { pattern, metricTransformation } }) => {
        const matches = filterPattern(pattern);
        const counts: Record<string, number> = {};
        for (const line of lines.filter(matches)) {
          const path = metricTransformation.dimensions.Namespace.split(".").slice(1);
          const namespace = path.reduce((at: Fields, part: string) => at[part] as Fields, line);
          counts[namespace] = (counts[namespace] ?? 0) + Number(metricTransformation.value);
        }
        return [metricTransformation.name, counts];
      }),
    );
  const nothing = { JobsCompleted: {}, JobsFailed: {} };

  before(async () => {
    const resources = await deploy(() => new JobMetrics("jobs", args));
    filters = resources.filter(({ type }) => type.endsWith(":LogMetricFilter"));
  });

  it("count a run that failed once, from its start until it is deleted", () =>
    assert.deepEqual(
      counted([started, failing, conflict, failed, ended("patch"), ended("delete")]),
      { ...nothing, JobsFailed: { tidy: 1 } },
    ));

  it("count a run that completed once", () =>
    assert.deepEqual(counted([started, succeeding, completed]), {
      ...nothing,
      JobsCompleted: { tidy: 1 },
    }));

  it("count a run that was suspended and resumed", () => {
    const resumed = condition("Suspended", "False");
    const all = [resumed, condition("SuccessCriteriaMet"), condition("Complete")];
    assert.deepEqual(counted([event(job(resumed)), event(job(...all))]), {
      ...nothing,
      JobsCompleted: { tidy: 1 },
    });
  });

  it("tell the jobs apart by their namespaces", () =>
    assert.deepEqual(counted([failed, { ...failed, ...about({ namespace: "nightly" }) }]), {
      ...nothing,
      JobsFailed: { tidy: 1, nightly: 1 },
    }));

  for (const [what, line] of Object.entries({
    "the status of the CronJob": { ...failed, ...about({ resource: "cronjobs" }) },
    "a job of another group": { ...failed, ...about({ apiGroup: "batch.volcano.sh" }) },
    "a reader, whose answer is not logged": event(undefined, { verb: "get" }),
    "an event that was too long for its objects": { ...event(undefined), level: "RequestResponse" },
  })) {
    it(`leave out ${what}`, () => assert.deepEqual(counted([line]), nothing));
  }

  it("are read as they are written", () => {
    for (const ending of ["completed", "failed"] as const) {
      const { namespace, name, dimensions, statistic } = jobMetric(args, { name: "tidy" }, ending);
      const [written, ...others] = filters
        .map(({ inputs }) => inputs.metricTransformation)
        .filter((one) => one.name === name);
      assert.deepEqual(others, []);
      assert.equal(written.namespace, namespace);
      assert.deepEqual(Object.keys(written.dimensions), Object.keys(dimensions));
      assert.equal(statistic, "Sum");
      assert.match(written.name.toLowerCase(), new RegExp(`${ending}$`));
    }
  });
});
