import type { Check, Finding } from "../finding.ts";
import type { Snapshot, Unread } from "../snapshot.ts";

/** The Kubernetes API says 401 to who has no access entry, and 403 to whose entry does not reach so far. */
export const accessDenied: Check = {
  name: "access-denied",
  finds: "a cluster that does not let you in: who you are, and which access entry is missing",
  find: (snapshot) => {
    const refused = snapshot.unread.find(({ status }) => status === 401);
    const forbidden = snapshot.unread.filter(({ status }) => status === 403);
    if (refused) return [noEntry(snapshot, refused)];
    // Lists of the whole cluster are more than some entries give; pods are the least.
    const pods = forbidden.find(({ what }) => what === "pods");
    return pods ? [noRight(snapshot, pods)] : [];
  },
};

function noEntry(snapshot: Snapshot, { what, why }: Unread): Finding {
  const principal = principalOf(snapshot.aws.caller ?? "");
  const entries = snapshot.aws.accessEntries?.map((one) => one.principalArn ?? "");
  const has = entries?.some((one) => samePrincipal(one, principal));
  return {
    object: `cluster ${snapshot.clusterName}`,
    cause: has
      ? `${principal} has an access entry, and its token is refused`
      : `${principal} has no access entry`,
    evidence: `the Kubernetes API refuses ${what}: ${why}; entries: ${entries?.join(", ") || "not known"}`,
    remedy: has
      ? "The role may have been made anew under its name: remove it from its list, run up, and name it again. Compare the clocks too."
      : "Let an administrator name the role in cluster.viewers (or auditors, deployers, admins) and run up; or use one of the entries' roles.",
  };
}

const noRight = (snapshot: Snapshot, { why }: Unread): Finding => ({
  object: `cluster ${snapshot.clusterName}`,
  cause: `the access entry of ${principalOf(snapshot.aws.caller ?? "")} does not reach the whole cluster`,
  evidence: `the Kubernetes API refuses pods: ${why}`,
  remedy:
    "Let an administrator name the role in cluster.auditors, which reads everything, and run up.",
});

/** The role of a session; a user is its own. */
function principalOf(caller: string): string {
  const [, partition, account, role] =
    /^arn:([^:]+):sts::(\d+):assumed-role\/([^/]+)\//.exec(caller) ?? [];
  return role ? `arn:${partition}:iam::${account}:role/${role}` : caller || "the caller";
}

/** A session's ARN leaves out the path of its role. */
const samePrincipal = (entry: string, principal: string) =>
  entry === principal || entry.replace(/:role\/.*\//, ":role/") === principal;
