import { rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PreviewEnvironmentSettings } from "../../infra/preview-environments/preview-environments.ts";
import { pulumi, type ShellOptions } from "../shell.ts";
import { EnvironmentDatabases } from "./environment-databases.ts";
import type { Images } from "./image-references.ts";

const folder = fileURLToPath(new URL("../../projects/pull-request", import.meta.url));

/** The outputs of an environment's stack. A failed update may leave some of them. */
export interface Deployed {
  /** The `uid` of its owner. */
  owner?: string;
  urls?: Record<string, string>;
  images?: Images;
  /** The build time of its images. */
  since?: string;
  /** The commit of its images, after a successful smoke test. */
  commit?: string;
}

/** Who owns an environment. */
export interface Owner {
  /** The full name of its stack, such as organization/platform/dev. */
  platform: string;
  /** That it gives to environments. */
  settings: PreviewEnvironmentSettings;
}

/** The stack of a pull request's environment, and its schemas, by the Pulumi CLI and the AWS CLI on PATH. */
export class EnvironmentStack {
  readonly pullRequest: number;
  readonly name: string;
  readonly #databases: EnvironmentDatabases;

  constructor(pullRequest: number, region: string) {
    this.pullRequest = pullRequest;
    this.name = `pr-${pullRequest}`;
    this.#databases = new EnvironmentDatabases({ pullRequest, region });
  }

  /** Lists all environments of a region's stack, the oldest pull request first. */
  static async list(region: string): Promise<EnvironmentStack[]> {
    const stacks: { name: string }[] = JSON.parse(await ofEnvironment(["stack", "ls", "--json"]));
    return stacks
      .flatMap(({ name }) => /(?:^|\/)pr-(\d+)$/.exec(name)?.[1] ?? [])
      .map((number) => new EnvironmentStack(Number(number), region))
      .sort((one, other) => one.pullRequest - other.pullRequest);
  }

  async deployed(): Promise<Deployed> {
    return JSON.parse(await this.#pulumi(["stack", "output", "--json"]));
  }

  /** Deploys images to the cluster of its owner. What it has in databases is made first: pods read the secret. */
  async up(
    { platform, settings: given }: Owner,
    { images = {}, commit, since }: Pick<Deployed, "images" | "commit" | "since">,
  ): Promise<void> {
    // From here on `list` has it, also when what follows fails.
    await ofEnvironment(["stack", "select", "--create", this.name]);
    await this.#unlock();
    const databases = await this.#databases.make(given);
    // The file may be of an earlier run.
    rmSync(join(folder, `Pulumi.${this.name}.yaml`), { force: true });
    const { pullRequest } = this;
    const settings = [
      ...Object.entries({ platform, pullRequest, commit, since }),
      ...Object.entries(images).map(([service, image]) => [`images["${service}"]`, image]),
      ...Object.entries(databases).map(([name, secret]) => [`databases["${name}"]`, secret]),
    ]
      .filter(([, value]) => value !== undefined)
      .flatMap(([key, value]) => ["--plaintext", `environment:${key}=${value}`]);
    await this.#pulumi(["config", "set-all", "--path", ...settings]);
    await this.#pulumi(["up", "--yes", "--skip-preview"], { show: true });
  }

  /**
   * Removes the stack, its resources and what it has in databases. Those of Kubernetes are deleted with the
   * owner, whose cluster may be gone; those of AWS are not. What fails can be done again: the stack goes last.
   */
  async remove({
    ownerDeleted,
    settings,
  }: {
    ownerDeleted: boolean;
    settings: PreviewEnvironmentSettings | undefined;
  }): Promise<void> {
    await this.#unlock();
    const isForgotten = ownerDeleted && !(await this.#hasAws());
    if (!isForgotten) {
      // pulumi-kubernetes then takes out of the state what it cannot reach.
      const env = ownerDeleted ? { PULUMI_K8S_DELETE_UNREACHABLE: "true" } : undefined;
      await this.#pulumi(["destroy", "--yes", "--skip-preview"], { show: true, env });
    }
    await this.#databases.remove(settings);
    await this.#pulumi(["stack", "rm", "--yes", ...(isForgotten ? ["--force"] : [])]);
  }

  /** Whether its state has resources of AWS. The outputs of a failed update do not tell. */
  async #hasAws(): Promise<boolean> {
    const { deployment }: { deployment?: { resources?: { type: string }[] } } = JSON.parse(
      await this.#pulumi(["stack", "export"]),
    );
    return (deployment?.resources ?? []).some(({ type }) => type.startsWith("aws:"));
  }

  /** Removes the lock of a killed run. Workflow runs are serialized, so no other run holds it. */
  async #unlock(): Promise<void> {
    if (process.env.GITHUB_ACTIONS) await this.#pulumi(["cancel", "--yes"]);
  }

  #pulumi(args: string[], options?: Pick<ShellOptions, "show" | "env">): Promise<string> {
    return ofEnvironment([...args, "--stack", this.name], options);
  }
}

function ofEnvironment(
  args: string[],
  { show, env }: Pick<ShellOptions, "show" | "env"> = {},
): Promise<string> {
  // An environment has no secrets, so its state needs no passphrase.
  return pulumi(args, { cwd: folder, show, env: { PULUMI_CONFIG_PASSPHRASE: "", ...env } });
}
