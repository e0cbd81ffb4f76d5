import type { Effect, Rule } from "../rule.ts";
import type { CloudResource, Props, World } from "../world.ts";
import { addInterface, removeInterfaces } from "./network-rules.ts";

const clusterType = "aws:rds/cluster:Cluster";
const instanceType = "aws:rds/clusterInstance:ClusterInstance";
const subnetGroupType = "aws:rds/subnetGroup:SubnetGroup";
const parameterGroupType = "aws:rds/clusterParameterGroup:ClusterParameterGroup";
const snapshotType = "aws:rds/clusterSnapshot:ClusterSnapshot";
const rotationType = "aws:secretsmanager/secretRotation:SecretRotation";
const cacheType = "aws:elasticache/serverlessCache:ServerlessCache";
const groupType = "aws:ec2/securityGroup:SecurityGroup";

const minutes = (count: number) => count * 60;
const majorOf = ({ engineVersion }: Props) => Number(String(engineVersion).split(".")[0]);
const capacityOf = ({ serverlessv2ScalingConfiguration }: Props): Props =>
  serverlessv2ScalingConfiguration ?? {};

/** By major version: the first minor one that can pause. A major version alone is its default minor one. */
const firstThatPauses: Record<number, number> = { 13: 15, 14: 12, 15: 7, 16: 3, 17: 4 };

function canPause({ engineVersion }: Props): boolean {
  const [major = 0, minor = Number.POSITIVE_INFINITY] = String(engineVersion)
    .split(".")
    .map(Number);
  return major > 17 || minor >= (firstThatPauses[major] ?? Number.POSITIVE_INFINITY);
}

const instancesOf = (world: World, cluster: string) =>
  world.all(instanceType).filter(({ inputs }) => inputs.clusterIdentifier === cluster);

const zonesOf = (world: World, subnetIds: string[]) =>
  new Set(subnetIds.map((id) => world.zoneOf(id)));

function capacityProblem(inputs: Props): string | undefined {
  const { minCapacity, maxCapacity, secondsUntilAutoPause } = capacityOf(inputs);
  if (minCapacity === undefined) return undefined;
  if (maxCapacity < 1) {
    return `Serverless v2 maximum capacity ${maxCapacity} isn't valid. The maximum capacity must be at least 1.0.`;
  }
  if (minCapacity > maxCapacity) {
    return `Serverless v2 minimum capacity ${minCapacity} isn't valid. It must not be above the maximum capacity ${maxCapacity}.`;
  }
  if (minCapacity === 0 && !canPause(inputs)) {
    return `Serverless v2 minimum capacity 0 isn't valid for engine version ${inputs.engineVersion}. The minimum capacity must be at least 0.5.`;
  }
  return secondsUntilAutoPause !== undefined && minCapacity > 0
    ? "SecondsUntilAutoPause can be set with a minimum capacity of 0 only."
    : undefined;
}

const capacityRule = (on: "create" | "update"): Rule => ({
  error: "InvalidParameterValue",
  on,
  types: [clusterType],
  source:
    "Amazon Aurora User Guide, Serverless v2 capacity and auto-pause; aws-cdk pull 32231 names the versions; terraform-provider-aws issue 41227",
  refusal: ({ inputs }) => capacityProblem(inputs),
});

/** The wording is of terraform-provider-aws's issues and of getmoto/moto, which quotes AWS. */
export const databaseRules: Rule[] = [
  {
    error: "DBSubnetGroupDoesNotCoverEnoughAZs",
    on: "create",
    types: [subnetGroupType],
    source: "Amazon RDS API, CreateDBSubnetGroup: at least two zones",
    refusal: ({ world, inputs }) => {
      const zones = zonesOf(world, inputs.subnetIds);
      return zones.size < 2
        ? `The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: ${[...zones].join(", ")}. Add subnets to cover at least 2 AZs.`
        : undefined;
    },
  },
  {
    error: "InvalidDBSubnetGroupStateFault",
    on: "delete",
    types: [subnetGroupType],
    source: "Amazon RDS API, DeleteDBSubnetGroup",
    timeoutSeconds: minutes(5),
    refusal: ({ world, resource }) =>
      world.all(clusterType).some(({ inputs }) => inputs.dbSubnetGroupName === resource.id)
        ? `Cannot delete the subnet group '${resource.id}' because at least one database cluster is still using it.`
        : undefined,
  },
  {
    error: "InvalidDBParameterGroupState",
    on: "delete",
    types: [parameterGroupType],
    source: "Amazon RDS API, DeleteDBClusterParameterGroup; the provider retries for 3 minutes",
    timeoutSeconds: minutes(3),
    refusal: ({ world, resource }) =>
      world
        .all(clusterType)
        .some(({ inputs }) => inputs.dbClusterParameterGroupName === resource.id)
        ? "One or more database clusters are still members of this parameter group, so the group cannot be deleted."
        : undefined,
  },
  capacityRule("create"),
  capacityRule("update"),
  {
    error: "InvalidParameterValue",
    on: "create",
    types: [clusterType],
    source: "Amazon RDS User Guide, quotas and constraints: names of the master user",
    refusal: ({ inputs: { masterUsername } }) =>
      ["admin", "postgres", "rdsadmin", "rdsrepladmin", "user"].includes(masterUsername)
        ? `MasterUsername ${masterUsername} cannot be used as it is a reserved word used by the engine`
        : undefined,
  },
  {
    error: "InvalidParameterCombination",
    on: "update",
    types: [clusterType],
    source: "Amazon Aurora User Guide, upgrading PostgreSQL DB clusters",
    refusal: ({ inputs, olds }) => {
      const [from, to] = [majorOf(olds), majorOf(inputs)];
      if (to < from) {
        return `Cannot upgrade ${inputs.engine} from ${olds.engineVersion} to ${inputs.engineVersion}`;
      }
      return to > from && inputs.allowMajorVersionUpgrade !== true
        ? "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version."
        : undefined;
    },
  },
  ...(["create", "update"] as const).map(
    (on): Rule => ({
      error: "InvalidParameterCombination",
      on,
      types: [clusterType],
      source: "Amazon RDS User Guide, parameter groups: each is of one family",
      refusal: ({
        world,
        inputs: { engine, engineVersion, dbClusterParameterGroupName: name },
      }) => {
        const family = world.get(parameterGroupType, name)?.inputs.family;
        const wanted = `${engine}${majorOf({ engineVersion })}`;
        return family && family !== wanted
          ? `The Parameter Group ${name} with DBParameterGroupFamily ${family} can't be used for this instance. Please use a Parameter Group with DBParameterGroupFamily ${wanted}`
          : undefined;
      },
    }),
  ),
  {
    error: "InvalidParameterCombination",
    on: "delete",
    types: [clusterType],
    source:
      "Amazon RDS API, DeleteDBCluster; terraform-provider-aws internal/service/rds/cluster.go",
    refusal: ({ resource }) =>
      resource.inputs.deletionProtection === true
        ? "Cannot delete protected Cluster, please disable deletion protection and try again."
        : undefined,
  },
  {
    error: "InvalidDBClusterStateFault",
    on: "delete",
    types: [clusterType],
    source: "Amazon RDS API, DeleteDBCluster; getmoto/moto moto/rds/exceptions.py",
    timeoutSeconds: minutes(2),
    refusal: ({ world, resource }) =>
      instancesOf(world, resource.id).some(({ status }) => status !== "deleting")
        ? "Cluster cannot be deleted, it still contains DB instances in non-deleting state."
        : undefined,
  },
  {
    error: "DBClusterSnapshotAlreadyExistsFault",
    on: "delete",
    types: [clusterType],
    source: "Amazon RDS API, DeleteDBCluster",
    refusal: ({ world, resource: { inputs } }) =>
      !inputs.skipFinalSnapshot && world.get(snapshotType, inputs.finalSnapshotIdentifier)
        ? `Cannot create the cluster snapshot because one with the identifier ${inputs.finalSnapshotIdentifier} already exists.`
        : undefined,
  },
  {
    error: "DBClusterNotFoundFault",
    on: "create",
    types: [instanceType],
    source: "Amazon RDS API, CreateDBInstance",
    refusal: ({ world, inputs: { clusterIdentifier } }) =>
      world.live(clusterType).some(({ id }) => id === clusterIdentifier)
        ? undefined
        : `DBCluster ${clusterIdentifier} not found`,
  },
  {
    error: "InvalidParameterCombination",
    on: "create",
    types: [instanceType],
    source: "Amazon Aurora User Guide, Serverless v2: a capacity range comes first",
    refusal: ({ world, inputs: { clusterIdentifier, instanceClass } }) => {
      const cluster = world.get(clusterType, clusterIdentifier);
      return instanceClass === "db.serverless" &&
        capacityOf(cluster?.inputs ?? {}).minCapacity === undefined
        ? "Set the Serverless v2 scaling configuration on the parent DB cluster before creating a Serverless v2 DB instance."
        : undefined;
    },
  },
  {
    error: "InvalidParameterValue",
    on: "create",
    types: [cacheType],
    source: "Amazon ElastiCache User Guide, serverless: two or three subnets, each in another zone",
    refusal: ({ world, inputs: { subnetIds = [] } }) =>
      subnetIds.length > 0 &&
      (subnetIds.length > 3 || subnetIds.length < 2 || zonesOf(world, subnetIds).size < 2)
        ? `Number of subnets ${subnetIds.length} is invalid: provide 2 or 3 subnets in different Availability Zones.`
        : undefined,
  },
  {
    error: "DependencyViolation",
    on: "delete",
    types: [groupType, "aws:eks/cluster:Cluster"],
    source: "Amazon EC2 API, DeleteSecurityGroup: another group's rule names it",
    timeoutSeconds: minutes(15),
    refusal: ({ world, resource }) => {
      const group = resource.outputs.vpcConfig?.clusterSecurityGroupId ?? resource.id;
      const rule = world
        .all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
        .find(({ inputs }) => inputs.referencedSecurityGroupId === group);
      return rule && `resource ${group} has a dependent object: rule ${rule.name} of another group`;
    },
  },
];

/**
 * A cluster restored to a point in time takes the name of the old one, which gets another
 * (docs/runbooks.md, Data is to come back). A restore keeps neither the deletion protection nor the
 * password's secret (Amazon RDS API, RestoreDBClusterToPointInTime). Returns the old one.
 */
export function restoreDatabase(world: World, id: string): CloudResource {
  const found = world.get(clusterType, id);
  if (!found) throw new Error(`no database ${id}`);
  world.remove(found);
  const inputs = { ...found.inputs, deletionProtection: false };
  const masterUserSecrets = [
    { secretArn: found.outputs.masterUserSecrets[0].secretArn.replace(/-\w+$/, "-Restor") },
  ];
  world.add({ ...found, inputs, outputs: { ...found.outputs, ...inputs, masterUserSecrets } });
  const before = { ...found.inputs, clusterIdentifier: `${id}-before` };
  return world.addUnmanaged(clusterType, `${id}-before`, "a rename", found.name, before);
}

/** One interface for what is in the VPC, in the first of its subnets. */
function connect(world: World, { type, id, name }: CloudResource, inputs: Props): void {
  const [subnetId] = inputs.subnetIds ?? [];
  if (subnetId) {
    addInterface(world, `${type} ${id}`, name, { subnetId, groups: inputs.groups ?? [] });
  }
}

export const databaseEffects: Effect[] = [
  {
    on: "create",
    types: [instanceType],
    source: "Amazon Aurora User Guide, DB clusters in a VPC",
    run: ({ world, resource }) => {
      const cluster = world.get(clusterType, resource.inputs.clusterIdentifier);
      const subnets = world.get(subnetGroupType, cluster?.inputs.dbSubnetGroupName);
      connect(world, resource, {
        subnetIds: subnets?.inputs.subnetIds,
        groups: cluster?.inputs.vpcSecurityGroupIds,
      });
    },
  },
  {
    on: "create",
    types: [cacheType],
    source: "Amazon ElastiCache User Guide, serverless: an endpoint in the VPC",
    run: ({ world, resource }) =>
      connect(world, resource, {
        subnetIds: resource.inputs.subnetIds,
        groups: resource.inputs.securityGroupIds,
      }),
  },
  {
    on: "delete",
    types: [instanceType, cacheType],
    source: "as with their creation",
    run: ({ world, resource: { type, id } }) => removeInterfaces(world, `${type} ${id}`),
  },
  {
    on: "delete",
    types: [clusterType],
    source: "Amazon Aurora User Guide, deleting clusters: the final snapshot stays",
    run: ({ world, resource: { id, inputs } }) => {
      if (inputs.skipFinalSnapshot) return;
      const snapshot = inputs.finalSnapshotIdentifier;
      const kept = world.addUnmanaged(snapshotType, snapshot, `the deletion of ${id}`, snapshot, {
        dbClusterIdentifier: id,
      });
      kept.kept = true;
    },
  },
  {
    on: "create",
    types: [rotationType],
    source:
      "terraform-provider-aws, docs of aws_secretsmanager_secret_rotation: AWS turns the rotation of an Aurora cluster's secret on again that is cancelled before an instance is available",
    run: ({ world, inputs: { secretId, rotationEnabled } }) => {
      const cluster = world
        .all(clusterType)
        .find(({ outputs }) => outputs.masterUserSecrets?.[0]?.secretArn === secretId);
      const ready = world
        .live(instanceType)
        .some(({ inputs }) => inputs.clusterIdentifier === cluster?.id);
      if (cluster && rotationEnabled === false && !ready) {
        world.incidents.push(`RDS rotates the password of ${cluster.id} every seven days`);
      }
    },
  },
];
