import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Offer } from "../infra/pull-requests.ts";
import { type Images, partsOf } from "../release/images.ts";
import type { PlatformStack } from "../release/stack.ts";
import { upsert } from "./comments.ts";
import { type Deployed, EnvironmentStack } from "./environment-stack.ts";
import { download, imagesOf, labelled, type PullRequest } from "./pull-requests.ts";
import { push } from "./push.ts";
import { type SmokeOptions, smoke } from "./smoke.ts";

/** Environments as guests of one stack, for the pull requests of one repository. */
export interface Guests {
  stack: PlatformStack;
  repository: string;
  patience: SmokeOptions;
  say: (line: string) => void;
}

/**
 * Makes the environments what they should be: one for each open pull request with the label, as many
 * as the stack takes, with the images of its last commit, for as many days as the stack gives them.
 * What is there already is deployed again, as the stack may have changed.
 *
 * What became of a pull request is commented there; what fails for one keeps no other from its own.
 * Tells whether all went well.
 */
export async function reconcile(guests: Guests): Promise<boolean> {
  const { stack, repository, say } = guests;
  const {
    pullRequests: offer,
    imageReferences: references = {},
    clusterName,
  } = await stack.outputs();
  const wanted = await labelled(repository);
  const present = new Map<number, Deployed | undefined>();
  let well = true;
  const attempt = async (number: number, work: () => Promise<string | undefined>) => {
    try {
      const text = await work();
      if (!text) return;
      say(`#${number}: ${text}`);
      await comment(repository, number, text);
    } catch (error) {
      well = false;
      const text = `It failed: ${(error as Error).message}`;
      say(`#${number}: ${text}`);
      await comment(repository, number, text).catch(({ message }) => say(message));
    }
  };

  for (const environment of await EnvironmentStack.all()) {
    await attempt(environment.pullRequest, async () => {
      const deployed = await environment.deployed();
      const isWanted = wanted.some(({ number }) => number === environment.pullRequest);
      const why = reasonToGo(stack.name, offer, isWanted, deployed?.since);
      if (why) await environment.remove({ hostGone: !clusterName });
      else present.set(environment.pullRequest, deployed);
      return why && `It is gone: ${why}.`;
    });
  }
  if (!offer) return well;
  for (const pullRequest of wanted) {
    await attempt(pullRequest.number, () =>
      settle(pullRequest, offer, present, references, guests),
    );
  }
  return well;
}

/** Deploys what a pull request should have; gives what is to be said of it, if anything. */
async function settle(
  { number, commit }: PullRequest,
  offer: Offer,
  present: Map<number, Deployed | undefined>,
  references: Images,
  { stack, repository, patience }: Guests,
): Promise<string | undefined> {
  const platform = `organization/${stack.project}/${stack.name}`;
  const environment = new EnvironmentStack(number);
  const here = present.get(number);
  const built = here?.commit === commit ? undefined : await imagesOf(repository, commit);
  if (!built || isOver(built.at, offer)) {
    if (here) await environment.up(platform, here);
    return undefined;
  }
  if (!present.has(number) && present.size >= offer.environments) {
    return `There is no room: ${stack.name} takes ${offer.environments} environments. Take the label from another pull request.`;
  }
  present.set(number, undefined);
  const images = await pushed(repository, built.run, references);
  await environment.up(platform, { images, commit, since: built.at });
  const urls = Object.entries((await environment.deployed())?.urls ?? {});
  for (const [, url] of urls) await smoke({ url }, patience);
  return [
    `${commit.slice(0, 7)} runs, until ${endOf(built.at, offer).toISOString().slice(0, 10)} or until the label or the pull request goes.`,
    ...urls.map(([service, url]) => `- ${service}: ${url}`),
  ].join("\n");
}

/** Pushes the images that a run has left for services of the stack; gives their references. */
async function pushed(repository: string, run: number, references: Images): Promise<Images> {
  const folder = mkdtempSync(join(tmpdir(), "images-"));
  try {
    await download(repository, run, folder);
    const left = readdirSync(folder);
    const images: Images = {};
    for (const [service, reference] of Object.entries(references)) {
      const file = `${service}.tar`;
      if (!left.includes(file)) continue;
      images[service] = await push(join(folder, file), partsOf(reference).repositoryUrl);
    }
    return images;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function reasonToGo(
  stack: string,
  offer: Offer | undefined,
  isWanted: boolean,
  since: string | undefined,
): string | undefined {
  if (!offer) return `${stack} takes none any more`;
  if (!isWanted) return "the pull request is closed, or has lost the label";
  if (since && isOver(since, offer)) return `nothing was pushed for ${offer.days} days`;
  return undefined;
}

function endOf(since: string, { days }: Offer): Date {
  return new Date(Date.parse(since) + days * 24 * 60 * 60 * 1000);
}

function isOver(since: string, offer: Offer): boolean {
  return endOf(since, offer).getTime() < Date.now();
}

function comment(repository: string, number: number, text: string): Promise<void> {
  return upsert(repository, number, "environment", `### Environment\n\n${text}`);
}
