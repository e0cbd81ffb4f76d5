import type { Resource } from "../graph/resource.ts";

// biome-ignore lint/suspicious/noExplicitAny: the inputs of resources of every type
type Values = Record<string, any>;

/** Pulumi's modules that Terraform's names do not have. */
const unnamedModules = ["ec2", "lb", "vpc", "ebs", "index"];
/** Types whose names do not follow the rule of `terraformType`. */
const irregularTypes: Record<string, string> = {
  "aws:ec2/eip:Eip": "aws_eip",
  "aws:ebs/volume:Volume": "aws_ebs_volume",
  "aws:ec2/securityGroupRule:SecurityGroupRule": "aws_security_group_rule",
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "aws_iam_openid_connect_provider",
  "aws:lb/loadBalancer:LoadBalancer": "aws_lb",
  "aws:lb/listener:Listener": "aws_lb_listener",
  "aws:lb/targetGroup:TargetGroup": "aws_lb_target_group",
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":
    "aws_vpc_security_group_ingress_rule",
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "aws_vpc_security_group_egress_rule",
};
/** Lists with a plural name in Pulumi and a singular one in Terraform. */
const singular: Record<string, string> = {
  client_id_lists: "client_id_list",
  encryption_configurations: "encryption_configuration",
  filters: "filter",
  rules: "rule",
  statements: "statement",
  transitions: "transition",
};
/** Inputs that are maps with keys of the user, not blocks. */
const maps = ["tags", "tagsAll", "dimensions"];
/** Policy documents, which are text in Terraform. */
const documents = /^(assumeRolePolicy|policy)$/;

const snake = (name: string) =>
  name.replace(/[A-Z]+(?![a-z])|[A-Z]/g, (upper) => `_${upper.toLowerCase()}`).replace(/^_/, "");

/**
 * The planned AWS resources in the format of `terraform show -json`. Pulumi's AWS provider is Terraform's, so
 * rules for Terraform apply. Of the components of plugins it has the cluster and the VPC.
 */
export function terraformPlan(resources: Resource[]): object {
  const addresses = new Map(
    resources.flatMap((one) => {
      const type = terraformType(one.type);
      return type ? [[one.urn, `${type}.${one.name}`] as const] : [];
    }),
  );
  const planned = resources.flatMap((one) => {
    const address = addresses.get(one.urn);
    if (!address) return [];
    const [type = "", name = ""] = address.split(".");
    const values = valuesOf(one);
    const expressions = Object.fromEntries(
      Object.entries(one.propertyDependencies)
        .map(
          ([input, urns]) =>
            [
              terraformName(input),
              { references: urns.flatMap((urn) => addresses.get(urn) ?? []) },
            ] as const,
        )
        .filter(([, { references }]) => references.length > 0),
    );
    return [{ address, mode: "managed", type, name, values, expressions }];
  });
  return {
    format_version: "1.2",
    terraform_version: "1.9.0",
    planned_values: {
      root_module: { resources: planned.map(({ expressions: _, ...one }) => one) },
    },
    resource_changes: planned.map(({ values, expressions: _, ...one }) => ({
      ...one,
      change: { actions: ["create"], before: null, after: values, after_unknown: {} },
    })),
    configuration: {
      root_module: { resources: planned.map(({ values: _, ...one }) => one) },
    },
  };
}

/** Terraform's name of a type. Returns undefined if Terraform's AWS provider does not have it. */
export function terraformType(type: string): string | undefined {
  if (type === "eks:index:Cluster") return "aws_eks_cluster";
  if (type === "awsx:ec2:Vpc") return "aws_vpc";
  if (irregularTypes[type]) return irregularTypes[type];
  const [, module = "", name = ""] = /^aws:(\w+)\/\w+:(\w+)$/.exec(type) ?? [];
  if (!name) return undefined;
  return ["aws", ...(unnamedModules.includes(module) ? [] : [module]), snake(name)].join("_");
}

function valuesOf({ type, inputs, outputs }: Resource): Values {
  if (type === "awsx:ec2:Vpc") return { cidr_block: inputs.cidrBlock, enable_dns_hostnames: true };
  if (type !== "eks:index:Cluster") {
    const { name } = outputs;
    return { ...(name && { name }), ...terraformValues(inputs) };
  }
  const { endpointPrivateAccess, endpointPublicAccess, publicAccessCidrs } = inputs;
  const keyArn = inputs.encryptionConfigKeyArn;
  return terraformValues({
    name: inputs.name,
    version: inputs.version,
    deletionProtection: inputs.deletionProtection,
    enabledClusterLogTypes: inputs.enabledClusterLogTypes,
    upgradePolicy: inputs.upgradePolicy,
    vpcConfig: { endpointPrivateAccess, endpointPublicAccess, publicAccessCidrs },
    ...(keyArn && { encryptionConfig: { provider: { keyArn }, resources: ["secrets"] } }),
  });
}

const terraformName = (input: string) => singular[snake(input)] ?? snake(input);

function terraformValues(inputs: Values): Values {
  return Object.fromEntries(
    Object.entries(inputs).map(([input, value]) => [terraformName(input), blockOf(input, value)]),
  );
}

/** Terraform has every nested block as a list. */
function blockOf(input: string, value: unknown): unknown {
  if (documents.test(input)) return typeof value === "string" ? value : JSON.stringify(value);
  if (maps.includes(input)) return value;
  if (Array.isArray(value)) return value.map((one) => (isObject(one) ? terraformValues(one) : one));
  if (isObject(value)) return [terraformValues(value)];
  return value === "true" ? true : value === "false" ? false : value;
}

const isObject = (value: unknown): value is Values => typeof value === "object" && value !== null;
