import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, it } from "mocha";
import { plans } from "./recorded/plans.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (file: string) => readFileSync(join(root, file), "utf8");
const filesIn = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => !file.includes("node_modules"))
    .map((file) => join(folder, file));

/** Licences that ask for no more than a notice. */
const permissive = [
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "CC-BY-3.0",
  "CC0-1.0",
  "ISC",
  "MIT",
  "Unlicense",
  "PSF-2.0",
  "Python-2.0",
];
/** Packages whose metadata names no licence, and what their LICENSE file is. */
const readByUs: Record<string, string> = { "@logdna/tail-file": "MIT" };
/** Development tools that run beside the program, never in it; docs/decisions.md says why. */
const copyleftTools = /^@cloud-copilot\/iam-(policy|simulate|utils)$/;

interface Package {
  license?: string;
  dev?: boolean;
}

/** The packages of a lockfile whose licence is not one that we take. */
function refused(packages: Record<string, Package>): string[] {
  return Object.entries(packages).flatMap(([path, { license, dev }]) => {
    const name = path.split("node_modules/").at(-1) as string;
    if (name === "" || isPermissive(readByUs[name] ?? license ?? "none")) return [];
    return dev && copyleftTools.test(name) ? [] : [`${name}: ${license}`];
  });
}

/** Of alternatives one must be permissive, of parts all. */
function isPermissive(expression: string): boolean {
  const alternatives = expression.replace(/^\((.*)\)$/, "$1").split(" OR ");
  return alternatives.some((one) =>
    one.split(" AND ").every((part) => permissive.includes(part.trim())),
  );
}

describe("supply chain", () => {
  const lockFiles = ["", "service/", "examples/orders/"].map((at) => `${at}package-lock.json`);
  for (const file of lockFiles) {
    it(`has only permissive licences in ${file}, but of named development tools`, () => {
      const { packages } = JSON.parse(read(file));
      assert.ok(Object.keys(packages).length > 50);
      assert.deepEqual(refused(packages), []);
    });
  }

  it("notices a licence that is not permissive", () => {
    const lock = (name: string, one: Package) => refused({ [`node_modules/${name}`]: one });
    assert.deepEqual(lock("a", { license: "GPL-3.0-only", dev: true }), ["a: GPL-3.0-only"]);
    assert.deepEqual(lock("a", { license: "MIT AND GPL-3.0-only" }), ["a: MIT AND GPL-3.0-only"]);
    assert.deepEqual(lock("a", {}), ["a: undefined"]);
    assert.deepEqual(lock("a", { license: "(GPL-3.0-only OR MIT)" }), []);
    const agpl = { license: "AGPL-3.0-or-later" };
    assert.deepEqual(lock("@cloud-copilot/iam-simulate", { ...agpl, dev: true }), []);
    assert.equal(lock("@cloud-copilot/iam-simulate", agpl).length, 1);
    assert.equal(lock("another", { ...agpl, dev: true }).length, 1);
  });

  it("keeps the copyleft tools in the tests", () => {
    const sources = ["infra", "policy", "projects", "service/src", "tools"].flatMap(filesIn);
    for (const file of ["index.ts", ...sources].filter((one) => /\.[cm]?[jt]s$/.test(one))) {
      assert.doesNotMatch(read(file), /@cloud-copilot\//, file);
    }
  });

  it("pins every action of every workflow by digest", () => {
    const uses = filesIn(".github/workflows").flatMap((file) =>
      [...read(file).matchAll(/uses:\s*(\S+)/g)].map(([, action = ""]) => action),
    );
    assert.ok(uses.length > 0);
    for (const action of uses.filter((one) => !one.startsWith("./"))) {
      assert.match(action, /@[0-9a-f]{40}$/);
    }
  });

  it("is told by Renovate of each chart that the program installs, and of no other", async function () {
    this.timeout(60_000);
    const [{ managerFilePatterns, matchStrings }] = JSON.parse(
      read("renovate.json"),
    ).customManagers;
    assert.deepEqual(managerFilePatterns, ["infra/addons/*.ts"]);
    const text = filesIn("infra/addons").map(read).join("\n");
    const told = [...text.matchAll(new RegExp(matchStrings[0], "g"))].map(
      ({ groups: { datasource, depName, registryUrl, currentValue } = {} }) =>
        `${datasource} ${depName} ${registryUrl} ${currentValue}`,
    );
    const stacks = [await plans.everything?.(), await plans.data?.(), await plans.karpenter?.()];
    const charts = stacks
      .flatMap((one) => one?.resources ?? [])
      .filter(({ type }) => type === "kubernetes:helm.sh/v3:Release")
      // It has the version of Karpenter's own chart.
      .filter(({ inputs }) => !inputs.chart.endsWith("/karpenter-crd"))
      .map(({ inputs: { chart, version, repositoryOpts } }) => {
        const oci = /^oci:\/\/(.+)/.exec(chart)?.[1];
        return `${oci ? "docker" : "helm"} ${oci ?? chart} ${repositoryOpts?.repo} ${version}`;
      });
    assert.deepEqual(told.sort(), [...new Set(charts)].sort());
  });

  it("lists what the program is made of, without what tests it", function () {
    this.timeout(60_000);
    const sbom = JSON.parse(
      execFileSync("npm", ["run", "--silent", "sbom"], {
        cwd: root,
        encoding: "utf8",
        maxBuffer: 64e6,
      }),
    );
    assert.equal(sbom.bomFormat, "CycloneDX");
    assert.ok(
      sbom.components.some(({ purl = "" }) => purl.startsWith("pkg:npm/%40pulumi/pulumi@")),
    );
    assert.ok(!sbom.components.some(({ purl = "" }) => /cloud-copilot|\/mocha@/.test(purl)));
  });
});
