import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "mocha";
import { parseDocument } from "yaml";
import { projectFolder } from "../../../tools/graph/evaluate.ts";
import { linkedProject } from "../../../tools/graph/linked-project.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { actions } from "../../../tools/operate/upgrade/cluster-state.ts";
import { minorOf } from "../../../tools/operate/upgrade/minor.ts";
import { pinnedCharts } from "../../../tools/operate/upgrade/pinned-charts.ts";
import { removals } from "../../../tools/operate/upgrade/removed-apis.ts";
import { upgradeCommand } from "../../../tools/operate/upgrade/upgrade-command.ts";
import type { Upgrade } from "../../../tools/operate/upgrade/upgrade-page.ts";
import { apiFindings, chartFindings } from "../../../tools/operate/upgrade/version-checks.ts";
import { allows } from "../../support/iam-simulate.ts";
import { printing } from "../../support/printing.ts";
import { needsEngine, passes } from "../../support/separate-process.ts";
import { budget, healthyCluster, insight, serve } from "../../support/upgrade-cluster.ts";

const now = new Date("2026-11-30T12:00:00Z");
const atLeast3 = { minAvailable: 3 };
const environment = {
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
  AWS_MAX_ATTEMPTS: "1",
};

describe("npm run upgrade", function () {
  this.timeout(60_000);
  const kept = { ...process.env };
  let folder: string;
  let stop = async (): Promise<unknown> => undefined;

  before(() => {
    folder = linkedProject("upgrade-");
    write("prod", {});
    write("pinned", {
      cluster: { addonVersions: { "kube-proxy": "v1.35.0-eksbuild.1" } },
      nodes: { release: "1.35.4-20261001" },
    });
    const spot = { instanceTypes: ["m7g.large", "m6g.large"], capacityType: "SPOT" };
    write("groups", { nodes: { groups: { spot: { ...spot, minSize: 1, maxSize: 6 } } } });
    Object.assign(process.env, environment);
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
    process.env = kept;
  });
  afterEach(() => stop());

  /** prod at 1.35, so that the program has a next version. */
  function write(stack: string, more: Record<string, Record<string, unknown>>): void {
    const settings = parseDocument(readFileSync("Pulumi.prod.yaml", "utf8"));
    settings.setIn(["config", "platform:cluster", "kubernetesVersion"], "1.35");
    for (const [slice, values] of Object.entries(more)) {
      for (const [key, value] of Object.entries(values)) {
        settings.setIn(["config", `platform:${slice}`, key], value);
      }
    }
    writeFileSync(join(folder, `Pulumi.${stack}.yaml`), String(settings));
  }

  async function run(cluster: ReturnType<typeof healthyCluster>, ...args: string[]) {
    const server = await serve(cluster);
    stop = server.stop;
    process.env.AWS_ENDPOINT_URL = server.endpoint;
    const { terminal, printed } = printing();
    const stack = args.includes("--stack") ? [] : ["--stack", "prod"];
    const { access } = server;
    const at = args.includes("--rehearse") ? projectFolder : folder;
    const code = await upgradeCommand([...stack, ...args], terminal, { folder: at, access, now });
    await server.stop();
    return { code, ...printed };
  }

  async function upgrade(
    cluster: ReturnType<typeof healthyCluster>,
    ...args: string[]
  ): Promise<Upgrade & { code: number; blocking: string[]; looks: string[] }> {
    const { code, out, err } = await run(cluster, "--json", ...args);
    assert.equal(err, "");
    const data: Upgrade = JSON.parse(out);
    const of = (wanted: string) =>
      data.findings.filter(({ level }) => level === wanted).map(({ words }) => words);
    return { ...data, code, blocking: of("blocks"), looks: of("look") };
  }

  it("lets a healthy stack go, with order, time, settings, commands and the way back", async () => {
    const { code, out } = await run(healthyCluster());
    assert.equal(code, 0, out);
    assert.match(
      out,
      /^prod: cluster platform-prod, Kubernetes 1.35 to 1.36\n {2}nothing blocks it/,
    );
    assert.match(out, /117 days more, until 2027-03-27/);
    assert.match(out, /extended support costs \$0.60 an\s+hour instead of \$0.10/);
    assert.match(out, /1.36 has it until 2027-08-02/);
    assert.match(out, /1\. control plane to 1.36, about 9 min/);
    assert.match(out, /\d\. 3 nodes are replaced, 1 at a time, about 8 min/);
    const at = (text: string) => out.indexOf(text);
    assert.ok(at("control plane to 1.36") < at("add-on vpc-cni to v1.36.1-eksbuild.1"));
    assert.ok(at("add-on kube-proxy") < at("nodes are replaced"), "kubelets follow the CNI");
    assert.ok(at("nodes are replaced") < at("add-on coredns"));
    assert.match(
      out,
      /Pulumi\.prod\.yaml\n {2}platform:cluster:\n {4}kubernetesVersion: "1.36"\n\n/,
    );
    assert.match(
      out.replaceAll(/\s+/g, " "),
      /back to 1.35 within 7 days after the update, if begun today until about 2026-12-07/,
    );
    assert.ok(at("update-nodegroup-version") < at("update-cluster-version"), "nodes go back first");
    assert.doesNotMatch(out, /Not answered/);
    for (const line of out.split("\n")) assert.ok(line.length <= 80, line);
  });

  it("counts the nodes of several groups once, which are replaced side by side", async () => {
    const cluster = healthyCluster();
    const [group] = cluster.nodeGroups;
    const spot = { minSize: 1, desiredSize: 5, maxSize: 6 };
    cluster.nodeGroups.push({ ...group, nodegroupName: "spot-1a2b3c4", scalingConfig: spot });
    const { steps, wayBack } = await upgrade(cluster, "--stack", "groups");
    assert.deepEqual(
      steps.filter(({ what }) => /nodes/.test(what)),
      [{ what: "8 nodes are replaced, 1 at a time in each of 2 groups", seconds: 750 }],
    );
    for (const name of ["nodes-1a2b3c4", "spot-1a2b3c4"]) {
      assert.ok(wayBack.commands.some((one) => one.includes(`--nodegroup-name ${name} `)));
    }
    for (const { scalingConfig } of cluster.nodeGroups) scalingConfig.desiredSize = 0;
    const asleep = await upgrade(cluster, "--stack", "groups");
    assert.ok(
      asleep.steps.some(({ what }) => what.startsWith("4 nodes are replaced, 1 at a time in")),
    );
  });

  it("finds a budget that lets no pod go, and says why", async () => {
    const cluster = healthyCluster();
    cluster.budgets = [
      budget("web", { disruptionsAllowed: 0, currentHealthy: 3, desiredHealthy: 3 }, atLeast3),
    ];
    const { code, blocking } = await upgrade(cluster);
    assert.equal(code, 1);
    assert.deepEqual(blocking, [
      "web/web lets no pod go: minAvailable 3 keeps all of its 3 pods; one replica more, or maxUnavailable 1, opens it",
    ]);
  });

  it("names the pods that are not ready where a budget waits for them", async () => {
    const cluster = healthyCluster();
    cluster.budgets = [
      budget("web", { disruptionsAllowed: 0, currentHealthy: 2, desiredHealthy: 2 }),
    ];
    cluster.pods[1].status.conditions = [{ type: "Ready", status: "False" }];
    const { blocking } = await upgrade(cluster);
    assert.deepEqual(blocking, [
      "web/web lets no pod go: 2 of 3 pods are healthy, maxUnavailable 1 needs more than 2: web-2",
    ]);
  });

  it("prints what docs/operate.md shows", async () => {
    const cluster = healthyCluster();
    cluster.budgets = [
      budget("web", { disruptionsAllowed: 0, currentHealthy: 3, desiredHealthy: 3 }, atLeast3),
    ];
    const { out } = await run(cluster);
    const [, shown] =
      readFileSync("docs/operate.md", "utf8").split("## upgrade")[1]?.split("```") ?? [];
    assert.equal(shown, `\n${out}`);
  });

  it("lets a budget be that has no pods", async () => {
    const cluster = healthyCluster();
    cluster.budgets.push(budget("idle", { disruptionsAllowed: 0, expectedPods: 0 }));
    assert.equal((await upgrade(cluster)).code, 0);
  });

  it("finds a pod in two budgets, which Kubernetes does not evict", async () => {
    const cluster = healthyCluster();
    cluster.budgets.push({
      ...budget("twin", { disruptionsAllowed: 1 }),
      spec: { selector: { matchLabels: { app: "web" } } },
    });
    const { blocking } = await upgrade(cluster);
    assert.equal(blocking.length, 3);
    assert.match(blocking[0] ?? "", /^pod web\/web-1 is in 2 budgets \(web\/web, web\/twin\)/);
  });

  it("finds pins that do not fit the version, and writes the lines that do", async () => {
    const cluster = healthyCluster();
    const { code, blocking, settings } = await upgrade(cluster, "--stack", "pinned");
    assert.equal(code, 1);
    assert.deepEqual(blocking, [
      "cluster.addonVersions.kube-proxy: v1.35.0-eksbuild.1 does not fit 1.36; allowed: v1.36.2-eksbuild.3, v1.36.1-eksbuild.1",
      "nodes.release: 1.35.4-20261001 is an image of Kubernetes 1.35, not 1.36; EKS refuses it",
    ]);
    assert.deepEqual(settings, [
      "  platform:cluster:",
      '    kubernetesVersion: "1.36"',
      "    addonVersions:",
      "      kube-proxy: v1.36.1-eksbuild.1",
      "  platform:nodes:",
      "    release: 1.36.2-20261112",
    ]);
  });

  it("tells an insight of EKS that is an ERROR, in words; a WARNING blocks nothing", async () => {
    const cluster = healthyCluster();
    cluster.insights.push(
      insight("Deprecated APIs removed in Kubernetes v1.36", "ERROR", {
        id: "error",
        recommendation: "Update manifests and API clients.",
        categorySpecificSummary: {
          deprecationDetails: [
            {
              usage: "/apis/networking.k8s.io/v1beta1/ipaddresses",
              replacedWith: "/apis/networking.k8s.io/v1/ipaddresses",
              stopServingVersion: "1.36",
              clientStats: [{ userAgent: "old-controller/v1.2" }],
            },
          ],
        },
      }),
      insight("Cluster health issues", "WARNING"),
      insight("For another day", "ERROR", { kubernetesVersion: "1.37" }),
    );
    const { code, blocking, looks } = await upgrade(cluster);
    assert.equal(code, 1);
    assert.deepEqual(blocking, [
      "ERROR Deprecated APIs removed in Kubernetes v1.36 (1.36): Deprecated APIs removed in Kubernetes v1.36: ERROR; /apis/networking.k8s.io/v1beta1/ipaddresses is gone in 1.36, use /apis/networking.k8s.io/v1/ipaddresses (called by old-controller/v1.2)",
    ]);
    assert.match(looks.join("\n"), /WARNING Cluster health issues/);
    assert.match(looks.join("\n"), /ERROR For another day \(1.37\)/);
  });

  it("finds nodes more than three minor versions behind, and names those behind", async () => {
    const cluster = healthyCluster();
    const [first, second] = cluster.nodes;
    first.status.nodeInfo.kubeletVersion = "v1.32.9-eks-1a2b3c4";
    second.status.nodeInfo.kubeletVersion = "v1.33.9-eks-1a2b3c4";
    const { code, blocking, looks } = await upgrade(cluster);
    assert.equal(code, 1);
    assert.deepEqual(blocking, [
      "node ip-10-1-0-a runs kubelet v1.32.9-eks-1a2b3c4: more than 3 minor versions behind 1.36",
    ]);
    assert.match(looks.join("\n"), /ip-10-1-0-b runs kubelet v1.33.9-eks-1a2b3c4, the control/);
  });

  it("finds too few addresses, a degraded group, an old image and an open way back", async () => {
    const cluster = healthyCluster();
    cluster.freeAddresses = [2, 2];
    cluster.nodeGroups[0].health.issues = [
      { code: "Ec2SubnetInvalidConfiguration", message: "a subnet" },
    ];
    cluster.releases["1.35"] = "1.35.9-20261125";
    cluster.updates[0].createdAt = Date.parse("2026-11-28") / 1000;
    const { blocking, looks } = await upgrade(cluster);
    assert.match(blocking.join("\n"), /4 free addresses; EKS needs up to 5/);
    assert.match(blocking.join("\n"), /nodes-1a2b3c4 is ACTIVE; Ec2SubnetInvalidConfiguration/);
    assert.match(looks.join("\n"), /runs 1.35.4-20261112; the newest is 1.35.9-20261125/);
    assert.match(
      looks.join("\n"),
      /came to 1.35 on 2026-11-28 and can go back to 1.34 until 2026-12-05/,
    );
  });

  it("says that the program must be updated first, with what", async () => {
    const cluster = healthyCluster();
    cluster.cluster.version = "1.36";
    cluster.versions.push({ clusterVersion: "1.37" });
    const { code, to, findings } = await upgrade(cluster);
    assert.equal(code, 1);
    assert.equal(to, "1.37");
    const program = findings.find(({ topic }) => topic === "program");
    assert.equal(program?.words, "it supports 1.35, 1.36, not 1.37");
    for (const [, file = ""] of (program?.remedy ?? "").matchAll(/in (\S+\.ts)/g)) {
      assert.ok(readFileSync(file, "utf8").includes("1.36"), file);
    }
    assert.ok(findings.some(({ words }) => /imageTags .* has none for 1.37/.test(words)));
  });

  it("plays the upgrade on the simulated cloud", async function () {
    this.timeout(6 * 60_000);
    await needsEngine.call(this);
    passes("test/tools/operate/upgrade-engine-spec.ts", 1);
  });

  it("rehearses no version that the program does not support", async () => {
    const cluster = healthyCluster();
    cluster.cluster.version = "1.36";
    cluster.versions.push({ clusterVersion: "1.37" });
    const { unanswered } = await upgrade(cluster, "--rehearse");
    assert.deepEqual(unanswered, [
      { asked: "the rehearsal of 1.37", why: "the program does not support 1.37" },
    ]);
  });

  it("has nothing to do where EKS offers nothing newer", async () => {
    const cluster = healthyCluster();
    cluster.cluster.version = "1.36";
    const { code, out } = await run(cluster);
    assert.equal(code, 0);
    assert.match(out, /EKS offers no version after 1.36: there is nothing to do/);
  });

  const refusals: [string, RegExp][] = [
    ["1.37", /^--to 1.37: 2 minor versions ahead of 1.35; .* at a time; allowed: 1.36$/m],
    ["1.34", /^--to 1.34: the cluster runs 1.35, .*; allowed: 1.36$/m],
    ["1.35", /^--to 1.35: the cluster runs it already; allowed: 1.36$/m],
    ["latest", /^--to latest: no Kubernetes version such as 1.36; allowed: 1.36$/m],
  ];
  for (const [to, message] of refusals) {
    it(`refuses --to ${to}`, async () => {
      const { code, out, err } = await run(healthyCluster(), "--to", to);
      assert.equal(code, 2);
      assert.match(err, message);
      assert.equal(out, "");
    });
  }

  it("refuses a version that EKS does not offer", async () => {
    const cluster = healthyCluster();
    cluster.cluster.version = "1.36";
    const { code, err } = await run(cluster, "--to", "1.37");
    assert.equal(code, 2);
    assert.match(err, /^--to 1.37: unknown to EKS; EKS offers nothing after 1.36 yet, only 1.34, /);
  });

  it("names what is not answered, shows the rest, and exits with 3", async () => {
    const cluster = healthyCluster();
    cluster.refused = {
      "/api/v1/nodes": 'nodes is forbidden: User "viewer" cannot list resource "nodes"',
      "/clusters/platform-prod/insights": "is not authorized to perform: eks:ListInsights",
    };
    const { code, out } = await run(cluster);
    assert.equal(code, 3);
    assert.match(out, /Kubernetes: nodes: 403 nodes is forbidden: User "viewer"/);
    assert.match(out, /EKS: upgrade insights: is not authorized to perform: eks:ListInsights/);
    assert.match(out, /control plane to 1.36/);
    assert.match(out, /every node group \(1\) runs 1.35/);
  });

  it("plans from the settings where EKS describes no cluster; what blocks it still counts", async () => {
    const cluster = healthyCluster();
    cluster.refused = { "/clusters/platform-prod": "AccessDenied" };
    const { code, from, to, unanswered } = await upgrade(cluster);
    assert.deepEqual([code, from, to], [3, "1.35", "1.36"]);
    assert.deepEqual(unanswered, [{ asked: "EKS: the cluster", why: "AccessDenied" }]);
    cluster.budgets = [budget("web", { disruptionsAllowed: 0, desiredHealthy: 3 })];
    assert.equal((await upgrade(cluster)).code, 1);
  });

  it("finds an API version that the target no longer serves, in manifests and charts", () => {
    const manifest = (apiVersion: string, kind: string) => ({
      ...{ apiVersion, kind },
      metadata: { name: "one", namespace: "web" },
    });
    const objects = [
      manifest("networking.k8s.io/v1beta1", "ServiceCIDR"),
      manifest("networking.k8s.io/v1", "Ingress"),
      manifest("example.com/v1beta1", "ServiceCIDR"),
    ];
    const blocking = (to: string) =>
      apiFindings(objects, Object.keys(pinnedCharts), to)
        .filter(({ level }) => level === "blocks")
        .map(({ words, remedy }) => `${words}. ${remedy}`);
    assert.deepEqual(blocking("1.36"), []);
    assert.deepEqual(blocking("1.37"), [
      "ServiceCIDR web/one is networking.k8s.io/v1beta1, which 1.37 no longer serves. Write networking.k8s.io/v1",
    ]);
  });

  it("knows no removal that a stable version of the API would suffer", () => {
    for (const { apiVersion, removedIn } of removals) {
      assert.match(apiVersion, /^[a-z0-9.]+\/v\d+(alpha|beta)\d+$/);
      assert.ok(minorOf(removedIn) >= 22, apiVersion);
    }
  });

  it("judges charts by their pinned version", () => {
    const release = (chart: string, version: string) =>
      ({ inputs: { chart, version } }) as unknown as Resource;
    const words = (chart: string, version: string, to: string) =>
      chartFindings([release(chart, version)], to).map((one) => `${one.level} ${one.words}`);
    const { version: keda = "" } = pinnedCharts.keda ?? {};
    assert.match(words("keda", keda, "1.36")[0] ?? "", /^look .*tested up to Kubernetes 1.35/);
    assert.match(words("keda", "0.0.1", "1.36")[0] ?? "", /^look keda 0.0.1: .* was not read/);
    const { version: autoscaler = "" } = pinnedCharts["cluster-autoscaler"] ?? {};
    assert.match(words("cluster-autoscaler", autoscaler, "1.36")[0] ?? "", /^fine .*v1\.36\./);
    assert.match(words("cluster-autoscaler", autoscaler, "1.37")[0] ?? "", /^blocks /);
  });

  it("has read the charts at the versions that the program pins", () => {
    const sources = ["autoscaler", "karpenter", "keda", "load-balancer-controller-policy"].map(
      (name) => readFileSync(`infra/addons/${name}.ts`, "utf8"),
    );
    for (const [chart, { version }] of Object.entries(pinnedCharts)) {
      assert.ok(
        sources.some((text) => text.includes(`"${version}"`)),
        `${chart} ${version} is not what infra/addons pins: read it again`,
      );
    }
  });

  it("asks AWS for reading alone, by actions that AWS has", async () => {
    for (const action of actions) {
      assert.match(action, /^\w+:(Describe|List|Get)/);
      const policies = [
        {
          name: "operate",
          document: {
            Version: "2012-10-17" as const,
            Statement: [{ Effect: "Allow" as const, Action: action, Resource: "*" }],
          },
        },
      ];
      const request = { action, resource: "*", context: {} };
      assert.ok(await allows({ name: "operator", policies }, request), action);
    }
  });
});
