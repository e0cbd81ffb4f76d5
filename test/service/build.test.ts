import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { freePort } from "../../tools/bench/port.ts";
import { until } from "../support/service-harness.ts";
import { ask, bundled } from "../support/service-process.ts";

describe("the build", () => {
  it("makes the same bytes of the same sources, wherever", async () => {
    const builds = [await bundled(), await bundled()];
    const contents = builds.map(({ entry, remove }) => {
      const directory = join(entry, "..");
      const files = readdirSync(directory).sort();
      const content = files.map((name) => [name, readFileSync(join(directory, name), "utf8")]);
      remove();
      return content;
    });
    assert.ok((contents[0]?.length ?? 0) > 1);
    assert.deepEqual(contents[0], contents[1]);
  });

  it("lists every package that the image has in a bill of materials, the same each time", () => {
    execFileSync(process.execPath, ["service/build.js"]);
    const bill = JSON.parse(readFileSync("service/dist/sbom.cdx.json", "utf8"));
    const names = bill.components.map(({ name }: { name: string }) => name);
    const { dependencies, devDependencies } = JSON.parse(
      readFileSync("service/package.json", "utf8"),
    );
    for (const name of Object.keys(dependencies)) assert.ok(names.includes(name), name);
    for (const name of Object.keys(devDependencies)) assert.ok(!names.includes(name), name);
    assert.equal(bill.serialNumber ?? bill.metadata.timestamp, undefined);
  });
});

/** What reads the settings of the stack, and the service that is theirs. */
const program = ["package.json", "Pulumi.yaml", "Pulumi.dev.yaml", "infra", "tools"];
const service = [
  "service/package.json",
  "service/Dockerfile",
  "service/.dockerignore",
  "service/src",
];

describe("npm run dev", () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "dev-"));
    for (const file of [...program, ...service]) {
      cpSync(file, join(directory, file), { recursive: true });
    }
    for (const modules of ["node_modules", "service/node_modules"]) {
      symlinkSync(join(process.cwd(), modules), join(directory, modules));
    }
  });
  after(() => rmSync(directory, { recursive: true }));

  it("serves on this machine, and the new code as soon as a file changes", async () => {
    const port = await freePort();
    const child = spawn("npm", ["run", "dev"], {
      cwd: directory,
      detached: true,
      stdio: "ignore",
      env: { ...process.env, PORT: String(port), METRICS_PORT: String(await freePort()) },
    });
    try {
      await until(async () => (await ask(port, "/fault/status/418")) === 418);
      const routes = join(directory, "service/src/routes.ts");
      writeFileSync(routes, readFileSync(routes, "utf8").replace('"/version"', '"/changed"'));
      await until(async () => (await ask(port, "/changed")) === 200);
    } finally {
      if (child.pid) process.kill(-child.pid, "SIGTERM");
    }
  });
});
