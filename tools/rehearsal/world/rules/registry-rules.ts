import { waits } from "../../../cloud/durations.ts";
import { newDigest } from "../outputs.ts";
import type { Call, Effect, Rule } from "../rule.ts";
import type { CloudResource, Props, World } from "../world.ts";

const repositoryType = "aws:ecr/repository:Repository";
const pushedType = "aws:ecr/image:Image";

/** An image in a registry; its id is `<repository URL>@<digest>`. */
export function pushedImage(world: World, reference: string): CloudResource | undefined {
  return world.get(pushedType, reference);
}

/** The images of a repository, as ListImages gives them. */
export function imagesOf(world: World, repository: string): Props[] {
  const found = world.get(repositoryType, repository);
  if (!found) throw new Error("reading ECR Images: couldn't find resource");
  return world
    .all(pushedType)
    .filter(({ inputs }) => inputs.url === found.outputs.repositoryUrl)
    .map(({ inputs: { tag, digest } }) => ({ imageTag: tag, imageDigest: digest }));
}

function target({ world, inputs }: Pick<Call, "world" | "inputs">) {
  const [, url = "", tag = "latest"] = /^(.*?)(?::([^:/]+))?$/.exec(inputs.imageName) ?? [];
  const repository = world
    .live(repositoryType)
    .find(({ outputs }) => outputs.repositoryUrl === url);
  return { url, tag, repository };
}

const buildsImage = ["docker:index/image:Image"];
const always = ["create", "update"] as const;
const pushes = ({ inputs }: Call) => inputs.skipPush !== true;

export const registryRules: Rule[] = [
  ...always.map(
    (on): Rule => ({
      error: "RepositoryNotFoundException",
      on,
      types: buildsImage,
      source: "Amazon ECR API, PutImage",
      refusal: (call) => {
        const { url, repository } = target(call);
        return pushes(call) && !repository
          ? `The repository with name '${url}' does not exist`
          : undefined;
      },
    }),
  ),
  ...always.map(
    (on): Rule => ({
      error: "tag invalid",
      on,
      types: buildsImage,
      source: "the message of docker push: moby/buildkit issue 3776, containers-roadmap issue 2380",
      refusal: (call) => {
        const { tag, repository } = target(call);
        if (!pushes(call) || repository?.inputs.imageTagMutability !== "IMMUTABLE") {
          return undefined;
        }
        const taken = imagesOf(call.world, repository.id).some(({ imageTag }) => imageTag === tag);
        return taken
          ? `The image tag '${tag}' already exists in the '${repository.id}' repository and cannot be overwritten because the tag is immutable.`
          : undefined;
      },
    }),
  ),
  {
    error: "RepositoryNotEmptyException",
    on: "delete",
    types: [repositoryType],
    source: "Amazon ECR API, DeleteRepository",
    refusal: ({ world, resource }) =>
      resource.inputs.forceDelete !== true &&
      world.all(pushedType).some(({ inputs }) => inputs.url === resource.outputs.repositoryUrl)
        ? `The repository with name '${resource.id}' cannot be deleted because it still contains images`
        : undefined,
  },
];

/** Builds without a cache, and pushes. */
const build = async (call: Call) => {
  const { world, resource } = call;
  if (pushes(call)) await world.clock.sleep(waits.buildAndPush);
  const { url, tag } = target(call);
  const digest = newDigest(world);
  resource.outputs.repoDigest = pushes(call) ? `${url}@${digest}` : digest;
  if (pushes(call)) {
    world.addUnmanaged(pushedType, `${url}@${digest}`, "docker push", `image ${tag}`, {
      url,
      tag,
      digest,
      reference: call.inputs.build?.args?.IMAGE,
    });
  }
};

export const registryEffects: Effect[] = [
  ...always.map(
    (on): Effect => ({ on, types: buildsImage, source: "pulumi-docker, image.go", run: build }),
  ),
  {
    on: "delete",
    types: [repositoryType],
    source: "Amazon ECR API, DeleteRepository with force",
    run: ({ world, resource }) => {
      for (const image of world.all(pushedType)) {
        if (image.inputs.url === resource.outputs.repositoryUrl) world.remove(image);
      }
    },
  },
];
