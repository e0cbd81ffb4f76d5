import { type Images, keyOf, same } from "./image-references.ts";

/** Who released what and when. The program hands it on as the stack's output `release`. */
export interface Release {
  images: Images;
  by: string;
  at: string;
  commit?: string;
  /** The workflow run that did it. */
  run?: string;
  /** What the stack ran before. */
  before: Images;
  /** What was given up for it: such images are never gone back to. */
  wentBackFrom?: Images;
}

/** An update of the stack, as Pulumi's history tells of it; the newest comes first. */
export interface Update {
  kind: string;
  result: string;
  config: Record<string, { value?: string; secret?: boolean }>;
}

/** The releases that were deployed whole, the newest first. */
export function releasesOf(history: Update[], project: string): Release[] {
  return history
    .filter(({ kind, result }) => kind === "update" && result === "succeeded")
    .flatMap(({ config }) => config[`${project}:release`]?.value ?? [])
    .map((value) => JSON.parse(value) as Release);
}

/**
 * The images to go back to from those that run: of the latest release with other ones, leaving out
 * what somebody has gone back from since. Undefined when there is nothing to go back to.
 */
export function previousOf(releases: Release[], running: Images): Images | undefined {
  const givenUp = new Set<string>();
  for (const { images, wentBackFrom } of releases) {
    if (wentBackFrom) givenUp.add(keyOf(wentBackFrom));
    if (!same(images, running) && !givenUp.has(keyOf(images))) return images;
  }
  const first = releases.at(-1)?.before;
  return first && !same(first, running) && !givenUp.has(keyOf(first)) ? first : undefined;
}
