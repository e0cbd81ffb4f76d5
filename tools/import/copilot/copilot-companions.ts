import { folderOf } from "../../../infra/config/resource-schema.ts";
import { nameOf, type Service } from "../draft.ts";
import type { Path } from "../report.ts";
import type { CopilotApplication } from "./copilot-application.ts";
import { containerOf } from "./copilot-container.ts";
import { containerCheck } from "./copilot-health.ts";
import type { Workload } from "./manifests.ts";

/** MiB of a folder whose size nothing says. */
const writableMiB = 1024;

export function storage({ name, manifest }: Workload, to: string, app: CopilotApplication) {
  const { report, draft, taken } = app;
  const writable: Record<string, number> = {};
  const uses: NonNullable<Service["uses"]> = {};
  const scratch = new Set<string>();
  const below: Path = [name, "storage"];
  const readonly = (manifest.storage as { readonly_fs?: unknown } | undefined)?.readonly_fs;
  if (readonly !== undefined)
    report.carried([...below, "readonly_fs"], "every file system is read-only but for `writable`");
  for (const [volume, { path = "", efs, read_only: readOnly = true }] of Object.entries(
    manifest.storage?.volumes ?? {},
  )) {
    const at = [...below, "volumes", volume];
    const ids = typeof efs === "object" ? efs : undefined;
    if (ids?.id !== undefined) {
      report.left(
        at,
        "a file system of another stack is not mounted",
        `bring the files to \`resources\` of kind files`,
      );
    } else if (efs) {
      const resource = nameOf(volume, taken);
      taken.add(resource);
      draft.resources[resource] = {
        kind: "files",
        ...(Number(ids?.uid) > 0 && { user: Number(ids?.uid) }),
        ...(Number(ids?.gid) > 0 && { group: Number(ids?.gid) }),
      };
      uses[resource] = readOnly ? "read" : "readWrite";
      const words = `the files of ${path} are in ${folderOf(resource)}: let the program use that folder`;
      draft.decisions.push({ at: to.split("."), words });
      report.changed(
        at,
        `resources.${resource}`,
        `a file system of EFS, mounted at ${folderOf(resource)}`,
        words,
      );
    } else {
      writable[path.replace(/(.)\/+$/, "$1")] = writableMiB;
      scratch.add(volume);
      report.carried(at, `${to}.writable`);
    }
  }
  return { writable, uses, scratch };
}

/** Sidecars; those that end successfully before the container starts run before it. */
export function companions(
  workload: Workload,
  to: string,
  scratch: Set<string>,
  app: CopilotApplication,
) {
  const { name, manifest } = workload;
  const { report } = app;
  const sidecars: NonNullable<Service["sidecars"]> = {};
  const before: NonNullable<Service["before"]> = {};
  for (const [given, sidecar] of Object.entries(manifest.sidecars ?? {})) {
    const ends = /^(success|complete)$/i.test(manifest.image?.depends_on?.[given] ?? "");
    const own = nameOf(given, [
      to.split(".").at(-1) ?? "",
      ...Object.keys({ ...sidecars, ...before }),
    ]);
    const place = `${to}.${ends ? "before" : "sidecars"}.${own}`;
    const at: Path = [name, "sidecars", given];
    const { container } = containerOf(sidecar, { workload, at, to: place, app });
    for (const [index, mount] of (sidecar.mount_points ?? []).entries()) {
      if (!scratch.has(mount.source_volume ?? "") || !mount.path) continue;
      container.writable = { ...container.writable, [mount.path]: writableMiB };
      report.changed(
        [...at, "mount_points", index],
        `${place}.writable`,
        "a folder of its own: containers share none",
      );
    }
    if (ends) {
      before[own] = container;
      report.carried([name, "image", "depends_on", given], `${to}.before.${own}`);
      if (sidecar.essential !== undefined)
        report.carried([...at, "essential"], `${to}.before.${own}`);
      continue;
    }
    const health = sidecar.healthcheck && containerCheck(sidecar.healthcheck, undefined);
    // Without a path's port nothing says where a sidecar is asked.
    const ready =
      health &&
      (health.path !== undefined && health.port === undefined ? { ...health, port: 80 } : health);
    for (const key of ready ? ["command", "interval", "timeout", "retries"] : []) {
      if (key in (sidecar.healthcheck ?? {}))
        report.carried([...at, "healthcheck", key], `${place}.health`);
    }
    sidecars[own] = { ...container, ...(ready && { health: { ready } }) };
  }
  return { sidecars, before };
}
