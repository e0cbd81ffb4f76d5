import type { Settings } from "./schema.ts";
import { perService, rule } from "./setting-rule.ts";
import type { RouteConfig } from "./workload-schema.ts";

/** Of a load balancer: AWS's quota, which cannot be raised. */
const mostTargetGroups = 100;
/** Names of a certificate: AWS Certificate Manager, quotas. */
const mostNames = 10;

/** The services behind the load balancer, with their routes. */
function routedServices({
  services,
}: Pick<Settings, "services">): [name: string, route: RouteConfig][] {
  return Object.entries(services).flatMap(([name, { route }]) =>
    route ? [[name, route] as [string, RouteConfig]] : [],
  );
}

/** The host names of the platform, of its services and of pull requests' environments, each once. */
export function hostNames({
  domain,
  services,
  pullRequests,
}: Pick<Settings, "domain" | "services" | "pullRequests">): string[] {
  if (!domain) return [];
  const hosts = routedServices({ services }).flatMap(([, { host }]) => host ?? []);
  const any = pullRequests.environments > 0 ? [`*.${domain.hostName}`] : [];
  return [...new Set([domain.hostName, ...hosts, ...any])];
}

/** Rules of what is behind the load balancer. */
export const routeRules = [
  rule(["services"], ({ services }) => {
    const { length } = routedServices({ services });
    return [
      length > mostTargetGroups &&
        `services: ${length} services with a route are more than the ${mostTargetGroups} target groups of a load balancer; allowed: at most ${mostTargetGroups}`,
    ];
  }),
  perService(["ingress"], (at, { route, requestTimeoutSeconds }, { ingress }) => [
    route !== undefined &&
      requestTimeoutSeconds >= ingress.idleTimeoutSeconds &&
      `${at}.requestTimeoutSeconds: ${requestTimeoutSeconds} is not below ingress.idleTimeoutSeconds ${ingress.idleTimeoutSeconds}; the load balancer would answer 504 first`,
  ]),
  rule(["services"], (settings) =>
    routedServices(settings).flatMap(([name, route], at, all) =>
      all
        .slice(0, at)
        .filter(([, other]) => other.host === route.host && other.path === route.path)
        .map(
          ([other]) =>
            `services.${name}.route: ${route.host ?? ""}${route.path} is the route of services.${other} too`,
        ),
    ),
  ),
  ({ services = {}, domain }: Partial<Settings>) =>
    routedServices({ services }).flatMap(([name, { host }]) => {
      if (!host) return [];
      const at = `services.${name}.route.host: ${host}`;
      if (!domain) return [`${at} needs domain, which names it in DNS`];
      return host === domain.hostName || host.endsWith(`.${domain.hostName}`)
        ? []
        : [`${at} is not ${domain.hostName} or below it`];
    }),
  // Elastic Load Balancing, target groups, protocol version: both only behind a listener of HTTPS.
  ({ services = {}, domain }: Partial<Settings>) =>
    Object.entries(services).flatMap(([name, { route, protocol }]) =>
      route && (protocol === "grpc" || protocol === "http2") && !domain
        ? [
            `services.${name}.protocol: ${protocol} with a route needs domain: it is balanced by HTTPS only`,
          ]
        : [],
    ),
  rule(["services", "domain", "pullRequests"], (settings) => {
    const hosts = hostNames(settings);
    return [
      hosts.length > mostNames &&
        `services: ${hosts.length} host names, but a certificate of ACM takes at most ${mostNames}`,
    ];
  }),
  ({ pullRequests, domain }: Partial<Settings>) =>
    pullRequests?.environments && !domain
      ? [
          `pullRequests.environments: ${pullRequests.environments} needs domain, below which each environment has its host name`,
        ]
      : [],
  rule(["pullRequests", "services"], ({ pullRequests: { environments }, services }) => {
    const { length } = routedServices({ services });
    const most = Math.floor(mostTargetGroups / length) - 1;
    return [
      environments > 0 &&
        environments > most &&
        `pullRequests.environments: ${environments} with ${length} services each are more than the ${mostTargetGroups} target groups of a load balancer; allowed: at most ${most}`,
    ];
  }),
  rule(["pullRequests", "services", "jobs"], ({ pullRequests, ...kinds }) =>
    (["services", "jobs"] as const).flatMap((kind) =>
      Object.keys(kinds[kind]).map(
        (name) =>
          pullRequests.environments > 0 &&
          /^pr-\d+-/.test(name) &&
          `${kind}.${name}: is not allowed with pullRequests.environments, whose namespaces begin so`,
      ),
    ),
  ),
];
