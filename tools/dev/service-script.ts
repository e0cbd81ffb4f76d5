import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { ServiceConfig } from "../../infra/config/workload-schema.ts";
import { PlanError } from "../graph/plan-error.ts";

/** How a service is started without its image. */
export interface ServiceScript {
  service: string;
  /** With the package.json. */
  folder: string;
  /** Of its package.json. */
  script: string;
}

/**
 * The script that starts a service: `dev` of the package.json in the folder that its image is built of, or
 * `dev:<service>` of the one whose image it shares.
 *
 * @param name the first service with such a folder, if empty
 * @throws {PlanError} if there is none
 */
export function scriptOf(
  name: string,
  services: Record<string, Pick<ServiceConfig, "image">>,
  folder: string,
): ServiceScript {
  const own = Object.keys(services).filter((one) => packageOf(services[one], folder));
  const service = name || own[0];
  if (service === undefined) {
    throw new PlanError("No service has an image that is built of a folder with a package.json");
  }
  if (!services[service]) {
    const known = Object.keys(services).join(", ");
    throw new PlanError(`There is no service "${service}"; allowed: ${known}`);
  }
  const { sameAs } = services[service].image;
  const at = packageOf(services[sameAs ?? service], folder);
  if (!at) {
    throw new PlanError(
      `services.${service}.image is not built of a folder with a package.json; allowed: ${own.join(", ") || "none"}`,
    );
  }
  const script = sameAs === undefined ? "dev" : `dev:${service}`;
  const { scripts = {} } = JSON.parse(readFileSync(join(at, "package.json"), "utf8"));
  if (!scripts[script]) {
    throw new PlanError(
      `services.${service}: the package.json of its image has no script "${script}", which starts it`,
    );
  }
  return { service, folder: at, script };
}

/** The folder of a service's image, if it has a package.json. */
function packageOf(
  service: Pick<ServiceConfig, "image"> | undefined,
  folder: string,
): string | undefined {
  const { context } = service?.image ?? {};
  if (context === undefined) return undefined;
  const at = join(folder, context);
  return existsSync(join(at, "package.json")) ? at : undefined;
}

/** What a service has to end in, as Docker gives it. */
const graceSeconds = 10;

/** How a service has ended. */
export interface End {
  service: string;
  /** Null after a signal. */
  code: number | null;
}

/** A service that runs, with all processes that its script has started. */
export class RunningService {
  readonly ended: Promise<End>;
  readonly #child: ChildProcess;

  constructor({ service, folder, script }: ServiceScript, environment: Record<string, string>) {
    this.#child = spawn("npm", ["run", "--silent", script], {
      cwd: folder,
      env: { ...process.env, ...environment },
      // As a group of its own it must not read the terminal.
      stdio: ["ignore", "inherit", "inherit"],
      detached: true,
    });
    this.ended = once(this.#child, "exit").then(([code]) => ({ service, code }));
  }

  /** Tells all of its processes. Returns whether there are any. @param signal 0 tells nothing */
  kill(signal: NodeJS.Signals | 0): boolean {
    const { pid } = this.#child;
    if (pid === undefined) return false;
    try {
      return process.kill(-pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      return false;
    }
  }

  /** Waits for the end of all of its processes: a shell ends before what it has started. */
  async gone(): Promise<void> {
    await this.ended;
    for (const end = Date.now() + graceSeconds * 1000; Date.now() < end; await wait(50)) {
      if (!this.kill(0)) return;
    }
    this.kill("SIGKILL");
  }
}
