import {
  DeleteInternetGatewayCommand,
  DeleteNatGatewayCommand,
  DeleteNetworkInterfaceCommand,
  DeleteRouteTableCommand,
  DeleteSecurityGroupCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DeleteVpcEndpointsCommand,
  DescribeAddressesCommand,
  DescribeInternetGatewaysCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupsCommand,
  DetachInternetGatewayCommand,
  type IpPermission,
  paginateDescribeInternetGateways,
  paginateDescribeNatGateways,
  paginateDescribeNetworkInterfaces,
  paginateDescribeRouteTables,
  paginateDescribeSecurityGroups,
  paginateDescribeSubnets,
  paginateDescribeVpcEndpoints,
  paginateDescribeVpcs,
  ReleaseAddressCommand,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
  waitUntilNatGatewayDeleted,
} from "@aws-sdk/client-ec2";
import { prices } from "../../cloud/prices.ts";
import { listed, tagsOf } from "../aws-lists.ts";
import { type Cloud, type Kind, longestWait, perDay } from "./kind.ts";
import { belonging, type Owner } from "./ownership.ts";

export const endpoints: Kind = {
  what: "VPC endpoint",
  actions: ["ec2:DescribeVpcEndpoints"],
  async find({ ec2: client }) {
    const all = await listed(
      paginateDescribeVpcEndpoints({ client }, {}),
      (page) => page.VpcEndpoints,
    );
    return all
      .filter(({ State }) => !["deleting", "deleted"].includes(String(State).toLowerCase()))
      .map(({ VpcEndpointId: id = "", ServiceName, VpcEndpointType, SubnetIds = [], Tags }) => ({
        ...{ id, name: ServiceName ? `${id} (${ServiceName})` : id, tags: tagsOf(Tags) },
        usdPerDay:
          VpcEndpointType === "Interface" ? perDay(prices.interfaceEndpoint, SubnetIds.length) : 0,
      }));
  },
  deletion: {
    actions: ["ec2:DeleteVpcEndpoints"],
    async remove({ ec2 }, { id }) {
      const { Unsuccessful = [] } = await ec2.send(
        new DeleteVpcEndpointsCommand({ VpcEndpointIds: [id] }),
      );
      // AWS answers with success and says what it refused.
      const [refused] = Unsuccessful;
      if (refused?.Error) {
        const { Code = "", Message = "" } = refused.Error;
        throw Object.assign(new Error(Message), { name: Code });
      }
    },
  },
};

export const natGateways: Kind = {
  what: "NAT gateway",
  actions: ["ec2:DescribeNatGateways"],
  async find({ ec2: client }) {
    const Filter = [{ Name: "state", Values: ["pending", "available", "failed"] }];
    const all = await listed(
      paginateDescribeNatGateways({ client }, { Filter }),
      (page) => page.NatGateways,
    );
    return all.map(({ NatGatewayId: id = "", Tags }) => ({
      ...{ id, tags: tagsOf(Tags), usdPerDay: perDay(prices.natGateway) },
    }));
  },
  deletion: {
    actions: ["ec2:DeleteNatGateway"],
    async remove({ ec2: client }, { id }) {
      await client.send(new DeleteNatGatewayCommand({ NatGatewayId: id }));
      await waitUntilNatGatewayDeleted(
        { client, maxWaitTime: longestWait },
        { NatGatewayIds: [id] },
      );
    },
  },
};

export const addresses: Kind = {
  what: "Elastic IP",
  actions: ["ec2:DescribeAddresses"],
  async find({ ec2 }) {
    const { Addresses = [] } = await ec2.send(new DescribeAddressesCommand({}));
    return Addresses.map(({ AllocationId: id = "", PublicIp: name = id, Tags }) => ({
      ...{ id, name, tags: tagsOf(Tags), usdPerDay: perDay(prices.publicIpv4) },
    }));
  },
  deletion: {
    actions: ["ec2:ReleaseAddress"],
    remove: ({ ec2 }, { id }) => ec2.send(new ReleaseAddressCommand({ AllocationId: id })),
  },
};

/**
 * Not those that AWS keeps for a service, and those that go with their instance. An older VPC CNI names
 * its instance alone: such an interface is the owner's if the VPC is.
 */
export const networkInterfaces: Kind = {
  what: "network interface",
  actions: ["ec2:DescribeNetworkInterfaces", "ec2:DescribeVpcs"],
  async find({ ec2: client }, owner) {
    const all = await listed(
      paginateDescribeNetworkInterfaces({ client }, {}),
      (page) => page.NetworkInterfaces,
    );
    const own = await ownVpcs(client, owner);
    return all
      .filter((one) => !one.RequesterManaged && one.Attachment?.DeleteOnTermination !== true)
      .map(({ NetworkInterfaceId: id = "", Description, VpcId = "", TagSet }) => {
        const tags = tagsOf(TagSet);
        const ofNode = tags["node.k8s.amazonaws.com/instance_id"] !== undefined;
        const named = tags["cluster.k8s.amazonaws.com/name"] !== undefined;
        const why = "the VPC CNI made it in this VPC, and its node ended before it was detached";
        return {
          ...{ id, name: Description ? `${id} (${Description})` : id, tags, usdPerDay: 0 },
          ...(ofNode && !named && own.has(VpcId) && { belonging: { to: "owner" as const, why } }),
        };
      });
  },
  deletion: {
    actions: ["ec2:DeleteNetworkInterface"],
    remove: ({ ec2 }, { id }) =>
      ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: id })),
  },
};

async function ownVpcs(client: Cloud["ec2"], owner: Owner): Promise<Set<string>> {
  const all = await listed(paginateDescribeVpcs({ client }, {}), (page) => page.Vpcs);
  const own = all.filter(({ Tags }) => belonging(tagsOf(Tags), owner)?.to === "owner");
  return new Set(own.map(({ VpcId = "" }) => VpcId));
}

export const securityGroups: Kind = {
  what: "security group",
  actions: ["ec2:DescribeSecurityGroups"],
  async find({ ec2: client }) {
    const all = await listed(
      paginateDescribeSecurityGroups({ client }, {}),
      (page) => page.SecurityGroups,
    );
    // The default one goes with its VPC; AWS refuses to delete it alone.
    return all
      .filter(({ GroupName }) => GroupName !== "default")
      .map(({ GroupId: id = "", GroupName, Tags }) => ({
        ...{ id, name: `${id} (${GroupName})`, tags: tagsOf(Tags), usdPerDay: 0 },
      }));
  },
  deletion: {
    actions: [
      "ec2:DeleteSecurityGroup",
      "ec2:RevokeSecurityGroupIngress",
      "ec2:RevokeSecurityGroupEgress",
    ],
    async remove({ ec2 }, { id: GroupId }) {
      await releaseOthers(ec2, GroupId).catch((error: Error) => {
        // A group that a rule names has gone at the same time: this one is still there.
        if (error.name !== "InvalidGroup.NotFound") throw error;
      });
      await ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
    },
  },
};

/**
 * Takes the rules of a group that name other groups: AWS deletes none that a rule names. Not of a group
 * that is in use, which may be by what is kept.
 */
async function releaseOthers(ec2: Cloud["ec2"], GroupId: string): Promise<void> {
  const Filters = [{ Name: "group-id", Values: [GroupId] }];
  const { NetworkInterfaces = [] } = await ec2.send(
    new DescribeNetworkInterfacesCommand({ Filters }),
  );
  if (NetworkInterfaces.length > 0) return;
  const { SecurityGroups: [group] = [] } = await ec2.send(
    new DescribeSecurityGroupsCommand({ GroupIds: [GroupId] }),
  );
  const naming = (rules: IpPermission[] = []) =>
    rules.filter(({ UserIdGroupPairs = [] }) => UserIdGroupPairs.length > 0);
  const [ingress, egress] = [naming(group?.IpPermissions), naming(group?.IpPermissionsEgress)];
  if (ingress.length > 0) {
    await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions: ingress }));
  }
  if (egress.length > 0) {
    await ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId, IpPermissions: egress }));
  }
}

export const internetGateways: Kind = {
  what: "internet gateway",
  actions: ["ec2:DescribeInternetGateways"],
  async find({ ec2: client }) {
    const all = await listed(
      paginateDescribeInternetGateways({ client }, {}),
      (page) => page.InternetGateways,
    );
    return all.map(({ InternetGatewayId: id = "", Tags }) => ({
      ...{ id, tags: tagsOf(Tags), usdPerDay: 0 },
    }));
  },
  deletion: {
    actions: ["ec2:DetachInternetGateway", "ec2:DeleteInternetGateway"],
    async remove({ ec2 }, { id }) {
      const { InternetGateways = [] } = await ec2.send(
        new DescribeInternetGatewaysCommand({ InternetGatewayIds: [id] }),
      );
      for (const { VpcId } of InternetGateways.flatMap((one) => one.Attachments ?? [])) {
        await ec2.send(new DetachInternetGatewayCommand({ InternetGatewayId: id, VpcId }));
      }
      await ec2.send(new DeleteInternetGatewayCommand({ InternetGatewayId: id }));
    },
  },
};

export const subnets: Kind = {
  what: "subnet",
  actions: ["ec2:DescribeSubnets"],
  async find({ ec2: client }) {
    const all = await listed(paginateDescribeSubnets({ client }, {}), (page) => page.Subnets);
    return all.map(({ SubnetId: id = "", Tags }) => ({ id, tags: tagsOf(Tags), usdPerDay: 0 }));
  },
  deletion: {
    actions: ["ec2:DeleteSubnet"],
    remove: ({ ec2 }, { id }) => ec2.send(new DeleteSubnetCommand({ SubnetId: id })),
  },
};

/** The main one of a VPC goes with it. */
export const routeTables: Kind = {
  what: "route table",
  actions: ["ec2:DescribeRouteTables"],
  async find({ ec2: client }) {
    const all = await listed(
      paginateDescribeRouteTables({ client }, {}),
      (page) => page.RouteTables,
    );
    return all
      .filter(({ Associations = [] }) => !Associations.some(({ Main }) => Main))
      .map(({ RouteTableId: id = "", Tags }) => ({ id, tags: tagsOf(Tags), usdPerDay: 0 }));
  },
  deletion: {
    actions: ["ec2:DeleteRouteTable"],
    remove: ({ ec2 }, { id }) => ec2.send(new DeleteRouteTableCommand({ RouteTableId: id })),
  },
};

export const vpcs: Kind = {
  what: "VPC",
  actions: ["ec2:DescribeVpcs"],
  async find({ ec2: client }) {
    const all = await listed(paginateDescribeVpcs({ client }, {}), (page) => page.Vpcs);
    return all.map(({ VpcId: id = "", Tags }) => ({ id, tags: tagsOf(Tags), usdPerDay: 0 }));
  },
  deletion: {
    actions: ["ec2:DeleteVpc"],
    remove: ({ ec2 }, { id }) => ec2.send(new DeleteVpcCommand({ VpcId: id })),
  },
};
