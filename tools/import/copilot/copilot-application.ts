import type { Draft } from "../draft.ts";
import type { ImportOptions } from "../import-options.ts";
import type { Report } from "../report.ts";
import type { CopilotSource } from "./manifests.ts";

/** What the parts of an import know of each other. */
export interface CopilotApplication {
  source: CopilotSource;
  /** Names in the settings, by the name of the manifest. */
  names: Map<string, string>;
  /** Resources of topics, by `<service>/<topic>`. */
  topics: Map<string, string>;
  /** Names that nothing else may have. */
  taken: Set<string>;
  draft: Draft;
  report: Report;
  options: ImportOptions;
}
