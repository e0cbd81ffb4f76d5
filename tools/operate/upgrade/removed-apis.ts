import { minorOf } from "./minor.ts";

/** An API version of Kubernetes that a minor version no longer serves. */
interface Removal {
  apiVersion: string;
  kinds: string[];
  removedIn: string;
  /** What to write instead, where Kubernetes names it. */
  replacement?: string;
}

/** Kubernetes generates this table up to the minor versions that it plans. */
export const knownUpTo = "1.37";

/**
 * Kubernetes' deprecation guide (kubernetes.io/docs/reference/using-api/deprecation-guide), and what it
 * does not list yet from the functions APILifecycleRemoved of kubernetes/api at 2026-07-24, which the API
 * server obeys. What went before 1.22 no cluster of EKS serves.
 */
export const removals: Removal[] = [
  removal("1.22", "admissionregistration.k8s.io/v1beta1", [
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
  ]),
  removal("1.22", "apiextensions.k8s.io/v1beta1", ["CustomResourceDefinition"]),
  removal("1.22", "apiregistration.k8s.io/v1beta1", ["APIService"]),
  removal("1.22", "certificates.k8s.io/v1beta1", ["CertificateSigningRequest"]),
  removal("1.22", "coordination.k8s.io/v1beta1", ["Lease"]),
  removal("1.22", "extensions/v1beta1", ["Ingress"], "networking.k8s.io/v1"),
  removal("1.22", "networking.k8s.io/v1beta1", ["Ingress", "IngressClass"]),
  removal("1.22", "rbac.authorization.k8s.io/v1beta1", [
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
  ]),
  removal("1.22", "scheduling.k8s.io/v1beta1", ["PriorityClass"]),
  removal("1.22", "storage.k8s.io/v1beta1", [
    "CSIDriver",
    "CSINode",
    "StorageClass",
    "VolumeAttachment",
  ]),
  removal("1.25", "autoscaling/v2beta1", ["HorizontalPodAutoscaler"], "autoscaling/v2"),
  removal("1.25", "batch/v1beta1", ["CronJob"]),
  removal("1.25", "discovery.k8s.io/v1beta1", ["EndpointSlice"]),
  removal("1.25", "events.k8s.io/v1beta1", ["Event"]),
  removal("1.25", "node.k8s.io/v1beta1", ["RuntimeClass"]),
  removal("1.25", "policy/v1beta1", ["PodDisruptionBudget"]),
  { removedIn: "1.25", apiVersion: "policy/v1beta1", kinds: ["PodSecurityPolicy"] },
  removal("1.26", "autoscaling/v2beta2", ["HorizontalPodAutoscaler"], "autoscaling/v2"),
  ...(
    [
      ["1.26", "v1beta1"],
      ["1.29", "v1beta2"],
      ["1.32", "v1beta3"],
    ] as const
  ).map(([version, api]) =>
    removal(version, `flowcontrol.apiserver.k8s.io/${api}`, [
      "FlowSchema",
      "PriorityLevelConfiguration",
    ]),
  ),
  removal("1.27", "storage.k8s.io/v1beta1", ["CSIStorageCapacity"]),
  removal("1.32", "admissionregistration.k8s.io/v1alpha1", [
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
  ]),
  removal("1.34", "admissionregistration.k8s.io/v1beta1", [
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
  ]),
  removal("1.35", "storage.k8s.io/v1alpha1", ["VolumeAttributesClass"]),
  removal("1.37", "certificates.k8s.io/v1alpha1", ["ClusterTrustBundle"]),
  removal("1.37", "networking.k8s.io/v1beta1", ["IPAddress", "ServiceCIDR"]),
  removal("1.37", "storage.k8s.io/v1beta1", ["VolumeAttributesClass"]),
  removal("1.38", "admissionregistration.k8s.io/v1alpha1", [
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
  ]),
  removal("1.38", "resource.k8s.io/v1beta1", [
    "DeviceClass",
    "ResourceClaim",
    "ResourceClaimTemplate",
    "ResourceSlice",
  ]),
  removal("1.39", "resource.k8s.io/v1beta2", [
    "DeviceClass",
    "ResourceClaim",
    "ResourceClaimTemplate",
    "ResourceSlice",
  ]),
  removal("1.40", "admissionregistration.k8s.io/v1beta1", [
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
  ]),
];

/** By default the same group in v1 takes its place. */
function removal(
  removedIn: string,
  apiVersion: string,
  kinds: string[],
  replacement = `${apiVersion.split("/")[0]}/v1`,
): Removal {
  return { removedIn, apiVersion, kinds, replacement };
}

/** What a version of Kubernetes does not serve of an object; undefined if it serves it, or does not know it. */
export function removedBy(
  version: string,
  { apiVersion, kind }: { apiVersion: string; kind: string },
): Removal | undefined {
  return removals.find(
    (one) =>
      one.apiVersion === apiVersion &&
      one.kinds.includes(kind) &&
      minorOf(one.removedIn) <= minorOf(version),
  );
}
