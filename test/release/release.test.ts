import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { type Images, Refused } from "../../release/images.ts";
import type { Release, Update } from "../../release/record.ts";
import { type Attempt, release, rollback } from "../../release/release.ts";

const image = (letter: string): Images => ({ web: `registry/web@sha256:${letter.repeat(64)}` });

/** A stack that keeps what it is told, and fails where the test wants it to. */
class FakeStack {
  name = "prod";
  project = "platform";
  services = ["web"];
  signingKey: string | undefined = undefined;
  running = image("a");
  pinned: Release[] = [];
  ups: string[] = [];
  failing: (release: Release, signal?: AbortSignal) => string | undefined = () => undefined;
  #history: Update[] = [];

  outputs = async () => ({ imageReferences: this.running, release: this.deployed });
  history = async () => this.#history;
  deployed: Release | undefined;

  pin = async (images: Images, release?: Release) => {
    assert.ok(release);
    assert.deepEqual(release.images, images);
    this.pinned.push(release);
  };

  up = async (message: string, signal?: AbortSignal) => {
    const release = this.pinned.at(-1) as Release;
    this.ups.push(message);
    const failure = this.failing(release, signal);
    this.#history.unshift({
      kind: "update",
      result: failure ? "failed" : "succeeded",
      config: { "platform:release": { value: JSON.stringify(release) } },
    });
    if (failure) throw new Error(failure);
    this.deployed = release;
    this.running = release.images;
  };
}

describe("a release", () => {
  let stack: FakeStack;
  let said: string[];
  let waited: number;
  let alarms: string[][];
  let signed: string[];
  let attempt: Attempt;
  const releasing = (letter: string) => release(attempt, () => image(letter));
  beforeEach(() => {
    stack = new FakeStack();
    said = [];
    waited = 0;
    alarms = [];
    signed = [];
    attempt = {
      stack,
      cloud: {
        requireImage: async () => {},
        requireSigned: async (reference, key) => {
          assert.equal(key, stack.signingKey);
          if (!signed.includes(reference)) throw new Refused(`${reference} is not signed`);
        },
        ringing: async () => alarms.shift() ?? [],
      },
      rollouts: (_, over) =>
        new Promise((resolve) => over.addEventListener("abort", () => resolve(undefined))),
      who: { by: "octocat", commit: "1a2b3c4" },
      watched: { prefix: "platform-prod" },
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
    alarms = [["old"], ["old"], ["old", "5xx"]];
    assert.equal(await releasing("b"), false);
    assert.deepEqual(stack.running, image("a"));
    assert.deepEqual(stack.pinned.at(-1)?.wentBackFrom, image("b"));
    assert.match(said.join("\n"), /Ringing already, [^\n]*: old\n.*After the update: 5xx\n/s);
  });

  it("does not mind, as the first of a stack, alarms that ring until their data come", async () => {
    stack.running = {};
    alarms = [[], ["no-targets"], ["no-targets"], []];
    assert.equal(await releasing("b"), true);
    stack.running = {};
    alarms = [[], ...Array.from({ length: 4 }, () => ["no-targets"])];
    assert.equal(await releasing("b"), false);
    assert.match(said.join("\n"), /After the update: no-targets\n.*nothing ran before/);
  });

  it("interrupts the update as soon as Kubernetes has given up on the rollout", async () => {
    attempt.rollouts = async () => "Deployment web/web: has timed out progressing";
    stack.up = async (_, signal) => {
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
    ["alarms that cannot be read", { ringing: () => Promise.reject(new Error("AccessDenied")) }],
  ] as const) {
    it(`changes nothing for ${title}`, async () => {
      Object.assign(attempt.cloud, cloud);
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
      assert.equal(await release(attempt, () => images), true);
      assert.deepEqual(stack.running, images);
    });

    it("goes back to what ran before, signed or not", async () => {
      signed = Object.values(image("b"));
      alarms = [[], ["5xx"]];
      assert.equal(await releasing("b"), false);
      assert.deepEqual(stack.running, image("a"));
      assert.equal(await releasing("b"), true);
      assert.equal(await rollback(attempt), true);
      assert.deepEqual(stack.running, image("a"));
    });
  });

  it("is undone by a rollback, one release for each", async () => {
    for (const letter of ["b", "c"]) await releasing(letter);
    assert.equal(await rollback(attempt), true);
    assert.deepEqual(stack.running, image("b"));
    assert.equal(await rollback(attempt), true);
    assert.deepEqual(stack.running, image("a"));
    await assert.rejects(rollback(attempt), /no release to go back to/);
  });

  it("that went back by itself is passed over by a later rollback", async () => {
    await releasing("b");
    alarms = [[], ["5xx"]];
    assert.equal(await releasing("c"), false);
    assert.equal(await rollback(attempt), true);
    assert.deepEqual(stack.running, image("a"));
  });

  it("is not taken back up when the rollback from it fails", async () => {
    await releasing("b");
    stack.failing = () => "no";
    assert.equal(await rollback(attempt), false);
    assert.equal(stack.pinned.at(-1)?.images.web, image("a").web);
  });
});
