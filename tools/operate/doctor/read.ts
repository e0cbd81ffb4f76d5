import { Resolver } from "node:dns/promises";
import type { KubeConfig } from "@kubernetes/client-node";
import { pulumi } from "../../shell.ts";
import type { OperatedStack } from "../operated-stack.ts";
import { type AwsClients, readAws } from "./read-aws.ts";
import { readKubernetes } from "./read-kubernetes.ts";
import type { DnsAnswer, Snapshot, StateAnswers } from "./snapshot.ts";
import { Tolerant } from "./tolerant.ts";

/** Where a snapshot is read from. */
export interface Sources {
  clients: AwsClients;
  /** @throws {NoAnswer} if nobody says where the Kubernetes API is */
  kubeConfig(): Promise<KubeConfig>;
  /** IPv4 addresses of a name, as `node:dns`. */
  resolve(name: string): Promise<string[]>;
  /** What `pulumi stack export` prints. */
  exportState(): Promise<string>;
  now(): Date;
}

/** The sources of a stack's own cluster and account. */
export function sourcesOf(
  { stack }: Pick<OperatedStack, "stack">,
  { clients, kubeConfig, cwd }: Pick<Sources, "clients" | "kubeConfig"> & { cwd?: string },
): Sources {
  const resolver = new Resolver({ timeout: 3000, tries: 2 });
  return {
    clients,
    kubeConfig,
    resolve: (name) => resolver.resolve4(name),
    exportState: () => pulumi(["stack", "export", "--stack", stack], { cwd }),
    now: () => new Date(),
  };
}

/** Reads all that the checks judge, and writes nothing. What cannot be read is in `unread`. */
export async function readSnapshot(
  { stack, clusterName, config }: OperatedStack,
  sources: Sources,
): Promise<Snapshot> {
  const { domain } = config.services;
  const hostNames = (domain?.hostNames ?? []).map(({ hostName }) => hostName);
  const certificateArns = domain?.certificateArns ?? [];
  const [ofAws, ofKubernetes, ofState] = [new Tolerant(), new Tolerant(), new Tolerant()];
  const question = { clusterName, hostNames, certificateArns };
  const [aws, state] = await Promise.all([
    readAws(sources.clients, question, ofAws),
    ofState.read("Pulumi's state", async () => stateOf(await sources.exportState())),
  ]);
  const kubeConfig = aws.cluster
    ? await ofKubernetes.read("Kubernetes API", sources.kubeConfig)
    : undefined;
  if (aws.cluster === undefined) {
    ofKubernetes.unread.push({ what: "Kubernetes API", why: "AWS does not say where it is" });
  }
  const balancers = (aws.loadBalancers ?? []).flatMap((one) => one.DNSName ?? []);
  const [kubernetes, dns] = await Promise.all([
    kubeConfig
      ? readKubernetes(kubeConfig, ofKubernetes, {
          karpenter: config.cluster.nodes.kind === "karpenter",
        })
      : {},
    Promise.all(
      hostNames.length > 0 ? [...hostNames, ...balancers].map((one) => answerOf(sources, one)) : [],
    ),
  ]);
  const ofDns = dns
    .filter(({ code }) => code !== undefined && code !== "ENOTFOUND" && code !== "ENODATA")
    .map(({ name, code = "" }) => ({ what: `DNS of ${name}`, why: code }));
  return {
    at: sources.now(),
    ...{ stack, clusterName, hostNames, kubernetes, aws, dns, state },
    sleeps: config.cluster.nodes.schedule !== undefined,
    unread: [
      ...ofAws.unread,
      ...ofKubernetes.unread,
      ...ofDns,
      // Who only looks at a cluster need not reach the state.
      ...ofState.unread.map((one) => ({ ...one, optional: true })),
    ],
  };
}

async function answerOf({ resolve }: Sources, name: string): Promise<DnsAnswer> {
  try {
    return { name, addresses: await resolve(name) };
  } catch (error) {
    return { name, addresses: [], code: (error as NodeJS.ErrnoException).code ?? String(error) };
  }
}

interface ExportedState {
  deployment?: {
    resources?: { urn: string; type: string }[];
    pending_operations?: { type: string; resource: { urn: string } }[];
  };
}

function stateOf(text: string): StateAnswers {
  const { deployment } = JSON.parse(text) as ExportedState;
  return {
    resources: (deployment?.resources ?? []).map(({ urn, type }) => ({ urn, type })),
    pendingOperations: (deployment?.pending_operations ?? []).map(({ type, resource }) => ({
      type,
      urn: resource.urn,
    })),
  };
}
