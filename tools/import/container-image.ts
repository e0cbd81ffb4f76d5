import { relative } from "node:path";
import { contextProblem } from "../../infra/image/build-context.ts";
import { contractOf } from "../../infra/image/dockerfile.ts";
import type { Container, Draft } from "./draft.ts";
import type { Path, Report } from "./report.ts";

/** Where an image stands in the file, and its container in the settings. */
interface Place {
  path: Path;
  to: string;
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

/** The last part of an image's name, and its tag. */
export function nameAndTag(image: string): { repository: string; name: string; tag: string } {
  const [, repository = "", tag = "latest"] =
    /^(.*?)(?::([^:/@]+))?(?:@.*)?$/.exec(image.replace(/^docker\.io\/(library\/)?/, "")) ?? [];
  return { repository, name: repository.split("/").at(-1) ?? "", tag };
}

/**
 * The image of a folder, absolute. Where it cannot be built, the image is one that a person must name.
 *
 * @param dockerfile its path in the folder
 * @param project the folder that `image.context` is relative to
 */
export function buildOf(
  { folder, dockerfile = "Dockerfile" }: { folder: string; dockerfile?: string },
  name: string,
  project: string,
): Build {
  const here = relative("", folder) || ".";
  const problem =
    dockerfile.replace(/^\.\//, "") === "Dockerfile"
      ? contextProblem(here)
      : `is built by ${dockerfile}: only a file Dockerfile in the folder itself is`;
  if (problem !== undefined) return unusable(name, problem);
  const contract = contractOf(here);
  if (contract.user === 0) return unusable(name, "has a Dockerfile whose USER is root");
  return { image: { context: relative(project, folder) || "." }, ...contract };
}
