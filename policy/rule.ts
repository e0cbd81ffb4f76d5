/** A resource with the inputs that the program gives it, in a plan or in the engine. */
export interface Subject {
  urn: string;
  type: string;
  // biome-ignore lint/suspicious/noExplicitAny: the inputs of resources of every type
  inputs: Record<string, any>;
  protect: boolean;
  /** The default tags of its provider. */
  defaultTags: Record<string, string>;
  /** URNs of its dependencies, by its options or by its inputs. */
  dependsOn: string[];
}

/** A resource of an example, with only the fields that the rule reads. */
export type Example = Pick<Subject, "type"> & Partial<Subject>;

export interface Rule {
  name: string;
  /** The state that the rule requires, in one sentence. */
  requirement: string;
  /** The reason for the rule, with its source in parentheses. */
  reason: string;
  /** The change that ends a violation. */
  remedy: string;
  /** A mandatory rule stops an update, an advisory rule warns. @default mandatory */
  level?: "mandatory" | "advisory";
  /**
   * Finds the problems of a resource. A problem is a predicate such as `is not encrypted`; false is no
   * problem. `others` are all resources of the stack. A rule that reads them sets `together`.
   */
  check(one: Subject, context: { now: Date; others: Subject[] }): (string | false)[];
  /** Whether the rule reads the other resources of the stack. @default false */
  together?: boolean;
  /** Stacks without a violation. */
  good: Example[][];
  /** Stacks with a violation. */
  bad: Example[][];
}

export interface Violation {
  rule: string;
  level: "mandatory" | "advisory";
  urn: string;
  problem: string;
  remedy: string;
}

/** The problems that one rule finds in a resource. */
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
 * Whether an input has a value, known or unknown. In a preview, a rule that reads an unknown value
 * stops.
 */
export const given = (inputs: object | undefined, key: string): boolean =>
  inputs !== undefined && key in inputs;

/** The value of an input; undefined while it is unknown. */
export function known(inputs: Subject["inputs"] | undefined, key: string): unknown {
  try {
    return inputs?.[key];
  } catch {
    return undefined;
  }
}

/** The statements of a policy document. The AWS provider takes it as text or as an object. */
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

/** The default tags of an AWS provider. The engine has its inputs as JSON text. */
export function defaultTagsOf(provider: Record<string, unknown> = {}): Record<string, string> {
  const { defaultTags } = provider;
  const parsed = typeof defaultTags === "string" ? JSON.parse(defaultTags) : defaultTags;
  return parsed?.tags ?? {};
}
