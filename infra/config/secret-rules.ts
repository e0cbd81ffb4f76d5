import type { SecretConfig } from "./container-schema.ts";
import { linkRules } from "./resource-schema.ts";
import type { Settings } from "./schema.ts";
import { containerPlaces, own, perContainer } from "./setting-rule.ts";

/** The region and the account of an ARN; nothing of a name. */
function placeOf({
  secret,
  parameter,
}: SecretConfig): [region: string, accountId: string] | undefined {
  const [, , , region, accountId] = (secret ?? parameter ?? "").split(":");
  return region && accountId ? [region, accountId] : undefined;
}

/** What AWS's provider of secrets could not fetch, or nobody may. */
export const secretRules = [
  perContainer(["region"], ({ at, container }, settings) =>
    Object.entries(container.secrets).map(([name, source]) => {
      const region = placeOf(source)?.[0];
      return (
        region !== undefined &&
        region !== settings.region &&
        `${at}.secrets.${name}: ${source.secret ?? source.parameter} is in ${region}; allowed: one of region ${settings.region}`
      );
    }),
  ),
  perContainer(["pullRequests"], ({ at, workload, container }, { pullRequests }) => [
    pullRequests.environments > 0 &&
      at.startsWith("services.") &&
      // A worker runs in no environment, nor do its companions.
      !("worker" in workload && workload.worker) &&
      Object.keys(container.secrets).length > 0 &&
      `${at}.secrets: is not allowed with pullRequests.environments, whose pods may not read them; allowed: a secret of resources that pullRequests.resources offers`,
  ]),
];

/** Whether any container has a secret, of its own or of a resource: then the stack has the secrets store, and each node its driver. */
export function namesSecrets(settings: Pick<Settings, "services" | "jobs" | "resources">): boolean {
  const { services, jobs, resources } = settings;
  const used = Object.values({ ...services, ...jobs }).flatMap(({ uses }) => Object.keys(uses));
  return (
    containerPlaces(settings).some(({ container }) => Object.keys(container.secrets).length > 0) ||
    used.some((name) => {
      const resource = own(resources, name);
      return resource !== undefined && linkRules[resource.kind].secrets.length > 0;
    })
  );
}
