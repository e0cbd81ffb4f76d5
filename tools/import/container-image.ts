import { isAbsolute, normalize, relative } from "node:path";
import { variableName } from "../../infra/config/container-schema.ts";
import { secretName } from "../../infra/config/values.ts";
import {
  contextProblem,
  defaultDockerfile,
  ownBuildArgs,
} from "../../infra/image/build-context.ts";
import { contractOf, stagesOf } from "../../infra/image/dockerfile.ts";
import type { Container, Draft } from "./draft.ts";
import type { Left, Path, Report } from "./report.ts";
import { isSecret } from "./secret-variables.ts";

/** Where an image stands in the file, and its container in the settings. */
interface Place {
  path: Path;
  to: string;
}

/** What a file asks a build for. */
export interface AskedBuild {
  /** Absolute. */
  folder: string;
  /** Its path in the folder. */
  dockerfile?: string;
  /** A stage. */
  target?: string;
  args?: Record<string, string>;
}

/** What the folder of a build says of its image. */
export interface Build {
  image: Container["image"];
  /** Why the platform cannot build it, as the rest of a sentence. */
  problem?: string;
  ports: number[];
  user?: number;
  architecture?: string;
}

/** An image's name with its registry and a tag or digest. */
export function referenceOf(image: string): string {
  const [first = "", ...rest] = image.split("/");
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const path = hasRegistry ? image : `docker.io/${rest.length > 0 ? "" : "library/"}${image}`;
  return /[:@][^/]*$/.test(path) ? path : `${path}:latest`;
}

/** An image that is pulled. Tells the report. */
export function pulled(image: string, { path, to }: Place, report: Report): Container["image"] {
  const why = "copied to the stack's ECR once, and deployed by digest";
  report.changed(path, `${to}.image.reference`, why);
  return { reference: referenceOf(image) };
}

/** Tells what a person must name instead of a build. @param context as the file has it */
export function leaveBuild(
  { context, problem }: { context: string; problem: string },
  { path, to }: Place,
  { draft, report }: { draft: Draft; report: Report },
): void {
  const words = `${context} ${problem}; an image, or a folder with a Dockerfile`;
  draft.decisions.push({ at: [...to.split("."), "image"], words });
  report.left(path, "it cannot be built here", `name the image of ${to}: ${words}`);
}

/** A build that a person must replace by an image. */
export const unusable = (name: string, problem: string): Build => ({
  image: { reference: `registry.example.com/${name}:1` },
  problem,
  ports: [],
});

/** Whether a build may have the argument: the program gives some, and the image's history shows all. */
export const mayBeBuildArg = (name: string, value: string): boolean =>
  variableName().safeParse(name).success &&
  !ownBuildArgs.includes(name) &&
  !isSecret(name, value) &&
  !secretName.test(name);

/** Why a build argument is left out. */
export const notCarriedArg: Left = [
  "it has no value, a secret, or one that the program gives",
  "a default of ARG in the Dockerfile",
];

/** The last part of an image's name, and its tag. */
export function nameAndTag(image: string): { repository: string; name: string; tag: string } {
  const [, repository = "", tag = "latest"] =
    /^(.*?)(?::([^:/@]+))?(?:@.*)?$/.exec(image.replace(/^docker\.io\/(library\/)?/, "")) ?? [];
  return { repository, name: repository.split("/").at(-1) ?? "", tag };
}

/**
 * The image of a folder, absolute. Where it cannot be built, the image is one that a person must name.
 *
 * @param project the folder that `image.context` is relative to
 */
export function buildOf(
  { folder, dockerfile = defaultDockerfile, target, args = {} }: AskedBuild,
  name: string,
  project: string,
): Build {
  const context = relative("", folder) || ".";
  const file = normalize(dockerfile);
  const problem =
    file.startsWith("../") || isAbsolute(file)
      ? `is built by ${dockerfile}, which is not in it`
      : contextProblem({ context, dockerfile: file });
  if (problem !== undefined) return unusable(name, problem);
  const stages = stagesOf({ context, dockerfile: file });
  if (target !== undefined && !stages.includes(target)) {
    return unusable(name, `has a ${file} without a stage ${target}`);
  }
  const contract = contractOf({ context, dockerfile: file, target });
  if (contract.user === 0) return unusable(name, "has a Dockerfile whose USER is root");
  const image = {
    context: relative(project, folder) || ".",
    ...(file !== defaultDockerfile && { dockerfile: file }),
    ...(target !== undefined && { target }),
    ...(Object.keys(args).length > 0 && { buildArgs: args }),
  };
  return { image, ...contract };
}
