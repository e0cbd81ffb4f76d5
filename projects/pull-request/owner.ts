import * as pulumi from "@pulumi/pulumi";
import type { PreviewEnvironmentSettings } from "../../infra/preview-environments/preview-environments.ts";

export interface OwnerOutputs {
  settings: PreviewEnvironmentSettings;
  kubeconfig: string;
  imageReferences: Record<string, string>;
}

/**
 * Reads the outputs of the stack that owns the preview environment.
 *
 * Throws a `pulumi.RunError` when the stack takes no preview environments, or when `images` names a
 * service that the stack does not have.
 */
export async function readOwnerOutputs(
  platform: string,
  images: Record<string, string>,
): Promise<OwnerOutputs> {
  const stack = new pulumi.StackReference(platform);
  const read = async (name: string) => {
    const { value, secretValue } = await stack.getOutputDetails(name);
    return value ?? secretValue;
  };
  const settings: PreviewEnvironmentSettings | undefined = await read("pullRequests");
  if (!settings) {
    throw new pulumi.RunError(
      `${platform} takes no preview environments: its setting platform:pullRequests.environments is 0, or no update has applied the setting yet`,
    );
  }
  const services = Object.keys(settings.services);
  const unknown = Object.keys(images).filter((service) => !services.includes(service));
  if (unknown.length > 0) {
    throw new pulumi.RunError(
      `environment:images: ${platform} has no service ${unknown.join(", ")}; its services are ${services.join(", ")}`,
    );
  }
  return {
    settings,
    kubeconfig: await read("kubeconfig"),
    imageReferences: await read("imageReferences"),
  };
}
