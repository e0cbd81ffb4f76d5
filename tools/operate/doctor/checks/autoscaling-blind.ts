import { conditionOf, nameOf } from "../../cluster-objects.ts";
import type { Check, Sign } from "../finding.ts";
import { recognised } from "../finding.ts";

/** Messages of the horizontal pod autoscaler of Kubernetes 1.36. */
const signs: Sign[] = [
  {
    text: /missing request for (\S+) in container (\S+)/,
    cause: ([, what, container]) =>
      `container ${container} asks for no ${what}, so there is no utilization`,
    remedy: "Give each container of the pods its request: cpuMillicores, and of the sidecars too.",
  },
  {
    text: /external metrics API|external\.metrics\.k8s\.io/,
    cause: "the metrics of KEDA are not there",
    remedy: "Look at its log: kubectl logs -n keda -l app=keda-operator.",
  },
  {
    text: /no metrics returned|did not receive metrics for/,
    cause: "metrics-server has no metrics of the pods",
    remedy:
      "The pods may not run yet. Otherwise look at kubectl logs -n kube-system -l k8s-app=metrics-server.",
  },
  {
    text: /resource metrics API/,
    cause: "metrics-server does not answer",
    remedy:
      "Look at the add-on metrics-server: kubectl get apiservice v1beta1.metrics.k8s.io; kubectl logs -n kube-system -l k8s-app=metrics-server.",
  },
];

export const autoscalingBlind: Check = {
  name: "autoscaling-blind",
  finds: "a HorizontalPodAutoscaler without metrics, and an aggregated API that is not available",
  find: ({ kubernetes: { autoscalers = [], apiServices = [] } }) => {
    const down = apiServices.flatMap((one) => {
      const available = conditionOf(one, "Available");
      return available?.status === "False" ? [{ name: nameOf(one), available }] : [];
    });
    const evidence = down.map(
      ({ name, available }) => `; APIService ${name}, ${available.reason}: ${available.message}`,
    );
    const blind = autoscalers.flatMap((one) => {
      const active = conditionOf(one, "ScalingActive");
      if (active?.status !== "False" || active.reason === "ScalingDisabled") return [];
      return [
        {
          object: `HorizontalPodAutoscaler ${nameOf(one)}`,
          ...(recognised(active.message ?? "", signs) ?? {
            cause: "it has no metrics",
            remedy: "Change what the message names.",
          }),
          evidence: `condition ScalingActive is False, ${active.reason}: ${active.message}${evidence.join("")}`,
        },
      ];
    });
    if (blind.length > 0) return blind;
    return down.map(({ name, available }) => ({
      object: `APIService ${name}`,
      cause: "an aggregated API is not available",
      evidence: `condition Available is False, ${available.reason}: ${available.message}`,
      remedy:
        "Bring its pods back. Where they are gone for good, delete the APIService: until then no namespace can be deleted.",
    }));
  },
};
