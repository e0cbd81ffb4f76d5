import { hex } from "./naming.ts";
import { idOf, type ResourceType, seconds } from "./resource-type.ts";

export const docker: Record<string, ResourceType> = {
  "docker:index/image:Image": {
    // A build of nothing; waits.buildAndPush comes with a push.
    duration: seconds(3, 3, 0),
    required: ["imageName"],
    id: idOf("imageName"),
    computed: ({ inputs }) => ({
      baseImageName: inputs.imageName,
      registryServer: inputs.registry?.server ?? "",
      // Known once it is built.
      repoDigest: "",
    }),
    recomputed: ["repoDigest"],
    mock: ({ imageName, build }) => {
      const repository = String(imageName).replace(/:[^:/]*$/, "");
      const digest = hex(JSON.stringify([imageName, build]), 64);
      return { state: { imageName, repoDigest: `${repository}@sha256:${digest}` } };
    },
  },
};
