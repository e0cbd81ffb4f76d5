import type { Effect, Rule } from "../rule.ts";
import type { CloudResource, Props, World } from "../world.ts";
import { scalingGroupType } from "./node-rules.ts";
import { instanceAt, instanceType, networkInterface } from "./way-out.ts";

const addressType = "aws:ec2/eip:Eip";
const subnetType = "aws:ec2/subnet:Subnet";

/** The interface that a group's instances are launched into, by its launch template. */
function launchInterface(world: World, { launchTemplate }: Props): string | undefined {
  const template = world.get("aws:ec2/launchTemplate:LaunchTemplate", launchTemplate?.id);
  return template?.inputs.networkInterfaces?.[0]?.networkInterfaceId;
}

const holderOf = (group: CloudResource) => `Auto Scaling group ${group.id}`;

const zoneOf = (world: World, interfaceId: string): string | undefined =>
  world.get(subnetType, world.get(networkInterface, interfaceId)?.inputs.subnetId)?.inputs
    .availabilityZone;

/** Of groups that a program makes; those of node groups EKS makes. */
export const natInstanceRules: Rule[] = [
  {
    error: "ValidationError",
    on: "create",
    types: [scalingGroupType],
    source:
      "Amazon EC2 Auto Scaling API, CreateAutoScalingGroup, AvailabilityZones; terraform-provider-aws pull 7615",
    refusal: ({ world, inputs }) => {
      const interfaceId = launchInterface(world, inputs);
      return interfaceId && inputs.vpcZoneIdentifiers?.length > 0
        ? "You must use a valid fully-formed launch template. Network interfaces and an instance-level subnet ID may not be specified on the same request"
        : undefined;
    },
  },
  {
    error: "ScalingActivityFailed",
    on: "create",
    phase: "after",
    types: [scalingGroupType],
    source:
      "Amazon EC2 API, RunInstances: an interface takes one instance, of its zone; the provider waits for 10 minutes",
    timeoutSeconds: 600,
    refusal: ({ world, inputs }) => {
      const interfaceId = launchInterface(world, inputs);
      if (!interfaceId || inputs.desiredCapacity === 0) return undefined;
      if (!world.get(networkInterface, interfaceId)) {
        return `The networkInterface ID '${interfaceId}' does not exist`;
      }
      const zone = zoneOf(world, interfaceId);
      if (!inputs.availabilityZones?.includes(zone)) {
        return `Launching a new EC2 instance. Status Reason: You cannot specify a network interface of ${zone} for an instance in ${inputs.availabilityZones}. Launching EC2 instance failed.`;
      }
      return inputs.desiredCapacity > 1 || instanceAt(world, interfaceId)
        ? `Launching a new EC2 instance. Status Reason: Interface: [${interfaceId}] in use. Launching EC2 instance failed.`
        : undefined;
    },
  },
  {
    error: "InvalidParameterValue",
    on: "delete",
    types: [networkInterface],
    source: "Amazon EC2 API, DeleteNetworkInterface: only when it is detached",
    refusal: ({ world, resource }) =>
      instanceAt(world, resource.id)
        ? `Network interface '${resource.id}' is currently in use.`
        : undefined,
  },
  {
    error: "Gateway.NotAttached",
    on: "create",
    types: [addressType],
    source: "Amazon EC2 API, AssociateAddress, error codes",
    refusal: ({ world, inputs }) => {
      if (!inputs.networkInterface) return undefined;
      const { subnetId } = world.get(networkInterface, inputs.networkInterface)?.inputs ?? {};
      const vpcId = world.get(subnetType, subnetId)?.inputs.vpcId;
      return world
        .live("aws:ec2/internetGateway:InternetGateway")
        .some((gateway) => gateway.inputs.vpcId === vpcId)
        ? undefined
        : `Network ${vpcId} is not attached to any internet gateway`;
    },
  },
];

export const natInstanceEffects: Effect[] = [
  {
    on: "create",
    types: [scalingGroupType],
    source: "Amazon EC2 Auto Scaling User Guide: a group launches up to its desired capacity",
    run: ({ world, resource, inputs }) => {
      const template = world.get("aws:ec2/launchTemplate:LaunchTemplate", inputs.launchTemplate.id);
      world.addUnmanaged(instanceType, world.hexId("i"), holderOf(resource), resource.name, {
        networkInterfaceId: launchInterface(world, inputs),
        userData: template?.inputs.userData,
      });
    },
  },
  {
    on: "delete",
    types: [scalingGroupType],
    source: "terraform-provider-aws, aws_autoscaling_group: it waits until no instance is left",
    run: ({ world, resource }) => {
      for (const one of world.all(instanceType)) {
        if (one.madeBy === holderOf(resource)) world.remove(one);
      }
    },
  },
];
