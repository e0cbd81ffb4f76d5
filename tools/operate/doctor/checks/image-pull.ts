import { containersOf, nameOf } from "../../cluster-objects.ts";
import type { Check, Sign } from "../finding.ts";
import { recognised } from "../finding.ts";
import { eventsOf, livePods, ownerOf, quoted } from "../objects.ts";

/** Messages of containerd 2, as the kubelet hands them on. */
const signs: Sign[] = [
  {
    text: /401 Unauthorized|403 Forbidden|no basic auth credentials|pull access denied|authorization failed|is not authorized to perform: (ecr:\w+)/,
    cause: "the node may not pull the image",
    remedy:
      "Run pulumi up --refresh, which restores AmazonEC2ContainerRegistryPullOnly of the nodes' role. A registry of another account must let this one.",
  },
  {
    text: /i\/o timeout|context deadline exceeded|connection refused|no such host|network is unreachable|TLS handshake timeout/,
    cause: "the node does not reach the registry",
    remedy:
      "Look at the NAT gateway or the NAT instance, the endpoints and the routes of the private subnets (network.interfaceEndpoints), and at the nodes' security group.",
  },
  {
    text: /not found|manifest unknown|does not exist/i,
    cause: "the image is not in the registry, or not with this digest",
    remedy:
      "Release an image that exists: npm run release, or go back by npm run rollback. registry.untaggedRetentionDays says how long ECR keeps one without a tag.",
  },
  {
    text: /no match for platform/,
    cause: "the image has no variant for the nodes' architecture",
    remedy: "Build it for nodes.architecture.",
  },
  {
    text: /no space left on device/,
    cause: "the node's disk is full",
    remedy: "Raise nodes.diskSizeGiB. docs/runbooks.md#node-disk",
  },
];

export const imagePull: Check = {
  name: "image-pull",
  finds: "images that a node does not get: digest missing, permission, network, platform, disk",
  find: (snapshot) =>
    livePods(snapshot).flatMap((pod) =>
      containersOf(pod).flatMap(({ name, image, state }) => {
        const { reason = "", message = "" } = state?.waiting ?? {};
        if (!/^(ErrImagePull|ImagePullBackOff|InvalidImageName)$/.test(reason)) return [];
        const event = eventsOf(snapshot, "Pod", pod, /^Failed$/).find(({ message: text }) =>
          text?.includes("Failed to pull image"),
        );
        return [
          {
            object: ownerOf(pod),
            ...(recognised(event?.message ?? message, signs) ?? {
              cause: `the image ${image} is not pulled`,
              remedy: "Change what the message names.",
            }),
            evidence: event
              ? quoted(event)
              : `container ${name} of Pod ${nameOf(pod)} waits, ${reason}: ${message}`,
            namespace: pod.metadata?.namespace,
          },
        ];
      }),
    ),
};
