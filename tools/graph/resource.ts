// biome-ignore lint/suspicious/noExplicitAny: the properties of resources of every type
export type Properties = Record<string, any>;

/** An alias: a former URN, or its former parts. */
export interface Alias {
  urn?: string;
  name?: string;
  type?: string;
  parent?: string;
  noParent?: boolean;
}

/** A registered resource. */
export interface Resource {
  /** With the types of all ancestors, as Pulumi's. */
  urn: string;
  type: string;
  name: string;
  /** The physical name, or an identifier as AWS makes it; from the mocks. */
  id: string;
  /** Whether a provider manages it; a component groups resources. */
  custom: boolean;
  /** Whether it is a component of a plugin, whose children are unknown. */
  remote: boolean;
  parent?: string;
  /** The provider's URN; the URNs for the children if it is a remote component. */
  provider?: string | string[];
  protect: boolean;
  aliases?: Alias[];
  ignoreChanges: string[];
  /** Other options, by Pulumi's names. */
  options?: {
    retainOnDelete?: boolean;
    deleteBeforeReplace?: boolean;
    replaceOnChanges?: string[];
    customTimeouts?: Record<string, string>;
  };
  /** The URNs that its options and its inputs depend on. */
  dependsOn: string[];
  /** The source URNs of each input. */
  propertyDependencies: Record<string, string[]>;
  /** Resolved; secrets read `[secret]`. */
  inputs: Properties;
  /** From the mocks; secrets read `[secret]`. */
  outputs: Properties;
}

export interface Evaluation {
  stack: string;
  /** In the order of creation. */
  resources: Resource[];
  /** The tokens of the called functions, without duplicates. */
  functions: string[];
  /** The stack's outputs; secrets read `[secret]`. */
  outputs: Record<string, unknown>;
  /** Encrypted settings; the program got `[secret]`. */
  secretKeys: string[];
}
