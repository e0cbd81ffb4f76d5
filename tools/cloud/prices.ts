/** A list price, where it was read, and of when it is: the day or month that the page names. */
export interface Price {
  usd: number;
  per: string;
  source: string;
  /** `null` if the page has no date. */
  date: string | null;
}

/** Whose list prices these are. Others differ, most of them upwards. */
export const priceRegion = "us-east-1";

/** AWS's own convention for a month. */
const hoursPerMonth = 730;

const price = (usd: number, per: string, source: string, date: string | null): Price => ({
  usd,
  per,
  source,
  date,
});
/** Generated from AWS's price list for us-east-1 at 2026-01-19T13:23:24Z. */
const ec2 = (usd: number) =>
  price(
    usd,
    "hour",
    "EC2 on demand, Linux, by its family's large: karpenter-provider-aws, zz_generated.pricing_aws.go",
    "2026-01-19",
  );
const guide = (service: string) => `cloudburn.io/blog/${service}`;
const quoted = (service: string) => `AWS's ${service} prices, quoted by a public page`;

/** US dollars, before tax, discounts and free tiers. Change a price together with its date. */
export const prices = {
  controlPlane: price(0.1, "hour", quoted("EKS"), "2026-06"),
  controlPlaneExtended: price(0.6, "hour", quoted("EKS"), "2026-06"),
  natGateway: price(0.045, "hour", quoted("VPC"), "2026-06-01"),
  natTraffic: price(0.045, "GB through a NAT gateway", quoted("VPC"), "2026-06-01"),
  publicIpv4: price(0.005, "hour", quoted("VPC"), "2026-02-24"),
  interfaceEndpoint: price(0.01, "hour and zone", quoted("PrivateLink"), "2026-06-01"),
  endpointTraffic: price(0.01, "GB through an endpoint", quoted("PrivateLink"), "2026-06-01"),
  applicationLoadBalancer: price(0.0225, "hour", quoted("load balancer"), null),
  capacityUnit: price(0.008, "LCU hour", "aws.darcy-it.com, of another region", null),
  trafficOut: price(0.09, "GB out to the internet", guide("amazon-ecr-pricing"), "2026-03"),
  credits: price(
    0.04,
    "vCPU hour of a T4g above its baseline",
    "AWS's EC2 prices, quoted by gitlab-org/ci-cd/docker-machine merge request 118",
    null,
  ),
  creditsOfX86: price(
    0.05,
    "vCPU hour of a T3 above its baseline",
    "Amazon EC2 User Guide, examples of unlimited mode",
    null,
  ),
  gp3: price(0.08, "GB month", "EBS: a constant in public code", null),
  key: price(1, "month", "aws.amazon.com/kms/pricing", null),
  keyRequests: price(
    0.03,
    "10,000 requests of a key",
    "wring.co/blog/aws-kms-pricing-guide",
    "2026-03-15",
  ),
  imageStorage: price(0.1, "GB month of images", guide("amazon-ecr-pricing"), "2026-03"),
  logIngestion: price(0.5, "GB of logs", guide("amazon-cloudwatch-pricing"), "2026-02"),
  logStorage: price(0.03, "GB month of logs kept", quoted("CloudWatch"), "2026-05-04"),
  observations: price(
    0.21,
    "million observations of Container Insights",
    quoted("CloudWatch"),
    "2026-10-02",
  ),
  otelMetrics: price(
    0.08,
    "GB of Container Insights by OpenTelemetry",
    quoted("CloudWatch"),
    "2026-10-02",
  ),
  alarm: price(0.1, "alarm metric and month", "c3x.dev, aws_cloudwatch_metric_alarm", null),
  alarmFast: price(0.3, "alarm metric and month, below a minute", "c3x.dev, likewise", null),
  customMetric: price(
    0.3,
    "metric and month of a metric filter",
    "c3x.dev/blog/aws-cloudwatch-metrics-cost",
    null,
  ),
  compositeAlarm: price(0.5, "month", "c3x.dev, likewise", null),
  dashboard: price(3, "month", "factualminds.com/blog/amazon-cloudwatch-pricing", "2026-06-13"),
  publish: price(0.5, "million messages", "factualminds.com/blog/amazon-sns-pricing", "2026-06-13"),
  email: price(2, "100,000 e-mails", "factualminds.com/blog/amazon-sns-pricing", "2026-06-13"),
  hostedZone: price(0.5, "month", "ns1.com/resources/aws-dns, first 25 zones", null),
  webAcl: price(5, "month", "awsnegotiations.com/waf-pricing-strategy, c3x.dev", "2026"),
  webAclRule: price(1, "month", "awsnegotiations.com/waf-pricing-strategy, c3x.dev", "2026"),
  webAclRequests: price(0.6, "million requests inspected", "awsnegotiations.com, c3x.dev", "2026"),
  bucketStorage: price(0.023, "GB month in S3", "devnotes.tech, S3 pricing", null),
  queueRequests: price(0.4, "million requests of a queue", guide("amazon-sqs-pricing"), "2026-03"),
  fifoRequests: price(
    0.5,
    "million requests of a FIFO queue",
    guide("amazon-sqs-pricing"),
    "2026-03",
  ),
  capacityHours: price(
    0.12,
    "hour and Aurora capacity unit",
    "c3x.dev, Aurora Serverless v2",
    "2026",
  ),
  databaseStorage: price(0.1, "GB month in an Aurora volume", quoted("Aurora"), null),
  databaseRequests: price(
    0.2,
    "million reads and writes of Aurora's volume",
    quoted("Aurora"),
    null,
  ),
  databaseBackup: price(0.021, "GB month of backups beyond one day", quoted("Aurora"), null),
  cacheStorage: price(
    0.084,
    "hour and GB in a cache",
    "usage.ai, ElastiCache Serverless",
    "2026-06",
  ),
  cacheRequests: price(
    0.0023,
    "million ElastiCache processing units",
    "usage.ai, ElastiCache Serverless",
    "2026-06",
  ),
  secret: price(0.4, "month", quoted("Secrets Manager"), null),
  secretCalls: price(0.05, "10,000 calls of Secrets Manager", quoted("Secrets Manager"), null),
  tableWrites: price(0.625, "million writes of 1 KB", quoted("DynamoDB"), null),
  tableReads: price(0.125, "million reads of 4 KB", quoted("DynamoDB"), null),
  tableStorage: price(0.25, "GB month in a table", quoted("DynamoDB"), null),
  tableBackup: price(0.2, "GB month of point-in-time recovery", quoted("DynamoDB"), null),
  fileStorage: price(0.3, "GB month in EFS", quoted("EFS"), null),
  fileStorageInfrequent: price(0.016, "GB month in EFS Infrequent Access", quoted("EFS"), null),
  fileReads: price(0.03, "GB read from EFS", quoted("EFS"), null),
  fileWrites: price(0.06, "GB written to EFS", quoted("EFS"), null),
  backupStorage: price(
    0.05,
    "GB month of backups, of tables $0.10",
    "factualminds.com/blog/aws-backup-pricing-vaults-cross-region-restores",
    "2026-06-13",
  ),
  backupCopy: price(
    0.02,
    "GB copied to another region",
    "factualminds.com/blog/aws-backup-pricing-vaults-cross-region-restores",
    "2026-06-13",
  ),
  bucketWrites: price(0.005, "1,000 writes to S3", "devnotes.tech, S3 pricing", null),
} as const satisfies Record<string, Price>;

/** By instance family: its `large`. On demand, the sizes of a family cost by their size. */
export const instanceFamilies: Record<string, Price> = {
  t4g: ec2(0.0672),
  t3a: ec2(0.0752),
  t3: ec2(0.0832),
  c6g: ec2(0.068),
  c7g: ec2(0.0725),
  c8g: ec2(0.07976),
  m6g: ec2(0.077),
  m7g: ec2(0.0816),
  m8g: ec2(0.08976),
  r7g: ec2(0.1071),
  m5: ec2(0.096),
  m6i: ec2(0.096),
  m7i: ec2(0.1008),
};

/** How many `large` an instance is. */
export const instanceSizes: Record<string, number> = {
  nano: 1 / 16,
  micro: 1 / 8,
  small: 1 / 4,
  medium: 0.5,
  large: 1,
  xlarge: 2,
  "2xlarge": 4,
  "4xlarge": 8,
  "8xlarge": 16,
};

/**
 * What EKS Auto Mode bills for an instance, as a share of its price on demand, for Spot too. AWS lists it by
 * type (Amazon EKS pricing, EKS Auto Mode); c6a.2xlarge: $0.03672 beside $0.306 an hour, m5.large: $0.01152
 * beside $0.096. Read in copies of that page of 2026-03, not for each type.
 */
export const autoModeShare = 0.12;

/**
 * Percent that Spot cost less than on demand, as the mean of 30 days and of all zones of us-east-1. By
 * AWS's EC2 Spot Instance Advisor, as alexei-led/spotinfo 5eedf20 copied it. Spot never costs more than on
 * demand (Amazon EC2 User Guide, Spot Instances).
 */
export const spotSavings = {
  source: "Spot, mean of 30 days: EC2 Spot Instance Advisor, copied by alexei-led/spotinfo",
  date: "2025-06-28",
  percent: {
    "t4g.small": 51,
    "t4g.medium": 64,
    "t4g.large": 72,
    "t4g.xlarge": 63,
    "t3a.medium": 68,
    "t3a.large": 67,
    "t3.small": 65,
    "t3.medium": 56,
    "t3.large": 62,
    "c6g.large": 59,
    "c7g.large": 49,
    "c8g.large": 61,
    "m6g.large": 60,
    "m7g.large": 64,
    "m8g.large": 65,
    "r7g.large": 68,
    "m5.large": 66,
    "m5.xlarge": 66,
    "m6i.large": 63,
    "m6i.xlarge": 55,
    "m7i.large": 68,
    "m7i.xlarge": 53,
  } as Record<string, number>,
};

/**
 * Percent of each vCPU that a T3, T3a or T4g may use in the mean of a day without a charge (Amazon EC2
 * User Guide, burstable performance instances).
 */
export const burstBaselines: Record<string, number> = {
  nano: 5,
  micro: 10,
  small: 20,
  medium: 20,
  large: 30,
  xlarge: 40,
  "2xlarge": 40,
};

/** Free types by their prefix, with the reason. */
export const free: [types: string, why: string][] = [
  ["pulumi:", "exists in Pulumi only"],
  ["kubernetes:", "an object in the cluster; its pods run on nodes that are counted"],
  ["docker:", "built where Pulumi runs"],
  ["aws:iam/", "IAM is free"],
  ["aws:acm/", "public certificates are free"],
  ["aws:ec2/route", "networks and their rules are free"],
  ["aws:ec2/securityGroup", "networks and their rules are free"],
  ["aws:vpc/", "networks and their rules are free"],
  ["aws:cloudwatch/event", "events of AWS's own services are free"],
  ["aws:s3/bucket", "billed by what is kept in it"],
];

/** A fixed charge: `count` times a price, each hour or month. */
export interface Fixed {
  what: string;
  count: number;
  price: Price;
  /** What a price that moves can rise to. @default it does not move */
  ceiling?: Price;
  /** The part of the month that it is there. @default 1 */
  share?: number;
}

/** All charges of AWS for a resource; `unknown` names those without a price here. */
export interface Charges {
  fixed?: Fixed[];
  perUse?: Price[];
  unknown?: string[];
}

/** US dollars a month. */
export const monthly = ({ count, price, share = 1 }: Fixed) =>
  share * count * price.usd * (price.per.startsWith("hour") ? hoursPerMonth : 1);
