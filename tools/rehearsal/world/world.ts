import { Clock } from "./clock.ts";
import { type PublicImage, publicImages } from "./public-images.ts";

// biome-ignore lint/suspicious/noExplicitAny: inputs and outputs of providers are untyped JSON
export type Props = Record<string, any>;

export type Action = "create" | "update" | "delete" | "read";

/** A resource of the simulated cloud. */
export interface CloudResource {
  type: string;
  id: string;
  /** The logical name; a description if no program made it. */
  name: string;
  /** Undefined if no program made it. */
  urn?: string;
  /** The controller or AWS service that made it; undefined if a program did. */
  madeBy?: string;
  /** The cluster of a Kubernetes object. */
  cluster?: string;
  inputs: Props;
  outputs: Props;
  status: "creating" | "ready" | "changing" | "deleting";
  /** The program keeps it after a destroy (skipDestroy). */
  kept?: boolean;
  /** The fields that a person has changed without the program, such as `spec.limits.cpu`. */
  fieldsOfPeople?: string[];
  /** Pods of a Deployment beyond its replicas: those that a rollout adds, and those that drain. */
  extraPods?: number;
  /** What the pods of a Deployment or of a chart were admitted with. Undefined if they have no role. */
  identity?: PodRole;
}

/** By which service account pods get a role, and how: EKS Pod Identity where it is associated, else IRSA. */
export interface PodRole {
  namespace: string;
  name: string;
  /** Of the account's annotation. */
  roleArn: string | undefined;
  associated: boolean;
}

/** One call to the cloud, in simulated seconds. */
export interface Span {
  action: Action;
  urn: string;
  type: string;
  name: string;
  start: number;
  end: number;
  error?: string;
}

/** What new pods of one step of a rollout do, in simulated seconds. */
export interface Phase {
  urn: string;
  /** From 1. */
  step: number;
  pods: number;
  what: string;
  start: number;
  end: number;
  /** Seconds of it that any rollout needs. */
  least: number;
  /** Nobody waits for it. @default false */
  beside?: boolean;
}

/** An error with the code of AWS or Kubernetes. */
export class CloudError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

/** The resource exists, but has not become ready. */
export class NotReady extends CloudError {
  readonly resource: CloudResource;

  constructor(code: string, message: string, resource: CloudResource) {
    super(code, message);
    this.resource = resource;
  }
}

/** An injected fault: the next matching call fails with this error. */
export interface Fault {
  action: Action;
  type: string;
  /** The logical name. @default any */
  name?: string;
  code: string;
  message: string;
  /** The call succeeds, but the engine is killed before the response. @default false */
  killsEngine?: boolean;
}

/** The simulated cloud: its resources and its clock. */
export class World {
  readonly clock: Clock;
  readonly region: string;
  readonly accountId: string;
  /** The ARN of the role that runs the updates. */
  readonly principal: string;
  /** Zones of Route 53, by their id. */
  readonly hostedZones: Record<string, string> = { Z0123456789EXAMPLE: "example.com" };
  /** The accounts of zones that are not of the stack's account, by the id of the zone. */
  readonly zoneAccounts: Record<string, string> = {};
  /** Names of records that a person has set, without Route 53. */
  readonly recordsOfPeople = new Set<string>();
  /** Seconds after which a person sets a certificate's records; nobody does when undefined. */
  recordsSetAfter: number | undefined;
  /** Instance types that a zone does not offer: `TYPE ZONE`. */
  readonly notOffered = new Set<string>();
  /** Zones in which nothing runs or starts. */
  readonly lostZones = new Set<string>();
  /** Whether AWS has no Spot instance of any type. */
  withoutSpot = false;
  /** References of public images, secrets and parameters that do not exist. */
  readonly absent = new Set<string>();
  /** The ARNs of the stack's own secrets that a person has given a value. */
  readonly filledSecrets = new Set<string>();
  /** Seconds after which a person gives a new secret its value; nobody does when undefined. */
  secretsFilledAfter: number | undefined;
  /** The names of deleted secrets whose recovery window has not ended. */
  readonly recoverableSecrets = new Set<string>();
  /** When queues were deleted, by their names. */
  readonly deletedQueues = new Map<string, number>();
  /** Public images, by the prefix of their references. */
  readonly publicImages: Record<string, PublicImage> = { ...publicImages };
  /** Whether the role may call an action in a lookup; undefined allows all. */
  rights: ((action: string) => boolean) | undefined;
  readonly spans: Span[] = [];
  /** What pods did in rollouts, in the order in which it began. */
  readonly phases: Phase[] = [];
  readonly faults: Fault[] = [];
  /** Harm without a refused call, such as interrupted pods. */
  readonly incidents: string[] = [];
  #resources = new Map<string, CloudResource>();
  #serial = 0;

  constructor(
    options: { region?: string; accountId?: string; principal?: string; clock?: Clock } = {},
  ) {
    this.region = options.region ?? "eu-central-1";
    this.accountId = options.accountId ?? "111122223333";
    this.principal = options.principal ?? `arn:aws:iam::${this.accountId}:role/Deployer`;
    this.clock = options.clock ?? new Clock();
  }

  add(resource: CloudResource): CloudResource {
    const key = keyOf(resource.type, resource.id);
    if (this.#resources.has(key)) throw new Error(`${key} exists twice: a bug of the simulation`);
    this.#resources.set(key, resource);
    this.clock.changed();
    return resource;
  }

  /** Adds a resource that no program manages. */
  addUnmanaged(
    type: string,
    id: string,
    madeBy: string,
    name: string,
    inputs: Props,
  ): CloudResource {
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

  remove(resource: CloudResource): void {
    this.#resources.delete(keyOf(resource.type, resource.id));
    this.clock.changed();
  }

  get(type: string, id: string): CloudResource | undefined {
    return this.#resources.get(keyOf(type, id));
  }

  all(type?: string): CloudResource[] {
    const resources = [...this.#resources.values()];
    return type === undefined ? resources : resources.filter((resource) => resource.type === type);
  }

  /** The resources of a type that can be used: created, and not being deleted. */
  live(type: string): CloudResource[] {
    return this.all(type).filter(({ status }) => status === "ready" || status === "changing");
  }

  /** The zone of a subnet; empty where there is no such subnet. */
  zoneOf(subnetId: string): string {
    return this.get("aws:ec2/subnet:Subnet", subnetId)?.inputs.availabilityZone ?? "";
  }

  /** Whether a subnet is in a zone that is lost. */
  isLost(subnetId: string): boolean {
    return this.lostZones.has(this.zoneOf(subnetId));
  }

  /** Those of some subnets whose zone is not lost. */
  subnetsLeft(subnetIds: string[]): string[] {
    return subnetIds.filter((id) => !this.isLost(id));
  }

  /** The same cloud at the same time, which changes by itself. */
  copy(): World {
    const { region, accountId, principal } = this;
    const copy = new World({ region, accountId, principal });
    copy.clock.now = this.clock.now;
    copy.withoutSpot = this.withoutSpot;
    copy.#serial = this.#serial;
    for (const resource of this.all()) copy.add(structuredClone(resource));
    return copy;
  }

  /** A unique number; the same in every run. */
  serial(): number {
    return ++this.#serial;
  }

  /** An identifier of EC2, such as subnet-0000000000000002a. */
  hexId(prefix: string): string {
    return `${prefix}-${this.serial().toString(16).padStart(17, "0")}`;
  }

  /** Keeps all resources as they are now. Returns what brings them back; nothing may be scheduled then. */
  snapshot(): () => void {
    const named = [this.filledSecrets, this.recoverableSecrets] as const;
    const kept = structuredClone({
      resources: [...this.#resources],
      names: named.map((set) => [...set]),
      queues: [...this.deletedQueues],
    });
    return () => {
      const { resources, names, queues } = structuredClone(kept);
      this.#resources = new Map(resources);
      this.deletedQueues.clear();
      for (const [name, at] of queues) this.deletedQueues.set(name, at);
      named.forEach((set, at) => {
        set.clear();
        for (const name of names[at] ?? []) set.add(name);
      });
      this.incidents.length = 0;
    };
  }

  takeFault(
    action: Action,
    { type, name }: Pick<CloudResource, "type" | "name">,
    killsEngine = false,
  ): Fault | undefined {
    const at = this.faults.findIndex(
      (fault) =>
        fault.action === action &&
        fault.type === type &&
        (fault.name ?? name) === name &&
        (fault.killsEngine ?? false) === killsEngine,
    );
    return at < 0 ? undefined : this.faults.splice(at, 1)[0];
  }
}

function keyOf(type: string, id: string): string {
  return `${type} ${id}`;
}
