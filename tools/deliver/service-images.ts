import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { evaluate } from "../graph/evaluate.ts";
import { copiedFrom } from "../graph/images.ts";
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
    const { context, dockerfile, platform, args } = inputs.build;
    const values = Object.entries(args).flatMap((arg) => ["--build-arg", arg.join("=")]);
    const tag = `${name}:pull-request`;
    const options = ["--platform", platform, "--file", dockerfile, ...values, "--tag", tag];
    await run("docker", ["build", ...options, context], { show: true });
    await run("docker", ["save", "--output", join(resolve(folder), `${name}.tar`), tag]);
  }
  return services;
}
