import { stemOf } from "../../../infra/config/resource-schema.ts";
import { nameOf, type Service } from "../draft.ts";
import { secondsOf, within } from "../words.ts";
import type { CopilotApplication } from "./copilot-application.ts";
import type { Queue } from "./manifest-schema.ts";
import type { Workload } from "./manifests.ts";

type Uses = NonNullable<Service["uses"]>;

/** What publishing and subscribing give a container. */
export interface Messages {
  environment: Record<string, string>;
  uses: Uses;
  /** The queue of all topics without one of their own. */
  queue?: string;
}

const topicKey = (service: string, topic: string) => `${service}/${topic}`;

/** A topic for each that a manifest publishes. */
export function declareTopics(workloads: Workload[], app: CopilotApplication): void {
  for (const { name, manifest } of workloads) {
    for (const [index, { name: topic }] of (manifest.publish?.topics ?? []).entries()) {
      const resource = resourceFor(topic, name, app);
      app.report.changed(
        [name, "publish", "topics", index, "name"],
        `resources.${resource}`,
        "a topic of SNS, in COPILOT_SNS_TOPIC_ARNS as before",
      );
    }
  }
}

function resourceFor(topic: string, service: string, app: CopilotApplication): string {
  const key = topicKey(service, topic);
  const known = app.topics.get(key);
  if (known) return known;
  const plain = nameOf(topic);
  const resource = app.taken.has(plain) ? nameOf(`${service}-${topic}`, app.taken) : plain;
  app.taken.add(resource);
  app.topics.set(key, resource);
  app.draft.resources[resource] = { kind: "topic" };
  return resource;
}

/** The topics that a workload publishes to, as Copilot's variable names them. */
export function publishing({ name, manifest }: Workload, app: CopilotApplication): Messages {
  const topics = (manifest.publish?.topics ?? []).map(({ name: topic }): [string, string] => [
    topic,
    app.topics.get(topicKey(name, topic)) ?? "",
  ]);
  if (topics.length === 0) return { environment: {}, uses: {} };
  const arns = Object.fromEntries(
    topics.map(([topic, resource]) => [topic, `$(${stemOf(resource)}_ARN)`]),
  );
  return {
    environment: { COPILOT_SNS_TOPIC_ARNS: JSON.stringify(arns) },
    uses: Object.fromEntries(topics.map(([, resource]) => [resource, "write" as const])),
  };
}

/** The queues that a worker receives from, as Copilot's variables name them. */
export function subscribing({ name, manifest }: Workload, app: CopilotApplication): Messages {
  const { report, draft } = app;
  const { topics = [], queue } = manifest.subscribe ?? {};
  const at = [name, "subscribe"];
  if (manifest.type !== "Worker Service") return { environment: {}, uses: {} };
  const shared = declareQueue(`${name}-events`, queue ?? {}, [...at, "queue"], app);
  const environment: Record<string, string> = { COPILOT_QUEUE_URI: `$(${stemOf(shared)}_URL)` };
  const uses: Uses = { [shared]: "read" };
  const own: Record<string, string> = {};
  for (const [index, topic] of topics.entries()) {
    const path = [...at, "topics", index];
    const published = app.topics.has(topicKey(topic.service, topic.name));
    const resource = resourceFor(topic.name, topic.service, app);
    let receiver = shared;
    if (topic.queue) {
      const settings = topic.queue === true ? {} : topic.queue;
      receiver = declareQueue(`${name}-${topic.name}`, settings, [...path, "queue"], app);
      if (topic.queue === true) report.carried([...path, "queue"], `resources.${receiver}`);
      own[queueKey(topic.service, topic.name)] = `$(${stemOf(receiver)}_URL)`;
      uses[receiver] = "read";
    }
    const target = draft.resources[resource] as { kind: "topic"; deliverTo?: string[] };
    target.deliverTo = [...(target.deliverTo ?? []), receiver];
    const why = published
      ? "the queue gets messages as they were published, without an envelope of SNS"
      : `the same; ${topic.service} was not imported, so nobody publishes to it`;
    report.changed(
      [...path, "name"],
      `resources.${resource}.deliverTo`,
      why,
      "let the program take a message's body as it is",
    );
    report.carried([...path, "service"], `resources.${resource}`);
  }
  if (Object.keys(own).length > 0) environment.COPILOT_TOPIC_QUEUE_URIS = JSON.stringify(own);
  return { environment, uses, queue: shared };
}

/** Copilot's name of a topic's queue (internal/pkg/template/template_functions.go). */
function queueKey(service: string, topic: string): string {
  const plain = (text: string) => text.replace(/[^A-Za-z0-9]/g, "");
  const title = plain(topic);
  return `${plain(service)}${title.charAt(0).toUpperCase()}${title.slice(1).toLowerCase()}EventsQueue`;
}

function declareQueue(
  wanted: string,
  given: Queue,
  at: (string | number)[],
  app: CopilotApplication,
): string {
  const { report, draft, taken } = app;
  const name = nameOf(wanted, taken);
  taken.add(name);
  const to = `resources.${name}`;
  const timeout = secondsOf(given.timeout ?? 0);
  const retention = secondsOf(given.retention ?? 0);
  const tries = Number(given.dead_letter?.tries ?? 0);
  if (timeout) report.carried([...at, "timeout"], `${to}.visibilityTimeoutSeconds`);
  if (tries > 0) report.carried([...at, "dead_letter", "tries"], `${to}.maxReceives`);
  const days = retention ? within(Math.ceil(retention / 86_400), 1, 13) : undefined;
  if (days) {
    if (days * 86_400 === retention) report.carried([...at, "retention"], `${to}.retentionDays`);
    else report.changed([...at, "retention"], `${to}.retentionDays`, "whole days, at most 13");
  }
  draft.resources[name] = {
    kind: "queue",
    ...(timeout && { visibilityTimeoutSeconds: within(timeout, 1, 43_200) }),
    ...(days && { retentionDays: days }),
    ...(tries > 0 && { maxReceives: within(tries, 1, 1000) }),
  };
  return name;
}
