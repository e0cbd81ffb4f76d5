import { createHash } from "node:crypto";
import { STATUS_CODES } from "node:http";
import fastify, { type FastifyInstance } from "fastify";
import type { OpenAPIV3_1 } from "openapi-types";
import type { Identity } from "./config.ts";

/**
 * `/openapi.json`, generated from the schemas of the routes that `endpoints` adds, and `/docs`, a
 * page of it without scripts or foreign hosts.
 *
 * Made when first asked for: few ask, and every start would pay.
 */
export function documentation(
  app: FastifyInstance,
  identity: Identity,
  endpoints: (app: FastifyInstance) => void,
): void {
  let made: Promise<OpenAPIV3_1.Document> | undefined;
  const document = () => {
    made ??= describe(identity, endpoints);
    return made;
  };

  app.get("/openapi.json", async (_request, reply) => {
    return reply.type("application/json").send(JSON.stringify(await document()));
  });

  app.get(
    "/docs",
    {
      onSend: (_request, reply, payload, done) => {
        reply.header("content-security-policy", `default-src 'none'; style-src '${styleHash}'`);
        done(null, payload);
      },
    },
    async (_request, reply) => {
      return reply.type("text/html; charset=utf-8").send(page(await document()));
    },
  );
}

async function describe(
  identity: Identity,
  endpoints: (app: FastifyInstance) => void,
): Promise<OpenAPIV3_1.Document> {
  const { default: swagger } = await import("@fastify/swagger");
  const app = fastify({ exposeHeadRoutes: false });
  await app.register(swagger, {
    openapi: { openapi: "3.1.0", info: { title: identity.name, version: identity.version } },
    transform: ({ schema, url, route: { config } }) => ({
      url,
      schema: {
        ...schema,
        response: {
          ...(schema?.response as object),
          ...problems([
            ...usual,
            ...(schema?.body ? ofBodies : []),
            ...(schema?.params ? [404] : []),
            ...(config?.problems ?? []),
          ]),
        },
      },
    }),
  });
  endpoints(app);
  await app.ready();
  return app.swagger() as OpenAPIV3_1.Document;
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** Statuses of the route's own, besides those that each route answers. */
    problems?: (number | string)[];
  }
}

/** What any request may be answered, and one with a body. */
const usual = [400, 405, 408, 414, 417, 431, 500];
const ofBodies = [413, 415];

const problems = (statuses: (number | string)[]) =>
  Object.fromEntries(
    statuses.map((status) => [
      status,
      { ...problemSchema, description: STATUS_CODES[status] ?? "Asked for" },
    ]),
  );

const problemSchema = {
  content: {
    "application/problem+json": {
      schema: {
        type: "object",
        properties: {
          type: { type: "string" },
          title: { type: "string" },
          status: { type: "integer" },
          detail: { type: "string" },
          requestId: { type: "string" },
          errors: {
            type: "array",
            items: {
              type: "object",
              properties: { pointer: { type: "string" }, detail: { type: "string" } },
              required: ["pointer", "detail"],
            },
          },
        },
        required: ["type", "title", "status"],
      },
    },
  },
};

const style = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }
h2 { font: 600 1rem ui-monospace, monospace; border-top: 1px solid #8884; padding-top: 1rem }
pre { overflow: auto; padding: .75rem; background: #8882; border-radius: .25rem }
`;
const styleHash = `sha256-${createHash("sha256").update(style).digest("base64")}`;

function page({ info, paths = {} }: OpenAPIV3_1.Document): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods ?? {}).map(([method, operation]) =>
      section(method, path, operation as OpenAPIV3_1.OperationObject),
    ),
  );
  const title = `${html(info.title)} ${html(info.version)}`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>${style}</style>
<h1>${title}</h1>
<p>Every error is a problem document (RFC 9457). For machines: <a href="openapi.json">openapi.json</a>.</p>
${operations.join("\n")}
</html>
`;
}

function section(method: string, path: string, operation: OpenAPIV3_1.OperationObject): string {
  const { summary = "", parameters, requestBody, responses = {} } = operation;
  const answers = Object.entries(responses).filter(([status]) => status.startsWith("2"));
  const parts = Object.entries({
    parameters,
    requestBody,
    responses: Object.fromEntries(answers),
  })
    .filter(([, part]) => part && Object.keys(part).length > 0)
    .map(([name, part]) => `<h3>${name}</h3><pre>${html(JSON.stringify(part, null, 2))}</pre>`);
  return `<h2>${method.toUpperCase()} ${html(path)}</h2><p>${html(summary)}</p>${parts.join("")}`;
}

function html(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
