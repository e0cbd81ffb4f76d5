import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "mocha";
import { parse, stringify } from "yaml";
import { boundRoles } from "../../../infra/cluster/permissions-boundary.ts";
import {
  type Access,
  linkRules,
  type ResourceConfig,
  stemOf,
} from "../../../infra/config/resource-schema.ts";
import type { PreviewEnvironmentSettings } from "../../../infra/preview-environments/preview-environments.ts";
import { permissions } from "../../../projects/bootstrap/permissions.ts";
import { roleNames } from "../../../projects/bootstrap/policies.ts";
import { Environment } from "../../../projects/pull-request/environment.ts";
import { makeProviders } from "../../../projects/pull-request/providers.ts";
import { deploy } from "../../../tools/graph/evaluate.ts";
import { type Manifest, manifestsOf, podSpecOf } from "../../../tools/graph/manifests.ts";
import { outlivedBy, prerequisites } from "../../../tools/graph/order.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { type Role, rolesOf } from "../../../tools/graph/roles.ts";
import { policyViolations } from "../../../tools/plan/violations.ts";
import type { Request } from "../../support/iam-simulate.ts";
import { evaluateWith } from "../../support/other-settings.ts";
import { mutantsOf } from "../../support/policy-mutants.ts";
import { allowed, arnsOf, expected, requestsFor, roleOf } from "../../support/resource-access.ts";

type Uses = Record<string, Access>;
type Kind = ResourceConfig["kind"];

const recorded = parse(
  readFileSync(new URL("../../recorded/Pulumi.data.yaml", import.meta.url), "utf8"),
);
const image = { reference: "registry.example.com/shop/shop:1.0.0" };
const configs: Record<string, { kind: Kind; [key: string]: unknown }> = {
  orders: { kind: "table", partitionKey: "id", indexes: { byDay: { partitionKey: "day" } } },
  rates: { kind: "table", partitionKey: "id", indexes: { byDay: { partitionKey: "day" } } },
  invoices: { kind: "bucket" },
  archive: { kind: "bucket" },
  mails: { kind: "queue" },
  postings: { kind: "queue", fifo: true },
  placed: { kind: "topic", deliverTo: ["mails", "kept"] },
  "payment-key": { kind: "secret" },
  ledger: { kind: "postgres", version: "17" },
  // What no service of an environment uses.
  kept: { kind: "queue" },
  accounts: { kind: "postgres", version: "17" },
};
const offered = ["rates", "archive", "payment-key"];
const own = ["orders", "invoices", "mails", "postings", "placed"];
const uses: Record<string, Uses> = {
  // It has the image of shop.
  blog: {},
  shop: {
    orders: "readWrite",
    invoices: "write",
    mails: "write",
    postings: "readWrite",
    placed: "write",
    "payment-key": "read",
    rates: "readWrite",
    archive: "read",
    ledger: "readWrite",
  },
  search: { orders: "read", invoices: "readWrite", mails: "read", archive: "readWrite" },
  loader: { orders: "write", invoices: "read", rates: "write", archive: "write" },
};
const everything = Object.fromEntries(
  Object.entries(configs).map(([name, { kind }]) => [name, linkRules[kind].accesses.at(-1)]),
);
const policyArn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
const secretOf = (pullRequest: number) =>
  `arn:aws:secretsmanager:eu-central-1:111122223333:secret:environments/shop-ledger/pr-${pullRequest}-AbCdEf`;
const asAuditor = {
  release: { command: ["migrate"] },
  policyArns: [policyArn],
  egress: [{ cidrBlock: "0.0.0.0/0", port: 443 }],
};
const kindOf = (resource: string) => (configs[resource] as { kind: Kind }).kind;
const config = {
  ...recorded.config,
  "platform:nodes": { instanceTypes: ["m7g.4xlarge"], minSize: 12, maxSize: 12 },
  "platform:domain": { hostedZoneId: "Z0123456789ABC", hostName: "dev.example.com" },
  "platform:permissionsBoundary": "arn:aws:iam::111122223333:policy/boundary",
  "platform:pullRequests": {
    environments: 2,
    resources: Object.fromEntries(offered.map((name) => [name, "read"])),
  },
  "platform:resources": configs,
  "platform:services": {
    ...Object.fromEntries(
      Object.entries(uses).map(([name, uses]) => [
        name,
        {
          ...{ image: name === "blog" ? { sameAs: "shop" } : image, uses },
          ...{ route: { path: `/${name}` }, ...asAuditor },
        },
      ]),
    ),
    mailer: { image, worker: true, uses: everything },
  },
  "platform:jobs": { tidy: { image, uses: everything } },
};

const isAws = ({ custom, type }: Resource) => custom && type.startsWith("aws:");
const named = (resources: Resource[], type: string, name: string) =>
  resources.find((one) => isAws(one) && one.name === name && one.type.endsWith(`:${type}`));
/** The resource of each ARN: of a table, of a bucket's objects. */
type Owners = Map<string, { resource: string; kind: string }>;

describe("what an environment uses of AWS", function () {
  this.timeout(120_000);
  let dev: Resource[];
  let settings: PreviewEnvironmentSettings;
  let images: Record<string, string>;
  /** By the number of the pull request. */
  const environments = new Map<number, Resource[]>();
  const of = (pullRequest: number) => environments.get(pullRequest) as Resource[];
  const services = Object.keys(uses);
  let requests: Request[];
  const mine: Owners = new Map();
  const theirs: Owners = new Map();

  const environmentOf = (pullRequest: number, given = settings) =>
    deploy(() => {
      boundRoles(given.aws?.permissionsBoundary);
      const databases = { ledger: secretOf(pullRequest) };
      const args = { pullRequest, settings: given, images, databases };
      new Environment("environment", args, { providers: makeProviders(given, "{}") });
    });

  before(async () => {
    const { resources, outputs } = await evaluateWith("data", stringify({ config }));
    dev = resources;
    settings = outputs.pullRequests as PreviewEnvironmentSettings;
    images = outputs.imageReferences as Record<string, string>;
    for (const number of [12, 13]) environments.set(number, await environmentOf(number));

    const all: Request[] = [];
    const add = async (arns: Map<string, string>, resource: string, to?: Owners) => {
      for (const [arn, kind] of arns) {
        to?.set(arn, { resource, kind });
        all.push(...(await requestsFor(arn, kind)));
      }
    };
    for (const name of Object.keys(configs)) await add(await arnsOf(name, dev), name, theirs);
    for (const name of own) {
      await add(await arnsOf(name, of(12), `pr-12-${name}`), name, mine);
      await add(await arnsOf(name, of(13), `pr-13-${name}`), name);
    }
    const kind = "secretsmanager Secret";
    await add(new Map([[secretOf(12), kind]]), "ledger", mine);
    await add(new Map([[secretOf(13), kind]]), "ledger");
    requests = [...new Map(all.map((one) => [`${one.action} ${one.resource}`, one])).values()];
  });

  /** What a service may do: `<action> <ARN>`. */
  const promised = (service: string): string[] => {
    const rights = (owners: Owners, accessOf: (resource: string) => Access | undefined) =>
      [...owners].flatMap(([arn, { resource, kind }]) => {
        const access = accessOf(resource);
        const row = access && expected[kindOf(resource)][access];
        return (row?.may[kind] ?? [])
          .filter((one) => !one.endsWith(":"))
          .map((one) => `${one} ${arn}`);
      });
    const given = uses[service] ?? {};
    return [
      ...rights(mine, (resource) => given[resource]),
      ...rights(theirs, (resource) =>
        offered.includes(resource) && given[resource] && given[resource] !== "write"
          ? "read"
          : undefined,
      ),
    ].sort();
  };

  it("is exactly what `uses` says of its own, and reading of what is offered", async () => {
    for (const service of services.filter((one) => one !== "blog")) {
      const may = await allowed(roleOf(`pr-12-${service}`, of(12)), requests);
      assert.deepEqual([...may].sort(), promised(service), service);
      assert.ok(may.size > 4);
    }
  });

  it("is noticed when a policy is wider or narrower by one action, resource or condition", async () => {
    const survivors: string[] = [];
    for (const service of ["shop", "search"]) {
      const role = roleOf(`pr-12-${service}`, of(12));
      for (const { change, mutant, concerns } of mutantsOf(role)) {
        if (change.startsWith("trust ")) continue;
        const may = await allowed(
          mutant as Role,
          requests.filter(({ action }) => concerns(action)),
        );
        const should = promised(service).filter((one) => concerns(one.split(" ")[0] as string));
        if (may.size === should.length && should.every((one) => may.has(one))) {
          survivors.push(`${service} ${change}`);
        }
      }
    }
    assert.deepEqual(survivors, []);
  });

  it("has one role a service, trusted for its account alone, and none where nothing is used", () => {
    assert.deepEqual(
      rolesOf(of(12)).map(({ serviceAccount }) => serviceAccount),
      ["shop", "search", "loader"].map((name) => `pr-12-${name}/pr-12-${name}`),
    );
    const issuers = (resources: Resource[], service: string) =>
      JSON.stringify(roleOf(service, resources).trust).match(/oidc[^"]+/g);
    assert.ok(issuers(dev, "shop")?.length);
    assert.deepEqual(
      [...new Set(issuers(of(12), "pr-12-shop")?.map((one) => one.replace(/:(sub|aud)$/, "")))],
      [...new Set(issuers(dev, "shop")?.map((one) => one.replace(/:(sub|aud)$/, "")))],
    );
    for (const { name, inputs } of of(12).filter(({ type }) => type.endsWith(":ServiceAccount"))) {
      assert.equal(name !== "pr-12-blog", inputs.metadata.annotations !== undefined, name);
    }
    // Those are the stack's.
    assert.ok(dev.some(({ inputs }) => inputs.policyArn === policyArn));
    assert.ok(!of(12).some(({ type }) => type.endsWith(":RolePolicyAttachment")));
  });

  it("is made by roles and of types that the deploy role may make", () => {
    const begins = roleNames(services).map((name) => name.replace("*", ""));
    for (const { name } of rolesOf(of(12))) {
      assert.ok(
        begins.some((begin) => name.startsWith(begin)),
        name,
      );
    }
    for (const { type } of of(12).filter(isAws)) assert.ok(permissions[type], type);
    const boundary = config["platform:permissionsBoundary"];
    for (const { type, inputs } of of(12)) {
      if (type === "aws:iam/role:Role") assert.equal(inputs.permissionsBoundary, boundary);
    }
  });

  it("has names of its own, which no other environment has, nor the stack", () => {
    const names = (resources: Resource[]) => [
      ...new Set(resources.filter(isAws).map(({ id }) => id)),
    ];
    const all = [names(dev), names(of(12)), names(of(13))];
    const flat = all.flat();
    assert.deepEqual(
      flat.filter((name, at) => flat.indexOf(name) !== at),
      [],
    );
    // Not by chance.
    for (const name of own) {
      assert.ok(
        of(12).some(
          ({ type, outputs }) =>
            /:(Bucket|Queue|Table|Topic)$/.test(type) &&
            JSON.stringify(outputs).includes(`pr-12-${name}-`),
        ),
        name,
      );
    }
  });

  it("has names as long as AWS takes, whatever the names of services and resources", async () => {
    const long = (name: string) => name.padEnd(30, "x");
    const shop = settings.services.shop;
    assert.ok(shop && settings.aws);
    const renamed = Object.fromEntries(
      Object.entries(settings.aws.own).map(([name, one]) => [long(name), one]),
    );
    const given = {
      ...settings,
      services: {
        [long("shop")]: {
          ...shop,
          uses: Object.fromEntries(
            Object.keys(renamed).map((name): [string, Access] => [name, "write"]),
          ),
        },
      },
      aws: { ...settings.aws, own: renamed },
    };
    images[long("shop")] = images.shop as string;
    const resources = await environmentOf(1_234_567, given);
    const most: Record<string, number> = { Bucket: 63, Queue: 80, Role: 64, RolePolicy: 128 };
    for (const [type, length] of Object.entries(most)) {
      const found = resources.filter((one) => isAws(one) && one.type.endsWith(`:${type}`));
      assert.ok(found.length > 0, type);
      for (const { outputs } of found) {
        const name: string = outputs.bucket ?? outputs.name;
        assert.ok(name.length <= length, `${type} ${name}`);
      }
    }
  });

  it("is known to pods by the stack's variables, with values of their own", () => {
    const podOf = (resources: Resource[], namespace: string) => {
      const [pod] = manifestsOf(resources).filter(
        (one) => one.kind === "Deployment" && one.metadata.namespace === namespace,
      );
      const [main] = (pod && podSpecOf(pod)?.containers) ?? [];
      return new Map<string, Manifest>(main?.env.map((one: Manifest) => [one.name, one.value]));
    };
    for (const service of services) {
      const [there, here] = [podOf(dev, service), podOf(of(12), `pr-12-${service}`)];
      const another = podOf(of(13), `pr-13-${service}`);
      for (const resource of Object.keys(uses[service] ?? {})) {
        for (const suffix of linkRules[kindOf(resource)].variables) {
          const variable = stemOf(resource) + suffix;
          assert.ok(there.get(variable), variable);
          // A schema of its own is in the stack's database.
          const isShared =
            offered.includes(resource) || (kindOf(resource) === "postgres" && suffix !== "_USER");
          assert.equal(here.get(variable) === there.get(variable), isShared, variable);
          assert.equal(here.get(variable) === another.get(variable), isShared, variable);
        }
      }
      const missing = [...there.keys()].filter(
        (name) => !here.has(name) && !/^(AWS_EMF|METRICS)_/.test(name),
      );
      assert.deepEqual(missing, []);
    }
    assert.equal(
      podOf(of(12), "pr-12-shop").get("ORDERS_TABLE"),
      named(of(12), "Table", "pr-12-orders")?.outputs.name,
    );
  });

  it("is reached on the way that the stack's services have", () => {
    const ways = (resources: Resource[], prefix: string) =>
      resources
        .filter(({ type, name }) => type.endsWith(":NetworkPolicy") && /-uses-/.test(name))
        .filter(({ name }) => services.some((one) => name.startsWith(`${prefix}${one}-`)))
        .map(
          ({ name, inputs }) =>
            `${name.slice(prefix.length)} ${JSON.stringify(inputs.spec.egress)}`,
        )
        .sort();
    const ofDev = ways(dev, "").filter((way) => !/^(?!shop)\w+-release-/.test(way));
    assert.ok(ofDev.some((way) => way.startsWith("shop-uses-ledger")));
    assert.deepEqual(ways(of(12), "pr-12-"), ofDev);
  });

  it("has a release job only with a schema, whose tables it makes", () => {
    const jobs = (resources: Resource[]) =>
      manifestsOf(resources).filter(({ kind, metadata }) => kind === "Job" && metadata.namespace);
    assert.equal(jobs(dev).length, services.length);
    assert.deepEqual(
      jobs(of(12)).map(({ metadata }) => metadata.namespace),
      ["pr-12-shop"],
    );
    const release = of(12).find(({ type }) => type === "kubernetes:batch/v1:Job");
    const needs = prerequisites(of(12));
    for (const [service, waits] of [
      ["shop", true],
      ["blog", true],
      ["search", false],
    ] as const) {
      const pods = of(12).find(
        ({ type, name }) => type === "kubernetes:apps/v1:Deployment" && name === `pr-12-${service}`,
      );
      assert.equal(outlivedBy(pods?.urn ?? "", needs).has(release?.urn ?? ""), waits, service);
    }
    const [container] = podSpecOf(jobs(of(12))[0] as Manifest)?.containers ?? [];
    const variables = container?.env.map(({ name }: Manifest) => name);
    assert.ok(variables.includes("LEDGER_PASSWORD") && variables.includes("LEDGER_USER"));
  });

  it("is a schema by a user and a password of its own, under the stack's variables", () => {
    const [pod] = manifestsOf(of(12)).filter(
      ({ kind, metadata }) => kind === "Deployment" && metadata.namespace === "pr-12-shop",
    );
    const variables = new Map<string, Manifest>(
      podSpecOf(pod as Manifest)?.containers[0].env.map((one: Manifest) => [one.name, one]),
    );
    assert.equal(variables.get("LEDGER_USER")?.value, "pr_12");
    assert.equal(variables.get("LEDGER_PASSWORD")?.valueFrom.secretKeyRef.key, "LEDGER_PASSWORD");
    const [parameters] = of(12)
      .filter(({ type }) => type.endsWith(":SecretProviderClass"))
      .map(({ inputs }) => JSON.parse(inputs.spec.parameters.objects));
    const [mine] = parameters.filter((one: Manifest) => one.objectName === secretOf(12));
    assert.deepEqual(mine.jmesPath, [{ path: '"password"', objectAlias: "LEDGER_PASSWORD" }]);
  });

  it("is refused without its schema, by whom that is made", async () => {
    const args = { pullRequest: 12, settings, images };
    await assert.rejects(
      deploy(
        () =>
          void new Environment("environment", args, { providers: makeProviders(settings, "{}") }),
      ),
      /environment:databases: ledger has no secret; npm run deliver -- environments makes it/,
    );
  });

  it("lets the Data API into the databases that it uses, and no others", () => {
    const database = (name: string) => named(dev, "Cluster", name)?.inputs.enableHttpEndpoint;
    assert.deepEqual([database("ledger"), database("accounts")], [true, undefined]);
  });

  it("has a secret of the stack where it is offered, and only there", () => {
    const classes = of(12).filter(({ type }) => type.endsWith(":SecretProviderClass"));
    assert.deepEqual(
      classes.map(({ inputs }) => inputs.metadata.namespace),
      ["pr-12-shop"],
    );
    const { arn } = named(dev, "Secret", "payment-key")?.outputs ?? {};
    assert.match(arn, /^arn:aws:secretsmanager:/);
    assert.ok(classes[0]?.inputs.spec.parameters.objects.includes(arn));
  });

  it("is bucket, queue, table and topic, of what its services use and nothing more", () => {
    const components = of(12).filter(({ type }) => type.startsWith("platform:resources:"));
    assert.deepEqual(
      components.map(({ name }) => name).sort(),
      own.map((name) => `pr-12-${name}`).sort(),
    );
    const subscriptions = of(12).filter(({ type }) => type.endsWith(":TopicSubscription"));
    assert.deepEqual(
      subscriptions.map(({ inputs: { topic, endpoint } }) => [topic, endpoint]),
      [
        [
          named(of(12), "Topic", "pr-12-placed")?.outputs.arn,
          named(of(12), "Queue", "pr-12-mails")?.outputs.arn,
        ],
      ],
    );
  });

  it("goes with the environment, with what is in it, and is neither backed up nor watched", () => {
    for (const one of of(12).filter(isAws)) {
      assert.ok(!one.protect && !one.options?.retainOnDelete, one.urn);
      assert.doesNotMatch(one.type, /backup|cloudwatch|ec2|rds|efs|elasticache|secretsmanager/);
    }
    assert.equal(named(of(12), "Bucket", "pr-12-invoices")?.inputs.forceDestroy, true);
    const table = named(of(12), "Table", "pr-12-orders");
    assert.equal(table?.inputs.deletionProtectionEnabled, false);
  });

  it("is there before the pods, and until they are gone", () => {
    const needs = prerequisites(of(12));
    const pods = of(12).filter(({ type }) => type === "kubernetes:apps/v1:Deployment");
    assert.equal(pods.length, services.length);
    for (const { urn, name } of pods) {
      const service = name.slice("pr-12-".length);
      const around = outlivedBy(urn, needs);
      const needed = of(12).filter(
        (one) =>
          isAws(one) && (/^aws:(?!iam)/.test(one.type) || one.name.startsWith(`${service}-pr-12`)),
      );
      for (const one of needed) assert.ok(around.has(one.urn), `${name} ${one.urn}`);
    }
  });

  it("breaks no policy", () => {
    // Of TLS, the listener is the stack's.
    const broken = policyViolations(of(12)).filter(({ rule }) => rule !== "tls-current");
    assert.deepEqual(broken, []);
  });
});
