import type { Draft } from "./draft.ts";
import type { Variables } from "./interpolation.ts";
import type { Report } from "./report.ts";

export interface ImportOptions {
  /** The stack that is written; names of secrets begin with it. */
  stack: string;
  /** The project, to which `image.context` is relative. */
  folder: string;
  /** Variables that win over those of files. */
  environment: Variables;
  /** Profiles of Compose that are on. */
  profiles: string[];
  /** The environment of Copilot whose overrides count. */
  copilotEnvironment?: string;
}

/** What an application becomes, and what became of every key of its files. */
export interface Imported {
  draft: Draft;
  report: Report;
  /** All that was to be accounted for. */
  document: Record<string, unknown>;
}
