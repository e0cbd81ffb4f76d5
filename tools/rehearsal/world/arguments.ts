import { resourceTypes } from "../../cloud/catalogue.ts";
import type { Props } from "./world.ts";

export interface Problem {
  property: string;
  reason: string;
}

/** The problems of the inputs, or that the type is unknown. Ignores values that are not known yet. */
export function problemsOf(type: string, inputs: Props): Problem[] {
  const { duration, required = [], formats = [] } = resourceTypes[type] ?? {};
  if (!duration) {
    const reason = `the simulated cloud does not know ${type}: add it, with its duration, to its service's file in tools/cloud`;
    return [{ property: "", reason }];
  }
  const missing = required
    .filter((property) => inputs[property] === undefined)
    .map((property) => ({ property, reason: `Missing required argument "${property}"` }));
  const malformed = formats
    .filter(({ property, pattern }) => {
      const value = inputs[property];
      return typeof value === "string" && value !== unknown && !pattern.test(value);
    })
    .map(({ property, message }) => ({
      property,
      reason: `expected "${property}" to be valid, got ${JSON.stringify(inputs[property])}: ${message}`,
    }));
  return [...missing, ...malformed];
}

/** The engine's placeholder for a value that is known only after the update. */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export function isUnknown(value: unknown): boolean {
  if (value === unknown) return true;
  if (Array.isArray(value)) return value.some(isUnknown);
  return typeof value === "object" && value !== null && Object.values(value).some(isUnknown);
}

/** The inputs with a name: from the program, from the old inputs, or made from the seed. */
export function withName(
  type: string,
  logicalName: string,
  inputs: Props,
  olds: Props | undefined,
  seed: Uint8Array,
): Props {
  const suffix = Buffer.from(seed).toString("hex").padEnd(8, "0");
  if (type.startsWith("kubernetes:") && !type.startsWith("kubernetes:helm")) {
    const metadata = inputs.metadata ?? {};
    if (metadata.name !== undefined || metadata.generateName !== undefined) return inputs;
    const name = olds?.metadata?.name ?? `${logicalName}-${suffix.slice(0, 8)}`;
    return { ...inputs, metadata: { ...metadata, name } };
  }
  const rule = resourceTypes[type]?.autoname;
  if (!rule || inputs[rule.property] !== undefined || inputs.namePrefix !== undefined) {
    return inputs;
  }
  const stem = logicalName.slice(0, rule.maxLength - 8);
  const ending = rule.suffix?.(inputs) ?? "";
  const made = `${rule.lowerCase ? stem.toLowerCase() : stem}-${suffix.slice(0, 7)}${ending}`;
  return { ...inputs, [rule.property]: olds?.[rule.property] ?? made };
}
