import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { withAddress } from "../addresses.ts";
import {
  type AskedBuild,
  type Build,
  buildOf,
  mayBeBuildArg,
  nameAndTag,
  unusable,
} from "../container-image.ts";
import type { ImportOptions } from "../import-options.ts";
import type { Report } from "../report.ts";
import type { Spec } from "./compose-schema.ts";
import type { ComposeService } from "./compose-source.ts";
import { isHttp, namesPort, type Port, portsOf } from "./ports.ts";
import { needsOf, pairsOf, type Roles, valueIn } from "./roles.ts";

/** Where a service is reached. */
export interface Address {
  /** In the settings. */
  name: string;
  /** Nothing of a worker. */
  port?: number;
  protocol: "http" | "tcp";
  route?: { path: string };
  /** Nothing says which port it listens on. */
  guessed: boolean;
  build?: Build;
}

/** Servers whose image says the port, which cannot be read here. */
const imagePorts: Record<string, number> = {
  nginx: 80,
  httpd: 80,
  caddy: 80,
  wordpress: 80,
  nextcloud: 80,
  drupal: 80,
  joomla: 80,
  adminer: 8080,
  tomcat: 8080,
  grafana: 3000,
  prometheus: 9090,
  pgadmin4: 80,
  phpmyadmin: 80,
  kibana: 5601,
  gitea: 3000,
  keycloak: 8080,
  "mongo-express": 8081,
  "redis-commander": 8081,
  ghost: 2368,
};

/** A stage that no image of the platform is built from. */
const isForDevelopment = (target: string): boolean => /dev|debug|test/i.test(target);

/** What a service is built from, with the context as the file has it. */
export function buildAskedBy({
  spec,
  folder,
}: Pick<ComposeService, "spec" | "folder">): (AskedBuild & { context: string }) | undefined {
  if (spec.build === undefined) return undefined;
  const build = typeof spec.build === "string" ? { context: spec.build } : spec.build;
  const { context = ".", dockerfile, target, args } = build;
  const given = pairsOf(args).filter(({ name, value }) => isCarriedArg(name, value));
  return {
    ...{ context, folder: resolve(folder, context) },
    ...(dockerfile && { dockerfile }),
    ...(target !== undefined && !isForDevelopment(target) && { target }),
    args: Object.fromEntries(given.map(({ name, value = "" }) => [name, value])),
  };
}

/** Whether two services are built, and alike, however the file writes their contexts. */
export function isSameBuild(one: ComposeService, other: ComposeService): boolean {
  const [mine, theirs] = [buildAskedBy(one), buildAskedBy(other)];
  return (
    isDeepStrictEqual(mine && { ...mine, context: "" }, theirs && { ...theirs, context: "" }) &&
    mine !== undefined
  );
}

/** One without a value has that of whoever runs Compose. */
export const isCarriedArg = (name: string, value: string | undefined): value is string =>
  value !== undefined && mayBeBuildArg(name, value);

/** The address of each service, and which of them are behind the load balancer. */
export function addressesOf(
  services: ComposeService[],
  roles: Roles,
  { folder }: Pick<ImportOptions, "folder">,
  report: Report,
): Map<string, Address> {
  const addresses = new Map<string, Address>();
  const routed: { name: string; score: number }[] = [];
  const anyPort = !services.some(({ spec }) => namesPort(spec));
  for (const service of services) {
    const { name, spec } = service;
    const role = roles.get(name);
    if (role?.as !== "service" && role?.as !== "job" && role?.as !== "once") continue;
    const asked = buildAskedBy(service);
    const isUrl = /^(https?:|git@|git:)/.test(asked?.context ?? "");
    const build =
      asked &&
      (isUrl ? unusable(role.name, "is not on this machine") : buildOf(asked, role.name, folder));
    const ports = portsOf(spec, ["services", name], anyPort, report);
    if (role.as !== "service") {
      for (const { path } of ports) report.left(path, "what runs to its end has no port");
      addresses.set(name, {
        name: role.name,
        protocol: "http",
        guessed: false,
        ...(build && { build }),
      });
      continue;
    }
    const { port, guessed } = portOf(service, ports, build, services);
    const main = ports.find((one) => one.target === port && one.published);
    const isRouted = port !== undefined && isHttp(port) && (main !== undefined || isProxied(spec));
    // The port stays as it is for its callers, too.
    const protocol = port === undefined || port === 80 || isRouted ? "http" : "tcp";
    addresses.set(name, {
      ...{ name: role.name, protocol, guessed },
      ...(port !== undefined && { port }),
      ...(build && { build }),
    });
    tellPorts(ports, { name: role.name, port, isRouted }, report);
    if (isRouted) {
      const usual = ports.some(({ from }) => from === 80 || from === 443) ? 4 : 0;
      routed.push({
        name,
        score: usual + (/(front|web|ui|proxy|nginx|gateway|www|client|site)/.test(name) ? 5 : 0),
      });
    }
  }
  const [first] = [...routed].sort((one, other) => other.score - one.score);
  for (const { name } of routed) {
    const address = addresses.get(name) as Address;
    address.route = { path: name === first?.name ? "/" : `/${address.name}` };
  }
  return addresses;
}

/** The port of the process, and whether nothing says it; no port of what nobody reaches. */
function portOf(
  { name, spec }: ComposeService,
  ports: Port[],
  build: Build | undefined,
  services: ComposeService[],
): { port?: number; guessed: boolean } {
  const own = Number(valueIn(spec, "PORT")) || undefined;
  const called = services
    .filter((one) => one.name !== name)
    .flatMap((one) => pairsOf(one.spec.environment))
    .flatMap(({ name: variable, value = "" }) => {
      const found: number[] = [];
      const address = withAddress({ name: variable, value }, name, (port) => {
        if (port !== undefined) found.push(port);
        return name;
      });
      return address === undefined ? [] : found;
    });
  const known = spec.build ? undefined : imagePorts[nameAndTag(spec.image ?? "").name];
  const candidates = [
    ...ports.filter((one) => one.published && isHttp(one.target)).map((one) => one.target),
    ...ports.map((one) => one.target),
    ...[own, ...called, known].filter((one) => one !== undefined),
  ];
  const exposed = build?.ports ?? [];
  const port =
    candidates.find((one) => exposed.length === 0 || exposed.includes(one)) ?? exposed[0];
  if (port !== undefined) return { port, guessed: false };
  const wanted = services.some((one) => needsOf(one.spec).some(({ other }) => other === name));
  return wanted || isProxied(spec) ? { port: 8080, guessed: true } : { guessed: false };
}

/** Whether labels tell a proxy on the Docker engine to send requests to it. */
const isProxied = ({ labels }: Spec) =>
  pairsOf(labels).some(
    ({ name, value }) =>
      (name === "traefik.enable" && value === "true") ||
      /^traefik\.http\.routers\..+\.rule$/.test(name),
  ) || false;

function tellPorts(
  ports: Port[],
  { name, port, isRouted }: { name: string; port: number | undefined; isRouted: boolean },
  report: Report,
): void {
  const at = `services.${name}.port`;
  for (const { target, published, path } of ports) {
    const isMain = target === port;
    if (isMain && published && isRouted)
      report.changed(
        path,
        `services.${name}.route`,
        "the load balancer listens on 80, and 443 with a domain",
      );
    else if (isMain && published)
      report.changed(path, at, "the load balancer speaks HTTP alone, so only `calls` reach it");
    else if (isMain) report.carried(path, at);
    else
      report.left(
        path,
        "a service has one port",
        "a second service with the image by `sameAs`, where others need the port",
      );
  }
}

/** The names by which others reach a service, beside its own. */
export function aliasesOf({ name, spec }: Pick<ComposeService, "name" | "spec">): string[] {
  const networks = Array.isArray(spec.networks) ? [] : Object.values(spec.networks ?? {});
  const aliases = networks.flatMap((one) => one?.aliases ?? []);
  return [
    ...new Set(
      [name, spec.container_name, spec.hostname, ...aliases].filter((one) => one !== undefined),
    ),
  ];
}
