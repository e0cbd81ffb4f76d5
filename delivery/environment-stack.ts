import { fileURLToPath } from "node:url";
import type { Images } from "../release/images.ts";
import { run, type ShellOptions } from "../release/shell.ts";

const folder = fileURLToPath(new URL("../environment", import.meta.url));

/** What is deployed in an environment, by its stack's outputs. */
export interface Deployed {
  urls: Record<string, string>;
  images: Images;
  /** What its images were built from, and when. */
  commit: string;
  since: string;
}

/** The stack of a pull request's environment, through the Pulumi CLI that is on PATH. */
export class EnvironmentStack {
  readonly pullRequest: number;
  readonly name: string;

  constructor(pullRequest: number) {
    this.pullRequest = pullRequest;
    this.name = `pr-${pullRequest}`;
  }

  /** All there are. */
  static async all(): Promise<EnvironmentStack[]> {
    const stacks: { name: string }[] = JSON.parse(await pulumi(["stack", "ls", "--json"]));
    return stacks.flatMap(({ name }) => {
      const [, number] = /(?:^|\/)pr-(\d+)$/.exec(name) ?? [];
      return number ? [new EnvironmentStack(Number(number))] : [];
    });
  }

  /** Nothing when no deployment has succeeded yet. */
  async deployed(): Promise<Deployed | undefined> {
    const outputs = JSON.parse(await this.#pulumi(["stack", "output", "--json"]));
    return outputs.commit === undefined ? undefined : outputs;
  }

  /** Deploys images as a guest of a platform's stack. */
  async up(
    platform: string,
    { images, commit, since }: Pick<Deployed, "images" | "commit" | "since">,
  ): Promise<void> {
    await pulumi(["stack", "select", "--create", this.name]);
    const { pullRequest } = this;
    const settings = [
      ...Object.entries({ platform, pullRequest, commit, since }),
      ...Object.entries(images).map(([service, image]) => [`images["${service}"]`, image]),
    ].flatMap(([key, value]) => ["--plaintext", `environment:${key}=${value}`]);
    await this.#pulumi(["config", "set-all", "--path", ...settings]);
    await this.#pulumi(["up", "--yes", "--skip-preview"], { show: true });
  }

  /** Removes it; with its host gone, nothing is left of it but the stack itself. */
  async remove({ hostGone }: { hostGone: boolean }): Promise<void> {
    if (!hostGone) await this.#pulumi(["destroy", "--yes", "--skip-preview"], { show: true });
    await this.#pulumi(["stack", "rm", "--yes", ...(hostGone ? ["--force"] : [])]);
  }

  #pulumi(args: string[], options?: Pick<ShellOptions, "show">): Promise<string> {
    return pulumi([...args, "--stack", this.name], options);
  }
}

function pulumi(args: string[], options: Pick<ShellOptions, "show"> = {}): Promise<string> {
  return run("pulumi", [...args, "--non-interactive", "--color", "never"], {
    cwd: folder,
    // An environment has no secrets, so whoever may read its state may read all of it.
    env: { PULUMI_CONFIG_PASSPHRASE: "" },
    ...options,
  });
}
