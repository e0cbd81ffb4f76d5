import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { after, afterEach, before, beforeEach, describe, it } from "mocha";
import type { StateResource } from "../../../tools/rehearsal/critical-path.ts";
import { findEngine, NoEngine } from "../../../tools/rehearsal/engine.ts";
import { findPlugins, type Plugin } from "../../../tools/rehearsal/plugins.ts";
import { serveHealth } from "../../../tools/rehearsal/providers/health.ts";
import { printOpening } from "../../../tools/rehearsal/rehearsal-report.ts";
import { RehearsalStack } from "../../../tools/rehearsal/rehearsal-stack.ts";

describe("the plugins of eks and awsx", () => {
  const standIns = ["eks", "awsx"].map((name) => ({ name, origin: "stand-in" }));
  const needsAws = { name: "eks", origin: "stand-in, because the plugin needs the aws command" };

  describe("are found", () => {
    let folder: string;
    before(function () {
      if (process.platform === "win32") this.skip();
    });
    const saved = { ...process.env };
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "plugins-"));
      process.env.PATH = join(folder, "path");
      process.env.PULUMI_HOME = join(folder, "home");
    });
    afterEach(() => rmSync(folder, { recursive: true, force: true }));
    after(() => {
      for (const name of ["PATH", "PULUMI_HOME"]) {
        if (saved[name] === undefined) delete process.env[name];
        else process.env[name] = saved[name];
      }
    });

    const command = (path: string, mode = 0o755) => {
      const file = join(folder, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, "#!/bin/sh\n");
      chmodSync(file, mode);
      return dirname(file);
    };
    const version = (name: string): string => {
      const manifest = new URL(
        `../../../node_modules/@pulumi/${name}/package.json`,
        import.meta.url,
      );
      return JSON.parse(readFileSync(manifest, "utf8")).version;
    };
    const installed = (name: string, of = version(name)) =>
      command(`home/plugins/resource-${name}-v${of}/pulumi-resource-${name}`);

    it("as simulated components without plugins", () => {
      assert.deepEqual(findPlugins(), standIns);
    });

    it("on PATH first, each separately", () => {
      installed("awsx");
      const path = command("path/pulumi-resource-awsx");
      assert.deepEqual(findPlugins(), [
        standIns[0],
        { name: "awsx", folder: path, origin: "plugin on PATH" },
      ]);
    });

    it("in the Pulumi home, in the version of the SDK", () => {
      command("path/aws");
      const eks = installed("eks");
      installed("awsx", "0.0.1");
      assert.deepEqual(findPlugins(), [
        { name: "eks", folder: eks, origin: `plugin ${version("eks")}` },
        standIns[1],
      ]);
    });

    it("except those that cannot run", () => {
      command("path/pulumi-resource-awsx", 0o644);
      assert.deepEqual(findPlugins(), standIns);
    });

    it("for eks only with the aws command, which it needs", () => {
      installed("eks");
      assert.deepEqual(findPlugins(), [needsAws, standIns[1]]);
    });
  });

  it("are named in the rehearsal's heading, in lines of 80 columns", () => {
    const engine = { path: "", version: "v3.256.0", origin: "built from its Go module" as const };
    const plugins = [needsAws, { name: "awsx", folder: "", origin: "plugin 10.10.10" }];
    const opening = printOpening("dev", { engine, plugins });
    assert.match(
      opening,
      /^eks: stand-in, because the plugin needs the aws command; awsx: plugin 10.10.10.$/m,
    );
    for (const line of opening.split("\n")) assert.ok(line.length <= 80, line);
  });

  it("get a healthy cluster at once, without a first response of 200", async () => {
    const { server, url } = await serveHealth();
    try {
      const socket = connect(Number(new URL(url).port), "127.0.0.1");
      socket.write("CONNECT cluster.eks.amazonaws.com:443 HTTP/1.1\r\nHost: cluster\r\n\r\n");
      assert.match(await text(socket), /^HTTP\/1.1 100 .*\r\n\r\nHTTP\/1.1 200 OK\r\n/);
    } finally {
      server.close();
    }
  });

  describe("are simulated", function () {
    this.timeout(10 * 60_000);
    let plugins: Plugin[];

    before(async function () {
      plugins = findPlugins();
      const reason = plugins.every(({ folder }) => !folder)
        ? `no plugin to compare with (${plugins.map(({ name, origin }) => `${name}: ${origin}`)})`
        : await findEngine().then(
            () => undefined,
            (error) => {
              if (!(error instanceof NoEngine)) throw error;
              return error.message;
            },
          );
      if (reason) {
        console.error(`      skipped: ${reason}`);
        this.skip();
      }
    });

    /** What the engine was told of each resource, without what is made up anew each time. */
    const told = async (options: { plugins: Plugin[] }) => {
      const stack = await RehearsalStack.open({ stack: "dev", ...options });
      try {
        stack.configure("network", { interfaceEndpoints: ["ecr.api", "sts"], natPerZone: true });
        assert.deepEqual((await stack.up()).errors, []);
        const state = await stack.state();
        const ids = state
          .flatMap(({ id, urn }) => (id ? [{ id, urn }] : []))
          .sort((one, other) => other.id.length - one.id.length);
        const said = (resource: StateResource) => {
          const { urn, inputs, provider, ignoreChanges, dependencies = [] } = resource;
          const isChild = /\$(awsx:ec2:Vpc|eks:index:Cluster)\$/.test(urn);
          const json = JSON.stringify({
            ...(isChild && { inputs, provider, ignoreChanges }),
            dependencies: dependencies.sort(),
          });
          const named = ids.reduce((text, { id, urn: of }) => text.replaceAll(id, of), json);
          return JSON.parse(named.replaceAll(/-[0-9a-f]{7}"/g, '-random"'));
        };
        return Object.fromEntries(state.map((resource) => [resource.urn, said(resource)]));
      } finally {
        stack.close();
      }
    };

    it("by components with the same children and the same dependencies", async () => {
      const expected = await told({ plugins });
      assert.deepEqual(await told({ plugins: standIns }), expected);
    });
  });
});
