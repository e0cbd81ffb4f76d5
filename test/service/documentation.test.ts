import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { service } from "../support/service-harness.ts";

type Schema = {
  type: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
};

/** Whether a value is exactly of the schema: no property is missing, none is undescribed. */
function assertDescribed(value: unknown, schema: Schema, path: string): void {
  if (schema.type === "object") {
    assert.ok(value && typeof value === "object" && !Array.isArray(value), path);
    const { properties = {}, required = [] } = schema;
    for (const name of required) assert.ok(name in value, `${path}/${name} is missing`);
    for (const [name, inner] of Object.entries(value)) {
      const described = properties[name];
      assert.ok(described, `${path}/${name} is undescribed`);
      assertDescribed(inner, described, `${path}/${name}`);
    }
  } else if (schema.type === "array") {
    assert.ok(Array.isArray(value) && schema.items, path);
    for (const one of value) assertDescribed(one, schema.items, `${path}/0`);
  } else {
    const type = schema.type === "integer" ? "number" : schema.type;
    assert.equal(typeof value, type, path);
  }
}

describe("the OpenAPI document", () => {
  let app: Awaited<ReturnType<typeof service>>["app"];
  let paths: Record<string, Record<string, { summary: string; responses: Record<string, never> }>>;
  let page: string;
  let draining: (state: boolean) => void;
  before(async () => {
    const running = await service();
    app = running.app;
    draining = (state) => {
      running.traffic.draining = state;
    };
    paths = (await app.inject("/openapi.json")).json().paths;
    page = (await app.inject("/docs")).body;
  });
  const content = (path: string, method: string, status: number, type: string): Schema => {
    const answers = paths[path]?.[method]?.responses as unknown as Record<
      string,
      { content: Record<string, { schema: Schema }> }
    >;
    const schema = answers[status]?.content[type]?.schema;
    assert.ok(schema, `${method} ${path} ${status}`);
    return schema;
  };

  it("says in one line what each operation is for, and the page shows it", () => {
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, { summary }] of Object.entries(methods)) {
        assert.ok(summary?.length > 5, `${method} ${path}`);
        assert.ok(page.includes(`<h2>${method.toUpperCase()} ${path}</h2><p>${summary}</p>`), path);
      }
    }
  });

  it("shows on the page what each operation takes and answers when it succeeds", () => {
    const unescaped = (text: string) =>
      text.replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&amp;", "&");
    const sections = page.split("<h2>").slice(1);
    const operations = Object.entries(paths).flatMap(([, methods]) => Object.values(methods));
    assert.equal(sections.length, operations.length);
    for (const [at, section] of sections.entries()) {
      const parts = [...section.matchAll(/<h3>(\w+)<\/h3><pre>([^<"]*)<\/pre>/g)];
      const shown = Object.fromEntries(
        parts.map(([, name = "", text = ""]) => [name, JSON.parse(unescaped(text))]),
      );
      const { responses, ...taken } = operations[at] as unknown as Record<string, object>;
      const succeeds = Object.entries(responses ?? {}).filter(([status]) => /^2/.test(status));
      assert.deepEqual(shown.responses, Object.fromEntries(succeeds));
      assert.deepEqual(shown.requestBody, taken.requestBody);
      assert.deepEqual(shown.parameters, taken.parameters);
    }
  });

  it("describes every property of every answer, and promises none that an answer lacks", async () => {
    for (const [method, url] of [
      ...Object.entries(paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => [method, path] as const),
      ),
    ]) {
      const answer = await app.inject({
        method: method.toUpperCase() as "GET",
        url,
        ...(method === "post" && { payload: { message: "a" } }),
      });
      assert.equal(answer.statusCode, 200, url);
      const schema = content(url, method, 200, "application/json");
      assertDescribed(answer.json(), schema, url);
      assert.deepEqual(schema.required?.toSorted(), Object.keys(answer.json()).sort(), url);
    }
  });

  it("describes every property of a problem, with the ones that each problem has", async () => {
    const schema = content("/echo", "post", 400, "application/problem+json");
    const invalid = await app.inject({ method: "POST", url: "/echo", payload: { message: 1 } });
    draining(true);
    const unready = await app.inject("/readyz");
    draining(false);
    const elsewhere = await app.inject("/nowhere");
    for (const [answer, status] of [
      [invalid, 400],
      [unready, 503],
      [elsewhere, 404],
    ] as const) {
      const problem = answer.json();
      assertDescribed(problem, schema, String(status));
      assert.equal(problem.status, status);
      assert.ok(problem.type && problem.title && problem.detail, JSON.stringify(problem));
      assert.deepEqual(schema.required, ["type", "title", "status"]);
    }
    assert.ok(invalid.json().errors[0].pointer);
    assert.deepEqual(schema.properties?.errors?.items?.required, ["pointer", "detail"]);
    assert.equal(unready.json().detail, "draining");
  });

  it("has a description for each status that an operation may answer", () => {
    for (const [path, methods] of Object.entries(paths)) {
      for (const { responses } of Object.values(methods)) {
        for (const [status, { description }] of Object.entries<{ description: string }>(responses))
          assert.ok(description, `${path} ${status}`);
      }
    }
  });
});
