import { containersOf } from "../../cluster-objects.ts";
import type { Check, Sign } from "../finding.ts";
import { recognised } from "../finding.ts";
import { eventsOf, livePods, ownerOf, quoted } from "../objects.ts";

/** Messages of the kubelet, of the Secrets Store CSI driver with AWS's provider, and of the EFS CSI driver. */
const signs: Sign[] = [
  {
    text: /SecretProviderClass\.secrets-store\.csi\.x-k8s\.io "([^"]+)" not found/,
    cause: ([, name]) => `SecretProviderClass ${name} does not exist`,
    remedy: "Run pulumi up --refresh, which makes it again.",
  },
  {
    text: /can't find the specified secret value for staging label: AWSCURRENT/,
    cause: "a secret has no value yet",
    remedy: "A person gives it one: docs/runbooks.md#empty-secret",
  },
  {
    text: /Failed to fetch secret from all regions[^:]*: (\S+)/,
    cause: ([, name]) =>
      `the secret ${name} does not exist in this region, or the role may not read it`,
    remedy:
      "Make it in AWS Secrets Manager, or correct its name in services.*.secrets, and run up, which also restores the role's policy.",
  },
  {
    text: /provider not found: provider "aws"/,
    cause: "AWS's provider of the secrets store does not run on the node",
    remedy: "Look at the add-on aws-secrets-store-csi-driver-provider and its pods in kube-system.",
  },
  {
    text: /is not authorized to perform: (\S+)/,
    cause: ([, action]) => `the role of the service may not do ${action}`,
    remedy:
      "Run pulumi up --refresh, which restores the role's policy. A secret with a key of your own needs kms:Decrypt in policyArns.",
  },
  {
    text: /driver name (\S+) not found in the list of registered CSI drivers/,
    cause: ([, driver]) => `the driver ${driver} does not run on the node`,
    remedy: "Look at its add-on and at the pods of its DaemonSet in kube-system.",
  },
  {
    text: /(configmap|secret) "([^"]+)" not found/,
    cause: ([, kind, name]) =>
      `${kind === "secret" ? "Secret" : "ConfigMap"} ${name} does not exist`,
    remedy: "Run pulumi up --refresh, which makes it again.",
  },
  {
    text: /Could not start amazon-efs-mount-watchdog|mount\.nfs4?: |Failed to resolve "fs-/,
    cause: "the file system is not mounted",
    remedy: "Look at its mount targets and their security group: pulumi up --refresh.",
  },
];

export const volumeMount: Check = {
  name: "volume-mount",
  finds:
    "volumes that are not mounted: SecretProviderClass or secret missing, secret without value, denied action, driver missing, file system",
  find: (snapshot) =>
    livePods(snapshot).flatMap((pod) => {
      const waits = containersOf(pod).some(({ state }) =>
        /^(ContainerCreating|PodInitializing)$/.test(state?.waiting?.reason ?? ""),
      );
      const [newest] = waits ? eventsOf(snapshot, "Pod", pod, /^Failed(Mount|AttachVolume)$/) : [];
      if (!newest) return [];
      return [
        {
          object: ownerOf(pod),
          ...(recognised(newest.message ?? "", signs) ?? {
            cause: "a volume of the pod is not mounted",
            remedy: "Change what the event names.",
          }),
          evidence: quoted(newest),
          namespace: pod.metadata?.namespace,
        },
      ];
    }),
};
