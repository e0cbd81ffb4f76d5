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
import { artifact, findBuild, listPullRequests, type PullRequest } from "./pull-requests.ts";
import { push } from "./push.ts";
import { sleepsNow } from "./sleeping.ts";
import { type SmokeOptions, smoke } from "./smoke.ts";

/** Arguments of `reconcile`. */
export interface ReconcileArgs {
  stack: PlatformStack;
  repository: string;
  smokeOptions: SmokeOptions;
  say: (line: string) => void;
}

/** The deployed environments, by pull request. */
type Present = Map<number, Deployed>;

/**
 * Deploys an environment for each open pull request with the label, with the images of its last commit,
 * and removes the others. The stack limits their number and their days. Deploys present environments
 * again, since the stack may have changed, and retries failed ones.
 *
 * Comments each result on its pull request. A failure does not stop the others. Returns whether all
 * succeeded.
 */
export async function reconcile(args: ReconcileArgs): Promise<boolean> {
  const { stack, repository, say } = args;
  const { pullRequests: settings, clusterName } = await stack.outputs();
  if (await sleepsNow(stack, { clusterName })) {
    say(`${stack.name} sleeps: its environments stay as they are until it wakes`);
    return true;
  }
  const wanted = await listPullRequests(repository);
  const present: Present = new Map();
  const failed = new Set<number>();
  const report = async (number: number, work: () => Promise<string | undefined>) => {
    try {
      const text = await work();
      if (!text) return;
      say(`#${number}: ${text}`);
      await comment(repository, number, text);
    } catch (error) {
      failed.add(number);
      const { message } = error as Error;
      say(`#${number}: failed: ${message}`);
      const text = `The environment failed:\n\n${fenced(message)}`;
      await comment(repository, number, text).catch((second) => say(second.message));
    }
  };

  for (const environment of await EnvironmentStack.list(stack.region)) {
    const { pullRequest: number } = environment;
    await report(number, async () => {
      // An environment counts even if its outputs cannot be read.
      present.set(number, {});
      const deployed = await environment.deployed();
      present.set(number, deployed);
      const isWanted = wanted.some((one) => one.number === number);
      const why = removalReason(stack.name, settings, isWanted, present.size, deployed.since);
      const ownerDeleted = !clusterName || isOrphan(deployed, settings);
      if (!why && !ownerDeleted) return undefined;
      await environment.remove({ ownerDeleted, settings });
      present.delete(number);
      return why && `The environment is removed: ${why}.`;
    });
  }
  if (!settings) return failed.size === 0;
  // Running environments are quick; failed ones may run into their timeout again.
  const turn = ({ number }: PullRequest) =>
    present.get(number)?.commit ? 0 : present.has(number) ? 2 : 1;
  const ordered = wanted
    .filter(({ number }) => !failed.has(number))
    .sort((one, other) => turn(one) - turn(other));
  for (const pullRequest of ordered) {
    await report(pullRequest.number, () => deployPullRequest(pullRequest, settings, present, args));
  }
  return failed.size === 0;
}

/** Deploys the environment of a pull request. Returns the comment; undefined if there is none. */
async function deployPullRequest(
  { number, commit }: PullRequest,
  settings: PreviewEnvironmentSettings,
  present: Present,
  { stack, repository, smokeOptions }: ReconcileArgs,
): Promise<string | undefined> {
  const owner = { platform: `organization/${stack.project}/${stack.name}`, settings };
  const environment = new EnvironmentStack(number, stack.region);
  const current = present.get(number);
  const built = current?.commit === commit ? undefined : await findBuild(repository, commit);
  if (current?.commit && (!built || isExpired(built.at, settings))) {
    await environment.up(owner, { ...current, images: knownImages(current, settings) });
    return describeEnvironment(stack.name, current, settings);
  }
  if (!built) return undefined;
  if (isExpired(built.at, settings)) {
    if (current) await environment.remove({ ownerDeleted: false, settings });
    return (
      current &&
      `The environment is removed: it never became ready, and its image is ${settings.days} days old.`
    );
  }
  if (!current && present.size >= settings.environments) {
    return `No room: ${stack.name} has max. ${settings.environments} environments. Remove the label from another pull request.`;
  }
  const since = built.at;
  // A failed attempt has pushed its images.
  const images =
    current?.since === since
      ? knownImages(current, settings)
      : await pushImages(repository, built.run, settings);
  present.set(number, { images, since });
  await environment.up(owner, { images, since });
  const { urls = {} } = await environment.deployed();
  for (const url of Object.values(urls)) await smoke({ url }, smokeOptions);
  await environment.up(owner, { images, since, commit });
  return describeEnvironment(stack.name, { urls, images, since, commit }, settings);
}

function describeEnvironment(
  stack: string,
  { urls = {}, images = {}, since = "", commit = "" }: Deployed,
  settings: PreviewEnvironmentSettings,
): string {
  const until = expiryOf(since, settings).toISOString().slice(0, 10);
  const whose = (service: string) => (service in images ? "" : `, as in ${stack}`);
  return [
    `${commit.slice(0, 7)} runs, until ${until} or until the label or the pull request is removed.`,
    ...Object.entries(urls).map(([service, url]) => `- ${service}: ${url}${whose(service)}`),
  ].join("\n");
}

/**
 * Pushes the images of a workflow run for services of the stack. Returns their references.
 *
 * @throws {Error} if GitHub has deleted the artifact
 */
async function pushImages(
  repository: string,
  run: number,
  settings: PreviewEnvironmentSettings,
): Promise<Images> {
  const folder = mkdtempSync(join(tmpdir(), "images-"));
  try {
    if (!(await download(repository, run, { name: artifact }, folder))) {
      throw new Error("GitHub has deleted the images: push again, or remove and set the label.");
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

/** The images of services that are still in the stack. */
function knownImages({ images = {} }: Deployed, { services }: PreviewEnvironmentSettings): Images {
  return Object.fromEntries(Object.entries(images).filter(([service]) => service in services));
}

/** Whether the environment's owner is deleted. Kubernetes has then deleted the environment. */
function isOrphan({ owner }: Deployed, settings: PreviewEnvironmentSettings | undefined): boolean {
  return owner !== undefined && settings !== undefined && owner !== settings.owner.uid;
}

function removalReason(
  stack: string,
  settings: PreviewEnvironmentSettings | undefined,
  isWanted: boolean,
  count: number,
  since: string | undefined,
): string | undefined {
  if (!settings) return `${stack} has no preview environments any more`;
  if (!isWanted) return "the pull request is closed, or has lost the label";
  if (since && isExpired(since, settings)) return `nothing was pushed for ${settings.days} days`;
  if (count > settings.environments)
    return `${stack} has max. ${settings.environments} environments`;
  return undefined;
}

function expiryOf(since: string, { days }: PreviewEnvironmentSettings): Date {
  return new Date(Date.parse(since) + days * 24 * 60 * 60 * 1000);
}

function isExpired(since: string, settings: PreviewEnvironmentSettings): boolean {
  return expiryOf(since, settings).getTime() < Date.now();
}

function comment(repository: string, number: number, text: string): Promise<void> {
  return upsert(repository, number, "environment", `### Environment\n\n${text}`);
}
