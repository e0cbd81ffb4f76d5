import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Link } from "../resources/link.ts";
import { shortHash } from "./short-hash.ts";

const core = kubernetes.core.v1;

/** EFS grows by itself; Kubernetes wants a size, which nobody looks at. */
const storage = "1Gi";

/**
 * The claim of a namespace on the file system that a link mounts, and the volume that is kept for this
 * claim alone. Gives the claim's name; nothing where the link mounts none.
 *
 * Neither can change: with another access point or another access, both are made anew under other
 * names, and pods that run keep theirs until the new ones are ready. Deleting them deletes no file.
 */
export function makeClaim(
  name: string,
  { resource, access, volume }: Link,
  metadata: { namespace: pulumi.Output<string>; labels: Record<string, string> },
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<string> | undefined {
  if (!volume) return undefined;
  const { handle, readOnly } = volume;
  const mode = readOnly ? "ReadOnlyMany" : "ReadWriteMany";
  const claimName = handle.apply((known) => `${resource}-${shortHash(`${known} ${mode}`)}`);
  const shared = { accessModes: [mode], storageClassName: "" };
  const logicalName = `${name}-uses-${resource}-${access}`;
  const held = new core.PersistentVolume(
    logicalName,
    {
      metadata: {
        name: pulumi.interpolate`${metadata.namespace}-${claimName}`,
        labels: metadata.labels,
      },
      spec: {
        ...shared,
        capacity: { storage },
        // Before any other claim finds it.
        claimRef: {
          apiVersion: "v1",
          kind: "PersistentVolumeClaim",
          namespace: metadata.namespace,
          name: claimName,
        },
        persistentVolumeReclaimPolicy: "Retain",
        // As the role of the driver, which the file system's policy names.
        mountOptions: ["tls", "iam"],
        csi: { driver: "efs.csi.aws.com", volumeHandle: handle, readOnly },
      },
    },
    opts,
  );
  return new core.PersistentVolumeClaim(
    logicalName,
    {
      metadata: { ...metadata, name: claimName },
      spec: {
        ...shared,
        volumeName: held.metadata.name,
        resources: { requests: { storage } },
      },
    },
    opts,
  ).metadata.name;
}
