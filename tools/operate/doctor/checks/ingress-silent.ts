import { nameOf } from "../../cluster-objects.ts";
import type { Check } from "../finding.ts";
import { eventsOf, secondsSince } from "../objects.ts";

/** An address comes within seconds; two minutes without a word are too long. */
const patienceSeconds = 120;

export const ingressSilent: Check = {
  name: "ingress-silent",
  finds: "an Ingress without address of which the controller says nothing",
  find: (snapshot) => {
    const { ingresses = [], ingressClasses, deployments } = snapshot.kubernetes;
    const controller = deployments?.find(
      ({ metadata, spec }) =>
        metadata?.name?.includes("load-balancer-controller") ||
        spec?.template.metadata?.labels?.["app.kubernetes.io/name"] ===
          "aws-load-balancer-controller",
    );
    return ingresses
      .filter(
        (ingress) =>
          !ingress.status?.loadBalancer?.ingress?.length &&
          !ingress.metadata?.deletionTimestamp &&
          secondsSince(snapshot, ingress.metadata?.creationTimestamp) > patienceSeconds &&
          eventsOf(snapshot, "Ingress", ingress).length === 0 &&
          (ingressClasses?.some(
            ({ metadata }) => metadata?.name === ingress.spec?.ingressClassName,
          ) ??
            true),
      )
      .map((ingress) => ({
        object: `Ingress ${nameOf(ingress)}`,
        cause: "the load balancer controller does not work",
        evidence: `the Ingress has no address and no event; ${
          controller
            ? `Deployment ${nameOf(controller)} has ${controller.status?.readyReplicas ?? 0} ready pods`
            : "the cluster shows no Deployment of the controller"
        }`,
        remedy:
          "Look at its log: kubectl logs -n kube-system -l app.kubernetes.io/name=aws-load-balancer-controller. Where it is gone, run pulumi up --refresh.",
        namespace: "kube-system",
      }));
  },
  consequence: true,
};
