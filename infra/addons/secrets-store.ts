import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { secretsAddon } from "../cluster/capacity.ts";
import { addonVersion, type Cluster } from "../cluster/cluster.ts";
import type { ClusterConfig } from "../config/schema.ts";

export interface SecretsStoreArgs
  extends Pick<ClusterConfig, "addonVersions" | "kubernetesVersion"> {
  /** Whether any container names a secret. */
  enabled: boolean;
  cluster: Pick<Cluster, "name">;
}

/** So long after a secret has changed its value is in the files of the pods. */
const rotationPollInterval = "2m";

/**
 * The Secrets Store CSI driver with AWS's provider, as an add-on of EKS: it fetches what pods mount in
 * the name of their service accounts' roles. Nothing where no container names a secret.
 *
 * SecretProviderClasses must depend on it, which brings their definition; they go before it.
 */
export class SecretsStore extends pulumi.ComponentResource {
  constructor(name: string, args: SecretsStoreArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:addons:SecretsStore", name, {}, opts);
    const parent = { parent: this };
    if (args.enabled) {
      new aws.eks.Addon(
        name,
        {
          clusterName: args.cluster.name,
          addonName: secretsAddon,
          addonVersion: addonVersion(secretsAddon, args, parent),
          resolveConflictsOnCreate: "OVERWRITE",
          resolveConflictsOnUpdate: "OVERWRITE",
          // Without the driver the kubelet cannot unmount what pods that are stopping still have.
          preserve: true,
          configurationValues: JSON.stringify({
            "secrets-store-csi-driver": {
              // Variables come from a Kubernetes Secret, which the driver writes.
              syncSecret: { enabled: true },
              enableSecretRotation: true,
              rotationPollInterval,
            },
          }),
        },
        parent,
      );
    }
    this.registerOutputs();
  }
}
