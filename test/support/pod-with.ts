import { clockOf } from "../../infra/services/clock.ts";
import { servicePod } from "../../infra/services/pod-spec.ts";
import type { ServiceArgs } from "../../infra/services/service-args.ts";
import { serviceSettings, surroundings } from "./service-args.ts";

/** The program's pod of a service `web` with these arguments. */
export function podWith(changes: Partial<ServiceArgs>) {
  const args = {
    ...{ ...serviceSettings, ...surroundings, name: "web", image: "web@sha256:0" },
    ...{ callers: [], edge: {}, ...changes },
  } as unknown as ServiceArgs;
  const parts = { serviceAccountName: "web", secretProviderClasses: {}, claims: {} };
  const pod = servicePod(args, clockOf(args, args.ingress), { name: "web" }, parts);
  // biome-ignore lint/suspicious/noExplicitAny: a pod's fields, which are inputs of outputs
  return pod as any;
}
