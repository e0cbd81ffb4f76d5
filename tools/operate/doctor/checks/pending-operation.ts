import type { Check } from "../finding.ts";

export const pendingOperation: Check = {
  name: "pending-operation",
  finds: "operations that an interrupted update left in Pulumi's state",
  find: ({ state }) =>
    (state?.pendingOperations ?? []).map(({ type, urn }) => ({
      object: `resource ${urn.split("::").slice(2).join("::")}`,
      cause: `an update was interrupted while it was ${type} this resource`,
      evidence: `pending_operations of the state: ${type} ${urn}`,
      remedy:
        type === "creating"
          ? "Look whether AWS or the cluster has it. If no: pulumi refresh --clear-pending-creates. If yes: pulumi refresh asks for its ID."
          : "Run pulumi refresh, which reads how it is, and then up or destroy again.",
    })),
};
