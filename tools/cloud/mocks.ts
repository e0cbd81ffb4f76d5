import { createHash } from "node:crypto";
import type * as pulumi from "@pulumi/pulumi";

// biome-ignore lint/suspicious/noExplicitAny: properties of resources of every type
type Properties = Record<string, any>;

/** What the answers of AWS would be bound to. */
export interface Place {
  region: string;
  accountId: string;
  /** Who runs the program. */
  caller: string;
  /** The host name that the stack's hosted zone is for. */
  hostName?: string;
}

/**
 * Mocks that answer as AWS, Kubernetes and Docker would: names, ARNs and addresses of the right
 * form, the same ones on every run.
 *
 * A resource answers with what it was given and what is computed of it. A component made by a
 * plugin (a VPC of awsx, a cluster of eks) answers with its outputs only, and without children. A
 * function that is not in the table is an error: to answer nothing would be to invent a value.
 */
export function mocksOf(place: Place): pulumi.runtime.Mocks {
  return {
    newResource: ({ type, name, inputs, custom }) => {
      const physicalName = String(inputs.name ?? autoname(type, name));
      const answer = answerOf(type, custom ?? true)(inputs, physicalName, place);
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

type Answer = (
  inputs: Properties,
  name: string,
  place: Place,
) => { id?: string; state: Properties };

function answerOf(type: string, custom: boolean): Answer {
  const known = resources[type];
  if (known) return known;
  if (!custom) return () => ({ state: {} });
  if (type.startsWith("aws:")) return awsResource(type);
  if (/^kubernetes:(?!helm)/.test(type)) return kubernetesObject;
  return (inputs) => ({ state: inputs });
}

/** An ARN and a name, as most types have. */
const awsResource =
  (type: string): Answer =>
  (inputs, name, place) => {
    const [, module = "", kind = ""] = type.split(":");
    const service = module.split("/")[0] as string;
    const arn = arnOf(place, service, `${kind.toLowerCase()}/${name}`);
    return { state: { ...inputs, name, arn } };
  };

const kubernetesObject: Answer = (inputs, name) => {
  const metadata = { ...inputs.metadata, name: inputs.metadata?.name ?? name };
  const namespace = metadata.namespace ? `${metadata.namespace}/` : "";
  return { id: `${namespace}${metadata.name}`, state: { ...inputs, metadata } };
};

const resources: Record<string, Answer> = {
  "aws:acm/certificate:Certificate": (inputs, name, place) => {
    const arn = arnOf(place, "acm", `certificate/${uuid(name)}`);
    const hosts: string[] = [inputs.domainName, ...(inputs.subjectAlternativeNames ?? [])];
    const domainValidationOptions = hosts.map((domainName) => {
      // A wildcard has the record of the name that it stands below.
      const name = domainName.replace(/^\*\./, "");
      return {
        domainName,
        resourceRecordName: `_${hex(name, 32)}.${name}.`,
        resourceRecordType: "CNAME",
        resourceRecordValue: `_${hex(`${name}/value`, 32)}.acm-validations.aws.`,
      };
    });
    return { id: arn, state: { ...inputs, arn, domainValidationOptions } };
  },
  "aws:acm/certificateValidation:CertificateValidation": (inputs) => ({
    id: inputs.certificateArn,
    state: inputs,
  }),
  "aws:s3/bucket:Bucket": (inputs, name) => {
    const bucket = inputs.bucket ?? name;
    return { id: bucket, state: { ...inputs, bucket, arn: `arn:aws:s3:::${bucket}` } };
  },
  "aws:route53/record:Record": (inputs) => ({
    id: `${inputs.zoneId}_${inputs.name}_${inputs.type}`,
    state: { ...inputs, fqdn: String(inputs.name).replace(/\.$/, "") },
  }),
  "aws:cloudwatch/compositeAlarm:CompositeAlarm": (inputs, _, place) => ({
    id: inputs.alarmName,
    state: { ...inputs, arn: arnOf(place, "cloudwatch", `alarm:${inputs.alarmName}`) },
  }),
  "aws:cloudwatch/eventRule:EventRule": (inputs, name, place) => ({
    state: { ...inputs, name, arn: arnOf(place, "events", `rule/${name}`) },
  }),
  "aws:cloudwatch/logGroup:LogGroup": (inputs, name, place) => ({
    state: { ...inputs, name, arn: arnOf(place, "logs", `log-group:${name}`) },
  }),
  "aws:cloudwatch/metricAlarm:MetricAlarm": (inputs, name, place) => ({
    state: { ...inputs, name, arn: arnOf(place, "cloudwatch", `alarm:${name}`) },
  }),
  "aws:ec2/launchTemplate:LaunchTemplate": (inputs, name, place) => {
    const id = `lt-${hex(name, 17)}`;
    const arn = arnOf(place, "ec2", `launch-template/${id}`);
    return { id, state: { ...inputs, name, arn, defaultVersion: 1, latestVersion: 1 } };
  },
  "aws:ecr/repository:Repository": (inputs, name, place) => ({
    state: {
      ...inputs,
      name,
      arn: arnOf(place, "ecr", `repository/${name}`),
      registryId: place.accountId,
      repositoryUrl: `${registryOf(place)}/${name}`,
    },
  }),
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": (inputs, _, place) => {
    const arn = globalArn(place, "iam", `oidc-provider/${withoutScheme(inputs.url)}`);
    return { id: arn, state: { ...inputs, arn } };
  },
  "aws:iam/role:Role": (inputs, name, place) => ({
    state: { ...inputs, name, arn: globalArn(place, "iam", `role${inputs.path ?? "/"}${name}`) },
  }),
  "aws:iam/policy:Policy": (inputs, name, place) => {
    const arn = globalArn(place, "iam", `policy${inputs.path ?? "/"}${name}`);
    return { id: arn, state: { ...inputs, name, arn } };
  },
  "aws:iam/rolePolicy:RolePolicy": (inputs, name) => ({
    id: `${inputs.role}:${name}`,
    state: { ...inputs, name },
  }),
  "aws:kms/key:Key": (inputs, name, place) => {
    const keyId = uuid(name);
    return { id: keyId, state: { ...inputs, keyId, arn: arnOf(place, "kms", `key/${keyId}`) } };
  },
  "aws:sns/topic:Topic": (inputs, name, place) => {
    const arn = arnOf(place, "sns", name);
    return { id: arn, state: { ...inputs, name, arn } };
  },
  "aws:sns/topicPolicy:TopicPolicy": (inputs) => ({ id: inputs.arn, state: inputs }),
  "awsx:ec2:Vpc": (inputs, name, place) => {
    const vpcId = `vpc-${hex(name, 17)}`;
    const cidrBlock = inputs.cidrBlock ?? "10.0.0.0/16";
    const zones: string[] =
      inputs.availabilityZoneNames ??
      zonesOf(place.region).slice(0, inputs.numberOfAvailabilityZones ?? 3);
    const subnets = (kind: string) => zones.map((zone) => `subnet-${hex(name + kind + zone, 17)}`);
    return {
      state: {
        vpcId,
        vpc: { id: vpcId, arn: arnOf(place, "ec2", `vpc/${vpcId}`), cidrBlock },
        publicSubnetIds: subnets("public"),
        privateSubnetIds: subnets("private"),
        isolatedSubnetIds: subnets("isolated"),
        natGateways: (inputs.natGateways?.strategy === "OnePerAz" ? zones : zones.slice(0, 1)).map(
          (zone) => ({ id: `nat-${hex(name + zone, 17)}` }),
        ),
      },
    };
  },
  "docker:index/image:Image": ({ imageName, build }) => {
    const repository = String(imageName).replace(/:[^:/]*$/, "");
    const digest = hex(JSON.stringify([imageName, build]), 64);
    return { state: { imageName, repoDigest: `${repository}@sha256:${digest}` } };
  },
  "eks:index:Cluster": ({ version }, name, place) => {
    const id = hex(name, 32).toUpperCase();
    const oidcIssuer = `oidc.eks.${place.region}.amazonaws.com/id/${id}`;
    const endpoint = `https://${id}.gr7.${place.region}.eks.amazonaws.com`;
    const clusterSecurityGroupId = `sg-${hex(name, 17)}`;
    const kubeconfig = kubeconfigOf(name, endpoint, place);
    return {
      state: {
        eksCluster: {
          name,
          arn: arnOf(place, "eks", `cluster/${name}`),
          endpoint,
          version,
          identities: [{ oidcs: [{ issuer: `https://${oidcIssuer}` }] }],
          vpcConfig: { clusterSecurityGroupId },
        },
        oidcIssuer,
        oidcProviderUrl: `https://${oidcIssuer}`,
        clusterSecurityGroupId,
        nodeSecurityGroupId: clusterSecurityGroupId,
        kubeconfig,
        kubeconfigJson: JSON.stringify(kubeconfig),
      },
    };
  },
  "kubernetes:networking.k8s.io/v1:Ingress": (inputs, name, place) => {
    const { id, state } = kubernetesObject(inputs, name, place);
    const { namespace = "default", name: ingress } = state.metadata;
    const short = (part: string) => part.replace(/[^a-z0-9]/g, "").slice(0, 8);
    const label = `k8s-${short(namespace)}-${short(ingress)}-${hex(ingress, 10)}`;
    const hostname = `${label}.${place.region}.elb.amazonaws.com`;
    return { id, state: { ...state, status: { loadBalancer: { ingress: [{ hostname }] } } } };
  },
};

const functions: Record<string, (inputs: Properties, place: Place) => Properties> = {
  // No Auto Scaling group exists before the first update.
  "aws:autoscaling/getAmiIds:getAmiIds": () => ({ arns: [], names: [] }),
  "aws:ecr/getAuthorizationToken:getAuthorizationToken": (_, place) => ({
    userName: "AWS",
    password: "a password that is valid for twelve hours",
    proxyEndpoint: `https://${registryOf(place)}`,
  }),
  // Nothing is pushed where nothing is.
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
  // The controller names what it makes by hashes of its own; these are by what was asked for.
  "aws:lb/getLoadBalancer:getLoadBalancer": ({ tags }, place) => {
    const arnSuffix = `app/k8s-${hex(JSON.stringify(tags), 10)}/${hex(place.region, 16)}`;
    return { arnSuffix, arn: arnOf(place, "elasticloadbalancing", `loadbalancer/${arnSuffix}`) };
  },
  "aws:lb/getTargetGroup:getTargetGroup": ({ tags }, place) => {
    const arnSuffix = `targetgroup/k8s-${hex(JSON.stringify(tags), 10)}/${hex(place.region, 16)}`;
    return { arnSuffix, arn: arnOf(place, "elasticloadbalancing", arnSuffix) };
  },
  "aws:iam/getPolicyDocument:getPolicyDocument": ({ version = "2012-10-17", statements = [] }) => ({
    json: JSON.stringify({ Version: version, Statement: statements.map(statementOf) }),
  }),
  // Before the first update it is not asked what the account has: the plan takes the settings' word.
  "aws:index/getAvailabilityZones:getAvailabilityZones": (_, { region }) => ({
    names: zonesOf(region),
    zoneIds: zonesOf(region).map((_, at) => `${region}-az${at + 1}`),
  }),
  "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": ({ filters }, { region }) => {
    const types: string[] = filters?.[0]?.values ?? [];
    const offers = types.flatMap((type) => zonesOf(region).map((zone) => [type, zone]));
    return {
      instanceTypes: offers.map(([type]) => type),
      locations: offers.map(([, zone]) => zone),
    };
  },
  "aws:route53/getZone:getZone": ({ zoneId }, { hostName }) => ({
    zoneId,
    name: hostName,
    privateZone: false,
  }),
  "aws:index/getCallerIdentity:getCallerIdentity": (_, place) => ({
    accountId: place.accountId,
    arn: place.caller,
  }),
  "aws:index/getPartition:getPartition": () => ({ partition: "aws", dnsSuffix: "amazonaws.com" }),
  "aws:index/getRegion:getRegion": (_, { region }) => ({ name: region, region }),
};

/** A statement of aws.iam.getPolicyDocument as IAM writes it. */
function statementOf(statement: Properties): Properties {
  const principals = (given: Properties[] | undefined) =>
    given && Object.fromEntries(given.map(({ type, identifiers }) => [type, identifiers]));
  const Condition: Record<string, Properties> = {};
  for (const { test, variable, values } of statement.conditions ?? []) {
    Condition[test] = { ...Condition[test], [variable]: values };
  }
  const { sid, effect = "Allow", actions, notActions, resources, notResources } = statement;
  return {
    Sid: sid,
    Effect: effect,
    Principal: principals(statement.principals),
    NotPrincipal: principals(statement.notPrincipals),
    Action: actions,
    NotAction: notActions,
    Resource: resources,
    NotResource: notResources,
    ...(statement.conditions && { Condition }),
  };
}

/** A name of Pulumi's making: the logical name and digits, which are the same ones on every run. */
function autoname(type: string, name: string): string {
  return `${name}-${hex(`${type}/${name}`, type.startsWith("kubernetes:") ? 8 : 7)}`;
}

function arnOf({ region, accountId }: Place, service: string, resource: string): string {
  return `arn:aws:${service}:${region}:${accountId}:${resource}`;
}

function globalArn({ accountId }: Place, service: string, resource: string): string {
  return `arn:aws:${service}::${accountId}:${resource}`;
}

function registryOf({ region, accountId }: Place): string {
  return `${accountId}.dkr.ecr.${region}.amazonaws.com`;
}

function zonesOf(region: string): string[] {
  return ["a", "b", "c", "d", "e", "f"].map((zone) => region + zone);
}

function withoutScheme(url: string): string {
  return url.replace("https://", "");
}

function hex(seed: string, digits: number): string {
  return createHash("sha256").update(seed).digest("hex").slice(0, digits);
}

function uuid(seed: string): string {
  return hex(seed, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function kubeconfigOf(name: string, endpoint: string, { region }: Place) {
  const args = ["--region", region, "eks", "get-token", "--cluster-name", name, "--output", "json"];
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "kubernetes", cluster: { server: endpoint } }],
    contexts: [{ name: "aws", context: { cluster: "kubernetes", user: "aws" } }],
    "current-context": "aws",
    users: [
      {
        name: "aws",
        user: {
          exec: { apiVersion: "client.authentication.k8s.io/v1beta1", command: "aws", args },
        },
      },
    ],
  };
}
