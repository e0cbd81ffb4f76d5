import { deniedAction, roleByArn, trustsService } from "../iam.ts";
import type { Effect, Rule } from "../rule.ts";
import type { CloudResource, Props, World } from "../world.ts";

const vaultType = "aws:backup/vault:Vault";
const tableType = "aws:dynamodb/table:Table";
const planType = "aws:backup/plan:Plan";
const selectionType = "aws:backup/selection:Selection";
export const recoveryPointType = "aws:backup/recoveryPoint:RecoveryPoint";
const backup = "AWS Backup Developer Guide";

/** What AWS Backup calls of each service, in the name of the selection's role. */
const actionsOf: Record<string, string> = {
  dynamodb: "dynamodb:StartAwsBackupJob",
  elasticfilesystem: "elasticfilesystem:Backup",
  rds: "rds:CreateDBClusterSnapshot",
  s3: "s3:GetInventoryConfiguration",
};

const pointsIn = (world: World, vault: CloudResource): CloudResource[] =>
  world.all(recoveryPointType).filter(({ inputs }) => inputs.vault === vault.outputs.arn);

/**
 * What the plans do when their schedules come due: a recovery point of each selected resource, and one
 * in each vault that it is copied to. Returns why jobs failed.
 */
export function runBackups(world: World): string[] {
  return world.live(selectionType).flatMap(({ inputs: { planId, iamRoleArn, resources } }) => {
    const [rule] = world.get(planType, planId)?.inputs.rules ?? [];
    const vault = world.get(vaultType, rule?.targetVaultName);
    if (!vault) return [`Backup vault ${rule?.targetVaultName} does not exist`];
    const copies = list<Props>(rule.copyActions).map((one) => one.destinationVaultArn);
    return list<string>(resources).flatMap((arn) => {
      const role = roleByArn(world, iamRoleArn);
      const action = actionsOf[arn.split(":")[2] ?? ""] ?? `a backup of ${arn}`;
      if (!role || deniedAction(world, role.id, [action])) {
        return [`Access denied trying to call AWS Backup service: ${action} on ${arn}`];
      }
      for (const target of [vault.outputs.arn, ...copies]) {
        world.addUnmanaged(
          recoveryPointType,
          `${arn}#${world.serial()}`,
          "AWS Backup",
          `backup of ${arn}`,
          { vault: target, resource: arn },
        );
      }
      return [];
    });
  });
}

/**
 * What a restore of a table's recovery point makes: a table of another name, without its point-in-time
 * recovery, deletion protection, time to live and tags (DynamoDB Developer Guide, restoring a table).
 */
export function restoreTable(world: World, arn: string, name: string): CloudResource {
  const point = world.all(recoveryPointType).find(({ inputs }) => inputs.resource === arn);
  const source = world.all(tableType).find(({ outputs }) => outputs.arn === arn);
  if (!point || !source) throw new Error(`no recovery point of ${arn}`);
  const { billingMode, hashKey, rangeKey, attributes, globalSecondaryIndexes } = source.inputs;
  const inputs = { name, billingMode, hashKey, rangeKey, attributes, globalSecondaryIndexes };
  const outputs = { ...inputs, id: name, arn: arn.replace(/[^/]+$/, name) };
  return world.add({ type: tableType, id: name, name, inputs, outputs, status: "ready" });
}

const list = <T>(value: T[] | undefined): T[] => value ?? [];

export const backupRules: Rule[] = [
  {
    error: "InvalidRequestException",
    on: "delete",
    types: [vaultType],
    source: `${backup}, deleting a vault; gruntwork-io/cloud-nuke issue 730 for the words`,
    refusal: ({ world, resource }) =>
      pointsIn(world, resource).length > 0 && !resource.inputs.forceDestroy
        ? "Backup vault cannot be deleted because it contains recovery points."
        : undefined,
  },
  {
    error: "InvalidRequestException",
    on: "delete",
    types: [planType],
    source:
      "terraform-provider-aws, internal/service/backup/plan.go, which tries again for two minutes",
    timeoutSeconds: 120,
    refusal: ({ world, resource }) =>
      world.all(selectionType).some(({ inputs }) => inputs.planId === resource.id)
        ? "Related backup plan selections must be deleted prior to backup plan deletion"
        : undefined,
  },
  {
    error: "InvalidParameterValueException",
    on: "create",
    types: [selectionType],
    source:
      "terraform-provider-aws, internal/service/backup/selection.go, which tries again for two minutes",
    timeoutSeconds: 120,
    refusal: ({ world, inputs: { iamRoleArn } }) =>
      trustsService(world, iamRoleArn, "backup.amazonaws.com")
        ? undefined
        : `IAM Role ${iamRoleArn} cannot be assumed by AWS Backup`,
  },
  {
    error: "InvalidParameterValueException",
    on: "create",
    types: [selectionType],
    source: `${backup}, BackupSelection; ministryofjustice/modernisation-platform-terraform-baselines pull request 90 for the words`,
    refusal: ({ inputs: { resources } }) =>
      list(resources).length > 0
        ? undefined
        : "Invalid backup selection. Either 'ListOfTags' or 'Resources' section must be non-empty.",
  },
];

export const backupEffects: Effect[] = [
  {
    on: "delete",
    types: [vaultType],
    source: "terraform-provider-aws, internal/service/backup/vault.go: force_destroy",
    run: ({ world, resource }) => {
      for (const point of pointsIn(world, resource)) world.remove(point);
    },
  },
];
