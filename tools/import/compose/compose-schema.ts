import { z } from "zod";

/* The Compose specification (compose-spec/compose-spec, 2026), the keys that the importer reads. */

const scalar = z.union(
  [z.string(), z.number(), z.boolean(), z.null()],
  "a text, a number or nothing",
);
const texts = z.array(z.string("a text"), "a list of texts");
const textOrTexts = z.union([z.string(), texts], "a text or a list of texts");
const pairs = z.union(
  [z.array(z.string()), z.record(z.string(), scalar)],
  "a list of NAME=value, or a map",
);
const number = z.union([z.number(), z.string()], "a number");
const duration = z.union([z.string(), z.number()], "a duration such as 30s");
const named = z.union(
  [z.string(), z.looseObject({ source: z.string("the name of one of the file") })],
  "a name, or a map with source",
);

const healthcheck = z.looseObject(
  {
    test: textOrTexts.optional(),
    interval: duration.optional(),
    timeout: duration.optional(),
    start_period: duration.optional(),
    retries: number.optional(),
    disable: z.union([z.boolean(), z.string()]).optional(),
  },
  "a map with test",
);

const sizes = z.looseObject(
  { cpus: number.optional(), memory: number.optional() },
  "a map with cpus and memory",
);

export const serviceSchema = z.looseObject(
  {
    image: z.string("an image such as redis:8").optional(),
    build: z
      .union(
        [
          z.string(),
          z.looseObject({
            context: z.string().optional(),
            dockerfile: z.string().optional(),
            target: z.string().optional(),
            args: pairs.nullish(),
          }),
        ],
        "a folder, or a map with context",
      )
      .optional(),
    command: textOrTexts.nullish(),
    entrypoint: textOrTexts.nullish(),
    environment: pairs.nullish(),
    env_file: z
      .union(
        [
          z.string(),
          z.array(
            z.union([
              z.string(),
              z.looseObject({
                path: z.string(),
                required: z.union([z.boolean(), z.string()]).optional(),
              }),
            ]),
          ),
        ],
        "a file, or a list of files",
      )
      .optional(),
    ports: z
      .array(
        z.union(
          [
            z.number(),
            z.string(),
            z.looseObject({
              target: number,
              protocol: z.string().optional(),
              host_ip: z.string().optional(),
            }),
          ],
          "a port such as 8080:80, or a map with target",
        ),
        "a list of ports",
      )
      .nullish(),
    expose: z.array(number, "a list of ports").nullish(),
    healthcheck: healthcheck.optional(),
    depends_on: z
      .union(
        [
          texts,
          z.record(z.string(), z.looseObject({ condition: z.string().optional() }).nullable()),
        ],
        "a list of services, or a map",
      )
      .nullish(),
    links: texts.nullish(),
    deploy: z
      .looseObject(
        {
          mode: z.string().optional(),
          replicas: number.optional(),
          resources: z
            .looseObject({ limits: sizes.optional(), reservations: sizes.optional() })
            .optional(),
        },
        "a map",
      )
      .nullish(),
    scale: number.optional(),
    cpus: number.optional(),
    mem_limit: number.optional(),
    mem_reservation: number.optional(),
    secrets: z.array(named, "a list of secrets").nullish(),
    volumes: z
      .array(
        z.union(
          [
            z.string(),
            z.looseObject({ type: z.string(), source: z.string().optional(), target: z.string() }),
          ],
          "a text such as data:/data, or a map with type and target",
        ),
        "a list of volumes",
      )
      .nullish(),
    tmpfs: textOrTexts.optional(),
    profiles: texts.nullish(),
    extends: z
      .union(
        [
          z.string(),
          z.looseObject({
            service: z.string("the name of a service"),
            file: z.string().optional(),
          }),
        ],
        "a service, or a map with service",
      )
      .optional(),
    user: z.union([z.string(), z.number()], "a user such as 1000:1000").optional(),
    platform: z.string("a platform such as linux/amd64").optional(),
    container_name: z.string().optional(),
    hostname: z.string().optional(),
    networks: z
      .union(
        [texts, z.record(z.string(), z.looseObject({ aliases: texts.optional() }).nullable())],
        "a list of networks, or a map",
      )
      .nullish(),
    labels: pairs.nullish(),
    restart: z.string("one of no, always, on-failure, unless-stopped").optional(),
  },
  "a map of settings",
);

export const composeSchema = z.looseObject({
  name: z.string("the name of the project").optional(),
  services: z.record(z.string(), z.unknown(), "a map of services by name"),
  secrets: z
    .record(
      z.string(),
      z
        .looseObject({
          file: z.string().optional(),
          environment: z.string().optional(),
          name: z.string().optional(),
        })
        .nullable(),
      "a map of secrets by name",
    )
    .nullish(),
  volumes: z.record(z.string(), z.looseObject({}).nullable(), "a map of volumes by name").nullish(),
  configs: z.record(z.string(), z.looseObject({}).nullable(), "a map of configs by name").nullish(),
});

export type Spec = z.infer<typeof serviceSchema>;
export type Top = z.infer<typeof composeSchema>;
