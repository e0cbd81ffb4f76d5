import type { Images } from "./image-references.ts";

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
 * what somebody has gone back from since. Undefined when there is nothing to go back to. Images that
 * came or went since, by another change of the stack, are left as they are.
 */
export function previousOf(releases: Release[], running: Images): Images | undefined {
  const givenUp: Images[] = [];
  const fits = (images: Images) => {
    const known = Object.entries(images).filter(([name]) => name in running);
    const agrees = (others: Images) =>
      known.every(([name, image]) => (others[name] ?? image) === image);
    return !agrees(running) && !givenUp.some(agrees) && Object.fromEntries(known);
  };
  for (const { images, wentBackFrom } of releases) {
    if (wentBackFrom) givenUp.push(wentBackFrom);
    const found = fits(images);
    if (found) return found;
  }
  return fits(releases.at(-1)?.before ?? {}) || undefined;
}
