import {
  hoursPerMonth,
  instanceFamilies,
  instanceSizes,
  type Price,
  prices,
} from "../../cloud/prices.ts";
import type { Resource } from "../../graph/resource.ts";

/** What a resource costs by being there: `count` times a price, each hour or each month. */
export interface Fixed {
  what: string;
  count: number;
  price: Price;
}

/** All that AWS bills for a resource. What has no price here is named in `unknown`. */
export interface Charges {
  fixed?: Fixed[];
  perUse?: Price[];
  unknown?: string[];
}

type Rule = (resource: Resource, all: Resource[]) => Charges;

/** US dollars a month. */
export const monthly = ({ count, price }: Fixed) =>
  count * price.usd * (price.per.startsWith("hour") ? hoursPerMonth : 1);

/** A type's own bill; that of a component by a plugin is for all that the plugin makes. */
export const charges: Record<string, Rule> = {
  "awsx:ec2:Vpc": ({ inputs }) => {
    const zones = zonesOf(inputs);
    const gateways = { None: 0, Single: 1, OnePerAz: zones }[
      (inputs.natGateways?.strategy ?? "OnePerAz") as string
    ];
    if (gateways === undefined) return { unknown: ["NAT gateways of an unknown strategy"] };
    const endpoints = (inputs.vpcEndpointSpecs ?? []).filter(isInterface).length;
    return {
      fixed: [...nat(gateways), ...publicAddresses(gateways), ...endpoint(endpoints * zones)],
      perUse: [
        ...(gateways > 0 ? [prices.natTraffic] : []),
        ...(endpoints > 0 ? [prices.endpointTraffic] : []),
        prices.trafficOut,
      ],
    };
  },
  "aws:ec2/natGateway:NatGateway": () => ({ fixed: nat(1), perUse: [prices.natTraffic] }),
  "aws:ec2/eip:Eip": () => ({ fixed: publicAddresses(1) }),
  "aws:ec2/vpcEndpoint:VpcEndpoint": ({ inputs }) =>
    isInterface(inputs)
      ? { fixed: endpoint(inputs.subnetIds?.length ?? 1), perUse: [prices.endpointTraffic] }
      : {},
  "eks:index:Cluster": ({ inputs }) => {
    const { fixed, unknown = [] } = controlPlane(inputs);
    const more = inputs.skipDefaultNodeGroup ? [] : ["nodes of eks's default node group"];
    return { fixed, unknown: [...unknown, ...more] };
  },
  "aws:eks/cluster:Cluster": ({ inputs }) => controlPlane(inputs),
  "aws:eks/nodeGroup:NodeGroup": nodes,
  "kubernetes:networking.k8s.io/v1:Ingress": loadBalancer,
  "kubernetes:core/v1:Service": ({ inputs }) =>
    inputs.spec?.type === "LoadBalancer" ? { unknown: ["a load balancer of its own"] } : {},
  "kubernetes:core/v1:PersistentVolumeClaim": () => ({ unknown: ["its volume"] }),
  "kubernetes:apps/v1:StatefulSet": ({ inputs }) =>
    inputs.spec?.volumeClaimTemplates?.length > 0 ? { unknown: ["its volumes"] } : {},
  "aws:kms/key:Key": () => ({
    fixed: [{ what: "key", count: 1, price: prices.key }],
    perUse: [prices.keyRequests],
  }),
  "aws:ecr/repository:Repository": () => ({ perUse: [prices.imageStorage] }),
  "aws:cloudwatch/logGroup:LogGroup": () => ({ perUse: [prices.logIngestion, prices.logStorage] }),
  "aws:eks/addon:Addon": ({ inputs }) =>
    inputs.addonName === "amazon-cloudwatch-observability" ? { perUse: [insights(inputs)] } : {},
  "aws:cloudwatch/metricAlarm:MetricAlarm": ({ inputs }) => {
    const metrics = (inputs.metricQueries ?? []).filter(({ metric }: Resource["inputs"]) => metric);
    const price = Number(inputs.period ?? 60) < 60 ? prices.alarmFast : prices.alarm;
    return { fixed: [{ what: "alarm", count: Math.max(metrics.length, 1), price }] };
  },
  "aws:cloudwatch/compositeAlarm:CompositeAlarm": () => ({
    fixed: [{ what: "composite alarm", count: 1, price: prices.compositeAlarm }],
  }),
  "aws:cloudwatch/dashboard:Dashboard": () => ({
    fixed: [{ what: "dashboard", count: 1, price: prices.dashboard }],
  }),
  "aws:sns/topic:Topic": () => ({ perUse: [prices.publish, prices.email] }),
  "aws:route53/zone:Zone": () => ({
    fixed: [{ what: "hosted zone", count: 1, price: prices.hostedZone }],
    unknown: ["DNS queries"],
  }),
  "aws:wafv2/webAcl:WebAcl": ({ inputs }) => ({
    fixed: [
      { what: "web ACL", count: 1, price: prices.webAcl },
      { what: "rule", count: inputs.rules?.length ?? 0, price: prices.webAclRule },
    ],
    perUse: [prices.webAclRequests],
  }),
  "aws:s3/bucket:Bucket": () => ({ perUse: [prices.bucketStorage, prices.bucketWrites] }),
};

/** Container Insights is billed by what it is: by the observation, or by the gigabyte. */
function insights({ configurationValues = "{}" }: Resource["inputs"]): Price {
  const { otelContainerInsights } = JSON.parse(configurationValues);
  return otelContainerInsights?.enabled ? prices.otelMetrics : prices.observations;
}

const isInterface = ({ vpcEndpointType }: Resource["inputs"]) => vpcEndpointType === "Interface";
const zonesOf = (inputs: Resource["inputs"]): number =>
  inputs.availabilityZoneNames?.length ?? inputs.numberOfAvailabilityZones ?? 3;

const nat = (count: number): Fixed[] => [{ what: "NAT gateway", count, price: prices.natGateway }];
const publicAddresses = (count: number): Fixed[] => [
  { what: "public IPv4", count, price: prices.publicIpv4 },
];
const endpoint = (count: number): Fixed[] => [
  { what: "endpoint in a zone", count, price: prices.interfaceEndpoint },
];

function controlPlane({ upgradePolicy }: Resource["inputs"]): Charges {
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
  const type: string = inputs.instanceTypes?.[0] ?? "t3.medium";
  const spot = inputs.capacityType === "SPOT";
  const price = instancePrice(type);
  const template = all.find(({ id }) => id === inputs.launchTemplate?.id)?.inputs;
  const disks: Resource["inputs"][] = template?.blockDeviceMappings?.map(
    ({ ebs }: Resource["inputs"]) => ebs,
  ) ?? [{ volumeSize: inputs.diskSize ?? 20, volumeType: "gp3" }];
  const known = disks.filter(({ volumeType }) => volumeType === "gp3");
  const size = known.reduce((sum, { volumeSize }) => sum + Number(volumeSize), 0);
  return {
    fixed: [
      ...(price ? [{ what: `${type} node${spot ? ", at most (Spot)" : ""}`, count, price }] : []),
      { what: "GB of gp3", count: count * size, price: prices.gp3 },
    ],
    unknown: [
      ...(price ? [] : [`${count} × instance type ${type}`]),
      ...disks.filter((disk) => !known.includes(disk)).map((disk) => `${disk.volumeType} volumes`),
    ],
  };
}

function instancePrice(type: string): Price | undefined {
  const [family = "", size = ""] = type.split(".");
  const [large, larges] = [instanceFamilies[family], instanceSizes[size]];
  return large && larges ? { ...large, usd: Number((large.usd * larges).toFixed(4)) } : undefined;
}

/** The Ingresses of one group share one load balancer, billed to the one that names its scheme, or the first. */
function loadBalancer(ingress: Resource, all: Resource[]): Charges {
  const annotation = ({ inputs }: Resource, name: string): string | undefined =>
    inputs.metadata?.annotations?.[`alb.ingress.kubernetes.io/${name}`];
  const group = annotation(ingress, "group.name");
  const members = all.filter(
    (one) => one.type === ingress.type && annotation(one, "group.name") === group,
  );
  const first = members.find((one) => annotation(one, "scheme")) ?? members[0];
  if (group !== undefined && first !== ingress) return {};
  const vpc = all.find(({ type }) => type === "awsx:ec2:Vpc");
  const inPublic = annotation(ingress, "scheme") === "internet-facing";
  return {
    fixed: [
      { what: "load balancer", count: 1, price: prices.applicationLoadBalancer },
      ...publicAddresses(inPublic && vpc ? zonesOf(vpc.inputs) : 0),
    ],
    perUse: [prices.capacityUnit],
    unknown: inPublic && !vpc ? ["public IPv4 addresses of the load balancer"] : [],
  };
}
