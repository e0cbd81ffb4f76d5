import type { Properties, Resource } from "../graph/resource.ts";
import type { Account } from "./naming.ts";
import type { Charges } from "./prices.ts";

/** What the tools know of a type of resource; of a component, what the plugin makes of it. */
export interface ResourceType {
  /** Without one the type is unknown to the simulated cloud: the rehearsal refuses it. */
  duration?: Duration;
  /** Of a component: the types of the longest chain that it makes; their durations add up. */
  chain?: string[];
  /**
   * The arguments whose change makes a new resource: what the providers' schemas mark as forcing
   * replacement (hashicorp/terraform-provider-aws `ForceNew`, pulumi-kubernetes `forceNew` of each
   * kind, which has none of a custom resource's). `*` stands for one key.
   * @default all are updated in place
   */
  replacedBy?: string[];
  /** The required properties of the provider's schema, as the SDK's typings have them. @default none */
  required?: string[];
  /** What values may look like: AWS's API references, and errors seen with the released provider. */
  formats?: Format[];
  /** The property that the provider fills in with a name of its own, and the length it may have. */
  autoname?: { property: string; maxLength: number; lowerCase?: boolean };
  /**
   * The identifier that the provider gives a new thing; by name where AWS has names only.
   * @default a Kubernetes object's namespace and name, otherwise digits
   */
  id?: (inputs: Properties, cloud: Cloud) => string;
  /** The properties that the provider adds to the inputs once the thing exists. @default none */
  computed?: (made: Made) => Properties;
  /** The computed properties that an update makes unknown until it has run. @default none */
  recomputed?: string[];
  /** What an update makes of the outputs that were there before. */
  updated?: (before: Properties, inputs: Properties) => Properties;
  /** AWS puts it in the place of what has its identifier: its second creation succeeds. */
  putReplaces?: boolean;
  /** What AWS says when the identifier is taken. @default its service's error, and who exists */
  taken?: { error?: string; reason?: string };
  /** Of AWS's types: it bears no tags. */
  untagged?: boolean;
  /** Of Kubernetes' kinds: it is in no namespace. */
  clusterScoped?: boolean;
  /**
   * How the mocks answer: by themselves, or with what `id` and `computed` give.
   * @default the inputs; of AWS's types also a name and an ARN of the usual form
   */
  mock?: Mock | "computed";
  /** All that AWS bills for it; that of a component is for all that the plugin makes. */
  charges?: (resource: Resource, all: Resource[]) => Charges;
  /** Why it costs nothing by itself. */
  free?: string;
}

/** Seconds that a call to the cloud takes; what the rehearsal's rules wait for comes on top. */
interface Duration {
  create: number;
  update: number;
  delete: number;
}

interface Format {
  property: string;
  pattern: RegExp;
  /** As the provider or AWS says it. */
  message: string;
}

/** Where a thing is made: what its identifier and its outputs follow from. */
export interface Cloud extends Account {
  /** A number that nothing had before. */
  serial: () => number;
  /** An identifier as EC2 gives it, such as subnet-0000000000000002a. */
  hexId: (prefix: string) => string;
  get: (type: string, id: string) => { inputs: Properties } | undefined;
}

export interface Made {
  cloud: Cloud;
  id: string;
  inputs: Properties;
}

/** What the answers of AWS would be bound to. */
export interface Place extends Account {
  /** Who runs the program. */
  caller: string;
  /** The host name that the stack's hosted zone is for. */
  hostName?: string;
}

export type Mock = (
  inputs: Properties,
  name: string,
  place: Place,
) => { id?: string; state: Properties };

/** AWS promises no durations: the objects name where theirs were read. */
export const seconds = (create: number, update = create, remove = create): Duration => ({
  create,
  update,
  delete: remove,
});

/** IAM, Kubernetes and what is a setting of something else: one API call. */
export const oneCall = seconds(1);

/** The identifier is the value of this argument. */
export const idOf = (property: string) => (inputs: Properties) => inputs[property];
