import type { DomainConfig, DomainZone } from "./domain-schema.ts";
import type { Settings } from "./schema.ts";
import { rule } from "./setting-rule.ts";

/** Names of a certificate: AWS Certificate Manager, quotas. */
const mostNames = 10;

type Named = Pick<Settings, "domain" | "services" | "pullRequests">;

/** Returns true if a host name stands for all names below another. */
export const isWildcard = (host: string): boolean => host.startsWith("*.");
/** The name that a wildcard stands below. */
const base = (host: string) => host.replace(/^\*\./, "");

/** All domains of the stack, the first being that of its URL. Each has its key in the settings. */
export function domainZones({ additional, ...first }: DomainConfig): [at: string, DomainZone][] {
  return [
    ["domain", first],
    ...additional.map((one, at) => [`domain.additional.${at}`, one] as [string, DomainZone]),
  ];
}

/** The host names of the services, each once. */
const routeHosts = ({ services }: Pick<Settings, "services">) => [
  ...new Set(Object.values(services).flatMap(({ route }) => route?.hosts ?? [])),
];

/** The most specific domain that a host name is, or is below of. Returns undefined if there is none. */
function zoneOf(host: string, domain: DomainConfig): DomainZone | undefined {
  return domainZones(domain)
    .map(([, one]) => one)
    .filter(({ hostName }) =>
      isWildcard(hostName)
        ? hostName === host || isDirectlyBelow(host, hostName)
        : base(host) === hostName || host.endsWith(`.${hostName}`),
    )
    .sort((a, b) => b.hostName.length - a.hostName.length)[0];
}

/** Certificates and DNS: `*` is one label. */
function isDirectlyBelow(host: string, wildcard: string): boolean {
  return host.slice(host.indexOf(".") + 1) === base(wildcard);
}

/**
 * The host names that need a certificate and a record, each once: of the platform, of its domains, of its
 * services and of preview environments. A name that a domain's wildcard covers needs none of its own.
 */
export function hostNames(settings: Named): DomainZone[] {
  const { domain, pullRequests } = settings;
  if (!domain) return [];
  const zones = domainZones(domain).map(([, one]) => one);
  const own = routeHosts(settings).filter(
    (host) => !isWildcard(zoneOf(host, domain)?.hostName ?? ""),
  );
  const any = pullRequests.environments > 0 ? [`*.${domain.hostName}`] : [];
  const all = new Set([domain.hostName, ...own, ...any, ...zones.map(({ hostName }) => hostName)]);
  return [...all].map((hostName) => ({ ...zoneOf(hostName, domain), hostName }));
}

/** Rules of host names, their hosted zones and their certificates. */
export const domainRules = [
  ({ services = {}, domain }: Partial<Settings>) =>
    Object.entries(services).flatMap(([name, { route }]) =>
      (route?.hosts ?? []).flatMap((host) => {
        const at = `services.${name}.route.hosts: ${host}`;
        if (!domain) return [`${at} needs domain, which names it in DNS`];
        const names = domainZones(domain).map(([, { hostName }]) => hostName);
        return zoneOf(host, domain) ? [] : [`${at} is not ${names.join(" or ")}, or below it`];
      }),
    ),
  rule(["services"], ({ services }) =>
    Object.entries(services).map(([name, { route }]) => {
      const wildcards = route?.hosts?.filter(isWildcard) ?? [];
      return (
        wildcards.length > 0 &&
        wildcards.length !== route?.hosts?.length &&
        `services.${name}.route.hosts: ${wildcards.join(", ")} beside other names; allowed: wildcards alone, or names alone, so that a name comes before a wildcard`
      );
    }),
  ),
  rule(["domain", "region", "accountId"], ({ domain, region, accountId }) => {
    if (!domain) return [];
    const zones = domainZones(domain);
    const place = `arn:aws:acm:${region}:${accountId}:`;
    return [
      ...zones.map(
        ([at, { hostedZoneId, hostedZoneRoleArn }]) =>
          hostedZoneRoleArn !== undefined &&
          hostedZoneId === undefined &&
          `${at}.hostedZoneRoleArn: ${hostedZoneRoleArn} needs ${at}.hostedZoneId, the zone that it changes`,
      ),
      ...zones.map(
        ([at, { hostName }], index) =>
          zones.slice(0, index).some(([, other]) => other.hostName === hostName) &&
          `${at}.hostName: ${hostName} is named before; allowed: each name once`,
      ),
      ...(domain.certificateArns ?? []).map(
        (one) =>
          !one.startsWith(place) &&
          `domain.certificateArns: ${one} is not of the stack's region and account; allowed: ${place}certificate/…`,
      ),
    ];
  }),
  rule(["services", "domain", "pullRequests"], (settings) => {
    const { length } = hostNames(settings);
    return [
      settings.domain?.certificateArns === undefined &&
        length > mostNames &&
        `services: ${length} host names, but a certificate of ACM takes at most ${mostNames}; allowed beyond: domain.certificateArns, or a wildcard in domain.additional`,
    ];
  }),
];
