import assert from "node:assert/strict";
import fc from "fast-check";
import { before, describe, it } from "mocha";
import { type BodyRoute, Firewall } from "../../../infra/edge/firewall.ts";
import { readConfig } from "../../../service/src/config.ts";
import { requestLimits } from "../../../service/src/limits.ts";
import { deploy, evaluate, only } from "../../../tools/graph/evaluate.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { blockedBy, type SizedRequest } from "../../../tools/rehearsal/world/web-acl.ts";

const kib = 1024;
const aclOf = (resources: Resource[]) => only(resources, "aws:wafv2/webAcl:WebAcl").inputs;

const wholeHost = (maxBodyKiB: number): BodyRoute[] => [{ hosts: [], path: "/", maxBodyKiB }];

async function webAcl(bodies: BodyRoute[], countOnly = false): Promise<Resource["inputs"]> {
  const resources = await deploy(
    () =>
      new Firewall("firewall", {
        enabled: true,
        countOnly,
        requestsPerFiveMinutes: 2000,
        bodies,
        clusterName: "platform-test",
        region: "eu-central-1",
        accountId: "111122223333",
        logs: { retentionDays: 30, keepOnDestroy: false },
      }),
  );
  return aclOf(resources);
}

async function firewall(bodies: BodyRoute[], countOnly = false) {
  const acl = await webAcl(bodies, countOnly);
  return (request: Partial<SizedRequest>) =>
    blockedBy(acl, { host: "platform.example.com", path: "/", ...request });
}

describe("the firewall and the services", () => {
  it("agree on bodies by one setting, up to 8 KiB at the byte", async () => {
    for (const maxBodyKiB of [1, 4, 8]) {
      const by = await firewall(wholeHost(maxBodyKiB));
      assert.equal(by({ bodyBytes: maxBodyKiB * kib }), undefined);
      assert.equal(by({ bodyBytes: maxBodyKiB * kib + 1 }), "body-size");
      assert.equal(by({ bodyBytes: 10_000_000 }), "body-size");
    }
  });

  it("answer both with 413, and not at all while the firewall counts", async () => {
    const { rules } = await webAcl(wholeHost(8));
    const rule = rules.find(({ name }: { name: string }) => name === "body-size");
    assert.deepEqual(rule.action, { block: { customResponse: { responseCode: 413 } } });
    const by = await firewall(wholeHost(8), true);
    assert.equal(by({ bodyBytes: 10_000_000, queryBytes: 10_000 }), undefined);
  });

  it("let larger bodies pass on the routes of the services that take them, nowhere else", async () => {
    const by = await firewall([
      { hosts: [], path: "/", maxBodyKiB: 8 },
      { hosts: [], path: "/uploads", maxBodyKiB: 512 },
      {
        hosts: ["shop.example.com", "shop-pr-*.example.com"],
        path: "/",
        maxBodyKiB: 64,
      },
      { hosts: ["docs.example.com"], path: "/v1/", maxBodyKiB: 64 },
    ]);
    const large = 64 * kib;
    const passes = (host: string, path: string) =>
      by({ host, path, bodyBytes: large }) === undefined;
    for (const [host, path] of [
      ["platform.example.com", "/uploads"],
      ["platform.example.com", "/uploads/1"],
      ["SHOP.example.com", "/"],
      ["shop.example.com:443", "/any"],
      ["shop-pr-12.example.com", "/"],
      ["docs.example.com", "/v1"],
      ["docs.example.com", "/v1/a"],
    ] as const) {
      assert.ok(passes(host, path), `${host}${path}`);
    }
    for (const [host, path] of [
      ["platform.example.com", "/"],
      ["platform.example.com", "/uploads2"],
      ["platform.example.com", "/a/uploads"],
      ["shopXexample.com", "/"],
      ["a.shop.example.com", "/"],
      ["shop-pr-x.example.com", "/"],
      ["docs.example.com", "/v2"],
      ["docs.example.com", "/v11"],
    ] as const) {
      assert.ok(!passes(host, path), `${host}${path}`);
    }
  });

  it("take as many hosts as a route has, in patterns that AWS WAF takes", async () => {
    const hosts = Array.from({ length: 20 }, (_, at) => `${"a.".repeat(20)}shop${at}.example.com`);
    hosts.push("*.tenants.example.org");
    const acl = await webAcl([{ hosts, path: "/uploads", maxBodyKiB: 64 }]);
    const patterns = [...JSON.stringify(acl).matchAll(/"regexString":("(?:[^"\\]|\\.)*")/g)];
    assert.ok(patterns.length > 5);
    for (const [, text = ""] of patterns) assert.ok(JSON.parse(text).length <= 200, text);
    const by = (host: string) => blockedBy(acl, { host, path: "/uploads", bodyBytes: 64 * kib });
    for (const host of [...hosts.slice(0, -1), "a.tenants.example.org"]) {
      assert.equal(by(host), undefined, host);
    }
    for (const host of ["shop0.example.com", "tenants.example.org"]) assert.ok(by(host), host);
  });

  it("never disagree on what a service takes, whatever the services are", async () => {
    const route = fc.record({
      hosts: fc.subarray(["a.example.com", "b.example.com"], { maxLength: 1 }),
      path: fc.constantFrom("/", "/a", "/a/b", "/a.b", "/b"),
      maxBodyKiB: fc.integer({ min: 1, max: 64 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(route, { minLength: 1, maxLength: 5 }), async (bodies) => {
        const by = await firewall(bodies);
        for (const { hosts, path, maxBodyKiB } of bodies) {
          const request = { host: hosts[0] ?? "c.example.com", path, bodyBytes: maxBodyKiB * kib };
          assert.equal(by(request), undefined, JSON.stringify({ bodies, request }));
        }
      }),
      { numRuns: 60 },
    );
  });

  it("agree on paths, queries and cookies: the firewall blocks none that a service takes", async () => {
    const by = await firewall(wholeHost(8));
    const { path, query, cookies } = requestLimits;
    const most = { path: `/${"a".repeat(path - 1)}`, queryBytes: query, cookieBytes: cookies };
    assert.equal(by(most), undefined);
    for (const [beyond, rule] of [
      [{ path: `${most.path}a` }, "URIPATH"],
      [{ queryBytes: query + 1 }, "QUERYSTRING"],
      [{ cookieBytes: cookies + 1 }, "Cookie_HEADER"],
    ] as const) {
      assert.equal(by(beyond), `AWSManagedRulesCommonRuleSet/SizeRestrictions_${rule}`);
    }
  });

  describe("of the stack prod", () => {
    let resources: Resource[];
    before(async () => {
      ({ resources } = await evaluate("prod"));
    });

    it("agree on the body that each pod is told to take", () => {
      const acl = aclOf(resources);
      const pods = resources.filter(({ type }) => type === "kubernetes:apps/v1:Deployment");
      const services = pods.filter(({ parent }) => parent?.includes("platform:service:Service"));
      assert.ok(services.length > 0);
      for (const { inputs } of services) {
        const [{ env }] = inputs.spec.template.spec.containers;
        const given = env.map(({ name, value }: { name: string; value?: string }) => [name, value]);
        const { maxBodyBytes } = readConfig(Object.fromEntries(given));
        assert.equal(
          given.some(([name]: string[]) => name === "MAX_BODY_BYTES"),
          true,
        );
        const request = { host: "platform.example.com", path: "/" };
        assert.equal(blockedBy(acl, { ...request, bodyBytes: maxBodyBytes }), undefined);
        assert.equal(blockedBy(acl, { ...request, bodyBytes: maxBodyBytes + 1 }), "body-size");
      }
    });
  });
});
