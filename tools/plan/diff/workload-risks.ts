import { kindOf, labelOf } from "../../graph/labels.ts";
import { addressOf, aliasedBy, manifestsOf } from "../../graph/manifests.ts";
import type { Resource } from "../../graph/resource.ts";
import { amber, type Difference, type Risk, red } from "./difference-model.ts";

type Changes = Pick<Difference, "changed" | "replaced">;

/** The risks of a change for services, jobs and their calls. */
export function workloadRisks(difference: Changes, from: Resource[], to: Resource[]): Risk[] {
  return [
    ...difference.replaced.flatMap(replacementRisks),
    ...difference.changed.flatMap(changeRisks),
    ...callRisks(from, to),
  ];
}

function replacementRisks(one: Difference["replaced"][number]): Risk[] {
  const kind = kindOf(one);
  const bySelector = one.because.startsWith("spec.selector");
  if (["Deployment", "StatefulSet", "DaemonSet", "Job"].includes(kind) && bySelector) {
    return [red(`${labelOf(one)} is replaced with all its pods: a selector cannot change`)];
  }
  return kind === "Job"
    ? [amber(`${labelOf(one)} runs again: it must bear what it has done already`)]
    : [];
}

function changeRisks(one: Difference["changed"][number]): Risk[] {
  const kind = kindOf(one);
  const policy = one.changes.find(({ path }) => path === "spec.concurrencyPolicy")?.to;
  if (kind === "CronJob" && policy === "Allow") {
    return [amber(`${labelOf(one)} may run more than once at a time`)];
  }
  if (kind === "CronJob" && policy === "Replace") {
    return [amber(`${labelOf(one)}: a run that is due ends the one before`)];
  }
  return [];
}

/** Removed services and changed ports that callers still use. */
function callRisks(from: Resource[], to: Resource[]): Risk[] {
  const [before, after] = [servicesOf(from), servicesOf(to)];
  return [...before].flatMap(([address, old]) => {
    const now = after.get(address);
    const callers = (names: Map<string, Service>) =>
      [...names.values()]
        .filter(({ leadsTo }) => leadsTo === address)
        .map(({ namespace }) => namespace)
        .sort()
        .join(", ");
    const [called, stillCalled] = [callers(before), callers(after)];
    if (!now) return stillCalled ? [red(`${old.label} goes, which ${stillCalled} still call`)] : [];
    return called && now.ports !== old.ports
      ? [
          red(
            `${now.label} answers at port ${now.ports}, no longer at ${old.ports}, where ${called} call it`,
          ),
        ]
      : [];
  });
}

interface Service {
  label: string;
  namespace: string;
  ports: string;
  /** The target of an ExternalName. */
  leadsTo: string | undefined;
}

/** By address, which does not depend on logical names. */
function servicesOf(resources: Resource[]): Map<string, Service> {
  const services = resources.filter(({ type }) => type === "kubernetes:core/v1:Service");
  return new Map(
    services.flatMap((resource) =>
      manifestsOf([resource]).map((manifest) => {
        const ports: { port: number }[] = manifest.spec?.ports ?? [];
        return [
          addressOf(manifest),
          {
            label: labelOf(resource),
            namespace: manifest.metadata.namespace ?? "default",
            ports: ports.map(({ port }) => port).join(", "),
            leadsTo: aliasedBy(manifest),
          },
        ];
      }),
    ),
  );
}
