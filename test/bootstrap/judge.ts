import type { Statement } from "../../bootstrap/policies.ts";

export type Context = Record<string, string>;

const list = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);

/** IAM's wildcards: `*` is any text, `?` one character. */
function matches(pattern: string, text: string): boolean {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`, "i").test(text);
}

/** Whether conditions hold; a key that the request does not have fails, and so does an unknown operator. */
export function holds(condition: Statement["Condition"], context: Context): boolean {
  return Object.entries(condition ?? {}).every(([operator, keys]) => {
    if (!["StringEquals", "ArnEquals", "Bool"].includes(operator)) throw new Error(operator);
    return Object.entries(keys).every(([key, allowed]) =>
      list(allowed).includes(context[key] ?? "\0"),
    );
  });
}

/**
 * IAM's verdict on a request, for identity policies and, if given, a permissions boundary: denied
 * by any deny; allowed only when policies and boundary both allow.
 */
export function allows(
  { policies, boundary }: { policies: Statement[]; boundary?: Statement[] },
  action: string,
  resource = "*",
  context: Context = {},
): boolean {
  const concern = (statement: Statement) =>
    (statement.NotAction
      ? !statement.NotAction.some((pattern) => matches(pattern, action))
      : statement.Action?.some((pattern) => matches(pattern, action))) &&
    list(statement.Resource).some((pattern) => matches(pattern, resource)) &&
    holds(statement.Condition, context);
  const all = [...policies, ...(boundary ?? [])].filter(concern);
  if (all.some(({ Effect }) => Effect === "Deny")) return false;
  const granted = (statements: Statement[]) =>
    statements.some((statement) => statement.Effect === "Allow" && concern(statement));
  return granted(policies) && (boundary === undefined || granted(boundary));
}
