import { nameOf } from "../../cluster-objects.ts";
import type { Check } from "../finding.ts";

/** No controller takes such an Ingress, so no event says it. */
export const ingressClass: Check = {
  name: "ingress-class",
  finds: "an Ingress whose class does not exist",
  find: ({ kubernetes: { ingresses = [], ingressClasses } }) => {
    if (!ingressClasses) return [];
    const known = ingressClasses.map(({ metadata }) => metadata?.name ?? "");
    return ingresses.flatMap((ingress) => {
      const name = ingress.spec?.ingressClassName;
      if (name === undefined || known.includes(name)) return [];
      return [
        {
          object: `Ingress ${nameOf(ingress)}`,
          cause: `the IngressClass ${name} does not exist`,
          evidence: `spec.ingressClassName: ${name}; the cluster has: ${known.join(", ") || "none"}`,
          remedy:
            "Run pulumi up --refresh, which sets the class alb again, and installs the controller with it.",
          namespace: ingress.metadata?.namespace,
        },
      ];
    });
  },
};
