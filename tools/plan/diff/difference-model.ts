import type { Timing } from "../timing.ts";
import type { Replacement } from "./caused-replacements.ts";
import type { Change } from "./changes.ts";
import type { PermissionChange } from "./permissions.ts";

export type Level = "green" | "amber" | "red";

export interface Risk {
  level: Exclude<Level, "green">;
  reason: string;
}

export const red = (reason: string): Risk => ({ level: "red", reason });
export const amber = (reason: string): Risk => ({ level: "amber", reason });

export interface Named {
  urn: string;
  type: string;
  name: string;
}

export interface PropertyChange extends Change {
  /** Whether this property replaces the resource. */
  replaces: boolean;
  /** The replaced resource that the value comes from. */
  follows: string | null;
}

export type Changed = Named & { changes: PropertyChange[] };

/** `seconds`: from the deletion of the old resource until the new one and its dependents are ready. */
export type Replaced = Changed & Omit<Replacement, "urn"> & { seconds: number };

/** The effect of a deployment from one version to the other. */
export interface Difference {
  stack: string;
  from: string;
  to: string;
  notes: string[];
  added: Named[];
  changed: Changed[];
  replaced: Replaced[];
  removed: Named[];
  /** URNs that only aliases of the newer program change. */
  renamed: [old: string, now: string][];
  permissions: PermissionChange[];
  /** The removed and added lines of each changed Kubernetes object. */
  manifests: { name: string; is: "new" | "gone" | "changed"; lines: string[] }[];
  /** US dollars a month, at rest. */
  cost: {
    from: number;
    to: number;
    unknown: string[];
    /** The components whose cost changes, with the lines of their bills that come and go. */
    components: { name: string; from: number; to: number; lines: string[] }[];
    /** The shares of the nodes' cost that change, by service. */
    nodes: { name: string; from: number; to: number }[];
  };
  /** `null` without a change. */
  deploy: Timing | null;
  risk: Level;
  risks: Risk[];
}
