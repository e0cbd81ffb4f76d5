import { z } from "zod";

/* The manifests of AWS Copilot (aws/copilot-cli, site/content/docs/manifest), the keys that the importer reads. */

const scalar = z.union([z.string(), z.number(), z.boolean()], "a text or a number");
const number = z.union([z.number(), z.string()], "a number");
const textOrTexts = z.union([z.string(), z.array(z.string())], "a text or a list of texts");
const duration = z.union([z.string(), z.number()], "a duration such as 30s");
const build = z.union(
  [
    z.string(),
    z.looseObject({
      dockerfile: z.string().optional(),
      context: z.string().optional(),
      target: z.string().optional(),
      args: z.record(z.string(), scalar, "arguments by name").optional(),
    }),
  ],
  "a Dockerfile, or a map with dockerfile and context",
);

const variables = z.record(
  z.string(),
  z.union([scalar, z.looseObject({ from_cfn: z.string() })], "a text, or a map with from_cfn"),
  "variables by name",
);

const secrets = z.record(
  z.string(),
  z.union(
    [
      z.string(),
      z.looseObject({ secretsmanager: z.string() }),
      z.looseObject({ ssm: z.string() }),
      z.looseObject({ from_cfn: z.string() }),
    ],
    "the name of an SSM parameter, or a map with secretsmanager, ssm or from_cfn",
  ),
  "secrets by variable",
);

const containerCheck = z.looseObject({
  command: textOrTexts.optional(),
  interval: duration.optional(),
  timeout: duration.optional(),
  retries: number.optional(),
  start_period: duration.optional(),
});

const httpCheck = z.union(
  [
    z.string(),
    z.looseObject({
      path: z.string().optional(),
      port: number.optional(),
      interval: duration.optional(),
      timeout: duration.optional(),
      unhealthy_threshold: number.optional(),
      grace_period: duration.optional(),
    }),
  ],
  "a path, or a map with path",
);

const alias = z.union(
  [
    z.string(),
    z.array(
      z.union([
        z.string(),
        z.looseObject({ name: z.string(), hosted_zone: z.string().optional() }),
      ]),
    ),
  ],
  "a host name, or a list of them",
);

const sidecar = z.looseObject({
  image: z
    .union(
      [z.string(), z.looseObject({ build: build.optional(), location: z.string().optional() })],
      "an image",
    )
    .optional(),
  essential: z.boolean().optional(),
  command: textOrTexts.optional(),
  entrypoint: textOrTexts.optional(),
  variables: variables.optional(),
  secrets: secrets.optional(),
  env_file: z.string().optional(),
  healthcheck: containerCheck.optional(),
  mount_points: z
    .array(
      z.looseObject({
        source_volume: z.string().optional(),
        path: z.string().optional(),
        read_only: z.boolean().optional(),
      }),
    )
    .optional(),
});

const queue = z.looseObject({
  retention: duration.optional(),
  timeout: duration.optional(),
  dead_letter: z.looseObject({ tries: number.optional() }).optional(),
});

/** A number, or a map with `value`. */
const target = z.union(
  [z.number(), z.string(), z.looseObject({ value: number.optional() })],
  "a number, or a map with value",
);

export const manifestSchema = z.looseObject({
  name: z.string("the name of the service or job"),
  type: z.string("a type such as Backend Service"),
  image: z
    .looseObject({
      build: build.optional(),
      location: z.string().optional(),
      port: number.optional(),
      healthcheck: containerCheck.optional(),
      depends_on: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
  http: z
    .union(
      [
        z.boolean(),
        z.looseObject({
          path: z.string().optional(),
          alias: alias.optional(),
          hosted_zone: z.string().optional(),
          healthcheck: httpCheck.optional(),
          deregistration_delay: duration.optional(),
          stickiness: z.boolean().optional(),
          version: z.string().optional(),
          target_port: number.optional(),
          target_container: z.string().optional(),
        }),
      ],
      "false, or a map with path",
    )
    .optional(),
  cpu: number.optional(),
  memory: number.optional(),
  count: z
    .union(
      [
        z.number(),
        z.string(),
        z.looseObject({
          range: z
            .union(
              [z.string(), z.looseObject({ min: number, max: number })],
              "a range such as 1-10, or a map with min and max",
            )
            .optional(),
          cpu_percentage: target.optional(),
          memory_percentage: target.optional(),
          requests: target.optional(),
          queue_delay: z
            .looseObject({ acceptable_latency: duration, msg_processing_time: duration })
            .optional(),
          spot: number.optional(),
        }),
      ],
      "a number, or a map with range",
    )
    .optional(),
  platform: z
    .union(
      [
        z.string(),
        z.looseObject({ osfamily: z.string().optional(), architecture: z.string().optional() }),
      ],
      "a platform such as linux/arm64",
    )
    .optional(),
  entrypoint: textOrTexts.optional(),
  command: textOrTexts.optional(),
  network: z
    .looseObject({
      connect: z.union([z.boolean(), z.looseObject({ alias: z.string().optional() })]).optional(),
    })
    .optional(),
  variables: variables.optional(),
  env_file: z.string("a file").optional(),
  secrets: secrets.optional(),
  storage: z
    .looseObject({
      volumes: z
        .record(
          z.string(),
          z.looseObject({
            path: z.string().optional(),
            read_only: z.boolean().optional(),
            efs: z
              .union(
                [
                  z.boolean(),
                  z.looseObject({
                    uid: number.optional(),
                    gid: number.optional(),
                    id: z.unknown().optional(),
                  }),
                ],
                "true, or a map",
              )
              .optional(),
          }),
        )
        .optional(),
    })
    .optional(),
  publish: z
    .looseObject({
      topics: z.array(z.looseObject({ name: z.string("the name of a topic") })).optional(),
    })
    .optional(),
  subscribe: z
    .looseObject({
      topics: z
        .array(
          z.looseObject({
            name: z.string("the name of a topic"),
            service: z.string("the service that publishes it"),
            queue: z.union([z.boolean(), queue]).optional(),
          }),
        )
        .optional(),
      queue: queue.optional(),
    })
    .optional(),
  sidecars: z.record(z.string(), sidecar).optional(),
  on: z.looseObject({ schedule: z.string("a schedule such as @daily") }).optional(),
  retries: number.optional(),
  timeout: duration.optional(),
  environments: z
    .record(z.string(), z.looseObject({}).nullable(), "overrides by environment")
    .optional(),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type Sidecar = z.infer<typeof sidecar>;
export type ContainerCheck = z.infer<typeof containerCheck>;
export type Queue = z.infer<typeof queue>;
export type AliasGiven = z.infer<typeof alias>;
