import { compact, emptyDraft, isClusterName, type Job, type Service } from "../draft.ts";
import type { Imported, ImportOptions } from "../import-options.ts";
import { refusal } from "../refusal.ts";
import { nothingRuns, Report } from "../report.ts";
import { within } from "../words.ts";
import {
  type ComposeApplication,
  formerContainer,
  leaveToAws,
  passwordOwner,
} from "./compose-application.ts";
import { containerOf } from "./compose-container.ts";
import { type ComposeService, readCompose } from "./compose-source.ts";
import { runBefore, takeDependencies } from "./dependencies.ts";
import { leaveIgnored, leaveTopLevel } from "./ignored.ts";
import { rolesOf } from "./roles.ts";
import { addressesOf } from "./routes.ts";
import { declareVolumes } from "./storage.ts";

/**
 * The settings that a Compose application becomes.
 *
 * @throws {PlanError} if a file is missing, is no YAML or has a value that Compose does not allow
 */
export function importCompose(path: string, options: ImportOptions): Imported {
  const source = readCompose(path, options.environment);
  const report = new Report();
  const draft = emptyDraft();
  const { services } = source;
  const roles = rolesOf(services, options, report);
  const addresses = addressesOf(services, roles, options, report);
  const app: ComposeApplication = {
    ...{ source, roles, addresses, draft, report, options },
    resources: new Map(),
    volumes: new Map(),
  };
  for (const service of services) {
    const role = roles.get(service.name);
    if (role?.as !== "resource") continue;
    draft.resources[role.name] = role.config;
    app.resources.set(service.name, formerContainer(service, role));
    leaveToAws(service, report);
  }
  if (source.top.name !== undefined) takeName(source.top.name, app);
  declareVolumes(
    services,
    app,
    [...roles.values()].flatMap((role) => ("name" in role ? [role.name] : [])),
  );
  for (const service of services) convert(service, app);
  for (const service of services.filter((one) => roles.get(one.name)?.as === "once"))
    runBefore(service, app);
  for (const service of services) finish(service, app);
  tellSecrets(app);
  for (const key of Object.keys(source.top.configs ?? {})) {
    report.left(
      ["configs", key],
      "the platform mounts no configuration files",
      "COPY them into the image, or use variables",
    );
  }
  for (const { name, path } of source.unset) {
    report.changed(
      [...path, `\${${name}}`],
      "an empty text",
      `${name} has no value, in the environment and in .env`,
      `set ${name}`,
    );
  }
  for (const one of unused(app)) draft.decisions.push(one);
  if (source.document.include !== undefined)
    report.carried(["include"], "the services of those files");
  leaveTopLevel(source.document, report);
  report.close(source.document);
  if (Object.keys(draft.services).length === 0) {
    throw nothingRuns(source.file, report, "at least one");
  }
  return { draft, report, document: source.document };
}

function takeName(name: string, { draft, report }: ComposeApplication): void {
  if (isClusterName(name)) {
    draft.clusterName = name;
    report.carried(["name"], "cluster.name");
  } else report.left(["name"], "a cluster has no such name", "cluster.name");
}

function convert(service: ComposeService, app: ComposeApplication): void {
  const role = app.roles.get(service.name);
  if (role?.as === "service") app.draft.services[role.name] = serviceOf(service, role.name, app);
  if (role?.as !== "job") return;
  const to = `jobs.${role.name}`;
  const { container, calls, uses } = containerOf(service, app, { to, owner: role.name });
  takeDependencies(service, app, { calls, uses, to });
  app.draft.jobs[role.name] = compact<Job>({ ...container, calls: [...calls], uses });
  app.report.changed(
    ["services", service.name, "deploy", "mode"],
    to,
    "a job without a schedule, run by hand",
  );
}

function serviceOf(service: ComposeService, name: string, app: ComposeApplication): Service {
  const { draft } = app;
  const address = app.addresses.get(service.name);
  const to = `services.${name}`;
  const { container, health, calls, uses } = containerOf(service, app, { to, owner: name });
  takeDependencies(service, app, { calls, uses, to });
  const { port, protocol, route, guessed } = address ?? {};
  if (guessed)
    draft.decisions.push({
      at: ["services", name, "port"],
      words: "the port that the process listens on: nothing says it",
    });
  if (port === undefined) {
    app.report.changed(
      ["services", service.name, "<port>"],
      `${to}.worker`,
      "nothing names a port of it",
    );
  }
  if (route && route.path !== "/") {
    draft.decisions.push({
      at: ["services", name, "route"],
      words: `with \`domain\` give it a host of its own, such as { hosts: [${name}.example.com] }; a path stays in what the service gets`,
    });
  }
  const count = replicasOf(service, route !== undefined, app, to);
  return compact<Service>({
    ...container,
    ...(port === undefined ? { worker: true } : { port }),
    ...(protocol === "tcp" && { protocol }),
    ...(route && { route }),
    ...(health && { health }),
    calls: [...calls].filter((one) => one !== name),
    uses,
    ...count,
  });
}

/** As many pods as Compose runs; behind the load balancer at least two. */
function replicasOf(
  service: ComposeService,
  routed: boolean,
  { report }: ComposeApplication,
  to: string,
): Pick<Service, "minReplicas" | "maxReplicas"> {
  const { spec, name, file } = service;
  const at = ["services", name];
  const [path, given] =
    spec.deploy?.replicas !== undefined
      ? [[...at, "deploy", "replicas"], spec.deploy.replicas]
      : [[...at, "scale"], spec.scale];
  if (given === undefined) return routed ? {} : { minReplicas: 1, maxReplicas: 1 };
  const number = Number(given);
  if (!Number.isInteger(number) || number < 0) throw refusal(file, path, given, "a whole number");
  const count = within(number, routed ? 2 : 1, 1000);
  if (count === number) report.carried(path, `${to}.minReplicas`);
  else
    report.changed(
      path,
      `${to}.minReplicas`,
      routed ? "behind the load balancer at least 2" : "a service has at least one pod",
    );
  return { minReplicas: count, maxReplicas: count };
}

/** What has no setting, once the rest has been told. */
function finish(service: ComposeService, app: ComposeApplication): void {
  const { spec, name } = service;
  const at = ["services", name];
  const { report, roles } = app;
  const role = roles.get(name)?.as;
  if (role === "left" || role === "resource") return;
  if (spec.extends !== undefined)
    report.carried([...at, "extends"], "the settings of what it extends");
  for (const [index, one] of (spec.profiles ?? []).entries())
    report.carried([...at, "profiles", index], `its profile ${one} is on`);
  if (spec.platform !== undefined) {
    const amd64 = /^linux\/(amd64|x86_64)$/.test(spec.platform);
    if (amd64) app.draft.architecture = "amd64";
    if (amd64 || /^linux\/arm64/.test(spec.platform))
      report.carried([...at, "platform"], "nodes.architecture");
    else
      report.left(
        [...at, "platform"],
        "nodes are Linux on arm64 or amd64",
        "an image for one of them",
      );
  }
  for (const key of Object.keys(spec.deploy ?? {})) {
    const path = [...at, "deploy", key];
    if (key === "resources" || report.has(path)) continue;
    if (key === "mode") report.left(path, "each service has pods on any node", "nothing");
    else report.left(path, "Swarm reads it, Kubernetes does not", "nothing");
  }
  if (role === "once" && spec.restart === "no") report.carried([...at, "restart"], "it runs once");
  leaveIgnored(spec, at, report);
}

/** The secrets of the file: each is one of Secrets Manager, or the password of a database. */
function tellSecrets({ source, resources, options, report, draft }: ComposeApplication): void {
  const settings = JSON.stringify([draft.services, draft.jobs]);
  for (const [name, one] of Object.entries(source.top.secrets ?? {})) {
    const secret = one?.name ?? `${options.stack}/${name}`;
    const at = ["secrets", name];
    const owner = passwordOwner(name, { resources });
    if (owner) report.changed(at, `resources.${owner.name}`, "RDS makes the password and keeps it");
    else if (settings.includes(JSON.stringify(secret)))
      report.changed(
        at,
        "Secrets Manager",
        `the secret ${secret}`,
        "make it before the first `up`",
      );
    else report.left(at, "no service that is carried over names it");
  }
}

/** Resources that no service is seen to use. */
function unused({ draft, resources }: ComposeApplication) {
  const used = [...Object.values(draft.services), ...Object.values(draft.jobs)].flatMap(
    ({ uses }) => Object.keys(uses ?? {}),
  );
  return [...resources.values()]
    .filter(({ name }) => !used.includes(name))
    .map(({ name }) => ({
      at: ["resources", name],
      words: `nothing says who uses it: add \`uses: { ${name}: readWrite }\` to those`,
    }));
}
