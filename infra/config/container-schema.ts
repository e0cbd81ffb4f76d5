import { z } from "zod";
import { defaultDockerfile } from "../image/build-context.ts";
import { digestPattern, imageName, matching, oneOf, shortName, whole } from "./values.ts";

const texts = (what: string) => z.array(z.string(what), what).min(1, what);

/** Also a key of a Secret, which Kubernetes lets have no other characters. */
export const variableName = () =>
  matching(
    /^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/,
    "a variable such as DB_HOST: letters, digits and _.-, not beginning with a digit",
  );

/** Where the secrets of a container are files, by their variables. */
export const secretsFolder = "/run/secrets/platform";

const filePath = () =>
  matching(
    /^\/(?!\/)(?!.*\/\/)(?!.*\/\.{1,2}(\/|$))[^:]{0,254}[^:/]$/,
    "an absolute path such as /tmp, without a colon and without a / at its end",
  );

const httpPath = "a path such as /healthz";
const checkTimes = {
  periodSeconds: whole(1, 300).optional(),
  timeoutSeconds: whole(1, 60).optional(),
  failures: whole(1, 600).optional(),
};
const port = () => whole(1, 65_535);

/** A way to ask a container how it is: exactly one of the first four keys. */
const checkSchema = z
  .strictObject({
    path: matching(/^\/[^\s]*$/, httpPath).optional(),
    /** Of `path`. */
    port: port().optional(),
    tcp: port().optional(),
    grpc: port().optional(),
    command: texts("a command as a list of texts").optional(),
    ...checkTimes,
  })
  .refine(
    ({ path, tcp, grpc, command }) =>
      [path, tcp, grpc, command].filter((one) => one !== undefined).length === 1,
    "one of path, tcp, grpc and command",
  )
  .refine(
    ({ path, port }) => port === undefined || path !== undefined,
    "port goes with path: tcp and grpc are ports themselves",
  );

const check = () =>
  z.union(
    [matching(/^\/[^\s]*$/, httpPath), checkSchema],
    "a path such as /healthz, or a map with one of path, tcp, grpc and command",
  );

const healthSchema = z.union(
  [
    matching(/^(\/[^\s]*|none)$/, "a path such as /healthz, or none"),
    z
      .strictObject({
        ready: check().optional(),
        live: check().optional(),
        start: check().optional(),
      })
      .refine((health) => Object.keys(health).length > 0, "at least one of ready, live and start"),
  ],
  "a path such as /healthz, none, or a map of ready, live and start",
);

/** Secrets Manager's and Systems Manager's rules of names; an ARN has AWS's own suffix. */
const secretSource = z
  .strictObject({
    secret: matching(
      /^(arn:aws:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+-[A-Za-z0-9]{6}|(?!arn:)[\w/+=.@-]{1,512})$/,
      "the name of a secret of Secrets Manager, or its ARN with the six characters at its end",
    ).optional(),
    key: matching(/^[^"\\\p{Cc}]{1,256}$/u, "a key of the secret's JSON").optional(),
    parameter: matching(
      /^(?=.{1,1011}$)(arn:aws:ssm:[a-z0-9-]+:\d{12}:parameter(\/[\w.-]+)+|(\/[\w.-]+)+|[\w.-]+)$/,
      "the name of an SSM parameter such as /shop/token, or its ARN",
    ).optional(),
  })
  .refine(
    ({ secret, parameter }) => (secret === undefined) !== (parameter === undefined),
    "either secret or parameter",
  )
  .refine(
    ({ key, secret }) => key === undefined || secret !== undefined,
    "key goes with secret: a parameter is taken whole",
  );

const imageSchema = z.strictObject({
  context: z
    .string("a folder with a Dockerfile, such as service")
    .min(1, "a folder with a Dockerfile, such as service")
    .optional()
    .describe("Folder with a Dockerfile that Pulumi builds and pushes."),
  dockerfile: matching(
    /^(?!\/)(?!(?:.*\/)?\.{1,2}(?:\/|$))[^\\]+$/,
    "the path of a file in image.context, such as docker/web.Dockerfile",
  )
    .optional()
    .describe("Path of the Dockerfile in `context`.")
    .meta({ default: defaultDockerfile }),
  target: matching(/^[A-Za-z0-9][\w.-]*$/, "the name of a stage of the Dockerfile")
    .optional()
    .describe("Stage of the Dockerfile that is built. Default: the last one."),
  buildArgs: z
    .record(variableName(), z.string("a text; numbers in quotes"), "build arguments by name")
    .optional()
    .describe(
      "Build arguments, such as a mirror's image for a Dockerfile's `NODE_IMAGE`. The image's history has them: no secrets.",
    ),
  reference: imageName("an image with a tag or digest, such as docker.io/library/redis:8")
    .optional()
    .describe(
      "Image of another registry. Pulumi copies it to ECR once; what a tag means stays until this setting changes. With `digest`, as after `npm run release`, the digest wins.",
    ),
  sameAs: shortName("the name of a service")
    .optional()
    .describe("Service whose image this container runs."),
  digest: matching(digestPattern, "sha256: and 64 hexadecimal digits")
    .optional()
    .describe("Digest of a pushed image to deploy instead of a build."),
  repositoryUrl: matching(
    /^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com\/[a-z0-9/._-]+$/,
    "an ECR repository such as 111122223333.dkr.ecr.eu-central-1.amazonaws.com/service",
  )
    .optional()
    .describe("ECR repository of `digest`. Default: the repository of the service."),
});

/** What every container has, of a service, a job or beside them. */
export const containerShape = {
  image: imageSchema,
  command: texts("a command as a list of texts")
    .optional()
    .describe("Command instead of the image's ENTRYPOINT."),
  args: texts("arguments as a list of texts")
    .optional()
    .describe("Arguments instead of the image's CMD."),
  user: whole(1, 2_147_483_647)
    .default(65_532)
    .describe("Number of the user that the process runs as; never root."),
  group: whole(1, 2_147_483_647)
    .optional()
    .describe("Number of its group, which also owns `writable`. Default: `user`."),
  architecture: oneOf(["arm64", "amd64"])
    .optional()
    .describe("Architecture of an image that has one only. It must be that of the nodes."),
  environment: z
    .record(variableName(), z.string("a text; numbers in quotes"), "variables by name")
    .default({})
    .describe("Variables of the container, in plain text."),
  secrets: z
    .record(variableName(), secretSource, "secrets by variable")
    .default({})
    .describe(
      "Variables from `secret` (Secrets Manager), with `key` for a key of its JSON, or `parameter` (SSM).",
    ),
  writable: z
    .record(filePath(), whole(1, 65_536), "sizes in MiB by path")
    .default({})
    .describe(
      "Folders that the process may write to, with their size in MiB. Empty at each start.",
    ),
  cpuMillicores: whole(10, 64_000)
    .default(250)
    .describe("CPU request of each pod, in thousandths of a core."),
  cpuLimitMillicores: whole(10, 64_000)
    .default(1000)
    .describe("CPU limit of each pod, in thousandths of a core."),
  memoryMiB: whole(16, 65_536)
    .default(256)
    .describe("Memory request and limit of each pod, in MiB."),
};

export const healthSetting = healthSchema
  .optional()
  .describe(
    "How Kubernetes and the load balancer ask the container: a path, `none`, or `ready`, `live` and `start`, each a path or a map of path, tcp, grpc or command with periodSeconds, timeoutSeconds and failures. Default: a TCP connection to `port`.",
  );

const beforeSchema = z.strictObject(containerShape);
const sidecarSchema = z.strictObject({ ...containerShape, health: healthSetting });

/** Containers beside the one of a service or a job. */
export const companionShape = {
  sidecars: z
    .record(shortName(), sidecarSchema, "containers by name")
    .default({})
    .describe("Containers that run beside it, from before its start to after its end."),
  before: z
    .record(shortName(), beforeSchema, "containers by name")
    .default({})
    .describe("Containers that run, one after the other, before it starts."),
};

export type ImageConfig = z.infer<typeof imageSchema>;
export type ContainerConfig = z.infer<typeof beforeSchema>;
export type SidecarConfig = z.infer<typeof sidecarSchema>;
export type HealthConfig = NonNullable<SidecarConfig["health"]>;
export type CheckConfig = z.infer<typeof checkSchema>;
export type SecretConfig = ContainerConfig["secrets"][string];
