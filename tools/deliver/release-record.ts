import type { Images } from "./image-references.ts";

/** The record of a release, and the stack's output `release`. */
export interface Release {
  images: Images;
  by: string;
  at: string;
  commit?: string;
  /** The URL of the workflow run. */
  run?: string;
  /** The former images. */
  before: Images;
  /** The images that a rollback left: no later rollback returns to them. */
  wentBackFrom?: Images;
}

/** An update in Pulumi's history, which begins with the newest. */
export interface Update {
  kind: string;
  result: string;
  config: Record<string, { value?: string; secret?: boolean }>;
}

/** The successful releases, the newest first. */
export function releasesOf(history: Update[], project: string): Release[] {
  return history
    .filter(({ kind, result }) => kind === "update" && result === "succeeded")
    .flatMap(({ config }) => config[`${project}:release`]?.value ?? [])
    .map((value) => JSON.parse(value) as Release);
}

/**
 * The images of the latest release that differ from `running` and were not left by a rollback since.
 * Returns undefined if there are none. Ignores images that other changes added or removed since.
 */
export function previousOf(releases: Release[], running: Images): Images | undefined {
  const left: Images[] = [];
  const fits = (images: Images) => {
    const known = Object.entries(images).filter(([name]) => name in running);
    const agrees = (others: Images) =>
      known.every(([name, image]) => (others[name] ?? image) === image);
    return !agrees(running) && !left.some(agrees) && Object.fromEntries(known);
  };
  for (const { images, wentBackFrom } of releases) {
    if (wentBackFrom) left.push(wentBackFrom);
    const found = fits(images);
    if (found) return found;
  }
  return fits(releases.at(-1)?.before ?? {}) || undefined;
}
