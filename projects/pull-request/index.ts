import * as kubernetes from "@pulumi/kubernetes";
import { Environment } from "./environment.ts";
import { readOwnerOutputs } from "./owner.ts";
import { loadConfig } from "./pull-request-config.ts";

const { platform, pullRequest, commit, images, since } = loadConfig();
const { settings, kubeconfig, imageReferences } = await readOwnerOutputs(platform, images);
const provider = new kubernetes.Provider("cluster", {
  kubeconfig,
  clusterIdentifier: settings.clusterName,
  enableServerSideApply: true,
});
const environment = new Environment(
  "environment",
  // A service that the pull request did not build runs the image of the stack.
  { pullRequest, settings, images: { ...imageReferences, ...images } },
  { providers: [provider] },
);

export const { urls } = environment;
export const owner = settings.owner.uid;
export { commit, images, pullRequest, since };
