import assert from "node:assert/strict";
import { ApiException } from "@kubernetes/client-node";
import { describe, it } from "mocha";
import { Readings, whyNot } from "../../../tools/operate/readings.ts";
import { accessDenied } from "../../support/aws-answers.ts";

const aws = (name: string, message: string, httpStatusCode?: number) =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });
const status = (code: number, message: string) =>
  new ApiException(
    code,
    "Unknown API Status Code!",
    JSON.stringify({ kind: "Status", message }),
    {},
  );

/** A failed request, whether it is a refusal, and the words. */
const failures: [title: string, error: unknown, refused: boolean | undefined, reason: string][] = [
  ["a refusal of IAM", accessDenied("eks:ListAddons"), true, "needs eks:ListAddons"],
  [
    "a refusal that names no action",
    aws("AccessDeniedException", "Access denied", 400),
    true,
    "needs the right",
  ],
  [
    "a session that has ended, which is no refusal",
    aws("ExpiredTokenException", "The security token included in the request is expired", 403),
    false,
    "the right: The security token included in the request is expired",
  ],
  [
    "an answer that is not AWS's",
    aws("SyntaxError", "Unexpected token '<'\n  Deserialization error: to see", 502),
    false,
    "the right: Unexpected token '<'",
  ],
  [
    "no credentials",
    aws("CredentialsProviderError", "Could not load credentials from any providers"),
    undefined,
    "the right: Could not load credentials from any providers",
  ],
  ["a refusal of Kubernetes", status(403, "nodes is forbidden"), true, "needs the right"],
  [
    "somebody without an access entry",
    status(401, "Unauthorized"),
    false,
    "the right: Unauthorized: the caller has no access entry of the cluster",
  ],
  [
    "an API that is not served",
    status(503, "the server is currently unable to handle the request"),
    false,
    "the right: the server is currently unable to handle the request",
  ],
  [
    "a cluster that is not reached",
    Object.assign(new Error("request to https://x/api failed, reason: connect ETIMEDOUT"), {
      name: "FetchError",
      code: "ETIMEDOUT",
    }),
    undefined,
    "the right: connect ETIMEDOUT",
  ],
  [
    "a cluster that does not answer",
    Object.assign(new Error("The user aborted a request."), { name: "AbortError" }),
    undefined,
    "the right: no answer in time",
  ],
];

describe("a part that is not readable", () => {
  for (const [title, error, refused, reason] of failures) {
    it(`says ${title}`, async () => {
      assert.deepEqual(whyNot(error, "the right"), {
        ...(refused !== undefined && { refused }),
        reason,
      });
      const readings = new Readings();
      const read = await readings.of("the right", () => Promise.reject(error));
      assert.deepEqual(read, { notReadable: reason });
      assert.equal(readings.silent, refused === undefined);
      assert.equal(readings.complete, false);
    });
  }

  it("leaves what was read as it is", async () => {
    const readings = new Readings();
    assert.deepEqual(await readings.of("the right", async () => 1), { value: 1 });
    assert.ok(readings.complete && !readings.silent);
  });
});
