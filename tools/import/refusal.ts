import type { z } from "zod";
import { PlanError } from "../graph/plan-error.ts";
import { type Path, textOf } from "./report.ts";
import { wordsOf } from "./words.ts";

/** An error that names file, key, value and what is allowed. Nothing is written after it. */
export function refusal(file: string, path: Path, given: unknown, allowed: string): PlanError {
  const what =
    given === undefined ? "is missing" : `${JSON.stringify(given)?.slice(0, 200)} is not allowed`;
  return new PlanError(
    `${file}: ${[textOf(path), what].filter(Boolean).join(" ")}; allowed: ${allowed}`,
  );
}

/** The words of a command. @throws {PlanError} where a shell cannot read them */
export function commandIn(file: string, path: Path, given: string | string[]): string[] {
  try {
    return wordsOf(given);
  } catch (error) {
    const allowed = `words as a shell reads them (${(error as Error).message})`;
    throw refusal(file, path, given, allowed);
  }
}

/**
 * The value, of the schema's type.
 *
 * @throws {PlanError} with the first key that the schema refuses
 */
export function checked<Schema extends z.ZodType>(
  schema: Schema,
  given: unknown,
  { file, path = [] }: { file: string; path?: Path },
): z.infer<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const within = (issue?.path ?? []) as Path;
  const value = within.reduce<unknown>(
    (object, key) => (object as Record<string, unknown> | undefined)?.[key as string],
    given,
  );
  throw refusal(file, [...path, ...within], value, issue?.message ?? "");
}
