import assert from "node:assert/strict";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, describe, it } from "mocha";
import { actionsOf } from "../../../projects/bootstrap/permissions.ts";
import { roleNames } from "../../../projects/bootstrap/policies.ts";
import { partsOf } from "../../../tools/deliver/image-references.ts";
import { PlatformStack } from "../../../tools/deliver/platform-stack.ts";
import { type ReleaseArgs, release, rollback } from "../../../tools/deliver/release.ts";
import { releasesOf } from "../../../tools/deliver/release-record.ts";
import { findEngine } from "../../../tools/rehearsal/engine.ts";
import { RehearsalStack } from "../../../tools/rehearsal/rehearsal-stack.ts";
import { rules } from "../../../tools/rehearsal/world/all-rules.ts";
import type { Rule } from "../../../tools/rehearsal/world/rule.ts";

const deploymentType = "kubernetes:apps/v1:Deployment";
const pushedType = "aws:ecr/image:Image";
const workloadBoundary = "arn:aws:iam::111122223333:policy/delivery/github-workload";
const digest = (letter: string) => `sha256:${letter.repeat(64)}`;

/** Pods of the bad image never become ready. */
const crash: Rule = {
  error: "ProgressDeadlineExceeded",
  on: "update",
  phase: "after",
  types: [deploymentType],
  source: "Kubernetes: a container that ends is started again, with growing pauses",
  refusal: ({ inputs }) =>
    inputs.spec.template.spec.containers[0].image.endsWith(digest("b"))
      ? "1 of 2 new pods is in CrashLoopBackOff"
      : undefined,
};

/** The rehearsed stack by the real CLI; only the program runs in this process. */
class RehearsedStack extends PlatformStack {
  #rehearsal: RehearsalStack;

  constructor(rehearsal: RehearsalStack, bin: string) {
    super("dev", rehearsal.folder, {
      PATH: `${bin}:${process.env.PATH}`,
      PULUMI_BACKEND_URL: pathToFileURL(rehearsal.folder).href,
      PULUMI_HOME: `${rehearsal.folder}/.pulumi-home`,
      PULUMI_CONFIG_PASSPHRASE: "",
      PULUMI_SKIP_UPDATE_CHECK: "true",
    });
    this.#rehearsal = rehearsal;
  }

  override async up(): Promise<void> {
    const { failed, errors } = await this.#rehearsal.up();
    if (failed) throw new Error(errors.join("\n"));
  }
}

describe("a release on the simulated cloud", function () {
  this.timeout(180_000);
  let rehearsal: RehearsalStack;
  let stack: RehearsedStack;
  let args: ReleaseArgs;
  const said: string[] = [];
  const deployment = () => {
    const [found] = rehearsal.world.all(deploymentType);
    assert.ok(found);
    return found;
  };
  const imageOf = () => partsOf(deployment().inputs.spec.template.spec.containers[0].image).digest;
  const deletions = () => rehearsal.world.spans.filter(({ action }) => action === "delete");

  before(async () => {
    const bin = dirname((await findEngine()).path);
    rehearsal = await RehearsalStack.open({ stack: "dev" });
    rehearsal.configure("permissionsBoundary", workloadBoundary);
    // Alarms need lookups, so they need rights.
    rehearsal.configure("alarms", { enabled: true, emails: ["on-call@example.com"] });
    rehearsal.world.rights = (action) => actionsOf("read").includes(action);
    const up = await rehearsal.up();
    assert.deepEqual(up.errors, []);
    stack = new RehearsedStack(rehearsal, bin);
    const { imageReferences } = await stack.outputs();
    const { repositoryUrl: url } = partsOf(imageReferences?.web ?? "");
    for (const letter of ["a", "b"]) {
      const id = `${url}@${digest(letter)}`;
      const pushed = { url, tag: letter, digest: digest(letter) };
      rehearsal.world.addUnmanaged(pushedType, id, "docker push", `image ${letter}`, pushed);
    }
    rules.push(crash);
    args = {
      stack,
      cloud: {
        requireImage: async () => {},
        requireSigned: async () => {},
        alarms: async () => [],
      },
      rollouts: (_, over) =>
        new Promise((resolve) => over.addEventListener("abort", () => resolve(undefined))),
      who: { by: "octocat" },
      watched: undefined,
      watchSeconds: 0,
      say: (line) => said.push(line),
      sleep: async () => {},
    };
  });
  after(async () => {
    rules.splice(rules.indexOf(crash), 1);
    await rehearsal?.close();
  });

  it("finds every role bounded, also the cluster's own", async () => {
    const roles = (await rehearsal.state()).filter(({ type }) => type === "aws:iam/role:Role");
    assert.ok(roles.some(({ urn }) => urn.includes("eks:index:Cluster")));
    for (const { urn } of roles) {
      const made = rehearsal.world.all("aws:iam/role:Role").find((one) => one.urn === urn);
      assert.equal(made?.inputs.permissionsBoundary, workloadBoundary, urn);
      const begins = roleNames(["web"]).some((name) => made?.id.startsWith(name.replace("*", "")));
      assert.ok(begins, `the deploy role may not make ${made?.id}`);
    }
  });

  it("deploys a digest without a build, and leaves its record in the outputs", async () => {
    const { imageReferences: built = {} } = await stack.outputs();
    const images = { web: `${partsOf(built.web ?? "").repositoryUrl}@${digest("a")}` };
    assert.equal(await release(args, () => images), true, said.join("\n"));
    assert.equal(imageOf(), digest("a"));
    const { release: record, imageReferences } = await stack.outputs();
    assert.deepEqual(imageReferences, images);
    assert.equal(record?.by, "octocat");
    assert.deepEqual(record?.before, built);
  });

  it("goes back by itself from a bad image, and the old pods are never taken away", async () => {
    const { imageReferences = {} } = await stack.outputs();
    const { name, id } = deployment();
    const deleted = deletions().length;
    const bad = { web: `${partsOf(imageReferences.web ?? "").repositoryUrl}@${digest("b")}` };
    assert.equal(await release(args, () => bad), false);

    assert.match(
      said.join("\n"),
      /CrashLoopBackOff.*dev runs what it ran before: web sha256:aaaa/s,
    );
    assert.equal(imageOf(), digest("a"));
    assert.deepEqual((await stack.outputs()).imageReferences, imageReferences);
    // The same Deployment all the time, nothing deleted, and no pod leaves before a new one is ready.
    assert.deepEqual(
      [deployment().name, deployment().id, deployment().status],
      [name, id, "ready"],
    );
    assert.equal(deletions().length, deleted);
    assert.equal(deployment().inputs.spec.strategy.rollingUpdate.maxUnavailable, 0);
    const tried = rehearsal.world.spans.filter(
      ({ action, type }) => action === "update" && type === deploymentType,
    );
    assert.ok(tried.at(-2)?.error?.includes("CrashLoopBackOff"));
    assert.equal(tried.at(-1)?.error, undefined);
  });

  it("leaves a history by which a rollback finds the release before", async () => {
    const images = releasesOf(await stack.history(), stack.project).map(({ images }) => images.web);
    assert.equal(images.filter((image) => image?.endsWith(digest("b"))).length, 0);
    const { release: record } = await stack.outputs();
    assert.ok(record?.wentBackFrom?.web?.endsWith(digest("b")));
    assert.equal(await rollback(args), true, said.join("\n"));
    assert.notEqual(imageOf(), digest("a"));
  });

  it("and a stack that is up to date is left alone", async () => {
    assert.deepEqual((await rehearsal.up()).steps, []);
  });
});
