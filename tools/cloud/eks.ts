import { shareAwake } from "../../infra/config/sleep-times.ts";
import type { Properties, Resource } from "../graph/resource.ts";
import { type Account, arnOf, globalArn, hex, withoutScheme } from "./naming.ts";
import {
  type Charges,
  type Fixed,
  instanceFamilies,
  instanceSizes,
  type Price,
  prices,
  spotSavings,
} from "./prices.ts";
import { idOf, type Made, oneCall, type ResourceType, seconds } from "./resource-type.ts";
import { sleepOf } from "./scheduler.ts";

/**
 * Durations: Amazon EKS User Guide, "Create an Amazon EKS cluster" ("several minutes"; eksctl's page
 * says 10 to 15 with nodes); apply logs quoted in issues of terraform-aws-modules/terraform-aws-eks
 * and in DevopsArtFactory/terraform-provisioning pull 46 (node group 1m48s to 1m59s, add-ons seconds
 * to half a minute).
 */
export const eks: Record<string, ResourceType> = {
  "aws:eks/cluster:Cluster": {
    // An update of the version takes longer: see waits
    duration: seconds(540, 60, 150),
    replacedBy: [
      "name",
      "roleArn",
      "bootstrapSelfManagedAddons",
      "encryptionConfig.provider.keyArn",
      "kubernetesNetworkConfig.serviceIpv4Cidr",
      "kubernetesNetworkConfig.ipFamily",
    ],
    required: ["roleArn", "vpcConfig"],
    formats: [
      {
        property: "name",
        pattern: /^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/,
        message:
          "must be 1 to 100 of letters, digits, - and _, beginning with one of the first two",
      },
    ],
    autoname: { property: "name", maxLength: 100 },
    id: idOf("name"),
    computed: ({ cloud, inputs }) => {
      const id = hex(`${cloud.accountId}/${inputs.name}`, 32).toUpperCase();
      const { issuer, endpoint } = addressesOf(id, cloud);
      return {
        arn: arnOf(cloud, "eks", `cluster/${inputs.name}`),
        endpoint,
        certificateAuthority: { data: Buffer.from(`CA of ${inputs.name}`).toString("base64") },
        identities: [{ oidcs: [{ issuer }] }],
        vpcConfig: {
          ...inputs.vpcConfig,
          clusterSecurityGroupId: `sg-${hex(inputs.name ?? "", 17)}`,
        },
        platformVersion: `eks.1 of ${inputs.version}`,
        status: "ACTIVE",
      };
    },
    charges: ({ inputs }) => controlPlane(inputs),
  },
  "aws:eks/nodeGroup:NodeGroup": {
    duration: seconds(115, 15, 180),
    replacedBy: [
      "clusterName",
      "nodeGroupName",
      "nodeRoleArn",
      "subnetIds",
      "amiType",
      "capacityType",
      "diskSize",
      "instanceTypes",
      "launchTemplate.id",
      "launchTemplate.name",
    ],
    required: ["clusterName", "nodeRoleArn", "scalingConfig", "subnetIds"],
    autoname: { property: "nodeGroupName", maxLength: 63 },
    id: ({ clusterName, nodeGroupName }) => `${clusterName}:${nodeGroupName}`,
    computed: ({ cloud, id, inputs: { clusterName, nodeGroupName } }) => ({
      arn: arnOf(cloud, "eks", `nodegroup/${clusterName}/${nodeGroupName}`),
      status: "ACTIVE",
      resources: [{ autoscalingGroups: [{ name: `eks-${nodeGroupName}-${hex(id, 8)}` }] }],
    }),
    charges: nodes,
  },
  "aws:eks/addon:Addon": {
    duration: seconds(20, 30, 10),
    replacedBy: ["clusterName", "addonName"],
    required: ["clusterName", "addonName"],
    formats: [
      {
        property: "addonVersion",
        pattern: /^v\d+\.\d+\.\d+-eksbuild\.\d+$/,
        message: "must be a version such as v1.2.3-eksbuild.1",
      },
    ],
    id: ({ clusterName, addonName }) => `${clusterName}:${addonName}`,
    computed: (made) => ({
      arn: arnOf(made.cloud, "eks", `addon/${made.inputs.clusterName}/${made.inputs.addonName}`),
      addonVersion: made.inputs.addonVersion ?? defaultAddonVersion(made),
    }),
    charges: ({ inputs }) =>
      inputs.addonName === "amazon-cloudwatch-observability" ? { perUse: [insights(inputs)] } : {},
    free: "the software is free, its pods run on nodes that are counted",
  },
  "aws:eks/accessEntry:AccessEntry": {
    duration: oneCall,
    replacedBy: ["clusterName", "principalArn", "type"],
    required: ["clusterName", "principalArn"],
    id: ({ clusterName, principalArn }) => `${clusterName}:${principalArn}`,
    computed: ({ cloud, id, inputs }) => ({
      accessEntryArn: arnOf(cloud, "eks", `access-entry/${inputs.clusterName}/${hex(id, 12)}`),
      type: inputs.type ?? "STANDARD",
    }),
    taken: { reason: "The specified access entry resource is already in use on this cluster." },
    free: "part of the control plane",
  },
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": {
    duration: oneCall,
    replacedBy: ["clusterName", "principalArn", "policyArn", "accessScope"],
    required: ["clusterName", "principalArn", "policyArn", "accessScope"],
    id: ({ clusterName, principalArn, policyArn }) => `${clusterName}#${principalArn}#${policyArn}`,
    putReplaces: true,
    free: "part of the control plane",
  },
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": {
    duration: oneCall,
    replacedBy: ["clusterName", "namespace", "serviceAccount"],
    required: ["clusterName", "namespace", "roleArn", "serviceAccount"],
    id: ({ clusterName, namespace, serviceAccount }) =>
      `a-${hex(`${clusterName}/${namespace}/${serviceAccount}`, 17)}`,
    computed: ({ cloud, id, inputs }) => ({
      associationId: id,
      associationArn: arnOf(cloud, "eks", `podidentityassociation/${inputs.clusterName}/${id}`),
    }),
    // aws/eks-hybrid pull request 679
    taken: { reason: "Association already exists" },
    free: "part of the control plane",
  },
  "eks:index:Cluster": {
    chain: ["aws:iam/role:Role", "aws:eks/cluster:Cluster"],
    replacedBy: [
      "name",
      "vpcId",
      "encryptionConfigKeyArn",
      "bootstrapSelfManagedAddons",
      "kubernetesServiceIpAddressRange",
      "ipFamily",
    ],
    mock: ({ version }, name, place) => {
      const id = hex(name, 32).toUpperCase();
      const { issuer, endpoint } = addressesOf(id, place);
      const clusterSecurityGroupId = `sg-${hex(name, 17)}`;
      const kubeconfig = kubeconfigOf(name, endpoint, place);
      return {
        state: {
          eksCluster: {
            name,
            arn: arnOf(place, "eks", `cluster/${name}`),
            endpoint,
            version,
            roleArn: globalArn(place, "iam", `role/${name}-eksRole-role-${hex(name, 7)}`),
            identities: [{ oidcs: [{ issuer }] }],
            vpcConfig: { clusterSecurityGroupId },
          },
          oidcIssuer: withoutScheme(issuer),
          oidcProviderUrl: issuer,
          clusterSecurityGroupId,
          nodeSecurityGroupId: clusterSecurityGroupId,
          kubeconfig,
          kubeconfigJson: JSON.stringify(kubeconfig),
        },
      };
    },
    charges: ({ inputs }) => {
      const { fixed, unknown = [] } = controlPlane(inputs);
      const more = inputs.skipDefaultNodeGroup ? [] : ["nodes of eks's default node group"];
      return { fixed, unknown: [...unknown, ...more] };
    },
  },
};

const addressesOf = (id: string, { region }: Account) => ({
  issuer: `https://oidc.eks.${region}.amazonaws.com/id/${id}`,
  endpoint: `https://${id}.gr7.${region}.eks.amazonaws.com`,
});

/** EKS's default version of an add-on for a Kubernetes version; the numbers are ours. */
function defaultAddonVersion({ cloud, inputs }: Made): string {
  const cluster = cloud.get("aws:eks/cluster:Cluster", inputs.clusterName);
  return addonVersionFor(inputs.addonName, String(cluster?.inputs.version ?? "1.36"));
}

export function addonVersionFor(addonName: string, kubernetesVersion: string): string {
  const [, minor = "0"] = kubernetesVersion.split(".");
  const major = addonName === "amazon-cloudwatch-observability" ? 6 : 1;
  return `v${major}.${minor}.0-eksbuild.1`;
}

function kubeconfigOf(name: string, endpoint: string, { region }: Account) {
  const args = ["--region", region, "eks", "get-token", "--cluster-name", name, "--output", "json"];
  const exec = { apiVersion: "client.authentication.k8s.io/v1beta1", command: "aws", args };
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "kubernetes", cluster: { server: endpoint } }],
    contexts: [{ name: "aws", context: { cluster: "kubernetes", user: "aws" } }],
    "current-context": "aws",
    users: [{ name: "aws", user: { exec } }],
  };
}

/** AWS bills Container Insights by observation or by gigabyte, depending on its variant. */
function insights({ configurationValues = "{}" }: Properties): Price {
  const { otelContainerInsights } = JSON.parse(configurationValues);
  return otelContainerInsights?.enabled ? prices.otelMetrics : prices.observations;
}

function controlPlane({ upgradePolicy }: Properties): Charges {
  return {
    fixed: [{ what: "control plane", count: 1, price: prices.controlPlane }],
    // With STANDARD, AWS upgrades a version that leaves its standard support.
    ...(upgradePolicy?.supportType !== "STANDARD" && {
      unknown: [
        `extended support: $${prices.controlPlaneExtended.usd}/hour once the version has aged`,
      ],
    }),
  };
}

function nodes({ inputs }: Resource, all: Resource[]): Charges {
  const count: number = inputs.scalingConfig?.desiredSize ?? 1;
  const types: string[] = inputs.instanceTypes ?? ["t3.medium"];
  const node = nodePrice(types, inputs.capacityType === "SPOT");
  const template = all.find(({ id }) => id === inputs.launchTemplate?.id)?.inputs;
  const disks: Properties[] = template?.blockDeviceMappings?.map(({ ebs }: Properties) => ebs) ?? [
    { volumeSize: inputs.diskSize ?? 20, volumeType: "gp3" },
  ];
  const known = disks.filter(({ volumeType }) => volumeType === "gp3");
  const size = known.reduce((sum, { volumeSize }) => sum + Number(volumeSize), 0);
  const schedule = sleepOf(all);
  const awake = schedule && {
    share: shareAwake(schedule),
    note: `, awake ${Math.round(shareAwake(schedule) * 100)} % of the week`,
  };
  const fixed: Fixed[] = [
    ...(node ? [{ ...node, count }] : []),
    { what: "GB of gp3", count: count * size, price: prices.gp3 },
  ];
  const waiting = warmPool(inputs, node, size);
  return {
    fixed: [
      ...(awake
        ? fixed.map((item) => ({ ...item, what: item.what + awake.note, share: awake.share }))
        : fixed),
      ...waiting,
    ],
    perUse: [
      ...(types.some((type) => type.startsWith("t4g.")) ? [prices.credits] : []),
      ...(types.some((type) => /^t3a?\./.test(type)) ? [prices.creditsOfX86] : []),
    ],
    unknown: [
      ...(node ? [] : [`${count} × instance type ${types[0]}`]),
      ...disks.filter((disk) => !known.includes(disk)).map((disk) => `${disk.volumeType} volumes`),
    ],
  };
}

/** Instances that wait, also while the stack sleeps: stopped ones cost their volumes. */
function warmPool(
  { warmPoolConfig }: Properties,
  node: Omit<Fixed, "count"> | undefined,
  size: number,
): Fixed[] {
  const count: number = warmPoolConfig?.minSize ?? 0;
  const disks = { what: "GB of gp3 that wait", count: count * size, price: prices.gp3 };
  return [
    ...(node && warmPoolConfig?.poolState === "RUNNING"
      ? [{ ...node, what: `${node.what} that waits`, count }]
      : []),
    ...(count > 0 ? [disks] : []),
  ];
}

/**
 * What a node of a group costs: of the first type, which EKS takes on demand while AWS has it (Amazon EKS
 * User Guide, managed node groups). Of Spot EKS takes any, by capacity and price: at most the dearest of
 * them at its price on demand.
 *
 * @returns undefined where the type has no price
 */
export function nodePrice(types: string[], spot: boolean): Omit<Fixed, "count"> | undefined {
  const [first = ""] = types;
  const price = instancePrice(first);
  if (!price || !spot) return price && { what: `${first} node`, price };
  const onDemand = types.map(instancePrice).filter((one) => one !== undefined);
  const ceiling = onDemand.reduce((most, one) => (one.usd > most.usd ? one : most));
  const saved = spotSavings.percent[first];
  if (saved === undefined) return { what: `${first} node, at most (Spot)`, price, ceiling };
  const { source, date } = spotSavings;
  const usd = Number((price.usd * (1 - saved / 100)).toFixed(4));
  return { what: `${first} node (Spot)`, price: { usd, per: "hour", source, date }, ceiling };
}

/** Of a type as AWS names it; undefined where no price is known. */
export function instancePrice(type: string): Price | undefined {
  const [family = "", size = ""] = type.split(".");
  const [large, larges] = [instanceFamilies[family], instanceSizes[size]];
  return large && larges ? { ...large, usd: Number((large.usd * larges).toFixed(4)) } : undefined;
}
