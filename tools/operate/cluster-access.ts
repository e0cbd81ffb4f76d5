import { DescribeClusterCommand, EKSClient } from "@aws-sdk/client-eks";
import { KubeConfig } from "@kubernetes/client-node";
import type { OperatedStack } from "./operated-stack.ts";

/** What keeps a command from its answer; the message says what to do. */
export class NoAnswer extends Error {}

/**
 * The Kubernetes API of the stack's cluster, with the rights of the AWS credentials: the AWS CLI hands out
 * the tokens, as for kubectl. Variables of the AWS SDK (AWS_PROFILE, AWS_ENDPOINT_URL) hold.
 *
 * @throws {NoAnswer} if there is no such cluster, or AWS refuses to describe it
 */
export async function clusterAccess(stack: OperatedStack): Promise<KubeConfig> {
  const { clusterName: name, region } = stack;
  const eks = new EKSClient({ region });
  const { cluster } = await eks
    .send(new DescribeClusterCommand({ name }))
    .catch((error: Error): never => {
      throw new NoAnswer(`The cluster ${name} in ${region} is not described: ${error.message}`);
    });
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromOptions({
    clusters: [
      { name, server: cluster?.endpoint ?? "", caData: cluster?.certificateAuthority?.data },
    ],
    users: [
      {
        name,
        exec: {
          apiVersion: "client.authentication.k8s.io/v1beta1",
          command: "aws",
          args: ["eks", "get-token", "--cluster-name", name, "--region", region],
        },
      },
    ],
    contexts: [{ name, cluster: name, user: name }],
    currentContext: name,
  });
  return kubeConfig;
}
