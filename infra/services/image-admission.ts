import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { digest } from "../config/values.ts";
import {
  type NamespaceOwner,
  ownerReference,
} from "../preview-environments/preview-environments.ts";

export interface AdmissionArgs {
  /** The namespaces whose pods are judged. */
  namespaces: string[];
  /** Host names of the registries that their images come from. */
  registries: string[];
  /** Whether Application Signals puts an agent of AWS's into pods, by tag. */
  applicationSignals: boolean;
  /** What the namespaces belong to, and this then too. @default nothing */
  owner?: NamespaceOwner;
}

/**
 * What pods of the services' namespaces may run: images of the stack's own registries, named by
 * digest, whoever makes the pod and also while it is debugged. The API server decides by itself:
 * no webhook has to be up, and what cannot be judged is refused.
 *
 * Must come before the services and go after them.
 */
export class Admission extends pulumi.ComponentResource {
  constructor(name: string, args: AdmissionArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:service:Admission", name, {}, opts);
    const parent = { parent: this };
    const metadata = {
      labels: { "app.kubernetes.io/part-of": "platform" },
      ...(args.owner && { ownerReferences: [ownerReference(args.owner)] }),
    };

    const policy = new kubernetes.admissionregistration.v1.ValidatingAdmissionPolicy(
      name,
      { metadata, spec: policySpec(args) },
      parent,
    );
    new kubernetes.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
      name,
      {
        metadata,
        spec: {
          policyName: policy.metadata.name,
          validationActions: ["Deny"],
          matchResources: {
            namespaceSelector: {
              matchExpressions: [
                // Kubernetes sets this label itself: nobody leaves by relabelling a namespace.
                { key: "kubernetes.io/metadata.name", operator: "In", values: args.namespaces },
              ],
            },
          },
        },
      },
      parent,
    );
    this.registerOutputs();
  }
}

function policySpec(
  args: AdmissionArgs,
): kubernetes.types.input.admissionregistration.v1.ValidatingAdmissionPolicySpec {
  return {
    failurePolicy: "Fail",
    matchConstraints: {
      resourceRules: [
        {
          apiGroups: [""],
          apiVersions: ["v1"],
          operations: ["CREATE", "UPDATE"],
          resources: ["pods", "pods/ephemeralcontainers"],
        },
      ],
    },
    variables: [{ name: "images", expression: imagesOf(args.applicationSignals) }],
    validations: [
      {
        expression: `variables.images.all(image, image.matches('^[^@]+@${digest}$'))`,
        message: "every image must be named by digest: <repository>@sha256:<digest>",
      },
      {
        expression: `variables.images.all(image, [${args.registries.map((host) => `'${host}/'`).join(", ")}].exists(registry, image.startsWith(registry)))`,
        message: `every image must come from ${args.registries.join(" or ")}`,
      },
    ],
  };
}

/** In CEL: all images of a pod, but for that of the agent that Application Signals puts before it. */
function imagesOf(applicationSignals: boolean): string {
  const listed = (field: string) => `(has(object.spec.${field}) ? object.spec.${field} : [])`;
  const agent =
    "^(public\\\\.ecr\\\\.aws|[0-9]{12}\\\\.dkr\\\\.ecr\\\\.[a-z0-9-]+\\\\.amazonaws\\\\.com)/([a-z-]+/)*adot-autoinstrumentation-node:";
  const before = applicationSignals
    ? `${listed("initContainers")}.filter(container, !container.image.matches('${agent}'))`
    : listed("initContainers");
  const named = (list: string) => `${list}.map(container, container.image)`;
  return ["object.spec.containers", before, listed("ephemeralContainers")].map(named).join(" + ");
}
