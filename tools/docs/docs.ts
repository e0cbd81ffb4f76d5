import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { instance } from "@viz-js/viz";
import { evaluateAt } from "../graph/checkout.ts";
import { evaluate } from "../graph/evaluate.ts";
import { differenceOf } from "../plan/diff/difference.ts";
import { differenceMarkdown } from "../plan/diff/difference-markdown.ts";
import { differenceText } from "../plan/diff/difference-text.ts";
import { fittedDrawing, pictureOf } from "../plan/drawing/picture.ts";
import { styleOf } from "../plan/text.ts";
import { configurationPage } from "./configuration.ts";
import { importPage } from "./import-page.ts";
import { stackSchema } from "./stack-schema.ts";

/** Two commits of this repository between which the platform changed. */
const example = { from: "e811b96", to: "30b43b1", stack: "prod" };

const file = (name: string) => new URL(`../../docs/${name}`, import.meta.url);

writeFileSync(file("configuration.md"), configurationPage());
writeFileSync(file("stack.schema.json"), `${JSON.stringify(stackSchema(), null, 2)}\n`);
await drawArchitecture();
await writeExample();
writeFileSync(file("import.md"), await importPage(process.env.IMPORT_SAMPLES));

async function drawArchitecture(): Promise<void> {
  const { resources } = await evaluate("prod");
  const graphviz = await instance();
  for (const palette of ["light", "dark"] as const) {
    const svg = graphviz.renderString(pictureOf(resources, palette), { format: "svg" });
    writeFileSync(file(`architecture-${palette}.svg`), fittedDrawing(svg));
  }
}

/** A shallow clone has not got the commits: then the example stays as it is. */
async function writeExample(): Promise<void> {
  const { from, to, stack } = example;
  const has = (commit: string) =>
    spawnSync("git", ["cat-file", "-e", `${commit}^{commit}`], { cwd: file(".") }).status === 0;
  if (![from, to].every(has)) {
    process.stderr.write(`docs/difference.md is left as it is: no commit ${from} or ${to} here\n`);
    return;
  }
  const difference = differenceOf(await evaluateAt(from, stack), await evaluateAt(to, stack));
  // What is installed now says nothing of the example.
  const told = { ...difference, notes: [] };
  const command = `npm run plan -- --stack ${stack} --against ${from}..${to}`;
  writeFileSync(
    file("difference.md"),
    [
      "# A difference, as an example",
      "",
      "Two commits of this repository, compared offline. Written by `npm run docs`.",
      "",
      "```",
      `$ ${command}`,
      differenceText(told, styleOf(false)).trimEnd(),
      "```",
      "",
      "With `--markdown`, for a comment on a pull request:",
      "",
      differenceMarkdown(told),
    ].join("\n"),
  );
}
