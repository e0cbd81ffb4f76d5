import { boundRoles } from "../../infra/cluster/permissions-boundary.ts";
import { Environment } from "./environment.ts";
import { readOwnerOutputs } from "./owner.ts";
import { makeProviders } from "./providers.ts";
import { loadConfig } from "./pull-request-config.ts";

const { platform, pullRequest, commit, images, databases, since } = loadConfig();
const { settings, kubeconfig, imageReferences } = await readOwnerOutputs(platform, images);
boundRoles(settings.aws?.permissionsBoundary);
const environment = new Environment(
  "environment",
  // A service that the pull request did not build runs the image of the stack.
  { pullRequest, settings, databases, images: { ...imageReferences, ...images } },
  { providers: makeProviders(settings, kubeconfig) },
);

export const { urls } = environment;
export const owner = settings.owner.uid;
export { commit, images, pullRequest, since };
