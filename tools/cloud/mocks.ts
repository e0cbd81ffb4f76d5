import type * as pulumi from "@pulumi/pulumi";
import type { Properties } from "../graph/resource.ts";
import { resourceTypes } from "./catalogue.ts";
import { networkFunctions } from "./given-network.ts";
import { instanceTypeFacts } from "./instance-type-facts.ts";
import { kubernetesObject } from "./kubernetes.ts";
import { arnOf, hex, registryOf, zonesOf } from "./naming.ts";
import type { Mock, Place } from "./resource-type.ts";

/**
 * Mocks of AWS, Kubernetes and Docker: names, ARNs and addresses of the right form, the same in each run.
 *
 * A resource has its inputs and its computed properties. A component of a plugin (a VPC of awsx, a cluster
 * of eks) has its outputs, without children. A function that is not in the table is an error.
 */
export function mocksOf(place: Place): pulumi.runtime.Mocks {
  return {
    newResource: ({ type, name, inputs, custom, id }) => {
      const given = id ? resourceTypes[type]?.existing?.(id, place) : undefined;
      if (given) return given;
      const physicalName = String(inputs.name ?? autoname(type, name));
      const answer = mockOf(type, custom ?? true)(inputs, physicalName, place);
      return { id: answer.id ?? physicalName, state: answer.state };
    },
    call: ({ token, inputs }) => {
      const answer = functions[token];
      if (!answer) {
        const message = `tools/cloud/mocks.ts has no answer for the function ${token}`;
        // The SDK expects an error of gRPC, and passes on its details only.
        throw Object.assign(new Error(message), { details: message });
      }
      return answer(inputs, place);
    },
  };
}

function mockOf(type: string, custom: boolean): Mock {
  const known = resourceTypes[type]?.mock;
  if (known) return known === "computed" ? computedMock(type) : known;
  if (!custom) return () => ({ state: {} });
  if (type.startsWith("aws:")) return awsResource(type);
  if (/^kubernetes:(?!helm)/.test(type)) return kubernetesObject;
  return (inputs) => ({ state: inputs });
}

/** As the simulated cloud makes it, but for digits, which are those of the name. */
const computedMock =
  (type: string): Mock =>
  (given, name, place) => {
    const { autoname, id: idOf, computed } = resourceTypes[type] ?? {};
    const property = autoname?.property;
    const own = `${name}${autoname?.suffix?.(given) ?? ""}`;
    const inputs = property ? { ...given, [property]: given[property] ?? own } : given;
    const hexId = (prefix: string) => `${prefix}-${hex(name, 17)}`;
    const cloud = { ...place, hexId, serial: () => 1, get: () => undefined };
    const id = idOf?.(inputs, cloud) ?? name;
    return { id, state: { ...inputs, ...computed?.({ cloud, id, inputs }) } };
  };

/** An ARN and a name, as most types have. */
const awsResource =
  (type: string): Mock =>
  (inputs, name, place) => {
    const [, module = "", kind = ""] = type.split(":");
    const service = module.split("/")[0] as string;
    const arn = arnOf(place, service, `${kind.toLowerCase()}/${name}`);
    return { state: { ...inputs, name, arn } };
  };

const functions: Record<string, (inputs: Properties, place: Place) => Properties> = {
  // No Auto Scaling group exists before the first update.
  "aws:autoscaling/getAmiIds:getAmiIds": () => ({ arns: [], names: [] }),
  "aws:ecr/getAuthorizationToken:getAuthorizationToken": (_, place) => ({
    userName: "AWS",
    password: "a password that is valid for twelve hours",
    proxyEndpoint: `https://${registryOf(place)}`,
  }),
  // A new repository is empty.
  "aws:ecr/getImages:getImages": ({ repositoryName }) => ({ repositoryName, imageIds: [] }),
  // Which version is AWS's default is AWS's to say: none looks like this.
  "aws:eks/getAddonVersion:getAddonVersion": ({ addonName, kubernetesVersion }) => ({
    addonName,
    kubernetesVersion,
    version: `v${addonName === "amazon-cloudwatch-observability" ? "6.99" : kubernetesVersion}.0-eksbuild.0`,
  }),
  // Elastic Load Balancing endpoints and quotas: AWS's own zone, another one in each region.
  "aws:lb/getHostedZoneId:getHostedZoneId": (_, { region }) => ({
    id: `Z${hex(region, 13).toUpperCase()}`,
  }),
  // The controller names its resources by hashes; the mocks hash the tags.
  "aws:lb/getLoadBalancer:getLoadBalancer": ({ tags }, place) => {
    const arnSuffix = `app/k8s-${hex(JSON.stringify(tags), 10)}/${hex(place.region, 16)}`;
    return { arnSuffix, arn: arnOf(place, "elasticloadbalancing", `loadbalancer/${arnSuffix}`) };
  },
  "aws:lb/getTargetGroup:getTargetGroup": ({ tags }, place) => {
    const arnSuffix = `targetgroup/k8s-${hex(JSON.stringify(tags), 10)}/${hex(place.region, 16)}`;
    return { arnSuffix, arn: arnOf(place, "elasticloadbalancing", arnSuffix) };
  },
  // The plan trusts the settings about resources of the account.
  "aws:index/getAvailabilityZones:getAvailabilityZones": (_, { region }) => ({
    names: zonesOf(region),
    zoneIds: zonesOf(region).map((_, at) => `${region}-az${at + 1}`),
  }),
  "aws:ec2/getInstanceType:getInstanceType": ({ instanceType }) => ({
    ...instanceTypeFacts(instanceType),
    supportedArchitectures: ["arm64", "x86_64"],
  }),
  "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": ({ filters }, { region }) => {
    const types: string[] = filters?.[0]?.values ?? [];
    const offers = types.flatMap((type) => zonesOf(region).map((zone) => [type, zone]));
    return {
      instanceTypes: offers.map(([type]) => type),
      locations: offers.map(([, zone]) => zone),
    };
  },
  "aws:route53/getZone:getZone": ({ zoneId }, { hostedZones }) => ({
    zoneId,
    name: hostedZones?.[zoneId],
    privateZone: false,
  }),
  ...networkFunctions,
  "aws:index/getCallerIdentity:getCallerIdentity": (_, place) => ({
    accountId: place.accountId,
    arn: place.caller,
  }),
};

/** A name of Pulumi's making: the logical name and digits, which are the same ones on every run. */
function autoname(type: string, name: string): string {
  return `${name}-${hex(`${type}/${name}`, type.startsWith("kubernetes:") ? 8 : 7)}`;
}
