import { createHash } from "node:crypto";
import type { Caller } from "./rule.ts";
import type { Props, World } from "./world.ts";

interface Made {
  world: World;
  id: string;
  inputs: Props;
  caller: Caller;
}

type Compute = (made: Made) => Props;

const arn = (made: Made, service: string, resource: string, region = made.world.region) => ({
  arn: `arn:aws:${service}:${region}:${made.world.accountId}:${resource}`,
});

const hash = (text: string, length = 32) =>
  createHash("sha256").update(text).digest("hex").slice(0, length);

/** The properties that the provider adds to the inputs once the thing exists. */
const computed: Record<string, Compute> = {
  "aws:ec2/vpc:Vpc": (made) => ({
    ...arn(made, "ec2", `vpc/${made.id}`),
    ownerId: made.world.accountId,
    defaultSecurityGroupId: `sg-default-${made.id}`,
    mainRouteTableId: `rtb-main-${made.id}`,
    ipv6CidrBlock: "",
  }),
  "aws:ec2/subnet:Subnet": (made) => arn(made, "ec2", `subnet/${made.id}`),
  "aws:ec2/internetGateway:InternetGateway": (made) => arn(made, "ec2", `igw/${made.id}`),
  "aws:ec2/routeTable:RouteTable": (made) => arn(made, "ec2", `route-table/${made.id}`),
  "aws:ec2/eip:Eip": (made) => ({
    allocationId: made.id,
    publicIp: `198.51.100.${1 + (Number.parseInt(hash(made.id, 4), 16) % 254)}`,
  }),
  "aws:ec2/natGateway:NatGateway": () => ({ publicIp: "198.51.100.1" }),
  "aws:ec2/vpcEndpoint:VpcEndpoint": (made) => ({
    ...arn(made, "ec2", `vpc-endpoint/${made.id}`),
    state: "available",
  }),
  "aws:ec2/securityGroup:SecurityGroup": (made) => arn(made, "ec2", `security-group/${made.id}`),
  "aws:ec2/flowLog:FlowLog": (made) => arn(made, "ec2", `vpc-flow-log/${made.id}`),
  "aws:ec2/launchTemplate:LaunchTemplate": (made) => ({
    ...arn(made, "ec2", `launch-template/${made.id}`),
    latestVersion: 1,
    defaultVersion: 1,
  }),
  "aws:iam/role:Role": (made) => ({
    ...arn(made, "iam", `role${made.inputs.path ?? "/"}${made.inputs.name}`, ""),
    uniqueId: `AROA${hash(made.id, 16).toUpperCase()}`,
  }),
  "aws:iam/policy:Policy": (made) =>
    arn(made, "iam", `policy${made.inputs.path ?? "/"}${made.inputs.name}`, ""),
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": (made) => ({
    arn: made.id,
    thumbprintLists: made.inputs.thumbprintLists ?? [],
  }),
  "aws:kms/key:Key": (made) => ({ ...arn(made, "kms", `key/${made.id}`), keyId: made.id }),
  "aws:kms/alias:Alias": (made) => arn(made, "kms", String(made.inputs.name)),
  "aws:acm/certificate:Certificate": ({ id, inputs }) => ({
    arn: id,
    domainValidationOptions: [inputs.domainName, ...(inputs.subjectAlternativeNames ?? [])].map(
      (domainName: string) => {
        // A wildcard has the record of the name that it stands below.
        const name = domainName.replace(/^\*\./, "");
        return {
          domainName,
          resourceRecordName: `_${hash(name)}.${name}.`,
          resourceRecordType: "CNAME",
          resourceRecordValue: `_${hash(`value of ${name}`)}.acm-validations.aws.`,
        };
      },
    ),
  }),
  "aws:route53/record:Record": ({ inputs }) => ({ fqdn: String(inputs.name).replace(/\.$/, "") }),
  "aws:wafv2/webAcl:WebAcl": (made) => arn(made, "wafv2", `regional/webacl/${made.inputs.name}`),
  "aws:s3/bucket:Bucket": ({ id }) => ({ arn: `arn:aws:s3:::${id}` }),
  "aws:cloudwatch/logGroup:LogGroup": (made) => arn(made, "logs", `log-group:${made.inputs.name}`),
  "aws:cloudwatch/metricAlarm:MetricAlarm": (made) =>
    arn(made, "cloudwatch", `alarm:${made.inputs.name}`),
  "aws:cloudwatch/compositeAlarm:CompositeAlarm": (made) =>
    arn(made, "cloudwatch", `alarm:${made.inputs.alarmName}`),
  "aws:cloudwatch/dashboard:Dashboard": (made) => ({
    dashboardArn: `arn:aws:cloudwatch::${made.world.accountId}:dashboard/${made.inputs.dashboardName}`,
  }),
  "aws:cloudwatch/queryDefinition:QueryDefinition": (made) => ({ queryDefinitionId: made.id }),
  "aws:cloudwatch/eventRule:EventRule": (made) => arn(made, "events", `rule/${made.inputs.name}`),
  "aws:sns/topic:Topic": (made) => arn(made, "sns", String(made.inputs.name)),
  "aws:sns/topicSubscription:TopicSubscription": (made) => ({ arn: made.id }),
  "aws:ecr/repository:Repository": (made) => ({
    ...arn(made, "ecr", `repository/${made.inputs.name}`),
    registryId: made.world.accountId,
    repositoryUrl: `${made.world.accountId}.dkr.ecr.${made.world.region}.amazonaws.com/${made.inputs.name}`,
  }),
  "aws:ecr/lifecyclePolicy:LifecyclePolicy": (made) => ({ registryId: made.world.accountId }),
  "aws:eks/cluster:Cluster": (made) => {
    const { world, inputs } = made;
    const oidc = hash(`${world.accountId}/${inputs.name}`).toUpperCase();
    return {
      ...arn(made, "eks", `cluster/${inputs.name}`),
      endpoint: `https://${oidc}.gr7.${world.region}.eks.amazonaws.com`,
      certificateAuthority: { data: Buffer.from(`CA of ${inputs.name}`).toString("base64") },
      identities: [
        { oidcs: [{ issuer: `https://oidc.eks.${world.region}.amazonaws.com/id/${oidc}` }] },
      ],
      vpcConfig: {
        ...inputs.vpcConfig,
        clusterSecurityGroupId: `sg-${hash(inputs.name ?? "", 17)}`,
      },
      platformVersion: `eks.1 of ${inputs.version}`,
      status: "ACTIVE",
    };
  },
  "aws:eks/nodeGroup:NodeGroup": (made) => ({
    ...arn(made, "eks", `nodegroup/${made.inputs.clusterName}/${made.inputs.nodeGroupName}`),
    status: "ACTIVE",
    resources: [
      { autoscalingGroups: [{ name: `eks-${made.inputs.nodeGroupName}-${hash(made.id, 8)}` }] },
    ],
  }),
  "aws:eks/addon:Addon": (made) => ({
    ...arn(made, "eks", `addon/${made.inputs.clusterName}/${made.inputs.addonName}`),
    addonVersion: made.inputs.addonVersion ?? defaultAddonVersion(made),
  }),
  "aws:eks/accessEntry:AccessEntry": (made) => ({
    accessEntryArn: `arn:aws:eks:${made.world.region}:${made.world.accountId}:access-entry/${made.inputs.clusterName}/${hash(made.id, 12)}`,
    type: made.inputs.type ?? "STANDARD",
  }),
  "docker:index/image:Image": ({ inputs }) => ({
    baseImageName: inputs.imageName,
    registryServer: inputs.registry?.server ?? "",
    // Known once it is built.
    repoDigest: "",
  }),
  "kubernetes:helm.sh/v3:Release": (made) => ({
    status: {
      name: made.inputs.name,
      namespace: made.inputs.namespace,
      revision: 1,
      status: "deployed",
      version: made.inputs.version,
    },
  }),
};

const withTags = new Set(["aws:cloudwatch/dashboard:Dashboard"]);

/** Inputs and computed properties together: what the provider's state of a thing holds. */
export function outputsOf(type: string, made: Made): Props {
  const tags =
    type.startsWith("aws:") && !withTags.has(type)
      ? { tagsAll: { ...made.caller.defaultTags, ...made.inputs.tags } }
      : {};
  const kubernetes =
    type.startsWith("kubernetes:") && !type.startsWith("kubernetes:helm")
      ? {
          metadata: {
            namespace: namespaced(type) ? "default" : undefined,
            ...made.inputs.metadata,
            uid: hash(`${type} ${made.id}`),
          },
        }
      : {};
  return { ...made.inputs, ...tags, ...kubernetes, ...computed[type]?.(made) };
}

/** The computed properties that an update of these arguments makes unknown until it has run. */
export const recomputed: Record<string, string[]> = {
  "aws:ec2/launchTemplate:LaunchTemplate": ["latestVersion", "defaultVersion"],
  "docker:index/image:Image": ["repoDigest"],
  "kubernetes:helm.sh/v3:Release": ["status"],
};

/** No two builds give the same: times of files and of the build itself are in the image. */
export function newDigest(world: World): string {
  return `sha256:${hash(`build ${world.serial()}`, 64)}`;
}

export function namespaced(type: string): boolean {
  return !/:(Namespace|ClusterRole|ClusterRoleBinding|ValidatingAdmissionPolicy|ValidatingAdmissionPolicyBinding|IngressClass|StorageClass|PriorityClass)$/.test(
    type,
  );
}

/** EKS's default version of an add-on for a Kubernetes version; the numbers are ours. */
export function defaultAddonVersion({ world, inputs }: Pick<Made, "world" | "inputs">): string {
  const cluster = world.get("aws:eks/cluster:Cluster", inputs.clusterName);
  return addonVersionFor(inputs.addonName, String(cluster?.inputs.version ?? "1.36"));
}

export function addonVersionFor(addonName: string, kubernetesVersion: string): string {
  const [, minor = "0"] = kubernetesVersion.split(".");
  const major = addonName === "amazon-cloudwatch-observability" ? 6 : 1;
  return `v${major}.${minor}.0-eksbuild.1`;
}
