import { conditionOf, nameOf } from "../../cluster-objects.ts";
import type { Check } from "../finding.ts";
import { ageOf, eventsOf, livePods, ownerOf, quoted } from "../objects.ts";

/** The readiness probe must have failed so lately that it fails still. */
const recentSeconds = 300;

export const podUnready: Check = {
  name: "pod-unready",
  finds: "pods that run and are not ready: readiness probe, readiness gate of the load balancer",
  consequence: true,
  find: (snapshot) =>
    livePods(snapshot).flatMap((pod) => {
      const running = pod.status?.phase === "Running";
      if (!running || conditionOf(pod, "ContainersReady")?.status !== "False") return [];
      const probe = eventsOf(snapshot, "Pod", pod, /^Unhealthy$/).find(
        (event) =>
          /^(Readiness|Startup) probe failed/.test(event.message ?? "") &&
          ageOf(snapshot, event) < recentSeconds,
      );
      if (!probe) return [];
      return [
        {
          object: ownerOf(pod),
          cause: `the readiness probe of Pod ${nameOf(pod)} fails`,
          evidence: quoted(probe),
          remedy:
            "Set health.ready of the service to what it answers, or read why it is not ready: npm run logs.",
          namespace: pod.metadata?.namespace,
        },
      ];
    }),
};
