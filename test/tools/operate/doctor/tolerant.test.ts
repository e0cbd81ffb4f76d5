import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { Tolerant } from "../../../../tools/operate/doctor/tolerant.ts";
import { run } from "../../../../tools/shell.ts";

describe("what the doctor could not read", () => {
  const whyNot = async (ask: () => Promise<unknown>) => {
    const tolerant = new Tolerant();
    assert.equal(await tolerant.read("state", ask), undefined);
    return tolerant.unread;
  };

  it("says the last line of a command that failed, not its exit code", async () => {
    const failing = () => run("sh", ["-c", "echo Downloading >&2; echo no stack >&2; exit 1"]);
    assert.deepEqual(await whyNot(failing), [{ what: "state", why: "no stack" }]);
  });

  it("says what the API server says, and its status", async () => {
    const refused = Object.assign(new Error("HTTP request failed"), {
      code: 403,
      body: JSON.stringify({ message: 'nodes is forbidden: User "ada" cannot list' }),
    });
    assert.deepEqual(await whyNot(() => Promise.reject(refused)), [
      { what: "state", why: 'nodes is forbidden: User "ada" cannot list', status: 403 },
    ]);
  });
});
