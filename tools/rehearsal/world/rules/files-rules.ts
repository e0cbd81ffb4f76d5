import { filesAddon } from "../../../../infra/cluster/capacity.ts";
import { roleByArn } from "../iam.ts";
import { accountProblem } from "../pod-identity.ts";
import type { Call, Effect, Rule } from "../rule.ts";
import type { CloudResource, Props, World } from "../world.ts";
import { podOf } from "./container-rules.ts";
import { addon, clusterType } from "./lookup-rules.ts";
import { addInterface, removeInterfaces } from "./network-rules.ts";
import { nodeGroups, nodesOf } from "./node-rules.ts";

const fileSystemType = "aws:efs/fileSystem:FileSystem";
const mountTargetType = "aws:efs/mountTarget:MountTarget";
const accessPointType = "aws:efs/accessPoint:AccessPoint";
const policyType = "aws:efs/fileSystemPolicy:FileSystemPolicy";
const ingressRuleType = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const volumeType = "kubernetes:core/v1:PersistentVolume";
const claimType = "kubernetes:core/v1:PersistentVolumeClaim";
const runningTypes = ["kubernetes:apps/v1:Deployment", "kubernetes:batch/v1:Job"];
const nfs = 2049;
const efs = "Amazon EFS API Reference";
const kubernetes = "Kubernetes, persistent volumes";

const list = <T>(value: T | T[] | undefined): T[] =>
  value === undefined ? [] : ([value].flat() as T[]);

const statementsOf = (policy: unknown): Props[] =>
  list((typeof policy === "string" ? JSON.parse(policy) : (policy as Props)).Statement);

/** What is made for a file system. */
const of = (world: World, type: string, fileSystemId: string): CloudResource[] =>
  world.live(type).filter(({ inputs }) => inputs.fileSystemId === fileSystemId);

const inCluster = (world: World, type: string, cluster: string): CloudResource[] =>
  world.live(type).filter((one) => one.cluster === cluster);

/** The claims that a pod names. */
const claimsOf = (pod: Props): string[] =>
  list<Props>(pod.volumes).flatMap(({ persistentVolumeClaim }) =>
    list<string>(persistentVolumeClaim?.claimName),
  );

/** Why a claim is not bound to the volume that it names, or nothing; in the words of the controller. */
function bindingProblem(world: World, { inputs, cluster = "" }: CloudResource): string | undefined {
  const { metadata, spec } = inputs;
  const volume = inCluster(world, volumeType, cluster).find(({ id }) => id === spec.volumeName)
    ?.inputs.spec;
  if (!volume) return "no persistent volumes available for this claim and no storage class is set";
  const { claimRef, accessModes, storageClassName = "" } = volume;
  if (claimRef && (claimRef.name !== metadata.name || claimRef.namespace !== metadata.namespace)) {
    return `volume "${spec.volumeName}" already bound to a different claim.`;
  }
  if (storageClassName !== spec.storageClassName) {
    return `Cannot bind to requested volume "${spec.volumeName}": storageClassName does not match`;
  }
  return list<string>(spec.accessModes).every((mode) => accessModes.includes(mode))
    ? undefined
    : `Cannot bind to requested volume "${spec.volumeName}": incompatible accessMode`;
}

/** Why a pod's file systems cannot be mounted, or nothing; in the words of scheduler and kubelet. */
export function mountProblem(
  { world, caller }: Pick<Call, "world" | "caller">,
  namespace: string,
  pod: Props,
): string | undefined {
  const cluster = caller.cluster ?? "";
  for (const claimName of claimsOf(pod)) {
    const claim = inCluster(world, claimType, cluster).find(
      ({ id }) => id === `${namespace}/${claimName}`,
    );
    if (!claim) return `pods are Pending: persistentvolumeclaim "${claimName}" not found`;
    if (bindingProblem(world, claim)) {
      return "pods are Pending: pod has unbound immediate PersistentVolumeClaims";
    }
    const { volumeName } = claim.inputs.spec;
    const volume = world.get(volumeType, volumeName);
    const problem = volume && driverProblem(world, cluster, volume.inputs.spec);
    if (problem)
      return `FailedMount: MountVolume.SetUp failed for volume "${volumeName}" : ${problem}`;
  }
  return undefined;
}

/** aws-efs-csi-driver, pkg/driver/node.go; what efs-utils writes, by issues of both. */
function driverProblem(world: World, cluster: string, { csi, mountOptions }: Props) {
  const driver = addon(world, cluster, filesAddon);
  if (!driver) {
    return `kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name ${csi.driver} not found in the list of registered CSI drivers`;
  }
  const [id = "", accessPointId = ""] = String(csi.volumeHandle).split("::");
  const failed = (output: string) =>
    `rpc error: code = Internal desc = Could not mount "${id}:/": mount failed: exit status 32 Mounting command: mount Output: ${output}`;
  if (!hasTargets(world, cluster, id)) {
    return failed(
      `Failed to resolve "${id}.efs.${world.region}.amazonaws.com" - check that your file system ID is correct, and ensure that the VPC has an EFS mount target for this file system ID.`,
    );
  }
  if (!reaches(world, cluster, id)) {
    return "rpc error: code = DeadlineExceeded desc = context deadline exceeded";
  }
  const byIam = list<string>(mountOptions).includes("iam");
  const roleArn: string | undefined = byIam ? driver.inputs.serviceAccountRoleArn : undefined;
  const account = { cluster, namespace: "kube-system", name: "efs-csi-node-sa", roleArn };
  const stranger = byIam && accountProblem(world, account, []);
  if (stranger) return failed(stranger);
  return admits(world, id, accessPointId, roleArn)
    ? undefined
    : failed("b'mount.nfs4: access denied by server while mounting 127.0.0.1:/'");
}

/** The name of a file system leads each node to the mount target of its own zone. */
function hasTargets(world: World, cluster: string, id: string): boolean {
  const zones = of(world, mountTargetType, id).map(({ inputs }) => world.zoneOf(inputs.subnetId));
  return nodeGroups(world, cluster)
    .flatMap((group) => nodesOf(world, group))
    .every(({ inputs }) => zones.includes(world.zoneOf(inputs.subnetId)));
}

function reaches(world: World, cluster: string, id: string): boolean {
  const from = world.get(clusterType, cluster)?.outputs.vpcConfig.clusterSecurityGroupId;
  const open = world
    .live(ingressRuleType)
    .filter(
      ({ inputs }) =>
        inputs.referencedSecurityGroupId === from && inputs.fromPort <= nfs && inputs.toPort >= nfs,
    )
    .map(({ inputs }) => inputs.securityGroupId);
  return of(world, mountTargetType, id).every(({ inputs }) =>
    list<string>(inputs.securityGroups).some((group) => open.includes(group)),
  );
}

/** Without a policy of its own a file system lets everybody mount whom the network lets through. */
function admits(world: World, id: string, accessPointId: string, roleArn?: string): boolean {
  const accessPoint = world.get(accessPointType, accessPointId);
  if (accessPoint?.inputs.fileSystemId !== id) return false;
  const [policy] = of(world, policyType, id);
  if (!policy) return true;
  return statementsOf(policy.inputs.policy).some(
    ({ Effect, Principal, Action, Condition }) =>
      Effect === "Allow" &&
      [roleArn, "*"].includes(Principal?.AWS) &&
      list<string>(Action).includes("elasticfilesystem:ClientMount") &&
      [undefined, accessPoint.outputs.arn].includes(
        Condition?.StringEquals?.["elasticfilesystem:AccessPointArn"],
      ),
  );
}

export const filesRules: Rule[] = [
  {
    error: "FileSystemInUse",
    on: "delete",
    types: [fileSystemType],
    source: `${efs}, DeleteFileSystem: only without mount targets`,
    refusal: ({ world, resource }) =>
      world.all(mountTargetType).some(({ inputs }) => inputs.fileSystemId === resource.id)
        ? `file system ${resource.id} has mount targets`
        : undefined,
  },
  {
    error: "MountTargetConflict",
    on: "create",
    types: [mountTargetType],
    source: `${efs}, CreateMountTarget: one in each zone`,
    refusal: ({ world, inputs }) =>
      world
        .all(mountTargetType)
        .some(
          (other) =>
            other.inputs.fileSystemId === inputs.fileSystemId &&
            world.zoneOf(other.inputs.subnetId) === world.zoneOf(inputs.subnetId),
        )
        ? "mount target already exists in this AZ"
        : undefined,
  },
  ...(["create", "update"] as const).map(
    (on): Rule => ({
      error: "InvalidPolicyException",
      on,
      types: [policyType],
      source: `${efs}, PutFileSystemPolicy; the provider tries again for two minutes (terraform-provider-aws, internal/service/efs/file_system_policy.go)`,
      timeoutSeconds: 120,
      refusal: ({ world, inputs }) =>
        statementsOf(inputs.policy)
          .map(({ Principal }) => Principal?.AWS)
          .every((arn) => !/:role\//.test(arn) || roleByArn(world, arn))
          ? undefined
          : "Policy contains invalid Principal block.",
    }),
  ),
  {
    error: "ProvisioningFailed",
    on: "create",
    phase: "after",
    types: [claimType],
    source: `${kubernetes}, binding; pkg/controller/volume/persistentvolume for the words; pulumi-kubernetes waits for 5 minutes`,
    timeoutSeconds: 300,
    refusal: ({ world, resource }) => bindingProblem(world, resource),
  },
  {
    error: "kubernetes.io/pvc-protection",
    on: "delete",
    types: [claimType],
    source: `${kubernetes}, Storage Object in Use Protection; pulumi-kubernetes waits for 10 minutes`,
    timeoutSeconds: 600,
    refusal: ({ world, resource }) => {
      const { namespace, name } = resource.inputs.metadata;
      const user = runningTypes
        .flatMap((type) => inCluster(world, type, resource.cluster ?? ""))
        .find(
          ({ inputs }) =>
            inputs.metadata.namespace === namespace && claimsOf(podOf(inputs)).includes(name),
        );
      return user && `claim ${name} is used by pods of ${user.name}`;
    },
  },
  {
    error: "kubernetes.io/pv-protection",
    on: "delete",
    types: [volumeType],
    source: `${kubernetes}, Storage Object in Use Protection; pulumi-kubernetes waits for 10 minutes`,
    timeoutSeconds: 600,
    refusal: ({ world, resource }) =>
      world
        .all(claimType)
        .some(
          ({ cluster, inputs }) =>
            cluster === resource.cluster && inputs.spec.volumeName === resource.id,
        )
        ? `volume ${resource.id} is bound to a claim`
        : undefined,
  },
];

export const filesEffects: Effect[] = [
  {
    on: "create",
    types: [mountTargetType],
    source: `${efs}, CreateMountTarget: a network interface in the subnet`,
    run: ({ world, resource }) => {
      const { fileSystemId, subnetId, securityGroups } = resource.inputs;
      addInterface(world, resource.id, `the mount target of ${fileSystemId}`, {
        subnetId,
        groups: list<string>(securityGroups),
      });
    },
  },
  {
    on: "delete",
    types: [mountTargetType],
    source: `${efs}, DeleteMountTarget: its network interface goes with it`,
    run: ({ world, resource }) => removeInterfaces(world, resource.id),
  },
];
