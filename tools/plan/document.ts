import type { Violation } from "../../policy/rule.ts";
import { type Manifest, manifestsOf } from "../graph/manifests.ts";
import { order } from "../graph/order.ts";
import type { Evaluation } from "../graph/resource.ts";
import { type Role, rolesOf } from "../graph/roles.ts";
import { type Cost, costOf } from "./cost/cost.ts";
import { type Quota, quotasOf } from "./quotas.ts";
import { policyViolations } from "./violations.ts";

/** The plan as JSON, for `--json` and `--out`. */
export interface Plan {
  stack: string;
  resources: {
    urn: string;
    type: string;
    name: string;
    parent: string | null;
    /** The providers for the children of a remote component; `null` for other components. */
    provider: string | string[] | null;
    protect: boolean;
    dependsOn: string[];
    inputs: object;
  }[];
  manifests: Manifest[];
  roles: Role[];
  cost: Cost;
  order: { create: string[][]; delete: string[][] };
  violations: Violation[];
  /** The quotas of AWS and the max. need of the stack. */
  quotas: Quota[];
}

/** The plan of an evaluated stack. Depends only on the registered resources. */
export function planOf({ stack, resources }: Evaluation): Plan {
  return {
    stack,
    resources: resources.map((resource) => ({
      urn: resource.urn,
      type: resource.type,
      name: resource.name,
      parent: resource.parent ?? null,
      provider: resource.provider ?? null,
      protect: resource.protect,
      dependsOn: resource.dependsOn,
      inputs: resource.inputs,
    })),
    manifests: manifestsOf(resources),
    roles: rolesOf(resources),
    cost: costOf(resources),
    order: order(resources),
    violations: policyViolations(resources),
    quotas: quotasOf(resources),
  };
}
