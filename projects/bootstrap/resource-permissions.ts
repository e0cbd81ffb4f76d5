import { actionsOf as to } from "../../infra/cluster/policy-document.ts";
import type { Permissions } from "./network-permissions.ts";

/** An attribute of a queue: the provider sets and reads all of them by the same calls. */
const queueAttribute: Permissions = {
  read: to("sqs", "GetQueueAttributes"),
  write: to("sqs", "SetQueueAttributes"),
};

/** Also in the region of the copies. A vault is deleted with its backups only where it may be. */
export const vaultActions = [
  ...to("backup", "CreateBackupVault DeleteBackupVault TagResource UntagResource"),
  ...to("backup", "ListRecoveryPointsByBackupVault DescribeRecoveryPoint DeleteRecoveryPoint"),
  ...to("backup-storage", "MountCapsule"),
];

/** Of what applications use of AWS: no items, no messages, no files, no values of secrets. */
export const resources: Record<string, Permissions> = {
  "aws:backup/plan:Plan": {
    read: to("backup", "GetBackupPlan ListTags"),
    write: [
      ...to("backup", "CreateBackupPlan UpdateBackupPlan DeleteBackupPlan"),
      ...to("backup", "TagResource UntagResource"),
    ],
  },
  "aws:backup/selection:Selection": {
    read: to("backup", "GetBackupSelection"),
    write: to("backup", "CreateBackupSelection DeleteBackupSelection"),
  },
  "aws:backup/vault:Vault": {
    read: to("backup", "DescribeBackupVault ListTags"),
    write: vaultActions,
  },
  "aws:dynamodb/table:Table": {
    read: to(
      "dynamodb",
      "DescribeTable DescribeContinuousBackups DescribeTimeToLive ListTagsOfResource",
    ),
    write: to(
      "dynamodb",
      "CreateTable UpdateTable DeleteTable UpdateContinuousBackups UpdateTimeToLive TagResource UntagResource",
    ),
  },
  "aws:efs/accessPoint:AccessPoint": {
    read: to("elasticfilesystem", "DescribeAccessPoints"),
    write: to("elasticfilesystem", "CreateAccessPoint DeleteAccessPoint TagResource UntagResource"),
  },
  "aws:efs/fileSystem:FileSystem": {
    read: to("elasticfilesystem", "DescribeFileSystems DescribeLifecycleConfiguration"),
    write: to(
      "elasticfilesystem",
      "CreateFileSystem UpdateFileSystem DeleteFileSystem PutLifecycleConfiguration TagResource UntagResource",
    ),
  },
  "aws:efs/fileSystemPolicy:FileSystemPolicy": {
    read: to("elasticfilesystem", "DescribeFileSystemPolicy"),
    write: to("elasticfilesystem", "PutFileSystemPolicy DeleteFileSystemPolicy"),
  },
  "aws:efs/mountTarget:MountTarget": {
    read: [
      ...to("elasticfilesystem", "DescribeMountTargets DescribeMountTargetSecurityGroups"),
      ...to("ec2", "DescribeSubnets DescribeNetworkInterfaces"),
    ],
    // EFS makes the network interface in the caller's name.
    write: [
      ...to(
        "elasticfilesystem",
        "CreateMountTarget DeleteMountTarget ModifyMountTargetSecurityGroups",
      ),
      ...to("ec2", "CreateNetworkInterface DeleteNetworkInterface ModifyNetworkInterfaceAttribute"),
    ],
  },
  "aws:secretsmanager/secret:Secret": {
    read: to("secretsmanager", "DescribeSecret GetResourcePolicy"),
    write: to("secretsmanager", "CreateSecret UpdateSecret DeleteSecret TagResource UntagResource"),
  },
  "aws:sqs/queue:Queue": {
    read: to("sqs", "GetQueueAttributes ListQueueTags"),
    write: to("sqs", "CreateQueue SetQueueAttributes DeleteQueue TagQueue UntagQueue"),
  },
  "aws:sqs/queuePolicy:QueuePolicy": queueAttribute,
  "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": queueAttribute,
};
