import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { Access } from "../../../infra/cluster/access.ts";
import { deploy, evaluate } from "../../../tools/graph/evaluate.ts";
import { jobs } from "../../support/workflow-runner.ts";

/** What an access policy lets somebody get, list and watch: resources by API group. */
type Rules = Record<string, string[]>;

/** Amazon EKS User Guide, "Review access policy permissions", what is only read. */
const policies: Record<string, Rules> = {
  AmazonEKSAdminViewPolicy: { "*": ["*"] },
  AmazonEKSViewPolicy: {
    "": [
      ...["configmaps", "endpoints", "events", "limitranges", "namespaces"],
      ...["persistentvolumeclaims", "pods", "replicationcontrollers", "resourcequotas"],
      ...["serviceaccounts", "services"],
    ],
    apps: ["controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets"],
    autoscaling: ["horizontalpodautoscalers"],
    batch: ["cronjobs", "jobs"],
    "discovery.k8s.io": ["endpointslices"],
    "networking.k8s.io": ["ingresses", "networkpolicies"],
    policy: ["poddisruptionbudgets"],
  },
};

/** The API group and the resources that a refresh reads of an object. */
function readOf(type: string): [group: string, resource: string] {
  const [, api = "", kind = ""] = type.split(":");
  // The state of a release is in a Secret.
  if (type === "kubernetes:helm.sh/v3:Release") return ["", "secrets"];
  const group = api.split("/")[0] ?? "";
  const plural = kind
    .toLowerCase()
    .replace(/y$/, "ie")
    .replace(/(ss|s)$/, "$1e");
  return [group === "core" ? "" : group, `${plural}s`];
}

const lacks = (policy: string, [group, resource]: [string, string]) => {
  const rules = policies[policy] ?? {};
  return ![...(rules["*"] ?? []), ...(rules[group] ?? [])].some((one) =>
    ["*", resource].includes(one),
  );
};

const role = (name: string) => `arn:aws:iam::111122223333:role/${name}`;

/** The access policy of each list of the cluster's settings, by the list. */
async function policiesOfLists(): Promise<Record<string, string>> {
  const lists = ["admins", "deployers", "viewers", "auditors"] as const;
  const named = Object.fromEntries(lists.map((list) => [list, [role(list)]]));
  const resources = await deploy(
    () =>
      new Access("access", {
        ...(named as Record<(typeof lists)[number], string[]>),
        debug: [],
        clusterName: "platform",
        deployerNamespaces: ["web"],
      }),
  );
  const associations = resources.filter(({ type }) => type.endsWith(":AccessPolicyAssociation"));
  const last = (arn: string) => arn.split("/").at(-1) ?? "";
  return Object.fromEntries(
    associations.map(({ inputs }) => [last(inputs.principalArn), last(inputs.policyArn)]),
  );
}

describe("what the search for drift reads", () => {
  it("is every Kubernetes type of both stacks, which auditors may read, and viewers may not", async () => {
    const resources = [...(await evaluate("dev")).resources, ...(await evaluate("prod")).resources];
    const types = new Set(resources.map(({ type }) => type));
    const reads = [...types].filter((type) => /^kubernetes:[^:]+:/.test(type)).map(readOf);
    const { auditors = "", viewers = "" } = await policiesOfLists();
    assert.deepEqual(
      reads.filter((read) => lacks(auditors, read)),
      [],
    );
    const unread = reads.filter((read) => lacks(viewers, read)).map(([, resource]) => resource);
    for (const resource of ["secrets", "validatingadmissionpolicies"]) {
      assert.ok(unread.includes(resource), resource);
    }
  });

  it("is asked for by a role that runs main's code, and that pull requests do not get", () => {
    const roles = Object.fromEntries(
      jobs.map(([name, { steps }]) => [
        name,
        steps.flatMap((step) => step.with?.["role-to-assume"] ?? []).join(),
      ]),
    );
    const holders = ["drift/drift", "pins/pins"];
    for (const [name, role] of Object.entries(roles)) {
      if (holders.includes(name)) assert.match(role, /vars\.AWS_DRIFT_ROLE_ARN/, name);
      else assert.doesNotMatch(role, /DRIFT/, name);
    }
  });
});
