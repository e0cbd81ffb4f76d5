import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { evaluate } from "../graph/evaluate.ts";
import { buildOptions, copiedFrom } from "../graph/images.ts";
import { run } from "../shell.ts";

/**
 * Builds the images of a stack and saves each as `<service>.tar`, so that the job with the right to push
 * does not run their content. Returns the names of the services.
 *
 * @throws {PlanError} if the stack's settings are not valid
 */
export async function buildImages(stack: string, folder: string): Promise<string[]> {
  const { resources } = await evaluate(stack);
  // A pull request does not copy public images.
  const images = resources
    .filter(({ type }) => type === "docker:index/image:Image")
    .filter((one) => copiedFrom(one) === undefined);
  mkdirSync(folder, { recursive: true });
  const services = images.map(({ parent = "" }) => parent.split("::").at(-1) ?? "");
  for (const [at, { inputs }] of images.entries()) {
    const name = services[at];
    const { platform, ...build } = inputs.build;
    const tag = `${name}:pull-request`;
    const options = ["--platform", platform, ...buildOptions(build), "--tag", tag];
    await run("docker", ["build", ...options, build.context], { show: true });
    await run("docker", ["save", "--output", join(resolve(folder), `${name}.tar`), tag]);
  }
  return services;
}
