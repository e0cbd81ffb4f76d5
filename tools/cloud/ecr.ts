import { arnOf, registryOf } from "./naming.ts";
import { prices } from "./prices.ts";
import { idOf, oneCall, type ResourceType } from "./resource-type.ts";

export const ecr: Record<string, ResourceType> = {
  "aws:ecr/repository:Repository": {
    duration: oneCall,
    replacedBy: ["name", "encryptionConfigurations"],
    formats: [
      {
        property: "name",
        pattern: /^(?=.{2,256}$)[a-z0-9]+([._/-][a-z0-9]+)*$/,
        message: "invalid repository name: lower case, 2 to 256 characters",
      },
    ],
    autoname: { property: "name", maxLength: 256, lowerCase: true },
    id: idOf("name"),
    computed: ({ cloud, inputs }) => ({
      arn: arnOf(cloud, "ecr", `repository/${inputs.name}`),
      registryId: cloud.accountId,
      repositoryUrl: `${registryOf(cloud)}/${inputs.name}`,
    }),
    taken: { error: "RepositoryAlreadyExistsException" },
    mock: "computed",
    holdsData: {
      what: "what is in it",
      kept: ({ forceDelete }) =>
        forceDelete ? undefined : "AWS refuses the deletion while it has images",
    },
    charges: () => ({ perUse: [prices.imageStorage] }),
  },
  "aws:ecr/lifecyclePolicy:LifecyclePolicy": {
    duration: oneCall,
    replacedBy: ["repository", "policy"],
    required: ["repository", "policy"],
    id: idOf("repository"),
    computed: ({ cloud }) => ({ registryId: cloud.accountId }),
    putReplaces: true,
    free: "a setting",
  },
};
