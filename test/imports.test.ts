import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, it } from "mocha";

type Imports = Map<string, string[]>;

/** Every module of the project but the tests, with the modules that it imports, also for types. */
function importsOf(files: string[], read: (file: string) => string): Imports {
  const imported = /(?:from|import\(|^import)\s*"(\.[^"]+)"/gm;
  return new Map(
    files.map((file) => [
      file,
      [...read(file).matchAll(imported)].map(([, to = ""]) => join(dirname(file), to)),
    ]),
  );
}

const tracked = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.ts"], {
  encoding: "utf8",
});
const sources = tracked.split("\n").filter((file) => file && !file.startsWith("test/"));
const imports = importsOf(sources, (file) => readFileSync(file, "utf8"));

/** What each folder may import of the others. */
const allowed: Record<string, RegExp> = {
  examples: /^$/,
  "index.ts": /^infra\//,
  infra: /^service\/src\/metric-names\.ts$/,
  policy: /^$/,
  projects: /^infra\//,
  service: /^$/,
  tools: /^(infra|policy)\//,
  "tools/bench": /^service\/bundle\.js$/,
};

function forbidden(all: Imports): string[] {
  const top = (file: string) => file.split("/")[0] ?? "";
  return [...all].flatMap(([file, targets]) =>
    targets
      .filter((to) => top(to) !== top(file))
      .filter((to) => ![top(file), dirname(file)].some((from) => allowed[from]?.test(to)))
      .map((to) => `${file} imports ${to}`),
  );
}

/** One circle for each module that can reach itself, as the modules on it. */
function circles(all: Imports): string[] {
  const found: string[] = [];
  const finished = new Set<string>();
  const visit = (file: string, path: string[]): void => {
    if (path.includes(file)) {
      found.push([...path.slice(path.indexOf(file)), file].join(" → "));
    } else if (!finished.has(file)) {
      for (const to of all.get(file) ?? []) visit(to, [...path, file]);
      finished.add(file);
    }
  };
  for (const file of all.keys()) visit(file, []);
  return found;
}

function constructorLines(source: string): number {
  const [text = ""] = /^ {2}constructor\([\s\S]*?^ {2}\}$/m.exec(source) ?? [];
  return text.split("\n").length;
}

describe("imports", () => {
  it("go from index.ts and projects to infra, from tools to infra and policy, and never to tools", () => {
    assert.ok(imports.size > 150);
    assert.deepEqual(forbidden(imports), []);
    const planted = new Map([["infra/network/network.ts", ["tools/shell.ts"]]]);
    assert.deepEqual(forbidden(planted), ["infra/network/network.ts imports tools/shell.ts"]);
  });

  it("make no circle", () => {
    assert.deepEqual(circles(imports), []);
    const planted = new Map([
      ["a.ts", ["b.ts"]],
      ["b.ts", ["c.ts"]],
      ["c.ts", ["b.ts"]],
    ]);
    assert.deepEqual(circles(planted), ["b.ts → c.ts → b.ts"]);
  });
});

describe("constructors of components", () => {
  it("have at most 60 lines", () => {
    const long = [...imports.keys()]
      .filter((file) => file.startsWith("infra/"))
      .filter((file) => constructorLines(readFileSync(file, "utf8")) > 60);
    assert.deepEqual(long, []);
    const source = `class A {\n  constructor() {\n${"    f();\n".repeat(59)}  }\n}\n`;
    assert.equal(constructorLines(source), 61);
  });
});

describe("file names", () => {
  it("stand at most twice, but for the entry of a Pulumi project", () => {
    const names = sources.map((file) => basename(file)).filter((name) => name !== "index.ts");
    const often = names.filter((name) => names.filter((other) => other === name).length > 2);
    assert.deepEqual([...new Set(often)], []);
  });

  it("are those of the rooms in docs/architecture.md", () => {
    const page = readFileSync("docs/architecture.md", "utf8");
    const rooms = [
      ...page.matchAll(/`((?:examples|infra|projects|policy|service|tools|test)\/[\w/-]*)`/g),
    ];
    const told = new Set(rooms.map(([, room = ""]) => room.replace(/\/$/, "")));
    const folders = sources.map((file) => file.split("/").slice(0, 2).join("/"));
    const known = folders.map((folder) => (/\.ts$/.test(folder) ? dirname(folder) : folder));
    for (const folder of new Set(known.filter((one) => one !== "."))) {
      const room = folder.startsWith("service") ? "service" : folder;
      assert.ok(room === "tools" || told.has(room), room);
    }
  });
});
