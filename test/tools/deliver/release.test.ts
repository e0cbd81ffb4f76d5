import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { Refused } from "../../../tools/deliver/image-references.ts";
import { type ReleaseArgs, release, rollback } from "../../../tools/deliver/release.ts";
import type { Alarm } from "../../../tools/deliver/release-alarms.ts";
import { FakeStack, image } from "../../support/fake-stack.ts";

const needs: Record<string, number> = {
  "web/errors": 600,
  "web/no-targets": 180,
  "web/slow-burn": 21_600,
  "api/errors": 600,
  "balancer-errors": 600,
  "node-disk": 900,
};

/** All alarms of the stack, of which some ring. */
const known = (ringing: string[]): Alarm[] =>
  Object.entries(needs).map(([name, needsSeconds]) => ({
    name: `platform-prod/${name}`,
    rings: ringing.includes(name),
    needsSeconds,
  }));

describe("a release", () => {
  let stack: FakeStack;
  let said: string[];
  let waited: number;
  /** What rings before anything is changed, and after the update at each look. */
  let atFirst: string[];
  let alarms: string[][];
  let asked: number;
  /** The looks that fail, the first is number 1. */
  let unreadable: number[];
  let signed: string[];
  let args: ReleaseArgs;
  const releasing = (letter: string) => release(args, () => image(letter));
  beforeEach(() => {
    stack = new FakeStack();
    said = [];
    waited = 0;
    atFirst = [];
    alarms = [];
    asked = 0;
    unreadable = [];
    signed = [];
    args = {
      stack,
      cloud: {
        requireImage: async () => {},
        requireSigned: async (reference, key) => {
          assert.equal(key, stack.signingKey);
          if (!signed.includes(reference)) throw new Refused(`${reference} is not signed`);
        },
        alarms: async () => {
          asked += 1;
          if (unreadable.includes(asked)) throw new Error("ThrottlingException");
          return known((asked === 1 ? atFirst : alarms.shift()) ?? []);
        },
      },
      rollouts: (_, over) =>
        new Promise((resolve) => over.addEventListener("abort", () => resolve(undefined))),
      who: { by: "octocat", commit: "1a2b3c4" },
      watched: { prefix: "platform-prod/", ofStack: true },
      watchSeconds: 60,
      say: (line) => said.push(line),
      sleep: async (seconds) => {
        waited += seconds;
      },
    };
  });

  it("records who released what and when, and what ran before", async () => {
    assert.equal(await releasing("b"), true);
    const [{ at, ...record } = { at: "" }] = stack.pinned;
    assert.deepEqual(record, {
      images: image("b"),
      before: image("a"),
      by: "octocat",
      commit: "1a2b3c4",
    });
    assert.ok(Math.abs(Date.parse(at) - Date.now()) < 60_000);
    assert.equal(waited, 60);
  });

  it("goes back by itself when the update fails", async () => {
    stack.failing = ({ images }) => (images.web?.endsWith("b") ? "CrashLoopBackOff" : undefined);
    assert.equal(await releasing("b"), false);
    assert.deepEqual(stack.running, image("a"));
    assert.match(
      said.join("\n"),
      /failed: CrashLoopBackOff\nGoing back to web sha256:aaaa.*\n.*runs/,
    );
  });

  it("goes back by itself when an alarm begins to ring", async () => {
    atFirst = ["web/errors"];
    alarms = [[], ["web/errors"], ["web/errors", "web/no-targets"]];
    assert.equal(await releasing("b"), false);
    assert.deepEqual(stack.running, image("a"));
    assert.deepEqual(stack.pinned.at(-1)?.wentBackFrom, image("b"));
    assert.match(
      said.join("\n"),
      /These alarms ring already, [^\n]*: platform-prod\/web\/errors\n.*After the update: platform-prod\/web\/no-targets\n/s,
    );
  });

  it("is judged by alarms of the services that change, and by the load balancer's", async () => {
    alarms = [[], ["api/errors", "node-disk"]];
    assert.equal(await releasing("b"), true, said.join("\n"));
    for (const ringing of ["web/errors", "balancer-errors"]) {
      [asked, alarms] = [0, [[], [], [ringing]]];
      assert.equal(await releasing("c"), false, ringing);
    }
  });

  it("is judged by alarms of all that share the image", async () => {
    stack.images.web.workloads.push("api");
    alarms = [[], ["api/errors"]];
    assert.equal(await releasing("b"), false);
  });

  it("is watched for as long as its alarms need, and names those that need longer", async () => {
    args.watchSeconds = undefined;
    assert.equal(await releasing("b"), true);
    assert.equal(waited, 600 + 120);
    assert.match(
      said.join("\n"),
      /Watching 4 alarms for 720 s\.\n.*longer.*: platform-prod\/web\/slow-burn$/m,
    );
    // The last look is at the end of the time.
    [asked, waited, alarms] = [0, 0, [...Array(48).fill([]), ["web/errors"]]];
    assert.equal(await releasing("c"), false);
    assert.equal(waited, 720);
  });

  it("names the alarms that a shorter watch cannot hear", async () => {
    args.watchSeconds = 300;
    assert.equal(await releasing("b"), true);
    assert.match(
      said.join("\n"),
      /longer.*: platform-prod\/web\/errors, platform-prod\/web\/slow-burn, platform-prod\/balancer-errors$/m,
    );
  });

  it("bears it when CloudWatch does not answer for a moment, and not for longer", async () => {
    args.watchSeconds = 300;
    unreadable = [4, 5, 6];
    assert.equal(await releasing("b"), true, said.join("\n"));
    [asked, unreadable] = [0, [4, 5, 6, 7]];
    assert.equal(await releasing("c"), false);
    assert.match(said.join("\n"), /the alarms cannot be read: ThrottlingException/);
  });

  it("goes through the policies, and back without them", async () => {
    alarms = [[], ["web/errors"]];
    assert.equal(await releasing("b"), false);
    assert.deepEqual(stack.judged, [true, false]);
    await releasing("b");
    await rollback(args);
    assert.deepEqual(stack.judged.slice(2), [true, false]);
  });

  it("does not mind, as the first of a stack, alarms that ring until their data come", async () => {
    stack.running = {};
    alarms = [[], ["web/no-targets"], ["web/no-targets"], [], []];
    assert.equal(await releasing("b"), true);
    stack.running = {};
    [asked, alarms] = [0, Array.from({ length: 5 }, () => ["web/no-targets"])];
    assert.equal(await releasing("b"), false);
    assert.match(said.join("\n"), /After the update: .*web\/no-targets\n.*nothing ran before/);
  });

  it("interrupts the update as soon as Kubernetes has given up on the rollout", async () => {
    args.rollouts = async () => "Deployment web/web: has timed out progressing";
    stack.up = async (_, { signal }) => {
      if (stack.pinned.length > 1) return;
      await new Promise((resolve) => signal?.addEventListener("abort", resolve));
      throw new Error("cancelled");
    };
    assert.equal(await releasing("b"), false);
    assert.match(said.join("\n"), /failed: Deployment web\/web: has timed out progressing/);
  });

  it("says so when it cannot go back", async () => {
    stack.failing = () => "the cluster is out of reach";
    assert.equal(await releasing("b"), false);
    assert.match(
      said.join("\n"),
      /prod could not go back: the cluster is out of reach\n.*pulumi up/,
    );
    assert.deepEqual(stack.pinned.at(-1)?.images, image("a"));
  });

  it("does not go back to what failed itself", async () => {
    stack.failing = () => "no";
    assert.equal(await releasing("a"), false);
    assert.equal(stack.ups.length, 1);
  });

  for (const [title, cloud] of [
    [
      "an image that is in no registry",
      { requireImage: () => Promise.reject(new Refused("not to be had")) },
    ],
    ["alarms that cannot be read", { alarms: () => Promise.reject(new Error("AccessDenied")) }],
  ] as const) {
    it(`changes nothing for ${title}`, async () => {
      Object.assign(args.cloud, cloud);
      await assert.rejects(releasing("b"), Refused);
      assert.deepEqual([stack.pinned, stack.ups], [[], []]);
    });
  }

  describe("of a stack with a signing key", () => {
    beforeEach(() => {
      stack.signingKey = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd";
    });

    it("changes nothing for an image that is not signed", async () => {
      await assert.rejects(releasing("b"), Refused);
      assert.deepEqual([stack.pinned, stack.ups], [[], []]);
    });

    it("goes with a signature, beside images that run already without one", async () => {
      stack.running = { ...image("a"), api: "registry/api@sha256:0" };
      const images = { ...stack.running, ...image("b") };
      signed = Object.values(image("b"));
      assert.equal(await release(args, () => images), true);
      assert.deepEqual(stack.running, images);
    });

    it("goes back to what ran before, signed or not", async () => {
      signed = Object.values(image("b"));
      alarms = [[], ["web/errors"]];
      assert.equal(await releasing("b"), false);
      assert.deepEqual(stack.running, image("a"));
      assert.equal(await releasing("b"), true);
      assert.equal(await rollback(args), true);
      assert.deepEqual(stack.running, image("a"));
    });
  });

  it("is undone by a rollback, one release for each", async () => {
    for (const letter of ["b", "c"]) await releasing(letter);
    assert.equal(await rollback(args), true);
    assert.deepEqual(stack.running, image("b"));
    assert.equal(await rollback(args), true);
    assert.deepEqual(stack.running, image("a"));
    await assert.rejects(rollback(args), /no release to go back to/);
  });

  it("that went back by itself is passed over by a later rollback", async () => {
    await releasing("b");
    [asked, alarms] = [0, [[], ["web/errors"]]];
    assert.equal(await releasing("c"), false);
    assert.equal(await rollback(args), true);
    assert.deepEqual(stack.running, image("a"));
  });

  it("is not taken back up when the rollback from it fails", async () => {
    await releasing("b");
    stack.failing = () => "no";
    assert.equal(await rollback(args), false);
    assert.equal(stack.pinned.at(-1)?.images.web, image("a").web);
  });
});
