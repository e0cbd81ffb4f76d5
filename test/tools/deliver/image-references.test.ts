import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type Images, Refused, resolveImages } from "../../../tools/deliver/image-references.ts";
import {
  previousOf,
  type Release,
  releasesOf,
  type Update,
} from "../../../tools/deliver/release-record.ts";

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const repository = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/web-1a2b3c4";
const running: Images = { web: `${repository}@${digest("a")}` };
const two: Images = { ...running, api: `${repository}@${digest("b")}` };

const resolve = (requested: string[], from: Images) =>
  resolveImages(requested, from, Object.keys(from));

describe("images to release", () => {
  it("keep the repository when only a digest is given", () => {
    assert.deepEqual(resolve([`web=${digest("c")}`], running), {
      web: `${repository}@${digest("c")}`,
    });
  });

  it("may be of another stack's repository, and several at once", () => {
    const other = `444455556666.dkr.ecr.eu-central-1.amazonaws.com/web@${digest("c")}`;
    assert.deepEqual(resolve([`web=${other},api=${digest("d")}`], two), {
      web: other,
      api: `${repository}@${digest("d")}`,
    });
  });

  it("need no service's name when there is only one", () => {
    assert.deepEqual(resolve([digest("c")], running), {
      web: `${repository}@${digest("c")}`,
    });
    assert.throws(() => resolve([digest("c")], two), /say which service, web or api=…/);
  });

  it("leave alone the services that are not named", () => {
    assert.equal(resolve([`web=${digest("c")}`], two).api, two.api);
  });

  it("are all named when nothing runs yet, with their repositories", () => {
    const image = `${repository}@${digest("c")}`;
    assert.deepEqual(resolveImages([`web=${image}`], {}, ["web"]), { web: image });
    assert.throws(() => resolveImages([digest("c")], {}, ["web"]), /of which repository\?/);
    assert.throws(
      () => resolveImages([`web=${image}`], {}, ["api", "web"]),
      /api does not run yet/,
    );
  });

  for (const [asked, message] of [
    ["web=latest", /"latest" is no digest/],
    ["web=sha256:abc", /"sha256:abc" is no digest/],
    [`web=${digest("A")}`, /is no digest/],
    [`shop=${digest("c")}`, /no service "shop", but web/],
    ["", /names no image/],
  ] as const) {
    it(`are refused as ${asked || "nothing"}`, () =>
      assert.throws(
        () => resolve([asked], running),
        (error: Error) => error instanceof Refused && message.test(error.message),
      ));
  }
});

describe("the release before", () => {
  const images = (letter: string): Images => ({ web: `${repository}@${digest(letter)}` });
  /** Releases of these images, the newest first; `b<c` went back to b from c. */
  const history = (...letters: string[]): Release[] =>
    letters.map((entry) => {
      const [letter = "", from] = entry.split("<");
      const back = from ? { wentBackFrom: images(from) } : {};
      return { images: images(letter), by: "who", at: "when", before: images("0"), ...back };
    });
  const previous = (letter: string, ...letters: string[]) =>
    previousOf(history(...letters), images(letter))?.web?.at(-1);

  it("is the latest one with other images", () => {
    assert.equal(previous("c", "c", "b", "a"), "b");
    assert.equal(previous("c", "c", "c", "b"), "b");
  });

  it("is none that somebody went back from since", () => {
    assert.equal(previous("b", "b<c", "c", "b", "a"), "a");
    assert.equal(previous("a", "a<b", "b<c", "c", "b", "a"), "0");
  });

  it("may be one that was gone back from and later released again", () => {
    assert.equal(previous("d", "d", "c", "b<c", "c", "b"), "c");
  });

  it("is what ran before the first release", () => {
    assert.equal(previous("a", "a"), "0");
    assert.equal(previous("0", "0"), undefined);
    assert.equal(previousOf([], images("a")), undefined);
  });

  it("leaves alone what came or went since by another change of the stack", () => {
    const proxy = { "web-proxy": `${repository}@${digest("f")}` };
    const now = { ...images("b"), ...proxy };
    assert.deepEqual(previousOf(history("b", "a"), now), images("a"));
    assert.deepEqual(previousOf(history("b"), now), images("0"));
    assert.equal(previousOf(history("b"), proxy), undefined);
    const [latest, first] = history("b", "a") as [Release, Release];
    const gone = { ...first, images: { ...first.images, ...proxy } };
    assert.deepEqual(previousOf([latest, gone], images("b")), images("a"));
    const back = { ...latest, wentBackFrom: { ...images("a"), ...proxy } };
    assert.deepEqual(previousOf([back, first], now), images("0"));
  });

  it("is told by updates that were deployed whole", () => {
    const update = (result: string, kind = "update"): Update => {
      const value = JSON.stringify(history("a")[0]);
      return { kind, result, config: { "platform:release": { value, secret: false } } };
    };
    const updates = [update("failed"), update("succeeded", "refresh"), update("succeeded")];
    assert.equal(releasesOf(updates, "platform").length, 1);
    assert.deepEqual(releasesOf([{ ...update("succeeded"), config: {} }], "platform"), []);
  });
});
