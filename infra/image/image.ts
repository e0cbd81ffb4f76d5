import * as aws from "@pulumi/aws";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { ImageConfig } from "../config/container-schema.ts";
import { debugImageName } from "../config/debug-rules.ts";
import type { ImagePlace } from "../config/image-names.ts";
import type { NodesConfig, RegistryConfig } from "../config/schema.ts";
import { contentTag, defaultDockerfile, packageOf } from "./build-context.ts";
import { makeRepository } from "./repository.ts";

export interface ImagesArgs extends RegistryConfig, Pick<NodesConfig, "architecture"> {
  places: ImagePlace[];
  /** Of an image that debugs containers. @default there is none */
  debugImage: string | undefined;
}

/** The images of all containers. Depends on no cluster: they are built while it comes up. */
export class Images extends pulumi.ComponentResource {
  /**
   * By the name of a service, a job, or a container beside it: `<repository>@sha256:<digest>`. What has
   * the image of a service is not among them.
   */
  readonly references: Record<string, pulumi.Output<string>>;
  /** Of the image that debugs containers. No release moves it. */
  readonly debug: pulumi.Output<string> | undefined;

  constructor(name: string, args: ImagesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:image:Images", name, {}, opts);
    const { architecture, untaggedRetentionDays, forceDelete, debugImage } = args;
    const made = (container: string, image: ImageConfig) =>
      new ServiceImage(
        container,
        { image, architecture, untaggedRetentionDays, forceDelete },
        { parent: this },
      ).reference;
    this.references = Object.fromEntries(
      args.places
        .filter(({ image }) => image.sameAs === undefined)
        .map(({ name: container, image }) => [container, made(container, image)]),
    );
    this.debug = debugImage ? made(debugImageName, { reference: debugImage }) : undefined;
    this.registerOutputs(this.references);
  }
}

export interface ServiceImageArgs extends RegistryConfig, Pick<NodesConfig, "architecture"> {
  image: ImageConfig;
}

/**
 * A container's image in an ECR repository of its own, named by digest.
 *
 * The build context is a folder relative to the project, with a Dockerfile; `reference` is copied by a
 * build of its own, which is the same image without a change. Built and pushed when the repository has no image of its content yet, never during preview, for the
 * nodes' architecture; otherwise the image that is there is used. With `digest` nothing is built and
 * no Docker daemon is asked: the image has been pushed already, to this repository or to
 * `repositoryUrl`.
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
    const { digest, repositoryUrl = repository.repositoryUrl } = args.image;
    this.reference = digest
      ? pulumi.interpolate`${repositoryUrl}@${digest}`
      : this.build(name, args, repository);
    this.registerOutputs({ reference: this.reference });
  }

  private build(name: string, args: ServiceImageArgs, repository: aws.ecr.Repository) {
    const parent = { parent: this };
    const token = aws.ecr.getAuthorizationTokenOutput(
      { registryId: repository.registryId },
      parent,
    );
    const provider = new docker.Provider(name, {}, parent);
    const build = buildArgs(args);
    const tag = contentTag(sourceOf(args.image), { ...build, reused });
    const pushed = known(
      aws.ecr
        .getImagesOutput({ repositoryName: repository.name }, parent)
        .apply(({ imageIds }) => imageIds.find(({ imageTag }) => imageTag === tag)?.imageDigest),
    );
    const either = <T>(built: T, standIn: T) => pushed.then((digest) => (digest ? standIn : built));
    // Named by its content: another content is another image, and the former one is let go.
    const image = new docker.Image(
      `${name}-${tag}`,
      {
        imageName: pulumi.interpolate`${repository.repositoryUrl}:${either(tag, `reused-${tag}`)}`,
        build: {
          ...build,
          context: either(build.context, reused.context),
          dockerfile: either(build.dockerfile, reused.dockerfile),
          ...(build.target && { target: either<string | undefined>(build.target, undefined) }),
          args: { ...build.args, REVISION: tag },
        },
        skipPush: either(false, true),
        registry: {
          server: repository.repositoryUrl,
          username: token.userName,
          password: pulumi.secret(token.password),
        },
      },
      {
        ...parent,
        provider,
        // As the name says, only the content makes another image.
        ignoreChanges: ["imageName", "build", "skipPush"],
        // The provider hashes the context by itself: should that ever differ, it is made anew.
        replaceOnChanges: ["build"],
      },
    );
    return pulumi
      .all([repository.repositoryUrl, pushed])
      .apply(([url, digest]) =>
        digest
          ? pulumi.output(`${url}@${digest}`)
          : image.repoDigest.apply((reference) => inRepository(image, reference)),
      );
  }
}

/**
 * Where an empty image is built from. It takes a place in the state and is never pushed: when the
 * repository has an image that the state has not, as after a change that was taken back or an update
 * that was killed. Builds are not reproducible, so a second push of the tag would be another image,
 * which an immutable repository refuses.
 */
const reused = { context: "infra/image/reused", dockerfile: "infra/image/reused/Dockerfile" };

/** The value; nothing where a preview cannot know it. */
async function known<T>(output: pulumi.Output<T>): Promise<T | undefined> {
  // Every output has it, though the typings leave it out.
  const { isKnown } = output as unknown as { isKnown: Promise<boolean> };
  return (await isKnown) ? new Promise((resolve) => output.apply(resolve)) : undefined;
}

/**
 * A preview knows the reference of an image that the state has. Its repository, which was just asked,
 * must have it too.
 */
function inRepository(image: docker.Image, reference: string): string {
  if (pulumi.runtime.isDryRun() || !reference.includes("@")) {
    pulumi.log.error(
      `${reference} is no longer in its repository; build it again by pulumi up --replace with the URN of this image`,
      image,
    );
  }
  return reference;
}

/** Builds nothing: its image is the one that is named. */
const mirror = "infra/image/mirror";

function sourceOf({ context = mirror, dockerfile = defaultDockerfile }: ImageConfig) {
  return { context, dockerfile };
}

function buildArgs({ image, architecture }: ServiceImageArgs) {
  const { reference, target, buildArgs: given } = image;
  const { context, dockerfile } = sourceOf(image);
  const { version, source } = packageOf(context);
  return {
    context,
    dockerfile: `${context}/${dockerfile}`,
    ...(target && { target }),
    platform: `linux/${architecture}`,
    builderVersion: docker.BuilderVersion.BuilderBuildKit,
    args: {
      ...(reference && { IMAGE: reference }),
      ...(version && { VERSION: version }),
      ...(source && { SOURCE: source }),
      ...given,
    },
  };
}
