// biome-ignore lint/suspicious/noExplicitAny: the properties of resources of every type
export type Properties = Record<string, any>;

/** What a resource was called or where it was: its URN, or the parts of it that were others. */
export interface Alias {
  urn?: string;
  name?: string;
  type?: string;
  parent?: string;
  noParent?: boolean;
}

/** A resource as the program registers it. */
export interface Resource {
  /** As Pulumi writes it, with the types of all ancestors. */
  urn: string;
  type: string;
  name: string;
  /** What the mocks answered: the physical name, or the id that AWS would give. */
  id: string;
  /** Whether a provider makes it; a component only groups others. */
  custom: boolean;
  /** Whether it is a component that a plugin makes, whose children are not known here. */
  remote: boolean;
  parent?: string;
  /** The provider's URN; of a remote component the ones that it hands to its children. */
  provider?: string | string[];
  protect: boolean;
  aliases?: Alias[];
  ignoreChanges: string[];
  /** Further options that the program gave, under Pulumi's names. */
  options?: {
    retainOnDelete?: boolean;
    deleteBeforeReplace?: boolean;
    replaceOnChanges?: string[];
    customTimeouts?: Record<string, string>;
  };
  /** What it waits for: what its options name and what its inputs come from. */
  dependsOn: string[];
  /** By input: the resources that its value comes from. */
  propertyDependencies: Record<string, string[]>;
  /** Resolved; what is secret reads `[secret]`. */
  inputs: Properties;
  /** As the mocks answered; what is secret reads `[secret]`. */
  outputs: Properties;
}

export interface Evaluation {
  stack: string;
  /** In the order of their creation. */
  resources: Resource[];
  /** The tokens of the functions that the program has called, each once. */
  functions: string[];
  /** The stack's outputs; what is secret reads `[secret]`. */
  outputs: Record<string, unknown>;
  /** Settings that only Pulumi can decrypt; the program was given `[secret]`. */
  secretKeys: string[];
}
