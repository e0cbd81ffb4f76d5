import * as pulumi from "@pulumi/pulumi";
import { loadConfig } from "../../infra/config/load.ts";
import { PlanError } from "./plan-error.ts";
import { settingsFile, settingsOf } from "./stack-settings.ts";

/**
 * The settings of a stack as the program loads them.
 *
 * @param file the stack's file below the folder; that of its name by default
 * @throws {PlanError} if the stack does not exist, or a setting is not valid
 */
export async function stackConfig(
  stack: string,
  folder: string,
  file = settingsFile(stack, folder),
): Promise<ReturnType<typeof loadConfig>> {
  const { project, config, secretKeys } = settingsOf(stack, folder, file);
  await pulumi.runtime.setMocks(
    {
      newResource: ({ name, inputs }) => ({ id: name, state: inputs }),
      call: ({ inputs }) => inputs,
    },
    project,
    stack,
  );
  pulumi.runtime.setAllConfig(config, secretKeys);
  // As in Pulumi, paths are relative to the project.
  const from = process.cwd();
  process.chdir(folder);
  try {
    return loadConfig();
  } catch (error) {
    if (!pulumi.RunError.isInstance(error)) throw error;
    throw new PlanError(error.message, { cause: error });
  } finally {
    process.chdir(from);
  }
}
