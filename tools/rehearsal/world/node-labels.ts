import { capacityTypeLabel } from "../../../infra/cluster/node-groups.ts";
import { podSpecOf } from "../../graph/manifests.ts";
import type { CloudResource, Props } from "./world.ts";

/** Labels of the nodes that Karpenter starts: what they are paid by, and their NodePool. */
export const startedLabel = "karpenter.sh/capacity-type";
export const poolLabel = "karpenter.sh/nodepool";

const knownLabels = [capacityTypeLabel, startedLabel, poolLabel];

/** Of the labels of a managed group's nodes, those that pods ask for. */
export const labelsOfGroup = ({ inputs }: CloudResource): Props => ({
  [capacityTypeLabel]: inputs.capacityType ?? "ON_DEMAND",
});

/** The same of a node that Karpenter starts. */
export const labelsOfStarted = ({ capacityType, pool }: Props): Props => ({
  [startedLabel]: capacityType,
  [poolLabel]: pool,
});

/** What a pod asks of the labels that nodes have here. */
export const selectorOf = (pod: Props | undefined): Props =>
  Object.fromEntries(
    Object.entries(pod?.nodeSelector ?? {}).filter(([key]) => knownLabels.includes(key)),
  );

/** What of a node's labels a pod would rather have. */
export const preferredOf = (pod: Props | undefined): Props =>
  Object.fromEntries(
    (pod?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(
      ({ preference }: Props) =>
        preference.matchExpressions.map(({ key, values }: Props) => [key, values[0]]),
    ),
  );

/** Whether a node has all of these labels; `undefined` asks for a node without one. */
export const matches = (selector: Props, labels: Props): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);

/** Whether pods of a Deployment may run on nodes with these labels, by their nodeSelector. */
export const mayRunOn = ({ inputs: { kind, spec } }: CloudResource, labels: Props): boolean =>
  matches(selectorOf(podSpecOf({ kind, spec })), labels);
