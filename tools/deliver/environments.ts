import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PreviewEnvironmentSettings } from "../../infra/preview-environments/preview-environments.ts";
import { download } from "./artifacts.ts";
import { upsert } from "./comments.ts";
import { type Deployed, EnvironmentStack } from "./environment-stack.ts";
import type { Images } from "./image-references.ts";
import type { PlatformStack } from "./platform-stack.ts";
import { fenced } from "./previews.ts";
import { artifact, imagesOf, labelled, type PullRequest } from "./pull-requests.ts";
import { push } from "./push.ts";
import { type SmokeOptions, smoke } from "./smoke.ts";

/** Arguments of `reconcile`: the stack that owns the preview environments, and the repository. */
export interface ReconcileArgs {
  stack: PlatformStack;
  repository: string;
  patience: SmokeOptions;
  say: (line: string) => void;
}

/** What is there, by pull request. */
type Present = Map<number, Deployed>;

/**
 * Makes the environments what they should be: one for each open pull request with the label, as many
 * as the stack takes, with the images of its last commit, for as many days as the stack gives them.
 * What is there already is deployed again, as the stack may have changed; what failed is tried again.
 *
 * What became of a pull request is commented there; what fails for one keeps no other from its own.
 * Tells whether all went well.
 */
export async function reconcile(args: ReconcileArgs): Promise<boolean> {
  const { stack, repository, say } = args;
  const { pullRequests: settings, clusterName } = await stack.outputs();
  const wanted = await labelled(repository);
  const present: Present = new Map();
  const failed = new Set<number>();
  const attempt = async (number: number, work: () => Promise<string | undefined>) => {
    try {
      const text = await work();
      if (!text) return;
      say(`#${number}: ${text}`);
      await comment(repository, number, text);
    } catch (error) {
      failed.add(number);
      const { message } = error as Error;
      say(`#${number}: it failed: ${message}`);
      const text = `It failed:\n\n${fenced(message)}`;
      await comment(repository, number, text).catch((second) => say(second.message));
    }
  };

  for (const environment of await EnvironmentStack.all()) {
    const { pullRequest: number } = environment;
    await attempt(number, async () => {
      // Whatever becomes of it, it takes its place.
      present.set(number, {});
      const deployed = await environment.deployed();
      present.set(number, deployed);
      const isWanted = wanted.some((one) => one.number === number);
      const why = reasonToGo(stack.name, settings, isWanted, present.size, deployed.since);
      const ownerDeleted = !clusterName || isOrphan(deployed, settings);
      if (!why && !ownerDeleted) return undefined;
      await environment.remove({ ownerDeleted });
      present.delete(number);
      return why && `It is gone: ${why}.`;
    });
  }
  if (!settings) return failed.size === 0;
  // What runs is soon seen to; what did not come up may take its time again, and is last.
  const turn = ({ number }: PullRequest) =>
    present.get(number)?.commit ? 0 : present.has(number) ? 2 : 1;
  const inTurn = wanted
    .filter(({ number }) => !failed.has(number))
    .sort((one, other) => turn(one) - turn(other));
  for (const pullRequest of inTurn) {
    await attempt(pullRequest.number, () => settle(pullRequest, settings, present, args));
  }
  return failed.size === 0;
}

/** Deploys what a pull request should have; gives what is to be said of it, if anything. */
async function settle(
  { number, commit }: PullRequest,
  settings: PreviewEnvironmentSettings,
  present: Present,
  { stack, repository, patience }: ReconcileArgs,
): Promise<string | undefined> {
  const platform = `organization/${stack.project}/${stack.name}`;
  const environment = new EnvironmentStack(number);
  const here = present.get(number);
  const built = here?.commit === commit ? undefined : await imagesOf(repository, commit);
  if (here?.commit && (!built || isOver(built.at, settings))) {
    await environment.up(platform, { ...here, images: known(here, settings) });
    return running(stack.name, here, settings);
  }
  if (!built) return undefined;
  if (isOver(built.at, settings)) {
    if (here) await environment.remove({ ownerDeleted: false });
    return here && `It is gone: it never came up, and its image is ${settings.days} days old.`;
  }
  if (!here && present.size >= settings.environments) {
    return `There is no room: ${stack.name} takes ${settings.environments}. Take the label from another pull request.`;
  }
  const since = built.at;
  // What was tried without success is pushed already.
  const images =
    here?.since === since ? known(here, settings) : await pushed(repository, built.run, settings);
  present.set(number, { images, since });
  await environment.up(platform, { images, since });
  const { urls = {} } = await environment.deployed();
  for (const url of Object.values(urls)) await smoke({ url }, patience);
  await environment.up(platform, { images, since, commit });
  return running(stack.name, { urls, images, since, commit }, settings);
}

function running(
  stack: string,
  { urls = {}, images = {}, since = "", commit = "" }: Deployed,
  settings: PreviewEnvironmentSettings,
): string {
  const until = endOf(since, settings).toISOString().slice(0, 10);
  const whose = (service: string) => (service in images ? "" : `, as in ${stack}`);
  return [
    `${commit.slice(0, 7)} runs, until ${until} or until the label or the pull request goes.`,
    ...Object.entries(urls).map(([service, url]) => `- ${service}: ${url}${whose(service)}`),
  ].join("\n");
}

/** Pushes the images that a run has left for services of the stack; gives their references. */
async function pushed(
  repository: string,
  run: number,
  settings: PreviewEnvironmentSettings,
): Promise<Images> {
  const folder = mkdtempSync(join(tmpdir(), "images-"));
  try {
    if (!(await download(repository, run, { name: artifact }, folder))) {
      throw new Error("The images are not there any more: push again, or set the label anew.");
    }
    const left = readdirSync(folder);
    const images: Images = {};
    for (const service of Object.keys(settings.services)) {
      const file = `${service}.tar`;
      if (left.includes(file)) {
        images[service] = await push(join(folder, file), settings.repositoryUrl);
      }
    }
    return images;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The images of services that the stack still has. */
function known({ images = {} }: Deployed, { services }: PreviewEnvironmentSettings): Images {
  return Object.fromEntries(Object.entries(images).filter(([service]) => service in services));
}

/** Whether the environment's owner is deleted. Kubernetes has then deleted the environment. */
function isOrphan({ owner }: Deployed, settings: PreviewEnvironmentSettings | undefined): boolean {
  return owner !== undefined && settings !== undefined && owner !== settings.owner.uid;
}

function reasonToGo(
  stack: string,
  settings: PreviewEnvironmentSettings | undefined,
  isWanted: boolean,
  count: number,
  since: string | undefined,
): string | undefined {
  if (!settings) return `${stack} takes none any more`;
  if (!isWanted) return "the pull request is closed, or has lost the label";
  if (since && isOver(since, settings)) return `nothing was pushed for ${settings.days} days`;
  if (count > settings.environments) return `${stack} takes no more than ${settings.environments}`;
  return undefined;
}

function endOf(since: string, { days }: PreviewEnvironmentSettings): Date {
  return new Date(Date.parse(since) + days * 24 * 60 * 60 * 1000);
}

function isOver(since: string, settings: PreviewEnvironmentSettings): boolean {
  return endOf(since, settings).getTime() < Date.now();
}

function comment(repository: string, number: number, text: string): Promise<void> {
  return upsert(repository, number, "environment", `### Environment\n\n${text}`);
}
