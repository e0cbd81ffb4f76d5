import { conditionOf, nameOf } from "../../cluster-objects.ts";
import type { Check, Finding } from "../finding.ts";
import { livePods, secondsSince } from "../objects.ts";
import type { Snapshot } from "../snapshot.ts";

/** A new node is ready within so much time. */
const patienceSeconds = 180;

export const nodeNotReady: Check = {
  name: "node-not-ready",
  finds: "nodes that are not ready, or short of memory, disk or process numbers",
  find: (snapshot) =>
    (snapshot.kubernetes.nodes ?? []).flatMap((node) => {
      const object = `Node ${nameOf(node)}`;
      const ready = conditionOf(node, "Ready");
      if (ready && ready.status !== "True") {
        if (secondsSince(snapshot, ready.lastTransitionTime) < patienceSeconds) return [];
        const silent = ready.status === "Unknown";
        const network = /cni plugin not initialized|NetworkPluginNotReady/.test(
          ready.message ?? "",
        );
        return [
          {
            object,
            cause: silent
              ? "the node's kubelet does not report any more"
              : network
                ? "the VPC CNI is not initialized on the node"
                : "the node is not ready",
            evidence: `condition Ready is ${ready.status}, ${ready.reason}: ${ready.message}`,
            remedy: silent
              ? "Drain and end the instance; the node group starts another: docs/runbooks.md#node-memory"
              : network
                ? "Look at the add-on vpc-cni, its role and its pod: kubectl logs -n kube-system -l k8s-app=aws-node."
                : "kubectl describe node says what the kubelet waits for.",
          },
          ...namespacesOn(snapshot, node.metadata?.name),
        ];
      }
      return ["MemoryPressure", "DiskPressure", "PIDPressure"].flatMap((type) => {
        const condition = conditionOf(node, type);
        if (condition?.status !== "True") return [];
        const what = {
          MemoryPressure: "memory",
          DiskPressure: "disk",
          PIDPressure: "process numbers",
        };
        return [
          {
            object,
            cause: `the node is short of ${what[type as keyof typeof what]}`,
            evidence: `condition ${type} is True, ${condition.reason}: ${condition.message}`,
            remedy:
              type === "DiskPressure"
                ? "Raise nodes.diskSizeGiB. docs/runbooks.md#node-disk"
                : "docs/runbooks.md#node-memory",
          },
        ];
      });
    }),
};

/** Whose pods a node that is not ready takes with it. */
const namespacesOn = (snapshot: Snapshot, node: string | undefined): Finding[] =>
  livePods(snapshot)
    .filter(({ spec }) => spec?.nodeName === node)
    .map(({ metadata }) => ({
      ...{ object: "", cause: "", evidence: "", remedy: "", silent: true },
      namespace: metadata?.namespace,
    }));
