import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import type { Document } from "yaml";
import { monthly } from "../../../tools/cloud/prices.ts";
import { outlivedBy, prerequisites } from "../../../tools/graph/order.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { costOf } from "../../../tools/plan/cost/cost.ts";
import { evaluateData, inProduction } from "../../support/other-settings.ts";
import { below, partsOf } from "../../support/resource-access.ts";
import { problems } from "../../support/setting-problems.ts";

const only = (type: string, resources: Resource[]) => {
  const found = resources.filter((one) => one.type.endsWith(`:${type}`));
  assert.equal(found.length, 1, `${found.length} ${type}`);
  return found[0] as Resource;
};

/** All that comes before a resource and goes after it. */
const needsOf = (one: Resource, resources: Resource[]) =>
  outlivedBy(one.urn, prerequisites(resources));

const withLedger = (settings: object) => (file: Document) => {
  for (const [key, value] of Object.entries(settings)) {
    file.setIn(["config", "platform:resources", "ledger", key], value);
  }
};

describe("databases and caches", () => {
  let development: Resource[];
  let production: Resource[];
  before(async () => {
    ({ resources: development } = await evaluateData());
    ({ resources: production } = await evaluateData(inProduction));
  });
  const cluster = (resources: Resource[], name = "ledger") =>
    only("Cluster", partsOf(name, resources));
  const instances = (resources: Resource[], name = "ledger") =>
    partsOf(name, resources).filter(({ type }) => type.endsWith(":ClusterInstance"));

  it("admit the cluster's pods at one port, and nobody else", () => {
    const pods = only(
      "Cluster",
      development.filter(({ type }) => type.startsWith("eks:")),
    ).outputs.eksCluster.vpcConfig.clusterSecurityGroupId;
    const attached = {
      ledger: [5432, cluster(development).inputs.vpcSecurityGroupIds],
      "users-db": [5432, cluster(development, "users-db").inputs.vpcSecurityGroupIds],
      sessions: [
        6379,
        only("ServerlessCache", partsOf("sessions", development)).inputs.securityGroupIds,
      ],
    } as const;
    for (const [name, [port, groups]] of Object.entries(attached)) {
      const parts = partsOf(name, development);
      const group = only("SecurityGroup", parts);
      assert.deepEqual(groups, [group.id]);
      assert.deepEqual([group.inputs.ingress, group.inputs.egress], [undefined, undefined]);
      const { description, ...rule } = only("SecurityGroupIngressRule", parts).inputs;
      assert.deepEqual(rule, {
        securityGroupId: group.id,
        referencedSecurityGroupId: pods,
        ipProtocol: "tcp",
        fromPort: port,
        toPort: port,
      });
      assert.ok(description);
    }
  });

  it("are reached in the private subnets, and a cache in two zones alone", async () => {
    const { resources } = await evaluateData((file) =>
      file.setIn(
        ["config", "platform:network", "zones"],
        ["a", "b", "c"].map((zone) => `eu-central-1${zone}`),
      ),
    );
    const networks = (resource: string) =>
      below("platform:service:Service::shop", resources)
        .filter(({ name }) => name === `shop-uses-${resource}`)
        .flatMap(({ inputs }) => inputs.spec.egress)
        .flatMap(({ to }) => to.flatMap(({ ipBlock }: Resource["inputs"]) => ipBlock.cidr));
    assert.deepEqual(networks("ledger"), ["10.0.0.0/20", "10.0.16.0/20", "10.0.32.0/20"]);
    assert.deepEqual(networks("sessions"), ["10.0.0.0/20", "10.0.16.0/20"]);
    const { subnetIds } = only("SubnetGroup", partsOf("ledger", resources)).inputs;
    assert.equal(subnetIds.length, 3);
    const cache = only("ServerlessCache", partsOf("sessions", resources)).inputs;
    assert.deepEqual(cache.subnetIds, subnetIds.slice(0, 2));
  });

  it("wait for no cluster but in the rules of their security groups", () => {
    const control = only(
      "Cluster",
      development.filter(({ type }) => type.startsWith("eks:")),
    );
    const waiting = ["ledger", "users-db", "sessions"]
      .flatMap((name) => partsOf(name, development))
      .filter((one) => needsOf(one, development).has(control.urn));
    assert.deepEqual(
      [...new Set(waiting.map(({ type }) => type))],
      ["aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"],
    );
  });

  it("have their log group before them and after them, with the stack's retention", () => {
    const parts = partsOf("ledger", development);
    const group = only("LogGroup", parts);
    assert.equal(group.inputs.name, "/aws/rds/cluster/data-ledger/postgresql");
    assert.equal(group.inputs.retentionInDays, 7);
    assert.deepEqual(cluster(development).inputs.enabledCloudwatchLogsExports, ["postgresql"]);
    assert.ok(needsOf(cluster(development), development).has(group.urn));
  });

  it("leave their password to RDS, which rotates it as the settings say and not by itself", () => {
    for (const { inputs } of [cluster(development), cluster(production)]) {
      assert.equal(inputs.manageMasterUserPassword, true);
      assert.deepEqual(
        Object.keys(inputs).filter((key) => /^masterPassword/.test(key)),
        [],
      );
    }
    const rotation = (name: string) => only("SecretRotation", partsOf(name, development));
    const of = (name: string) => {
      const { secretId, ...rest } = rotation(name).inputs;
      assert.equal(secretId, cluster(development, name).outputs.masterUserSecrets[0].secretArn);
      for (const { urn } of instances(development, name)) {
        assert.ok(needsOf(rotation(name), development).has(urn), "RDS turns it on again");
      }
      return rest;
    };
    assert.deepEqual(of("ledger"), {
      rotationRules: { automaticallyAfterDays: 90 },
      rotateImmediately: false,
    });
    assert.deepEqual(of("users-db"), { rotationEnabled: false });
  });

  it("are protected with a snapshot and a second instance in production, and nowhere else", () => {
    const of = ({ inputs, protect }: Resource) => ({
      protect,
      deletionProtection: inputs.deletionProtection,
      skipFinalSnapshot: inputs.skipFinalSnapshot,
      deleteAutomatedBackups: inputs.deleteAutomatedBackups,
      finalSnapshotIdentifier: inputs.finalSnapshotIdentifier,
    });
    assert.deepEqual(of(cluster(production)), {
      protect: true,
      deletionProtection: true,
      skipFinalSnapshot: false,
      deleteAutomatedBackups: false,
      finalSnapshotIdentifier: "data-ledger-final",
    });
    assert.deepEqual(of(cluster(development)), {
      protect: false,
      deletionProtection: false,
      skipFinalSnapshot: true,
      deleteAutomatedBackups: true,
      finalSnapshotIdentifier: undefined,
    });
    assert.equal(instances(production).length, 2);
    assert.equal(instances(development).length, 1);
    const cache = (resources: Resource[]) =>
      only("ServerlessCache", partsOf("sessions", resources));
    assert.deepEqual(
      [cache(production), cache(development)].map(({ protect, inputs }) => [
        protect,
        inputs.snapshotRetentionLimit,
      ]),
      [
        [true, 7],
        [false, 0],
      ],
    );
  });

  it("pause after the minutes of the settings, five without them, and never above zero", async () => {
    const range = async (settings: object) => {
      const { resources } = await evaluateData(withLedger(settings));
      return cluster(resources).inputs.serverlessv2ScalingConfiguration;
    };
    assert.deepEqual(await range({ minCapacity: 0 }), {
      minCapacity: 0,
      maxCapacity: 2,
      secondsUntilAutoPause: 300,
    });
    const paused = await range({ minCapacity: 0, pauseAfterMinutes: 60 });
    assert.equal(paused.secondsUntilAutoPause, 3600);
    assert.deepEqual(await range({}), { minCapacity: 0.5, maxCapacity: 2 });
  });

  it("cost their least capacity in each instance, and by use what is above it", () => {
    const costs = (resources: Resource[]) =>
      costOf(resources)
        .fixed.filter(({ what }) => what === "Aurora capacity unit")
        .map(monthly);
    const half = 0.5 * 0.12 * 730;
    assert.deepEqual(costs(development), [half, half]);
    assert.deepEqual(costs(production), [half, half, half, half]);
    const perUse = costOf(development).perUse.map(({ price }) => price.per);
    for (const part of [/capacity unit/, /Aurora volume/, /processing units/, /backups/]) {
      assert.ok(
        perUse.some((per) => part.test(per)),
        String(part),
      );
    }
  });
});

describe("settings of databases and caches", () => {
  const postgres = (more: object = {}) => ({ kind: "postgres", version: "17", ...more });
  const resources = (db: object, more: object = {}) => ({ resources: { db, ...more } });
  const production = {
    environment: "production",
    cluster: { deletionProtection: true },
    ingress: { deletionProtection: true },
    logs: { retentionDays: 30 },
  };
  const uses = (uses: object, more: object = {}) => ({
    services: {
      web: { image: { context: "service" }, route: { path: "/" }, uses, ...more },
    },
  });

  for (const [what, changes, problem] of [
    [
      "a version that is not offered",
      resources(postgres({ version: "12" })),
      'resources.db.version: "12" is not allowed: one of "16", "17", "18", in quotes',
    ],
    [
      "a version without quotes",
      resources(postgres({ version: 17 })),
      'resources.db.version: 17 is not allowed: one of "16", "17", "18", in quotes',
    ],
    [
      "a least capacity above the most",
      resources(postgres({ minCapacity: 4 })),
      "resources.db.minCapacity: 4 is above resources.db.maxCapacity 2",
    ],
    [
      "a capacity between the steps",
      resources(postgres({ minCapacity: 0.7 })),
      "resources.db.minCapacity: 0.7 is not allowed: a multiple of 0.5 from 0 to 256",
    ],
    [
      "a most capacity that AWS does not take",
      resources(postgres({ maxCapacity: 0.5 })),
      "resources.db.maxCapacity: 0.5 is not allowed: at least 1",
    ],
    [
      "a pause that never comes",
      resources(postgres({ pauseAfterMinutes: 5 })),
      "resources.db.pauseAfterMinutes: 5 goes with resources.db.minCapacity 0, not 0.5",
    ],
    [
      "a name that is too long with the cluster's",
      {
        cluster: { name: `c${"1".repeat(38)}` },
        resources: { [`d${"2".repeat(29)}`]: postgres() },
      },
      `resources.d${"2".repeat(29)}: c${"1".repeat(38)}-d${"2".repeat(29)}, of cluster.name and its own, is no name for RDS; allowed: at most 60 of a-z, 0-9 and single -`,
    ],
    [
      "two hyphens in a row",
      { cluster: { name: "platform-" }, ...resources(postgres()) },
      "resources.db: platform--db, of cluster.name and its own, is no name for RDS; allowed: at most 60 of a-z, 0-9 and single -",
    ],
    [
      "a pause in production",
      { ...production, ...resources(postgres({ minCapacity: 0 })) },
      "resources.db.minCapacity: 0 is not allowed in production: a paused database takes 15 seconds to answer",
    ],
    [
      "one instance in production",
      { ...production, ...resources(postgres({ replicas: 0 })) },
      "resources.db.replicas: 0 is not allowed in production: at least 1, in another zone",
    ],
    [
      "backups of a day in production",
      { ...production, ...resources(postgres({ backupRetentionDays: 1 })) },
      "resources.db.backupRetentionDays: 1 is not allowed in production: at least 7",
    ],
    [
      "reading alone, which the one user can't",
      { ...resources(postgres()), ...uses({ db: "read" }) },
      "services.web.uses.db: read is not allowed of a postgres: readWrite, because it has one user, who owns the database",
    ],
    [
      "writing alone to a cache",
      { ...resources({ kind: "cache" }), ...uses({ db: "write" }) },
      "services.web.uses.db: write is not allowed of a cache: readWrite, because it has no users to tell apart",
    ],
    [
      "a second cache, which users of the first could reach",
      resources({ kind: "cache" }, { other: { kind: "cache" } }),
      "resources.other: is a second cache besides db; allowed: one, because a cache has no password, and who reaches one would reach both",
    ],
    ...["0.0.0.0/0", "10.0.0.0/16", "10.0.16.0/24"].map(
      (cidrBlock) =>
        [
          `a way to the cache by ${cidrBlock}`,
          {
            ...resources({ kind: "cache" }),
            ...uses({}, { egress: [{ cidrBlock, port: 6379 }] }),
          },
          `services.web.egress: ${cidrBlock} at port 6379 reaches resources.db, which has no password; allowed: networks outside of 10.0.0.0/16, or services.web.uses.db`,
        ] as const,
    ),
  ] as const) {
    it(`refuse ${what}`, () => assert.deepEqual(problems(changes), [problem]));
  }

  it("take a way to another cache, and any without one", () => {
    const away = [{ cidrBlock: "10.9.0.0/16", port: 6379 }];
    const here = [{ cidrBlock: "10.0.0.0/16", port: 6379 }];
    assert.deepEqual(
      problems({ ...resources({ kind: "cache" }), ...uses({}, { egress: away }) }),
      [],
    );
    assert.deepEqual(problems({ ...resources(postgres()), ...uses({}, { egress: here }) }), []);
  });

  it("take several databases, each with its users", () =>
    assert.deepEqual(
      problems({ ...resources(postgres(), { other: postgres() }), ...uses({ db: "readWrite" }) }),
      [],
    ));
});
