import "./closures-on-demand.ts";
import assert from "node:assert/strict";
import { relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as pulumi from "@pulumi/pulumi";
import callback from "@pulumi/pulumi/proto/callback_pb.js";
import * as state from "@pulumi/pulumi/runtime/state.js";
import { mocksOf } from "../cloud/mocks.ts";
import { order } from "./order.ts";
import { PlanError } from "./plan-error.ts";
import type { Alias, Evaluation, Properties, Resource } from "./resource.ts";
import { type Settings, settingsOf } from "./stack-settings.ts";
import { omitStackTraces } from "./stack-traces.ts";

/** The folder of this project. */
export const projectFolder = fileURLToPath(new URL("../..", import.meta.url));

let evaluations = 0;

/**
 * Runs the program with the settings of a stack under mocks, without a call to a cloud. Not reentrant.
 *
 * @param change what it runs with other settings than the stack has
 * @throws {PlanError} if the stack does not exist, its YAML or its settings are not valid, or the program
 * fails
 */
export async function evaluate(
  stack: string,
  folder = projectFolder,
  change = (settings: Settings) => settings,
): Promise<Evaluation> {
  const settings = change(settingsOf(stack, folder));
  const program = pathToFileURL(`${folder}/index.ts`);
  // Modules are cached by their URL; a new URL runs the program again. In another process the same URLs
  // find the compiled code.
  evaluations += 1;
  program.searchParams.set("evaluation", String(evaluations));
  // As in Pulumi, paths are relative to the project.
  const from = process.cwd();
  process.chdir(folder);
  try {
    const recorded = await record(settings, () => import(program.href));
    return { stack, ...recorded, secretKeys: settings.secretKeys };
  } catch (error) {
    throw new PlanError(explanation(error, folder), { cause: error });
  } finally {
    process.chdir(from);
  }
}

/** The resources of `build` under mocks, for tests of components. */
export async function deploy(build: () => unknown): Promise<Resource[]> {
  const settings = { project: "platform", stack: "test", config: {}, secretKeys: [] };
  const { resources } = await record(settings, async () => {
    await build();
    return {};
  });
  return resources;
}

/** @throws {Error} unless exactly one resource has the type */
export function only(resources: Resource[], type: string): Resource {
  const found = resources.filter((resource) => resource.type === type);
  assert.equal(found.length, 1, `${found.length} resources of type ${type}, not one`);
  return found[0] as Resource;
}

/** The used part of Pulumi's mock monitor, which `setMocks` makes. */
interface MockMonitor {
  newUrn(parent: string, type: string, name: string): string;
  registerResource(
    request: Request,
    callback: (error: Error | null, response: Response) => void,
  ): Promise<void>;
}
interface Request {
  getType(): string;
  getName(): string;
  getParent(): string;
  getProvider(): string;
  getProvidersMap(): MapOf<string>;
  getCustom(): boolean;
  getRemote(): boolean;
  getProtect(): boolean | undefined;
  getAliasesList(): AliasMessage[];
  getIgnorechangesList(): string[];
  getReplaceonchangesList(): string[];
  getRetainondelete(): boolean | undefined;
  getDeletebeforereplace(): boolean | undefined;
  getCustomtimeouts(): { toObject(): Record<string, string> } | undefined;
  getDependenciesList(): string[];
  getPropertydependenciesMap(): MapOf<{ getUrnsList(): string[] }>;
  getObject(): { toJavaScript(): Properties } | undefined;
}
interface Response {
  getUrn(): string;
  getId(): string;
  getObject(): { toJavaScript(): Properties } | undefined;
}
interface AliasMessage {
  getUrn(): string;
  getSpec():
    | { getName(): string; getType(): string; getParenturn(): string; getNoparent(): boolean }
    | undefined;
}
interface MapOf<Value> {
  forEach(visit: (value: Value, key: string) => void): void;
}

/** The host names of a stack, as its settings name them, and the hosted zones that they are in. */
function namesOf(config: Settings["config"], project: string) {
  const read = (key: string) => JSON.parse(config[`${project}:${key}`] ?? "{}");
  const { additional = [], ...first } = read("domain");
  const domains: { hostName?: string; hostedZoneId?: string }[] = [first, ...additional];
  const services: { route?: { hosts?: string[] } }[] = Object.values(read("services"));
  return {
    hostedZones: Object.fromEntries(
      domains.map(({ hostName, hostedZoneId }) => [hostedZoneId, hostName?.replace(/^\*\./, "")]),
    ),
    hostNames: [
      ...domains.flatMap(({ hostName }) => hostName ?? []),
      ...services.flatMap(({ route }) => route?.hosts ?? []),
      `*.${first.hostName}`,
    ],
  };
}

async function record(settings: Settings, program: () => Promise<object>) {
  const { project, stack, config, secretKeys } = settings;
  const byUrn = new Map<string, Resource>();
  const handedDown = new Map<string, Record<string, string>>();
  const functions = new Set<string>();

  const mocks = mocksOf({
    region: config[`${project}:region`] ?? "eu-central-1",
    accountId: config[`${project}:accountId`] ?? "111122223333",
    ...namesOf(config, project),
    network: JSON.parse(config[`${project}:network`] ?? "{}"),
    // The plan assumes the rights of an administrator.
    caller: JSON.parse(config[`${project}:cluster`] ?? "{}").admins?.[0] ?? "",
  });
  const call: typeof mocks.call = (args) => {
    functions.add(args.token);
    return mocks.call(args);
  };
  await pulumi.runtime.setMocks({ ...mocks, call }, project, stack);
  pulumi.runtime.setAllConfig(config, secretKeys);
  const transforms = takeTransforms();
  const monitor = pulumi.runtime.getMonitor() as unknown as MockMonitor;
  monitor.newUrn = (parent, type, name) => urnOf(settings, parent, type, name);
  const register = monitor.registerResource.bind(monitor);
  const restoreStackTraces = omitStackTraces();
  monitor.registerResource = (request, callback) => {
    return register(request, (error, response) => {
      if (error) return callback(error, response);
      const resource = transformed(resourceOf(request, response, handedDown), transforms);
      if (byUrn.has(resource.urn)) {
        // As the engine; the mock monitor would lose the first resource.
        const message = `Two resources have the URN ${resource.urn}`;
        return callback(Object.assign(new Error(message), { details: message }), response);
      }
      byUrn.set(resource.urn, resource);
      callback(null, response);
    });
  };

  const outputs = await withoutStrayRejections(async () => {
    const exported = { ...(await program()) };
    await pulumi.runtime.disconnect();
    return exported;
  }).finally(() => {
    restoreStackTraces();
    forgetMocks();
  });
  const resources = [...byUrn.values()];
  const layers = order(resources).create;
  const layerOf = new Map(layers.flatMap((urns, at) => urns.map((urn) => [urn, at])));
  return {
    // Within a layer in the order of registration.
    resources: resources.sort((a, b) => (layerOf.get(a.urn) ?? 0) - (layerOf.get(b.urn) ?? 0)),
    functions: [...functions].sort(),
    outputs: await resolved(outputs),
  };
}

/**
 * Returns the result of `run`.
 *
 * @throws the error of `run`, or of an unawaited promise, such as a failed registration or `apply`
 */
async function withoutStrayRejections<T>(run: () => Promise<T>): Promise<T> {
  const strays: unknown[] = [];
  let giveUp: () => void = () => {};
  const collect = (reason: unknown) => {
    strays.push(reason);
    giveUp();
  };
  const listeners = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", collect);
  try {
    // After a failed registration `run` may never end.
    const stray = new Promise<never>((_, reject) => {
      giveUp = () => setTimeout(() => reject(strays[0]), 1000);
    });
    stray.catch(() => {});
    const result = await Promise.race([run(), stray]);
    // Node reports unhandled rejections after all microtasks.
    await new Promise(setImmediate);
    if (strays.length > 0) throw strays[0];
    return result;
  } finally {
    process.off("unhandledRejection", collect);
    for (const listener of listeners) process.on("unhandledRejection", listener);
  }
}

/** Restores the connection to an engine in this process. */
function forgetMocks(): void {
  pulumi.runtime.resetOptions("", "", -1, "", "", false, "");
}

/** The used part of Pulumi's client for transforms. */
interface Callbacks {
  registerTransform(transform: pulumi.ResourceTransform): Promise<unknown>;
  registerStackTransform(transform: pulumi.ResourceTransform): void;
  awaitStackRegistrations(): Promise<void>;
  shutdown(): void;
}

/**
 * Lets the program register transforms, which mocks refuse. Returns those of the stack. Ignores those of
 * remote components, whose children are unknown.
 */
function takeTransforms(): pulumi.ResourceTransform[] {
  const transforms: pulumi.ResourceTransform[] = [];
  const callbacks: Callbacks = {
    registerTransform: async () => new callback.Callback(),
    registerStackTransform: (transform) => transforms.push(transform),
    awaitStackRegistrations: async () => {},
    shutdown: () => {},
  };
  // Not in the typings of the SDK.
  const { getStore } = state as unknown as { getStore(): object };
  Object.assign(getStore(), { supportsTransforms: true, callbacks });
  return transforms;
}

/** The resource after the stack's transforms. */
function transformed(resource: Resource, transforms: pulumi.ResourceTransform[]): Resource {
  const { type, name, custom } = resource;
  for (const transform of transforms) {
    const result = transform({ type, name, custom, props: resource.inputs, opts: {} });
    if (result && "props" in result) resource.inputs = result.props;
  }
  return resource;
}

/** The message of an error, with its line in the program unless the settings are wrong. */
function explanation(error: unknown, folder: string): string {
  if (pulumi.RunError.isInstance(error)) return error.message;
  if (!(error instanceof Error)) return `The program fails: ${error}`;
  const frame = error.stack
    ?.split("\n")
    .find((line) => line.includes(folder) && !line.includes("node_modules"));
  const place = frame && /(?:file:\/\/)?(\/[^?]+?)(?:\?[^:]*)?:(\d+):\d+\)?$/.exec(frame);
  const where = place ? ` (${relative(folder, place[1] as string)}:${place[2]})` : "";
  return `The program fails: ${error.message.trim()}${where}`;
}

/** The URN with the types of all ancestors; the mock monitor uses only the parent's. */
function urnOf({ stack, project }: Settings, parent: string, type: string, name: string): string {
  const parentType = parent.split("::")[2] ?? "";
  const types = parentType && parentType !== "pulumi:pulumi:Stack" ? `${parentType}$${type}` : type;
  return [`urn:pulumi:${stack}`, project, types, name].join("::");
}

function resourceOf(
  request: Request,
  response: Response,
  handedDown: Map<string, Record<string, string>>,
): Resource {
  const urn = response.getUrn();
  const parent = request.getParent();
  const custom = request.getCustom();
  const remote = request.getRemote();
  // A component passes on its own providers, and those of its parent for other packages.
  const providers = {
    ...handedDown.get(parent),
    ...entriesOf(request.getProvidersMap(), providerUrn),
  };
  if (!custom) handedDown.set(urn, providers);
  const provider = remote
    ? Object.values(providers).sort()
    : request.getProvider() && providerUrn(request.getProvider());
  return {
    urn,
    type: request.getType(),
    name: request.getName(),
    id: response.getId(),
    custom,
    remote,
    ...(parent && { parent }),
    ...(provider.length > 0 && { provider }),
    protect: request.getProtect() ?? false,
    aliases: request.getAliasesList().map(aliasOf),
    ignoreChanges: request.getIgnorechangesList(),
    options: optionsOf(request),
    dependsOn: request.getDependenciesList().toSorted(),
    propertyDependencies: entriesOf(request.getPropertydependenciesMap(), (of) => of.getUrnsList()),
    inputs: masked(request.getObject()?.toJavaScript() ?? {}) as Properties,
    outputs: masked(response.getObject()?.toJavaScript() ?? {}) as Properties,
  };
}

function optionsOf(request: Request): Resource["options"] {
  const replaceOnChanges = request.getReplaceonchangesList();
  const timeouts = Object.entries(request.getCustomtimeouts()?.toObject() ?? {});
  const given = timeouts.filter(([, timeout]) => timeout);
  return {
    ...(request.getRetainondelete() && { retainOnDelete: true }),
    ...(request.getDeletebeforereplace() && { deleteBeforeReplace: true }),
    ...(replaceOnChanges.length > 0 && { replaceOnChanges }),
    ...(given.length > 0 && { customTimeouts: Object.fromEntries(given) }),
  };
}

function aliasOf(message: AliasMessage): Alias {
  const spec = message.getSpec();
  if (!spec) return { urn: message.getUrn() };
  return {
    ...(spec.getName() && { name: spec.getName() }),
    ...(spec.getType() && { type: spec.getType() }),
    ...(spec.getParenturn() && { parent: spec.getParenturn() }),
    ...(spec.getNoparent() && { noParent: true }),
  };
}

function entriesOf<From, To>(map: MapOf<From>, read: (from: From) => To): Record<string, To> {
  const entries: Record<string, To> = {};
  map.forEach((value, key) => {
    entries[key] = read(value);
  });
  return entries;
}

/** A provider reference is the provider's URN, `::` and its id. */
function providerUrn(reference: string): string {
  return reference.slice(0, reference.lastIndexOf("::"));
}

/** Pulumi's marker of special values, and its kinds. */
const signature = "4dabf18193072939515e22adb298388d";
const secret = "1b47061264138c4ac30d75fd1eb44270";
const resourceReference = "5cf8f73096256a8f31e491e813e4eb8e";

function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== "object" || value === null) return value;
  const object = value as Record<string, unknown>;
  if (object[signature] === secret) return "[secret]";
  if (object[signature] === resourceReference) return object.urn;
  return Object.fromEntries(Object.entries(object).map(([key, of]) => [key, masked(of)]));
}

async function resolved(outputs: object): Promise<Record<string, unknown>> {
  const entries = Object.entries(outputs).map(async ([name, value]) => {
    const output = pulumi.output(value);
    // Unlike `apply`, its promise also rejects.
    const plain = await (output as unknown as { promise(): Promise<unknown> }).promise();
    return [name, (await pulumi.isSecret(output)) ? "[secret]" : plain];
  });
  return Object.fromEntries(await Promise.all(entries));
}
