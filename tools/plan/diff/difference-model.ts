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
  /** Whether it is this that makes a new resource. */
  replaces: boolean;
  /** The replaced resource that the value comes from: it is known when that is made. */
  follows: string | null;
}

export type Changed = Named & { changes: PropertyChange[] };

/** `seconds`: from the old one's going to the new one's being ready, with what it takes down. */
export type Replaced = Changed & Omit<Replacement, "urn"> & { seconds: number };

/** What a deploy would do to a stack that runs the one version, to make it the other. */
export interface Difference {
  stack: string;
  from: string;
  to: string;
  notes: string[];
  added: Named[];
  changed: Changed[];
  replaced: Replaced[];
  removed: Named[];
  /** URNs, by the aliases of the newer program: nothing is done for them. */
  renamed: [old: string, now: string][];
  permissions: PermissionChange[];
  /** Of each Kubernetes object that differs the lines that go and come. */
  manifests: { name: string; is: "new" | "gone" | "changed"; lines: string[] }[];
  /** US dollars a month, at rest. */
  cost: { from: number; to: number; unknown: string[] };
  /** `null` when there is nothing to do. */
  deploy: Timing | null;
  risk: Level;
  risks: Risk[];
}
