import { nearest, regions } from "./known-names.ts";
import {
  type Access,
  folderOf,
  linkRules,
  type ResourceConfig,
  stemOf,
  suffixesOf,
  type TableConfig,
} from "./resource-schema.ts";
import type { Settings } from "./schema.ts";
import { own, rule, workloadsOf } from "./setting-rule.ts";
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
      ...("scale" in workload ? scaleProblems(at, workload, resources) : []),
      ...mountProblems(at, workload, resources),
    ]),
  ]),
  rule(["resources"], ({ resources }) =>
    Object.entries(resources).flatMap(([name, resource]) => {
      const at = `resources.${name}`;
      if (resource.kind === "table") return keyProblems(at, resource);
      return resource.kind === "topic" ? deliveryProblems(at, resource.deliverTo, resources) : [];
    }),
  ),
  rule(["environment", "backups"], ({ environment, backups: { enabled, retentionDays } }) => [
    environment === "production" &&
      !enabled &&
      "backups.enabled: false is not allowed in production",
    environment === "production" &&
      retentionDays < 7 &&
      `backups.retentionDays: ${retentionDays} is not allowed in production: at least 7`,
  ]),
  rule(["region", "backups"], ({ region, backups: { copyToRegion } }) => [
    copyToRegion !== undefined &&
      !regions.has(copyToRegion) &&
      `backups.copyToRegion: ${copyToRegion} is not known; allowed: ${nearest(copyToRegion, regions)}`,
    copyToRegion === region &&
      `backups.copyToRegion: ${copyToRegion} is the stack's own region; allowed: another one`,
  ]),
];

/** Each attribute has one type, and no key has one twice. */
function keyProblems(at: string, { partitionKey, sortKey, indexes }: TableConfig): string[] {
  const keys = [
    { at, partitionKey, sortKey },
    ...Object.entries(indexes).map(([name, keys]) => ({ at: `${at}.indexes.${name}`, ...keys })),
  ];
  const attributes = keys.flatMap(({ at, partitionKey, sortKey = "" }) =>
    [
      { at: `${at}.partitionKey`, key: partitionKey },
      { at: `${at}.sortKey`, key: sortKey },
    ]
      .filter(({ key }) => key !== "")
      .map(({ at, key }) => ({ at, name: nameOf(key), type: key.split(":")[1] ?? "S" })),
  );
  return [
    ...keys
      .filter(({ partitionKey, sortKey = "" }) => nameOf(partitionKey) === nameOf(sortKey))
      .map(
        ({ at, sortKey }) =>
          `${at}.sortKey: ${sortKey} is its partitionKey too; allowed: another attribute`,
      ),
    ...attributes.flatMap(({ at, name, type }, index) => {
      const first = attributes.slice(0, index).find((one) => one.name === name);
      return first && first.type !== type
        ? [`${at}: ${name} has type ${type}, and ${first.type} in ${first.at}; allowed: one type`]
        : [];
    }),
  ];
}

const nameOf = (key: string) => key.split(":")[0];

/** Amazon SNS Developer Guide: a standard topic does not deliver to FIFO queues. */
function deliveryProblems(
  at: string,
  deliverTo: string[],
  resources: Settings["resources"],
): (string | false)[] {
  return deliverTo.flatMap((name, index) => {
    const queue = own(resources, name);
    if (queue?.kind !== "queue") {
      return [`${at}.deliverTo: ${name} is no queue; allowed: ${queueOf(name, resources)}`];
    }
    return [
      deliverTo.indexOf(name) < index && `${at}.deliverTo: ${name} is named twice`,
      queue.fifo &&
        `${at}.deliverTo: ${name} has fifo true, and a topic keeps no order; allowed: a queue with fifo false`,
    ];
  });
}

/** A queue that may be meant. */
function queueOf(name: string, resources: Record<string, ResourceConfig>): string {
  const queues = Object.entries(resources).flatMap(([one, { kind }]) =>
    kind === "queue" ? [one] : [],
  );
  return queues.length > 0
    ? `a queue such as ${nearest(name, queues)}`
    : "a queue of platform:resources, which has none";
}

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
    const { accesses, because } = linkRules[resource.kind];
    return (
      !accesses.includes(access) &&
      `${at}.uses.${name}: ${access} is not allowed of a ${resource.kind}: ${accesses.join(", ")}${because ? `, because ${because}` : ""}`
    );
  });
}

/** The number of pods follows a queue that they receive from. */
function scaleProblems(
  at: string,
  { scale, uses }: Pick<ServiceConfig, "scale" | "uses">,
  resources: Settings["resources"],
): (string | false)[] {
  if (!scale?.queue) return [];
  const { name, resource } = scale.queue;
  const key = `${at}.scale.queue`;
  if (resource === undefined) {
    return [name === undefined && `${key}: names no queue; allowed: name or resource`];
  }
  if (own(resources, resource)?.kind !== "queue") {
    return [`${key}.resource: ${resource} is no queue; allowed: ${queueOf(resource, resources)}`];
  }
  return [
    name !== undefined &&
      `${key}.resource: ${resource} is beside name ${name}; allowed: one of them`,
    !["read", "readWrite"].includes(own(uses, resource) ?? "") &&
      `${key}.resource: ${resource} is not received from; allowed: ${at}.uses.${resource} read or readWrite`,
  ];
}

/** Every variable has one source. */
function variableProblems(
  at: string,
  { uses, calls, environment, secrets }: ServiceConfig | JobConfig,
  resources: Settings["resources"],
): string[] {
  const ofUses = Object.keys(uses).flatMap((name) => {
    const resource = own(resources, name);
    const suffixes = resource ? suffixesOf(resource.kind) : [];
    return suffixes.map((suffix) => ({ name, variable: stemOf(name) + suffix }));
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

/** Two volumes cannot be at one path, nor one in what another hides. */
function mountProblems(
  at: string,
  { uses, writable }: ServiceConfig | JobConfig,
  resources: Settings["resources"],
): string[] {
  return Object.keys(uses)
    .filter((name) => own(resources, name)?.kind === "files")
    .flatMap((name) =>
      Object.keys(writable)
        .filter((path) => `${path}/`.startsWith(`${folderOf(name)}/`) || path === "/mnt")
        .map(
          (path) =>
            `${at}.writable: ${path} is where ${at}.uses.${name} is mounted; allowed: another folder`,
        ),
    );
}
