/** The behaviour of a public image. */
export interface PublicImage {
  /** Its listening ports. */
  ports: number[];
  /** Paths with the response 200. */
  answers: string[];
  /** Folders that must be writable. */
  writes: string[];
  /** The only user that works. @default any */
  user?: number;
  /** @default arm64 and amd64 */
  architectures?: string[];
}

const spring = { ports: [8080], writes: ["/tmp"] };

/**
 * Images by the prefix of their references, from their own charts, Dockerfiles and manifests:
 * aws-containers/retail-store-sample-app 1.6.2, stefanprodan/podinfo 6.14.1,
 * dockersamples/example-voting-app and docker-library/{postgres,redis}. Other images
 * always become ready.
 */
export const publicImages: Record<string, PublicImage> = {
  "public.ecr.aws/aws-containers/retail-store-sample-ui:": {
    ...spring,
    answers: ["/", "/actuator/health/readiness", "/actuator/health/liveness"],
  },
  "public.ecr.aws/aws-containers/retail-store-sample-cart:": {
    ...spring,
    answers: ["/actuator/health/readiness", "/actuator/health/liveness"],
  },
  "public.ecr.aws/aws-containers/retail-store-sample-orders:": {
    ...spring,
    answers: ["/actuator/health/readiness", "/actuator/health/liveness"],
  },
  "public.ecr.aws/aws-containers/retail-store-sample-catalog:": {
    ports: [8080],
    answers: ["/health"],
    writes: [],
  },
  "public.ecr.aws/aws-containers/retail-store-sample-checkout:": {
    ports: [8080],
    answers: ["/health"],
    writes: [],
  },
  "ghcr.io/stefanprodan/podinfo:": {
    ports: [9898],
    answers: ["/", "/healthz", "/readyz"],
    writes: ["/data"],
  },
  "docker.io/dockersamples/examplevotingapp_vote": {
    ports: [80],
    answers: ["/"],
    writes: ["/tmp"],
  },
  "docker.io/dockersamples/examplevotingapp_result": {
    ports: [80, 8080],
    answers: ["/"],
    writes: [],
  },
  "docker.io/dockersamples/examplevotingapp_worker": { ports: [], answers: [], writes: [] },
  "docker.io/library/postgres:": {
    ports: [5432],
    answers: [],
    writes: ["/var/lib/postgresql", "/var/run/postgresql"],
  },
  // It writes to /data only with persistence enabled.
  "docker.io/library/redis:": { ports: [6379], answers: [], writes: [] },
};

/** Returns undefined if the image is unknown. */
export function publicImage(
  images: Record<string, PublicImage>,
  reference: string,
): PublicImage | undefined {
  return Object.entries(images).find(([start]) => reference.startsWith(start))?.[1];
}
