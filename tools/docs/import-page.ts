import { readFileSync } from "node:fs";
import { projectFolder } from "../graph/evaluate.ts";
import { importNumbers } from "../import/numbers-text.ts";
import { numbersOf, tryPublicSamples } from "../import/samples.ts";

/** Applications of the project's own, that its tests import. */
const own = ["shop", "votes", "clinic/copilot"];

/**
 * docs/import.md with the numbers of today. Those of the public samples stay as they are without their folder.
 *
 * @param samples a folder with `<owner>/<name>` for each repository of tools/import/samples.json
 */
export async function importPage(samples?: string): Promise<string> {
  const page = readFileSync(new URL("../../docs/import.md", import.meta.url), "utf8");
  const paths = own.map((name) => `test/tools/import/samples/${name}`);
  const ours = importNumbers([await numbersOf("own", paths, { TAG: "1" }, projectFolder)]);
  const all = samples && importNumbers(await tryPublicSamples(samples, projectFolder));
  if (!all)
    process.stderr.write(
      "docs/import.md keeps the numbers of public samples: IMPORT_SAMPLES is not set\n",
    );
  return between(all ? between(page, "public", all) : page, "own", ours);
}

/** The page with the text between a pair of marks replaced. @throws {Error} without the marks */
function between(page: string, mark: string, text: string): string {
  const [begin, end] = [`<!-- ${mark} -->`, `<!-- /${mark} -->`];
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`no ${begin} … ${end}`);
  return `${before}${begin}\n${text}\n${end}${after}`;
}
