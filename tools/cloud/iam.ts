import type { Properties } from "../graph/resource.ts";
import { type Account, globalArn, hex, withoutScheme } from "./naming.ts";
import { idOf, oneCall, type ResourceType, seconds } from "./resource-type.ts";

/** IAM is free: prices.ts says so of all its types. */
export const iam: Record<string, ResourceType> = {
  "aws:iam/role:Role": {
    duration: seconds(2),
    replacedBy: ["name", "path"],
    required: ["assumeRolePolicy"],
    formats: [
      {
        property: "name",
        pattern: /^[\w+=,.@-]{1,64}$/,
        message: "name must be 1 to 64 letters, digits or +=,.@_-",
      },
      { property: "description", pattern: /^[\s\S]{0,1000}$/, message: "at most 1000 characters" },
    ],
    autoname: { property: "name", maxLength: 64 },
    id: idOf("name"),
    computed: ({ cloud, id, inputs }) => ({
      arn: roleArn(cloud, inputs),
      uniqueId: `AROA${hex(id, 16).toUpperCase()}`,
    }),
    mock: (inputs, name, place) => ({
      state: { ...inputs, name, arn: roleArn(place, { ...inputs, name }) },
    }),
  },
  "aws:iam/policy:Policy": {
    duration: oneCall,
    replacedBy: ["name", "path", "description"],
    required: ["policy"],
    autoname: { property: "name", maxLength: 128 },
    id: ({ name, path = "/" }, cloud) => globalArn(cloud, "iam", `policy${path}${name}`),
    computed: ({ id }) => ({ arn: id }),
    mock: "computed",
  },
  "aws:iam/instanceProfile:InstanceProfile": {
    duration: oneCall,
    replacedBy: ["name", "namePrefix", "path"],
    autoname: { property: "name", maxLength: 128 },
    id: idOf("name"),
    computed: ({ cloud, inputs: { path = "/", name } }) => ({
      arn: globalArn(cloud, "iam", `instance-profile${path}${name}`),
    }),
    mock: "computed",
  },
  "aws:iam/rolePolicy:RolePolicy": {
    duration: oneCall,
    replacedBy: ["name", "role"],
    required: ["role", "policy"],
    autoname: { property: "name", maxLength: 128 },
    id: ({ role, name }) => `${role}:${name}`,
    mock: "computed",
  },
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {
    duration: oneCall,
    replacedBy: ["role", "policyArn"],
    required: ["role", "policyArn"],
    id: ({ role, policyArn }) => `${role}/${policyArn}`,
  },
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": {
    duration: oneCall,
    replacedBy: ["url"],
    required: ["url", "clientIdLists"],
    formats: [
      { property: "url", pattern: /^https:\/\//, message: "expected url to have a https scheme" },
    ],
    id: (inputs, cloud) => identityProviderArn(cloud, inputs),
    computed: ({ id, inputs }) => ({ arn: id, thumbprintLists: inputs.thumbprintLists ?? [] }),
    mock: (inputs, _, place) => {
      const arn = identityProviderArn(place, inputs);
      return { id: arn, state: { ...inputs, arn } };
    },
  },
};

function roleArn(account: Account, { path = "/", name }: Properties): string {
  return globalArn(account, "iam", `role${path}${name}`);
}

function identityProviderArn(account: Account, { url }: Properties): string {
  return globalArn(account, "iam", `oidc-provider/${withoutScheme(String(url))}`);
}
