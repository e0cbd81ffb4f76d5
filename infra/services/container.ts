import type { types } from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { containerSecurity } from "../cluster/pod-security.ts";
import { type ContainerConfig, secretsFolder } from "../config/container-schema.ts";
import { type SecretSource, secretVariables } from "./secrets.ts";

type Container = types.input.core.v1.Container;

/** A container of a service or a job, by the contract of the settings. */
export interface ContainerArgs extends Omit<ContainerConfig, "image" | "secrets"> {
  /** `<repository>@sha256:<digest>` */
  image: pulumi.Input<string>;
  /** By variable. */
  secrets: Record<string, SecretSource>;
}

/** Variables by name, as a value or as a field that Kubernetes fills in. */
export type Variables = Record<string, pulumi.Input<string> | { fieldPath: string }>;

/** Of every container: a log and some scratch space; what is writable comes on top. */
const scratchMiB = { request: 64, limit: 256 };

/**
 * An unprivileged process without capabilities on a read-only file system, with requests and limits.
 * Its own user and group stand here where they are not the pod's.
 */
export function containerOf(
  name: string,
  args: ContainerArgs,
  {
    variables = {},
    mounts: more = [],
    pod,
  }: {
    variables?: Variables;
    /** Besides what every container mounts. @default none */
    mounts?: types.input.core.v1.VolumeMount[];
    pod: Pick<ContainerArgs, "user" | "group">;
  },
): Container {
  const { image, command, args: arguments_, user, group = user, writable } = args;
  const other = user !== pod.user || group !== (pod.group ?? pod.user);
  const env = [
    ...Object.entries({ ...variables, ...args.environment })
      // Server-side apply refuses a name that is there twice.
      .filter(([variable]) => !Object.hasOwn(args.secrets, variable))
      .map(([variable, value]) =>
        isField(value)
          ? { name: variable, valueFrom: { fieldRef: value } }
          : { name: variable, value },
      ),
    ...secretVariables(name, args),
  ];
  const mounts = [
    ...Object.keys(writable).map((mountPath, at) => ({ name: volumeName(name, at), mountPath })),
    ...(hasSecrets(args)
      ? [{ name: `${name}-secrets`, mountPath: secretsFolder, readOnly: true }]
      : []),
    ...more,
  ];
  return {
    name,
    image,
    imagePullPolicy: "IfNotPresent",
    ...(command && { command }),
    ...(arguments_ && { args: arguments_ }),
    ...(env.length > 0 && { env }),
    resources: resourcesOf(args),
    ...(mounts.length > 0 && { volumeMounts: mounts }),
    securityContext: {
      ...containerSecurity,
      ...(other && { runAsUser: user, runAsGroup: group }),
    },
  };
}

const isField = (value: Variables[string]): value is { fieldPath: string } =>
  typeof value === "object" && "fieldPath" in value;

const hasSecrets = ({ secrets }: Pick<ContainerArgs, "secrets">) => Object.keys(secrets).length > 0;

const volumeName = (container: string, at: number) => `${container}-writable-${at + 1}`;

/** What a container mounts: an emptyDir for each writable folder, and its secrets. */
export function volumesOf(
  name: string,
  args: Pick<ContainerArgs, "writable" | "secrets">,
  secretProviderClass: pulumi.Input<string> | undefined,
): types.input.core.v1.Volume[] {
  return [
    ...Object.values(args.writable).map((sizeMiB, at) => ({
      name: volumeName(name, at),
      emptyDir: { sizeLimit: `${sizeMiB}Mi` },
    })),
    ...(hasSecrets(args) && secretProviderClass
      ? [
          {
            name: `${name}-secrets`,
            csi: {
              driver: "secrets-store.csi.k8s.io",
              readOnly: true,
              volumeAttributes: { secretProviderClass },
            },
          },
        ]
      : []),
  ];
}

type Sized = Pick<ContainerArgs, "cpuMillicores" | "cpuLimitMillicores" | "memoryMiB" | "writable">;

/** Requests and limits, under Kubernetes' names of a container's or of a LimitRange's. */
export function resourcesOf(args: Sized, limits: "limits" | "default" = "limits") {
  const written = Object.values(args.writable).reduce((sum, sizeMiB) => sum + sizeMiB, 0);
  return {
    [limits === "limits" ? "requests" : "defaultRequest"]: {
      cpu: `${args.cpuMillicores}m`,
      memory: `${args.memoryMiB}Mi`,
      "ephemeral-storage": `${scratchMiB.request}Mi`,
    },
    [limits]: {
      cpu: `${args.cpuLimitMillicores}m`,
      memory: `${args.memoryMiB}Mi`,
      "ephemeral-storage": `${scratchMiB.limit + written}Mi`,
    },
  };
}
