import type { Check } from "../finding.ts";

export const webhookDown: Check = {
  name: "webhook-down",
  finds: "an admission webhook that must answer, and whose Service has no ready pod",
  consequence: true,
  find: ({ kubernetes: { webhooks = [], endpointSlices } }) => {
    if (!endpointSlices) return [];
    const answers = (namespace: string, name: string) =>
      endpointSlices.some(
        ({ metadata, endpoints }) =>
          metadata?.namespace === namespace &&
          metadata.labels?.["kubernetes.io/service-name"] === name &&
          endpoints?.some(({ conditions }) => conditions?.ready !== false),
      );
    const silent = webhooks.flatMap(({ metadata, webhooks: of = [] }) =>
      of.flatMap(({ name, failurePolicy, clientConfig: { service } }) =>
        failurePolicy !== "Ignore" && service && !answers(service.namespace, service.name)
          ? [{ configuration: metadata?.name ?? "", name, service }]
          : [],
      ),
    );
    const services = new Map(
      silent.map((one) => [`${one.service.namespace}/${one.service.name}`, one]),
    );
    return [...services].map(([service, one]) => ({
      object: `Service ${service}`,
      cause: `no pod answers for the webhooks of ${one.configuration}: the API server refuses what they judge`,
      evidence: `webhook ${one.name} has failurePolicy Fail, and Service ${service} has no ready endpoint`,
      remedy:
        "Bring its pods back (pulumi up --refresh). Where they are gone for good, delete the webhook configuration.",
      namespace: one.service.namespace,
    }));
  },
};
