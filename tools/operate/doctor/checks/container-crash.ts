import type { V1ContainerStateTerminated, V1Pod } from "@kubernetes/client-node";
import { containersOf, nameOf } from "../../cluster-objects.ts";
import type { Check, Finding } from "../finding.ts";
import { eventsOf, livePods, ownerOf, quoted } from "../objects.ts";
import type { Snapshot } from "../snapshot.ts";

/** A container that waits for its next start, or starts the process that is not in its image. */
export const containerCrash: Check = {
  name: "container-crash",
  finds:
    "containers that end again and again: exit code, out of memory, command missing, liveness probe",
  find: (snapshot) =>
    livePods(snapshot).flatMap((pod) =>
      containersOf(pod).flatMap(({ name, state, lastState, restartCount }) => {
        const waiting = state?.waiting?.reason ?? "";
        const ended = lastState?.terminated ?? state?.terminated;
        if (!/^(CrashLoopBackOff|RunContainerError|CreateContainerError)$/.test(waiting)) return [];
        const log = `kubectl logs -n ${pod.metadata?.namespace} ${pod.metadata?.name} -c ${name} --previous`;
        return [
          {
            object: ownerOf(pod),
            evidence: `container ${name} of Pod ${nameOf(pod)} waits, ${waiting}, after ${restartCount} restarts; last end: ${
              ended
                ? `${ended.reason}, exit code ${ended.exitCode}${ended.message ? `, ${ended.message}` : ""}`
                : state?.waiting?.message
            }`,
            namespace: pod.metadata?.namespace,
            ...reasonOf(snapshot, pod, ended, { log, message: state?.waiting?.message ?? "" }),
          },
        ];
      }),
    ),
};

function reasonOf(
  snapshot: Snapshot,
  pod: V1Pod,
  ended: V1ContainerStateTerminated | undefined,
  { log, message }: { log: string; message: string },
): Pick<Finding, "cause" | "remedy"> & { evidence?: string } {
  const said = `${ended?.message ?? ""} ${message}`;
  const missing =
    /exec: "([^"]+)": (?:stat [^:]+: )?(no such file or directory|executable file not found in \$PATH|permission denied)/;
  const [, command, why] = missing.exec(said) ?? [];
  if (command) {
    return {
      cause: `the command ${command} cannot be started: ${why}`,
      remedy:
        "Correct command of the service, or the image. npm run try -- <service> shows it here.",
    };
  }
  if (ended?.reason === "OOMKilled") {
    return {
      cause: "the container needs more memory than its limit",
      remedy:
        "Raise memoryMiB of the service, and look for a leak. docs/runbooks.md#restarting-pods",
    };
  }
  const probe = eventsOf(snapshot, "Pod", pod, /^Unhealthy$/).find(({ message: text }) =>
    /^(Liveness|Startup) probe failed/.test(text ?? ""),
  );
  if (probe && [137, 143, 0].includes(ended?.exitCode ?? -1)) {
    return {
      cause: "a probe ends the container, because it does not answer",
      evidence: quoted(probe),
      remedy: "Set health.live and start of the service, or mend the service.",
    };
  }
  if (ended?.exitCode === 0) {
    return {
      cause: "the process ends by itself, with exit code 0",
      remedy: "A service must not end: run it in the foreground, or make it a job.",
    };
  }
  return {
    cause: `the process ends with exit code ${ended?.exitCode ?? "unknown"}`,
    remedy: `Read its last lines: ${log}. After a release: npm run rollback.`,
  };
}
