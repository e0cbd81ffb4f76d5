import { isBelow } from "../../../../infra/config/version.ts";
import type { Rule } from "../rule.ts";
import { addonType } from "./lookup-rules.ts";

/** The known keys of each add-on's configuration, by their first version. */
const known: Record<string, Record<string, [major: number, minor: number]>> = {
  "vpc-cni": { enableNetworkPolicy: [1, 14], env: [1, 12] },
  "amazon-cloudwatch-observability": {
    agent: [1, 4],
    containerLogs: [1, 4],
    manager: [1, 4],
    "manager.applicationSignals": [4, 0],
    containerInsights: [6, 2],
    applicationSignals: [6, 2],
    otelContainerInsights: [6, 2],
  },
  "aws-secrets-store-csi-driver-provider": { "secrets-store-csi-driver": [1, 0] },
};

/** EKS validates the configuration by the schema of the requested version. */
export const addonRules: Rule[] = (["create", "update"] as const).map((on) => ({
  error: "InvalidParameterException",
  on,
  types: [addonType],
  source:
    "containers-roadmap#2216 for the words; values.yaml of aws-observability/helm-charts by tag, amazon-vpc-cni-k8s for the keys",
  refusal: ({ inputs, resource }) => {
    const version = String(inputs.addonVersion ?? resource.outputs.addonVersion);
    const values = JSON.parse(inputs.configurationValues ?? "{}");
    const { manager = {} } = values;
    const keys = [...Object.keys(values), ...Object.keys(manager).map((key) => `manager.${key}`)];
    const wrong = keys.filter((key) => {
      const since = known[inputs.addonName]?.[key];
      return !since || isBelow(version, ...since);
    });
    return wrong.length > 0
      ? `ConfigurationValue provided in request is not supported: Json schema validation failed with error: [${wrong
          .map(
            (key) =>
              `$.${key}: is not defined in the schema and the schema does not allow additional properties`,
          )
          .join(", ")}]`
      : undefined;
  },
}));
