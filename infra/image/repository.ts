import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";

export interface RepositoryArgs {
  /** Deletes the images with the repository. */
  forceDelete: boolean;
  /** Days after which images are removed: those without a tag, or all. */
  forget: { tagStatus: "untagged" | "any"; days: number; description: string };
}

/** An ECR repository: tags never move, what is pushed is scanned, and what nothing deploys is removed. */
export function makeRepository(
  name: string,
  { forceDelete, forget }: RepositoryArgs,
  parent: pulumi.CustomResourceOptions,
): aws.ecr.Repository {
  const repository = new aws.ecr.Repository(
    name,
    {
      imageTagMutability: "IMMUTABLE",
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfigurations: [{ encryptionType: "KMS" }],
      forceDelete,
    },
    // AWS refuses to delete a repository with images when the rest may be gone already.
    { ...parent, protect: !forceDelete },
  );
  const rule = {
    rulePriority: 1,
    description: forget.description,
    selection: {
      tagStatus: forget.tagStatus,
      countType: "sinceImagePushed",
      countUnit: "days",
      countNumber: forget.days,
    },
    action: { type: "expire" },
  };
  new aws.ecr.LifecyclePolicy(
    name,
    { repository: repository.name, policy: JSON.stringify({ rules: [rule] }) },
    // Another policy is a replacement, and AWS has one policy for a repository.
    { ...parent, deleteBeforeReplace: true },
  );
  return repository;
}
