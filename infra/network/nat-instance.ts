import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { instanceSettings } from "../cluster/instances.ts";

export interface NatInstanceArgs {
  /** The zone of the subnet: Auto Scaling takes no subnet beside an interface that exists. */
  zone: string;
  vpcId: pulumi.Input<string>;
  /** The VPC's IPv4 network, for which alone the instance translates. */
  cidrBlock: string;
  publicSubnetId: pulumi.Input<string>;
  /** Tags of the Auto Scaling group, the instance and its volume, which do not inherit the provider's. */
  tags: Record<string, string>;
}

/**
 * The smallest type on which dnf does not run out of memory (amazonlinux/amazon-linux-2023 issue 404: 512
 * MB are too few), and its root volume, which is as large as the image's.
 */
export const natInstance = { type: "t4g.micro", diskGiB: 8 };

/** Amazon's own image, by the newest release at each launch (AL2023 User Guide, launch by SSM parameter). */
const image =
  "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64" as const;

/** An older instance is replaced, and its image with it. */
const lifetimeDays = 30;

/**
 * An instance that translates addresses, which an Auto Scaling group of one replaces when it fails, stops or
 * is 30 days old.
 *
 * Its network interface and its elastic address outlive it: routes and the address that others see stay.
 * Auto Scaling launches into an interface that exists when the launch template names it, and the group
 * names a zone and no subnet (CreateAutoScalingGroup, AvailabilityZones). The instance has no role. It
 * answers nobody; its security group admits the VPC.
 */
export class NatInstance extends pulumi.ComponentResource {
  readonly networkInterfaceId: pulumi.Output<string>;

  constructor(name: string, args: NatInstanceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:network:NatInstance", name, {}, opts);
    const parent = { parent: this };
    const tags = { Name: name };
    const networkInterface = new aws.ec2.NetworkInterface(
      name,
      {
        subnetId: args.publicSubnetId,
        securityGroups: [makeGroup(name, args, parent).id],
        description: "NAT instance",
        // What it forwards is neither from nor for its own address.
        sourceDestCheck: false,
        tags,
      },
      parent,
    );
    const address = new aws.ec2.Eip(
      name,
      { domain: "vpc", networkInterface: networkInterface.id, tags },
      parent,
    );
    const template = new aws.ec2.LaunchTemplate(
      name,
      launchTemplateArgs({ ...tags, ...args.tags }, args.cidrBlock, networkInterface.id),
      parent,
    );
    new aws.autoscaling.Group(
      name,
      {
        ...{ minSize: 1, desiredCapacity: 1, maxSize: 1 },
        availabilityZones: [args.zone],
        launchTemplate: { id: template.id, version: template.latestVersion.apply(String) },
        maxInstanceLifetime: lifetimeDays * 24 * 60 * 60,
        // The interface is free for the next instance only when this one is gone.
        instanceMaintenancePolicy: { minHealthyPercentage: 0, maxHealthyPercentage: 100 },
        instanceRefresh: { strategy: "Rolling", preferences: { minHealthyPercentage: 0 } },
        tags: Object.entries({ ...tags, ...args.tags }).map(([key, value]) => ({
          ...{ key, value, propagateAtLaunch: true },
        })),
      },
      // Without its address it cannot install what it translates with.
      { ...parent, dependsOn: address },
    );
    this.networkInterfaceId = networkInterface.id;
    this.registerOutputs({ networkInterfaceId: this.networkInterfaceId });
  }
}

/** A security group that admits the VPC alone. */
function makeGroup(
  name: string,
  { vpcId, cidrBlock }: NatInstanceArgs,
  parent: { parent: pulumi.Resource },
): aws.ec2.SecurityGroup {
  const group = new aws.ec2.SecurityGroup(
    name,
    { vpcId, description: "From the VPC to the internet" },
    parent,
  );
  const all = { securityGroupId: group.id, ipProtocol: "-1" };
  new aws.vpc.SecurityGroupIngressRule(name, { ...all, cidrIpv4: cidrBlock }, parent);
  new aws.vpc.SecurityGroupEgressRule(name, { ...all, cidrIpv4: "0.0.0.0/0" }, parent);
  return group;
}

function launchTemplateArgs(
  tags: Record<string, string>,
  cidrBlock: string,
  networkInterfaceId: pulumi.Input<string>,
): aws.ec2.LaunchTemplateArgs {
  return {
    ...instanceSettings([{ deviceName: "/dev/xvda", GiB: natInstance.diskGiB }], tags),
    imageId: image,
    instanceType: natInstance.type,
    networkInterfaces: [{ deviceIndex: 0, networkInterfaceId }],
    userData: Buffer.from(natScript(cidrBlock)).toString("base64"),
  };
}

/**
 * What makes a NAT of Amazon Linux 2023 at its first start (Amazon VPC User Guide, "Work with NAT
 * instances"). The image has no iptables; the package's own rules, which forward nothing, are replaced.
 */
export function natScript(cidrBlock: string): string {
  return `#!/bin/bash
until dnf install -y iptables-services; do sleep 5; done
echo net.ipv4.ip_forward=1 > /etc/sysctl.d/90-nat.conf
sysctl -p /etc/sysctl.d/90-nat.conf
cat > /etc/sysconfig/iptables <<'END'
*nat
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s ${cidrBlock} ! -d ${cidrBlock} -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
COMMIT
END
systemctl enable --now iptables
`;
}
