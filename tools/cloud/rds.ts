import type { Properties, Resource } from "../graph/resource.ts";
import { arnOf, hex } from "./naming.ts";
import { type Charges, prices } from "./prices.ts";
import { idOf, oneCall, type ResourceType, seconds } from "./resource-type.ts";

/** Amazon RDS API Reference, CreateDBCluster and CreateDBInstance. */
const identifier = (property: string) => ({
  property,
  pattern: /^(?!.*--)[a-z][a-z0-9-]{0,61}[a-z0-9]$/,
  message: "must be 1 to 63 of a-z, 0-9 and single -, beginning with a letter",
});

/**
 * Durations: AWS promises none. Amazon Aurora User Guide: a cluster is metadata and a volume, minutes
 * go by for each instance; the provider waits up to two hours for either.
 */
export const rds: Record<string, ResourceType> = {
  "aws:rds/subnetGroup:SubnetGroup": {
    duration: oneCall,
    replacedBy: ["name", "namePrefix"],
    required: ["subnetIds"],
    autoname: { property: "name", maxLength: 255, lowerCase: true },
    id: idOf("name"),
    computed: ({ cloud, id }) => ({ arn: arnOf(cloud, "rds", `subgrp:${id}`) }),
    mock: "computed",
    free: "part of the databases",
  },
  "aws:rds/clusterParameterGroup:ClusterParameterGroup": {
    duration: seconds(2),
    replacedBy: ["name", "namePrefix", "family", "description"],
    required: ["family"],
    autoname: { property: "name", maxLength: 255, lowerCase: true },
    id: idOf("name"),
    computed: ({ cloud, id }) => ({ arn: arnOf(cloud, "rds", `cluster-pg:${id}`) }),
    mock: "computed",
    free: "part of the databases",
  },
  "aws:rds/cluster:Cluster": {
    duration: seconds(60, 60, 90),
    replacedBy: [
      ...["availabilityZones", "clusterIdentifier", "clusterIdentifierPrefix", "databaseName"],
      ...["dbSubnetGroupName", "engine", "engineMode", "kmsKeyId", "masterUsername"],
      ...["restoreToPointInTime", "snapshotIdentifier", "sourceRegion", "storageEncrypted"],
    ],
    required: ["engine"],
    formats: [identifier("clusterIdentifier"), identifier("finalSnapshotIdentifier")],
    autoname: { property: "clusterIdentifier", maxLength: 63, lowerCase: true },
    id: idOf("clusterIdentifier"),
    computed: ({ cloud, id, inputs: { manageMasterUserPassword } }) => {
      const host = `${hex(`${cloud.accountId}${cloud.region}`, 12)}.${cloud.region}.rds.amazonaws.com`;
      const secret = `secret:rds!cluster-${hex(id, 12)}-AbCdEf`;
      return {
        arn: arnOf(cloud, "rds", `cluster:${id}`),
        endpoint: `${id}.cluster-${host}`,
        readerEndpoint: `${id}.cluster-ro-${host}`,
        masterUserSecrets: manageMasterUserPassword
          ? [{ secretArn: arnOf(cloud, "secretsmanager", secret), secretStatus: "active" }]
          : [],
      };
    },
    mock: "computed",
    holdsData: {
      what: "its databases",
      protection: "deletionProtection",
      oneWay: "engineVersion",
      // Amazon Aurora User Guide, deleting clusters.
      kept: ({ skipFinalSnapshot, finalSnapshotIdentifier }) =>
        skipFinalSnapshot ? undefined : `AWS keeps the snapshot ${finalSnapshotIdentifier}`,
    },
    charges: ({ inputs }) => ({
      ...(inputs.manageMasterUserPassword && {
        fixed: [{ what: "secret", count: 1, price: prices.secret }],
      }),
      perUse: [prices.databaseStorage, prices.databaseRequests, prices.databaseBackup],
    }),
  },
  "aws:rds/clusterInstance:ClusterInstance": {
    duration: seconds(360, 60, 300),
    replacedBy: [
      ...["availabilityZone", "clusterIdentifier", "dbSubnetGroupName", "engine"],
      ...["identifier", "identifierPrefix", "customIamInstanceProfile"],
    ],
    required: ["clusterIdentifier", "engine", "instanceClass"],
    formats: [identifier("identifier")],
    autoname: { property: "identifier", maxLength: 63, lowerCase: true },
    id: idOf("identifier"),
    computed: ({ cloud, id }) => ({ arn: arnOf(cloud, "rds", `db:${id}`) }),
    mock: "computed",
    charges: capacity,
  },
};

/** The least that runs, day and night; a paused instance runs nothing. */
function capacity({ inputs }: Resource, all: Resource[]): Charges {
  if (inputs.instanceClass !== "db.serverless") return { unknown: [inputs.instanceClass] };
  const cluster = all.find(
    (one) =>
      one.type === "aws:rds/cluster:Cluster" &&
      one.inputs.clusterIdentifier === inputs.clusterIdentifier,
  );
  const { minCapacity = 0 }: Properties = cluster?.inputs.serverlessv2ScalingConfiguration ?? {};
  return {
    fixed: [{ what: "Aurora capacity unit", count: minCapacity, price: prices.capacityHours }],
    perUse: [prices.capacityHours],
  };
}
