import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import dockerignore from "@balena/dockerignore";
import * as aws from "@pulumi/aws";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { ImageConfig, NodesConfig, RegistryConfig, ServiceConfig } from "./config-schema.ts";
import { makeRepository } from "./repository.ts";

export interface ImagesArgs extends RegistryConfig, Pick<NodesConfig, "architecture"> {
  /** By name. */
  services: Record<string, Pick<ServiceConfig, "image">>;
}

/** The images of all services. Depends on no cluster: they are built while it comes up. */
export class Images extends pulumi.ComponentResource {
  /** By service: `<repository>@sha256:<digest>` */
  readonly references: Record<string, pulumi.Output<string>>;

  constructor(name: string, args: ImagesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:image:Images", name, {}, opts);
    const { services, ...shared } = args;
    this.references = Object.fromEntries(
      Object.entries(services).map(([service, { image }]) => [
        service,
        new ServiceImage(service, { ...shared, ...image }, { parent: this }).reference,
      ]),
    );
    this.registerOutputs(this.references);
  }
}

export interface ServiceImageArgs
  extends ImageConfig,
    RegistryConfig,
    Pick<NodesConfig, "architecture"> {}

/**
 * A service's image in an ECR repository of its own, named by digest.
 *
 * The build context is a folder relative to the project, with a Dockerfile and a package.json. Built
 * and pushed when its content changes, never during preview, for the nodes' architecture. With
 * `digest` nothing is built and no Docker daemon is asked: the image has been pushed already, to this
 * repository or to `repositoryUrl`.
 */
export class ServiceImage extends pulumi.ComponentResource {
  /** `<repository>@sha256:<digest>` */
  readonly reference: pulumi.Output<string>;
  readonly repositoryUrl: pulumi.Output<string>;

  constructor(name: string, args: ServiceImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:image:ServiceImage", name, {}, opts);
    const parent = { parent: this };

    // Every image that was pushed by name stays, so the one that is deployed does too.
    const repository = makeRepository(
      name,
      {
        forceDelete: args.forceDelete,
        forget: {
          tagStatus: "untagged",
          days: args.untaggedRetentionDays,
          description: "Images without a tag, which nothing deploys",
        },
      },
      parent,
    );

    this.repositoryUrl = repository.repositoryUrl;
    this.reference = args.digest
      ? pulumi.interpolate`${args.repositoryUrl ?? repository.repositoryUrl}@${args.digest}`
      : this.build(name, args, repository);
    this.registerOutputs({ reference: this.reference });
  }

  private build(name: string, args: ServiceImageArgs, repository: aws.ecr.Repository) {
    const token = aws.ecr.getAuthorizationTokenOutput(
      { registryId: repository.registryId },
      { parent: this },
    );
    const provider = new docker.Provider(name, {}, { parent: this });
    const build = buildArgs(args);
    const tag = contentTag(build.context, build);
    const image = new docker.Image(
      name,
      {
        imageName: pulumi.interpolate`${repository.repositoryUrl}:${tag}`,
        build: { ...build, args: { ...build.args, REVISION: tag } },
        registry: {
          server: repository.repositoryUrl,
          username: token.userName,
          password: pulumi.secret(token.password),
        },
      },
      { parent: this, provider },
    );
    return image.repoDigest;
  }
}

function buildArgs({ context = ".", architecture, nodeImage, runtimeImage }: ServiceImageArgs) {
  const { version, repository } = JSON.parse(readFileSync(join(context, "package.json"), "utf8"));
  return {
    context,
    dockerfile: `${context}/Dockerfile`,
    platform: `linux/${architecture}`,
    builderVersion: docker.BuilderVersion.BuilderBuildKit,
    args: {
      VERSION: String(version),
      ...(repository?.url && { SOURCE: String(repository.url) }),
      ...(nodeImage && { NODE_IMAGE: nodeImage }),
      ...(runtimeImage && { RUNTIME_IMAGE: runtimeImage }),
    },
  };
}

/**
 * A tag that is the same exactly when what is built is the same: the files of the context that
 * `.dockerignore` lets through, and the build's settings. Tags are immutable, so content and tag
 * must change together.
 */
export function contentTag(context: string, settings: object): string {
  const hash = createHash("sha256").update(JSON.stringify(settings));
  for (const path of contextFiles(context)) {
    hash.update(`\0${path}\0`).update(readFileSync(join(context, path)));
  }
  return hash.digest("hex").slice(0, 16);
}

function contextFiles(context: string): string[] {
  const ignored = dockerignore.default().add(readFileSync(join(context, ".dockerignore"), "utf8"));
  const walk = (folder: string): string[] =>
    readdirSync(join(context, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = folder ? `${folder}/${entry.name}` : entry.name;
      if (entry.isDirectory()) return entry.name === "node_modules" ? [] : walk(path);
      return ignored.ignores(path) ? [] : [path];
    });
  return walk("").sort();
}
