import { EKSClient, paginateDescribeAddonVersions } from "@aws-sdk/client-eks";
import { isNewer, versionsOf } from "../addon-versions.ts";
import { listed } from "../aws-lists.ts";
import { newestReleaseOf } from "../node-image.ts";
import type { OperatedStack } from "../operated-stack.ts";
import { unanswered } from "../readings.ts";

/** The IAM actions of `npm run pins`. */
export const pinActions = ["eks:DescribeAddonVersions", "ssm:GetParameter"] as const;

/** A version of something of AWS's that a stack's settings name. */
export interface Pin {
  /** Where it stands, such as `["cluster", "addonVersions", "coredns"]`. */
  setting: string[];
  version: string;
  /** What AWS has instead: of an add-on its default. Undefined where that is not newer. */
  newer?: string;
}

/** `cluster.addonVersions.coredns`. */
export const settingOf = ({ setting }: Pin): string => setting.join(".");

/**
 * The pins of a stack's add-ons and of its node image, for its Kubernetes version.
 *
 * @throws {NoAnswer} if AWS does not say which versions there are
 */
export async function pinsOf(stack: OperatedStack): Promise<Pin[]> {
  const { addonVersions, kubernetesVersion, nodes } = stack.config.cluster;
  const eks = new EKSClient({ region: stack.region });
  const addons = Object.entries(addonVersions).map(([addonName, version]) =>
    pinOf(
      ["cluster", "addonVersions", addonName],
      version,
      "eks:DescribeAddonVersions",
      async () => {
        const infos = await listed(
          paginateDescribeAddonVersions({ client: eks }, { addonName, kubernetesVersion }),
          (page) => page.addons,
        );
        return versionsOf(addonName, infos, kubernetesVersion).standard;
      },
    ),
  );
  const image =
    nodes.release === undefined
      ? []
      : [
          pinOf(["nodes", "release"], nodes.release, "ssm:GetParameter", () =>
            newestReleaseOf(stack, kubernetesVersion),
          ),
        ];
  return Promise.all([...addons, ...image]);
}

async function pinOf(
  setting: string[],
  version: string,
  action: (typeof pinActions)[number],
  offered: () => Promise<string | undefined>,
): Promise<Pin> {
  const standard = await offered().catch(
    unanswered(action, `AWS does not say what is newer for ${setting.join(".")}: `),
  );
  const newer = standard !== undefined && isNewer(standard, version) ? standard : undefined;
  return { setting, version, ...(newer !== undefined && { newer }) };
}
