/** A resource as the program asks for it: planned, or on its way through the engine. */
export interface Subject {
  urn: string;
  type: string;
  // biome-ignore lint/suspicious/noExplicitAny: the inputs of resources of every type
  inputs: Record<string, any>;
  protect: boolean;
  /** The tags that its provider puts on it. */
  defaultTags: Record<string, string>;
  /** URNs of what it depends on, by its options or by its inputs. */
  dependsOn: string[];
}

/** A resource of an example: what matters to the rule, and nothing else. */
export type Example = Pick<Subject, "type"> & Partial<Subject>;

export interface Rule {
  name: string;
  /** What holds where nothing breaks the rule. */
  promise: string;
  /** Why it should hold, and who says so. */
  reason: string;
  /** What mends a resource that breaks it. */
  remedy: string;
  /** A mandatory rule stops a deployment, an advisory one warns. @default mandatory */
  level?: "mandatory" | "advisory";
  /**
   * What is wrong with a resource; nothing, or only falsehoods, when all is well. `others` are all
   * resources of the stack: a rule that reads them says `together`.
   */
  check(one: Subject, context: { now: Date; others: Subject[] }): (string | false)[];
  /** Whether the rule needs to see the stack as a whole. @default false */
  together?: boolean;
  /** Stacks that keep the rule. */
  good: Example[][];
  /** Stacks that break it. */
  bad: Example[][];
}

export interface Violation {
  rule: string;
  level: "mandatory" | "advisory";
  urn: string;
  problem: string;
  remedy: string;
}

/** What is wrong with a resource by one rule. */
export function problemsOf(
  rule: Rule,
  one: Subject,
  others: Subject[],
  now = new Date(),
): string[] {
  return rule.check(one, { now, others }).filter((problem) => problem !== false);
}

/** All violations of all rules, in the order of the rules. */
export function violationsOf(rules: Rule[], subjects: Subject[], now = new Date()): Violation[] {
  return rules.flatMap((rule) =>
    subjects.flatMap((one) =>
      problemsOf(rule, one, subjects, now).map((problem) => ({
        rule: rule.name,
        level: rule.level ?? "mandatory",
        urn: one.urn,
        problem,
        remedy: rule.remedy,
      })),
    ),
  );
}

/**
 * Whether an input is given, known already or not: to read a value that only AWS can tell stops a
 * rule during a preview.
 */
export const given = (inputs: object | undefined, key: string): boolean =>
  inputs !== undefined && key in inputs;

/** An input's value; nothing while only AWS can tell it. */
export function known(inputs: Subject["inputs"] | undefined, key: string): unknown {
  try {
    return inputs?.[key];
  } catch {
    return undefined;
  }
}

/** A policy document, which AWS's provider takes as text or as an object. */
export function statementsOf(policy: string | { Statement: object }): Statement[] {
  if (policy === "[secret]") return [];
  const { Statement } = typeof policy === "string" ? JSON.parse(policy) : policy;
  return [Statement].flat();
}

export interface Statement {
  Effect?: string;
  Principal?: string | Record<string, string | string[]>;
  Action?: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
}

/** The default tags of an AWS provider, which takes its inputs as JSON text. */
export function defaultTagsOf(provider: Record<string, unknown> = {}): Record<string, string> {
  const { defaultTags } = provider;
  const parsed = typeof defaultTags === "string" ? JSON.parse(defaultTags) : defaultTags;
  return parsed?.tags ?? {};
}
