import { rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pulumi, type ShellOptions } from "../shell.ts";
import type { Images } from "./image-references.ts";

const folder = fileURLToPath(new URL("../../projects/pull-request", import.meta.url));

/** An environment by its stack's outputs. An update that fails leaves them too, some or all. */
export interface Deployed {
  /** The `uid` of its owner. */
  owner?: string;
  urls?: Record<string, string>;
  images?: Images;
  /** When its images were built. */
  since?: string;
  /** What its images were built from; only once they have been tried. */
  commit?: string;
}

/** The stack of a pull request's environment, through the Pulumi CLI that is on PATH. */
export class EnvironmentStack {
  readonly pullRequest: number;
  readonly name: string;

  constructor(pullRequest: number) {
    this.pullRequest = pullRequest;
    this.name = `pr-${pullRequest}`;
  }

  /** All there are, the oldest pull request first. */
  static async all(): Promise<EnvironmentStack[]> {
    const stacks: { name: string }[] = JSON.parse(await ofEnvironment(["stack", "ls", "--json"]));
    return stacks
      .flatMap(({ name }) => /(?:^|\/)pr-(\d+)$/.exec(name)?.[1] ?? [])
      .map((number) => new EnvironmentStack(Number(number)))
      .sort((one, other) => one.pullRequest - other.pullRequest);
  }

  async deployed(): Promise<Deployed> {
    return JSON.parse(await this.#pulumi(["stack", "output", "--json"]));
  }

  /** Deploys images on the cluster of a platform's stack. */
  async up(
    platform: string,
    { images = {}, commit, since }: Pick<Deployed, "images" | "commit" | "since">,
  ): Promise<void> {
    await ofEnvironment(["stack", "select", "--create", this.name]);
    await this.#unlock();
    // Here may be those of another time.
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

  /** Removes it. When the owner is deleted, Kubernetes has deleted its objects; only the stack is left. */
  async remove({ ownerDeleted }: { ownerDeleted: boolean }): Promise<void> {
    await this.#unlock();
    if (!ownerDeleted) await this.#pulumi(["destroy", "--yes", "--skip-preview"], { show: true });
    await this.#pulumi(["stack", "rm", "--yes", ...(ownerDeleted ? ["--force"] : [])]);
  }

  /** A run that was killed leaves a lock. In a workflow no other one can hold it: they take turns. */
  async #unlock(): Promise<void> {
    if (process.env.GITHUB_ACTIONS) await this.#pulumi(["cancel", "--yes"]);
  }

  #pulumi(args: string[], options?: Pick<ShellOptions, "show">): Promise<string> {
    return ofEnvironment([...args, "--stack", this.name], options);
  }
}

function ofEnvironment(args: string[], options: Pick<ShellOptions, "show"> = {}): Promise<string> {
  // An environment has no secrets, so whoever may read its state may read all of it.
  return pulumi(args, { cwd: folder, env: { PULUMI_CONFIG_PASSPHRASE: "" }, ...options });
}
