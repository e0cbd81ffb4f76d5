import { DescribeSubnetsCommand, EC2Client } from "@aws-sdk/client-ec2";
import {
  type Addon,
  type AddonInfo,
  type Cluster,
  type ClusterVersionInformation,
  DescribeAddonCommand,
  DescribeClusterCommand,
  DescribeInsightCommand,
  DescribeNodegroupCommand,
  DescribeUpdateCommand,
  EKSClient,
  type Insight,
  type Nodegroup,
  paginateDescribeAddonVersions,
  paginateDescribeClusterVersions,
  paginateListInsights,
  paginateListUpdates,
} from "@aws-sdk/client-eks";
import {
  CoreV1Api,
  type KubeConfig,
  PolicyV1Api,
  type V1Node,
  type V1Pod,
  type V1PodDisruptionBudget,
} from "@kubernetes/client-node";
import { addonNames, listed, nodeGroupNames } from "../aws-lists.ts";
import { newestReleaseOf } from "../node-image.ts";
import type { OperatedStack } from "../operated-stack.ts";
import { statusMessage } from "../readings.ts";

/** What the AWS credentials must allow; all of it reads. */
export const actions = [
  "ec2:DescribeSubnets",
  "eks:DescribeAddon",
  "eks:DescribeAddonVersions",
  "eks:DescribeCluster",
  "eks:DescribeClusterVersions",
  "eks:DescribeInsight",
  "eks:DescribeNodegroup",
  "eks:DescribeUpdate",
  "eks:ListAddons",
  "eks:ListInsights",
  "eks:ListNodegroups",
  "eks:ListUpdates",
  "ssm:GetParameter",
];

/** A question that AWS or the cluster did not answer. */
export interface Unanswered {
  asked: string;
  why: string;
}

/** Asks, and keeps what was not answered, so that one refusal does not hide the rest. */
export class Questions {
  readonly unanswered: Unanswered[] = [];

  /** The answer; undefined if there is none within 30 seconds. */
  async ask<T>(asked: string, read: () => Promise<T>): Promise<T | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("no answer within 30 seconds")), 30_000);
    });
    try {
      return await Promise.race([read(), late]);
    } catch (error) {
      this.unanswered.push({ asked, why: reasonOf(error) });
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** One line: the Kubernetes client puts a whole HTTP answer into its message. */
function reasonOf(error: unknown): string {
  const { code, body, message } = error as { code?: unknown; body?: unknown; message?: string };
  const text = statusMessage(body) ?? message ?? String(error);
  return `${typeof code === "number" ? `${code} ` : ""}${text.split("\n")[0]}`;
}

/** The cluster, and what EKS offers; each undefined where AWS did not answer. */
export interface Lifecycle {
  cluster?: Cluster;
  versions?: ClusterVersionInformation[];
}

export async function lifecycleOf(
  { clusterName: name, region }: OperatedStack,
  questions: Questions,
): Promise<Lifecycle> {
  const eks = new EKSClient({ region });
  const [cluster, versions] = await Promise.all([
    questions.ask(
      "EKS: the cluster",
      async () => (await eks.send(new DescribeClusterCommand({ name }))).cluster,
    ),
    questions.ask("EKS: the versions that it offers", () =>
      listed(
        paginateDescribeClusterVersions({ client: eks }, { includeAll: true }),
        (page) => page.clusterVersions,
      ),
    ),
  ]);
  return { cluster, versions };
}

/** What AWS says of a cluster that is to be upgraded; each undefined where it did not answer. */
export interface AwsState {
  /** Those of the category UPGRADE_READINESS, described where they do not pass. */
  insights?: Insight[];
  nodeGroups?: Nodegroup[];
  addons?: Addon[];
  /** What there is of each installed add-on for the target version. */
  addonVersions?: AddonInfo[];
  /** Free IPv4 addresses of the subnets that EKS has its own interfaces in. */
  freeAddresses?: number;
  /** When the control plane last began to move to another version. `null`: never. */
  lastUpgrade?: Date | null;
  /** The newest releases of the node image: for the version that runs, and for the target. */
  newestReleases: { now?: string; then?: string };
}

export async function awsStateOf(
  stack: OperatedStack,
  cluster: Cluster | undefined,
  to: string,
  questions: Questions,
): Promise<AwsState> {
  const { clusterName, region } = stack;
  const eks = new EKSClient({ region });
  const client = { client: eks };
  const from = cluster?.version;
  const subnetIds = cluster?.resourcesVpcConfig?.subnetIds ?? [];
  const [insights, nodeGroups, addons, freeAddresses, lastUpgrade, now, then] = await Promise.all([
    questions.ask("EKS: upgrade insights", () => insightsOf(eks, clusterName)),
    questions.ask("EKS: node groups", async () => {
      return each(await nodeGroupNames(eks, clusterName), async (nodegroupName) => {
        const command = new DescribeNodegroupCommand({ clusterName, nodegroupName });
        return (await eks.send(command)).nodegroup;
      });
    }),
    questions.ask("EKS: add-ons", async () => {
      return each(await addonNames(eks, clusterName), async (addonName) => {
        return (await eks.send(new DescribeAddonCommand({ clusterName, addonName }))).addon;
      });
    }),
    subnetIds.length === 0
      ? undefined
      : questions.ask("EC2: free addresses of the control plane's subnets", () =>
          freeAddressesOf(region, subnetIds),
        ),
    questions.ask("EKS: updates of the cluster", () => lastUpgradeOf(eks, clusterName)),
    from === undefined
      ? undefined
      : questions.ask(`SSM: the newest node image for ${from}`, () => newestReleaseOf(stack, from)),
    questions.ask(`SSM: the newest node image for ${to}`, () => newestReleaseOf(stack, to)),
  ]);
  const names = addons?.flatMap(({ addonName }) => addonName ?? []) ?? [];
  const addonVersions =
    addons &&
    (await questions.ask(`EKS: add-on versions for ${to}`, async () =>
      (
        await each(names, (addonName) =>
          listed(
            paginateDescribeAddonVersions(client, { kubernetesVersion: to, addonName }),
            (page) => page.addons,
          ),
        )
      ).flat(),
    ));
  return {
    ...{ insights, nodeGroups, addons, addonVersions, freeAddresses, lastUpgrade },
    newestReleases: { now, then },
  };
}

async function insightsOf(eks: EKSClient, clusterName: string): Promise<Insight[]> {
  const summaries = await listed(
    paginateListInsights(
      { client: eks },
      { clusterName, filter: { categories: ["UPGRADE_READINESS"] } },
    ),
    (page) => page.insights,
  );
  return each(summaries, async (summary) =>
    summary.insightStatus?.status === "PASSING"
      ? summary
      : (await eks.send(new DescribeInsightCommand({ clusterName, id: summary.id }))).insight,
  );
}

async function freeAddressesOf(region: string, SubnetIds: string[]): Promise<number> {
  const { Subnets = [] } = await new EC2Client({ region }).send(
    new DescribeSubnetsCommand({ SubnetIds }),
  );
  return Subnets.reduce((sum, one) => sum + (one.AvailableIpAddressCount ?? 0), 0);
}

/** EKS lists updates in no order that it promises. */
async function lastUpgradeOf(eks: EKSClient, name: string): Promise<Date | null> {
  const ids = await listed(
    paginateListUpdates({ client: eks }, { name }),
    (page) => page.updateIds,
  );
  const updates = await each(ids, async (updateId) => {
    return (await eks.send(new DescribeUpdateCommand({ name, updateId }))).update;
  });
  const times = updates
    .filter(({ type, status }) => type === "VersionUpdate" && status === "Successful")
    .flatMap(({ createdAt }) => createdAt?.getTime() ?? []);
  return times.length === 0 ? null : new Date(Math.max(...times));
}

/** What the Kubernetes API says; each undefined where it did not answer. */
export interface Objects {
  nodes?: V1Node[];
  pods?: V1Pod[];
  budgets?: V1PodDisruptionBudget[];
}

export async function objectsOf(
  access: () => Promise<KubeConfig>,
  questions: Questions,
): Promise<Objects> {
  const config = await questions.ask("Kubernetes: the way to its API", access);
  if (!config) return {};
  const core = config.makeApiClient(CoreV1Api);
  const policy = config.makeApiClient(PolicyV1Api);
  const [nodes, pods, budgets] = await Promise.all([
    questions.ask("Kubernetes: nodes", async () => (await core.listNode()).items),
    questions.ask("Kubernetes: pods", async () => (await core.listPodForAllNamespaces()).items),
    questions.ask(
      "Kubernetes: disruption budgets",
      async () => (await policy.listPodDisruptionBudgetForAllNamespaces()).items,
    ),
  ]);
  return { nodes, pods, budgets };
}

/** One after the other: EKS throttles. */
async function each<From, To>(
  list: From[],
  read: (one: From) => Promise<To | undefined>,
): Promise<To[]> {
  const found: To[] = [];
  for (const one of list) {
    const value = await read(one);
    if (value !== undefined) found.push(value);
  }
  return found;
}
