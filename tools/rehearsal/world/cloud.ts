import { resourceTypes } from "../../cloud/catalogue.ts";
import { seconds } from "../../cloud/resource-type.ts";
import { concerns, effects, rules } from "./deletion-order.ts";
import { identityOf, takenError, takenReason } from "./identities.ts";
import { outputsOf } from "./outputs.ts";
import type { Attempt, Caller, Rule } from "./rule.ts";
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
  /** Seconds that the program allows; 0 when it does not say. */
  timeout: number;
}

/** Makes a thing, or throws: `NotReady` when it exists by now, another `CloudError` when not. */
export function create(world: World, request: Request, inputs: Props): Promise<CloudResource> {
  return timed(world, "create", request, async () => {
    const { type, urn, name, caller } = request;
    const thing: CloudResource = {
      type,
      urn,
      name,
      id: "",
      inputs,
      outputs: {},
      status: "creating",
    };
    if (type.startsWith("kubernetes:")) thing.cluster = caller.cluster;
    const attempt = { world, thing, caller, inputs, olds: {}, timeout: request.timeout };
    await enforceRules("before", "create", attempt);
    thing.id = identityOf(type, inputs, world);
    const present = world.get(type, thing.id);
    // Of a record allow_overwrite: from then on it is the program's.
    const replaces = resourceTypes[type]?.putReplaces || inputs.allowOverwrite === true;
    if (present && replaces) world.remove(present);
    else if (present && thing.cluster === present.cluster) {
      throw new CloudError(takenError(type), takenReason(type, thing.id));
    }
    thing.outputs = outputsOf(type, { world, id: thing.id, inputs, caller });
    world.add(thing);
    await world.clock.sleep(durationOf(type).create);
    await enforceRules("after", "create", attempt);
    await runEffects("create", attempt);
    const killed = world.takeFault("create", type, true);
    if (killed) {
      // The state's own things are nowhere else.
      if (type.startsWith("docker:")) world.remove(thing);
      throw new CloudError(killed.code, killed.message);
    }
    thing.status = "ready";
    world.clock.changed();
    return thing;
  });
}

/** Changes a thing in place. */
export function update(
  world: World,
  request: Request,
  id: string,
  inputs: Props,
): Promise<CloudResource> {
  return timed(world, "update", request, async () => {
    const { type, caller } = request;
    const thing = existing(world, type, id);
    const olds = thing.inputs;
    const attempt = { world, thing, caller, inputs, olds, timeout: request.timeout };
    await enforceRules("before", "update", attempt);
    thing.status = "changing";
    const before = thing.outputs;
    thing.inputs = inputs;
    const made = outputsOf(type, { world, id, inputs, caller });
    thing.outputs = { ...before, ...made, ...resourceTypes[type]?.updated?.(before, inputs) };
    for (const key of Object.keys(olds)) if (!(key in inputs)) delete thing.outputs[key];
    await world.clock.sleep(durationOf(type).update);
    await enforceRules("after", "update", attempt);
    await runEffects("update", attempt);
    thing.status = "ready";
    world.clock.changed();
    return thing;
  });
}

/** Removes a thing; one that is gone already is no error, as with the real providers. */
export function remove(world: World, request: Request, id: string): Promise<void> {
  return timed(world, "delete", request, async () => {
    const { type, caller } = request;
    const thing = world.get(type, id);
    if (!thing) return;
    const { inputs } = thing;
    const attempt = { world, thing, caller, inputs, olds: inputs, timeout: request.timeout };
    if (inputs.skipDestroy === true) {
      thing.kept = true;
      return;
    }
    thing.status = "deleting";
    world.clock.changed();
    try {
      await enforceRules("before", "delete", attempt);
      await world.clock.sleep(durationOf(type).delete);
      await runEffects("delete", attempt);
      await enforceRules("after", "delete", attempt);
    } catch (error) {
      thing.status = "ready";
      throw error;
    }
    world.remove(thing);
  });
}

/** The thing as it is, or nothing when it is gone. */
export function read(world: World, type: string, id: string): CloudResource | undefined {
  return world.get(type, id);
}

function existing(world: World, type: string, id: string): CloudResource {
  const thing = world.get(type, id);
  if (!thing) throw new CloudError("NotFound", `${type} ${id} does not exist`);
  return thing;
}

function durationOf(type: string) {
  return resourceTypes[type]?.duration ?? seconds(0);
}

async function enforceRules(
  phase: "before" | "after",
  action: "create" | "update" | "delete",
  attempt: Attempt,
): Promise<void> {
  const { world, thing } = attempt;
  for (const rule of rules) {
    if (rule.on !== action || (rule.phase ?? "before") !== phase || !concerns(rule, thing.type)) {
      continue;
    }
    const patience = patienceOf(rule, attempt);
    if (await world.clock.until(() => rule.unless(attempt) === undefined, patience)) continue;
    const reason = rule.unless(attempt) ?? "";
    if (phase === "before" || action === "delete") throw new CloudError(rule.error, reason);
    throw new NotReady(rule.error, reason, thing);
  }
  const fault = phase === "after" ? world.takeFault(action, thing.type) : undefined;
  if (fault) throw new NotReady(fault.code, fault.message, thing);
}

function patienceOf({ patience = 0 }: Rule, { timeout, inputs }: Attempt): number {
  const own = typeof patience === "number" ? patience : patience(inputs);
  return own > 0 ? timeout || own : 0;
}

async function runEffects(action: "create" | "update" | "delete", attempt: Attempt): Promise<void> {
  for (const effect of effects) {
    if (effect.on === action && concerns(effect, attempt.thing.type)) await effect.run(attempt);
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
