import type { CloudResource, Props, World } from "./world.ts";

/** Who asks: the configuration of the provider that the call came through. */
export interface Caller {
  region?: string;
  defaultTags?: Record<string, string>;
  /** The cluster that a Kubernetes provider's kubeconfig names. */
  cluster?: string;
}

export interface Attempt {
  world: World;
  thing: CloudResource;
  caller: Caller;
  /** What is asked for: the inputs of a creation, the new ones of an update. */
  inputs: Props;
  /** The inputs before an update. */
  olds: Props;
  /** Seconds that the program allows for the call (customTimeouts); 0 when it does not say. */
  timeout: number;
}

/** A law of the cloud: while `unless` gives a reason, the action is refused with `error`. */
export interface Rule {
  /** AWS's or Kubernetes' name for the refusal. */
  error: string;
  on: "create" | "update" | "delete";
  /** Types; one that ends in `*` stands for all that begin so. */
  types: string[];
  /** Where the behaviour is documented or was seen. */
  source: string;
  /**
   * For how many seconds the provider tries again, or waits, before it gives up; the program's own
   * timeout goes before it. @default 0
   */
  patience?: number | ((inputs: Props) => number);
  /**
   * `after`: the call is accepted, but the thing does not get ready, or is not gone.
   * @default before
   */
  phase?: "before" | "after";
  unless: (attempt: Attempt) => string | undefined;
}

/** What the cloud does by itself when something has come, changed or is going. */
export interface Effect {
  on: "create" | "update" | "delete";
  types: string[];
  source: string;
  /** On delete it runs while the thing still exists. */
  run: (attempt: Attempt) => void | Promise<void>;
}
