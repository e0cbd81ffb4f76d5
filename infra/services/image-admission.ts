import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { digest } from "../config/values.ts";
import {
  type NamespaceOwner,
  ownerReference,
} from "../preview-environments/preview-environments.ts";
import { debugPolicySpec } from "./debugging.ts";

export interface AdmissionArgs {
  /** The namespaces whose pods are judged. */
  namespaces: string[];
  /** Host names of the registries that their images come from. */
  registries: string[];
  /** Whether Application Signals puts an agent of AWS's into pods, by tag. */
  applicationSignals: boolean;
  /** ARNs of those that alone may enter their containers. @default whoever has the right in Kubernetes */
  debuggers?: string[] | undefined;
  /** What the namespaces belong to, and this then too. @default nothing */
  owner?: NamespaceOwner;
}

/**
 * What pods of the services' namespaces may run: images of the stack's own registries, named by
 * digest, whoever makes the pod and also while it is debugged. With `debuggers` also who may enter them.
 * The API server decides by itself: no webhook has to be up, and what cannot be judged is refused.
 *
 * Must come before the services and go after them.
 */
export class Admission extends pulumi.ComponentResource {
  constructor(name: string, args: AdmissionArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:service:Admission", name, {}, opts);
    makePolicy(name, policySpec(args), args, { parent: this });
    if (args.debuggers) {
      makePolicy(`${name}-debug`, debugPolicySpec(args.debuggers), args, { parent: this });
    }
    this.registerOutputs();
  }
}

type PolicySpec = kubernetes.types.input.admissionregistration.v1.ValidatingAdmissionPolicySpec;

/** A policy, and what binds it to the namespaces. */
function makePolicy(
  name: string,
  spec: PolicySpec,
  { namespaces, owner }: AdmissionArgs,
  parent: { parent: pulumi.Resource },
): void {
  const metadata = {
    labels: { "app.kubernetes.io/part-of": "platform" },
    ...(owner && { ownerReferences: [ownerReference(owner)] }),
  };
  const policy = new kubernetes.admissionregistration.v1.ValidatingAdmissionPolicy(
    name,
    { metadata, spec },
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
              { key: "kubernetes.io/metadata.name", operator: "In", values: namespaces },
            ],
          },
        },
      },
    },
    parent,
  );
}

function policySpec(args: AdmissionArgs): PolicySpec {
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
