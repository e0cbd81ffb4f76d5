import { folderOf } from "../../../infra/config/resource-schema.ts";
import { nameOf } from "../draft.ts";
import type { Path } from "../report.ts";
import { mebibytesOf } from "../words.ts";
import type { ComposeApplication } from "./compose-application.ts";
import type { Spec } from "./compose-schema.ts";
import type { ComposeService } from "./compose-source.ts";

interface Mount {
  type: "volume" | "bind" | "tmpfs" | "anonymous" | "other";
  source: string;
  target: string;
  readOnly: boolean;
  path: Path;
}

export interface Stored {
  /** Sizes in MiB by path. */
  writable: Record<string, number>;
  /** Files by resource. */
  uses: Record<string, "read" | "readWrite">;
  /** Folders that have another place here. */
  moved: [from: string, to: string][];
  decisions: string[];
}

/** Folders that a build fills. */
const dependencies =
  /\/(node_modules|vendor|\.venv|venv|\.m2|\.gradle|\.cache|\.npm|\.next|\.nuget|target|__pycache__|pkg\/mod|site-packages|bundle)$/;

/** MiB of a folder whose size nothing says. */
const writableMiB = 256;

/** The names of volumes that a service mounts. */
export const volumesIn = (service: ComposeService): string[] =>
  mountsOf(service.spec, []).flatMap((mount) =>
    mount.type === "volume" && !isDependency(mount) ? [mount.source] : [],
  );

/** What becomes of the folders that a container mounts. Tells the report. */
export function storeOf(service: ComposeService, app: ComposeApplication, to: string): Stored {
  const stored: Stored = { writable: {}, uses: {}, moved: [], decisions: [] };
  const { report } = app;
  const at: Path = ["services", service.name];
  const mounts = mountsOf(service.spec, at);
  const folder = (target: string) => target.replace(/(.)\/+$/, "$1");
  for (const { type, source, target, readOnly, path } of mounts) {
    if (report.has(path)) continue;
    const place = folder(target);
    if (isDependency({ type, target: place })) {
      report.left(
        path,
        "the image has its dependencies",
        "nothing where the Dockerfile installs them",
      );
    } else if (type === "volume") {
      const name = app.volumes.get(source) as string;
      const here = folderOf(name);
      stored.uses[name] = readOnly ? "read" : "readWrite";
      stored.moved.push([place, here]);
      stored.decisions.push(
        `the files of ${place} are in ${here}: let the program use that folder`,
      );
      report.changed(
        path,
        `resources.${name}`,
        `a file system of EFS, mounted at ${here}`,
        `let the program use ${here} instead of ${place}`,
      );
    } else if (type === "tmpfs") {
      stored.writable[place] = writableMiB;
      report.carried(path, `${to}.writable`);
    } else if (type === "anonymous") {
      const covered = mounts.some(
        (one) => one.type === "bind" && `${place}/`.startsWith(`${folder(one.target)}/`),
      );
      if (covered) report.left(path, "it only hides a part of a folder of the machine");
      else {
        stored.writable[place] = writableMiB;
        report.changed(
          path,
          `${to}.writable`,
          "empty at each start, as the volume without a name was",
        );
      }
    } else if (/docker\.sock$/.test(source)) {
      report.left(path, "nodes have no Docker engine", "an image that does not ask it");
    } else if (type === "bind") {
      const built = service.spec.build !== undefined;
      report.left(
        path,
        "a folder of the machine is on no node",
        built
          ? "nothing where the Dockerfile has COPY of it"
          : "an image of your own with COPY of it",
      );
      if (!built)
        stored.decisions.push(`${place} was ${source} of the machine: build an image that has it`);
    } else report.left(path, "the platform has no such volume", "a named volume");
  }
  for (const [index, given] of [service.spec.tmpfs ?? []].flat().entries()) {
    const [target = "", options = ""] = given.split(":");
    const size = mebibytesOf(/size=(\w+)/.exec(options)?.[1] ?? "") ?? writableMiB;
    stored.writable[folder(target)] = size;
    const path = Array.isArray(service.spec.tmpfs) ? [...at, "tmpfs", index] : [...at, "tmpfs"];
    report.carried(path, `${to}.writable`);
  }
  return stored;
}

const isDependency = ({ type, target }: Pick<Mount, "type" | "target">) =>
  (type === "volume" || type === "anonymous") && dependencies.test(target);

function mountsOf(spec: Spec, at: Path): Mount[] {
  return (spec.volumes ?? []).map((given, index): Mount => {
    const path = [...at, "volumes", index];
    if (typeof given === "object") {
      const { type, source = "", target } = given;
      const kind =
        type === "volume"
          ? source
            ? "volume"
            : "anonymous"
          : type === "bind" || type === "tmpfs"
            ? type
            : "other";
      return { type: kind, source, target, readOnly: given.read_only === true, path };
    }
    // A drive of Windows has a colon of its own.
    const [first = "", target, mode = ""] = given
      .replace(/^([A-Za-z]):(?=[\\/])/, "/$1")
      .split(":");
    if (target === undefined)
      return { type: "anonymous", source: "", target: first, readOnly: false, path };
    const bind = /^[./~\\]/.test(first) || first === "";
    return {
      type: bind ? "bind" : "volume",
      source: first,
      target,
      readOnly: mode.split(",").includes("ro"),
      path,
    };
  });
}

/** Files for each volume that a running service mounts; the others are left out. Tells the report. */
export function declareVolumes(
  services: ComposeService[],
  app: ComposeApplication,
  taken: string[],
): void {
  const { roles, report, draft, volumes } = app;
  const declared = app.source.top.volumes ?? {};
  const runs = (name: string) => ["service", "job", "once"].includes(roles.get(name)?.as ?? "");
  const users = services.map((service) => ({ service, names: volumesIn(service) }));
  const wanted = [
    ...new Set(users.filter(({ service }) => runs(service.name)).flatMap(({ names }) => names)),
  ];
  for (const source of wanted) {
    const name = nameOf(source, taken);
    taken.push(name);
    volumes.set(source, name);
    const user = users
      .filter(({ names }) => names.includes(source))
      .map(({ service }) => /^(\d+)(?::(\d+))?$/.exec(String(service.spec.user ?? "")))
      .find((one) => one && Number(one[1]) > 0);
    draft.resources[name] = {
      kind: "files",
      ...(user && { user: Number(user[1]), ...(user[2] && { group: Number(user[2]) }) }),
    };
    if (Object.hasOwn(declared, source)) tellDeclared(source, name, app);
  }
  for (const source of Object.keys(declared).filter((one) => !wanted.includes(one))) {
    const data = users.some(
      ({ service, names }) => names.includes(source) && roles.get(service.name)?.as === "resource",
    );
    report.left(
      ["volumes", source],
      data ? "AWS runs it" : "no service that is carried over mounts it",
      data ? "bring the data by a dump" : "nothing",
    );
  }
}

function tellDeclared(
  source: string,
  name: string,
  { source: { top }, report }: ComposeApplication,
): void {
  const keys = Object.keys(top.volumes?.[source] ?? {});
  const path = ["volumes", source];
  if (keys.length === 0) report.changed(path, `resources.${name}`, "a file system of EFS");
  for (const key of keys) {
    report.left(
      [...path, key],
      "files are in a file system of EFS, whatever held them",
      `bring the data to resources.${name}`,
    );
  }
}
