import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { before, describe, it } from "mocha";
import { parse, stringify } from "yaml";
import type { PolicyDocument } from "../../../infra/cluster/policy-document.ts";
import {
  type Access,
  linkRules,
  type ResourceConfig,
  stemOf,
} from "../../../infra/config/resource-schema.ts";
import {
  addressOf,
  type Manifest,
  manifestsOf,
  podSpecOf,
} from "../../../tools/graph/manifests.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import type { Role } from "../../../tools/graph/roles.ts";
import type { Request } from "../../support/iam-simulate.ts";
import { evaluateWith } from "../../support/other-settings.ts";
import { mutantsOf } from "../../support/policy-mutants.ts";
import {
  allowed,
  arnsOf,
  below,
  expected,
  partsOf,
  requestsFor,
  roleOf,
} from "../../support/resource-access.ts";

type Uses = Record<string, Access>;

const settings = parse(
  readFileSync(new URL("../../recorded/Pulumi.data.yaml", import.meta.url), "utf8"),
);
const kinds: Record<string, ResourceConfig["kind"]> = Object.fromEntries(
  Object.entries<ResourceConfig>(settings.config["platform:resources"]).map(([name, { kind }]) => [
    name,
    kind,
  ]),
);
const accessesOf = (resource: string) =>
  linkRules[kinds[resource] as ResourceConfig["kind"]].accesses;
const image = (name: string) => ({ reference: `registry.example.com/shop/${name}:1.0.0` });

/** The recorded stack with other services and jobs: each with its `uses`, every second service with a release. */
const programOf = async (services: Uses[], jobs: Uses[]) => {
  const config = {
    ...settings.config,
    "platform:nodes": { instanceTypes: ["m7g.4xlarge"], minSize: 12, maxSize: 12 },
    "platform:services": Object.fromEntries(
      services.map((uses, at) => [
        `svc-${at}`,
        {
          image: image(`svc-${at}`),
          uses,
          sidecars: { proxy: { image: image("proxy"), cpuMillicores: 50, memoryMiB: 64 } },
          ...(at % 2 === 0 && { release: { command: ["migrate"] } }),
        },
      ]),
    ),
    "platform:jobs": Object.fromEntries(
      jobs.map((uses, at) => [`job-${at}`, { image: image(`job-${at}`), uses }]),
    ),
  };
  const { resources } = await evaluateWith("data", stringify({ config }));
  const workloads = new Map([
    ...services.map((uses, at): [string, Uses] => [`svc-${at}`, uses]),
    ...jobs.map((uses, at): [string, Uses] => [`job-${at}`, uses]),
  ]);
  return { resources, workloads };
};

/** All of AWS that a role could be let into: of each resource, and of another one of its kind. */
async function universeOf(resources: Resource[]) {
  const requests: Request[] = [];
  const ownersOf = new Map<string, { resource: string; kind: string }>();
  for (const resource of Object.keys(kinds)) {
    for (const [arn, kind] of await arnsOf(resource, resources)) {
      ownersOf.set(arn, { resource, kind });
      requests.push(...(await requestsFor(arn, kind)));
      const foreign = (await requestsFor(arn, kind)).filter((one) => one.resource !== "*");
      requests.push(...foreign.map((one) => ({ ...one, resource: elsewhere(arn) })));
    }
  }
  const unique = new Map(requests.map((one) => [`${one.action} ${one.resource}`, one]));
  return { requests: [...unique.values()], ownersOf };
}

/** The ARN of the same kind in another account's hands: its last name is another. */
const elsewhere = (arn: string) => arn.replace(/([:/])[^:/]+(\/[a-z-]+\/x|\/x)?$/, "$1another$2");

/** What `uses` is to give: `<action> <ARN>`. */
function promised(uses: Uses, ownersOf: Map<string, { resource: string; kind: string }>) {
  return [...ownersOf].flatMap(([arn, { resource, kind }]) => {
    const access = uses[resource];
    const row = access && expected[kinds[resource] as ResourceConfig["kind"]]?.[access];
    return (row?.may[kind] ?? []).filter((one) => !one.endsWith(":")).map((one) => `${one} ${arn}`);
  });
}

/** The policies of resources, which AWS judges with those of roles. */
const resourcePolicies = (resources: Resource[]) => {
  const policies = Object.keys(kinds).flatMap((name) =>
    partsOf(name, resources).flatMap(({ type, inputs }) => {
      const { policy, bucket, queueUrl, arn, fileSystemId } = inputs;
      const of = [bucket, queueUrl, arn, fileSystemId].find((one) => typeof one === "string");
      const document = typeof policy === "string" ? JSON.parse(policy) : policy;
      return /Policy:\w+Policy$/.test(type) && of
        ? [{ name: of.split(/[:/]/).at(-1) as string, document: document as PolicyDocument }]
        : [];
    }),
  );
  return (arn: string) => policies.find(({ name }) => arn.includes(name))?.document;
};

/** The pods of a workload: of a service, of its release, of a job. */
const podsOf = (workload: string, manifests: Manifest[]) =>
  manifests.filter((one) => one.metadata.namespace === workload && podSpecOf(one) !== undefined);

const templateOf = ({ spec }: Manifest) => (spec.jobTemplate?.spec ?? spec).template;

/** Where to pods of these labels may connect, but for DNS, callees and the agent: networks and ports. */
function waysOf(
  labels: Record<string, string>,
  workload: string,
  manifests: Manifest[],
): Set<string> {
  const policies = manifests.filter(
    ({ kind, metadata, spec }) =>
      kind === "NetworkPolicy" &&
      metadata.namespace === workload &&
      spec.policyTypes.includes("Egress") &&
      Object.entries(spec.podSelector.matchLabels ?? {}).every(
        ([key, value]) => labels[key] === value,
      ),
  );
  assert.ok(
    policies.some(({ spec }) => !spec.egress),
    `${workload} may not be open by default`,
  );
  return new Set(
    policies
      .flatMap(({ spec }) => spec.egress ?? [])
      .flatMap(({ to, ports }: Manifest) =>
        to.flatMap(({ ipBlock }: Manifest) =>
          ipBlock
            ? ports.map(
                ({ port }: Manifest) => `${ipBlock.cidr === "0.0.0.0/0" ? "aws" : "vpc"}:${port}`,
              )
            : [],
        ),
      ),
  );
}

/** All that the program makes for a workload. */
const namesIn = (workload: string, resources: Resource[]) =>
  JSON.stringify(
    below(`platform:service:(Service|Job)::${workload}`, resources).map(({ inputs }) => inputs),
  );

/** By what AWS and the program know a resource. */
const identifiersOf = (resource: string, resources: Resource[]) =>
  partsOf(resource, resources)
    .filter(({ custom }) => custom)
    .flatMap(({ id, outputs }) => [id, outputs.arn, outputs.name])
    .filter((one): one is string => typeof one === "string" && one.length > 3);

/** What a workload has otherwise than its `uses` say. */
async function contradictions(
  workload: string,
  uses: Uses,
  resources: Resource[],
  { requests, ownersOf }: Awaited<ReturnType<typeof universeOf>>,
): Promise<string[]> {
  const manifests = manifestsOf(resources);
  const found: string[] = [];
  const claim = (holds: boolean, what: string) => holds || found.push(`${workload}: ${what}`);

  const may = await allowed(roleOf(workload, resources), requests, resourcePolicies(resources));
  const should = new Set(promised(uses, ownersOf));
  for (const one of may) claim(should.has(one), `may ${one}`);
  for (const one of should) claim(may.has(one), `may not ${one}`);

  const rows = Object.entries(uses).map(
    ([resource, access]) => expected[kinds[resource] as ResourceConfig["kind"]]?.[access],
  );
  const ways = [...new Set(rows.flatMap((row) => row?.ways ?? []))].sort();
  const pods = podsOf(workload, manifests);
  claim(pods.length > 0, "has no pods");
  for (const pod of pods) {
    const where = [...waysOf(templateOf(pod).metadata.labels, workload, manifests)].sort();
    claim(where.join() === ways.join(), `${addressOf(pod)} reaches ${where}, not ${ways}`);

    const [main, ...others] = podSpecOf(pod)?.containers ?? [];
    const given = new Map<string, Manifest>(
      (main?.env ?? []).map((one: Manifest) => [one.name, one]),
    );
    const isOfResource = (name: string) =>
      Object.keys(kinds).some((resource) => name.startsWith(stemOf(resource)));
    const wanted = Object.keys(uses).flatMap((resource) => {
      const { variables, secrets } = linkRules[kinds[resource] as ResourceConfig["kind"]];
      return [...variables, ...secrets].map((suffix) => stemOf(resource) + suffix);
    });
    const has = [...given.keys()].filter(isOfResource).sort();
    claim(has.join() === wanted.sort().join(), `${addressOf(pod)} has ${has}, not ${wanted}`);
    const companions = [...others, ...(podSpecOf(pod)?.initContainers ?? [])];
    for (const { name, env = [] } of companions) {
      claim(!env.some((one: Manifest) => isOfResource(one.name)), `${name} has variables of it`);
    }
  }
  // Neither a variable, nor a secret, nor a volume, nor a policy names what it does not use.
  const said = namesIn(workload, resources);
  for (const resource of Object.keys(kinds)) {
    const names = identifiersOf(resource, resources).some((one) => said.includes(one));
    claim(names === resource in uses, `${names ? "knows" : "does not know"} ${resource}`);
  }
  return found;
}

describe("access to resources", function () {
  this.timeout(300_000);

  const anyUses = fc.record(
    Object.fromEntries(
      Object.keys(kinds).map((name) => [name, fc.constantFrom(...accessesOf(name))]),
    ),
    { requiredKeys: [] },
  ) as fc.Arbitrary<Uses>;

  it("has a row for each access of each kind, and a resource of each kind", () => {
    for (const [kind, { accesses }] of Object.entries(linkRules)) {
      const rows = expected[kind as ResourceConfig["kind"]] ?? {};
      assert.deepEqual(
        Object.keys(rows).sort(),
        accesses.toSorted(),
        `${kind}: no row in expected`,
      );
      assert.ok(
        Object.values(kinds).includes(kind as ResourceConfig["kind"]),
        `${kind}: not in Pulumi.data.yaml`,
      );
    }
  });

  it("is there exactly where `uses` says so, whatever it says", async () => {
    const several = (count: number) => fc.array(anyUses, { minLength: count, maxLength: count });
    await fc.assert(
      fc.asyncProperty(several(6), several(3), async (services, jobs) => {
        const { resources, workloads } = await programOf([...services, {}], [...jobs, {}]);
        const universe = await universeOf(resources);
        for (const [workload, uses] of workloads) {
          assert.deepEqual(await contradictions(workload, uses, resources, universe), []);
        }
      }),
      { numRuns: 4 },
    );
  });

  describe("of every kind", () => {
    let resources: Resource[];
    let workloads: Map<string, Uses>;
    let universe: Awaited<ReturnType<typeof universeOf>>;
    before(async () => {
      const each = Object.keys(kinds).flatMap((resource) =>
        accessesOf(resource).map((access) => ({ [resource]: access })),
      );
      ({ resources, workloads } = await programOf([...each, {}], []));
      universe = await universeOf(resources);
    });

    it("gives each its own actions on its own ARN, and all others of the service none", async () => {
      for (const [workload, uses] of workloads) {
        assert.deepEqual(
          await contradictions(workload, uses, resources, universe),
          [],
          JSON.stringify(uses),
        );
      }
    });

    it("is noticed when a policy is wider or narrower by one action, resource or condition", async () => {
      const survivors: string[] = [];
      for (const [workload, uses] of workloads) {
        const role = roleOf(workload, resources);
        const should = promised(uses, universe.ownersOf);
        for (const { change, mutant, concerns } of mutantsOf(role)) {
          if (change.startsWith("trust ")) continue;
          const requests = universe.requests.filter(({ action }) => concerns(action));
          const may = await allowed(mutant as Role, requests, resourcePolicies(resources));
          const concerned = should.filter((one) => concerns(one.split(" ")[0] as string));
          if (may.size === concerned.length && concerned.every((one) => may.has(one))) {
            survivors.push(`${JSON.stringify(uses)} ${change}`);
          }
        }
      }
      assert.deepEqual(survivors, []);
    });

    it("is a policy or a claim, and a way out, of its own, which are deleted when the new pods run", () => {
      for (const [workload, uses] of workloads) {
        for (const [resource, access] of Object.entries(uses)) {
          const row = expected[kinds[resource] as ResourceConfig["kind"]]?.[access];
          const types = resources
            .filter(({ name }) => name.startsWith(`${workload}-uses-${resource}`))
            .map(({ type }) => type.split(":").at(-1))
            .sort();
          assert.deepEqual(types, [
            ...(row?.ways.length ? ["NetworkPolicy"] : []),
            ...(kinds[resource] === "files" ? ["PersistentVolume", "PersistentVolumeClaim"] : []),
            ...(Object.keys(row?.may ?? {}).length ? ["RolePolicy"] : []),
          ]);
        }
      }
    });
  });
});
