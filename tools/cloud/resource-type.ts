import type { Properties, Resource } from "../graph/resource.ts";
import type { Account } from "./naming.ts";
import type { Charges } from "./prices.ts";

/**
 * A resource type; for a component of a plugin, its children together. catalogue.test.ts names a type without a
 * duration, cost.test.ts one without a price, data-risks.test.ts a store without `holdsData`. No test notices that
 * `replacedBy`, `required` or `formats` leaves something out: read the provider's schema.
 */
export interface ResourceType {
  /** The rehearsal refuses a type without a duration. */
  duration?: Duration;
  /** The types of the longest chain in a component; their durations add up. */
  chain?: string[];
  /**
   * The arguments whose change replaces the resource, by the providers' schemas (`ForceNew` of
   * hashicorp/terraform-provider-aws, `forceNew` of pulumi-kubernetes, which lacks custom resources). `*`
   * stands for one key.
   * @default none
   */
  replacedBy?: string[];
  /** The required properties of the provider's schema. @default none */
  required?: string[];
  /** Formats of values: AWS's API references, and errors of the released provider. */
  formats?: Format[];
  /** The property that the provider fills with a name, and its max. length. */
  autoname?: {
    property: string;
    maxLength: number;
    lowerCase?: boolean;
    /** The suffix that AWS requires. @default none */
    suffix?: (inputs: Properties) => string;
  };
  /**
   * The identifier of a new resource.
   * @default namespace and name of a Kubernetes object, else digits
   */
  id?: (inputs: Properties, cloud: Cloud) => string;
  /** The properties that the provider adds to the inputs. @default none */
  computed?: (made: Made) => Properties;
  /** The computed properties that are unknown before an update. @default none */
  recomputed?: string[];
  /** The outputs after an update that depend on the former outputs. */
  updated?: (before: Properties, inputs: Properties) => Properties;
  /** A second creation with the same identifier replaces the first. */
  putReplaces?: boolean;
  /** The error of AWS if the identifier is taken. @default the error of its service */
  taken?: { error?: string; reason?: string };
  /** The data in it, which no update restores. @default none */
  holdsData?: Data;
  /** Whether a type of AWS has no tags. */
  untagged?: boolean;
  /** Whether a Kubernetes kind has no namespace. */
  clusterScoped?: boolean;
  /**
   * The answer of the mocks: a function, or `id` and `computed`.
   * @default the inputs, and name and ARN for a type of AWS
   */
  mock?: Mock | "computed";
  /** The mocks' answer for one of the account, which the program reads and the plan takes for granted. */
  existing?: (id: string, place: Place) => { id: string; state: Properties };
  /** The charges of AWS; those of a component include its children. */
  charges?: (resource: Resource, all: Resource[]) => Charges;
  /** Why it is free. */
  free?: string;
}

/** The data of a resource, and what of it outlives the resource. */
export interface Data {
  /** Such as `its items`. */
  what: string;
  /** Whether something else holds it, by its arguments. @default never */
  unless?: (inputs: Properties) => boolean;
  /** The argument by which AWS refuses the deletion. @default none */
  protection?: string;
  /** The argument whose change AWS makes in place, minutes long, and can't take back. @default none */
  oneWay?: string;
  /** What is left after the deletion, by its arguments. @default nothing */
  kept?: (inputs: Properties) => string | undefined;
}

/** Seconds of a call to the cloud, without the waits of the rehearsal's rules. */
interface Duration {
  create: number;
  update: number;
  delete: number;
}

interface Format {
  property: string;
  pattern: RegExp;
  /** The message of the provider or of AWS. */
  message: string;
}

/** The cloud around a resource, which determines its identifier and its outputs. */
export interface Cloud extends Account {
  /** Returns a unique number. */
  serial: () => number;
  /** Returns an identifier of EC2, such as subnet-0000000000000002a. */
  hexId: (prefix: string) => string;
  get: (type: string, id: string) => { inputs: Properties } | undefined;
}

export interface Made {
  cloud: Cloud;
  id: string;
  inputs: Properties;
}

/** The account and the stack of the mocks. */
export interface Place extends Account {
  /** The principal that runs the program. */
  caller: string;
  /** The stack's hosted zones: names by id. */
  hostedZones?: Record<string, string>;
  /** The stack's host names, for which its certificates are. */
  hostNames?: string[];
  /** The stack's setting `network`. */
  network?: Properties;
}

export type Mock = (
  inputs: Properties,
  name: string,
  place: Place,
) => { id?: string; state: Properties };

/** AWS guarantees no durations; each object names its source. */
export const seconds = (create: number, update = create, remove = create): Duration => ({
  create,
  update,
  delete: remove,
});

/** IAM, Kubernetes and settings of other resources: one API call. */
export const oneCall = seconds(1);

/** The identifier is the value of this argument. */
export const idOf = (property: string) => (inputs: Properties) => inputs[property];
