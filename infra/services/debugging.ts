import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { debugGroup } from "../cluster/access.ts";

/** The Role of a namespace that lets debuggers in, and the annotation with the image that they bring. */
export const debugRole = { name: "debug", image: "platform/debug-image" };

export interface DebugRoleArgs {
  metadata: { namespace: pulumi.Input<string>; labels: Record<string, string> };
  /** `<repository>@sha256:<digest>` */
  image: pulumi.Input<string>;
}

/**
 * What the group of debuggers may in a namespace, beside what its access entry lets it read: run
 * commands in containers, and add an ephemeral container. EKS's access policies but that of administrators
 * leave out ephemeral containers (EKS User Guide, access policy permissions).
 */
export function makeDebugRole(
  name: string,
  { metadata, image }: DebugRoleArgs,
  parent: { parent: pulumi.Resource },
): void {
  const role = new kubernetes.rbac.v1.Role(
    `${name}-debug`,
    {
      metadata: { ...metadata, name: debugRole.name, annotations: { [debugRole.image]: image } },
      rules: [
        // A WebSocket begins with a GET, which needed `get` alone before Kubernetes 1.35.
        { apiGroups: [""], resources: ["pods/exec"], verbs: ["get", "create"] },
        { apiGroups: [""], resources: ["pods/ephemeralcontainers"], verbs: ["patch"] },
        {
          apiGroups: ["rbac.authorization.k8s.io"],
          resources: ["roles"],
          resourceNames: [debugRole.name],
          verbs: ["get"],
        },
      ],
    },
    parent,
  );
  new kubernetes.rbac.v1.RoleBinding(
    `${name}-debug`,
    {
      metadata: { ...metadata, name: debugRole.name },
      roleRef: {
        apiGroup: "rbac.authorization.k8s.io",
        kind: "Role",
        name: role.metadata.name,
      },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: debugGroup }],
    },
    parent,
  );
}

/**
 * Lets these IAM principals alone into containers, whatever rights others have in Kubernetes; also
 * administrators, who could take the policy away, which the audit log tells.
 *
 * EKS puts the principal into `userInfo.extra` under `canonicalArn` (aws-iam-authenticator, pkg/server/server.go).
 * Who has none, such as a service account, is not let in.
 */
export function debugPolicySpec(
  principals: string[],
): kubernetes.types.input.admissionregistration.v1.ValidatingAdmissionPolicySpec {
  const core = { apiGroups: [""], apiVersions: ["v1"] };
  const named = principals.flatMap(canonicalArns).map((arn) => `'${arn}'`);
  return {
    failurePolicy: "Fail",
    matchConstraints: {
      resourceRules: [
        {
          ...core,
          operations: ["CONNECT"],
          // A forwarded port is reached inside the pod, behind its network policies.
          resources: ["pods/exec", "pods/attach", "pods/portforward"],
        },
        { ...core, operations: ["UPDATE"], resources: ["pods/ephemeralcontainers"] },
      ],
    },
    validations: [
      {
        expression:
          named.length > 0
            ? `has(request.userInfo.extra) && 'canonicalArn' in request.userInfo.extra && request.userInfo.extra['canonicalArn'].exists(arn, arn in [${named.join(", ")}])`
            : "false",
        message:
          named.length > 0
            ? "only those that cluster.debug of the stack names may enter containers here"
            : "nobody may enter containers here: cluster.debug of the stack names nobody",
        reason: "Forbidden",
      },
    ],
  };
}

/**
 * How EKS may name a principal: a session's ARN has no path, from which the authenticator makes the role's.
 * A role's name is unique in its account, so both are the same role.
 */
function canonicalArns(principalArn: string): string[] {
  const withoutPath = principalArn.replace(/:role\/.*\//, ":role/");
  return [...new Set([withoutPath, principalArn])];
}
