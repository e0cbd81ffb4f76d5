import type * as aws from "@pulumi/aws";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { SecretConfig } from "../config/container-schema.ts";
import type { Place } from "../config/schema.ts";
import { shortHash } from "./short-hash.ts";

/** Where a variable's value is: named by the settings, or the secret of a resource that is used. */
export type SecretSource = Omit<SecretConfig, "secret"> & { secret?: pulumi.Input<string> };

type Named = Record<string, SecretConfig>;

interface Secrets {
  secrets: Record<string, SecretSource>;
}

/**
 * The Kubernetes Secret that the driver writes for a container, while a pod mounts it. Other secrets
 * have another name: pods that run keep theirs until the new ones are ready.
 */
const secretName = (container: string, { secrets }: Secrets): pulumi.Input<string> => {
  const name = (known: Named) => `${container}-secrets-${shortHash(JSON.stringify(known))}`;
  return isLinked(secrets) ? pulumi.output(secrets).apply(name) : name(secrets as Named);
};

const isLinked = (secrets: Secrets["secrets"]): boolean =>
  Object.values(secrets).some(({ secret }) => secret !== undefined && typeof secret !== "string");

/** The secrets by what is known of them before the resources are there. */
const withoutArns = (secrets: Secrets["secrets"]) =>
  Object.fromEntries(
    Object.entries(secrets).map(([variable, source]) => [
      variable,
      typeof source.secret === "string" ? source : { ...source, secret: undefined },
    ]),
  );

/** The container's variables, each from a key of that Secret. */
export function secretVariables(container: string, { secrets }: Secrets) {
  return Object.keys(secrets).map((variable) => ({
    name: variable,
    valueFrom: { secretKeyRef: { name: secretName(container, { secrets }), key: variable } },
  }));
}

/**
 * What AWS's provider of the Secrets Store CSI driver takes for a container: which secrets, and the
 * Kubernetes Secret that has them. No value is in it. Without secrets there is none. With Pod Identity it
 * has another name, so that pods of the other way keep theirs until they have gone.
 *
 * Values reach a pod at its start. A rotated one is in the pod's files within two minutes
 * (infra/addons/secrets-store.ts), and in its variables when it starts again.
 */
export function makeSecretProviderClass(
  name: string,
  { container, secrets, podIdentity }: Secrets & { container: string; podIdentity: boolean },
  metadata: { namespace: pulumi.Input<string>; labels: Record<string, string> },
  opts: pulumi.CustomResourceOptions,
): kubernetes.apiextensions.CustomResource | undefined {
  const names = Object.keys(secrets);
  if (names.length === 0) return undefined;
  const own = secretName(container, { secrets });
  return new kubernetes.apiextensions.CustomResource(
    `${name}-secrets-${shortHash(JSON.stringify(withoutArns(secrets)))}`,
    {
      apiVersion: "secrets-store.csi.x-k8s.io/v1",
      kind: "SecretProviderClass",
      metadata: { ...metadata, name: podIdentity ? pulumi.interpolate`${own}-pod-identity` : own },
      spec: {
        provider: "aws",
        parameters: {
          objects: pulumi.output(secrets).apply((known) => JSON.stringify(objectsOf(known))),
          // Without it the provider looks for the annotation of IRSA (its README).
          ...(podIdentity && { usePodIdentity: "true" }),
        },
        secretObjects: [
          {
            secretName: own,
            type: "Opaque",
            data: names.map((name) => ({ objectName: name, key: name })),
          },
        ],
      },
    },
    opts,
  );
}

/** What the provider fetches: a secret whose keys are asked for once, whatever their number. */
function objectsOf(secrets: Record<string, SecretConfig>): object[] {
  const whole = Object.entries(secrets).filter(([, { key }]) => key === undefined);
  const ofKeys = Object.entries(secrets).filter(([, { key }]) => key !== undefined);
  const split = [...new Set(ofKeys.map(([, { secret }]) => secret))];
  return [
    ...whole.map(([name, { secret, parameter }]) => ({
      objectName: secret ?? parameter,
      objectType: secret === undefined ? "ssmparameter" : "secretsmanager",
      objectAlias: name,
    })),
    ...split.map((one, at) => ({
      objectName: one,
      objectType: "secretsmanager",
      objectAlias: `.secret-${at + 1}`,
      jmesPath: ofKeys
        .filter(([, { secret }]) => secret === one)
        .map(([name, { key }]) => ({ path: `"${key}"`, objectAlias: name })),
    })),
  ];
}

/**
 * Reading exactly the secrets that the containers name; none where they name none. Those of resources
 * come with their links.
 */
export function secretStatements(containers: Secrets[], place: Place): aws.iam.PolicyStatement[] {
  const sources = containers.flatMap(({ secrets }) => Object.values(secrets));
  const arns = (of: (source: SecretSource) => string | undefined) =>
    [...new Set(sources.flatMap((source) => of(source) ?? []))].sort();
  const secrets = arns(({ secret }) =>
    typeof secret === "string" ? secretArn(secret, place) : undefined,
  );
  const parameters = arns(({ parameter }) => parameter && parameterArn(parameter, place));
  const read = (Sid: string, Action: string[], Resource: string[]): aws.iam.PolicyStatement[] =>
    Resource.length > 0 ? [{ Sid, Effect: "Allow", Action, Resource }] : [];
  return [
    ...read("Secrets", ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"], secrets),
    ...read("Parameters", ["ssm:GetParameters"], parameters),
  ];
}

/** Secrets Manager adds a hyphen and six characters to each name. */
function secretArn(secret: string, { region, accountId }: Place): string {
  return secret.startsWith("arn:")
    ? secret
    : `arn:aws:secretsmanager:${region}:${accountId}:secret:${secret}-??????`;
}

function parameterArn(parameter: string, { region, accountId }: Place): string {
  return parameter.startsWith("arn:")
    ? parameter
    : `arn:aws:ssm:${region}:${accountId}:parameter/${parameter.replace(/^\//, "")}`;
}
