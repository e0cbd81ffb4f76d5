import * as grpc from "@grpc/grpc-js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import service from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import rpc from "@pulumi/pulumi/proto/provider_pb.js";
import status from "@pulumi/pulumi/proto/status_pb.js";
import any from "google-protobuf/google/protobuf/any_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import { resourceTypes } from "../../cloud/catalogue.ts";
import { forcesReplacement } from "../../cloud/replacements.ts";
import { isUnknown, problemsOf, unknown, withName } from "../world/arguments.ts";
import { create, read, remove, update } from "../world/cloud.ts";
import { outputsOf } from "../world/outputs.ts";
import type { Caller } from "../world/rule.ts";
import { NotReady, type Props, type World } from "../world/world.ts";
import { changedPaths } from "./property-changes.ts";

/** The differences between provider packages. */
export interface Package {
  name: string;
  /** The caller of a provider's configuration. */
  configure: (config: Props) => Caller;
  /** Changes or completes the inputs, as the provider. */
  normalize?: (type: string, inputs: Props) => Props;
  /** Whether the provider ignores a change of the path. */
  ignored?: (type: string, path: string) => boolean;
  /** Whether the provider itself reads ignoreChanges. @default true */
  ignoresByItself?: boolean;
  /** The changed keys of the provider's configuration that replace all its resources. */
  replacesAll?: (olds: Props, news: Props) => string[];
  /** Whether a resource that is not ready is replaced. */
  replacesUnready?: (inputs: Props) => boolean;
  /**
   * Whether it deletes a resource from the state alone.
   *
   * @throws if it can delete nothing, and nobody has told it so
   */
  forgets?: (caller: Caller, world: World) => boolean;
  functions: Record<string, (args: Props, caller: Caller, world: World) => Props>;
}

type Call = grpc.ServerUnaryCall<any_, unknown> & { request: any_ };
// biome-ignore lint/suspicious/noExplicitAny: the generated messages of fifteen calls
type any_ = any;

/** Serves a package on a local port for an engine. */
export async function serve(
  world: World,
  provided: Package,
): Promise<grpc.Server & { port: number }> {
  const server = new grpc.Server();
  server.addService(service.ResourceProviderService, handlers(world, provided));
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return Object.assign(server, { port });
}

function handlers(world: World, provided: Package): grpc.UntypedServiceImplementation {
  // Each provider of the program has its own connection, and is configured through it.
  const callers = new Map<string, Caller>();
  const callerOf = (call: Call) => callers.get(call.getPeer()) ?? {};

  const request = (call: Call) => {
    const urn: string = call.request.getUrn();
    const [type = "", name = ""] = urn.split("::").slice(-2);
    return {
      urn,
      type: type.split("$").at(-1) ?? "",
      name,
      caller: callerOf(call),
      timeout: call.request.getTimeout?.() ?? 0,
    };
  };

  const ignoredBy = (call: Call): string[] =>
    provided.ignoresByItself === false ? [] : call.request.getIgnorechangesList();

  const state = (type: string, { outputs, inputs }: { outputs: Props; inputs: Props }) => ({
    ...outputs,
    // The state of the real provider has these fields too.
    ...(type.startsWith("kubernetes:") && {
      __fieldManager: "pulumi",
      apiVersion: inputs.apiVersion,
    }),
  });

  const isReady = (type: string, id: string) => world.get(type, id)?.status === "ready";

  const implementation: Record<string, (call: Call) => Promise<unknown> | unknown> = {
    attach: () => new empty.Empty(),
    cancel: () => new empty.Empty(),
    getPluginInfo: () => new plugin.PluginInfo(),
    getSchema: () => {
      const response = new rpc.GetSchemaResponse();
      response.setSchema("{}");
      return response;
    },

    checkConfig: (call) => checked(props(call.request.getNews()), []),
    diffConfig: (call) => {
      const olds = props(call.request.getOldInputs() ?? call.request.getOlds());
      const news = props(call.request.getNews());
      return diffed(changedPaths(olds, news), provided.replacesAll?.(olds, news) ?? []);
    },
    configure: (call) => {
      callers.set(call.getPeer(), provided.configure(props(call.request.getArgs())));
      const response = new rpc.ConfigureResponse();
      response.setSupportspreview(true);
      return response;
    },

    check: (call) => {
      const { type, name } = request(call);
      const given = props(call.request.getNews());
      const olds = call.request.getOlds();
      const normal = provided.normalize?.(type, given) ?? given;
      const inputs = withName(
        type,
        name,
        normal,
        olds && props(olds),
        call.request.getRandomseed_asU8(),
      );
      return checked(inputs, problemsOf(type, inputs));
    },

    diff: (call) => {
      const { type } = request(call);
      const olds = props(call.request.getOldInputs() ?? call.request.getOlds());
      const news = props(call.request.getNews());
      for (const path of ignoredBy(call)) restore(news, olds, path);
      const paths = changedPaths(olds, news).filter((path) => !provided.ignored?.(type, path));
      const isReplaced = provided.replacesUnready?.(news) && !isReady(type, call.request.getId());
      const unready = isReplaced ? ['metadata.annotations["pulumi.com/replaceUnready"]'] : [];
      return diffed(
        [...paths, ...unready],
        [...paths.filter((path) => forcesReplacement(type, path)), ...unready],
      );
    },

    create: async (call) => {
      const asked = request(call);
      const inputs = props(call.request.getProperties());
      const response = new rpc.CreateResponse();
      if (call.request.getPreview()) {
        response.setProperties(toStruct(planned(world, asked.type, inputs, asked.caller)));
        return response;
      }
      refuseUnknown(inputs);
      const resource = await create(world, asked, inputs);
      response.setId(resource.id);
      response.setProperties(toStruct(state(asked.type, resource)));
      return response;
    },

    update: async (call) => {
      const asked = request(call);
      const olds = props(call.request.getOlds());
      const inputs = props(call.request.getNews());
      const oldInputs = props(call.request.getOldInputs());
      for (const path of ignoredBy(call)) restore(inputs, oldInputs, path);
      const response = new rpc.UpdateResponse();
      if (call.request.getPreview()) {
        const stale = Object.fromEntries(
          (resourceTypes[asked.type]?.recomputed ?? []).map((key) => [key, unknown]),
        );
        response.setProperties(toStruct({ ...olds, ...inputs, ...stale }));
        return response;
      }
      refuseUnknown(inputs);
      const resource = await update(world, asked, call.request.getId(), inputs);
      response.setProperties(toStruct(state(asked.type, resource)));
      return response;
    },

    read: (call) => {
      const { type } = request(call);
      const id = call.request.getId();
      const response = new rpc.ReadResponse();
      const resource = read(world, type, id);
      if (!resource) return response;
      response.setId(id);
      response.setProperties(toStruct(state(type, resource)));
      response.setInputs(toStruct(resource.inputs));
      return response;
    },

    delete: async (call) => {
      const asked = request(call);
      if (!provided.forgets?.(asked.caller, world)) {
        await remove(world, asked, call.request.getId());
      }
      return new empty.Empty();
    },

    invoke: (call) => {
      const token: string = call.request.getTok();
      const compute = provided.functions[token];
      if (!compute) {
        throw new Error(
          `the simulated cloud does not know the function ${token}: add it to rehearsal/providers/${provided.name}.ts`,
        );
      }
      const response = new rpc.InvokeResponse();
      response.setReturn(toStruct(compute(props(call.request.getArgs()), callerOf(call), world)));
      return response;
    },
  };

  return Object.fromEntries(
    Object.entries(implementation).map(([name, answer]) => [
      name,
      (call: Call, callback: grpc.sendUnaryData<unknown>) => {
        world.clock
          .work(async () => answer(call))
          .then(
            (response) => callback(null, response),
            (error) => callback(failure(error)),
          );
      },
    ]),
  );
}

/** The outputs of a creation in a preview, with placeholders for the computed ones. */
function planned(world: World, type: string, inputs: Props, caller: Caller): Props {
  const complete = outputsOf(type, { world, id: unknown, inputs: { ...inputs }, caller });
  const later = Object.keys(complete).filter((key) => !(key in inputs) && key !== "tagsAll");
  return { ...complete, ...Object.fromEntries(later.map((key) => [key, unknown])) };
}

function refuseUnknown(inputs: Props): void {
  if (isUnknown(inputs)) throw new Error("the engine gave a value that is not known yet");
}

/** Restores the old value at a path of ignoreChanges. */
function restore(news: Props, olds: Props, path: string): void {
  const keys = path.split(".");
  const last = keys.pop() ?? "";
  const at = (from: Props) => keys.reduce<Props | undefined>((object, key) => object?.[key], from);
  const [target, source] = [at(news), at(olds)];
  if (!target) return;
  if (source?.[last] === undefined) delete target[last];
  else target[last] = source[last];
}

function props(message: struct.Struct | undefined): Props {
  return message ? (plain(message.toJavaScript()) as Props) : {};
}

/** Values without the engine's wrapping of secrets, and without nulls. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const object = value as Props;
  if (object["4dabf18193072939515e22adb298388d"] === "1b47061264138c4ac30d75fd1eb44270") {
    return plain(object.value);
  }
  return Object.fromEntries(
    Object.entries(object)
      .filter(([, inner]) => inner !== null && inner !== undefined)
      .map(([key, inner]) => [key, plain(inner)]),
  );
}

function toStruct(value: Props): struct.Struct {
  return struct.Struct.fromJavaScript(JSON.parse(JSON.stringify(value)));
}

function checked(inputs: Props, problems: { property: string; reason: string }[]) {
  const response = new rpc.CheckResponse();
  response.setInputs(toStruct(inputs));
  response.setFailuresList(
    problems.map(({ property, reason }) => {
      const failure = new rpc.CheckFailure();
      failure.setProperty(property);
      failure.setReason(reason);
      return failure;
    }),
  );
  return response;
}

function diffed(paths: string[], replaces: string[]) {
  const response = new rpc.DiffResponse();
  const { DIFF_NONE, DIFF_SOME } = rpc.DiffResponse.DiffChanges;
  response.setChanges(paths.length > 0 ? DIFF_SOME : DIFF_NONE);
  response.setDiffsList(paths);
  response.setReplacesList(replaces);
  response.setHasdetaileddiff(true);
  for (const path of paths) {
    const detail = new rpc.PropertyDiff();
    const { UPDATE, UPDATE_REPLACE } = rpc.PropertyDiff.Kind;
    detail.setKind(replaces.includes(path) ? UPDATE_REPLACE : UPDATE);
    detail.setInputdiff(true);
    response.getDetaileddiffMap().set(path, detail);
  }
  return response;
}

/** The error of the protocol; with the resource if it exists but is not ready. */
function failure(error: unknown): Partial<grpc.ServiceError> {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof NotReady)) return { code: grpc.status.UNKNOWN, details: message };
  const detail = new rpc.ErrorResourceInitFailed();
  detail.setId(error.resource.id);
  detail.setProperties(toStruct(error.resource.outputs));
  detail.setInputs(toStruct(error.resource.inputs));
  detail.setReasonsList([message]);
  const packed = new any.Any();
  packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const response = new status.Status();
  response.setCode(grpc.status.UNKNOWN);
  response.setMessage(message);
  response.addDetails(packed);
  const metadata = new grpc.Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(response.serializeBinary()));
  return { code: grpc.status.UNKNOWN, details: message, metadata };
}
