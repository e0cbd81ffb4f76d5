import type { Resource } from "../graph/resource.ts";

/** The secrets that the program makes without a value, and who waits for it. */
export function emptySecrets(resources: Resource[]): { name: string; users: string[] }[] {
  const classes = resources.filter(({ type }) => type.endsWith(":SecretProviderClass"));
  return resources
    .filter(({ type }) => type === "aws:secretsmanager/secret:Secret")
    .map(({ name, outputs }) => ({
      name,
      users: classes
        .filter(({ inputs }) => inputs.spec.parameters.objects.includes(`"${outputs.arn}"`))
        .map(({ inputs }) => inputs.metadata.namespace),
    }));
}
