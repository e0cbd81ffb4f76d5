import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { describe, it } from "mocha";
import { requireAdmin } from "../../../infra/cluster/access.ts";

const account = "111122223333";
const admin = (path: string) => `arn:aws:iam::${account}:role/${path}`;

/** Runs the check as this caller, in an update or in a preview. */
const runBy = async (caller: string, admins: string[], preview = false) => {
  await pulumi.runtime.setMocks(
    {
      newResource: ({ name, inputs }) => ({ id: name, state: inputs }),
      call: () => ({ accountId: account, arn: caller }),
    },
    "platform",
    "test",
    preview,
  );
  return requireAdmin(admins, {});
};
const session = (role: string, of = account) => `arn:aws:sts::${of}:assumed-role/${role}/ci`;

describe("an update of the cluster", () => {
  it("is run by an administrator, by a session of one, or by one with a path", async () => {
    await runBy(admin("Admin"), [admin("Admin")]);
    await runBy(session("Admin"), [admin("Other"), admin("Admin")]);
    await runBy(session("AWSReservedSSO_Admin_0a1b"), [
      admin("aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0a1b"),
    ]);
  });

  it("is refused before anything is made when anybody else runs it", async () => {
    const strangers = [session("Deployer"), session("Admin", "444455556666"), admin("Deployer")];
    for (const stranger of strangers) {
      await assert.rejects(runBy(stranger, [admin("Admin"), admin("SuperAdmin")]), {
        message: `cluster.admins: ${stranger} runs this update and is not named; allowed: a list with its role or user, because only administrators make Kubernetes objects`,
      });
    }
  });

  it("can be previewed by anybody", () => runBy(session("Viewer"), [admin("Admin")], true));
});
