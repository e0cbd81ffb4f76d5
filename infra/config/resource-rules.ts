import { nearest } from "./known-names.ts";
import { type Access, linkRules, stemOf } from "./resource-schema.ts";
import type { Settings } from "./schema.ts";
import { own, rule } from "./setting-rule.ts";
import type { JobConfig, ServiceConfig } from "./workload-schema.ts";

/** What a service or a job asks of a resource, and what would be in its container twice. */
export const resourceRules = [
  rule(["services", "jobs", "resources"], ({ services, jobs, resources }) => [
    ...Object.keys(resources)
      .filter((name) => own(services, name) ?? own(jobs, name))
      .map(
        (name) => `resources.${name}: is the name of a service or a job too; allowed: another name`,
      ),
    ...workloadsOf({ services, jobs }).flatMap(([at, workload]) => [
      ...useProblems(at, workload.uses, resources),
      ...variableProblems(at, workload, resources),
    ]),
  ]),
  rule(["services", "resources", "pullRequests"], ({ services, pullRequests }) =>
    Object.entries(services).map(
      ([name, { uses, worker }]) =>
        pullRequests.environments > 0 &&
        // No environment has it.
        !worker &&
        Object.keys(uses).length > 0 &&
        `services.${name}.uses: is not allowed with pullRequests.environments, whose pods have no rights on AWS`,
    ),
  ),
];

const workloadsOf = ({
  services,
  jobs,
}: Pick<Settings, "services" | "jobs">): [at: string, ServiceConfig | JobConfig][] => [
  ...Object.entries(services).map(
    ([name, one]) => [`services.${name}`, one] as [string, typeof one],
  ),
  ...Object.entries(jobs).map(([name, one]) => [`jobs.${name}`, one] as [string, typeof one]),
];

function useProblems(
  at: string,
  uses: Record<string, Access>,
  resources: Settings["resources"],
): (string | false)[] {
  return Object.entries(uses).map(([name, access]) => {
    const resource = own(resources, name);
    if (!resource) {
      const known = Object.keys(resources);
      const allowed =
        known.length > 0
          ? `a resource such as ${nearest(name, known)}`
          : "a name of platform:resources, which has none";
      return `${at}.uses: ${name} is no resource; allowed: ${allowed}`;
    }
    const { accesses } = linkRules[resource.kind];
    return (
      !accesses.includes(access) &&
      `${at}.uses.${name}: ${access} is not allowed of a ${resource.kind}: ${accesses.join(", ")}`
    );
  });
}

/** Every variable has one source. */
function variableProblems(
  at: string,
  { uses, calls, environment, secrets }: ServiceConfig | JobConfig,
  resources: Settings["resources"],
): string[] {
  const ofUses = Object.keys(uses).flatMap((name) => {
    const resource = own(resources, name);
    const { variables, secrets } = resource
      ? linkRules[resource.kind]
      : { variables: [], secrets: [] };
    return [...variables, ...secrets].map((suffix) => ({ name, variable: stemOf(name) + suffix }));
  });
  const sources: [where: string, variables: string[]][] = [
    [`${at}.environment`, Object.keys(environment)],
    [`${at}.secrets`, Object.keys(secrets)],
    [
      `${at}.calls`,
      calls.flatMap((callee) => [`${stemOf(callee)}_URL`, `${stemOf(callee)}_ADDRESS`]),
    ],
  ];
  return ofUses.flatMap(({ name, variable }, index) => {
    const other = ofUses.slice(0, index).find((one) => one.variable === variable);
    return [
      ...sources
        .filter(([, variables]) => variables.includes(variable))
        .map(
          ([where]) =>
            `${at}.uses.${name}: gives ${variable}, which ${where} gives too; allowed: one of them`,
        ),
      ...(other
        ? [
            `${at}.uses.${name}: gives ${variable}, which ${at}.uses.${other.name} gives too; allowed: another name`,
          ]
        : []),
    ];
  });
}
