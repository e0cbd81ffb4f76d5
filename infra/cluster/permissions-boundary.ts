import * as pulumi from "@pulumi/pulumi";

/**
 * Gives every role of the stack the boundary, also those that components of eks make; must come
 * before all resources. Without one, roles have none.
 *
 * The engine asks for each resource: an offline plan does not show it.
 */
export function boundRoles(permissionsBoundary: string | undefined): void {
  if (permissionsBoundary === undefined) return;
  pulumi.runtime.registerResourceTransform(({ type, props, opts }) =>
    type === "aws:iam/role:Role" ? { props: { ...props, permissionsBoundary }, opts } : undefined,
  );
}
