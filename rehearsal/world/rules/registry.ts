import { digestOf } from "../outputs.ts";
import type { Attempt, Effect, Rule } from "../rule.ts";
import type { Thing, World } from "../world.ts";

const repositoryType = "aws:ecr/repository:Repository";
const pushedType = "aws:ecr/image:Image";

/** An image in a registry; its id is `<repository URL>@<digest>`. */
export function pushedImage(world: World, reference: string): Thing | undefined {
  return world.get(pushedType, reference);
}

function target({ world, inputs }: Pick<Attempt, "world" | "inputs">) {
  const [, url = "", tag = "latest"] = /^(.*?)(?::([^:/]+))?$/.exec(inputs.imageName) ?? [];
  const repository = world
    .live(repositoryType)
    .find(({ outputs }) => outputs.repositoryUrl === url);
  return { url, tag, repository };
}

const buildsImage = ["docker:index/image:Image"];

export const registryRules: Rule[] = [
  ...(["create", "update"] as const).map(
    (on): Rule => ({
      error: "RepositoryNotFoundException",
      on,
      types: buildsImage,
      source: "Amazon ECR API, PutImage",
      unless: (attempt) => {
        const { url, repository } = target(attempt);
        return repository ? undefined : `The repository with name '${url}' does not exist`;
      },
    }),
  ),
  ...(["create", "update"] as const).map(
    (on): Rule => ({
      error: "ImageTagAlreadyExistsException",
      on,
      types: buildsImage,
      source: "Amazon ECR User Guide, image tag mutability",
      unless: (attempt) => {
        const { url, tag, repository } = target(attempt);
        if (repository?.inputs.imageTagMutability !== "IMMUTABLE") return undefined;
        const taken = attempt.world
          .all(pushedType)
          .find(({ inputs }) => inputs.url === url && inputs.tag === tag);
        return taken && taken.inputs.digest !== digestOf(attempt.inputs)
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
    unless: ({ world, thing }) =>
      thing.inputs.forceDelete !== true &&
      world.all(pushedType).some(({ inputs }) => inputs.url === thing.outputs.repositoryUrl)
        ? `The repository with name '${thing.id}' cannot be deleted because it still contains images`
        : undefined,
  },
];

const push = (attempt: Attempt) => {
  const { url, tag } = target(attempt);
  const digest = digestOf(attempt.inputs);
  const id = `${url}@${digest}`;
  if (!pushedImage(attempt.world, id)) {
    attempt.world.addOwn(pushedType, id, "docker push", `image ${tag}`, { url, tag, digest });
  }
};

export const registryEffects: Effect[] = [
  { on: "create", types: buildsImage, source: "Amazon ECR API, PutImage", happen: push },
  { on: "update", types: buildsImage, source: "Amazon ECR API, PutImage", happen: push },
  {
    on: "delete",
    types: [repositoryType],
    source: "Amazon ECR API, DeleteRepository with force",
    happen: ({ world, thing }) => {
      for (const image of world.all(pushedType)) {
        if (image.inputs.url === thing.outputs.repositoryUrl) world.remove(image);
      }
    },
  },
];
