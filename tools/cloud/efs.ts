import { arnOf } from "./naming.ts";
import { prices } from "./prices.ts";
import { idOf, oneCall, type ResourceType, seconds } from "./resource-type.ts";

const free = "billed by the file system";

/**
 * Durations: Terraform logs quoted in public issues (file system 5 to 10 s, mount target 1m30s; its
 * deletion half a minute).
 */
export const efs: Record<string, ResourceType> = {
  "aws:efs/fileSystem:FileSystem": {
    duration: seconds(6, 4, 12),
    replacedBy: [
      "availabilityZoneName",
      "creationToken",
      "encrypted",
      "kmsKeyId",
      "performanceMode",
    ],
    id: (_, cloud) => cloud.hexId("fs"),
    computed: ({ cloud, id }) => ({
      arn: arnOf(cloud, "elasticfilesystem", `file-system/${id}`),
      dnsName: `${id}.efs.${cloud.region}.amazonaws.com`,
    }),
    mock: "computed",
    holdsData: { what: "its files" },
    charges: () => ({
      perUse: [
        prices.fileStorage,
        prices.fileStorageInfrequent,
        prices.fileReads,
        prices.fileWrites,
      ],
    }),
  },
  "aws:efs/accessPoint:AccessPoint": {
    duration: seconds(6, 1, 4),
    replacedBy: ["fileSystemId", "posixUser", "rootDirectory"],
    required: ["fileSystemId"],
    id: (_, cloud) => cloud.hexId("fsap"),
    computed: ({ cloud, id }) => ({
      arn: arnOf(cloud, "elasticfilesystem", `access-point/${id}`),
    }),
    mock: "computed",
    free,
  },
  "aws:efs/fileSystemPolicy:FileSystemPolicy": {
    duration: oneCall,
    untagged: true,
    replacedBy: ["fileSystemId"],
    required: ["fileSystemId", "policy"],
    id: idOf("fileSystemId"),
    putReplaces: true,
    mock: "computed",
    free,
  },
  "aws:efs/mountTarget:MountTarget": {
    duration: seconds(90, 5, 30),
    untagged: true,
    replacedBy: ["fileSystemId", "subnetId", "ipAddress", "ipAddressType", "ipv6Address"],
    required: ["fileSystemId", "subnetId"],
    id: (_, cloud) => cloud.hexId("fsmt"),
    mock: "computed",
    free,
  },
};
