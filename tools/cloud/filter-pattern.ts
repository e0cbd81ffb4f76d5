type Matches = (event: unknown) => boolean;

const token = /\s*(\$(?:\.[\w-]+|\[(?:\d+|\*)\])+|"[^"]*"|[\w*]+|&&|\|\||[{}()=])\s*/y;
const mostWildcards = 3;
const invalid = () => new Error("Invalid filter pattern");

/**
 * Which events a JSON filter pattern of CloudWatch Logs matches: comparisons by `=`, with `&&`, `||`
 * and parentheses; `[*]` is any element. Throws on what CloudWatch Logs refuses, and on numbers, regular
 * expressions, `IS` and `NOT EXISTS`, which it does not know.
 *
 * CloudWatch Logs User Guide, "Using filter patterns to match terms in JSON log events".
 */
export function filterPattern(pattern: string): Matches {
  const tokens = tokensOf(pattern);
  const take = (expected: string) => {
    if (tokens.shift() !== expected) throw invalid();
  };
  const joined = (operator: string, operand: () => Matches): Matches[] => {
    const operands = [operand()];
    while (tokens[0] === operator) {
      tokens.shift();
      operands.push(operand());
    }
    return operands;
  };
  const any = (): Matches => {
    const operands = joined("||", all);
    return (event) => operands.some((matches) => matches(event));
  };
  const all = (): Matches => {
    const operands = joined("&&", one);
    return (event) => operands.every((matches) => matches(event));
  };
  const one = (): Matches => {
    if (tokens[0] !== "(") return comparison();
    take("(");
    const inner = any();
    take(")");
    return inner;
  };
  const comparison = (): Matches => {
    const selector = tokens.shift() ?? "";
    take("=");
    const value = tokens.shift() ?? "";
    if (!selector.startsWith("$") || !/^["\w*]/.test(value)) throw invalid();
    const parts = partsOf(selector);
    const text = matcherOf(value);
    return (event) => selected(event, parts).some((leaf) => text.test(leaf));
  };
  take("{");
  const matches = any();
  take("}");
  if (tokens.length > 0) throw invalid();
  return matches;
}

function tokensOf(pattern: string): string[] {
  const tokens: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < pattern.length) {
    const found = token.exec(pattern)?.[1];
    if (found === undefined) throw invalid();
    tokens.push(found);
  }
  const wildcards = tokens.map((one) => (one.startsWith("$") ? one.split("[*]").length - 1 : 0));
  if (wildcards.some((count) => count > 1)) throw invalid();
  if (wildcards.reduce((sum, count) => sum + count, 0) > mostWildcards) throw invalid();
  return tokens;
}

function partsOf(selector: string): string[] {
  return selector.match(/[\w-]+|\*/g) ?? [];
}

function matcherOf(value: string): RegExp {
  const literal = value.replace(/^"|"$/g, "").replace(/[.+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${literal.replaceAll("*", ".*")}$`, "s");
}

/** The values that a selector points to; an array or an object is none. */
function selected(value: unknown, [part, ...rest]: string[]): string[] {
  if (part === undefined) return value === null || typeof value === "object" ? [] : [`${value}`];
  if (value === null || typeof value !== "object") return [];
  const fields = part === "*" ? Object.values(value) : [(value as Record<string, unknown>)[part]];
  return fields.flatMap((field) => (field === undefined ? [] : selected(field, rest)));
}
