import type { Service } from "../draft.ts";
import type { Path } from "../report.ts";
import type { CopilotApplication } from "./copilot-application.ts";
import type { AliasGiven } from "./manifest-schema.ts";
import type { Workload } from "./manifests.ts";

/** HTTP behind the load balancer; else the port stays as it is for its callers. */
export function protocolOf(
  { name, manifest }: Workload,
  web: boolean,
  port: number | undefined,
  { report, draft }: CopilotApplication,
  to: string,
): NonNullable<Service["protocol"]> {
  const version =
    typeof manifest.http === "object" ? manifest.http.version?.toLowerCase() : undefined;
  if (!web) return port === undefined || port === 80 ? "http" : "tcp";
  if (version === undefined) return "http";
  const path = [name, "http", "version"];
  if ((version === "grpc" || version === "http2") && draft.domain) {
    report.carried(path, `${to}.protocol`);
    return version;
  }
  if (version === "http1") report.carried(path, "http");
  else
    report.left(
      path,
      "it is balanced by HTTPS only",
      `${to}.protocol: ${version}, with \`domain\``,
    );
  return "http";
}

export function routeOf(
  { name, manifest }: Workload,
  app: CopilotApplication,
  to: string,
): Service["route"] {
  const { report, draft } = app;
  const http = typeof manifest.http === "object" ? manifest.http : {};
  const at: Path = [name, "http"];
  const wanted = `/${(http.path ?? "/").replace(/^\/+|\/+$/g, "")}`;
  const aliases = aliasesOf(http.alias);
  for (const { key, zone, zonePath } of aliases) {
    report.carried([...at, "alias", ...key], `${to}.route.hosts`);
    if (zone) report.carried(zonePath(at), "domain.hostedZoneId");
  }
  if (http.hosted_zone !== undefined) report.carried([...at, "hosted_zone"], "domain.hostedZoneId");
  const hosts = [...new Set(aliases.map((one) => one.name))];
  const taken = Object.values(draft.services).some(
    ({ route }) =>
      route &&
      (route.path ?? "/") === wanted &&
      (route.hosts ?? [""]).some((host) => (hosts.length > 0 ? hosts : [""]).includes(host)),
  );
  const path = taken ? `/${to.split(".").at(-1)}` : wanted;
  if (http.path !== undefined) {
    if (path === wanted) report.carried([...at, "path"], `${to}.route.path`);
    else report.changed([...at, "path"], `${to}.route.path`, "another service has the path");
  }
  if (taken)
    draft.decisions.push({
      at: [...to.split("."), "route"],
      words: "another service has this path: `hosts` of its own, with `domain`",
    });
  if (http.stickiness !== undefined) report.carried([...at, "stickiness"], `${to}.route.sticky`);
  return { ...(hosts.length > 0 && { hosts }), path, ...(http.stickiness && { sticky: true }) };
}

interface Alias {
  name: string;
  zone?: string;
  /** Below `alias`. */
  key: Path;
  zonePath: (at: Path) => Path;
}

export function aliasesOf(given: AliasGiven | undefined): Alias[] {
  const list = given === undefined ? [] : [given].flat();
  return list.map((one, index): Alias => {
    const below = Array.isArray(given) ? [index] : [];
    const zonePath = (at: Path) => [...at, "alias", ...below, "hosted_zone"];
    if (typeof one === "string") return { name: one.toLowerCase(), key: below, zonePath };
    return {
      name: one.name.toLowerCase(),
      zone: one.hosted_zone,
      key: [...below, "name"],
      zonePath,
    };
  });
}
