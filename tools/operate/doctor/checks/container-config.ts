import { containersOf, nameOf } from "../../cluster-objects.ts";
import type { Check, Sign } from "../finding.ts";
import { recognised } from "../finding.ts";
import { livePods, ownerOf } from "../objects.ts";

/** Messages of the kubelet of Kubernetes 1.36. */
const signs: Sign[] = [
  {
    text: /couldn't find key (\S+) in (ConfigMap|Secret) (\S+)/,
    cause: ([, key, kind, name]) => `${kind} ${name} has no key ${key}`,
    remedy: ([, key]) =>
      `Give the secret in AWS Secrets Manager the key ${key}, or correct its key in services.*.secrets, and run up.`,
  },
  {
    text: /(configmap|secret) "([^"]+)" not found/,
    cause: ([, kind, name]) =>
      `${kind === "secret" ? "Secret" : "ConfigMap"} ${name} does not exist`,
    remedy:
      "Run pulumi up --refresh, which makes it again. A Secret of the secrets store comes with the first pod that mounts it.",
  },
  {
    text: /container has runAsNonRoot and image (?:will run as root|has non-numeric user)/,
    cause: "the image runs as root, or its user has no number",
    remedy: "Set USER to a number in the Dockerfile, or user of the service.",
  },
];

export const containerConfig: Check = {
  name: "container-config",
  finds: "containers that cannot be made: a missing ConfigMap, Secret or key, a user that is root",
  find: (snapshot) =>
    livePods(snapshot).flatMap((pod) =>
      containersOf(pod).flatMap(({ name, state }) => {
        const { reason, message = "" } = state?.waiting ?? {};
        if (reason !== "CreateContainerConfigError") return [];
        return [
          {
            object: ownerOf(pod),
            ...(recognised(message, signs) ?? {
              cause: "the container cannot be made",
              remedy: "Change what the message names.",
            }),
            evidence: `container ${name} of Pod ${nameOf(pod)} waits, ${reason}: ${message}`,
            namespace: pod.metadata?.namespace,
          },
        ];
      }),
    ),
};
