import { defaultTagsOf, type Violation, violationsOf } from "../../policy/rule.ts";
import { rules } from "../../policy/rules.ts";
import type { Resource } from "../graph/resource.ts";

/**
 * What the policy pack says of the planned resources. Of a component that a plugin makes it sees
 * what was asked, and in the engine also what was made.
 */
export function policyViolations(resources: Resource[], now = new Date()): Violation[] {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const subjects = resources.map(({ urn, type, inputs, protect, provider, dependsOn }) => {
    const aws = [provider ?? []]
      .flat()
      .map((one) => byUrn.get(one))
      .find((one) => one?.type === "pulumi:providers:aws");
    return { urn, type, inputs, protect, dependsOn, defaultTags: defaultTagsOf(aws?.inputs) };
  });
  return violationsOf(rules, subjects, now);
}
