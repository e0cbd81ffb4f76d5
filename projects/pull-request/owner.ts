import * as pulumi from "@pulumi/pulumi";
import type { PreviewEnvironmentSettings } from "../../infra/preview-environments/preview-environments.ts";

export interface HostOutputs {
  offer: PreviewEnvironmentSettings;
  kubeconfig: string;
  imageReferences: Record<string, string>;
}

/**
 * What a stack says of itself to a guest that brings images for some of its services.
 *
 * Throws a `pulumi.RunError` when the stack takes no environments of pull requests, or has not such
 * services.
 */
export async function hostOf(
  platform: string,
  images: Record<string, string>,
): Promise<HostOutputs> {
  const stack = new pulumi.StackReference(platform);
  const read = async (name: string) => {
    const { value, secretValue } = await stack.getOutputDetails(name);
    return value ?? secretValue;
  };
  const offer: PreviewEnvironmentSettings | undefined = await read("pullRequests");
  if (!offer) {
    throw new pulumi.RunError(
      `${platform} takes no environments of pull requests: its setting platform:pullRequests.environments is 0, or it is not deployed since`,
    );
  }
  const services = Object.keys(offer.services);
  const unknown = Object.keys(images).filter((service) => !services.includes(service));
  if (unknown.length > 0) {
    throw new pulumi.RunError(
      `environment:images: ${platform} has no service ${unknown.join(", ")}, but ${services.join(", ")}`,
    );
  }
  return {
    offer,
    kubeconfig: await read("kubeconfig"),
    imageReferences: await read("imageReferences"),
  };
}
