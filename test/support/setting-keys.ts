import type { z } from "zod";

/**
 * Every setting by its whole key; maps by name have `<name>`, those of a resource the name of its kind,
 * lists are one setting.
 */
export function settingKeys(schema: z.core.$ZodType, at = ""): string[] {
  // biome-ignore lint/suspicious/noExplicitAny: zod's definitions differ by type
  const { type, innerType, in: input, shape, valueType } = schema._zod.def as any;
  if (innerType) return settingKeys(innerType, at);
  if (type === "pipe") return settingKeys(input, at);
  if (at === "release") return [at];
  if (type === "object") {
    return Object.entries<z.core.$ZodType>(shape).flatMap(([key, of]) =>
      settingKeys(of, at ? `${at}.${key}` : key),
    );
  }
  if (type === "record" && at === "resources") {
    return valueType._zod.def.options.flatMap((kind: z.ZodObject<{ kind: z.ZodLiteral }>) =>
      settingKeys(kind, `${at}.<${kind.shape.kind.value}>`).map((key) =>
        key.replace(/\.kind$/, ""),
      ),
    );
  }
  const named = type === "record" && ["services", "jobs", "nodes.groups"].includes(at);
  return named ? settingKeys(valueType, `${at}.<name>`) : [at];
}
