import { addonVersionFor } from "../../cloud/eks.ts";
import { instanceTypeFacts } from "../../cloud/instance-type-facts.ts";
import { authorize } from "../world/lookups.ts";
import { zoneProblem } from "../world/rules/edge-rules.ts";
import { nodeGroupType, scalingGroupType } from "../world/rules/node-rules.ts";
import { imagesOf } from "../world/rules/registry-rules.ts";
import type { Props, World } from "../world/world.ts";
import { networkLookups } from "./network-lookups.ts";
import type { Package } from "./service.ts";

const list = <T>(value: T | T[] | undefined): T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

const zonesOf = ({ region }: Pick<World, "region">) =>
  ["a", "b", "c"].map((zone) => `${region}${zone}`);

/** The aws package and the functions that the programs call. */
export const aws: Package = {
  name: "aws",
  configure: (config) => ({
    region: config.region,
    accountId: json(config.assumeRoles)?.[0]?.roleArn.split(":")[4],
    defaultTags: json(config.defaultTags)?.tags,
  }),
  // The provider stores policies as JSON text.
  normalize: (type, inputs) =>
    Object.fromEntries(
      Object.entries(inputs).map(([key, value]) =>
        ["assumeRolePolicy", "policy"].includes(key) && /^aws:(iam|s3)\//.test(type)
          ? [key, typeof value === "string" ? value : JSON.stringify(value)]
          : [key, value],
      ),
    ),
  functions: authorized({
    ...networkLookups,
    "aws:index/getPartition:getPartition": () => ({
      id: "aws",
      partition: "aws",
      dnsSuffix: "amazonaws.com",
      reverseDnsPrefix: "com.amazonaws",
    }),
    "aws:index/getCallerIdentity:getCallerIdentity": (_, __, { accountId, principal }) => ({
      id: accountId,
      accountId,
      arn: `arn:aws:sts::${accountId}:assumed-role/${principal.split("/").at(-1)}/session`,
      userId: "AROADEPLOYER",
    }),
    "aws:index/getRegion:getRegion": (_, __, { region }) => ({
      id: region,
      name: region,
      region,
      description: region,
    }),
    "aws:index/getAvailabilityZones:getAvailabilityZones": (_, __, { region }) => ({
      id: region,
      names: zonesOf({ region }),
      zoneIds: ["1", "2", "3"].map((zone) => `${region}-az${zone}`),
    }),
    // The error of AWS: github.com/scylladb/scylla-cluster-tests issue 12419.
    "aws:ec2/getInstanceType:getInstanceType": ({ instanceType }, _, world) => {
      if (zonesOf(world).every((zone) => world.notOffered.has(`${instanceType} ${zone}`)))
        throw new Error(
          `reading EC2 Instance Type (${instanceType}): api error InvalidInstanceType: The following supplied instance types do not exist: [${instanceType}]`,
        );
      return instanceTypeFacts(instanceType);
    },
    "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": ({ filters }, _, world) => {
      const offers = list<Props>(filters)
        .flatMap(({ values }) => values as string[])
        .flatMap((type) => zonesOf(world).map((zone) => [type, zone]))
        .filter(([type, zone]) => !world.notOffered.has(`${type} ${zone}`));
      return {
        id: "offers",
        instanceTypes: offers.map(([type]) => type),
        locations: offers.map(([, zone]) => zone),
      };
    },
    "aws:route53/getZone:getZone": ({ zoneId }, caller, world) => {
      const denied = zoneProblem(world, zoneId, caller);
      if (denied) throw new Error(`AccessDenied: ${denied}`);
      const name = world.hostedZones[zoneId];
      if (!name) throw new Error(`NoSuchHostedZone: No hosted zone found with ID: ${zoneId}`);
      return { id: zoneId, zoneId, name, privateZone: false };
    },
    "aws:autoscaling/getAmiIds:getAmiIds": ({ filters }, _, world) => {
      const names = world
        .all(scalingGroupType)
        .filter(({ inputs }) =>
          list<Props>(filters).every(({ name, values }) =>
            values.includes(tagsOf(inputs)[String(name).replace("tag:", "")]),
          ),
        )
        .map(({ id }) => id);
      return { id: "groups", names, arns: names };
    },
    "aws:autoscaling/getGroup:getGroup": ({ name }, _, world) => {
      const group = world.get(scalingGroupType, name);
      if (!group) throw new Error("empty result");
      const { minSize, desiredCapacity, maxSize, availabilityZones } = group.inputs;
      const tags = Object.entries(tagsOf(group.inputs)).map(([key, value]) => ({ key, value }));
      return { id: name, name, minSize, desiredCapacity, maxSize, availabilityZones, tags };
    },
    "aws:eks/getNodeGroup:getNodeGroup": ({ clusterName, nodeGroupName }, _, world) => {
      const group = world
        .all(nodeGroupType)
        .find(({ id }) => id === `${clusterName}:${nodeGroupName}`);
      if (!group) throw new Error("couldn't find resource");
      const { amiType, instanceTypes, capacityType } = group.inputs;
      return {
        id: group.id,
        ...{ amiType, instanceTypes, capacityType },
        tags: tagsOf(group.inputs) ?? {},
      };
    },
    "aws:lb/getLoadBalancer:getLoadBalancer": ({ tags }, _, world) =>
      tagged(world, "aws:lb/loadBalancer:LoadBalancer", tags),
    "aws:lb/getTargetGroup:getTargetGroup": ({ tags }, _, world) =>
      tagged(world, "aws:lb/targetGroup:TargetGroup", tags),
    // Elastic Load Balancing endpoints and quotas: AWS has a hosted zone in each region.
    "aws:lb/getHostedZoneId:getHostedZoneId": (_, __, { region }) => ({
      id: `Z${region.replaceAll("-", "").toUpperCase()}`,
    }),
    "aws:iam/getPolicyDocument:getPolicyDocument": ({ statements = [] }) => {
      const text = JSON.stringify({
        Version: "2012-10-17",
        // biome-ignore lint/suspicious/noExplicitAny: the function's untyped argument
        Statement: list<any>(statements).map((statement) => ({
          Sid: statement.sid,
          Effect: statement.effect ?? "Allow",
          Action: statement.actions,
          Resource: statement.resources,
        })),
      });
      return { id: "policy", json: text, minifiedJson: text };
    },
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": (
      _,
      __,
      { accountId, region, clock },
    ) => ({
      id: region,
      // A new token at each call, as at AWS: it must cause no change.
      authorizationToken: Buffer.from(`AWS:token-${clock.now}`).toString("base64"),
      userName: "AWS",
      password: `token-${clock.now}-${Math.random()}`,
      proxyEndpoint: `https://${accountId}.dkr.ecr.${region}.amazonaws.com`,
      expiresAt: "2026-11-24T12:00:00Z",
    }),
    "aws:ecr/getImages:getImages": ({ repositoryName }, _, world) => ({
      repositoryName,
      imageIds: imagesOf(world, repositoryName),
    }),
    "aws:eks/getAddonVersion:getAddonVersion": ({ addonName, kubernetesVersion }) => ({
      id: addonName,
      addonName,
      kubernetesVersion,
      version: addonVersionFor(addonName, kubernetesVersion),
    }),
    "aws:eks/getClusterVersions:getClusterVersions": () => ({
      id: "versions",
      clusterVersions: [
        ["1.36", "2027-08-02", true],
        ["1.35", "2027-03-27", false],
        ["1.34", "2026-12-02", false],
      ].map(([clusterVersion, end, defaultVersion]) => ({
        clusterVersion,
        defaultVersion,
        endOfStandardSupportDate: `${end}T00:00:00Z`,
        versionStatus: "STANDARD_SUPPORT",
      })),
    }),
  }),
};

/** The functions, with a check of the principal's rights. */
function authorized(functions: Package["functions"]): Package["functions"] {
  return Object.fromEntries(
    Object.entries(functions).map(([token, compute]) => [
      token,
      (args, caller, world) => {
        authorize(token, world);
        return compute(args, caller, world);
      },
    ]),
  );
}

/** @throws {Error} unless exactly one resource has all the tags, as the provider */
function tagged(world: World, type: string, tags: Record<string, string>): Props {
  const found = world
    .live(type)
    .filter(({ inputs }) => Object.entries(tags).every(([key, tag]) => inputs.tags?.[key] === tag));
  const [one] = found;
  if (!one || found.length > 1) {
    throw new Error(
      `Search returned ${found.length} results, please revise so only one is returned`,
    );
  }
  return { id: one.id, arn: one.id, arnSuffix: one.outputs.arnSuffix, tags };
}

/** Of an Auto Scaling group, for which a program gives a list. */
const tagsOf = ({ tags }: Props): Props =>
  Array.isArray(tags) ? Object.fromEntries(tags.map(({ key, value }) => [key, value])) : tags;

function json(value: unknown) {
  return typeof value === "string" ? JSON.parse(value) : value;
}
