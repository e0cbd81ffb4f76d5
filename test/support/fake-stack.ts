import assert from "node:assert/strict";
import type { Images } from "../../tools/deliver/image-references.ts";
import type { Release, Update } from "../../tools/deliver/release-record.ts";

export const image = (letter: string): Images => ({
  web: `registry/web@sha256:${letter.repeat(64)}`,
});

/** A stack in memory. Tests make its updates fail. */
export class FakeStack {
  name = "prod";
  project = "platform";
  images = { web: { path: 'services["web"].image', workloads: ["web"] } };
  signingKey: string | undefined = undefined;
  running = image("a");
  pinned: Release[] = [];
  ups: string[] = [];
  /** Whether each update checked the policies. */
  judged: boolean[] = [];
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

  up = async (
    message: string,
    { signal, policies }: { signal?: AbortSignal; policies: boolean },
  ): Promise<void> => {
    const release = this.pinned.at(-1) as Release;
    this.ups.push(message);
    this.judged.push(policies);
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
