import { type EKSClient, paginateListAddons, paginateListNodegroups } from "@aws-sdk/client-eks";
import {
  DescribeTagsCommand,
  type ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";

/** All items of a list that comes in pages. */
export async function listed<Page, Item>(
  pages: AsyncIterable<Page>,
  itemsOf: (page: Page) => Item[] | undefined,
): Promise<Item[]> {
  const items: Item[] = [];
  for await (const page of pages) items.push(...(itemsOf(page) ?? []));
  return items;
}

export const nodeGroupNames = (client: EKSClient, clusterName: string): Promise<string[]> =>
  listed(paginateListNodegroups({ client }, { clusterName }), (page) => page.nodegroups);

export const addonNames = (client: EKSClient, clusterName: string): Promise<string[]> =>
  listed(paginateListAddons({ client }, { clusterName }), (page) => page.addons);

/** The tags of EC2, load balancing and others as a record. */
export const tagsOf = (tags: { Key?: string; Value?: string }[] = []): Record<string, string> =>
  Object.fromEntries(tags.map(({ Key = "", Value = "" }) => [Key, Value]));

/** The tags of load balancers or target groups, by ARN. AWS takes twenty at once. */
export async function balancerTags(
  client: ElasticLoadBalancingV2Client,
  arns: string[],
): Promise<Record<string, Record<string, string>>> {
  const tags: Record<string, Record<string, string>> = {};
  for (let at = 0; at < arns.length; at += 20) {
    const ResourceArns = arns.slice(at, at + 20);
    const { TagDescriptions = [] } = await client.send(new DescribeTagsCommand({ ResourceArns }));
    for (const { ResourceArn = "", Tags } of TagDescriptions) tags[ResourceArn] = tagsOf(Tags);
  }
  return tags;
}
