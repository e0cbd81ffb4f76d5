import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import * as aws from "@pulumi/aws";
import { after, before, beforeEach, describe, it } from "mocha";
import { parse, parseDocument } from "yaml";
import { deploy, evaluate } from "../../../tools/graph/evaluate.ts";
import type { Plan } from "../../../tools/plan/document.ts";
import { plan } from "../../../tools/plan/plan-command.ts";
import { render } from "../../../tools/plan/render.ts";
import { evaluateWith } from "../../support/other-settings.ts";
import { printing } from "../../support/printing.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

const run = async (args: string[], { folder = root, color = false } = {}) => {
  const { terminal, printed } = printing({ color });
  const code = await plan(args, terminal, folder);
  return { code, ...printed };
};

let scratch: string;
before(() => {
  scratch = mkdtempSync(join(tmpdir(), "plan-"));
});
after(() => rmSync(scratch, { recursive: true }));

describe("plan", () => {
  it("shows the stack dev by default", async () => {
    assert.match((await run([])).out, /^Stack dev: account \d{12}, region /);
    assert.match((await run(["--stack", "prod"])).out, /^Stack prod: /);
  });

  it("prints its usage", async () => {
    const { code, out } = await run(["--help"]);
    assert.equal(code, 0);
    for (const word of ["--stack", "--json", "--out", "exit code"]) assert.ok(out.includes(word));
  });

  const wrong = [["--stak", "dev"], ["prod"], ["--stack"], ["--json=yes"], ["--out", ""]];
  for (const args of wrong) {
    it(`exits with 2 and its usage on: ${args.join(" ")}`, async () => {
      const { code, out, err } = await run(args);
      assert.equal(code, 2);
      assert.equal(out, "");
      assert.match(err, /usage: /);
    });
  }

  describe("without a plan", () => {
    let folder: string;
    const prod = readFileSync(join(root, "Pulumi.prod.yaml"), "utf8");
    beforeEach(() => {
      folder = mkdtempSync(join(scratch, "project-"));
      for (const entry of ["index.ts", "infra", "service", "Pulumi.yaml", "node_modules"]) {
        symlinkSync(join(root, entry), join(folder, entry));
      }
    });
    const refused = async (stack: string, message: RegExp) => {
      const { code, out, err } = await run(["--stack", stack, "--json"], { folder });
      assert.equal(code, 1);
      assert.equal(out, "");
      assert.match(err, message);
      assert.doesNotMatch(err, /^\s+at /m, "a stack trace");
    };

    it("exits with 1 for an unknown stack", () =>
      refused("nowhere", /^There is no stack "nowhere"/));

    it("exits with 1 on broken YAML", async () => {
      writeFileSync(join(folder, "Pulumi.prod.yaml"), prod.replace("zones: [", "zones: [["));
      await refused("prod", /^Pulumi\.prod\.yaml: .* at line \d+/);
    });

    it("exits with 1 on invalid settings, and lists all problems", async () => {
      writeFileSync(
        join(folder, "Pulumi.prod.yaml"),
        prod.replace("minSize: 3", "minSize: 12").replace("natPerZone", "natPerZones"),
      );
      await refused("prod", /network\.natPerZones: there is no such setting/);
      await refused("prod", /nodes\.minSize: 12 is above nodes\.maxSize 9/);
    });

    it("shows a plan that violates a mandatory policy, and exits with 1", async () => {
      writeFileSync(
        join(folder, "Pulumi.prod.yaml"),
        prod.replace("  platform:nodes", "    logTypes: [scheduler]\n  platform:nodes"),
      );
      const { code, out } = await run(["--stack", "prod"], { folder });
      assert.equal(code, 1);
      assert.match(out, /^Stack prod/);
      assert.match(
        out,
        /Policy violations\n {2}Cluster cluster writes no api logs\..*\n.*\(control-plane-/,
      );
    });

    it("evaluates the corrected settings, and lists the values that it cannot decrypt", async () => {
      writeFileSync(
        join(folder, "Pulumi.prod.yaml"),
        `${prod}  platform:tags:\n    team: { secure: v1:AAAA }\n`,
      );
      const { code, out, err } = await run(["--stack", "prod"], { folder });
      assert.equal(code, 0, err);
      assert.match(out, /^Stack prod/);
      assert.match(err, /^platform:tags is encrypted/);
    });
  });
});

describe("the plan as text", () => {
  for (const stack of ["dev", "prod"]) {
    it(`fits 80 columns and has every section (${stack})`, async () => {
      const { out } = await run(["--stack", stack]);
      for (const line of out.split("\n")) assert.ok(line.length <= 80, line);
      for (const title of [
        "Resources: ",
        "Request flow",
        "Services and jobs\n  web  behind the load balancer, \\d+ to \\d+ pods",
        "Kubernetes objects",
        "IAM roles",
        "Order of creation",
        "Order of deletion",
        "Kubernetes objects are deleted before",
        "Policy violations\n  none",
      ]) {
        assert.match(out, new RegExp(`^${title}`, "m"));
      }
      assert.doesNotMatch(out, /undefined|\[object|NaN|MISSING/);
    });
  }

  it("fits 80 columns with long names", async () => {
    const long = "x".repeat(100);
    const resources = await deploy(
      () => new aws.iam.Role(long, { assumeRolePolicy: { Version: "2012-10-17", Statement: [] } }),
    );
    const text = render({ stack: long, resources, functions: [], outputs: {}, secretKeys: [] });
    for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
    assert.match(text, /Role x+…x+\n/);
  });

  it("shows a program without resources", () => {
    const text = render({
      stack: "dev",
      resources: [],
      functions: [],
      outputs: {},
      secretKeys: [],
    });
    assert.match(text, /^Resources: 0\n {2}none$/m);
    assert.doesNotMatch(text, /deleted before\n(?! {2}none)/);
  });

  it("lists the DNS records to set by hand without a hosted zone", async () => {
    const settings = parseDocument(
      readFileSync(new URL("../../../Pulumi.dev.yaml", import.meta.url), "utf8"),
    );
    settings.setIn(["config", "platform:domain"], { hostName: "dev.example.net" });
    const text = render(await evaluateWith("dev", String(settings)));
    const [, lines = ""] = /^DNS records that a person sets\n((?: .*\n)+)/m.exec(text) ?? [];
    const [validation, host] = lines.replaceAll(/\n {4,}/g, " ").split("\n");
    assert.match(validation ?? "", /CNAME _….dev.example.net. while up waits for the certificate/);
    assert.match(host ?? "", /CNAME dev.example.net after up/);
    assert.doesNotMatch(render(await evaluate("dev")), /DNS records/);
  });

  it("names a missing dependency", async () => {
    const { resources, ...rest } = await evaluate("dev");
    const without = resources.map((one) => ({
      ...one,
      dependsOn: one.dependsOn.filter((urn) => !urn.includes("LoadBalancerController")),
    }));
    assert.match(
      render({ ...rest, resources: without }),
      /^MISSING EDGE: [\s\S]*add dependsOn\s+LoadBalancerController/m,
    );
  });

  it("has colour only on request, and the same text without it", async () => {
    const [plain, color] = [await run([]), await run([], { color: true })];
    assert.equal(stripVTControlCharacters(plain.out), plain.out);
    assert.notEqual(color.out, plain.out);
    assert.equal(stripVTControlCharacters(color.out), plain.out);
  });

  it("shows the path of a request from the client to the logs", async () => {
    const { out } = await run(["--stack", "prod"]);
    const flow = /Request flow\n(.*?)\n\n/s.exec(out)?.[1] as string;
    for (const station of [
      /^ {2}user +HTTP 80, HTTPS 443 from 0\.0\.0\.0\/0 \(80 redirects to 443\)$/m,
      /^→ firewall +web ACL firewall-/m,
      /^→ load balancer +internet-facing, \*\/ of Ingress web\/.+, sends to pods$/m,
      /^→ Service +web\/.+, port 80 to http$/m,
      /^→ pods +3 to 12 of web\/.+ on 8080/m,
      /^→ image +\d{12}\.dkr\.ecr\..+\/web-/m,
      /^→ logs +\/aws\/containerinsights\/platform-prod\/application, kept 90 days$/m,
      /^→ metrics +\/aws\/containerinsights\/platform-prod\/performance/m,
    ]) {
      assert.match(flow, station);
    }
  });

  it("states that traffic without a domain is not encrypted", async () => {
    const { out } = await run(["--stack", "dev"]);
    assert.match(out, /user +HTTP 80 from 0\.0\.0\.0\/0 \(in the clear: the stack has no domain\)/);
  });

  it("lists the settings to change before a destroy of a protected stack", async () => {
    const { out } = await run(["--stack", "prod"]);
    const said = /refused while protected: (.*?)\n +1 /s.exec(out)?.[1]?.replaceAll(/\s+/g, " ");
    assert.match(said ?? "", /Key cluster-secrets, .*Repository web, .*Ingress load-balancer/);
    for (const setting of [
      "environment: development",
      "cluster.deletionProtection: false",
      "registry.forceDelete: true",
      "ingress.deletionProtection: false",
    ]) {
      assert.ok(said?.includes(setting), setting);
    }
    assert.doesNotMatch((await run(["--stack", "dev"])).out, /refused while protected/);
  });

  it("shows who may assume a role, and its permissions", async () => {
    const { out } = await run([]);
    assert.match(
      out,
      /assumed by service account kube-system\/aws-node\n +may {2}what AmazonEKS_CNI_Policy allows/,
    );
    assert.match(out, /may {2}CreateServiceLinkedRole: iam:CreateServiceLinkedRole on \* if\n/);
  });
});

describe("the plan as JSON", () => {
  let document: Plan;
  before(async () => {
    const { out } = await run(["--json", "--stack", "prod"]);
    document = JSON.parse(out);
  });

  it("has the documented fields", () => {
    assert.deepEqual(Object.keys(document), [
      "stack",
      "resources",
      "manifests",
      "roles",
      "cost",
      "order",
      "violations",
      "quotas",
    ]);
    assert.equal(document.stack, "prod");
    for (const resource of document.resources) {
      assert.deepEqual(
        Object.keys(resource).join(" "),
        "urn type name parent provider protect dependsOn inputs",
      );
    }
    for (const role of document.roles) {
      assert.deepEqual(Object.keys(role).join(" "), "name serviceAccount trust policies");
    }
  });

  it("has each resource once in the order of creation and of deletion", () => {
    const urns = document.resources.map(({ urn }) => urn);
    assert.equal(new Set(urns).size, urns.length);
    const named = document.resources.flatMap(({ parent, provider, dependsOn }) =>
      [parent, provider, dependsOn].flat().filter((urn) => urn !== null),
    );
    for (const urn of named) assert.ok(urns.includes(urn), urn);
    for (const layers of [document.order.create, document.order.delete]) {
      assert.deepEqual(layers.flat().sort(), urns.toSorted());
    }
  });

  it("has every value that the program computes", () => {
    for (const { urn, inputs } of document.resources) {
      assert.doesNotMatch(JSON.stringify(inputs), /undefined|\[object|Calling \[to/, urn);
    }
  });

  it("has no secrets", () => {
    const image = document.resources.find(({ type }) => type === "docker:index/image:Image");
    assert.match(JSON.stringify(image?.inputs), /"password":"\[secret\]"/);
  });

  it("has manifests that fit the schemas of Kubernetes", () => {
    assert.ok(document.manifests.length >= 10);
    const isClusterWide = (kind: string) => /^Namespace$|AdmissionPolicy/.test(kind);
    for (const { apiVersion, kind, metadata, ...rest } of document.manifests) {
      assert.ok(apiVersion && kind && metadata.name, JSON.stringify(metadata));
      if (!isClusterWide(kind)) assert.match(metadata.namespace ?? "", /^(web|kube-system)$/);
      for (const field of Object.keys(rest)) {
        assert.ok(["spec", "data", "automountServiceAccountToken"].includes(field), field);
      }
      assert.doesNotMatch(JSON.stringify(metadata), /pulumi/);
    }
    const kinds = document.manifests
      .filter(({ metadata }) => metadata.namespace !== "kube-system")
      .map(({ kind }) => kind);
    assert.ok(kinds.slice(0, kinds.indexOf("Namespace")).every(isClusterWide));
  });

  it("has the service account that may assume each role", () => {
    const accounts = document.roles.flatMap(({ serviceAccount }) => serviceAccount ?? []);
    assert.deepEqual(accounts.sort(), [
      "amazon-cloudwatch/cloudwatch-agent",
      "kube-system/aws-load-balancer-controller",
      "kube-system/aws-node",
      "kube-system/cluster-autoscaler",
      "web/web",
    ]);
    const controller = document.roles.find(
      ({ serviceAccount }) => serviceAccount === "kube-system/aws-load-balancer-controller",
    );
    assert.match(JSON.stringify(controller?.policies), /elasticloadbalancing:CreateLoadBalancer/);
  });
});

describe("the plan as files", () => {
  const filesIn = (folder: string) =>
    readdirSync(folder, { recursive: true })
      .map(String)
      .sort()
      .filter((path) => /\./.test(path));

  it("writes one file for each Kubernetes object and each role, and the JSON", async () => {
    const folder = join(scratch, "new", "folder");
    const { code, err } = await run(["--out", folder]);
    assert.equal(code, 0, err);
    const { manifests, roles }: Plan = JSON.parse(readFileSync(join(folder, "plan.json"), "utf8"));
    const files = readdirSync(join(folder, "manifests")).sort();
    assert.deepEqual(
      files.map((file) => parse(readFileSync(join(folder, "manifests", file), "utf8"))),
      manifests,
    );
    assert.equal(readdirSync(join(folder, "roles")).length, roles.length);
    for (const role of roles) {
      const file = join(folder, "roles", `${role.name}.json`);
      assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), role);
    }
  });

  it("replaces an earlier plan, and keeps other files", async () => {
    const folder = join(scratch, "again");
    await run(["--out", folder]);
    const first = filesIn(folder);
    writeFileSync(join(folder, "notes.txt"), "mine");
    writeFileSync(join(folder, "manifests", "99-old.yaml"), "old");
    assert.equal((await run(["--out", folder])).code, 0);
    assert.deepEqual(filesIn(folder), [...first, "notes.txt"].sort());
  });

  it("writes nothing into a folder with other files", async () => {
    const folder = join(scratch, "taken");
    mkdirSync(folder);
    writeFileSync(join(folder, "notes.txt"), "mine");
    const places: [string, RegExp][] = [
      [folder, /is not empty and holds no plan/],
      [join(folder, "notes.txt"), /^--out .*notes\.txt: /],
      [join(folder, "notes.txt", "below"), /^--out .*below: /],
    ];
    for (const [place, message] of places) {
      const { code, out, err } = await run(["--out", place]);
      assert.equal(code, 1);
      assert.equal(out, "");
      assert.match(err, message);
      assert.doesNotMatch(err, /^\s+at /m);
    }
    assert.deepEqual(readdirSync(folder), ["notes.txt"]);
  });

  it("writes nothing without a plan", async () => {
    const folder = join(scratch, "none");
    assert.equal((await run(["--stack", "nowhere", "--out", folder])).code, 1);
    assert.ok(!existsSync(folder));
  });
});

describe("npm run plan", () => {
  const shell = (command: string) =>
    spawnSync("bash", ["-c", `set -o pipefail; ${command}`], { cwd: root, encoding: "utf8" });
  const cli = "node --import ./tools/typescript.js tools/cli.ts plan";

  it("ends with the exit code of the plan", () => {
    assert.equal(shell(`${cli} --stack nowhere`).status, 1);
    assert.equal(shell(`${cli} --nothing`).status, 2);
  });

  it("ends with code 0 when the reader closes the pipe", () => {
    const { status, stdout, stderr } = shell(`${cli} --json | head -n 1`);
    assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: "{\n", stderr: "" });
  });

  it("prints no colour to a pipe", () => {
    const { status, stdout } = shell(`FORCE_COLOR=1 ${cli} | cat`);
    assert.equal(status, 0);
    assert.equal(stripVTControlCharacters(stdout), stdout);
  });
});
