import { containersOf } from "../../cluster-objects.ts";
import type { Check } from "../finding.ts";
import { eventsOf, livePods, ownerOf, quoted } from "../objects.ts";

export const podAddress: Check = {
  name: "pod-address",
  finds: "pods whose network is not made: no free address in a subnet, VPC CNI down",
  find: (snapshot) =>
    livePods(snapshot).flatMap((pod) => {
      const waits = containersOf(pod).some(({ state }) =>
        /^(ContainerCreating|PodInitializing)$/.test(state?.waiting?.reason ?? ""),
      );
      const [newest] = waits ? eventsOf(snapshot, "Pod", pod, /^FailedCreatePodSandBox$/) : [];
      if (!newest) return [];
      const full = /failed to assign an IP address to container/.test(newest.message ?? "");
      const [least] = [...(snapshot.aws.subnets ?? [])].sort(
        (one, other) => (one.AvailableIpAddressCount ?? 0) - (other.AvailableIpAddressCount ?? 0),
      );
      return [
        {
          object: ownerOf(pod),
          cause: full
            ? "the VPC CNI has no free address for the pod"
            : "the network of the pod is not made",
          evidence: `${quoted(newest)}${
            full && least
              ? `; subnet ${least.SubnetId} has ${least.AvailableIpAddressCount} free addresses`
              : ""
          }`,
          remedy: full
            ? "Free addresses in the private subnets, or give a new stack a larger network.cidrBlock."
            : "Look at the log of the VPC CNI: kubectl logs -n kube-system -l k8s-app=aws-node.",
          namespace: pod.metadata?.namespace,
        },
      ];
    }),
};
