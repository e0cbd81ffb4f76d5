import { fileURLToPath } from "node:url";
import { type IngressConfig, signingKey } from "../../infra/config/schema.ts";
import type { PreviewEnvironmentSettings } from "../../infra/preview-environments/preview-environments.ts";
import { PlanError } from "../graph/plan-error.ts";
import { settingsOf } from "../graph/stack-settings.ts";
import { CommandFailed, pulumi, type ShellOptions } from "../shell.ts";
import { type Images, partsOf, Refused } from "./image-references.ts";
import type { Release, Update } from "./release-record.ts";
import { type StackImage, stackImages } from "./stack-images.ts";

/** The stack's outputs that a release reads. */
export interface Outputs {
  url?: string;
  imageReferences?: Images;
  release?: Release;
  kubeconfig?: string | object;
  clusterName?: string;
  pullRequests?: PreviewEnvironmentSettings;
}

/** A stack of the platform, through the Pulumi CLI that is on PATH. */
export class PlatformStack {
  readonly name: string;
  readonly project: string;
  readonly region: string;
  /** The images that it runs, by the names of services, jobs and containers beside them. */
  readonly images: Record<string, StackImage>;
  /** The ARN of the key that its images must be signed with, if they must. */
  readonly signingKey?: string;
  /** Whom its load balancer answers, where that is not everybody, and what to do about it. */
  readonly closed?: string;
  readonly folder: string;
  readonly env: Record<string, string>;

  /** Throws `Refused` when the project has no settings for such a stack, or the key is none. */
  constructor(
    name: string,
    folder: string = fileURLToPath(new URL("../..", import.meta.url)),
    env: Record<string, string> = {},
  ) {
    try {
      const { project, config } = settingsOf(name, folder);
      this.project = project;
      this.region = config[`${project}:region`] ?? "";
      this.images = stackImages({
        services: JSON.parse(config[`${project}:services`] ?? "{}"),
        jobs: JSON.parse(config[`${project}:jobs`] ?? "{}"),
      });
      const registry = JSON.parse(config[`${project}:registry`] ?? "{}");
      this.closed = closedBy(JSON.parse(config[`${project}:ingress`] ?? "{}"));
      this.signingKey = keyOf(registry.signingKey, `Pulumi.${name}.yaml: ${project}:registry`);
    } catch (error) {
      if (error instanceof PlanError) throw new Refused(error.message);
      throw error;
    }
    this.name = name;
    this.folder = folder;
    this.env = env;
  }

  /** Throws `Refused` when the stack cannot be read: not there, or no access. */
  async outputs(): Promise<Outputs> {
    try {
      return JSON.parse(await this.pulumi(["stack", "output", "--json"]));
    } catch (error) {
      if (error instanceof CommandFailed) throw new Refused(error.message);
      throw error;
    }
  }

  async history(): Promise<Update[]> {
    return JSON.parse(await this.pulumi(["stack", "history", "--json"]));
  }

  /** Sets the images that the next update deploys, and the record of it, in one change of the file. */
  async pin(images: Images, release?: Release): Promise<void> {
    const settings = Object.entries(images).flatMap(([name, reference]) => {
      const path = this.images[name]?.path;
      return path === undefined
        ? []
        : Object.entries(partsOf(reference)).map(
            ([key, value]) => `${this.project}:${path}.${key}=${value}`,
          );
    });
    if (release) settings.push(`${this.project}:release=${JSON.stringify(release)}`);
    const plaintext = settings.flatMap((setting) => ["--plaintext", setting]);
    await this.pulumi(["config", "set-all", "--path", ...plaintext]);
  }

  /**
   * Deploys the settings. Aborted, it ends early with an error, and the state is whole. Where the policies
   * count, a preview comes first, and nothing is changed when that breaks one.
   */
  async up(
    message: string,
    { signal, policies }: { signal?: AbortSignal; policies: boolean },
  ): Promise<void> {
    const how = policies ? ["--policy-pack", "policy"] : ["--skip-preview"];
    await this.pulumi(["up", "--yes", ...how, "--message", message], { show: true, signal });
  }

  pulumi(args: string[], options: Pick<ShellOptions, "show" | "signal"> = {}): Promise<string> {
    const where = { cwd: this.folder, env: this.env, ...options };
    return pulumi([...args, "--stack", this.name], where);
  }
}

function closedBy({ scheme, inboundCidrs }: Partial<IngressConfig>): string | undefined {
  if (scheme === "internal") {
    return "Its load balancer is internal (ingress.scheme): ask from inside the VPC, by a runner there (CLUSTER_RUNNER)";
  }
  if (!inboundCidrs || inboundCidrs.includes("0.0.0.0/0")) return undefined;
  return `Its load balancer answers ${inboundCidrs.join(", ")} alone (ingress.inboundCidrs): add the runner's address`;
}

function keyOf(given: unknown, where: string): string | undefined {
  const { data, error } = signingKey.optional().safeParse(given);
  if (!error) return data;
  const [issue] = error.issues;
  throw new Refused(
    `${where}.signingKey: ${JSON.stringify(given)} is not allowed: ${issue?.message}`,
  );
}
