import { arnOf } from "./naming.ts";
import { prices } from "./prices.ts";
import { idOf, oneCall, type ResourceType } from "./resource-type.ts";

export const secretsmanager: Record<string, ResourceType> = {
  "aws:secretsmanager/secret:Secret": {
    duration: oneCall,
    replacedBy: ["name", "namePrefix"],
    autoname: { property: "name", maxLength: 512 },
    id: ({ name }, cloud) => arnOf(cloud, "secretsmanager", `secret:${name}-AbCdEf`),
    computed: ({ id }) => ({ arn: id }),
    mock: "computed",
    holdsData: {
      what: "its value",
      // Secrets Manager API Reference, DeleteSecret: 30 days unless it is told otherwise.
      kept: ({ recoveryWindowInDays = 30 }) =>
        recoveryWindowInDays > 0
          ? `it can be restored for ${recoveryWindowInDays} days`
          : undefined,
    },
    charges: () => ({
      fixed: [{ what: "secret", count: 1, price: prices.secret }],
      perUse: [prices.secretCalls],
    }),
  },
  "aws:secretsmanager/secretRotation:SecretRotation": {
    duration: oneCall,
    replacedBy: ["secretId"],
    required: ["secretId"],
    id: idOf("secretId"),
    mock: "computed",
    untagged: true,
    free: "part of the secret; RDS rotates its own without a function",
  },
};
