import { arnOf, uuid } from "./naming.ts";
import { prices } from "./prices.ts";
import { idOf, oneCall, type ResourceType, seconds } from "./resource-type.ts";

export const kms: Record<string, ResourceType> = {
  "aws:kms/key:Key": {
    duration: seconds(10, 2, 1),
    replacedBy: ["customerMasterKeySpec", "keyUsage", "multiRegion"],
    computed: ({ cloud, id }) => ({ arn: arnOf(cloud, "kms", `key/${id}`), keyId: id }),
    mock: (inputs, name, place) => {
      const keyId = uuid(name);
      return { id: keyId, state: { ...inputs, keyId, arn: arnOf(place, "kms", `key/${keyId}`) } };
    },
    holdsData: {
      what: "what it encrypts",
      // KMS API Reference, ScheduleKeyDeletion: 30 days unless it is told otherwise.
      kept: ({ deletionWindowInDays = 30 }) =>
        `it can be restored for ${deletionWindowInDays} days`,
    },
    charges: () => ({
      fixed: [{ what: "key", count: 1, price: prices.key }],
      perUse: [prices.keyRequests],
    }),
  },
  "aws:kms/alias:Alias": {
    duration: oneCall,
    replacedBy: ["name"],
    formats: [
      {
        property: "name",
        pattern: /^alias\/(?!aws\/)[\w/-]+$/,
        message: "must begin with alias/ and not with alias/aws/",
      },
    ],
    id: idOf("name"),
    computed: ({ cloud, inputs }) => ({ arn: arnOf(cloud, "kms", String(inputs.name)) }),
    free: "a name",
  },
  "aws:kms/keyPolicy:KeyPolicy": {
    duration: oneCall,
    replacedBy: ["keyId"],
    required: ["keyId", "policy"],
    id: idOf("keyId"),
  },
};
