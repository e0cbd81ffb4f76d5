import { type Draft, emptyDraft, isClusterName, nameOf } from "../draft.ts";
import type { Imported, ImportOptions } from "../import-options.ts";
import { refusal } from "../refusal.ts";
import { leavesOf, nothingRuns, Report } from "../report.ts";
import { shown } from "../yaml-source.ts";
import type { CopilotApplication } from "./copilot-application.ts";
import { aliasesOf } from "./copilot-route.ts";
import { jobOf, serviceOf } from "./copilot-service.ts";
import { leaveIgnored } from "./ignored-keys.ts";
import { readManifests, type Workload } from "./manifests.ts";
import { declareTopics } from "./messages.ts";

/** Types that become a service or a job. */
const types: Record<string, "services" | "jobs"> = {
  "Load Balanced Web Service": "services",
  "Backend Service": "services",
  "Worker Service": "services",
  "Scheduled Job": "jobs",
};

/** Types that are left out by name, and what to do. */
const others: Record<string, string> = {
  "Request-Driven Web Service":
    "change its type to Load Balanced Web Service and import it again: a service with a route does the same",
  "Static Site": "Amazon S3 with CloudFront, or a service with a web server's image",
};

/**
 * The settings that a Copilot application becomes.
 *
 * @throws {PlanError} if there is no manifest, or one is no YAML or has a value that is not allowed
 */
export function importCopilot(path: string, options: ImportOptions): Imported {
  const source = readManifests(path, options);
  const report = new Report();
  const draft = emptyDraft();
  const app: CopilotApplication = {
    source,
    report,
    draft,
    options,
    names: new Map(),
    topics: new Map(),
    taken: new Set(),
  };
  const document: Record<string, unknown> = {};
  const kept = source.workloads.filter((workload) => {
    if (document[workload.name] !== undefined)
      throw refusal(workload.file, ["name"], workload.name, "a name that no other manifest has");
    document[workload.name] = workload.document;
    return keep(workload, app);
  });
  if (kept.every(({ manifest }) => types[manifest.type] === "jobs")) {
    throw nothingRuns(shown(path), report, "at least one service, also beside jobs");
  }
  if (isClusterName(source.application)) draft.clusterName = source.application;
  draft.domain = domainOf(kept);
  if (draft.domain && draft.domain.hostedZoneId === undefined) {
    const words = "with `hostedZoneId`, where the names are in Route 53 (docs/domains.md)";
    draft.decisions.push({ at: ["domain", "hostName"], words });
  }
  draft.decisions.push({
    at: ["nodes", "instanceTypes"],
    words:
      "Copilot builds for x86_64 unless told; where an image is for it alone: nodes.architecture amd64, and types of it",
  });
  declareTopics(kept, app);
  for (const workload of kept) {
    const group = types[workload.manifest.type] as "services" | "jobs";
    const name = app.names.get(workload.name) as string;
    const to = `${group}.${name}`;
    if (group === "jobs") draft.jobs[name] = jobOf(workload, to, app);
    else draft.services[name] = serviceOf(workload, to, app);
    report.carried([workload.name, "type"], to);
    if (name === workload.name) report.carried([workload.name, "name"], to);
    else report.changed([workload.name, "name"], to, "a name of 2 to 30 of a-z, 0-9 and single -");
    for (const environment of Object.keys(workload.manifest.environments ?? {})) {
      report.left(
        [workload.name, "environments", environment],
        "another environment is another stack",
        `--environment ${environment} --stack ${environment}`,
      );
    }
    leaveIgnored(leavesOf(workload.document), workload.name, report);
  }
  for (const workload of source.workloads) {
    for (const folder of workload.beside) {
      report.left(
        [workload.name, `<${folder}>`],
        folder === "addons"
          ? "templates of CloudFormation are not converted"
          : "changes of Copilot's templates are not converted",
        "`resources` of the kinds that the platform has, or a stack of CloudFormation of its own",
      );
    }
  }
  for (const folder of source.others) {
    report.left(
      [`<${folder}>`],
      "it is no service and no job",
      folder === "environments"
        ? "`network`, `domain` and `ingress` of the stack"
        : folder === "pipelines"
          ? "docs/delivery.md"
          : "`resources` of the kinds that the platform has",
    );
  }
  report.close(document);
  return { draft, report, document };
}

function keep(
  { name, manifest, file }: Workload,
  { report, names, taken }: CopilotApplication,
): boolean {
  const todo = others[manifest.type];
  if (todo !== undefined) {
    report.left([name], `the platform has no ${manifest.type}`, todo);
    return false;
  }
  if (types[manifest.type] === undefined) {
    throw refusal(
      file,
      ["type"],
      manifest.type,
      [...Object.keys(types), ...Object.keys(others)].join(", "),
    );
  }
  const platform = JSON.stringify(manifest.platform ?? "");
  if (/windows/i.test(platform)) {
    report.left([name], "nodes run Linux alone", "an image of Linux");
    return false;
  }
  const own = nameOf(name, taken);
  taken.add(own);
  names.set(name, own);
  return true;
}

const httpOf = ({ manifest }: Workload) =>
  manifest.type === "Load Balanced Web Service" && typeof manifest.http === "object"
    ? manifest.http
    : undefined;

/** Each name of the manifests, the first being the stack's; a name below another one needs no place of its own. */
function domainOf(workloads: Workload[]): Draft["domain"] {
  const all = workloads.flatMap((workload) => {
    const http = httpOf(workload);
    return aliasesOf(http?.alias).map(({ name, zone = http?.hosted_zone }) => ({
      hostName: name,
      ...(zone && { hostedZoneId: zone }),
    }));
  });
  const [first, ...more] = all.filter(
    ({ hostName }, at) =>
      all.findIndex((one) => one.hostName === hostName) === at &&
      !all.some((one) => hostName.endsWith(`.${one.hostName}`)),
  );
  return first && { ...first, ...(more.length > 0 && { additional: more }) };
}
