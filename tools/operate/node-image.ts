import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import type { OperatedStack } from "./operated-stack.ts";

/**
 * The newest release of the stack's node image for a Kubernetes version. docs/runbooks.md, "Node image", and
 * Bottlerocket's README name the parameters.
 */
export async function newestReleaseOf(
  stack: OperatedStack,
  version: string,
): Promise<string | undefined> {
  const { operatingSystem, architecture } = stack.config.cluster.nodes;
  const Name =
    operatingSystem === "al2023"
      ? `/aws/service/eks/optimized-ami/${version}/amazon-linux-2023/${architecture === "arm64" ? "arm64" : "x86_64"}/standard/recommended/release_version`
      : `/aws/service/bottlerocket/aws-k8s-${version}/${architecture === "arm64" ? "arm64" : "x86_64"}/latest/image_version`;
  const { Parameter } = await new SSMClient({ region: stack.region }).send(
    new GetParameterCommand({ Name }),
  );
  return Parameter?.Value;
}
