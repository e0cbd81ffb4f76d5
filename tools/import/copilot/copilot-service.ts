import { compact, type Job, type Service } from "../draft.ts";
import type { Path } from "../report.ts";
import { secondsOf, within } from "../words.ts";
import type { CopilotApplication } from "./copilot-application.ts";
import { companions, storage } from "./copilot-companions.ts";
import { containerOf } from "./copilot-container.ts";
import { countOf } from "./copilot-count.ts";
import { healthOf } from "./copilot-health.ts";
import { protocolOf, routeOf } from "./copilot-route.ts";
import type { Workload } from "./manifests.ts";
import { publishing, subscribing } from "./messages.ts";
import { scheduleOf } from "./schedule.ts";

/** Milli-CPUs of Fargate's units, of which 1024 are a core. */
const coresOf = (units: number | string) =>
  within(Math.round((Number(units) * 1000) / 1024), 10, 64_000);

/** What a service and a job have alike. Tells the report. */
function common(workload: Workload, to: string, app: CopilotApplication) {
  const { name, manifest } = workload;
  const { report, draft } = app;
  const at: Path = [name];
  const converted = containerOf(manifest, { workload, at, to, app });
  const { container } = converted;
  if (manifest.cpu !== undefined) {
    container.cpuMillicores = coresOf(manifest.cpu);
    if (container.cpuMillicores > 1000) container.cpuLimitMillicores = container.cpuMillicores;
    report.carried([name, "cpu"], `${to}.cpuMillicores`);
  }
  if (manifest.memory !== undefined) {
    container.memoryMiB = within(Number(manifest.memory), 16, 65_536);
    report.carried([name, "memory"], `${to}.memoryMiB`);
  }
  if (manifest.platform !== undefined) {
    const text =
      typeof manifest.platform === "string"
        ? manifest.platform
        : `linux/${manifest.platform.architecture}`;
    if (/x86_64|amd64/.test(text)) draft.architecture = "amd64";
    report.carried([name, "platform"], "nodes.architecture");
  }
  const stored = storage(workload, to, app);
  const { sidecars, before } = companions(workload, to, stored.scratch, app);
  const [published, received] = [publishing(workload, app), subscribing(workload, app)];
  container.environment = {
    ...container.environment,
    ...published.environment,
    ...received.environment,
  };
  container.writable = stored.writable;
  const uses = { ...stored.uses, ...published.uses, ...received.uses };
  return { ...converted, container, sidecars, before, uses, queue: received.queue };
}

export function jobOf(workload: Workload, to: string, app: CopilotApplication): Job {
  const { name, manifest } = workload;
  const { report } = app;
  const { container, sidecars, before, uses } = common(workload, to, app);
  const given = manifest.on?.schedule ?? "none";
  const schedule = scheduleOf(given);
  const path = [name, "on", "schedule"];
  if (schedule === given) report.carried(path, `${to}.schedule`);
  else if (schedule !== undefined)
    report.changed(path, `${to}.schedule`, "as Kubernetes writes it");
  else if (given === "none") report.carried(path, "a job without a schedule runs by hand");
  else report.left(path, "Kubernetes has no such schedule", `${to}.schedule`);
  const retries = manifest.retries === undefined ? 0 : within(Number(manifest.retries), 0, 10);
  if (manifest.retries !== undefined) report.carried([name, "retries"], `${to}.retries`);
  const deadline = manifest.timeout === undefined ? undefined : secondsOf(manifest.timeout);
  if (manifest.timeout !== undefined) report.carried([name, "timeout"], `${to}.deadlineSeconds`);
  return compact<Job>({
    ...container,
    ...{ sidecars, before, uses, calls: callsOf(workload, app) },
    ...(schedule && { schedule }),
    retries,
    ...(deadline && { deadlineSeconds: within(deadline, 1, 604_800) }),
  });
}

export function serviceOf(workload: Workload, to: string, app: CopilotApplication): Service {
  const { name, manifest } = workload;
  const { report, draft } = app;
  const { container, exposed, sidecars, before, uses, queue, calls } = common(workload, to, app);
  const web = manifest.type === "Load Balanced Web Service" && manifest.http !== false;
  const http = typeof manifest.http === "object" ? manifest.http : {};
  const given =
    Number(http.target_port ?? manifest.image?.port) || exposed[0] || (web ? 80 : undefined);
  const listens = manifest.type !== "Worker Service" && given !== undefined;
  const port = listens
    ? exposed.length > 0 && !exposed.includes(given)
      ? exposed[0]
      : given
    : undefined;
  if (manifest.image?.port !== undefined) {
    if (port === Number(manifest.image.port)) report.carried([name, "image", "port"], `${to}.port`);
    else report.left([name, "image", "port"], "a service has one port", `${to}.port is ${port}`);
  }
  if (http.target_port !== undefined && port === Number(http.target_port))
    report.carried([name, "http", "target_port"], `${to}.port`);
  if (manifest.type === "Load Balanced Web Service" && manifest.http === false)
    report.carried([name, "http"], "no route");
  const protocol = protocolOf(workload, web, port, app, to);
  const route = web && port !== undefined ? routeOf(workload, app, to) : undefined;
  const health = healthOf(workload, { web, port }, app, to);
  const drain =
    http.deregistration_delay === undefined ? undefined : secondsOf(http.deregistration_delay);
  if (drain !== undefined && web)
    report.carried([name, "http", "deregistration_delay"], `${to}.drainSeconds`);
  const counted = countOf(workload, { routed: route !== undefined, queue }, app, to);
  const called = [...new Set([...calls, ...callsOf(workload, app)])];
  if (called.length > 0)
    draft.decisions.push({
      at: [...to.split("."), "calls"],
      words: "Copilot lets each reach all; name only those that it calls",
    });
  return compact<Service>({
    ...container,
    ...{ sidecars, before, uses, calls: called },
    ...(port === undefined ? { worker: true } : { port }),
    ...(protocol !== "http" && { protocol }),
    ...(route && { route }),
    ...(health && { health }),
    ...(drain && web && { drainSeconds: within(drain, 5, 900) }),
    ...counted,
  });
}

/** Copilot lets every workload reach every Backend Service; nobody else here has callers. */
function callsOf(
  { name, manifest }: Workload,
  { source, names, report }: CopilotApplication,
): string[] {
  const connect = manifest.network?.connect;
  if (connect !== undefined)
    report.changed(
      [name, "network", "connect"],
      "calls",
      "a service is called by its name, and only by those that name it",
    );
  if (connect === false) return [];
  return source.workloads
    .filter((one) => one.name !== name && one.manifest.type === "Backend Service" && hasPort(one))
    .flatMap((one) => names.get(one.name) ?? []);
}

const hasPort = ({ manifest }: Workload) => manifest.image?.port !== undefined;
