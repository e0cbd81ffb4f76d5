import { rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pulumi, type ShellOptions } from "../shell.ts";
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

/** The stack of a pull request's environment, by the Pulumi CLI on PATH. */
export class EnvironmentStack {
  readonly pullRequest: number;
  readonly name: string;

  constructor(pullRequest: number) {
    this.pullRequest = pullRequest;
    this.name = `pr-${pullRequest}`;
  }

  /** Lists all environments, the oldest pull request first. */
  static async list(): Promise<EnvironmentStack[]> {
    const stacks: { name: string }[] = JSON.parse(await ofEnvironment(["stack", "ls", "--json"]));
    return stacks
      .flatMap(({ name }) => /(?:^|\/)pr-(\d+)$/.exec(name)?.[1] ?? [])
      .map((number) => new EnvironmentStack(Number(number)))
      .sort((one, other) => one.pullRequest - other.pullRequest);
  }

  async deployed(): Promise<Deployed> {
    return JSON.parse(await this.#pulumi(["stack", "output", "--json"]));
  }

  /** Deploys images to the cluster of a platform's stack. */
  async up(
    platform: string,
    { images = {}, commit, since }: Pick<Deployed, "images" | "commit" | "since">,
  ): Promise<void> {
    await ofEnvironment(["stack", "select", "--create", this.name]);
    await this.#unlock();
    // The file may be of an earlier run.
    rmSync(join(folder, `Pulumi.${this.name}.yaml`), { force: true });
    const { pullRequest } = this;
    const settings = [
      ...Object.entries({ platform, pullRequest, commit, since }),
      ...Object.entries(images).map(([service, image]) => [`images["${service}"]`, image]),
    ]
      .filter(([, value]) => value !== undefined)
      .flatMap(([key, value]) => ["--plaintext", `environment:${key}=${value}`]);
    await this.#pulumi(["config", "set-all", "--path", ...settings]);
    await this.#pulumi(["up", "--yes", "--skip-preview"], { show: true });
  }

  /**
   * Removes the stack and its resources. Those of Kubernetes are deleted with the owner, whose cluster may
   * be gone; those of AWS are not.
   */
  async remove({ ownerDeleted }: { ownerDeleted: boolean }): Promise<void> {
    await this.#unlock();
    const isForgotten = ownerDeleted && !(await this.#hasAws());
    if (!isForgotten) {
      // pulumi-kubernetes then takes out of the state what it cannot reach.
      const env = ownerDeleted ? { PULUMI_K8S_DELETE_UNREACHABLE: "true" } : undefined;
      await this.#pulumi(["destroy", "--yes", "--skip-preview"], { show: true, env });
    }
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
