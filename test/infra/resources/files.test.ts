import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { only } from "../../../tools/graph/evaluate.ts";
import { podSpecOf } from "../../../tools/graph/manifests.ts";
import type { Properties, Resource } from "../../../tools/graph/resource.ts";
import { type Role, rolesOf } from "../../../tools/graph/roles.ts";
import { usesOf } from "../../../tools/graph/uses.ts";
import { policyViolations } from "../../../tools/plan/violations.ts";
import { admits, allows } from "../../support/iam-simulate.ts";
import { evaluateData } from "../../support/other-settings.ts";

const types = {
  fileSystem: "aws:efs/fileSystem:FileSystem",
  accessPoint: "aws:efs/accessPoint:AccessPoint",
  policy: "aws:efs/fileSystemPolicy:FileSystemPolicy",
  mountTarget: "aws:efs/mountTarget:MountTarget",
  ingressRule: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
  volume: "kubernetes:core/v1:PersistentVolume",
  claim: "kubernetes:core/v1:PersistentVolumeClaim",
  addon: "aws:eks/addon:Addon",
  vault: "aws:backup/vault:Vault",
  plan: "aws:backup/plan:Plan",
  selection: "aws:backup/selection:Selection",
};
const here = "eu-central-1:111122223333";

describe("files", () => {
  let resources: Resource[];
  const all = (type: string) => resources.filter((one) => one.type === type);
  const role = (name: string) =>
    rolesOf(resources).find((one) => one.name.startsWith(`${name}-`)) as Role;
  const podOf = (workload: string): Properties =>
    resources
      .filter(({ type }) => /^kubernetes:.*:(Deployment|CronJob)$/.test(type))
      .filter(({ inputs }) => inputs.metadata.namespace === workload)
      .map(({ inputs }) => podSpecOf(inputs as Parameters<typeof podSpecOf>[0]))[0] ?? {};

  before(async () => {
    ({ resources } = await evaluateData((settings) => {
      settings.setIn(["config", "platform:resources", "uploads", "group"], 1000);
    }));
  });

  it("are encrypted, of one user in one folder, with a mount target in each zone", () => {
    assert.equal(only(resources, types.fileSystem).inputs.encrypted, true);
    const { posixUser, rootDirectory } = only(resources, types.accessPoint).inputs;
    assert.deepEqual(posixUser, { uid: 65_532, gid: 1000 });
    assert.equal(rootDirectory.path, "/data");
    assert.deepEqual(rootDirectory.creationInfo, {
      ownerUid: 65_532,
      ownerGid: 1000,
      permissions: "0750",
    });
    const { privateSubnetIds } = only(resources, "awsx:ec2:Vpc").outputs;
    assert.deepEqual(
      all(types.mountTarget).map(({ inputs }) => inputs.subnetId),
      privateSubnetIds,
    );
  });

  it("are reached by NFS from the cluster's nodes, and by nothing else", () => {
    const [group] = all("aws:ec2/securityGroup:SecurityGroup").filter(
      ({ name }) => name === "access-to-uploads",
    );
    const rules = all(types.ingressRule).filter(
      ({ inputs }) => inputs.securityGroupId === group?.id,
    );
    const { clusterSecurityGroupId } = only(resources, "eks:index:Cluster").outputs;
    assert.deepEqual(
      rules.map(({ inputs }) => [inputs.referencedSecurityGroupId, inputs.fromPort, inputs.toPort]),
      [[clusterSecurityGroupId, 2049, 2049]],
    );
    for (const { inputs } of all(types.mountTarget)) {
      assert.deepEqual(inputs.securityGroups, [group?.id]);
    }
  });

  it("are mounted by the driver of the nodes alone: by the access point, over TLS", async () => {
    const driver = role("files-driver");
    assert.deepEqual(driver.policies, []);
    const { arn } = only(resources, types.fileSystem).outputs;
    const { policy } = only(resources, types.policy).inputs;
    const document = typeof policy === "string" ? JSON.parse(policy) : policy;
    const context = {
      "elasticfilesystem:AccessPointArn": only(resources, types.accessPoint).outputs.arn,
      "elasticfilesystem:AccessedViaMountTarget": "true",
      "aws:SecureTransport": "true",
    };
    const may = (who: Role, action: string, changes: Record<string, string> = {}) =>
      allows(
        who,
        {
          action: `elasticfilesystem:${action}`,
          resource: arn,
          context: { ...context, ...changes },
        },
        document,
      );
    for (const action of ["ClientMount", "ClientWrite"]) {
      assert.equal(await may(driver, action), true, action);
      const others: Record<string, string>[] = [
        { "aws:SecureTransport": "false" },
        { "elasticfilesystem:AccessedViaMountTarget": "false" },
        {
          "elasticfilesystem:AccessPointArn": `arn:aws:elasticfilesystem:${here}:access-point/fsap-0`,
        },
      ];
      for (const changes of others) {
        assert.equal(await may(driver, action, changes), false, JSON.stringify(changes));
      }
      assert.equal(await may(role("shop"), action), false, "no pod mounts them by itself");
    }
    assert.equal(await may(driver, "ClientRootAccess"), false);
    for (const action of ["DeleteFileSystem", "PutFileSystemPolicy"]) {
      const request = { action: `elasticfilesystem:${action}`, resource: arn, context: {} };
      assert.equal(await allows(driver, request, document), false, action);
    }
  });

  it("trust the driver on the nodes, and not its controller", async () => {
    const driver = role("files-driver");
    const { oidcIssuer: issuer } = only(resources, "eks:index:Cluster").outputs;
    const admitted = (account: string) =>
      admits(driver, {
        principal: `arn:aws:iam::111122223333:oidc-provider/${issuer}`,
        token: {
          issuer,
          claims: { sub: `system:serviceaccount:${account}`, aud: "sts.amazonaws.com" },
        },
      });
    assert.equal(await admitted("kube-system:efs-csi-node-sa"), true);
    for (const account of ["kube-system:efs-csi-controller-sa", "shop:shop"]) {
      assert.equal(await admitted(account), false, account);
    }
    const [addon] = all(types.addon).filter(({ name }) => name === "files-driver");
    assert.equal(addon?.inputs.serviceAccountRoleArn?.includes("role/files-driver-"), true);
    assert.equal(addon?.inputs.preserve, true, "pods that are stopping unmount with it");
  });

  it("are in the container of those that use them, and in no other", () => {
    for (const [workload, readOnly] of [
      ["shop", false],
      ["search", true],
      ["tidy", false],
    ] as const) {
      const { volumes, containers, initContainers = [] } = podOf(workload);
      const [{ env, volumeMounts }] = containers;
      const volume = volumes.find((one: Properties) => one.persistentVolumeClaim);
      assert.deepEqual(
        volumeMounts.filter(({ name }: Properties) => name === volume.name),
        [{ name: volume.name, mountPath: "/mnt/uploads", readOnly }],
      );
      const path = env.find(({ name }: Properties) => name === "UPLOADS_PATH");
      assert.equal(path.value, "/mnt/uploads");
      for (const other of initContainers) assert.equal(other.volumeMounts, undefined);
    }
    for (const workload of ["mailer", "blog"]) {
      assert.doesNotMatch(JSON.stringify(podOf(workload)), /uploads/i);
    }
  });

  it("are held by a volume for the claim of one namespace alone, which deletes nothing", () => {
    assert.deepEqual(
      all(types.claim)
        .map(({ inputs }) => inputs.metadata.namespace)
        .sort(),
      ["search", "shop", "tidy"],
    );
    for (const { inputs } of all(types.claim)) {
      const { name, namespace } = inputs.metadata;
      const [volume, ...others] = all(types.volume).filter(
        (one) => one.inputs.metadata.name === inputs.spec.volumeName,
      );
      assert.ok(volume && others.length === 0);
      const { spec } = volume.inputs;
      assert.deepEqual([spec.claimRef.namespace, spec.claimRef.name], [namespace, name]);
      assert.equal(spec.persistentVolumeReclaimPolicy, "Retain");
      assert.deepEqual([spec.storageClassName, inputs.spec.storageClassName], ["", ""]);
      assert.deepEqual(spec.accessModes, inputs.spec.accessModes);
      const reads = namespace === "search";
      assert.deepEqual(spec.accessModes, [reads ? "ReadOnlyMany" : "ReadWriteMany"]);
      assert.equal(spec.csi.readOnly, reads);
      assert.deepEqual(spec.mountOptions, ["tls", "iam"]);
      assert.equal(
        spec.csi.volumeHandle,
        `${only(resources, types.fileSystem).id}::${only(resources, types.accessPoint).id}`,
      );
    }
  });

  it("are a use that the plan names, with its access", () => {
    const uses = usesOf(resources)
      .filter(({ resource }) => resource.name === "uploads")
      .map(({ workload, access }) => `${workload} ${access}`);
    assert.deepEqual(uses.sort(), ["search read", "shop readWrite", "tidy readWrite"]);
  });

  it("are advised to be backed up where nobody backs up", async () => {
    const { resources: without } = await evaluateData((settings) =>
      settings.setIn(["config", "platform:backups"], { enabled: false }),
    );
    const rules = policyViolations(without).map(({ rule, level }) => `${level} ${rule}`);
    assert.deepEqual(rules, ["advisory files-backed-up"]);
    assert.deepEqual(policyViolations(resources), []);
    assert.equal(without.filter(({ type }) => type.startsWith("aws:backup/")).length, 0);
  });
});

describe("backups", () => {
  let resources: Resource[];
  before(async () => {
    ({ resources } = await evaluateData());
  });

  it("are of every resource that holds data, each once", () => {
    const { inputs } = only(resources, types.selection);
    const services = inputs.resources.map((arn: string) => arn.split(":")[2]);
    assert.deepEqual(services.sort(), ["dynamodb", "elasticfilesystem", "rds", "rds", "s3"]);
    for (const arn of inputs.resources) {
      assert.ok(
        resources.some(({ outputs }) => outputs.arn === arn),
        arn,
      );
    }
  });

  it("are kept as long in both regions", () => {
    const [rule, ...others] = only(resources, types.plan).inputs.rules;
    assert.equal(others.length, 0);
    const kept = { deleteAfter: 35 };
    assert.deepEqual([rule.schedule, rule.lifecycle], ["cron(0 3 * * ? *)", kept]);
    const vaults = resources.filter(({ type }) => type === types.vault);
    assert.deepEqual(
      vaults.map(({ inputs, outputs }) => [inputs.region, outputs.arn.split(":")[3]]),
      [
        [undefined, "eu-central-1"],
        ["eu-west-1", "eu-west-1"],
      ],
    );
    assert.equal(rule.targetVaultName, vaults[0]?.outputs.name);
    assert.deepEqual(rule.copyActions, [
      { destinationVaultArn: vaults[1]?.outputs.arn, lifecycle: kept },
    ]);
  });

  it("are made by a role for AWS Backup alone, with the policies of what there is", async () => {
    const attached = (of: Resource[]) =>
      (rolesOf(of).find(({ name }) => name.startsWith("backups-")) as Role).policies
        .map((policy) => ("arn" in policy ? policy.arn.split("/").at(-1) : ""))
        .sort();
    const always = ["AWSBackupServiceRolePolicyForBackup", "AWSBackupServiceRolePolicyForRestores"];
    assert.deepEqual(attached(resources), [
      ...always,
      "AWSBackupServiceRolePolicyForS3Backup",
      "AWSBackupServiceRolePolicyForS3Restore",
    ]);
    const { resources: tables } = await evaluateData((settings) => {
      settings.deleteIn(["config", "platform:resources", "invoices"]);
      for (const path of ["services/shop", "services/search", "services/mailer", "jobs/tidy"]) {
        settings.deleteIn(["config", ...`platform:${path}/uses/invoices`.split("/")]);
      }
    });
    assert.deepEqual(attached(tables), always);
    const role = rolesOf(resources).find(({ name }) => name.startsWith("backups-")) as Role;
    assert.equal(await admits(role, { principal: "backup.amazonaws.com" }), true);
    for (const principal of ["lambda.amazonaws.com", "arn:aws:iam::111122223333:role/another"]) {
      assert.equal(await admits(role, { principal }), false, principal);
    }
  });

  it("are there once their role may make them", () => {
    const { dependsOn } = only(resources, types.selection);
    const policies = resources.filter(
      ({ type, name }) => type.startsWith("aws:iam/rolePolicyAtt") && name.startsWith("backups-"),
    );
    assert.equal(policies.length, 4);
    for (const { urn } of policies) assert.ok(dependsOn.includes(urn), urn);
  });
});
