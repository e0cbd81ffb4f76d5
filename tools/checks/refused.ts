export interface Refusal {
  tool: "kube-score" | "checkov";
  rule: string;
  /** What it is refused for. */
  on: RegExp;
  because: string;
}

/** Findings in the Kubernetes objects that we do not follow. */
export const inManifests: Refusal[] = [
  {
    tool: "kube-score",
    rule: "container-image-pull-policy",
    on: /^Deployment\//,
    because:
      "the image is named by digest: what a node has already is what the registry would give",
  },
  {
    tool: "kube-score",
    rule: "deployment-targeted-by-hpa-does-not-have-replicas-configured",
    on: /^Deployment\//,
    because: "replicas count for the first rollout only; Pulumi ignores their changes afterwards",
  },
  {
    tool: "kube-score",
    rule: "deployment-has-host-podantiaffinity",
    on: /^Deployment\//,
    because: "topologySpreadConstraints spread the pods over hosts, and over zones first",
  },
];

/** Findings in the AWS resources that we do not follow. */
export const inCloud: Refusal[] = [
  {
    tool: "checkov",
    rule: "CKV_AWS_158",
    on: /^aws_cloudwatch_log_group\./,
    because:
      "CloudWatch encrypts all logs with keys of its own; with a key of ours logs would be gone with it, just when they are wanted",
  },
  {
    tool: "checkov",
    rule: "CKV_AWS_338",
    on: /^aws_cloudwatch_log_group\./,
    because: "logs.retentionDays is the owner's to choose; production demands at least 30",
  },
  {
    tool: "checkov",
    rule: "CKV_AWS_39",
    on: /^aws_eks_cluster\./,
    because: "the endpoint answers networks that the stack names; policy api-not-public holds that",
  },
  {
    tool: "checkov",
    rule: "CKV_AWS_339",
    on: /^aws_eks_cluster\./,
    because: "its list of versions ends before 1.36; ours is policy/kubernetes-versions.ts",
  },
  {
    tool: "checkov",
    rule: "CKV_AWS_290",
    on: /^aws_iam_role_policy\.load-balancer-controller$/,
    because:
      "the permissions that the controller documents; test/iam simulates what they are good for",
  },
  {
    tool: "checkov",
    rule: "CKV_AWS_355",
    on: /^aws_iam_role_policy\.load-balancer-controller$/,
    because:
      "as before; test/support/iam-tables.ts gives the reason for each statement on all resources",
  },
  {
    tool: "checkov",
    rule: "CKV2_AWS_64",
    on: /^aws_kms_key\./,
    because:
      "the default key policy leaves it to IAM, where all other permissions are; one of ours could lock everybody out",
  },
  {
    tool: "checkov",
    rule: "CKV_AWS_145",
    on: /^aws_s3_bucket\.load-balancer-logs$/,
    because: "Elastic Load Balancing delivers logs to buckets with S3's own encryption only",
  },
  {
    tool: "checkov",
    rule: "CKV_AWS_21",
    on: /^aws_s3_bucket\.load-balancer-logs$/,
    because: "logs are written once and expire; versions would keep what is to be forgotten",
  },
  {
    tool: "checkov",
    rule: "CKV_AWS_144",
    on: /^aws_s3_bucket\.load-balancer-logs$/,
    because: "logs that expire are no data to keep through the loss of a region",
  },
  {
    tool: "checkov",
    rule: "CKV_AWS_18",
    on: /^aws_s3_bucket\.load-balancer-logs$/,
    because: "only the load balancer writes here; CloudTrail tells who else tried",
  },
  {
    tool: "checkov",
    rule: "CKV2_AWS_62",
    on: /^aws_s3_bucket\.load-balancer-logs$/,
    because: "nothing waits for a log file, so nobody is to be told of one",
  },
  {
    tool: "checkov",
    rule: "CKV2_AWS_23",
    on: /^aws_route53_record\.host-names-/,
    because: "the load balancer that it leads to is made by the controller, so no plan has it",
  },
];
