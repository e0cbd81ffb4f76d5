import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "mocha";
import { instanceType } from "../infra/cluster/instance-types.ts";
import { titleProblem } from "../tools/checks/compliance/titles.ts";
import { evaluate } from "../tools/graph/evaluate.ts";
import type { Evaluation } from "../tools/graph/resource.ts";

const text = readFileSync("docs/first-up.md", "utf8");
const cellsOf = (line: string) => line.split(/(?<!\\) \| /).map((cell) => cell.trim());
/** The rows of the tables in a section, without their headings. */
const rowsOf = (section: string) =>
  (text.split(`\n## ${section}\n`)[1]?.split("\n## ")[0] ?? "")
    .split("\n")
    .filter((line) => line.startsWith("| ") && !/^\| (---|step|of) \|/.test(line))
    .map((line) => cellsOf(line.slice(2, -2)));
const steps = ["Before", "While it comes up", "After it"].flatMap(rowsOf);
const assumptions = rowsOf("What the program assumes");

/** `aws:eks/addon:Addon` as the SDKs name it: `aws.eks.Addon`. */
function nameOf(type: string): string {
  const [provider, module = "", name] = type.split(":");
  return `${provider}.${module.split("/")[0]}.${name}`;
}

/** What of a stack's own types no row names, and what is named and in no stack. */
function unread(types: string[], named: string[]): string[] {
  const made = new Set(types.filter((type) => !/^(platform|pulumi):/.test(type)).map(nameOf));
  return [
    ...[...made].filter((type) => !named.includes(type)).map((type) => `no row: ${type}`),
    ...named.filter((type) => !made.has(type)).map((type) => `in no stack: ${type}`),
  ];
}

describe("docs/first-up.md", () => {
  let stacks: Record<"dev" | "prod", Evaluation>;
  before(async () => {
    stacks = { dev: await evaluate("dev"), prod: await evaluate("prod") };
  });
  const named = assumptions.flatMap(([of = ""]) =>
    [...of.matchAll(/`([^`]+)`/g)].map(([, type = ""]) => type),
  );

  it("has a row for every type of resource that reaches AWS, Kubernetes or a registry", () => {
    const types = Object.values(stacks).flatMap(({ resources }) =>
      resources.map(({ type }) => type),
    );
    // No stack asks for spare capacity, which has a priority class, for a NAT instance or for EKS Pod Identity.
    const optional = [
      "kubernetes:scheduling.k8s.io/v1:PriorityClass",
      "aws:autoscaling/group:Group",
      "aws:eks/podIdentityAssociation:PodIdentityAssociation",
      "aws:ec2/networkInterface:NetworkInterface",
      "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    ];
    assert.deepEqual(unread([...types, ...optional], named), []);
    assert.deepEqual(unread(["aws:eks/addon:Addon"], []), ["no row: aws.eks.Addon"]);
    assert.deepEqual(unread([], ["aws.eks.Addon"]), ["in no stack: aws.eks.Addon"]);
  });

  it("names for each assumption its source, a test that is there, and a step", () => {
    assert.ok(assumptions.length > 20);
    for (const [of = "", assumption = "", source = "", heldBy = ""] of assumptions) {
      assert.ok(assumption && source, of);
      const tests = [...heldBy.matchAll(/\]\(\.\.\/(test\/\S+) "([^"]+)"\)/g)];
      assert.ok(tests.length > 0, of);
      for (const [, file = "", title = ""] of tests) {
        assert.equal(titleProblem(file, title), undefined);
      }
      const numbers = (/steps? ([\d, ]+)$/.exec(heldBy)?.[1] ?? "").split(", ");
      for (const number of numbers) {
        assert.ok(
          steps.some(([step]) => step === number),
          `${of}: step ${number}`,
        );
      }
    }
  });

  it("has steps in order, each with a command, what it shows, and what to do else", () => {
    assert.deepEqual(
      steps.map(([step]) => Number(step)),
      steps.map((_, at) => at + 1),
    );
    for (const [step, look = "", expected = "", otherwise = ""] of steps) {
      assert.match(look, /`[^`]+`/, `step ${step}`);
      assert.ok(expected && otherwise, `step ${step}`);
    }
  });

  it("asks for the quotas that both stacks need", () => {
    const of = (stack: "dev" | "prod", type: string) =>
      stacks[stack].resources.filter((resource) => resource.type === type);
    const needs = (stack: "dev" | "prod") => {
      const [nodes] = of(stack, "aws:eks/nodeGroup:NodeGroup");
      const { scalingConfig, instanceTypes, subnetIds } = nodes?.inputs ?? {};
      // An update of the group starts up to two nodes more in each zone.
      const most = scalingConfig.maxSize + 2 * subnetIds.length;
      return most * Math.max(...instanceTypes.map((type: string) => instanceType(type)?.vcpus));
    };
    const addresses = (stack: "dev" | "prod") => {
      return of(stack, "aws:ec2/eip:Eip").length;
    };
    const [dev, prod] = [needs("dev"), needs("prod")];
    const expected = (code: string) => steps.find(([, look]) => look?.includes(code))?.[2] ?? "";
    assert.equal(
      expected("L-1216C47A"),
      `vCPUs: on demand for prod ${prod}, on Spot for dev ${dev}`,
    );
    assert.equal(
      expected("L-0263D0A3"),
      `elastic addresses: dev ${addresses("dev")}, prod ${addresses("prod")}, and those in use`,
    );
  });
});
