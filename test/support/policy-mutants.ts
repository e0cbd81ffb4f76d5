import type { PolicyDocument, Statement } from "../../infra/cluster/policy-document.ts";
import type { Role } from "../../tools/graph/roles.ts";

export interface Mutant {
  change: string;
  mutant: Role;
  /** Whether the change can affect requests for an action. */
  concerns: (action: string) => boolean;
}

export const listOf = <T>(value: T | T[] | undefined): T[] =>
  value === undefined ? [] : ([value].flat() as T[]);

/**
 * The role with one change each: without a condition, with all resources, without an action, without a policy of
 * AWS. The trust policy gets the same changes.
 */
export function* mutantsOf(role: Role): Generator<Mutant> {
  if (role.trust !== "[secret]") {
    for (const [change, trust] of changesOf(role.trust)) {
      yield { change: `trust ${change}`, mutant: { ...role, trust }, concerns: () => false };
    }
  }
  for (const [at, policy] of role.policies.entries()) {
    const replaced = (...by: typeof role.policies) => ({
      ...role,
      policies: role.policies.toSpliced(at, 1, ...by),
    });
    if ("arn" in policy) {
      yield { change: `without ${policy.arn}`, mutant: replaced(), concerns: () => true };
    } else if (policy.document !== "[secret]") {
      for (const [change, document, actions] of changesOf(policy.document)) {
        yield {
          change,
          mutant: replaced({ ...policy, document }),
          concerns: (action) => actions.includes(action),
        };
      }
    }
  }
}

function* changesOf(
  document: PolicyDocument,
): Generator<[change: string, PolicyDocument, actions: string[]]> {
  for (const [at, statement] of document.Statement.entries()) {
    const name = statement.Sid ?? `statement ${at + 1}`;
    const changed = (change: Partial<Statement>): PolicyDocument => ({
      ...document,
      Statement: document.Statement.with(at, { ...statement, ...change }),
    });
    const actions = listOf(statement.Action);
    for (const [operator, tests] of Object.entries(statement.Condition ?? {})) {
      for (const key of Object.keys(tests)) {
        const { [key]: _, ...rest } = tests;
        yield [
          `${name} without ${operator} ${key}`,
          changed({ Condition: { ...statement.Condition, [operator]: rest } }),
          actions,
        ];
      }
    }
    for (const resource of listOf(statement.Resource).filter((one) => one !== "*")) {
      const wider = listOf(statement.Resource).map((one) => (one === resource ? "*" : one));
      yield [`${name} on * for ${resource}`, changed({ Resource: wider }), actions];
    }
    for (const action of actions) {
      const fewer = actions.filter((one) => one !== action);
      yield [
        `${name} without ${action}`,
        fewer.length > 0
          ? changed({ Action: fewer })
          : { ...document, Statement: document.Statement.toSpliced(at, 1) },
        [action],
      ];
    }
  }
}
