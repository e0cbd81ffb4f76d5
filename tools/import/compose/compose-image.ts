import { leaveBuild, pulled, referenceOf } from "../container-image.ts";
import type { Container } from "../draft.ts";
import type { Path } from "../report.ts";
import type { ComposeApplication } from "./compose-application.ts";
import type { Spec } from "./compose-schema.ts";
import type { ComposeService } from "./compose-source.ts";
import { contextOf } from "./routes.ts";

export function imageOf(
  service: ComposeService,
  app: ComposeApplication,
  to: string,
): Container["image"] {
  const { spec, name } = service;
  const { report, draft } = app;
  const at: Path = ["services", name];
  const context = contextOf(service);
  if (!context) return pulled(spec.image ?? "", { path: [...at, "image"], to }, report);
  const build = app.addresses.get(name)?.build;
  const key = typeof spec.build === "string" ? [...at, "build"] : [...at, "build", "context"];
  const same = app.source.services.find(
    (one) =>
      app.roles.get(one.name)?.as === "service" &&
      contextOf(one)?.folder === context.folder &&
      contextOf(one)?.dockerfile === context.dockerfile,
  );
  const owner = same && app.addresses.get(same.name)?.name;
  const shared = owner !== undefined && to !== `services.${owner}`;
  const problem = shared ? undefined : build?.problem;
  if (spec.image !== undefined && problem === undefined) {
    report.left([...at, "image"], "the image that is built is named by the stack");
  }
  if (typeof spec.build === "object") {
    for (const option of Object.keys(spec.build).filter((one) => one !== "context"))
      leaveOption(option, spec, app, at, context.dockerfile);
  }
  if (shared) {
    report.changed(key, `${to}.image.sameAs`, `the image of ${owner}`);
    return { sameAs: owner };
  }
  if (problem !== undefined) {
    leaveBuild({ context: context.context, problem }, { path: key, to }, app);
    if (spec.image !== undefined) {
      const why = "the image of the file's name, instead of a build";
      report.changed([...at, "image"], `${to}.image.reference`, why, "push it there");
      return { reference: referenceOf(spec.image) };
    }
  } else if (typeof spec.build === "string" || spec.build?.context !== undefined) {
    report.carried(key, `${to}.image.context`);
  }
  if (build?.architecture === "amd64") draft.architecture = "amd64";
  return build?.image ?? {};
}

function leaveOption(
  option: string,
  spec: Spec,
  { report }: ComposeApplication,
  at: Path,
  dockerfile?: string,
): void {
  const path = [...at, "build", option];
  const build = spec.build as Record<string, unknown>;
  if (option === "dockerfile") {
    if (dockerfile?.replace(/^\.\//, "") === "Dockerfile")
      report.carried(path, "the file Dockerfile of the folder");
    else report.left(path, "it cannot be built here", `rename ${dockerfile} to Dockerfile`);
    return;
  }
  if (option === "target") {
    const development = /dev|debug|test/i.test(String(build.target));
    report.left(
      path,
      "the last stage of the Dockerfile is built",
      development
        ? "nothing: the stage is for development"
        : "look that the last stage is the one that runs",
    );
  } else if (option === "args")
    report.left(path, "a build has no arguments", "a default of ARG in the Dockerfile");
  else report.left(path, "Pulumi builds the image", "nothing");
}
