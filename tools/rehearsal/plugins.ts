import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { answers, executable, isExecutable, pulumiHome } from "./engine.ts";

/** A component package: its real plugin, or the stand-in of this project. */
export interface Plugin {
  name: string;
  /** The folder of the real plugin. */
  folder?: string;
  /** Real or stand-in, and its source. */
  origin: string;
}

const packages = fileURLToPath(new URL("../../node_modules/@pulumi", import.meta.url));

/** Searches PATH and the Pulumi home, as the engine. */
export function findPlugins(): Plugin[] {
  return ["eks", "awsx"].map((name) => {
    const real = realPlugin(name);
    if (!real) return { name, origin: "stand-in" };
    // It constructs nothing without the command, in previews too.
    if (name === "eks" && answers("aws", ["--version"]) === undefined) {
      return { name, origin: "stand-in, because the plugin needs the aws command" };
    }
    return real;
  });
}

function realPlugin(name: string): Plugin | undefined {
  const command = executable(`pulumi-resource-${name}`);
  const onPath = (process.env.PATH ?? "")
    .split(delimiter)
    .find((folder) => folder && isExecutable(join(folder, command)));
  if (onPath) return { name, folder: onPath, origin: "plugin on PATH" };
  const manifest = readFileSync(join(packages, name, "package.json"), "utf8");
  const { version } = JSON.parse(manifest);
  const installed = join(pulumiHome(), "plugins", `resource-${name}-v${version}`);
  if (!isExecutable(join(installed, command))) return undefined;
  return { name, folder: installed, origin: `plugin ${version}` };
}
