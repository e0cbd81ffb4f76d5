import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { load, problems, type Slices, valid, web } from "../../support/setting-problems.ts";

const resources = (resources: Record<string, object>): Slices => ({ resources });
const table = (changes: object) =>
  resources({ orders: { kind: "table", partitionKey: "id", ...changes } });
const queue = (changes: object) => resources({ mails: { kind: "queue", ...changes } });
const scaled = (changes: object, uses: object = { mails: "read" }): Slices => ({
  ...resources({ mails: { kind: "queue" }, archive: { kind: "bucket" } }),
  ...web({ uses, scale: { queue: { messagesPerPod: 5, ...changes } } }),
});
const delivering = (deliverTo: unknown): Slices =>
  resources({
    mails: { kind: "queue" },
    ledger: { kind: "queue", fifo: true },
    placed: { kind: "topic", deliverTo },
  });
const indexes = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, at) => [`by-${at}`, { partitionKey: "customer" }]),
  );

/** A stack with a resource of each kind that takes environments of pull requests. */
const previewed = (uses: object, offered: object = {}, more: object = {}): Slices => ({
  domain: { hostedZoneId: "Z0123456789ABC", hostName: "dev.example.com" },
  nodes: { ...valid.nodes, desiredSize: 6, maxSize: 6 },
  pullRequests: { environments: 1, resources: offered },
  ...resources({
    archive: { kind: "bucket" },
    orders: { kind: "table", partitionKey: "id" },
    mails: { kind: "queue" },
    placed: { kind: "topic" },
    key: { kind: "secret" },
    ledger: { kind: "postgres", version: "17" },
    sessions: { kind: "cache" },
    uploads: { kind: "files" },
  }),
  services: { web: { ...valid.services.web, uses }, ...more },
});
const worker = (uses: object) => ({
  worker: { image: { sameAs: "web" }, worker: true, uses },
});
const noneOfItsOwn =
  "is not allowed with pullRequests.environments: an environment has none of its own, because";
const inTheVpc =
  "its addresses would keep the VPC from being deleted; nor that of the stack, because";
const itsOwn = "allowed: bucket, postgres, queue, table, topic";

const wrong: [title: string, changes: Slices, line: string][] = [
  [
    "a bucket whose old versions never end",
    resources({ invoices: { kind: "bucket", keepVersionsDays: 0 } }),
    "resources.invoices.keepVersionsDays: 0 is not allowed: at least 1",
  ],
  [
    "a bucket whose objects end at once",
    resources({ invoices: { kind: "bucket", expireDays: 0 } }),
    "resources.invoices.expireDays: 0 is not allowed: at least 1",
  ],
  [
    "a queue that is longer than its dead letters are kept",
    queue({ retentionDays: 14 }),
    "resources.mails.retentionDays: 14 is not allowed: at most 13",
  ],
  [
    "a message that is a dead letter before it is received",
    queue({ maxReceives: 0 }),
    "resources.mails.maxReceives: 0 is not allowed: at least 1",
  ],
  [
    "a visibility timeout beyond 12 hours",
    queue({ visibilityTimeoutSeconds: 43_201 }),
    "resources.mails.visibilityTimeoutSeconds: 43201 is not allowed: at most 43200",
  ],
  [
    "an order in words",
    queue({ fifo: "yes" }),
    'resources.mails.fifo: "yes" is not allowed: true or false',
  ],
  [
    "a topic that delivers to nothing known",
    delivering(["mail"]),
    "resources.placed.deliverTo: mail is no queue; allowed: a queue such as mails",
  ],
  [
    "a topic that delivers to itself",
    resources({ placed: { kind: "topic", deliverTo: ["placed"] } }),
    "resources.placed.deliverTo: placed is no queue; allowed: a queue of platform:resources, which has none",
  ],
  [
    "a topic that delivers twice",
    delivering(["mails", "mails"]),
    "resources.placed.deliverTo: mails is named twice",
  ],
  [
    "a topic that delivers to a queue with an order",
    delivering(["ledger"]),
    "resources.placed.deliverTo: ledger has fifo true, and a topic keeps no order; allowed: a queue with fifo false",
  ],
  [
    "a topic that is read",
    {
      ...resources({ placed: { kind: "topic" } }),
      ...web({ uses: { placed: "read" } }),
    },
    "services.web.uses.placed: read is not allowed of a topic: write",
  ],
  [
    "an attribute of two types",
    table({ sortKey: "at:N", indexes: { byDay: { partitionKey: "at" } } }),
    "resources.orders.indexes.byDay.partitionKey: at has type S, and N in resources.orders.sortKey; allowed: one type",
  ],
  [
    "a key of one attribute twice",
    table({ indexes: { byDay: { partitionKey: "day", sortKey: "day:S" } } }),
    "resources.orders.indexes.byDay.sortKey: day:S is its partitionKey too; allowed: another attribute",
  ],
  [
    "an index without a key",
    table({ indexes: { byDay: {} } }),
    "resources.orders.indexes.byDay.partitionKey: is missing; allowed: an attribute such as id, or id:N with its type S (text), N (number) or B (binary)",
  ],
  [
    "an index whose name is too short",
    table({ indexes: { by: { partitionKey: "day" } } }),
    "resources.orders.indexes: by is not allowed: a name of 3 to 255 of a-z, A-Z, 0-9, _, - and .",
  ],
  [
    "a queue to scale by that is none",
    scaled({ resource: "archive" }),
    "services.web.scale.queue.resource: archive is no queue; allowed: a queue such as mails",
  ],
  [
    "a queue to scale by that is not received from",
    scaled({ resource: "mails" }, { mails: "write" }),
    "services.web.scale.queue.resource: mails is not received from; allowed: services.web.uses.mails read or readWrite",
  ],
  [
    "a queue to scale by that is not used",
    scaled({ resource: "mails" }, {}),
    "services.web.scale.queue.resource: mails is not received from; allowed: services.web.uses.mails read or readWrite",
  ],
  [
    "two queues to scale by",
    scaled({ resource: "mails", name: "orders" }),
    "services.web.scale.queue.resource: mails is beside name orders; allowed: one of them",
  ],
  [
    "no queue to scale by",
    scaled({}),
    "services.web.scale.queue: names no queue; allowed: name or resource",
  ],
  [
    "an empty secret in an environment of a pull request",
    previewed({ key: "read", orders: "read" }),
    `services.web.uses.key: secret ${noneOfItsOwn} it would be empty, and its pods would wait; allowed: pullRequests.resources.key read`,
  ],
  [
    "a cache in an environment of a pull request",
    previewed({ sessions: "readWrite" }),
    `services.web.uses.sessions: cache ${noneOfItsOwn} ${inTheVpc} it has no users to tell apart; ${itsOwn}`,
  ],
  [
    "files in an environment of a pull request",
    previewed({ uploads: "read" }),
    `services.web.uses.uploads: files ${noneOfItsOwn} ${inTheVpc} its volume would outlive the namespace of the environment; ${itsOwn}`,
  ],
  [
    "an offer of what is no resource",
    previewed({ orders: "read" }, { order: "read" }),
    "pullRequests.resources: order is no resource; allowed: a resource such as orders",
  ],
  [
    "an offer where there are no resources",
    { pullRequests: { resources: { orders: "read" } } },
    "pullRequests.resources: orders is no resource; allowed: a name of platform:resources, which has none",
  ],
  [
    "an offer to write",
    previewed({ orders: "readWrite" }, { orders: "readWrite" }),
    'pullRequests.resources.orders: "readWrite" is not allowed: read',
  ],
  [
    "an offer of a queue, which readers empty",
    previewed({ mails: "read" }, { mails: "read" }),
    "pullRequests.resources.mails: queue is not allowed, because whoever reads a message takes it from the stack; allowed: bucket, secret, table",
  ],
  [
    "an offer of a topic",
    previewed({ placed: "write" }, { placed: "read" }),
    "pullRequests.resources.placed: topic is not allowed, because it is only written; allowed: bucket, secret, table",
  ],
  [
    "an offer of files",
    previewed({ uploads: "read" }, { uploads: "read" }),
    "pullRequests.resources.uploads: files is not allowed, because its volume would outlive the namespace of the environment; allowed: bucket, secret, table",
  ],
  [
    "an offer of a database",
    previewed({ ledger: "readWrite" }, { ledger: "read" }),
    "pullRequests.resources.ledger: postgres is not allowed, because each environment has a schema of its own in it; allowed: bucket, secret, table",
  ],
  [
    "an offer of what nobody uses",
    previewed({}, { archive: "read" }),
    "pullRequests.resources.archive: nothing in an environment reads it; allowed: a resource that a service, which is no worker, uses with read or readWrite",
  ],
  [
    "an offer of what is only written",
    previewed({ archive: "write" }, { archive: "read" }),
    "pullRequests.resources.archive: nothing in an environment reads it; allowed: a resource that a service, which is no worker, uses with read or readWrite",
  ],
  [
    "an offer of what a worker alone reads",
    previewed({ archive: "write" }, { archive: "read" }, worker({ archive: "read" })),
    "pullRequests.resources.archive: nothing in an environment reads it; allowed: a resource that a service, which is no worker, uses with read or readWrite",
  ],
];

describe("stores and messages", () => {
  for (const [title, changes, line] of wrong) {
    it(`must not have ${title}`, () => assert.deepEqual(problems(changes), [line]));
  }

  it("have at most 20 indexes", () => {
    assert.deepEqual(problems(table({ indexes: indexes(20) })), []);
    const [line, ...others] = problems(table({ indexes: indexes(21) }));
    assert.match(line ?? "", /^resources\.orders\.indexes: .* is not allowed: at most 20$/);
    assert.deepEqual(others, []);
  });

  it("are taken at the ends of what AWS takes", () => {
    for (const changes of [
      resources({ invoices: { kind: "bucket", keepVersionsDays: 3650, expireDays: 1 } }),
      queue({ retentionDays: 13, visibilityTimeoutSeconds: 43_200, maxReceives: 1000 }),
      queue({ retentionDays: 1, visibilityTimeoutSeconds: 1, maxReceives: 1, fifo: true }),
      delivering(["mails"]),
      table({ sortKey: "at:N", indexes: { byDay: { partitionKey: "day", sortKey: "at:N" } } }),
      scaled({ resource: "mails" }),
      scaled({ resource: "mails" }, { mails: "readWrite" }),
      // Of its own, an environment has what needs no person and no address of its own.
      previewed({ ledger: "readWrite" }),
      previewed({ archive: "write", orders: "readWrite", mails: "read", placed: "write" }),
      previewed({ key: "read", archive: "readWrite" }, { key: "read", archive: "read" }),
      // No environment has a worker.
      previewed({}, {}, worker({ key: "read", ledger: "readWrite", uploads: "read" })),
    ]) {
      assert.deepEqual(problems(changes), []);
    }
  });

  it("are what KEDA reads, each once, where they are resources", () => {
    const { keda } = load(scaled({ resource: "mails" }));
    assert.deepEqual([keda.queues, keda.queueResources], [[], ["mails"]]);
  });

  it("are told to environments of pull requests as far as these use them", () => {
    const more = worker({ mails: "read", ledger: "readWrite" });
    const uses = { orders: "write", archive: "read", key: "read" } as const;
    const offered = { archive: "read", key: "read" } as const;
    const { services, provider } = load(previewed(uses, offered, more));
    const { aws } = services.pullRequests;
    assert.deepEqual(Object.keys(aws?.own ?? {}), ["orders"]);
    assert.deepEqual(aws?.offered, offered);
    assert.equal(aws?.provider, provider);
    assert.deepEqual(aws?.databases, []);
    assert.equal(load(previewed({}, {}, more)).services.pullRequests.aws, undefined);
  });

  it("let environments into those databases alone that their services use", () => {
    const more = worker({ ledger: "readWrite" });
    const uses = { ledger: "readWrite" };
    const { resources, services } = load(previewed(uses, {}, more));
    assert.deepEqual(resources.previewDatabases, ["ledger"]);
    assert.deepEqual(services.pullRequests.aws?.databases, ["ledger"]);
    assert.deepEqual(load(previewed({}, {}, more)).resources.previewDatabases, []);
    const off = { ...previewed(uses, {}, more), pullRequests: { environments: 0 } };
    assert.deepEqual(load(off).resources.previewDatabases, []);
  });

  it("give the VPC a gateway to DynamoDB where there is a table, and else to S3 alone", () => {
    assert.deepEqual(load(table({})).network.gatewayEndpoints, ["s3", "dynamodb"]);
    assert.deepEqual(load({ services: valid.services }).network.gatewayEndpoints, ["s3"]);
  });
});
