import type { Settings } from "./schema.ts";
import { perService, rule } from "./setting-rule.ts";
import type { RouteConfig } from "./workload-schema.ts";

/** Of a load balancer: AWS's quota, which cannot be raised. */
const mostTargetGroups = 100;

/** The services behind the load balancer, with their routes. */
function routedServices({
  services,
}: Pick<Settings, "services">): [name: string, route: RouteConfig][] {
  return Object.entries(services).flatMap(([name, { route }]) =>
    route ? [[name, route] as [string, RouteConfig]] : [],
  );
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
        .filter(([, other]) => other.path === route.path)
        .flatMap(([other, { hosts = [""] }]) =>
          (route.hosts ?? [""])
            .filter((host) => hosts.includes(host))
            .map(
              (host) =>
                `services.${name}.route: ${host}${route.path} is the route of services.${other} too`,
            ),
        ),
    ),
  ),
  // Elastic Load Balancing, target groups, protocol version: both only behind a listener of HTTPS.
  ({ services = {}, domain }: Partial<Settings>) =>
    Object.entries(services).flatMap(([name, { route, protocol }]) =>
      route && (protocol === "grpc" || protocol === "http2") && !domain
        ? [
            `services.${name}.protocol: ${protocol} with a route needs domain: it is balanced by HTTPS only`,
          ]
        : [],
    ),
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
