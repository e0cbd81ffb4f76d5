import type { Check, Finding } from "../finding.ts";

/** By the code of EKS's API Reference, AddonIssue. */
const remedies: Record<string, string> = {
  AccessDenied: "Give the add-on its role again: pulumi up --refresh.",
  AddonPermissionFailure: "Give the add-on its role again: pulumi up --refresh.",
  AddonSubscriptionNeeded: "Subscribe to the add-on in AWS Marketplace.",
  AdmissionRequestDenied: "An admission webhook refuses the add-on's objects: change or delete it.",
  ConfigurationConflict:
    "Somebody changed the add-on's objects: pulumi up --refresh, or aws eks update-addon --resolve-conflicts OVERWRITE.",
  InsufficientNumberOfReplicas: "kubectl get pods -n kube-system says why its pods are not ready.",
  K8sResourceNotFound: "Somebody deleted an object of the add-on: pulumi up --refresh.",
  UnsupportedAddonModification: "Take back what is not supported in cluster.addonVersions.",
};

const issuesOf =
  (code: RegExp): Check["find"] =>
  ({ aws: { addons = [] } }) =>
    addons.flatMap(({ addonName, status, health }) =>
      (health?.issues ?? [])
        .filter((issue) => code.test(issue.code ?? ""))
        .map(
          ({ code: said = "", message = "", resourceIds = [] }): Finding => ({
            object: `add-on ${addonName}`,
            cause: `the add-on is ${status}: ${said}`,
            evidence: `health issue ${said}: ${message}${resourceIds.length > 0 ? ` (${resourceIds.join(", ")})` : ""}`,
            remedy: remedies[said] ?? "Change what the message names.",
            namespace: "kube-system",
          }),
        ),
    );

export const addonDegraded: Check = {
  name: "addon-degraded",
  finds: "health issues that EKS has with an add-on",
  find: issuesOf(/^(?!InsufficientNumberOfReplicas)/),
};

export const addonUnready: Check = {
  name: "addon-unready",
  finds: "add-ons without enough ready pods, where no cause is known in kube-system",
  consequence: true,
  find: issuesOf(/^InsufficientNumberOfReplicas$/),
};
