import * as kubernetes from "@pulumi/kubernetes";
import { Environment } from "./environment.ts";
import { hostOf } from "./owner.ts";
import { loadConfig } from "./pull-request-config.ts";

const { platform, pullRequest, commit, images, since } = loadConfig();
const { offer, kubeconfig, imageReferences } = await hostOf(platform, images);
const provider = new kubernetes.Provider("cluster", {
  kubeconfig,
  clusterIdentifier: offer.clusterName,
  enableServerSideApply: true,
});
const environment = new Environment(
  "environment",
  // What the pull request did not build is as the stack has it.
  { pullRequest, offer, images: { ...imageReferences, ...images } },
  { providers: [provider] },
);

export const { urls } = environment;
export const host = offer.host.uid;
export { commit, images, pullRequest, since };
