import type { FastifyInstance } from "fastify";
import type { FromSchema } from "json-schema-to-ts";
import type { Config } from "./config.ts";

const text = { type: "string" } as const;

const identitySchema = {
  type: "object",
  properties: {
    name: text,
    version: text,
    revision: text,
    imageDigest: text,
    pod: text,
    node: text,
    zone: text,
  },
  required: ["name", "version", "revision", "imageDigest", "pod", "node", "zone"],
} as const;

const versionSchema = {
  type: "object",
  properties: { version: text, revision: text, imageDigest: text, runtime: text },
  required: ["version", "revision", "imageDigest", "runtime"],
} as const;

const echoSchema = (maxLength: number) =>
  ({
    type: "object",
    properties: { message: { type: "string", minLength: 1, maxLength } },
    required: ["message"],
    additionalProperties: false,
  }) as const;
type Echo = FromSchema<ReturnType<typeof echoSchema>>;

/** `{"message":""}` */
const bytesAround = 14;
/** A character beyond U+FFFF, written as two escapes. */
const mostBytesOfCharacter = "\\ud83d\\ude00".length;

/** So long a message, however it is written in JSON, fits into a body of so many bytes. */
export function longestMessage(maxBodyBytes: number): number {
  return Math.min(4096, Math.floor((maxBodyBytes - bytesAround) / mostBytesOfCharacter));
}

/** What the service does for its clients. */
export function routes(
  app: FastifyInstance,
  { identity, maxBodyBytes }: Pick<Config, "identity" | "maxBodyBytes">,
): void {
  const echo = echoSchema(longestMessage(maxBodyBytes));
  const { version, revision, imageDigest } = identity;

  app.get(
    "/",
    { schema: { summary: "Who answers", response: { 200: identitySchema } } },
    () => identity,
  );

  app.get(
    "/version",
    { schema: { summary: "What is running", response: { 200: versionSchema } } },
    () => ({ version, revision, imageDigest, runtime: process.version }),
  );

  app.post<{ Body: Echo }>(
    "/echo",
    { schema: { summary: "Says it back", body: echo, response: { 200: echo } } },
    (request) => request.body,
  );
}
