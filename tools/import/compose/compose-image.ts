import {
  type AskedBuild,
  leaveBuild,
  notCarriedArg,
  pulled,
  referenceOf,
} from "../container-image.ts";
import type { Container } from "../draft.ts";
import type { Path, Report } from "../report.ts";
import type { ComposeApplication } from "./compose-application.ts";
import type { ComposeService } from "./compose-source.ts";
import { pairsOf } from "./roles.ts";
import { buildAskedBy, isCarriedArg, isSameBuild } from "./routes.ts";

export function imageOf(
  service: ComposeService,
  app: ComposeApplication,
  to: string,
): Container["image"] {
  const { spec, name } = service;
  const { report, draft } = app;
  const at: Path = ["services", name];
  const asked = buildAskedBy(service);
  if (!asked) return pulled(spec.image ?? "", { path: [...at, "image"], to }, report);
  const build = app.addresses.get(name)?.build;
  const key = typeof spec.build === "string" ? [...at, "build"] : [...at, "build", "context"];
  const same = app.source.services.find(
    (one) => app.roles.get(one.name)?.as === "service" && isSameBuild(one, service),
  );
  const owner = same && app.addresses.get(same.name)?.name;
  const shared = owner !== undefined && to !== `services.${owner}`;
  const problem = shared ? undefined : build?.problem;
  if (spec.image !== undefined && problem === undefined) {
    report.left([...at, "image"], "the image that is built is named by the stack");
  }
  if (typeof spec.build === "object") {
    const isBuilt = !shared && problem === undefined;
    tellOptions(spec.build, asked, { path: [...at, "build"], to, isBuilt }, report);
  }
  if (shared) {
    report.changed(key, `${to}.image.sameAs`, `the image of ${owner}`);
    return { sameAs: owner };
  }
  if (problem !== undefined) {
    leaveBuild({ context: asked.context, problem }, { path: key, to }, app);
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

/** Tells what becomes of each option of a build but its context. */
function tellOptions(
  build: Exclude<ComposeService["spec"]["build"], string | undefined>,
  asked: AskedBuild,
  { path, to, isBuilt }: { path: Path; to: string; isBuilt: boolean },
  report: Report,
): void {
  const imageAt = isBuilt ? `${to}.image` : undefined;
  for (const option of Object.keys(build)) {
    const at = [...path, option];
    if (option === "context") continue;
    if (option === "args") {
      for (const { name, value, key } of pairsOf(build.args)) {
        if (imageAt && isCarriedArg(name, value))
          report.carried([...at, key], `${imageAt}.buildArgs.${name}`);
        else report.left([...at, key], ...notCarriedArg);
      }
    } else if (option === "target" && asked.target === undefined)
      report.left(at, "the last stage of the Dockerfile is built, not one for development");
    else if (option === "target" || option === "dockerfile") {
      if (imageAt) report.carried(at, `${imageAt}.${option}`);
      else report.left(at, "nothing is built here");
    } else report.left(at, "Pulumi builds the image", "nothing");
  }
}
