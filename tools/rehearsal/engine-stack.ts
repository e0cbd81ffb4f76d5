import type * as automation from "@pulumi/pulumi/automation/index.js";
import type { StateResource } from "./critical-path.ts";
import type { World } from "./world/world.ts";

/** One step of the engine: its action on one resource. */
export interface Step {
  op: string;
  urn: string;
  type: string;
  name: string;
  /** Whether a provider manages the resource: it is no component. */
  custom: boolean;
  /** The paths of the inputs that differ. */
  changes: string[];
}

export interface Outcome {
  steps: Step[];
  /** The reasons of a failure, without duplicates. */
  errors: string[];
  failed: boolean;
  simulatedSeconds: number;
  realSeconds: number;
}

/** A stack that the real engine updates on a simulated cloud. */
export class EngineStack {
  readonly world: World;
  protected readonly stack: automation.Stack;

  constructor(world: World, stack: automation.Stack) {
    this.world = world;
    this.stack = stack;
    // After each update the SDK would run the CLI three times more, for unused values.
    stack.outputs = async () => ({});
    stack.info = async () => undefined;
  }

  /** Sets a setting, by its full key. */
  set(key: string, value: string): Promise<void> {
    return this.stack.setConfig(key, { value });
  }

  preview(): Promise<Outcome> {
    return this.#run((options) => this.stack.preview(options));
  }

  up(): Promise<Outcome> {
    return this.#run((options) => this.stack.up(options));
  }

  refresh(): Promise<Outcome> {
    return this.#run((options) => this.stack.refresh(options));
  }

  /** Deletes nothing if the preview fails, as the CLI. */
  destroy(): Promise<Outcome> {
    return this.#run(async ({ onEvent, ...options }) => {
      await this.stack.previewDestroy(options);
      await this.stack.destroy({ onEvent, ...options });
    });
  }

  /** Changes the engine's state, as `pulumi state` and `pulumi import` do. */
  async editState(change: (resources: StateResource[]) => StateResource[]): Promise<void> {
    const exported = await this.stack.exportStack();
    exported.deployment.resources = change(exported.deployment.resources ?? []);
    await this.stack.importStack(exported);
  }

  /** The resources in the engine's state. */
  async state(): Promise<StateResource[]> {
    const { deployment } = await this.stack.exportStack();
    return deployment.resources ?? [];
  }

  async outputs(): Promise<Record<string, unknown>> {
    const outputs = await this.stack.workspace.stackOutputs(this.stack.name);
    return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value]));
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
      // The result of a refresh is known only after it.
      const before = event.resourcePreEvent?.metadata;
      const after = event.resOutputsEvent?.metadata;
      if (before?.op === "refresh") refreshed.add(before.urn);
      else if (before && !unchanging.has(before.op)) steps.push(stepOf(before));
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
      if (errors.size === 0) errors.add(errorLine(error));
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

/** Operations that Pulumi counts as no change (pulumi/pulumi, display.ResourceChanges, HasChanges). */
const unchanging = new Set<string>(["same", "read"]);

/** The reason in the engine's message. */
function reasonOf(message: string): string {
  return message.replace(/^1 error occurred:\s*\*\s*/, "").trim();
}

/** The error line of the CLI's output. */
function errorLine(error: unknown): string {
  const message = String(error instanceof Error ? error.message : error);
  return /^error: .*$/m.exec(message)?.[0] ?? message;
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
