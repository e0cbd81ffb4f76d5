/** A finding that the program does not follow. */
export interface Suppression {
  tool: "kube-score" | "checkov";
  rule: string;
  /** The addresses of resources with the finding. */
  on: RegExp;
  reason: string;
}

/** Of the Kubernetes objects. */
export const manifestSuppressions: Suppression[] = [
  {
    tool: "kube-score",
    rule: "container-image-pull-policy",
    on: /^Deployment\//,
    reason: "the image has a digest: a node's copy equals the registry's",
  },
  {
    tool: "kube-score",
    rule: "deployment-targeted-by-hpa-does-not-have-replicas-configured",
    on: /^Deployment\//,
    reason: "replicas hold for the first rollout only; Pulumi ignores later changes",
  },
  {
    tool: "kube-score",
    rule: "deployment-has-host-podantiaffinity",
    on: /^Deployment\//,
    reason: "topologySpreadConstraints spread the pods over hosts, and over zones first",
  },
];

/** Of the AWS resources. */
export const cloudSuppressions: Suppression[] = [
  {
    tool: "checkov",
    rule: "CKV_AWS_158",
    on: /^aws_cloudwatch_log_group\./,
    reason:
      "CloudWatch encrypts all logs with its own keys; if a key of the stack is deleted, nobody can read the logs",
  },
  {
    tool: "checkov",
    rule: "CKV_AWS_338",
    on: /^aws_cloudwatch_log_group\./,
    reason: "logs.retentionDays sets it; production requires at least 30",
  },
  {
    tool: "checkov",
    rule: "CKV_AWS_39",
    on: /^aws_eks_cluster\./,
    reason:
      "cluster.publicAccessCidrs limits the endpoint; the policy rule api-not-public checks it",
  },
  {
    tool: "checkov",
    rule: "CKV_AWS_339",
    on: /^aws_eks_cluster\./,
    reason:
      "checkov's list of versions ends before 1.36; policy/kubernetes-versions.ts has the newer ones",
  },
  {
    tool: "checkov",
    rule: "CKV_AWS_290",
    on: /^aws_iam_role_policy\.load-balancer-controller$/,
    reason: "the controller documents these permissions; test/iam simulates them",
  },
  {
    tool: "checkov",
    rule: "CKV_AWS_355",
    on: /^aws_iam_role_policy\.load-balancer-controller$/,
    reason: "test/support/iam-tables.ts has the reason for each statement on all resources",
  },
  {
    tool: "checkov",
    rule: "CKV2_AWS_64",
    on: /^aws_kms_key\./,
    reason: "the default key policy delegates to IAM; another one could exclude every principal",
  },
  {
    tool: "checkov",
    rule: "CKV_AWS_145",
    on: /^aws_s3_bucket\.load-balancer-logs$/,
    reason: "Elastic Load Balancing delivers logs only to buckets with SSE-S3",
  },
  {
    tool: "checkov",
    rule: "CKV_AWS_21",
    on: /^aws_s3_bucket\.load-balancer-logs$/,
    reason: "logs are written once and expire; versions would keep expired logs",
  },
  {
    tool: "checkov",
    rule: "CKV_AWS_144",
    on: /^aws_s3_bucket\.load-balancer-logs$/,
    reason: "logs that expire need no copy in another region",
  },
  {
    tool: "checkov",
    rule: "CKV_AWS_18",
    on: /^aws_s3_bucket\.load-balancer-logs$/,
    reason: "only the load balancer writes to the bucket; CloudTrail records other attempts",
  },
  {
    tool: "checkov",
    rule: "CKV2_AWS_62",
    on: /^aws_s3_bucket\.load-balancer-logs$/,
    reason: "no program waits for a log file",
  },
  {
    tool: "checkov",
    rule: "CKV2_AWS_23",
    on: /^aws_route53_record\.host-names-/,
    reason: "the controller creates the record's load balancer, so no plan has it",
  },
];
