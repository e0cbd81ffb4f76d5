import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { contentTag, contextProblem } from "../../../infra/image/build-context.ts";

const settings = { platform: "linux/arm64" };
let folder: string;
/** Relative to the working directory, as a stack names it. */
let context: string;
const from = process.cwd();

const at = (path: string) => join(context, path);
const write = (path: string, content = "content\n") => {
  mkdirSync(at(join(path, "..")), { recursive: true });
  writeFileSync(at(path), content);
};
const changesWhen = (change: () => void) => {
  const before = contentTag({ context }, settings);
  change();
  return contentTag({ context }, settings) !== before;
};

/**
 * What Docker leaves out of the context: moby/go-archive 0.1.0 with moby/patternmatcher 0.6.0 were run on
 * these files, as pulumi-docker 5 runs them. Folders end in a slash.
 */
const leftOut: [lines: string, paths: string][] = [
  ["", ""],
  ["# src\n\n", ""],
  ["*\n!package.json\n!src\n", "README.md node_modules/a/i.js docs/[x].md empty/"],
  [
    "*\n!src/lib\n",
    "README.md package.json src/server.ts src/node_modules/b/i.js node_modules/a/i.js docs/[x].md empty/ src/",
  ],
  [
    "*\n!**/*.ts\n",
    "README.md package.json src/server.ts src/lib/a.ts src/lib/b.md src/node_modules/b/i.js node_modules/a/i.js docs/[x].md empty/",
  ],
  ["**\n!src/**\n", "README.md package.json node_modules/a/i.js docs/[x].md empty/ src/"],
  ["*.md\n", "README.md"],
  ["**/*.md\n!src/lib/b.md\n", "README.md docs/[x].md"],
  ["node_modules\n", "node_modules/a/i.js node_modules/"],
  ["/node_modules/\n", "node_modules/a/i.js node_modules/"],
  ["**/node_modules\n", "src/node_modules/b/i.js node_modules/a/i.js src/node_modules/"],
  ["src\n!src/lib/a.ts\n", "src/server.ts src/lib/b.md src/node_modules/b/i.js src/ src/lib/"],
  ["src/*\n!src/lib\n", "src/server.ts src/node_modules/b/i.js"],
  ["s?c\n", "src/server.ts src/lib/a.ts src/lib/b.md src/node_modules/b/i.js src/"],
  ["[sd]*\n", "src/server.ts src/lib/a.ts src/lib/b.md src/node_modules/b/i.js docs/[x].md"],
  ["[^sd]*\n", "README.md package.json node_modules/a/i.js empty/"],
  ["docs/\\[x\\].md\n", "docs/[x].md"],
  ["src/../docs\n", "docs/[x].md docs/"],
  [" src \r\nempty\r\n", "src/server.ts src/lib/a.ts src/lib/b.md src/node_modules/b/i.js empty/"],
  ["\uFEFFsrc\n", "src/server.ts src/lib/a.ts src/lib/b.md src/node_modules/b/i.js src/"],
  ["! src\n*\n!  src\n", "README.md package.json node_modules/a/i.js docs/[x].md empty/"],
  ["SRC\n", ""],
  ["src/lib/**\n", "src/lib/a.ts src/lib/b.md"],
  ["s*/lib/**\n", "src/lib/a.ts src/lib/b.md"],
  ["s?c/**/a.*\n", "src/lib/a.ts"],
  ["**lib\n", "src/lib/a.ts src/lib/b.md src/lib/"],
  ["empty\n", "empty/"],
  ["*/*/*\n", "src/lib/a.ts src/lib/b.md src/node_modules/b/i.js node_modules/a/i.js"],
  [".dockerignore\nDockerfile\n", ""],
  ["Dockerfile*\n!Dockerfile.x\n", ""],
  [
    "*\n!src\nsrc/node_modules\n",
    "README.md package.json src/node_modules/b/i.js node_modules/a/i.js docs/[x].md empty/",
  ],
];

describe("what is built", () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "context-"));
    process.chdir(folder);
    context = "shop";
    mkdirSync(context);
    write("Dockerfile", "FROM scratch\n");
    write("package.json", '{"version": "1.0.0"}');
    write("src/server.ts");
  });
  afterEach(() => {
    process.chdir(from);
    rmSync(folder, { recursive: true });
  });

  describe("content tag", () => {
    it("is a tag that a registry accepts", () =>
      assert.match(contentTag({ context }, settings), /^[0-9a-f]{16}$/));

    it("stays when nothing changes but times", () =>
      assert.ok(!changesWhen(() => utimesSync(at("src/server.ts"), 1, 1))));

    const changes: [what: string, change: () => void][] = [
      ["a file's content", () => appendFileSync(at("src/server.ts"), "more")],
      ["a file's name", () => cpSync(at("src/server.ts"), at("src/main.ts"))],
      [
        "a file's permissions, such as another umask gives",
        () => chmodSync(at("Dockerfile"), 0o664),
      ],
      ["a folder's permissions", () => chmodSync(at("src"), 0o700)],
      ["an empty folder", () => mkdirSync(at("empty"))],
      ["a link", () => symlinkSync("server.ts", at("src/link"))],
      ["an ignore file", () => write(".dockerignore", "# nothing\n")],
    ];
    for (const [what, change] of changes) {
      it(`changes with ${what}`, () => assert.ok(changesWhen(change)));
    }

    it("changes with where a link leads, and not with what is there", () => {
      symlinkSync("../package.json", at("src/link"));
      write("aside/file");
      symlinkSync(join("..", "..", "outside"), at("src/out"));
      writeFileSync("outside", "one");
      assert.ok(!changesWhen(() => writeFileSync("outside", "two")));
      assert.ok(
        changesWhen(() => {
          unlinkSync(at("src/link"));
          symlinkSync("../Dockerfile", at("src/link"));
        }),
      );
    });

    it("changes with how it is built", () =>
      assert.notEqual(
        contentTag({ context }, settings),
        contentTag({ context }, { platform: "linux/amd64" }),
      ));

    it("is not the same for files that only look the same when put together", () => {
      write("a", "b");
      write("c", "");
      assert.ok(
        changesWhen(() => {
          unlinkSync(at("a"));
          unlinkSync(at("c"));
          write("ab", "c");
        }),
      );
    });

    it("changes with the service's Dockerfile, which its own ignore file leaves out", () => {
      cpSync(join(from, "service/.dockerignore"), at(".dockerignore"));
      assert.ok(changesWhen(() => appendFileSync(at("Dockerfile"), "USER 1\n")));
      assert.ok(!changesWhen(() => write("README.md")));
    });

    it("follows the Dockerfile's own ignore file before the context's", () => {
      write(".dockerignore", "src\n");
      write("Dockerfile.dockerignore", "*.md\n");
      assert.ok(changesWhen(() => appendFileSync(at("src/server.ts"), "more")));
      assert.ok(!changesWhen(() => write("README.md")));
    });
  });

  describe("an ignore file", () => {
    const files = [
      ...["Dockerfile", "README.md", "package.json", "src/server.ts", "src/lib/a.ts"],
      ...["src/lib/b.md", "src/node_modules/b/i.js", "node_modules/a/i.js", "docs/[x].md"],
    ];

    for (const [lines, paths] of leftOut) {
      it(`leaves out for the tag what Docker leaves out: ${JSON.stringify(lines)}`, () => {
        for (const file of files) write(file);
        mkdirSync(at("empty"));
        write(".dockerignore", lines);
        const out = paths.split(" ");
        for (const file of [".dockerignore", ...files]) {
          const changed = changesWhen(() => chmodSync(at(file), 0o600));
          assert.equal(changed, !out.includes(file), file);
        }
        for (const one of out.filter((path) => path.endsWith("/"))) {
          assert.ok(!changesWhen(() => chmodSync(at(one), 0o700)), one);
        }
        assert.equal(
          changesWhen(() => chmodSync(at("empty"), 0o711)),
          !out.includes("empty/"),
        );
      });
    }
  });

  describe("a Dockerfile of another name", () => {
    const source = { dockerfile: "docker/web.Dockerfile" };
    const tag = () => contentTag({ context, ...source }, settings);
    const moves = (change: () => void) => {
      const before = tag();
      change();
      return tag() !== before;
    };
    beforeEach(() => write(source.dockerfile, "FROM scratch\n"));

    it("is never left out, and what is beside it is", () => {
      write(".dockerignore", "docker\n**/*Dockerfile\n");
      assert.ok(moves(() => write(source.dockerfile, "FROM busybox\n")));
      assert.ok(!moves(() => write("docker/other", "other\n")));
      assert.ok(!moves(() => write("Dockerfile", "FROM busybox\n")));
    });

    it("has an ignore file of its own, before that of the context", () => {
      write(".dockerignore", "src\n");
      write(`${source.dockerfile}.dockerignore`, "docs\n");
      assert.ok(moves(() => write("src/server.ts", "other\n")));
      assert.ok(!moves(() => write("docs/more.md", "more\n")));
    });
  });

  describe("a build context", () => {
    it("has no problem when it is one that the platform builds", () => {
      assert.equal(contextProblem({ context }), undefined);
      process.chdir(from);
      assert.equal(contextProblem({ context: "service" }), undefined);
    });

    const broken: [what: string, breakIt: () => void, problem: RegExp][] = [
      ["that is not there", () => rmSync(context, { recursive: true }), /^is not a folder$/],
      [
        "that is a file",
        () => {
          rmSync(context, { recursive: true });
          writeFileSync(context, "");
        },
        /^is not a folder$/,
      ],
      ["without a Dockerfile", () => unlinkSync(at("Dockerfile")), /^has no file Dockerfile$/],
      [
        "with a folder for a Dockerfile",
        () => {
          unlinkSync(at("Dockerfile"));
          mkdirSync(at("Dockerfile"));
        },
        /^has no file Dockerfile$/,
      ],
      [
        "with a broken package.json",
        () => write("package.json", "{"),
        /^has a package.json that is not JSON \(.+\)$/,
      ],
      [
        "with a package.json that is a list",
        () => write("package.json", "[]"),
        /^has a package.json that is not an object$/,
      ],
      [
        "with a version that is a number",
        () => write("package.json", '{"version": 1}'),
        /^has a package.json whose version is not a text: 1$/,
      ],
      [
        "with a link that leads nowhere",
        () => symlinkSync("nowhere", at("src/link")),
        /^has a symbolic link that leads nowhere: src\/link$/,
      ],
      [
        "with a link that leads to itself",
        () => symlinkSync("link", at("src/link")),
        /^cannot be read: shop\/src\/link \(ELOOP\)$/,
      ],
      [
        "with a pipe",
        () => execFileSync("mkfifo", [at("src/pipe")]),
        /^has something that is no file, folder or symbolic link: src\/pipe$/,
      ],
      [
        "with an ignore file that Docker does not read",
        () => write(".dockerignore", "src/[a\n"),
        /^has a \.dockerignore in which src\/\[a is not a pattern$/,
      ],
      [
        "with an ignore file that is a folder",
        () => mkdirSync(at(".dockerignore")),
        /^cannot be read: shop \(EISDIR\)$/,
      ],
    ];
    for (const [what, breakIt, problem] of broken) {
      it(`is refused in words: one ${what}`, () => {
        breakIt();
        assert.match(contextProblem({ context }) ?? "", problem);
      });
    }

    it("is refused in words: one with a socket", async () => {
      const server = createServer().listen(at("src/socket"));
      await new Promise((resolve) => server.once("listening", resolve));
      try {
        assert.match(
          contextProblem({ context }) ?? "",
          /no file, folder or symbolic link: src\/socket$/,
        );
      } finally {
        server.close();
      }
    });

    it("is refused in words: one with a file that cannot be read", function () {
      // Nothing is kept from root.
      if (process.getuid?.() === 0) this.skip();
      chmodSync(at("src/server.ts"), 0);
      assert.match(
        contextProblem({ context }) ?? "",
        /^cannot be read: shop\/src\/server.ts \(EACCES\)$/,
      );
    });

    it("is refused in words: one by its place on this machine", () =>
      assert.equal(
        contextProblem({ context: join(folder, context) }),
        "is not relative to the project",
      ));

    it("may hold anything where Docker does not look", () => {
      write(".dockerignore", "tmp\n");
      mkdirSync(at("tmp"));
      symlinkSync("nowhere", at("tmp/link"));
      assert.deepEqual(readdirSync(at("tmp")), ["link"]);
      assert.equal(contextProblem({ context }), undefined);
    });
  });
});
