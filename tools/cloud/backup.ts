import { arnOf, uuid } from "./naming.ts";
import { prices } from "./prices.ts";
import { idOf, oneCall, type ResourceType } from "./resource-type.ts";

const free = "billed by what is kept in the vaults";

/** AWS Backup: each is one call; backups themselves run later. */
export const backup: Record<string, ResourceType> = {
  "aws:backup/vault:Vault": {
    duration: oneCall,
    replacedBy: ["name", "kmsKeyArn", "region"],
    formats: [
      {
        property: "name",
        pattern: /^[\w-]{2,50}$/,
        message: "must consist of letters, numbers, and hyphens.",
      },
    ],
    autoname: { property: "name", maxLength: 50 },
    id: idOf("name"),
    computed: ({ cloud, id, inputs: { region = cloud.region } }) => ({
      arn: arnOf({ ...cloud, region }, "backup", `backup-vault:${id}`),
      recoveryPoints: 0,
    }),
    mock: "computed",
    holdsData: {
      what: "its backups",
      kept: ({ forceDestroy }) =>
        forceDestroy ? undefined : "AWS refuses the deletion while it has backups",
    },
    charges: ({ inputs }) => ({
      perUse: [prices.backupStorage, ...(inputs.region ? [prices.backupCopy] : [])],
    }),
  },
  "aws:backup/plan:Plan": {
    duration: oneCall,
    replacedBy: ["name"],
    required: ["rules"],
    autoname: { property: "name", maxLength: 50 },
    id: ({ name }) => uuid(`plan ${name}`),
    computed: ({ cloud, id }) => ({ arn: arnOf(cloud, "backup", `backup-plan:${id}`) }),
    mock: "computed",
    free,
  },
  "aws:backup/selection:Selection": {
    duration: oneCall,
    untagged: true,
    // All of it: AWS Backup has no call that changes one.
    replacedBy: ["*"],
    required: ["iamRoleArn", "planId"],
    formats: [
      {
        property: "name",
        pattern: /^[\w.-]{1,50}$/,
        message: "must contain only alphanumeric, hyphen, underscore, and period characters",
      },
    ],
    autoname: { property: "name", maxLength: 50 },
    id: ({ name }) => uuid(`selection ${name}`),
    free,
  },
};
