import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { FilesDriver } from "../addons/files-driver.ts";
import { type Access, type FilesConfig, folderOf, stemOf } from "../config/resource-schema.ts";
import type { Link, Linkable } from "./link.ts";
import { makeSecurityGroup, type Surroundings } from "./security-group.ts";
import { tlsOnly } from "./tls-only.ts";

export interface FilesArgs extends Omit<FilesConfig, "kind">, Surroundings {
  /** Those of the private subnets. */
  zones: string[];
  driver: Pick<FilesDriver, "roleArn">;
  /** Refuses the file system's deletion by Pulumi, and keeps it on destroy. */
  protect: boolean;
}

/** NFS. */
const port = 2049;

/**
 * An EFS file system, encrypted, with elastic throughput. Files that nobody has read for 30 days move
 * to Infrequent Access, and come back when somebody does. It has a mount target in each zone, which the
 * cluster's nodes reach and nobody else.
 *
 * Only the role of the cluster's EFS CSI driver mounts it: over TLS, and by the access point, by which
 * all files belong to one user. Pods need no way to it, since their node mounts it.
 *
 * Its users get `<NAME>_PATH`, where it is mounted.
 */
export class Files extends pulumi.ComponentResource implements Linkable {
  readonly dimensions: Linkable["dimensions"];
  readonly backupArn: pulumi.Output<string>;
  private readonly resource: string;
  private readonly accessPoint: aws.efs.AccessPoint;

  constructor(name: string, args: FilesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:resources:Files", name, {}, opts);
    const parent = { parent: this };
    this.resource = name;
    const fileSystem = new aws.efs.FileSystem(
      name,
      {
        encrypted: true,
        throughputMode: "elastic",
        lifecyclePolicies: [
          { transitionToIa: "AFTER_30_DAYS" },
          { transitionToPrimaryStorageClass: "AFTER_1_ACCESS" },
        ],
      },
      { ...parent, protect: args.protect, retainOnDelete: args.protect },
    );
    this.accessPoint = new aws.efs.AccessPoint(
      name,
      { fileSystemId: fileSystem.id, ...ownership(args) },
      parent,
    );
    new aws.efs.FileSystemPolicy(
      name,
      {
        fileSystemId: fileSystem.id,
        policy: pulumi.jsonStringify(
          fileSystemPolicy(fileSystem.arn, this.accessPoint.arn, args.driver.roleArn),
        ),
      },
      parent,
    );
    this.makeMountTargets(name, args, fileSystem);
    this.dimensions = { FileSystemId: fileSystem.id };
    this.backupArn = fileSystem.arn;
    this.registerOutputs({ arn: fileSystem.arn });
  }

  private makeMountTargets(name: string, args: FilesArgs, fileSystem: aws.efs.FileSystem): void {
    const parent = { parent: this };
    const group = makeSecurityGroup(name, { ...args, port }, parent);
    for (const [at, zone] of args.zones.entries()) {
      new aws.efs.MountTarget(
        `${name}-${zone}`,
        {
          fileSystemId: fileSystem.id,
          subnetId: args.network.privateSubnetIds.apply((ids) => ids[at] ?? ""),
          securityGroups: [group.id],
        },
        parent,
      );
    }
  }

  link(access: Access): Link {
    const path = folderOf(this.resource);
    return {
      resource: this.resource,
      access,
      variables: { [`${stemOf(this.resource)}_PATH`]: path },
      secrets: {},
      statements: [],
      egress: [],
      volume: {
        path,
        readOnly: access === "read",
        handle: pulumi.interpolate`${this.accessPoint.fileSystemId}::${this.accessPoint.id}`,
      },
    };
  }
}

/** EFS makes the folder at the first mount, and takes every client for this user. */
function ownership({ user, group = user, directory }: FilesArgs) {
  return {
    posixUser: { uid: user, gid: group },
    rootDirectory: {
      path: directory,
      creationInfo: { ownerUid: user, ownerGid: group, permissions: "0750" },
    },
  };
}

/** With a policy of its own, EFS lets nobody mount whom the policy does not name. */
function fileSystemPolicy(
  Resource: pulumi.Input<string>,
  accessPoint: pulumi.Input<string>,
  driver: pulumi.Input<string>,
) {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "Mount",
        Effect: "Allow",
        Principal: { AWS: driver },
        Action: ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
        Resource,
        Condition: {
          StringEquals: { "elasticfilesystem:AccessPointArn": accessPoint },
          Bool: { "elasticfilesystem:AccessedViaMountTarget": "true" },
        },
      },
      { ...tlsOnly("*", Resource), Principal: { AWS: "*" } },
    ],
  };
}
