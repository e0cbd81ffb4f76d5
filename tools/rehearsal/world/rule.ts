import type { CloudResource, Props, World } from "./world.ts";

/** The configuration of the provider that makes a call. */
export interface Caller {
  region?: string;
  /** The account of the role that the provider assumes. @default the stack's */
  accountId?: string;
  defaultTags?: Record<string, string>;
  /** The cluster that a Kubernetes provider's kubeconfig names. */
  cluster?: string;
  /** Whether a Kubernetes provider takes fields over that others have set. @default false */
  takesFields?: boolean;
}

/** A call to the cloud, as rules and effects see it. */
export interface Call {
  world: World;
  resource: CloudResource;
  caller: Caller;
  /** The inputs of a creation, the new inputs of an update. */
  inputs: Props;
  /** The inputs before an update. */
  olds: Props;
  /** Seconds that the program allows (customTimeouts); 0 if it names none. */
  timeout: number;
}

/** The cloud refuses the action with `error` while `refusal` returns a reason. */
export interface Rule {
  /** The error code of AWS or Kubernetes. */
  error: string;
  on: "create" | "update" | "delete";
  /** Resource types; a `*` at the end matches any suffix. */
  types: string[];
  /** The documentation or the observation of the behaviour. */
  source: string;
  /** How long the provider retries or waits; customTimeouts replace it. @default 0 */
  timeoutSeconds?: number | ((inputs: Props) => number);
  /**
   * `after`: the cloud accepts the call, but the resource does not become ready or does not go.
   * @default before
   */
  phase?: "before" | "after";
  refusal: (call: Call) => string | undefined;
}

/** An action that the cloud adds to a call. */
export interface Effect {
  on: "create" | "update" | "delete";
  types: string[];
  source: string;
  /** A delete runs it before the resource is removed. */
  run: (call: Call) => void | Promise<void>;
}
