export type Tags = Record<string, string>;

/** Whose leftovers are looked for. */
export interface Owner {
  clusterName: string;
  /** The program's tags on all that its stack has. */
  program: { project: string; stack: string };
  /** The stack lives, and the cluster is an earlier one of its: the program's tags prove nothing. */
  stackLives: boolean;
}

/** `others`: it has the owner's tags and those of somebody else, who may need it. */
export type Belonging = { to: "owner"; why: string } | { to: "others"; why: string };

/** Tags whose value is the name of a cluster, and why their maker leaves things behind. */
const clusterTags: Record<string, string> = {
  // aws-load-balancer-controller: pkg/deploy/tracking/provider.go
  "elbv2.k8s.aws/cluster":
    "the load balancer controller made it, and ended before it could delete it",
  // amazon-vpc-cni-k8s: README, "ENI tags related to Allocation"
  "cluster.k8s.amazonaws.com/name":
    "the VPC CNI made it, and its node ended before it was detached",
  "aws:eks:cluster-name": "EKS made it, and did not delete it with the cluster",
  "eks:cluster-name": "EKS made it, and did not delete it with the node group",
  KubernetesCluster: "a storage driver made it, and its claim was not deleted before the cluster",
};

/** Tags whose key ends with the name of a cluster; the value is `owned` or `shared`. */
const clusterPrefixes = ["kubernetes.io/cluster/", "k8s.io/cluster/"];

/**
 * Whether something is the owner's by its tags. A tag `kubernetes.io/cluster/<name>: shared` says that
 * a cluster may use it, not that it is the cluster's.
 *
 * @returns undefined if nothing says that it is the owner's
 */
export function belonging(tags: Tags, owner: Owner): Belonging | undefined {
  const claims = claimsOf(tags);
  const claim = claims.find(({ cluster, owned }) => owned && cluster === owner.clusterName);
  const made = tags["managed-by"] === "pulumi" && tags.project && tags.stack;
  const same = tags.project === owner.program.project && tags.stack === owner.program.stack;
  if (!claim && !(made && same && !owner.stackLives)) return undefined;
  const other = claims.find(({ cluster }) => cluster !== owner.clusterName);
  if (other) return { to: "others", why: `the cluster ${other.cluster} has a tag on it too` };
  if (made && !same) {
    return { to: "others", why: `the stack ${tags.stack} of ${tags.project} has it` };
  }
  return {
    to: "owner",
    why: claim?.why ?? "Pulumi made it, and no destroy has deleted it",
  };
}

/** The clusters that the tags name, those of the makers that say why first. */
function claimsOf(tags: Tags): { cluster: string; owned: boolean; why: string }[] {
  const named = Object.entries(clusterTags).flatMap(([key, why]) => {
    const cluster = tags[key];
    return cluster === undefined ? [] : [{ cluster, owned: true, why }];
  });
  const keyed = Object.entries(tags).flatMap(([key, value]) => {
    const prefix = clusterPrefixes.find((one) => key.startsWith(one));
    if (prefix === undefined) return [];
    const cluster = key.slice(prefix.length);
    return [{ cluster, owned: value === "owned", why: `its tag ${key} says so` }];
  });
  return [...named, ...keyed];
}
