import { Clock } from "./clock.ts";
import { type PublicImage, publicImages } from "./public-images.ts";

// biome-ignore lint/suspicious/noExplicitAny: what providers are given and give is untyped JSON
export type Props = Record<string, any>;

export type Action = "create" | "update" | "delete" | "read";

/** Something that exists in the simulated cloud. */
export interface CloudResource {
  type: string;
  id: string;
  /** The logical name, or a description of what the cloud made by itself. */
  name: string;
  /** None when the cloud made it by itself. */
  urn?: string;
  /** Who made it when no program did, for example a controller or a service of AWS. */
  madeBy?: string;
  /** The cluster that a Kubernetes object lives in. */
  cluster?: string;
  inputs: Props;
  outputs: Props;
  status: "creating" | "ready" | "changing" | "deleting";
  /** The program left it behind on purpose (skipDestroy). */
  kept?: boolean;
}

/** What one call to the cloud took, in simulated seconds. */
export interface Span {
  action: Action;
  urn: string;
  type: string;
  name: string;
  start: number;
  end: number;
  error?: string;
}

/** An error as AWS or Kubernetes names it. */
export class CloudError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

/** The call was accepted and the thing exists, but it has not become what it should be. */
export class NotReady extends CloudError {
  readonly thing: CloudResource;

  constructor(code: string, message: string, thing: CloudResource) {
    super(code, message);
    this.thing = thing;
  }
}

/** A fault on purpose: the next matching call fails with this error. */
export interface Fault {
  action: Action;
  type: string;
  code: string;
  message: string;
  /** All is done, and the engine never hears of it: it was killed. @default false */
  unheard?: boolean;
}

/** Everything that exists, on one clock. */
export class World {
  readonly clock: Clock;
  readonly region: string;
  readonly accountId: string;
  /** The ARN of the role that runs the updates. */
  readonly principal: string;
  /** Zones of Route 53, by their id. */
  readonly hostedZones: Record<string, string> = { Z0123456789EXAMPLE: "example.com" };
  /** Instance types that a zone does not have: `TYPE ZONE`. */
  readonly notOffered = new Set<string>();
  /** Images of others, secrets and parameters that are not there. */
  readonly absent = new Set<string>();
  /** What is known of images of others, by the beginning of their references. */
  readonly publicImages: Record<string, PublicImage> = { ...publicImages };
  /** Whether that role may call an action to look something up; anything when undefined. */
  rights: ((action: string) => boolean) | undefined;
  readonly spans: Span[] = [];
  readonly faults: Fault[] = [];
  /** Harm that no call was refused for, such as pods that were cut off. */
  readonly incidents: string[] = [];
  #things = new Map<string, CloudResource>();
  #serial = 0;

  constructor(
    options: { region?: string; accountId?: string; principal?: string; clock?: Clock } = {},
  ) {
    this.region = options.region ?? "eu-central-1";
    this.accountId = options.accountId ?? "111122223333";
    this.principal = options.principal ?? `arn:aws:iam::${this.accountId}:role/Deployer`;
    this.clock = options.clock ?? new Clock();
  }

  add(thing: CloudResource): CloudResource {
    const key = keyOf(thing.type, thing.id);
    if (this.#things.has(key)) throw new Error(`${key} exists twice: a fault of the simulation`);
    this.#things.set(key, thing);
    this.clock.changed();
    return thing;
  }

  /** Adds what the cloud makes by itself. */
  addOwn(type: string, id: string, madeBy: string, name: string, inputs: Props): CloudResource {
    return this.add({
      type,
      id,
      name,
      madeBy,
      inputs,
      outputs: { ...inputs, id },
      status: "ready",
    });
  }

  remove(thing: CloudResource): void {
    this.#things.delete(keyOf(thing.type, thing.id));
    this.clock.changed();
  }

  get(type: string, id: string): CloudResource | undefined {
    return this.#things.get(keyOf(type, id));
  }

  all(type?: string): CloudResource[] {
    const things = [...this.#things.values()];
    return type === undefined ? things : things.filter((thing) => thing.type === type);
  }

  /** The things of a type that are there to be used: made, and not on their way out. */
  live(type: string): CloudResource[] {
    return this.all(type).filter(({ status }) => status === "ready" || status === "changing");
  }

  /** A number that nothing had before; the same in every run. */
  serial(): number {
    return ++this.#serial;
  }

  /** An identifier as EC2 gives it, such as subnet-0000000000000002a. */
  hexId(prefix: string): string {
    return `${prefix}-${this.serial().toString(16).padStart(17, "0")}`;
  }

  takeFault(action: Action, type: string, unheard = false): Fault | undefined {
    const at = this.faults.findIndex(
      (fault) =>
        fault.action === action && fault.type === type && (fault.unheard ?? false) === unheard,
    );
    return at < 0 ? undefined : this.faults.splice(at, 1)[0];
  }
}

function keyOf(type: string, id: string): string {
  return `${type} ${id}`;
}
