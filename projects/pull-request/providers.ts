import * as aws from "@pulumi/aws";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type {
  PreviewEnvironmentSettings,
  PreviewResources,
} from "../../infra/preview-environments/preview-environments.ts";

/**
 * The stack's cluster, and its account and region where services use anything of AWS. What is made there
 * has the stack's tags, but those that say of which stack it is.
 */
export function makeProviders(
  settings: Pick<PreviewEnvironmentSettings, "clusterName" | "aws">,
  kubeconfig: pulumi.Input<string>,
): pulumi.ProviderResource[] {
  const cluster = new kubernetes.Provider("cluster", {
    kubeconfig,
    clusterIdentifier: settings.clusterName,
    enableServerSideApply: true,
  });
  return settings.aws ? [cluster, makeAwsProvider(settings.aws.provider)] : [cluster];
}

function makeAwsProvider({ defaultTags, region, ...account }: PreviewResources["provider"]) {
  const own = { project: pulumi.getProject(), stack: pulumi.getStack() };
  return new aws.Provider("aws", {
    ...account,
    region: region as aws.Region,
    defaultTags: { tags: { ...defaultTags.tags, ...own } },
  });
}
