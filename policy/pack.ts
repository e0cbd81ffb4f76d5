import { PolicyPack, type PolicyResource, type ResourceValidationArgs } from "@pulumi/policy";
import { defaultTagsOf, problemsOf, type Rule, type Subject } from "./rule.ts";
import { rules } from "./rules.ts";

new PolicyPack("platform", {
  enforcementLevel: "mandatory",
  policies: rules.map(policyOf),
});

function policyOf(rule: Rule) {
  const policy = {
    name: rule.name,
    description: `${rule.requirement}. ${rule.reason}.`,
    enforcementLevel: rule.level ?? "mandatory",
    remediationSteps: rule.remedy,
  };
  const sentence = (problem: string) => `It ${problem}. ${rule.remedy}.`;
  if (!rule.together) {
    return {
      ...policy,
      validateResource: (args: ResourceValidationArgs, report: (message: string) => void) => {
        const one = subjectOf(args);
        if (isPluginComponent(one)) return;
        for (const problem of problemsOf(rule, one, [one])) report(sentence(problem));
      },
    };
  }
  return {
    ...policy,
    validateStack: (
      { resources }: { resources: PolicyResource[] },
      report: (message: string, urn: string) => void,
    ) => {
      const subjects = resources.map((one) => subjectOf(one, one.dependencies));
      for (const one of subjects.filter((subject) => !isPluginComponent(subject))) {
        for (const problem of problemsOf(rule, one, subjects)) report(sentence(problem), one.urn);
      }
    },
  };
}

/** The engine gets no inputs of a plugin's component. The rules check the children instead. */
function isPluginComponent({ type }: Subject): boolean {
  return /^(eks|awsx):/.test(type);
}

function subjectOf(
  { urn, type, props, opts, provider }: ResourceValidationArgs | PolicyResource,
  dependencies: PolicyResource[] = [],
): Subject {
  return {
    urn,
    type,
    inputs: props,
    protect: opts.protect,
    defaultTags: defaultTagsOf(provider?.props),
    dependsOn: dependencies.map((one) => one.urn),
  };
}
