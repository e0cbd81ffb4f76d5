import {
  DeleteLogGroupCommand,
  ListTagsForResourceCommand as ListLogGroupTagsCommand,
  paginateDescribeLogGroups,
} from "@aws-sdk/client-cloudwatch-logs";
import {
  DeleteRepositoryCommand,
  ListTagsForResourceCommand as ListRepositoryTagsCommand,
  paginateDescribeImages,
  paginateDescribeRepositories,
} from "@aws-sdk/client-ecr";
import {
  DeleteOpenIDConnectProviderCommand,
  ListOpenIDConnectProvidersCommand,
  ListOpenIDConnectProviderTagsCommand,
} from "@aws-sdk/client-iam";
import {
  DescribeKeyCommand,
  type KeyMetadata,
  ScheduleKeyDeletionCommand,
} from "@aws-sdk/client-kms";
import { paginateGetResources } from "@aws-sdk/client-resource-groups-tagging-api";
import { paginateListSecrets } from "@aws-sdk/client-secrets-manager";
import { prices } from "../../cloud/prices.ts";
import { listed, tagsOf } from "../aws-lists.ts";
import { type Cloud, type Found, type Kind, perDay } from "./kind.ts";
import { type Belonging, belonging, type Owner, type Tags } from "./ownership.ts";

const gigabyte = 1e9;

/** By the tags of the program, and by the names that EKS and Container Insights fix. */
export const logGroups: Kind = {
  what: "log group",
  actions: ["logs:DescribeLogGroups", "logs:ListTagsForResource", "tag:GetResources"],
  kept: ({ network }) => (network.logs.keepOnDestroy ? "logs.keepOnDestroy: true" : undefined),
  async find(cloud, owner) {
    const fixed = fixedPrefixes(owner.clusterName);
    const tagged = (await taggedArns(cloud, owner)).flatMap(({ id }) => {
      const [, name] = /^arn:[^:]*:logs:[^:]*:[^:]*:log-group:([^:]+)/.exec(id) ?? [];
      return name === undefined ? [] : [name];
    });
    const others = tagged.filter((name) => !fixed.some((prefix) => name.startsWith(prefix)));
    const all = await Promise.all(
      [...fixed, ...others].map(async (prefix) => {
        const ask = { logGroupNamePrefix: prefix };
        const pages = paginateDescribeLogGroups({ client: cloud.logs }, ask);
        const groups = await listed(pages, (page) => page.logGroups);
        return groups.filter((one) => fixed.includes(prefix) || one.logGroupName === prefix);
      }),
    );
    return Promise.all(
      all.flat().map(async ({ logGroupName: id = "", logGroupArn, arn, storedBytes = 0 }) => {
        const resourceArn = logGroupArn ?? arn?.replace(/:\*$/, "");
        const { tags = {} } = await cloud.logs.send(new ListLogGroupTagsCommand({ resourceArn }));
        const usdPerDay = perDay(prices.logStorage, storedBytes / gigabyte);
        const named = fixed.some((prefix) => id.startsWith(prefix));
        const whose = named && belongingByName(tags, owner);
        return { id, tags, usdPerDay, ...(whose && { belonging: whose }) };
      }),
    );
  },
  deletion: {
    actions: ["logs:DeleteLogGroup"],
    remove: ({ logs }, { id }) => logs.send(new DeleteLogGroupCommand({ logGroupName: id })),
  },
};

/** The name has the cluster's. A group that AWS has made has no tags. */
function belongingByName(tags: Tags, owner: Owner): Belonging | undefined {
  const whose = belonging({ ...tags, "eks:cluster-name": owner.clusterName }, owner);
  if (whose?.to !== "owner") return whose;
  const why = tags.stack
    ? "Pulumi made it, and no destroy has deleted it"
    : "EKS or an agent made it again, by a delivery after the destroy";
  return { to: "owner", why };
}

const fixedPrefixes = (cluster: string) => [
  `/aws/eks/${cluster}/`,
  `/aws/containerinsights/${cluster}/`,
];

export const repositories: Kind = {
  what: "ECR repository",
  actions: ["ecr:DescribeRepositories", "ecr:ListTagsForResource", "ecr:DescribeImages"],
  kept: ({ images }) => (images.forceDelete ? undefined : "registry.forceDelete: false"),
  async find({ ecr: client }, owner) {
    const pages = paginateDescribeRepositories({ client }, {});
    const all = await listed(pages, (page) => page.repositories);
    const found = await Promise.all(
      all.map(async ({ repositoryName: id = "", repositoryArn: resourceArn }) => {
        const { tags } = await client.send(new ListRepositoryTagsCommand({ resourceArn }));
        return { id, tags: tagsOf(tags) };
      }),
    );
    const own = found.filter(({ tags }) => belonging(tags, owner));
    return Promise.all(
      own.map(async (one) => {
        const pagesOf = paginateDescribeImages({ client }, { repositoryName: one.id });
        const images = await listed(pagesOf, (page) => page.imageDetails);
        const bytes = images.reduce((sum, { imageSizeInBytes = 0 }) => sum + imageSizeInBytes, 0);
        return { ...one, usdPerDay: perDay(prices.imageStorage, bytes / gigabyte) };
      }),
    );
  },
  deletion: {
    actions: ["ecr:DeleteRepository"],
    remove: ({ ecr }, { id }) =>
      ecr.send(new DeleteRepositoryCommand({ repositoryName: id, force: true })),
  },
};

/** IAM has no regions: the URL has the cluster's. */
export const identityProviders: Kind = {
  what: "OIDC provider",
  actions: ["iam:ListOpenIDConnectProviders", "iam:ListOpenIDConnectProviderTags"],
  async find({ iam, region }) {
    const { OpenIDConnectProviderList = [] } = await iam.send(
      new ListOpenIDConnectProvidersCommand({}),
    );
    const here = OpenIDConnectProviderList.flatMap(({ Arn = "" }) =>
      Arn.includes(`/oidc.eks.${region}.`) ? [Arn] : [],
    );
    return Promise.all(
      here.map(async (id) => {
        const ask = new ListOpenIDConnectProviderTagsCommand({ OpenIDConnectProviderArn: id });
        const { Tags } = await iam.send(ask);
        return { id, name: id.split("oidc-provider/")[1] ?? id, tags: tagsOf(Tags), usdPerDay: 0 };
      }),
    );
  },
  deletion: {
    actions: ["iam:DeleteOpenIDConnectProvider"],
    remove: ({ iam }, { id }) =>
      iam.send(new DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: id })),
  },
};

/** Days in which `aws kms cancel-key-deletion` brings it back; AWS's longest. */
const keyWaitsDays = 30;

/** Found by their tags: the policies of other keys may forbid to ask about them. */
export const keys: Kind = {
  what: "KMS key",
  actions: ["tag:GetResources", "kms:DescribeKey"],
  kept: ({ cluster }) =>
    cluster.deletionProtection ? "cluster.deletionProtection: true" : undefined,
  async find(cloud, owner) {
    const tagged = await taggedArns(cloud, owner);
    return Promise.all(
      tagged
        .filter(({ id }) => /:kms:[^:]*:[^:]*:key\//.test(id))
        .map(async ({ id, tags }) => {
          const { KeyMetadata } = await cloud.kms.send(new DescribeKeyCommand({ KeyId: id }));
          const { KeyId = id, Description } = KeyMetadata ?? {};
          return {
            ...{ id: KeyId, name: `${KeyId} (${Description})`, tags },
            ...waitingKey(KeyMetadata),
          };
        }),
    );
  },
  deletion: {
    actions: ["kms:ScheduleKeyDeletion"],
    remove: ({ kms }, { id }) =>
      kms.send(new ScheduleKeyDeletionCommand({ KeyId: id, PendingWindowInDays: keyWaitsDays })),
  },
};

/** Until it is deleted, a key that waits costs nothing. */
function waitingKey({
  KeyState,
  DeletionDate,
}: Partial<KeyMetadata> = {}): Pick<Found, "usdPerDay" | "kept"> {
  return KeyState === "PendingDeletion"
    ? { usdPerDay: 0, kept: `AWS deletes it on ${dayOf(DeletionDate)}` }
    : { usdPerDay: perDay(prices.key) };
}

/** Also those that wait for their deletion, whose names cannot be used until then. */
export const secrets: Kind = {
  what: "secret",
  actions: ["secretsmanager:ListSecrets"],
  kept: () => dataIsNamedOnly,
  async find({ secrets: client }) {
    const pages = paginateListSecrets({ client }, { IncludePlannedDeletion: true });
    const all = await listed(pages, (page) => page.SecretList);
    return all.map(({ ARN: id = "", Name: name = id, DeletedDate, Tags }) => ({
      ...{ id, name, tags: tagsOf(Tags) },
      ...(DeletedDate
        ? { usdPerDay: 0, kept: "it waits for its deletion; `aws secretsmanager restore-secret`" }
        : { usdPerDay: perDay(prices.secret) }),
    }));
  },
};

const dataIsNamedOnly = "data, or what uses it: this command does not delete it";

/** What no other kind has: buckets, databases, tables, queues, file systems, vaults, alarms. */
export const others: Kind = {
  what: "other",
  actions: ["tag:GetResources"],
  kept: () => dataIsNamedOnly,
  async find(cloud, owner) {
    const all = await taggedArns(cloud, owner);
    return all.filter(({ id }) => !handled.test(id));
  },
};

/** ARNs of what the other kinds find. */
const handled =
  /^arn:[^:]*:((ec2|elasticloadbalancing|autoscaling|ecr|iam|secretsmanager):|kms:[^:]*:[^:]*:key\/|logs:[^:]*:[^:]*:log-group:)/;

/** All in the region with the tags of the program, by ARN. AWS lists some for a while after their end. */
async function taggedArns({ tagging: client }: Cloud, owner: Owner): Promise<Found[]> {
  if (owner.stackLives) return [];
  const tags = { ...owner.program, "managed-by": "pulumi" };
  const TagFilters = Object.entries(tags).map(([Key, value]) => ({ Key, Values: [value] }));
  const pages = paginateGetResources({ client }, { TagFilters });
  const all = await listed(pages, (page) => page.ResourceTagMappingList);
  return all.map(({ ResourceARN: id = "", Tags }) => ({ id, tags: tagsOf(Tags) }));
}

const dayOf = (date: Date | undefined) => date?.toISOString().slice(0, 10) ?? "a day to come";
