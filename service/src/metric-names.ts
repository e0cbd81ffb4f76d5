/**
 * The CloudWatch metrics that the service publishes, for whoever sets alarms on them.
 *
 * Imports nothing, so that the platform's program can read it without the service's packages.
 */
export const serviceMetrics = {
  /** Unless METRICS_NAMESPACE says otherwise. */
  namespace: "Platform/Service",
  /** The one dimension; its value is SERVICE_NAME. */
  dimension: "Service",
  /** Requests answered or given up by the client, without probes. Count. */
  requests: "Requests",
  /** Requests answered with 500 or above. Count; published, 0 too, whenever `requests` is. */
  errors: "Errors",
  /** From the headers' arrival to the end of the answer. Milliseconds; statistics and percentiles. */
  duration: "Duration",
  /** Seconds that one data point covers. */
  periodSeconds: 30,
} as const;
