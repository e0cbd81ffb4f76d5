import { resourceTypes } from "../../cloud/catalogue.ts";
import { seconds } from "../../cloud/resource-type.ts";
import { concerns, effects, rules } from "./all-rules.ts";
import { identityOf, takenError, takenReason } from "./identities.ts";
import { outputsOf } from "./outputs.ts";
import type { Call, Caller, Rule } from "./rule.ts";
import {
  type Action,
  CloudError,
  type CloudResource,
  NotReady,
  type Props,
  type World,
} from "./world.ts";

export interface Request {
  type: string;
  urn: string;
  name: string;
  caller: Caller;
  /** Seconds that the program allows; 0 if it names none. */
  timeout: number;
}

/**
 * Creates a resource.
 *
 * @throws {NotReady} if it exists and does not become ready
 * @throws {CloudError} if it does not exist
 */
export function create(world: World, request: Request, inputs: Props): Promise<CloudResource> {
  return timed(world, "create", request, async () => {
    const { type, urn, name, caller } = request;
    const resource: CloudResource = {
      type,
      urn,
      name,
      id: "",
      inputs,
      outputs: {},
      status: "creating",
    };
    if (type.startsWith("kubernetes:")) resource.cluster = caller.cluster;
    const call = { world, resource, caller, inputs, olds: {}, timeout: request.timeout };
    await enforceRules("before", "create", call);
    resource.id = identityOf(type, inputs, world);
    const present = world.get(type, resource.id);
    // A record with allowOverwrite takes the present one over.
    const replaces = resourceTypes[type]?.putReplaces || inputs.allowOverwrite === true;
    if (present && replaces) world.remove(present);
    else if (present && resource.cluster === present.cluster) {
      throw new CloudError(takenError(type), takenReason(type, resource.id));
    }
    resource.outputs = outputsOf(type, { world, id: resource.id, inputs, caller });
    world.add(resource);
    await world.clock.sleep(durationOf(type).create);
    await enforceRules("after", "create", call);
    await runEffects("create", call);
    const killed = world.takeFault("create", resource, true);
    if (killed) {
      // An image resource exists only in the state.
      if (type.startsWith("docker:")) world.remove(resource);
      throw new CloudError(killed.code, killed.message);
    }
    resource.status = "ready";
    world.clock.changed();
    return resource;
  });
}

/** Updates a resource in place. */
export function update(
  world: World,
  request: Request,
  id: string,
  inputs: Props,
): Promise<CloudResource> {
  return timed(world, "update", request, async () => {
    const { type, caller } = request;
    const resource = existing(world, type, id);
    const olds = resource.inputs;
    const call = { world, resource, caller, inputs, olds, timeout: request.timeout };
    await enforceRules("before", "update", call);
    resource.status = "changing";
    const before = resource.outputs;
    resource.inputs = inputs;
    const made = outputsOf(type, { world, id, inputs, caller });
    resource.outputs = { ...before, ...made, ...resourceTypes[type]?.updated?.(before, inputs) };
    for (const key of Object.keys(olds)) if (!(key in inputs)) delete resource.outputs[key];
    await world.clock.sleep(durationOf(type).update);
    await enforceRules("after", "update", call);
    await runEffects("update", call);
    resource.status = "ready";
    world.clock.changed();
    return resource;
  });
}

/** Deletes a resource. Does nothing if it does not exist, as the real providers. */
export function remove(world: World, request: Request, id: string): Promise<void> {
  return timed(world, "delete", request, async () => {
    const { type, caller } = request;
    const resource = world.get(type, id);
    if (!resource) return;
    const { inputs } = resource;
    const call = { world, resource, caller, inputs, olds: inputs, timeout: request.timeout };
    if (inputs.skipDestroy === true) {
      resource.kept = true;
      return;
    }
    resource.status = "deleting";
    world.clock.changed();
    try {
      await enforceRules("before", "delete", call);
      await world.clock.sleep(durationOf(type).delete);
      await runEffects("delete", call);
      await enforceRules("after", "delete", call);
    } catch (error) {
      resource.status = "ready";
      throw error;
    }
    world.remove(resource);
  });
}

/** Returns undefined if the resource does not exist. */
export function read(world: World, type: string, id: string): CloudResource | undefined {
  return world.get(type, id);
}

function existing(world: World, type: string, id: string): CloudResource {
  const resource = world.get(type, id);
  if (!resource) throw new CloudError("NotFound", `${type} ${id} does not exist`);
  return resource;
}

function durationOf(type: string) {
  return resourceTypes[type]?.duration ?? seconds(0);
}

async function enforceRules(
  phase: "before" | "after",
  action: "create" | "update" | "delete",
  call: Call,
): Promise<void> {
  const { world, resource } = call;
  for (const rule of rules) {
    if (
      rule.on !== action ||
      (rule.phase ?? "before") !== phase ||
      !concerns(rule, resource.type)
    ) {
      continue;
    }
    const timeout = timeoutOf(rule, call);
    if (await world.clock.until(() => rule.refusal(call) === undefined, timeout)) continue;
    const reason = rule.refusal(call) ?? "";
    if (phase === "before" || action === "delete") throw new CloudError(rule.error, reason);
    throw new NotReady(rule.error, reason, resource);
  }
  const fault = phase === "after" ? world.takeFault(action, resource) : undefined;
  if (fault) throw new NotReady(fault.code, fault.message, resource);
}

function timeoutOf({ timeoutSeconds = 0 }: Rule, { timeout, inputs }: Call): number {
  const seconds = typeof timeoutSeconds === "number" ? timeoutSeconds : timeoutSeconds(inputs);
  return seconds > 0 ? timeout || seconds : 0;
}

async function runEffects(action: "create" | "update" | "delete", call: Call): Promise<void> {
  for (const effect of effects) {
    if (effect.on === action && concerns(effect, call.resource.type)) await effect.run(call);
  }
}

async function timed<T>(
  world: World,
  action: Action,
  { urn, type, name }: Request,
  call: () => Promise<T>,
): Promise<T> {
  const start = world.clock.now;
  let error: string | undefined;
  try {
    return await call();
  } catch (reason) {
    error = String(reason instanceof Error ? reason.message : reason);
    throw reason;
  } finally {
    world.spans.push({ action, urn, type, name, start, end: world.clock.now, error });
  }
}
