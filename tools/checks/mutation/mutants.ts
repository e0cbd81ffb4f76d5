import ts from "typescript";

/** One fault: the text from `start` to `end` becomes `text`. */
export interface Mutant {
  file: string;
  line: number;
  start: number;
  end: number;
  original: string;
  text: string;
}

/** Another value of the enum of AWS or Kubernetes that has this value. */
const otherEnumValues: Record<string, string> = {
  OVERWRITE: "NONE",
  DoNotSchedule: "ScheduleAnyway",
  ON_DEMAND: "SPOT",
  SPOT: "ON_DEMAND",
  RETAIN: "DELETE",
  required: "optional",
  enabled: "disabled",
  Restricted: "Baseline",
  restricted: "baseline",
  TCP: "UDP",
  UDP: "TCP",
  Average: "Minimum",
  Maximum: "Minimum",
  Sum: "SampleCount",
  missing: "notBreaching",
  breaching: "notBreaching",
  notBreaching: "breaching",
  Allow: "Deny",
  Deny: "Allow",
  Prefix: "Exact",
  IMMUTABLE: "MUTABLE",
  StringEquals: "StringLike",
  GreaterThanThreshold: "LessThanThreshold",
  LessThanThreshold: "GreaterThanThreshold",
  GreaterThanOrEqualToThreshold: "LessThanThreshold",
};

const operators = new Map<ts.SyntaxKind, string>([
  [ts.SyntaxKind.LessThanToken, "<="],
  [ts.SyntaxKind.LessThanEqualsToken, "<"],
  [ts.SyntaxKind.GreaterThanToken, ">="],
  [ts.SyntaxKind.GreaterThanEqualsToken, ">"],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, "!=="],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, "==="],
  [ts.SyntaxKind.AmpersandAmpersandToken, "||"],
  [ts.SyntaxKind.BarBarToken, "&&"],
  [ts.SyntaxKind.PlusToken, "-"],
  [ts.SyntaxKind.MinusToken, "+"],
  [ts.SyntaxKind.AsteriskToken, "/"],
  [ts.SyntaxKind.SlashToken, "*"],
]);

/** Methods that filter, order or restrict their value, and keep its type. */
const restrictingMethods = new Set(
  "filter sort toSorted slice trim toLowerCase min max int positive regex refine strict".split(" "),
);

/** Properties of a policy rule that are its tests. */
const testData = new Set(["good", "bad"]);

/** Whether a text is a message or a description, not a value. */
const isMessage = (text: string) => /\S \S+ \S/.test(text);

/** All faults that this tool can make in `source`, in the order of the text. */
export function mutantsOf(file: string, source: string): Mutant[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const found: Mutant[] = [];
  const replace = (start: number, end: number, text: string) => {
    const { line } = tree.getLineAndCharacterOfPosition(start);
    const original = source.slice(start, end);
    if (original !== text) found.push({ file, line: line + 1, start, end, original, text });
  };
  const change = (node: ts.Node, text: string) => replace(node.getStart(), node.end, text);
  const removeFrom = (list: ts.NodeArray<ts.Node>) => {
    for (const [at, node] of list.entries()) {
      const next = list[at + 1];
      const previous = list[at - 1];
      if (next) replace(node.getStart(), next.getStart(), "");
      else if (previous) replace(previous.end, node.end, "");
      else replace(node.getStart(), list.end, "");
    }
  };

  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isTypeNode(node)) return;
    if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
    if (ts.isPropertyAssignment(node) && testData.has(node.name.getText())) return;

    if (ts.isExpressionStatement(node) && !isSuper(node.expression)) change(node, ";");
    if (ts.isThrowStatement(node)) change(node, ";");
    if (ts.isIfStatement(node)) {
      if (!node.elseStatement) change(node, ";");
      change(node.expression, negated(node.expression));
    }
    if (ts.isReturnStatement(node) && !node.expression) change(node, ";");
    if (ts.isConditionalExpression(node)) change(node.condition, negated(node.condition));
    if (ts.isObjectLiteralExpression(node)) removeFrom(node.properties);
    if (ts.isArrayLiteralExpression(node)) removeFrom(node.elements);
    if (node.kind === ts.SyntaxKind.TrueKeyword) change(node, "false");
    if (node.kind === ts.SyntaxKind.FalseKeyword) change(node, "true");
    if (ts.isNumericLiteral(node) && !isKey(node)) {
      const value = Number(node.text);
      change(node, value === 0 ? "1" : String(value * 3));
      if (value !== 0) change(node, "0");
    }
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) {
      if (node.text !== "" && !isKey(node) && !isMessage(node.text)) {
        change(node, JSON.stringify(otherEnumValues[node.text] ?? ""));
      }
    }
    if (ts.isTemplateExpression(node) && !isMessage(node.getText())) {
      for (const part of [node.head, ...node.templateSpans.map(({ literal }) => literal)]) {
        if (part.text === "") continue;
        const from = part.getStart() + 1;
        const to = part.end - (part.kind === ts.SyntaxKind.TemplateTail ? 1 : 2);
        replace(from, to, "");
      }
    }
    if (ts.isBinaryExpression(node)) {
      const { operatorToken } = node;
      const other = operators.get(operatorToken.kind);
      if (other && !isText(node)) change(operatorToken, other);
      if (operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken) {
        change(node, node.right.getText());
      }
    }
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { expression, name } = node.expression;
      if (restrictingMethods.has(name.text)) replace(expression.end, node.end, "");
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found.sort((a, b) => a.start - b.start || a.end - b.end);
}

/** The source with the fault. */
export const withFault = (source: string, { start, end, text }: Mutant) =>
  source.slice(0, start) + text + source.slice(end);

/** Whether the source has valid syntax. Types are not checked. */
export function parses(file: string, source: string): boolean {
  const { diagnostics } = ts.transpileModule(source, {
    fileName: file,
    reportDiagnostics: true,
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext },
  });
  return !diagnostics?.length;
}

/** The name of a mutant in reports and in the list of equivalent mutants. It has no line number. */
export const keyOf = ({ file, original, text }: Pick<Mutant, "file" | "original" | "text">) =>
  `${file}: ${shown(original)} → ${shown(text)}`;

export const shown = (text: string) => {
  const line = text.replace(/\s+/g, " ").trim();
  return line === "" || line === ";" ? "nothing" : line;
};

const isSuper = (node: ts.Node) =>
  ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.SuperKeyword;

const negated = (node: ts.Expression) =>
  ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken
    ? node.operand.getText()
    : `!(${node.getText()})`;

/** Whether a node is the name of a property, not a value. */
const isKey = (node: ts.Node) =>
  (ts.isPropertyAssignment(node.parent) && node.parent.name === node) ||
  ts.isComputedPropertyName(node.parent) ||
  ts.isElementAccessExpression(node.parent) ||
  ts.isEnumMember(node.parent);

const isText = ({ left, right }: ts.BinaryExpression) =>
  [left, right].some((side) => ts.isStringLiteralLike(side) || ts.isTemplateExpression(side));
