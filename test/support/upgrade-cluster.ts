import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { kubeConfigAt, loopback } from "./loopback.ts";

// biome-ignore lint/suspicious/noExplicitAny: answers of AWS and Kubernetes, as JSON
type Json = any;

const installed = [
  "vpc-cni",
  "kube-proxy",
  "coredns",
  "metrics-server",
  "eks-node-monitoring-agent",
  "amazon-cloudwatch-observability",
];

/**
 * The responses of EKS, EC2, SSM and the Kubernetes API for one cluster, with the fields of their API
 * references. Tests change them. `refused` has the errors of refused paths.
 */
export function healthyCluster() {
  const ready = { type: "Ready", status: "True" };
  return {
    refused: {} as Record<string, string>,
    cluster: {
      name: "platform-prod",
      version: "1.35",
      status: "ACTIVE",
      upgradePolicy: { supportType: "STANDARD" },
      resourcesVpcConfig: { subnetIds: ["subnet-1", "subnet-2"] },
    } as Json,
    versions: [
      { clusterVersion: "1.34", endOfStandardSupportDate: seconds("2026-12-02") },
      { clusterVersion: "1.35", endOfStandardSupportDate: seconds("2027-03-27") },
      { clusterVersion: "1.36", endOfStandardSupportDate: seconds("2027-08-02") },
    ] as Json[],
    insights: [
      insight("Deprecated APIs removed in Kubernetes v1.36"),
      insight("Kubelet version skew"),
    ],
    nodeGroups: [
      {
        nodegroupName: "nodes-1a2b3c4",
        version: "1.35",
        releaseVersion: "1.35.4-20261112",
        status: "ACTIVE",
        instanceTypes: ["m7g.large"],
        scalingConfig: { minSize: 3, desiredSize: 3, maxSize: 9 },
        updateConfig: { maxUnavailable: 1 },
        health: { issues: [] },
      },
    ] as Json[],
    addons: installed.map((addonName) => ({
      addonName,
      addonVersion: `v1.35.0-eksbuild.1`,
      status: "ACTIVE",
      health: { issues: [] },
    })) as Json[],
    addonVersions: ["v1.36.2-eksbuild.3", "v1.36.1-eksbuild.1"],
    updates: [
      {
        id: "u-1",
        type: "VersionUpdate",
        status: "Successful",
        params: [{ type: "Version", value: "1.35" }],
        createdAt: seconds("2026-03-02"),
      },
    ] as Json[],
    freeAddresses: [40, 41],
    releases: { "1.35": "1.35.4-20261112", "1.36": "1.36.2-20261112" } as Record<string, string>,
    nodes: ["a", "b", "c"].map((zone) => ({
      metadata: { name: `ip-10-1-0-${zone}` },
      status: { nodeInfo: { kubeletVersion: "v1.35.4-eks-1a2b3c4" }, allocatable: { pods: "29" } },
    })) as Json[],
    pods: ["1", "2", "3"].map((one) => ({
      metadata: { name: `web-${one}`, namespace: "web", labels: { app: "web" } },
      spec: { nodeName: "ip-10-1-0-a" },
      status: { phase: "Running", conditions: [ready] },
    })) as Json[],
    budgets: [budget("web", { disruptionsAllowed: 1, currentHealthy: 3, desiredHealthy: 2 })],
  };
}

export function insight(name: string, status = "PASSING", more: Json = {}): Json {
  return {
    id: name.replaceAll(/\W/g, "-"),
    name,
    category: "UPGRADE_READINESS",
    kubernetesVersion: "1.36",
    insightStatus: { status, reason: `${name}: ${status}` },
    ...more,
  };
}

export function budget(name: string, status: Json, spec: Json = { maxUnavailable: 1 }): Json {
  return {
    metadata: { name, namespace: "web" },
    spec: { selector: { matchLabels: { app: name } }, ...spec },
    status: { expectedPods: 3, ...status },
  };
}

const seconds = (date: string) => Date.parse(date) / 1000;

/** Serves both APIs on loopback. */
export async function serve(cluster: ReturnType<typeof healthyCluster>) {
  const { endpoint, stop } = await loopback(async (request, response) => {
    const { status, type, body } = await answer(cluster, request);
    response.writeHead(status, { "content-type": type });
    response.end(body);
  });
  return { endpoint, access: async () => kubeConfigAt(endpoint), stop };
}

const forbidden = { kind: "Status", status: "Failure", reason: "Forbidden", code: 403 };

const json = (body: Json, status = 200) => ({
  ...{ status, type: "application/json" },
  body: JSON.stringify(body),
});

async function answer(cluster: ReturnType<typeof healthyCluster>, request: IncomingMessage) {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  const refused = cluster.refused[pathname];
  if (refused) {
    const isAws = pathname.startsWith("/clusters");
    return json(isAws ? { message: refused } : { ...forbidden, message: refused }, 403);
  }
  const body = await text(request);
  if (request.headers["x-amz-target"] === "AmazonSSM.GetParameter") {
    const { Name } = JSON.parse(body);
    const [, version = ""] = /(?:optimized-ami\/|aws-k8s-)(1\.\d+)\//.exec(Name) ?? [];
    return json({ Parameter: { Name, Value: cluster.releases[version] } });
  }
  if (body.includes("Action=DescribeSubnets")) {
    const items = cluster.freeAddresses.map(
      (free) => `<item><availableIpAddressCount>${free}</availableIpAddressCount></item>`,
    );
    const xml = `<DescribeSubnetsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><subnetSet>${items.join("")}</subnetSet></DescribeSubnetsResponse>`;
    return { status: 200, type: "text/xml", body: xml };
  }
  const found = answerAt(cluster, pathname, searchParams);
  return found === undefined ? json({ message: `nothing at ${pathname}` }, 404) : json(found);
}

/** The response for a path of EKS' or Kubernetes' API. */
function answerAt(
  cluster: ReturnType<typeof healthyCluster>,
  path: string,
  query: URLSearchParams,
): Json | undefined {
  const of = "/clusters/platform-prod";
  const id = decodeURIComponent(path.split("/").at(-1) ?? "");
  const by = (list: Json[], key: string) => list.find((one) => one[key] === id);
  const names = (list: Json[], key: string) => list.map((one) => one[key]);
  const lists: Record<string, () => Json> = {
    [of]: () => ({ cluster: cluster.cluster }),
    "/cluster-versions": () => ({ clusterVersions: cluster.versions }),
    [`${of}/insights`]: () => ({ insights: cluster.insights }),
    [`${of}/node-groups`]: () => ({ nodegroups: names(cluster.nodeGroups, "nodegroupName") }),
    [`${of}/addons`]: () => ({ addons: names(cluster.addons, "addonName") }),
    [`${of}/updates`]: () => ({ updateIds: names(cluster.updates, "id") }),
    "/addons/supported-versions": () => ({
      addons: [
        {
          addonName: query.get("addonName"),
          addonVersions: cluster.addonVersions.map((addonVersion, at) => ({
            addonVersion,
            compatibilities: [
              { clusterVersion: query.get("kubernetesVersion"), defaultVersion: at === 1 },
            ],
          })),
        },
      ],
    }),
    "/api/v1/nodes": () => ({ kind: "NodeList", items: cluster.nodes }),
    "/api/v1/pods": () => ({ kind: "PodList", items: cluster.pods }),
    "/apis/policy/v1/poddisruptionbudgets": () => ({
      kind: "PodDisruptionBudgetList",
      items: cluster.budgets,
    }),
  };
  if (lists[path]) return lists[path]();
  if (path.startsWith(`${of}/insights/`)) return { insight: by(cluster.insights, "id") };
  if (path.startsWith(`${of}/node-groups/`)) {
    return { nodegroup: by(cluster.nodeGroups, "nodegroupName") };
  }
  if (path.startsWith(`${of}/addons/`)) return { addon: by(cluster.addons, "addonName") };
  if (path.startsWith(`${of}/updates/`)) return { update: by(cluster.updates, "id") };
  return undefined;
}
