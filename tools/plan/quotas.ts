import { addressesNeeded, privateAddresses } from "../../infra/config/scale-rules.ts";
import { mostAnnotation } from "../../infra/preview-environments/preview-environments.ts";
import { podAddressesIn } from "../graph/cluster-pods.ts";
import { startedNodesOf } from "../graph/node-pool.ts";
import type { Resource } from "../graph/resource.ts";

/** A quota of AWS, the max. need of the stack, and the source. */
export interface Quota {
  what: string;
  used: number;
  limit: number;
  source: string;
}

type Inputs = Resource["inputs"];

const elb = "Elastic Load Balancing, quotas for Application Load Balancers";
const rds = "Amazon Aurora User Guide, quotas and constraints";
const iam = "AWS IAM User Guide, IAM and AWS STS quotas";
/** The quotas that depend on the settings, at the defaults of an account. */
export function quotasOf(resources: Resource[]): Quota[] {
  const of = (type: string) => resources.filter((one) => one.type === type);
  const most = (values: number[]) => Math.max(0, ...values);
  const ingresses = of("kubernetes:networking.k8s.io/v1:Ingress");
  const annotations = ({ inputs }: Resource): Inputs => inputs.metadata?.annotations ?? {};
  const environments = Number(
    resources.flatMap((one) => annotations(one)[mostAnnotation] ?? [])[0] ?? 0,
  );
  const times = 1 + environments;
  const paths = (one: Resource): Inputs[] =>
    (one.inputs.spec?.rules ?? []).flatMap(({ http }: Inputs) => http.paths);
  const routed = ingresses.filter((one) => paths(one).length > 0);
  const rules = routed.reduce((sum, one) => sum + paths(one).length, 0);
  const openings = ingresses.map((one) => {
    const networks = String(annotations(one)["alb.ingress.kubernetes.io/inbound-cidrs"] ?? "");
    const ports = JSON.parse(annotations(one)["alb.ingress.kubernetes.io/listen-ports"] ?? "[]");
    return networks.split(",").filter(Boolean).length * ports.length;
  });
  const roles = of("aws:iam/role:Role");
  const sizeOf = (document: unknown) =>
    (typeof document === "string" ? document : JSON.stringify(document ?? "")).length;
  const policies = (role: Resource) =>
    of("aws:iam/rolePolicyAttachment:RolePolicyAttachment").filter(
      ({ inputs }) => inputs.role === role.outputs.name,
    );
  const inline = (role: Resource) =>
    of("aws:iam/rolePolicy:RolePolicy").filter(({ inputs }) => inputs.role === role.outputs.name);
  const names = ({ inputs }: Resource) => 1 + (inputs.subjectAlternativeNames ?? []).length;
  const cluster = of("eks:index:Cluster")[0]?.inputs;
  const quota = (what: string, used: number, limit: number, source: string): Quota => ({
    what,
    used,
    limit,
    source,
  });
  return [
    quota("target groups of the load balancer", routed.length * times, 100, elb),
    quota("rules of a listener", rules * times, 100, elb),
    quota(
      "rules of the load balancer's security group",
      most(openings),
      60,
      "Amazon VPC User Guide, quotas for security groups",
    ),
    quota(
      "names of a certificate",
      most(of("aws:acm/certificate:Certificate").map(names)),
      10,
      "AWS Certificate Manager User Guide, quotas",
    ),
    quota(
      "networks that reach the Kubernetes API",
      (cluster?.publicAccessCidrs ?? []).length,
      40,
      "Amazon EKS User Guide, service quotas, L-93A74D60",
    ),
    quota(
      "characters of a role's trust policy",
      most(roles.map(({ inputs }) => sizeOf(inputs.assumeRolePolicy))),
      2048,
      iam,
    ),
    quota(
      "characters of a role's inline policies",
      most(
        roles.map((role) =>
          inline(role).reduce((sum, { inputs }) => sum + sizeOf(inputs.policy), 0),
        ),
      ),
      10_240,
      iam,
    ),
    quota("policies attached to a role", most(roles.map((one) => policies(one).length)), 10, iam),
    quota("addresses of a private subnet", ...addresses(resources), "infra/config/scale-rules.ts"),
    quota(
      "indexes of a table",
      most(
        of("aws:dynamodb/table:Table").map(
          ({ inputs }) => (inputs.globalSecondaryIndexes ?? []).length,
        ),
      ),
      20,
      "Amazon DynamoDB Developer Guide, service quotas",
    ),
    quota(
      "log groups with a fixed name or ours",
      of("aws:cloudwatch/logGroup:LogGroup").length,
      1_000_000,
      "Amazon CloudWatch Logs User Guide, quotas",
    ),
    quota("database clusters of the region", of("aws:rds/cluster:Cluster").length, 40, rds),
    quota(
      "database instances of the region",
      of("aws:rds/clusterInstance:ClusterInstance").length,
      40,
      rds,
    ),
  ];
}

/** The max. used addresses of a private subnet, and its size. */
function addresses(resources: Resource[]): [used: number, limit: number] {
  const vpc = resources.find(({ type }) => type === "awsx:ec2:Vpc")?.inputs;
  const groups = resources.filter(({ type }) => type === "aws:eks/nodeGroup:NodeGroup");
  const started = startedNodesOf(resources);
  if (!vpc || (groups.length === 0 && !started)) return [0, 0];
  const podAddresses = podAddressesIn(resources);
  const interfaceEndpoints = resources.filter(
    ({ type, inputs }) =>
      type === "aws:ec2/vpcEndpoint:VpcEndpoint" && inputs.vpcEndpointType === "Interface",
  ).length;
  const { needed } = addressesNeeded(
    groups.map(({ inputs: { instanceTypes, scalingConfig, subnetIds, warmPoolConfig } }) => ({
      instanceTypes,
      maxSize: scalingConfig.maxSize,
      warmPool: warmPoolConfig && { size: warmPoolConfig.minSize },
      zones: subnetIds,
    })),
    {
      zones: vpc.availabilityZoneNames.length,
      interfaceEndpoints,
      started,
      podAddresses,
    },
  );
  return [needed, privateAddresses(vpc as { cidrBlock: string }, podAddresses)];
}

/** Quotas with a need of at least half, the tightest first. */
export function tightQuotas(resources: Resource[]): Quota[] {
  return quotasOf(resources)
    .filter(({ used, limit }) => used * 2 >= limit && limit > 0)
    .sort((a, b) => b.used / b.limit - a.used / a.limit);
}
