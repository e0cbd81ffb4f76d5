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
import { parse, parseDocument } from "yaml";
import { settingsFile, settingsOf } from "../graph/stack-settings.ts";
import { type Engine, findEngine } from "./engine.ts";
import { EngineStack } from "./engine-stack.ts";
import { findPlugins, type Plugin } from "./plugins.ts";
import { aws } from "./providers/aws.ts";
import { docker } from "./providers/docker.ts";
import { serveHealth } from "./providers/health.ts";
import { kubernetes } from "./providers/kubernetes.ts";
import { serve } from "./providers/service.ts";
import { addAccountNetwork } from "./world/account-network.ts";
import { World } from "./world/world.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));
const typescript = new URL("../typescript.js", import.meta.url).href;

export interface RehearsalStackOptions {
  stack: string;
  /** The path of the settings from the project's root. @default the file that the plan uses */
  file?: string;
  /** Adds resources that no stack manages, before the first operation. */
  prepare?: (world: World) => void;
  /** Changes each resource before the engine gets it, to inject a fault. */
  transformation?: pulumi.ResourceTransformation;
  /** @default the installed plugins */
  plugins?: Plugin[];
  say?: (line: string) => void;
}

/**
 * The real engine and the real program on a simulated cloud. Settings, build contexts and state are in
 * a temporary folder; the project's files do not change.
 */
export class RehearsalStack extends EngineStack {
  /** Changes each resource of the next runs before the engine gets it, to inject a fault. */
  transformation: pulumi.ResourceTransformation | undefined;
  readonly engine: Engine;
  readonly plugins: Plugin[];
  readonly folder: string;
  #close: () => void;

  private constructor(
    engine: Engine,
    plugins: Plugin[],
    world: World,
    folder: string,
    stack: automation.Stack,
    close: () => void,
  ) {
    super(world, stack);
    this.engine = engine;
    this.plugins = plugins;
    this.folder = folder;
    this.#close = close;
  }

  /**
   * @throws {PlanError} if the stack does not exist
   * @throws {NoEngine} if the machine has no engine
   */
  static async open(options: RehearsalStackOptions): Promise<RehearsalStack> {
    const { stack: stackName, transformation, plugins = findPlugins(), say } = options;
    const file = options.file ?? settingsFile(stackName, project);
    const { config } = settingsOf(stackName, project, file);
    const engine = await findEngine(say);
    const world = new World({
      accountId: config["platform:accountId"],
      region: config["platform:region"],
      principal: JSON.parse(config["platform:cluster"] ?? "{}").admins?.[0],
    });

    const { existing, zones } = JSON.parse(config["platform:network"] ?? "{}");
    if (existing) addAccountNetwork(world, existing, zones);
    options.prepare?.(world);

    const folder = mkdtempSync(join(tmpdir(), "rehearsal-"));
    // The program reads files relative to its working directory.
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
      // The engine needs index.ts, although the program runs inline.
      for (const one of ["Pulumi.yaml", "index.ts", file]) {
        cpSync(join(project, one), join(folder, basename(one)));
      }
      for (const context of contextsOf(config)) {
        cpSync(join(project, context), join(folder, context), {
          recursive: true,
          filter: (path) => basename(path) !== "node_modules",
        });
      }
      for (const context of ["infra/image/reused", "infra/image/mirror"]) {
        cpSync(join(project, context), join(folder, context), { recursive: true });
      }
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
        program: () => evaluate("index.ts", opened.transformation),
        envVars: {
          PULUMI_BACKEND_URL: pathToFileURL(folder).href,
          PULUMI_CONFIG_PASSPHRASE: "",
          PULUMI_SKIP_UPDATE_CHECK: "true",
          PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
          PULUMI_DEBUG_PROVIDERS: providers.join(","),
          ...(health && {
            // Its Pulumi home is empty, so it takes plugins from PATH.
            PATH: [...real, process.env.PATH].join(delimiter),
            PULUMI_IGNORE_AMBIENT_PLUGINS: "",
            HTTPS_PROXY: health.url,
          }),
        },
      });
      const stack = await automation.Stack.create(stackName, workspace);
      const opened: RehearsalStack = new RehearsalStack(
        engine,
        plugins,
        world,
        folder,
        stack,
        close,
      );
      opened.transformation = transformation;
      return opened;
    } catch (error) {
      close();
      throw error;
    }
  }

  /** A stack of another program, such as `projects/pull-request/`, on the same cloud and state. */
  async beside(
    program: string,
    name: string,
    settings: Record<string, unknown>,
  ): Promise<EngineStack> {
    const { workspace } = this.stack;
    const definition = readFileSync(join(project, program, "Pulumi.yaml"), "utf8");
    const { name: projectName } = parse(definition);
    const folder = join(this.folder, `${projectName}-${name}`);
    mkdirSync(folder);
    cpSync(join(project, program, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
    cpSync(join(project, program, "index.ts"), join(folder, "index.ts"));
    const beside = await automation.LocalWorkspace.create({
      workDir: folder,
      pulumiHome: workspace.pulumiHome,
      pulumiCommand: await commandAt(this.engine.path, folder),
      program: () => evaluate(join(program, "index.ts")),
      envVars: workspace.envVars,
    });
    const stack = await automation.Stack.create(name, beside);
    for (const [key, value] of Object.entries(settings)) {
      const text = typeof value === "string" ? value : JSON.stringify(value);
      await stack.setConfig(`${projectName}:${key}`, { value: text });
    }
    return new EngineStack(this.world, stack);
  }

  /** A setting of the stack's file; `slice` is a path of keys with dots. Returns undefined if it is not set. */
  setting<T>(slice: string, ...path: string[]): T | undefined {
    return this.#settings().getIn([...settingPath(slice), ...path]) as T | undefined;
  }

  /** A group of settings as plain values. */
  settings<T>(slice: string): T | undefined {
    return this.#settings().toJS().config?.[`platform:${slice}`] as T | undefined;
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

  /** Removes a setting from the copy of the stack's file. */
  remove(slice: string): void {
    const settings = this.#settings();
    settings.deleteIn(settingPath(slice));
    writeFileSync(this.#settingsFile, String(settings));
  }

  /** Keeps cloud, state and settings as they are now. Returns what brings them back, more than once. */
  snapshot(): () => void {
    const files = [".pulumi", basename(this.#settingsFile)];
    const kept = mkdtempSync(join(this.folder, "snapshot-"));
    const copy = (from: string, to: string) => {
      for (const file of files) {
        rmSync(join(to, file), { recursive: true, force: true });
        cpSync(join(from, file), join(to, file), { recursive: true });
      }
    };
    copy(this.folder, kept);
    const restoreWorld = this.world.snapshot();
    return () => {
      copy(kept, this.folder);
      restoreWorld();
    };
  }

  get #settingsFile(): string {
    return join(this.folder, `Pulumi.${this.stack.name}.yaml`);
  }

  #settings() {
    return parseDocument(readFileSync(this.#settingsFile, "utf8"));
  }

  close(): void {
    this.#close();
  }
}

/** The folders that the stack's images are built from. */
function contextsOf(config: Record<string, string>): string[] {
  const texts = [config["platform:services"], config["platform:jobs"]].join();
  return [
    ...new Set([...texts.matchAll(/"context":"([^"]+)"/g)].map(([, context = ""]) => context)),
  ];
}

function settingPath(slice: string): string[] {
  const [first = "", ...inner] = slice.split(".");
  return ["config", `platform:${first}`, ...inner];
}

// Not the parameter of evaluate.ts: one URL is one module in a process.
let updates = 0;

/** Runs a program again, with its module loaded again. Its imports have no state. */
async function evaluate(
  program: string,
  transformation?: pulumi.ResourceTransformation,
): Promise<Record<string, unknown>> {
  if (transformation) pulumi.runtime.registerStackTransformation(transformation);
  const url = `${pathToFileURL(join(project, program)).href}?update=${++updates}`;
  return { ...(await import(url)) };
}

/** The SDK accepts only a CLI in a folder `bin`, so this makes a link. */
async function commandAt(path: string, folder: string): Promise<automation.PulumiCommand> {
  mkdirSync(join(folder, "bin"));
  symlinkSync(path, join(folder, "bin/pulumi"));
  return automation.PulumiCommand.get({ root: folder });
}

/** Starts the process of the component providers, which prints its port and ends with its parent. */
function startComponents(): { process: ChildProcess; port: Promise<number> } {
  const main = join(project, "tools/rehearsal/components/main.ts");
  const child = spawn(process.execPath, ["--import", typescript, main], {
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
