import { defaultTagsOf, type Violation, violationsOf } from "../../policy/rule.ts";
import { rules } from "../../policy/rules.ts";
import type { Resource } from "../graph/resource.ts";
import { budgetViolations } from "./cost/budget.ts";

/**
 * Finds the violations of the policy pack in the planned resources. It checks the inputs of a plugin's
 * component. The engine also checks the children. A passed budget is one too, which the engine does not see.
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
  return [...violationsOf(rules, subjects, now), ...budgetViolations(resources)];
}
