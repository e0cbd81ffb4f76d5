import { compact, emptyDraft, type Service } from "../draft.ts";
import { refusal } from "../refusal.ts";
import { Report } from "../report.ts";
import { toRead } from "../resource-variables.ts";
import type { ComposeApplication } from "./compose-application.ts";
import { type Converted, containerOf } from "./compose-container.ts";
import type { ComposeService } from "./compose-source.ts";
import { needsOf } from "./roles.ts";
import { isSameBuild } from "./routes.ts";

/** Who is needed is called, or used. */
export function takeDependencies(
  { spec, name }: ComposeService,
  app: ComposeApplication,
  { calls, uses, to }: Pick<Converted, "calls" | "uses"> & { to: string },
): void {
  const { report, roles, addresses, resources } = app;
  for (const { other, key } of needsOf(spec)) {
    const path = ["services", name, ...key];
    const role = roles.get(other);
    const address = addresses.get(other);
    const resource = resources.get(other);
    if (resource) {
      // Its variables tell more, where there are some.
      const todo = resource.name in uses ? undefined : toRead(resource);
      if (todo) app.draft.decisions.push({ at: to.split("."), words: todo });
      uses[resource.name] = "readWrite";
      const why = "role, network and variables follow from it; a pod does not wait for it";
      report.changed(path, `${to}.uses.${resource.name}`, why, todo);
    } else if (role?.as === "service" && address?.port !== undefined) {
      const { name: callee, port, protocol } = address;
      // Its variables have the address already, where there are some.
      const todo =
        protocol === "http" && port !== 80 && !calls.has(callee)
          ? `let the program call ${callee} at http://${callee}, not at port ${port}`
          : undefined;
      if (todo) app.draft.decisions.push({ at: to.split("."), words: todo });
      calls.add(callee);
      const why = "a pod does not wait for those that it calls: the program tries again";
      report.changed(path, `${to}.calls`, why, todo);
    } else if (role?.as === "once") {
      // Told by runBefore.
    } else if (role === undefined) {
      throw refusal(
        app.source.file,
        path,
        other,
        `a service of the file such as ${[...roles.keys()][0]}`,
      );
    } else
      report.left(
        path,
        role.as === "left" ? "what it waits for is left out" : "pods wait for nobody",
        "nothing",
      );
  }
}

/** What runs to its end becomes a release of the same image, else a container before the others. */
export function runBefore(service: ComposeService, app: ComposeApplication): void {
  const role = app.roles.get(service.name);
  if (role?.as !== "once") return;
  const { report, draft, roles } = app;
  const waiting = role.before.filter((one) => roles.get(one)?.as === "service");
  for (const other of waiting) {
    const owner = (roles.get(other) as { name: string }).name;
    const target = draft.services[owner] as Service;
    const theirs = app.source.services.find((one) => one.name === other) as ComposeService;
    const to = `services.${owner}.before.${role.name}`;
    const first = other === waiting[0];
    const scratch: ComposeApplication = first
      ? app
      : { ...app, report: new Report(), draft: emptyDraft() };
    const { container, calls, uses } = containerOf(service, scratch, { to, owner });
    takeDependencies(service, scratch, { calls, uses, to: `services.${owner}` });
    const command = [...(container.command ?? []), ...(container.args ?? [])];
    target.calls = [...new Set([...(target.calls ?? []), ...calls])].filter((one) => one !== owner);
    target.uses = { ...uses, ...target.uses };
    if (sameImage(service, theirs) && command.length > 0 && !target.release) {
      target.release = { command };
      target.environment = { ...container.environment, ...target.environment };
      target.secrets = { ...container.secrets, ...target.secrets };
      if (first) release(service, scratch, { owner, to });
    } else {
      target.before = { ...target.before, [role.name]: container };
    }
    const path = ["services", other, "depends_on", service.name];
    const where = target.release?.command === command ? "release" : `before.${role.name}`;
    report.changed(
      path,
      `services.${owner}.${where}`,
      where === "release"
        ? "a job that succeeds before pods get a new image"
        : "runs in each pod before its container",
    );
    if (target.environment && Object.keys(target.environment).length === 0)
      delete target.environment;
    draft.services[owner] = compact(target);
  }
  if (waiting.length === 0) report.left(["services", service.name], "who waits for it is left out");
}

/** What was told of a container is true of a release. */
function release(
  service: ComposeService,
  { report, draft }: ComposeApplication,
  { owner, to }: { owner: string; to: string },
): void {
  for (const entry of report.entries.filter(({ path }) => path[1] === service.name)) {
    entry.to = entry.to
      ?.replace(to, `services.${owner}`)
      .replace(/\.(args|command)$/, ".release.command");
  }
  for (const one of draft.decisions) {
    if (one.at.join(".").startsWith(to)) one.at = ["services", owner];
  }
}

function sameImage(one: ComposeService, other: ComposeService): boolean {
  if (one.spec.build !== undefined) return isSameBuild(one, other);
  return other.spec.build === undefined && one.spec.image === other.spec.image;
}
