import { dirname, join, normalize, relative, resolve } from "node:path";
import { withAddress } from "../addresses.ts";
import { buildOf, leaveBuild, mayBeBuildArg, notCarriedArg, pulled } from "../container-image.ts";
import { type Container, compact } from "../draft.ts";
import { readEnvFile } from "../env-file.ts";
import { commandIn, refusal } from "../refusal.ts";
import type { Path } from "../report.ts";
import { isSecret, secretKey } from "../secret-variables.ts";
import type { CopilotApplication } from "./copilot-application.ts";
import type { Manifest, Sidecar } from "./manifest-schema.ts";
import type { Workload } from "./manifests.ts";

/** A container's own part of a manifest: of the workload, or of a sidecar. */
type Given = Pick<Manifest, "entrypoint" | "command" | "variables" | "secrets" | "env_file"> & {
  image?: Manifest["image"] | Sidecar["image"];
};

interface Place {
  workload: Workload;
  /** Where its keys stand in the report. */
  at: Path;
  /** Where its settings stand. */
  to: string;
  app: CopilotApplication;
}

/** Ports that the Dockerfile exposes, and the settings of the container. */
export interface Converted {
  container: Container;
  exposed: number[];
  calls: Set<string>;
}

/**
 * The settings of a container. Tells the report.
 *
 * @throws {PlanError} if a file is missing or a command is no list of words
 */
export function containerOf(given: Given, place: Place): Converted {
  const { build, ...image } = imageOf(given, place);
  const { environment, secrets, calls } = variablesOf(given, place);
  return {
    container: compact({
      ...image,
      ...(build?.user && { user: build.user }),
      command: wordsAt("entrypoint", "command", given, place),
      args: wordsAt("command", "args", given, place),
      environment,
      secrets,
    }),
    exposed: build?.ports ?? [],
    calls,
  };
}

function imageOf(given: Given, { at, to, app, workload }: Place) {
  const { report, draft, source, options } = app;
  const isText = typeof given.image === "string";
  const { build, location } =
    typeof given.image === "string"
      ? { build: undefined, location: given.image }
      : (given.image ?? {});
  if (build === undefined) {
    if (location === undefined)
      throw refusal(
        workload.file,
        [...at.slice(1), "image"],
        undefined,
        "an image with build or location",
      );
    const path = isText ? [...at, "image"] : [...at, "image", "location"];
    return { image: pulled(location, { path, to }, report) };
  }
  const {
    dockerfile = "Dockerfile",
    context,
    target,
    args = {},
  } = typeof build === "string" ? { dockerfile: build } : build;
  const texts = Object.entries(args).map(([name, value]) => [name, String(value)] as const);
  const carried = texts.filter(([name, value]) => mayBeBuildArg(name, value));
  // Relative to the workspace, both.
  const folder = resolve(source.root, context ?? dirname(dockerfile));
  const file = relative(folder, resolve(source.root, dockerfile));
  const found = buildOf(
    { folder, dockerfile: normalize(file), target, args: Object.fromEntries(carried) },
    to.split(".").at(-1) ?? "",
    options.folder,
  );
  const path = [...at, "image", "build"];
  if (found.problem === undefined) {
    report.carried(path, `${to}.image.context`);
    for (const [name] of texts.filter((one) => !carried.includes(one)))
      report.left([...path, "args", name], ...notCarriedArg);
  } else {
    const shown = join(context ?? dirname(dockerfile));
    leaveBuild({ context: shown, problem: found.problem }, { path, to }, app);
  }
  if (found.architecture === "amd64") draft.architecture = "amd64";
  return { image: found.image, build: found };
}

function wordsAt(
  key: "entrypoint" | "command",
  setting: string,
  given: Given,
  { at, to, app, workload }: Place,
) {
  const value = given[key];
  if (value === undefined) return undefined;
  app.report.carried([...at, key], `${to}.${setting}`);
  return commandIn(workload.file, [...at.slice(1), key], value);
}

function variablesOf(given: Given, place: Place) {
  const { at, to, app, workload } = place;
  const { report, options } = app;
  const environment: Record<string, string> = {};
  const secrets: NonNullable<Container["secrets"]> = {};
  const calls = new Set<string>();
  const put = (name: string, value: string, path: Path) => {
    if (isSecret(name, value)) {
      const secret = `${options.stack}/${workload.name}`;
      secrets[name] = secretKey({ secret, name }, { path, to }, report);
      return;
    }
    const { text, called } = throughWorkloads({ name, value }, place);
    for (const one of called) calls.add(one);
    environment[name] = text;
    if (text === value) report.carried(path, `${to}.environment.${name}`);
    else
      report.changed(path, `${to}.environment.${name}`, "each service is called at its own name");
  };
  const own = Object.entries(given.variables ?? {});
  if (given.env_file !== undefined) {
    const path = [...at, "env_file"];
    const values = readEnvFile(resolve(app.source.root, given.env_file));
    if (!values)
      throw refusal(
        workload.file,
        path.slice(1),
        given.env_file,
        "a file that is there, from the folder above copilot/",
      );
    if (Object.keys(values).length === 0) report.carried(path, "no variables");
    for (const [name, value] of Object.entries(values)) {
      if (own.some(([other]) => other === name))
        report.left([...path, name], "`variables` has the variable too, and wins");
      else put(name, value, [...path, name]);
    }
  }
  for (const [name, value] of own) {
    const path = [...at, "variables", name];
    // A service is told its port by the platform.
    if (name === "PORT" && /^services\.[^.]+$/.test(to)) report.carried(path, `${to}.port`);
    else if (typeof value !== "object") put(name, String(value), path);
  }
  for (const [name, value] of Object.entries(given.secrets ?? {}))
    takeSecret(name, value, place, secrets);
  return { environment, secrets, calls };
}

/** Other workloads by the names that Copilot gives them: their own, an alias, and those of service discovery. */
function throughWorkloads(
  { name, value }: { name: string; value: string },
  { app, workload }: Place,
) {
  const called: string[] = [];
  let text = value;
  for (const other of app.source.workloads.filter((one) => one !== workload)) {
    const own = app.names.get(other.name);
    if (own === undefined || other.manifest.image?.port === undefined) continue;
    const connect = other.manifest.network?.connect;
    const alias = typeof connect === "object" ? connect.alias : undefined;
    const environment = app.options.copilotEnvironment ?? "test";
    const discovered = `${other.name}.${environment}.${app.source.application}.local`;
    for (const host of [discovered, other.name, alias]) {
      if (host === undefined) continue;
      const replaced = withAddress({ name, value: text }, host, (port) =>
        port === undefined || port === 80 ? own : `${own}:${port}`,
      );
      if (replaced === undefined) continue;
      text = replaced;
      called.push(own);
    }
  }
  return { text, called };
}

function takeSecret(
  name: string,
  value: NonNullable<Manifest["secrets"]>[string],
  { at, to, app }: Place,
  secrets: NonNullable<Container["secrets"]>,
): void {
  const path = [...at, "secrets", name];
  const key = `${to}.secrets.${name}`;
  if (typeof value === "string" || "ssm" in value) {
    const parameter = parameterOf(typeof value === "string" ? value : String(value.ssm));
    secrets[name] = { parameter };
    app.report.carried(typeof value === "string" ? path : [...path, "ssm"], key);
  } else if ("secretsmanager" in value) {
    // `name:key:stage:version`, or an ARN with the same at its end (Amazon ECS, secrets of a task definition).
    const [, secret = "", json] =
      /^(arn:(?:[^:]*:){5}[^:]+|[^:]+)(?::([^:]*)(?::[^:]*)*)?$/.exec(
        String(value.secretsmanager),
      ) ?? [];
    const plain = secret.replace(/^arn:(?:[^:]*:){5}(.+)-\w{6}$/, "$1");
    secrets[name] = { secret: plain, ...(json && { key: json }) };
    if (plain === secret) app.report.carried([...path, "secretsmanager"], key);
    else
      app.report.changed(
        [...path, "secretsmanager"],
        key,
        "by its name, so that any region has its own",
      );
  }
}

/** A parameter by its name: an ARN has a region. */
function parameterOf(given: string): string {
  const name = /^arn:[^:]+:ssm:[^:]*:[^:]*:parameter\/(.+)$/.exec(given)?.[1];
  return name === undefined ? given : name.includes("/") ? `/${name}` : name;
}
