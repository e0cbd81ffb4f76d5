import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PlanError } from "../graph/plan-error.ts";
import { acceptedFile } from "./accepted-file.ts";
import { importApplication } from "./application.ts";
import { nameOf } from "./draft.ts";
import type { Imported } from "./import-options.ts";
import type { Variables } from "./interpolation.ts";
import { asksFor, type outcomes } from "./report.ts";

/** Public files that the importer is tried on; they are read from a folder, and are no part of this project. */
interface Source {
  repository: string;
  commit: string;
  licence: string;
  variables?: Variables;
  files: string[];
}

/** What became of the files of one source. */
export interface Numbers {
  source: string;
  files: number;
  /** Files that the importer refuses, each with its error. */
  refused: string[];
  services: number;
  /** Services for which nobody has to do anything. */
  untouched: number;
  leftOut: number;
  keys: Record<(typeof outcomes)[number], number>;
  reasons: Map<string, number>;
}

export const sampleSources: Source[] = JSON.parse(
  readFileSync(new URL("samples.json", import.meta.url), "utf8"),
);

/**
 * Imports every sample, and lets the plan's settings accept each.
 *
 * @param samples a folder with `<owner>/<name>` for each repository of samples.json
 * @throws {PlanError} if a sample is missing, or the plan does not accept what it becomes
 */
export async function tryPublicSamples(samples: string, folder: string): Promise<Numbers[]> {
  const all: Numbers[] = [];
  for (const { repository, commit, variables = {}, files } of sampleSources) {
    const paths = files.map((file) => join(samples, repository, file));
    const missing = paths.find((path) => !existsSync(path));
    if (missing) {
      throw new PlanError(
        `${missing}: is missing; allowed: ${repository} at ${commit}, in ${join(samples, repository)}`,
      );
    }
    all.push(await numbersOf(repository, paths, variables, folder));
  }
  return all;
}

/** What becomes of these files. @throws {PlanError} if the plan does not accept it */
export async function numbersOf(
  source: string,
  paths: string[],
  environment: Variables,
  folder: string,
): Promise<Numbers> {
  const numbers: Numbers = {
    ...{ source, files: paths.length, refused: [], services: 0, untouched: 0, leftOut: 0 },
    keys: { "carried over": 0, changed: 0, "left out": 0 },
    reasons: new Map(),
  };
  for (const path of paths) {
    let imported: Imported;
    try {
      imported = importApplication(path, { stack: "sample", folder, environment, profiles: [] });
    } catch (error) {
      if (!(error instanceof PlanError)) throw error;
      numbers.refused.push(error.message);
      continue;
    }
    await acceptedFile(imported.draft, "sample", folder);
    add(imported, numbers);
  }
  return numbers;
}

function add({ report: { entries }, document, draft }: Imported, numbers: Numbers): void {
  const isCompose = document.services !== undefined;
  const place = isCompose ? 1 : 0;
  const names = Object.keys((document.services as object | undefined) ?? document);
  const ofService = (name: string) =>
    entries.filter(({ path }) => (!isCompose || path[0] === "services") && path[place] === name);
  for (const name of names) {
    const own = ofService(name);
    const left = own.some(
      ({ path, outcome }) => outcome === "left out" && path.length === place + 1,
    );
    const decided = draft.decisions.some(({ at }) => at[1] === nameOf(name) && at[0] !== "nodes");
    const toDo = own.some(asksFor);
    numbers.services++;
    if (left) numbers.leftOut++;
    else if (!decided && !toDo) numbers.untouched++;
  }
  for (const { outcome, why = "" } of entries) {
    numbers.keys[outcome]++;
    if (outcome === "left out") numbers.reasons.set(why, (numbers.reasons.get(why) ?? 0) + 1);
  }
}
