import type * as aws from "@pulumi/aws";
import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import {
  type Identity,
  ServiceAccountRole,
  usesPodIdentity,
} from "../cluster/service-account-role.ts";
import { ownerReference } from "../preview-environments/preview-environments.ts";
import type { Link } from "../resources/link.ts";
import { aliasSpec } from "./calls.ts";
import { makeClaim } from "./claims.ts";
import { resourcesOf } from "./container.ts";
import { makeDebugRole } from "./debugging.ts";
import type { Policy } from "./network-policies.ts";
import { containersOf } from "./pod-size.ts";
import type { PodParts } from "./pod-spec.ts";
import { makeSecretProviderClass, secretStatements } from "./secrets.ts";
import type { WorkloadArgs } from "./service-args.ts";

const core = kubernetes.core.v1;

/** Selects the pods of a service or a job; a Deployment's selector cannot change. */
export const selectorOf = ({ name }: Pick<WorkloadArgs, "name">) => ({
  "app.kubernetes.io/name": name,
});

export const labelsOf = (args: Pick<WorkloadArgs, "name">) => ({
  ...selectorOf(args),
  "app.kubernetes.io/part-of": "platform",
});

export interface NamespaceArgs {
  workload: WorkloadArgs;
  quota: Record<string, string>;
  policies: Policy[];
  /** Of the namespace, besides those of the platform. */
  labels: Record<string, string>;
}

/** What pods find in their namespace: they must come after `guards`, and after their role's policies. */
export interface Ground extends PodParts {
  metadata: { namespace: pulumi.Output<string>; labels: Record<string, string> };
  guards: pulumi.Resource[];
}

/**
 * A namespace that admits restricted pods only, with its quota, default limits, network policies, and
 * a service account with the role that only this account may assume.
 */
export function makeNamespace(
  name: string,
  { workload, quota, policies, labels }: NamespaceArgs,
  parent: { parent: pulumi.Resource },
): Ground {
  const namespace = new core.Namespace(
    name,
    {
      metadata: {
        name: workload.name,
        ...(workload.owner && { ownerReferences: [ownerReference(workload.owner)] }),
        labels: {
          ...labelsOf(workload),
          "pod-security.kubernetes.io/enforce": "restricted",
          "pod-security.kubernetes.io/warn": "restricted",
          ...labels,
        },
      },
    },
    parent,
  );
  const metadata = { namespace: namespace.metadata.name, labels: labelsOf(workload) };
  const guards = [
    new core.ResourceQuota(name, { metadata, spec: { hard: quota } }, parent),
    new core.LimitRange(name, { metadata, spec: limits(workload) }, parent),
    ...policies.map(
      ([suffix, spec]) =>
        new kubernetes.networking.v1.NetworkPolicy(`${name}-${suffix}`, { metadata, spec }, parent),
    ),
  ];
  const { debugImage: image } = workload;
  if (image) makeDebugRole(name, { metadata, image }, parent);
  const role = workload.cluster && makeRole(name, workload, workload.cluster.identity, parent);
  const account = new core.ServiceAccount(
    name,
    {
      metadata: {
        ...metadata,
        name: role?.serviceAccount ?? workload.name,
        ...(role && { annotations: role.annotations }),
      },
      // Pods that need a role on AWS get a token of its own audience.
      automountServiceAccountToken: false,
    },
    { ...parent, ...(role && { dependsOn: role }) },
  );
  const claims = Object.fromEntries(
    workload.links.flatMap((link) => {
      const claim = makeClaim(name, link, metadata, parent);
      return claim ? [[link.resource, claim]] : [];
    }),
  );
  const secretProviderClasses = Object.fromEntries(
    containersOf(workload.name, workload).map(({ name: container, container: args }) => [
      container,
      makeSecretProviderClass(
        container === workload.name ? name : `${name}-${container}`,
        { secrets: args.secrets, container, podIdentity: usesPodIdentity(workload) },
        metadata,
        parent,
      )?.metadata.name,
    ]),
  );
  return {
    metadata,
    guards,
    serviceAccountName: account.metadata.name,
    secretProviderClasses,
    claims,
  };
}

/** The defaults of containers that state no resources. */
const limits = (workload: WorkloadArgs) => ({
  limits: [{ type: "Container", ...resourcesOf(workload, "default") }],
});

function makeRole(
  name: string,
  workload: WorkloadArgs,
  identity: Identity,
  parent: { parent: pulumi.Resource },
): ServiceAccountRole {
  const containers = containersOf(workload.name, workload).map(({ container }) => container);
  const statements = secretStatements(containers, workload.place);
  return new ServiceAccountRole(
    workload.roleName ?? name,
    {
      identity,
      namespace: workload.name,
      serviceAccount: workload.name,
      policyArns: workload.policyArns,
      ...(statements.length > 0 && { policy: policyOf(statements) }),
      policies: linkPolicies(workload.links),
    },
    parent,
  );
}

/**
 * One for each resource and access: Pulumi deletes what is gone after all updates, so that pods which
 * run keep what they use until the new ones have taken over.
 */
const linkPolicies = (links: Link[]) =>
  Object.fromEntries(
    links
      .filter(({ statements }) => statements.length > 0)
      .map(({ resource, access, statements }) => [
        `uses-${resource}-${access}`,
        policyOf(statements),
      ]),
  );

const policyOf = (Statement: aws.iam.PolicyStatement[]): aws.iam.PolicyDocument => ({
  Version: "2012-10-17",
  Statement,
});

/** The names of the callees in the namespace of the caller. */
export function makeAliases(
  name: string,
  args: Pick<WorkloadArgs, "name" | "calls">,
  { namespace }: Ground["metadata"],
  parent: { parent: pulumi.Resource },
): kubernetes.core.v1.Service[] {
  return args.calls.map(
    (callee) =>
      new core.Service(
        `${name}-calls-${callee.name}`,
        {
          metadata: { namespace, name: callee.name, labels: labelsOf(args) },
          spec: aliasSpec(callee),
        },
        parent,
      ),
  );
}
