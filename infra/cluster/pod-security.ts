/** A pod's securityContext by the Pod Security Standard `restricted`, without its user. */
export const podSecurity = { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } };

/** A container's securityContext by that standard, and a file system that the process only reads. */
export const containerSecurity = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  privileged: false,
  readOnlyRootFilesystem: true,
};
