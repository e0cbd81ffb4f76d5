import { Document, isMap, isScalar, type Pair } from "yaml";
import { kubernetesVersions } from "../../infra/config/schema.ts";
import { nobody } from "../init/stack-files.ts";
import type { Decision, Draft } from "./draft.ts";

/** Nodes on which an application's pods may run. */
export interface Nodes {
  instanceType: string;
  maxSize: number;
}

/** What no file of an application says: a person must set it. */
const places: Decision[] = [
  { at: ["accountId"], words: "your account" },
  { at: ["network", "zones"], words: "two zones of your region" },
  { at: ["cluster", "publicAccessCidrs"], words: "the networks that may reach the Kubernetes API" },
  { at: ["cluster", "admins"], words: "who administers the cluster, you among them" },
];

/** The text of `Pulumi.<stack>.yaml`, with a comment `decide:` at each key that a person must look at. */
export function stackFile(draft: Draft, { instanceType, maxSize }: Nodes): string {
  const { clusterName, architecture, domain, services, jobs, resources } = draft;
  const settings = {
    accountId: nobody,
    network: { zones: ["eu-central-1a", "eu-central-1b"] },
    cluster: {
      name: clusterName ?? "imported",
      kubernetesVersion: kubernetesVersions.at(-1),
      publicAccess: true,
      publicAccessCidrs: ["203.0.113.0/24"],
      admins: [`arn:aws:iam::${nobody}:role/PlatformAdmin`],
    },
    nodes: {
      ...(architecture === "amd64" && { architecture }),
      ...{ instanceTypes: [instanceType], minSize: 2, desiredSize: 2, maxSize },
    },
    autoscaler: { enabled: true },
    logs: { retentionDays: 7 },
    registry: { forceDelete: true },
    ...(domain && { domain }),
    services,
    ...(Object.keys(jobs).length > 0 && { jobs }),
    ...(Object.keys(resources).length > 0 && { resources }),
  };
  const config = Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [`platform:${key}`, value]),
  );
  const document = new Document({ config }, { aliasDuplicateObjects: false });
  document.commentBefore =
    " yaml-language-server: $schema=docs/stack.schema.json\n Written by `npm run import`. Each line with `decide:` waits for a person.";
  for (const { at, words } of [...places, ...draft.decisions]) {
    comment(
      document,
      ["config", ...at.map((key, index) => (index === 0 ? `platform:${key}` : key))],
      words,
    );
  }
  return document.toString({ lineWidth: 100 });
}

/** Before the key, or the nearest one above it that is there. */
function comment(document: Document, path: string[], words: string): void {
  const pair = pairAt(document, path);
  if (!pair) comment(document, path.slice(0, -1), words);
  if (!isScalar(pair?.key)) return;
  const line = ` decide: ${words}`;
  const { commentBefore } = pair.key;
  if (commentBefore?.split("\n").includes(line)) return;
  pair.key.commentBefore = commentBefore ? `${commentBefore}\n${line}` : line;
}

function pairAt(document: Document, path: string[]): Pair | undefined {
  const above = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(above)) return undefined;
  return above.items.find(({ key }) => isScalar(key) && key.value === path.at(-1));
}
