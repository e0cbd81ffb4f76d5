import {
  DeleteAutoScalingGroupCommand,
  paginateDescribeAutoScalingGroups,
} from "@aws-sdk/client-auto-scaling";
import {
  DeleteLaunchTemplateCommand,
  DeleteSnapshotCommand,
  DeleteVolumeCommand,
  paginateDescribeInstances,
  paginateDescribeLaunchTemplates,
  paginateDescribeSnapshots,
  paginateDescribeVolumes,
  TerminateInstancesCommand,
  waitUntilInstanceTerminated,
} from "@aws-sdk/client-ec2";
import { instancePrice } from "../../cloud/eks.ts";
import { prices } from "../../cloud/prices.ts";
import { listed, tagsOf } from "../aws-lists.ts";
import { type Kind, longestWait, perDay } from "./kind.ts";
import type { Tags } from "./ownership.ts";

export const autoScalingGroups: Kind = {
  what: "Auto Scaling group",
  actions: ["autoscaling:DescribeAutoScalingGroups"],
  async find({ autoScaling: client }) {
    const pages = paginateDescribeAutoScalingGroups({ client }, {});
    const groups = await listed(pages, (page) => page.AutoScalingGroups);
    return groups.map(({ AutoScalingGroupName: id = "", Tags }) => ({
      id,
      tags: tagsOf(Tags),
      usdPerDay: 0,
    }));
  },
  deletion: {
    actions: ["autoscaling:DeleteAutoScalingGroup"],
    remove: ({ autoScaling }, { id }) =>
      autoScaling.send(
        new DeleteAutoScalingGroupCommand({ AutoScalingGroupName: id, ForceDelete: true }),
      ),
  },
};

export const instances: Kind = {
  what: "instance",
  actions: ["ec2:DescribeInstances"],
  async find({ ec2: client }) {
    const states = ["pending", "running", "stopping", "stopped"];
    const Filters = [{ Name: "instance-state-name", Values: states }];
    const pages = paginateDescribeInstances({ client }, { Filters });
    const reservations = await listed(pages, (page) => page.Reservations);
    return reservations
      .flatMap((one) => one.Instances ?? [])
      .map(({ InstanceId: id = "", InstanceType = "", State, InstanceLifecycle, Tags }) => {
        const price = InstanceLifecycle === "spot" ? undefined : instancePrice(InstanceType);
        const usdPerDay = State?.Name === "stopped" ? 0 : price && perDay(price);
        return { id, tags: tagsOf(Tags), ...(usdPerDay !== undefined && { usdPerDay }) };
      });
  },
  deletion: {
    actions: ["ec2:TerminateInstances"],
    async remove({ ec2: client }, { id }) {
      await client.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
      await waitUntilInstanceTerminated(
        { client, maxWaitTime: longestWait },
        { InstanceIds: [id] },
      );
    },
  },
};

export const launchTemplates: Kind = {
  what: "launch template",
  actions: ["ec2:DescribeLaunchTemplates"],
  async find({ ec2: client }) {
    const pages = paginateDescribeLaunchTemplates({ client }, {});
    const templates = await listed(pages, (page) => page.LaunchTemplates);
    return templates.map(({ LaunchTemplateId: id = "", LaunchTemplateName: name = id, Tags }) => ({
      ...{ id, name, tags: tagsOf(Tags), usdPerDay: 0 },
    }));
  },
  deletion: {
    actions: ["ec2:DeleteLaunchTemplate"],
    remove: ({ ec2 }, { id }) =>
      ec2.send(new DeleteLaunchTemplateCommand({ LaunchTemplateId: id })),
  },
};

const claimTag = "kubernetes.io/created-for/pvc/name";

/** Of a driver that was not told its cluster: aws-ebs-csi-driver, docs/tagging.md. */
const unclear = (tags: Tags) =>
  tags["ebs.csi.aws.com/cluster"] === "true" &&
  !Object.keys(tags).some((key) => /^kubernetes\.io\/cluster\/|^KubernetesCluster$/.test(key))
    ? { to: "others" as const, why: "the EBS CSI driver made it, for a cluster it does not name" }
    : undefined;

const dataIsKept: Kind["kept"] = ({ resources }) =>
  resources.protect ? "environment: production keeps data" : undefined;

/** An attached one goes with its instance, or is found again afterwards. */
export const volumes: Kind = {
  what: "volume",
  actions: ["ec2:DescribeVolumes"],
  kept: dataIsKept,
  async find({ ec2: client }) {
    const Filters = [{ Name: "status", Values: ["available", "error"] }];
    const pages = paginateDescribeVolumes({ client }, { Filters });
    const all = await listed(pages, (page) => page.Volumes);
    return all.map(({ VolumeId: id = "", VolumeType, Size = 0, Tags }) => {
      const tags = tagsOf(Tags);
      const whose = unclear(tags);
      const claim = tags[claimTag];
      return {
        ...{ id, name: claim ? `${id} (claim ${claim})` : id, tags },
        ...(VolumeType === "gp3" && { usdPerDay: perDay(prices.gp3, Size) }),
        ...(whose && { belonging: whose }),
      };
    });
  },
  deletion: {
    actions: ["ec2:DeleteVolume"],
    remove: ({ ec2 }, { id }) => ec2.send(new DeleteVolumeCommand({ VolumeId: id })),
  },
};

/** Those of AWS Backup are in its vaults, which are only named. */
export const snapshots: Kind = {
  what: "snapshot",
  actions: ["ec2:DescribeSnapshots"],
  kept: dataIsKept,
  async find({ ec2: client }) {
    const pages = paginateDescribeSnapshots({ client }, { OwnerIds: ["self"] });
    const all = await listed(pages, (page) => page.Snapshots);
    return all.map(({ SnapshotId: id = "", Tags }) => {
      const tags = tagsOf(Tags);
      const whose = unclear(tags);
      const inVault = Object.keys(tags).some((key) => key.startsWith("aws:backup:"));
      return {
        ...{ id, tags },
        ...(whose && { belonging: whose }),
        ...(inVault && { kept: "AWS Backup made it, and its vault keeps it" }),
      };
    });
  },
  deletion: {
    actions: ["ec2:DeleteSnapshot"],
    remove: ({ ec2 }, { id }) => ec2.send(new DeleteSnapshotCommand({ SnapshotId: id })),
  },
};
