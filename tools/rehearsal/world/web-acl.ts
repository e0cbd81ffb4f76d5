import type { Props } from "./world.ts";

/** The parts of a request that size rules inspect. */
export interface SizedRequest {
  host: string;
  path: string;
  queryBytes?: number;
  cookieBytes?: number;
  bodyBytes?: number;
}

type Statement = Record<string, Props>;

/** "Considerations for managing body inspection": fixed for an Application Load Balancer. */
const inspectedBytes = 8192;

/** AWS WAF Developer Guide, "Baseline rule groups", core rule set: the rules about sizes. */
const coreRuleSet: Record<string, (request: SizedRequest) => boolean> = {
  SizeRestrictions_QUERYSTRING: ({ queryBytes = 0 }) => queryBytes > 2048,
  SizeRestrictions_Cookie_HEADER: ({ cookieBytes = 0 }) => cookieBytes > 10_240,
  SizeRestrictions_BODY: ({ bodyBytes = 0 }) => bodyBytes > 8192,
  SizeRestrictions_URIPATH: ({ path }) => Buffer.byteLength(path) > 1024,
};
const managed: Record<string, typeof coreRuleSet> = {
  AWSManagedRulesCommonRuleSet: coreRuleSet,
  AWSManagedRulesAmazonIpReputationList: {},
  AWSManagedRulesKnownBadInputsRuleSet: {},
};

/**
 * The rule of a web ACL that blocks a request for its size, as `rule` or `group/rule`. Returns undefined
 * if the request passes. Ignores rate limits.
 *
 * @throws {Error} for an unknown statement
 */
export function blockedBy(acl: Props, request: SizedRequest): string | undefined {
  const rules = [...(acl.rules as Props[])].sort((a, b) => a.priority - b.priority);
  for (const { name, action, overrideAction, statement } of rules) {
    const group = statement.managedRuleGroupStatement;
    if (group) {
      if (overrideAction?.count) continue;
      const rule = blockingRule(group, request);
      if (rule) return `${group.name}/${rule}`;
    } else if (matches(statement, request)) {
      if (action?.block) return name;
      if (action?.allow) return undefined;
    }
  }
  return acl.defaultAction.block ? "default" : undefined;
}

function blockingRule(group: Props, request: SizedRequest): string | undefined {
  const rules = managed[group.name];
  if (!rules) throw new Error(`the rules of ${group.name} are not known`);
  const overrides: Props[] = group.ruleActionOverrides ?? [];
  return Object.keys(rules).find((rule) => {
    const override = overrides.find(({ name }) => name === rule);
    return rules[rule]?.(request) && (!override || override.actionToUse.block);
  });
}

function matches(statement: Statement, request: SizedRequest): boolean {
  const [kind = "", ...others] = Object.keys(statement).filter((key) => statement[key]);
  const given = statement[kind] ?? {};
  if (others.length > 0) throw new Error(`a statement must have one kind, not ${kind}, ${others}`);
  switch (kind) {
    case "rateBasedStatement":
      return false;
    case "andStatement":
      return several(given).every((one) => matches(one, request));
    case "orStatement":
      return several(given).some((one) => matches(one, request));
    case "notStatement":
      return !matches(given.statement, request);
    case "sizeConstraintStatement":
      return isOfSize(given, request);
    case "regexMatchStatement":
      return new RegExp(given.regexString).test(textOf(given, request));
    default:
      throw new Error(`${kind} is not known`);
  }
}

/** AWS WAF API, AndStatement and OrStatement: at least two statements. */
function several({ statements }: Props): Statement[] {
  if (statements.length < 2) {
    throw new Error(
      "WAFInvalidParameterException: Error reason: You have used none or multiple values for a field that requires exactly one value",
    );
  }
  return statements;
}

/** AWS WAF measures only the inspected part of a body. */
function isOfSize(given: Props, { bodyBytes = 0 }: SizedRequest): boolean {
  const { comparisonOperator, size, fieldToMatch } = given;
  if (comparisonOperator !== "GT" || !fieldToMatch.body) {
    throw new Error(`size ${comparisonOperator} of ${Object.keys(fieldToMatch)} is not known`);
  }
  const { oversizeHandling } = fieldToMatch.body;
  if (bodyBytes > inspectedBytes && oversizeHandling !== "CONTINUE") {
    return oversizeHandling === "MATCH";
  }
  return Math.min(bodyBytes, inspectedBytes) > size;
}

function textOf({ fieldToMatch, textTransformations }: Props, request: SizedRequest): string {
  const text = fieldToMatch.uriPath
    ? request.path
    : fieldToMatch.singleHeader?.name === "host"
      ? request.host
      : undefined;
  if (text === undefined) throw new Error(`${Object.keys(fieldToMatch)} is not known`);
  const lower = (textTransformations as Props[]).some(({ type }) => type === "LOWERCASE");
  return lower ? text.toLowerCase() : text;
}
