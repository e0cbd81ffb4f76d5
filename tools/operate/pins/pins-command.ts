import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Terminal } from "../../command-line.ts";
import { projectFolder } from "../../graph/evaluate.ts";
import { settingsFile } from "../../graph/stack-settings.ts";
import { type OperatedStack, operatedStack } from "../operated-stack.ts";
import { operatorCommand } from "../operator-command.ts";
import { type Page, showPage } from "../page.ts";
import { type Pin, pinsOf, settingOf } from "./newer-pins.ts";
import { withNewerPins } from "./pin-edit.ts";

const usage = `Says which versions that a stack's settings pin are older than what AWS has for its
Kubernetes version: add-ons (cluster.addonVersions) and the node image (nodes.release).

usage: npm run pins -- [--stack NAME] [--write] [--json]

  --stack NAME  the stack of Pulumi.NAME.yaml (default: dev)
  --write       writes what is newer into that file, and changes nothing else in it
  --json        one JSON document instead of the page
  --help        this text

exit code: 0; 2 when the command is wrong; 3 when AWS does not answer
`;

/** Runs the command. Returns its exit code. @param folder the project, another one in tests */
export function pinsCommand(
  args: string[],
  terminal: Terminal,
  folder = projectFolder,
): Promise<number> {
  return operatorCommand(
    () => optionsOf(args),
    usage,
    terminal,
    async ({ stack: name, write, json }) => {
      const stack = await operatedStack(name, folder);
      const pins = await pinsOf(stack);
      if (write) writeNewer(name, pins, folder);
      return showPage(async () => pageOf(stack, pins, write), terminal, { json });
    },
  );
}

/** Writes what is newer into the stack's file. Returns the file and its text. */
export function writeNewer(stack: string, pins: Pin[], folder: string) {
  const file = settingsFile(stack, folder);
  const text = withNewerPins(readFileSync(join(folder, file), "utf8"), pins, file);
  writeFileSync(join(folder, file), text);
  return { file, text };
}

function pageOf(stack: OperatedStack, pins: Pin[], written: boolean): Page<object> {
  const { kubernetesVersion, nodes } = stack.config.cluster;
  const newer = pins.filter((pin) => pin.newer !== undefined);
  const lines = pins.map((pin) =>
    pin.newer === undefined
      ? `  ${settingOf(pin)}: ${pin.version}, AWS has nothing newer`
      : `  ${settingOf(pin)}: ${pin.version}, AWS has ${pin.newer}`,
  );
  const unpinned = [
    "  Add-ons without a pin get AWS's default at each pulumi up",
    ...(nodes.kind === "auto"
      ? ["  EKS Auto Mode chooses the image of its nodes"]
      : nodes.release === undefined
        ? ["  nodes.release is not set: nodes keep the image that their group was made with"]
        : []),
  ];
  const end =
    newer.length === 0
      ? []
      : [written ? "  Written: look at git diff, then npm run plan" : "  --write writes them"];
  return {
    sections: [
      {
        title: `${stack.stack}: pins of ${stack.clusterName}, Kubernetes ${kubernetesVersion}`,
        lines: [...(lines.length > 0 ? lines : ["  none"]), ...end],
      },
      { title: "Not pinned", lines: unpinned },
    ],
    data: { stack: stack.stack, kubernetesVersion, pins, written: written && newer.length > 0 },
    broken: false,
  };
}

function optionsOf(args: string[]) {
  return parseArgs({
    args,
    options: {
      stack: { type: "string", default: "dev" },
      write: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false, short: "h" },
    },
  }).values;
}
