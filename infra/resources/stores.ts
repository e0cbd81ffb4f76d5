import type * as pulumi from "@pulumi/pulumi";
import type { StoreConfig } from "../config/resource-schema.ts";
import { Bucket } from "./bucket.ts";
import { Queue } from "./queue.ts";
import { Table } from "./table.ts";
import { Topic } from "./topic.ts";

export interface StoresArgs {
  /** By name. */
  resources: Record<string, StoreConfig>;
  /** Whether what holds data outlives mistakes. */
  protect: boolean;
  /** What the names of the components and of what they make begin with. @default nothing */
  prefix?: string;
}

type Store = Bucket | Queue | Table | Topic;

/**
 * Buckets, queues, tables and topics: what has no address in the VPC, and works as soon as it is there.
 * By name; topics are made first, because a queue names those that may send to it.
 */
export function makeStores(
  args: StoresArgs,
  parent: { parent: pulumi.Resource },
): Record<string, Store> {
  const made: Record<string, Store> = {};
  for (const [resource, config] of topicsFirst(args.resources)) {
    made[resource] = makeStore(resource, config, { ...args, made }, parent);
  }
  return made;
}

function makeStore(
  resource: string,
  config: StoreConfig,
  args: StoresArgs & { made: Record<string, Store> },
  parent: { parent: pulumi.Resource },
): Store {
  const { protect, prefix = "" } = args;
  const name = prefix + resource;
  switch (config.kind) {
    case "bucket":
      return new Bucket(name, { ...config, resource, protect }, parent);
    case "queue": {
      const topics = topicsTo(resource, args);
      return new Queue(name, { ...config, resource, topics, protect }, parent);
    }
    case "table":
      return new Table(name, { ...config, resource, protect }, parent);
    case "topic":
      return new Topic(name, { resource }, parent);
  }
}

function topicsFirst(resources: StoresArgs["resources"]): [string, StoreConfig][] {
  const isTopic = ([, { kind }]: [string, StoreConfig]) => kind === "topic";
  return Object.entries(resources).sort((a, b) => Number(isTopic(b)) - Number(isTopic(a)));
}

/** The ARNs of the topics that deliver to a queue, by name. */
function topicsTo(
  queue: string,
  { resources, made }: Pick<StoresArgs, "resources"> & { made: Record<string, Store> },
): Record<string, pulumi.Output<string>> {
  return Object.fromEntries(
    Object.entries(resources).flatMap(([name, config]) => {
      const topic = made[name];
      return config.kind === "topic" && config.deliverTo.includes(queue) && topic instanceof Topic
        ? [[name, topic.arn]]
        : [];
    }),
  );
}
