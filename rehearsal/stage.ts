import { type ChildProcess, spawn } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as pulumi from "@pulumi/pulumi";
import * as automation from "@pulumi/pulumi/automation/index.js";
import { parseDocument } from "yaml";
import { settingsOf } from "../plan/settings.ts";
import type { StateResource } from "./critical-path.ts";
import { type Engine, findEngine } from "./engine.ts";
import { findPlugins, type Plugin } from "./plugins.ts";
import { aws } from "./providers/aws.ts";
import { docker } from "./providers/docker.ts";
import { serveHealth } from "./providers/health.ts";
import { kubernetes } from "./providers/kubernetes.ts";
import { serve } from "./providers/service.ts";
import { World } from "./world/world.ts";

const project = fileURLToPath(new URL("..", import.meta.url));

/** What the engine did to one resource. */
export interface Step {
  op: string;
  urn: string;
  type: string;
  name: string;
  /** Not a component: something that a provider makes. */
  custom: boolean;
  /** The paths of the inputs that differ. */
  changes: string[];
}

export interface Outcome {
  steps: Step[];
  /** Why the run failed, each reason once. */
  errors: string[];
  failed: boolean;
  simulatedSeconds: number;
  realSeconds: number;
}

export interface StageOptions {
  stack: string;
  /** Looks at every resource on its way to the engine and may change it: faults on purpose. */
  sabotage?: pulumi.ResourceTransformation;
  /** @default what is installed here */
  plugins?: Plugin[];
  say?: (line: string) => void;
}

/**
 * The real engine and the real program, on a simulated cloud. Nothing of the project is written:
 * settings and build context are copies in a folder of its own, as is the engine's state.
 */
export class Stage {
  /** Changes every resource on its way to the engine: faults on purpose, until it is undefined. */
  sabotage: pulumi.ResourceTransformation | undefined;
  readonly engine: Engine;
  readonly plugins: Plugin[];
  readonly world: World;
  readonly folder: string;
  #stack: automation.Stack;
  #close: () => void;

  private constructor(
    engine: Engine,
    plugins: Plugin[],
    world: World,
    folder: string,
    stack: automation.Stack,
    close: () => void,
  ) {
    this.engine = engine;
    this.plugins = plugins;
    this.world = world;
    this.folder = folder;
    this.#stack = stack;
    this.#close = close;
  }

  /** Throws `PlanError` when there is no such stack, `NoEngine` when there is no engine. */
  static async open(options: StageOptions): Promise<Stage> {
    const { stack: stackName, sabotage, plugins = findPlugins(), say } = options;
    const { config } = settingsOf(stackName, project);
    const engine = await findEngine(say);
    const world = new World({
      accountId: config["platform:accountId"],
      region: config["platform:region"],
    });

    const folder = mkdtempSync(join(tmpdir(), "rehearsal-"));
    // The program names files relative to the project, so it runs where the copies are.
    const from = process.cwd();
    const standIns = plugins.filter((plugin) => !plugin.folder);
    const components = standIns.length > 0 ? startComponents() : undefined;
    const stops: (() => void)[] = [() => components?.process.kill()];
    const close = () => {
      process.off("exit", close);
      process.chdir(from);
      for (const stop of stops) stop();
      rmSync(folder, { recursive: true, force: true });
    };
    process.once("exit", close);

    try {
      // The engine wants to see index.ts, though it is given the program.
      for (const file of ["Pulumi.yaml", `Pulumi.${stackName}.yaml`, "index.ts"]) {
        cpSync(join(project, file), join(folder, file));
      }
      cpSync(join(project, "service"), join(folder, "service"), {
        recursive: true,
        filter: (path) => basename(path) !== "node_modules",
      });
      const providers: string[] = [];
      for (const provided of [aws, kubernetes, docker]) {
        const server = await serve(world, provided);
        stops.push(() => server.forceShutdown());
        providers.push(`${provided.name}:${server.port}`);
      }
      const port = await components?.port;
      providers.push(...standIns.map(({ name }) => `${name}:${port}`));
      const real = plugins.flatMap((plugin) => plugin.folder ?? []);
      const health = real.length > 0 ? await serveHealth() : undefined;
      if (health) stops.push(() => health.server.close());

      process.chdir(folder);
      const workspace = await automation.LocalWorkspace.create({
        workDir: folder,
        pulumiHome: join(folder, ".pulumi-home"),
        pulumiCommand: await commandAt(engine.path, folder),
        program: () => evaluate(stage.sabotage),
        envVars: {
          PULUMI_BACKEND_URL: pathToFileURL(folder).href,
          PULUMI_CONFIG_PASSPHRASE: "",
          PULUMI_SKIP_UPDATE_CHECK: "true",
          PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
          PULUMI_DEBUG_PROVIDERS: providers.join(","),
          ...(health && {
            // The engine has a home of its own here, and takes plugins from PATH as well.
            PATH: [...real, process.env.PATH].join(delimiter),
            PULUMI_IGNORE_AMBIENT_PLUGINS: "",
            HTTPS_PROXY: health.url,
          }),
        },
      });
      const stack = await automation.Stack.create(stackName, workspace);
      const stage: Stage = new Stage(engine, plugins, world, folder, stack, close);
      stage.sabotage = sabotage;
      return stage;
    } catch (error) {
      close();
      throw error;
    }
  }

  preview(): Promise<Outcome> {
    return this.#run((options) => this.#stack.preview(options));
  }

  up(): Promise<Outcome> {
    return this.#run((options) => this.#stack.up(options));
  }

  refresh(): Promise<Outcome> {
    return this.#run((options) => this.#stack.refresh(options));
  }

  /** As the command does it: nothing is deleted unless the preview of it is without error. */
  destroy(): Promise<Outcome> {
    return this.#run(async ({ onEvent, ...options }) => {
      await this.#stack.previewDestroy(options);
      await this.#stack.destroy({ onEvent, ...options });
    });
  }

  /** The resources in the engine's state. */
  async state(): Promise<StateResource[]> {
    const { deployment } = await this.#stack.exportStack();
    return deployment.resources ?? [];
  }

  /** A setting, as the stack's file has it (a path of keys, joined by dots): nothing when it leaves the default. */
  setting<T>(slice: string, ...path: string[]): T | undefined {
    return this.#settings().getIn([...settingPath(slice), ...path]) as T | undefined;
  }

  /** Changes a setting in the copy of the stack's file. */
  configure(slice: string, values: Record<string, unknown> | string): void {
    const settings = this.#settings();
    const at = settingPath(slice);
    if (typeof values === "string") settings.setIn(at, values);
    else {
      for (const [key, value] of Object.entries(values)) settings.setIn([...at, key], value);
    }
    writeFileSync(this.#settingsFile, String(settings));
  }

  get #settingsFile(): string {
    return join(this.folder, `Pulumi.${this.#stack.name}.yaml`);
  }

  #settings() {
    return parseDocument(readFileSync(this.#settingsFile, "utf8"));
  }

  close(): void {
    this.#close();
  }

  async #run(
    operation: (options: {
      onEvent: (event: automation.EngineEvent) => void;
      parallel: number;
      color: "never";
    }) => Promise<unknown>,
  ): Promise<Outcome> {
    const steps: Step[] = [];
    const errors = new Set<string>();
    const refreshed = new Set<string>();
    const started = Date.now();
    const simulatedStart = this.world.clock.now;
    let failed = false;
    const onEvent = (event: automation.EngineEvent) => {
      // What a refresh has found is known only after it.
      const before = event.resourcePreEvent?.metadata;
      const after = event.resOutputsEvent?.metadata;
      if (before?.op === "refresh") refreshed.add(before.urn);
      else if (before && before.op !== "same") steps.push(stepOf(before));
      if (after && after.op !== "same" && after.op !== "refresh" && refreshed.has(after.urn)) {
        steps.push(stepOf(after));
      }
      const { diagnosticEvent } = event;
      if (diagnosticEvent?.severity === "error") errors.add(reasonOf(diagnosticEvent.message));
    };
    try {
      await operation({ onEvent, parallel: 64, color: "never" });
    } catch (error) {
      failed = true;
      errors.delete("update failed");
      if (errors.size === 0) errors.add(saidBy(error));
    }
    const simulatedSeconds = this.world.clock.now - simulatedStart;
    await this.world.clock.settle();
    return {
      steps,
      errors: [...errors],
      failed,
      simulatedSeconds,
      realSeconds: (Date.now() - started) / 1000,
    };
  }
}

/** The engine's message without what it puts around the reason. */
function reasonOf(message: string): string {
  return message.replace(/^1 error occurred:\s*\*\s*/, "").trim();
}

/** What the command wrote about its failure, without the rest of its output. */
function saidBy(error: unknown): string {
  const message = String(error instanceof Error ? error.message : error);
  return /^error: .*$/m.exec(message)?.[0] ?? message;
}

function settingPath(slice: string): string[] {
  const [first = "", ...inner] = slice.split(".");
  return ["config", `platform:${first}`, ...inner];
}

function stepOf(metadata: automation.StepEventMetadata): Step {
  return {
    op: metadata.op,
    urn: metadata.urn,
    type: metadata.type,
    name: metadata.urn.split("::").at(-1) ?? "",
    custom: (metadata.new ?? metadata.old)?.custom ?? false,
    changes: Object.keys(metadata.detailedDiff ?? {}),
  };
}

let evaluations = 0;

/** Runs index.ts anew: its own module is, those that it imports hold no state. */
async function evaluate(
  sabotage?: pulumi.ResourceTransformation,
): Promise<Record<string, unknown>> {
  if (sabotage) pulumi.runtime.registerStackTransformation(sabotage);
  const url = `${pathToFileURL(join(project, "index.ts")).href}?evaluation=${++evaluations}`;
  return { ...(await import(url)) };
}

/** The SDK takes a command only from a folder `bin`: one in the stage's folder leads to ours. */
async function commandAt(path: string, folder: string): Promise<automation.PulumiCommand> {
  mkdirSync(join(folder, "bin"));
  symlinkSync(path, join(folder, "bin/pulumi"));
  return automation.PulumiCommand.get({ root: folder });
}

/** The component providers, in a process of their own that says its port and ends with this one. */
function startComponents(): { process: ChildProcess; port: Promise<number> } {
  const main = join(project, "rehearsal/components/main.ts");
  const child = spawn(process.execPath, ["--import", "tsx", main], {
    cwd: project,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const port = new Promise<number>((resolve, reject) => {
    child.stdout?.once("data", (chunk) => resolve(Number(String(chunk).trim())));
    child.once("exit", (code) => reject(new Error(`the component providers ended: ${code}`)));
  });
  port.catch(() => {});
  return { process: child, port };
}
