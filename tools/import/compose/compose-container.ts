import { secretsFolder } from "../../../infra/config/container-schema.ts";
import { type Container, compact, type Job, type Service } from "../draft.ts";
import { checkOf, startOf } from "../health-check.ts";
import { commandIn, refusal } from "../refusal.ts";
import type { Path } from "../report.ts";
import { type ComposeApplication, passwordOwner, secretFile } from "./compose-application.ts";
import { imageOf } from "./compose-image.ts";
import { sizesOf } from "./compose-sizes.ts";
import type { ComposeService } from "./compose-source.ts";
import { secretsIn } from "./roles.ts";
import { storeOf } from "./storage.ts";
import { placeVariables, secretVariable } from "./variables.ts";

/** What a container of Compose becomes, and what comes with it for its pod. */
export interface Converted {
  container: Container;
  health?: Service["health"];
  calls: Set<string>;
  uses: NonNullable<Job["uses"]>;
}

/**
 * The settings of the container of a service. Tells the report, and the draft what a person must decide.
 *
 * @param to where they stand, such as `services.web`
 * @param owner the service or job that the container is of
 * @throws {PlanError} if a value cannot be read
 */
export function containerOf(
  service: ComposeService,
  app: ComposeApplication,
  { to, owner }: { to: string; owner: string },
): Converted {
  const decide = (words: string) => app.draft.decisions.push({ at: to.split("."), words });
  const image = imageOf(service, app, to);
  const stored = storeOf(service, app, to);
  for (const words of stored.decisions) decide(words);
  const placed = placeVariables(service, app, { to, owner, moved: stored.moved });
  for (const { words } of placed.decisions) decide(words);
  takeSecrets(service, app, placed.secrets, to);
  const uses: Converted["uses"] = { ...stored.uses };
  for (const used of placed.uses) uses[used] = "readWrite";
  const health = healthOf(service, app, to);
  return {
    container: compact({
      image,
      ...commandsOf(service, app, to, stored.moved),
      ...userOf(service, app, to),
      environment: placed.environment,
      secrets: placed.secrets,
      writable: stored.writable,
      ...sizesOf(service, app, to),
    }),
    ...(health && { health }),
    calls: placed.calls,
    uses,
  };
}

function commandsOf(
  service: ComposeService,
  app: ComposeApplication,
  to: string,
  moved: [string, string][],
) {
  const { spec, name } = service;
  const at: Path = ["services", name];
  const words = (key: "entrypoint" | "command", setting: string): string[] | undefined => {
    const given = spec[key];
    if (given === undefined || given === null) {
      if (given === null) app.report.carried([...at, key], "the image's own");
      return undefined;
    }
    const list = commandIn(service.file, [...at, key], given);
    const placed = list.map((one) =>
      moved.reduce((text, [from, here]) => text.replaceAll(from, here), one),
    );
    if (placed.join() !== list.join())
      app.report.changed([...at, key], `${to}.${setting}`, "the files are in another folder");
    else app.report.carried([...at, key], `${to}.${setting}`);
    return placed.length > 0 ? placed : undefined;
  };
  // Compose's words are the other way round.
  return { command: words("entrypoint", "command"), args: words("command", "args") };
}

function userOf(
  service: ComposeService,
  app: ComposeApplication,
  to: string,
): Pick<Container, "user" | "group"> {
  const { spec, name } = service;
  const path: Path = ["services", name, "user"];
  const built = app.addresses.get(name)?.build?.user;
  if (spec.user === undefined) return built ? { user: built } : {};
  const [, user, group] = /^(\d+)(?::(\d+))?$/.exec(String(spec.user)) ?? [];
  if (user === undefined || Number(user) === 0) {
    const root = user !== undefined || /^root(:|$)/.test(String(spec.user));
    app.report.left(
      path,
      root ? "no process runs as root" : "a user is a number",
      `${to}.user: the number of the image's user`,
    );
    if (!built) {
      const words = `user: the number of the image's user, not ${spec.user}`;
      app.draft.decisions.push({ at: to.split("."), words });
    }
    return built ? { user: built } : {};
  }
  if (built !== undefined && built !== Number(user)) {
    app.report.left(path, "the Dockerfile's USER counts", `USER ${user} in the Dockerfile`);
    return { user: built };
  }
  app.report.carried(path, `${to}.user`);
  return { user: Number(user), ...(group && Number(group) > 0 && { group: Number(group) }) };
}

function healthOf(service: ComposeService, app: ComposeApplication, to: string): Service["health"] {
  const { spec, name } = service;
  const at: Path = ["services", name, "healthcheck"];
  const given = spec.healthcheck;
  const { report } = app;
  if (given === undefined) return undefined;
  const address = app.addresses.get(name);
  if (!/^services\.[^.]+$/.test(to)) {
    report.left(at, "what runs to its end is not asked how it is");
    return undefined;
  }
  const off = given.disable === true || given.disable === "true" || given.test?.[0] === "NONE";
  if (off || given.test === undefined) {
    report.left(at, "Kubernetes reads no health check of an image", `\`${to}.health\``);
    return undefined;
  }
  const check = checkOf({ ...given, test: given.test }, address?.port);
  if (!check) return undefined;
  const start = startOf(check, given);
  const key = `${to}.health`;
  if (check.path !== undefined)
    report.changed(
      [...at, "test"],
      key,
      "Kubernetes asks the path itself; the image needs no curl",
    );
  else report.carried([...at, "test"], key);
  for (const one of Object.keys(given).filter((one) => one !== "test")) {
    if (["interval", "timeout", "retries", "start_period"].includes(one))
      report.carried([...at, one], key);
    else report.left([...at, one], "Kubernetes has no such time");
  }
  return { ready: check, ...(start && { start }) };
}

/** Secrets of the file that a service names. */
function takeSecrets(
  service: ComposeService,
  app: ComposeApplication,
  secrets: NonNullable<Container["secrets"]>,
  to: string,
): void {
  const { spec, name, file } = service;
  const declared = app.source.top.secrets ?? {};
  for (const [index, source] of secretsIn(spec).entries()) {
    const path: Path = ["services", name, "secrets", index];
    if (!Object.hasOwn(declared, source)) {
      throw refusal(
        file,
        path,
        source,
        Object.keys(declared).join(", ") || "a secret of the file, which has none",
      );
    }
    const variable = secretVariable(source, app);
    const resource = passwordOwner(source, app);
    if (resource) {
      app.report.changed(
        path,
        `resources.${resource.name}`,
        `RDS manages the password: ${variable}, and the file of that name in ${secretsFolder}`,
        `let the program read it there`,
      );
      app.draft.decisions.push({
        at: to.split("."),
        words: `let the program read ${variable}, or ${secretsFolder}/${variable}, instead of ${secretFile(source)}`,
      });
      continue;
    }
    secrets[variable] = { secret: declared[source]?.name ?? `${app.options.stack}/${source}` };
    app.report.changed(
      path,
      `${to}.secrets.${variable}`,
      `the variable ${variable}, and the file of that name in ${secretsFolder}`,
      `let the program read it there`,
    );
  }
}
