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

/** A stack of the platform, by the Pulumi CLI on PATH. */
export class PlatformStack {
  readonly name: string;
  readonly project: string;
  readonly region: string;
  /** Its images, by the names of services, jobs and sidecars. */
  readonly images: Record<string, StackImage>;
  /** The ARN of the key that must sign its images; undefined if none must. */
  readonly signingKey?: string;
  /** Whether it has times at which it sleeps (nodes.schedule). */
  readonly sleeps: boolean;
  /** Who may call the load balancer, and a remedy; undefined if everybody may. */
  readonly restriction?: string;
  readonly folder: string;
  readonly env: Record<string, string>;

  /** @throws {Refused} if the stack has no settings, or its signing key is not valid */
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
      this.restriction = restrictionOf(JSON.parse(config[`${project}:ingress`] ?? "{}"));
      this.sleeps = "schedule" in JSON.parse(config[`${project}:nodes`] ?? "{}");
      this.signingKey = keyOf(registry.signingKey, `Pulumi.${name}.yaml: ${project}:registry`);
    } catch (error) {
      if (error instanceof PlanError) throw new Refused(error.message);
      throw error;
    }
    this.name = name;
    this.folder = folder;
    this.env = env;
  }

  /** @throws {Refused} if the stack does not exist or cannot be read */
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

  /** Sets the images of the next update and their record, in one change of the file. */
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
   * Deploys the settings. With `policies` a preview comes first, and a violation stops the update.
   *
   * @throws {CommandFailed} if the update fails; also after an abort, which leaves a complete state
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

function restrictionOf({ scheme, inboundCidrs }: Partial<IngressConfig>): string | undefined {
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
