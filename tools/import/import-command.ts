import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Lines, optionsOrExit } from "../command-line.ts";
import { projectFolder } from "../graph/evaluate.ts";
import { PlanError } from "../graph/plan-error.ts";
import { acceptedFile } from "./accepted-file.ts";
import { importApplication } from "./application.ts";
import type { Variables } from "./interpolation.ts";
import { importNumbers } from "./numbers-text.ts";
import { reportData, reportText } from "./report-text.ts";
import { tryPublicSamples } from "./samples.ts";

const usage = `Writes the settings of a stack from a Compose file or the manifests of AWS Copilot, and says
what became of every key. Needs no Docker and no network.

usage: npm run import -- <compose.yaml | copilot/> [options]
       npm run import -- --samples DIR

  --stack NAME        writes Pulumi.NAME.yaml (default: imported)
  --force             also over a file that is there
  --profile NAME      takes the services of a profile of Compose; may be repeated
  --environment NAME  takes the overrides of an environment of Copilot
  --json              what became of every key, as data
  --samples DIR       tries the public files of tools/import/samples.json, of DIR/<owner>/<name>,
                      and prints the numbers of docs/import.md; writes nothing
  --help              this text

Variables come from the environment, then from .env beside the Compose file.

exit code: 0 when the file is written, and the plan accepts it; 1 when the plan does not
accept it; 2 when the command or a file is wrong. A failure writes nothing
`;

/** Runs the command. Returns its exit code. @param folder the project, another one in tests */
export async function importCommand(
  args: string[],
  lines: Lines,
  folder = projectFolder,
  environment: Variables = process.env,
): Promise<number> {
  const options = optionsOrExit(() => optionsOf(args), usage, lines);
  if (typeof options === "number") return options;
  if (options.samples !== undefined) return await trySamples(options.samples, lines, folder);
  const { stack, force, json, source } = options;
  const file = `Pulumi.${stack}.yaml`;
  let refused = 2;
  try {
    if (existsSync(join(folder, file)) && !force) {
      throw new PlanError(`--stack ${stack}: ${file} is there; allowed: another name, or --force`);
    }
    const imported = importApplication(source, {
      ...{ stack, folder, environment, profiles: options.profile },
      ...(options.environment && { copilotEnvironment: options.environment }),
    });
    refused = 1;
    const text = await acceptedFile(imported.draft, stack, folder);
    writeFileSync(join(folder, file), text);
    const { report, draft } = imported;
    if (json) {
      lines.out(JSON.stringify(reportData(report, draft, { file, stack, written: true }), null, 2));
      return 0;
    }
    const count = text.match(/^ *# decide: /gm)?.length;
    lines.out(`${reportText(report)}\n`);
    lines.out(
      `${file} is written, and the plan accepts it. ${count} lines in it begin with "decide:".`,
    );
    lines.out(`Next: npm run plan -- --stack ${stack}; npm run try -- --stack ${stack} <service>`);
    return 0;
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    lines.err(
      refused === 1
        ? `The plan does not accept what the import made:\n${error.message}`
        : error.message,
    );
    return refused;
  }
}

async function trySamples(samples: string, { out, err }: Lines, folder: string): Promise<number> {
  try {
    const numbers = await tryPublicSamples(samples, folder);
    out(importNumbers(numbers));
    for (const refused of numbers.flatMap((one) => one.refused)) out(`refused: ${refused}`);
    return 0;
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    err(error.message);
    return 2;
  }
}

function optionsOf(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      stack: { type: "string", default: "imported" },
      force: { type: "boolean", default: false },
      profile: { type: "string", multiple: true, default: [] },
      environment: { type: "string" },
      samples: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false, short: "h" },
    },
  });
  const [source = ""] = positionals;
  const named = values.samples === undefined ? 1 : 0;
  if (!values.help && positionals.length !== named) {
    throw new Error(named === 1 ? "Name one file or folder" : "--samples goes without a file");
  }
  // Pulumi's rule of stack names (pkg/backend, ValidateStackName), and a file's.
  if (!/^[A-Za-z0-9_.-]{1,100}$/.test(values.stack)) {
    throw new Error(`--stack ${values.stack} is not allowed: letters, digits and _.-, at most 100`);
  }
  return { ...values, source };
}
