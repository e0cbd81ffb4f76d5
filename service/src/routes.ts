import type { FastifyInstance } from "fastify";
import type { FromSchema } from "json-schema-to-ts";
import type { Identity } from "./config.ts";

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

const echoSchema = {
  type: "object",
  properties: { message: { type: "string", minLength: 1, maxLength: 4096 } },
  required: ["message"],
  additionalProperties: false,
} as const;

/** What the service does for its clients. */
export function routes(app: FastifyInstance, identity: Identity): void {
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

  app.post<{ Body: FromSchema<typeof echoSchema> }>(
    "/echo",
    {
      bodyLimit: 16 * 1024,
      schema: { summary: "Says it back", body: echoSchema, response: { 200: echoSchema } },
    },
    (request) => request.body,
  );
}
