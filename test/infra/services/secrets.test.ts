import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { SecretConfig } from "../../../infra/config/container-schema.ts";
import { Service } from "../../../infra/services/service.ts";
import type { ServiceArgs } from "../../../infra/services/service-args.ts";
import { deploy, only } from "../../../tools/graph/evaluate.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { serviceArgs } from "../../support/service-args.ts";

const providerType = "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass";
const deploymentType = "kubernetes:apps/v1:Deployment";
const secrets: Record<string, SecretConfig> = {
  DB_USER: { secret: "prod/db", key: "user" },
  DB_PASSWORD: { secret: "prod/db", key: "pass-word" },
  LICENCE: {
    secret: "arn:aws:secretsmanager:eu-central-1:111122223333:secret:shared/licence-AbCdEf",
  },
  TOKEN: { parameter: "/prod/token" },
};
const service = (changes: Partial<ServiceArgs> = {}) =>
  deploy(() => new Service("service", { ...serviceArgs, secrets, ...changes }));
const podOf = (resources: Resource[]) => only(resources, deploymentType).inputs.spec.template.spec;
const objectsOf = (resources: Resource[]) =>
  JSON.parse(only(resources, providerType).inputs.spec.parameters.objects);

describe("secrets", () => {
  it("are variables of the container, each by a key of the Secret that the driver writes", async () => {
    const resources = await service();
    const [{ env }] = podOf(resources).containers;
    const [{ secretName, data, type }] = only(resources, providerType).inputs.spec.secretObjects;
    assert.equal(type, "Opaque");
    for (const name of Object.keys(secrets)) {
      const [variable, ...others] = env.filter((one: { name: string }) => one.name === name);
      assert.equal(others.length, 0);
      assert.deepEqual(variable.valueFrom, { secretKeyRef: { name: secretName, key: name } });
      const [entry] = data.filter((one: { key: string }) => one.key === name);
      const aliases = objectsOf(resources).flatMap(
        ({ objectAlias, jmesPath = [] }: { objectAlias: string; jmesPath?: object[] }) => [
          objectAlias,
          ...jmesPath.map((one) => (one as { objectAlias: string }).objectAlias),
        ],
      );
      assert.ok(aliases.includes(entry.objectName), name);
    }
  });

  it("are fetched once each, whole or by their keys", async () => {
    assert.deepEqual(objectsOf(await service()), [
      {
        objectName: secrets.LICENCE?.secret,
        objectType: "secretsmanager",
        objectAlias: "LICENCE",
      },
      { objectName: "/prod/token", objectType: "ssmparameter", objectAlias: "TOKEN" },
      {
        objectName: "prod/db",
        objectType: "secretsmanager",
        objectAlias: ".secret-1",
        jmesPath: [
          { path: '"user"', objectAlias: "DB_USER" },
          { path: '"pass-word"', objectAlias: "DB_PASSWORD" },
        ],
      },
    ]);
  });

  it("are mounted as files too, which is what makes the driver fetch them", async () => {
    const resources = await service();
    const { volumes, containers } = podOf(resources);
    const [mount] = containers[0].volumeMounts;
    assert.deepEqual(mount, {
      name: "web-secrets",
      mountPath: "/run/secrets/platform",
      readOnly: true,
    });
    assert.deepEqual(volumes, [
      {
        name: mount.name,
        csi: {
          driver: "secrets-store.csi.k8s.io",
          readOnly: true,
          volumeAttributes: {
            secretProviderClass: only(resources, providerType).inputs.metadata.name,
          },
        },
      },
    ]);
  });

  it("may be read by the service's role, exactly those and nothing else", async () => {
    const { policy } = only(await service(), "aws:iam/rolePolicy:RolePolicy").inputs;
    assert.deepEqual(policy.Statement, [
      {
        Sid: "Secrets",
        Effect: "Allow",
        Action: ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
        Resource: [
          "arn:aws:secretsmanager:eu-central-1:111122223333:secret:prod/db-??????",
          "arn:aws:secretsmanager:eu-central-1:111122223333:secret:shared/licence-AbCdEf",
        ],
      },
      {
        Sid: "Parameters",
        Effect: "Allow",
        Action: ["ssm:GetParameters"],
        Resource: ["arn:aws:ssm:eu-central-1:111122223333:parameter/prod/token"],
      },
    ]);
  });

  it("keep every value out of what Pulumi sees", async () => {
    const resources = await service();
    assert.deepEqual(
      resources.filter(({ type }) => type === "kubernetes:core/v1:Secret"),
      [],
    );
    const { env } = podOf(resources).containers[0];
    for (const name of Object.keys(secrets)) {
      const variable = env.find((one: { name: string }) => one.name === name);
      assert.equal(variable.value, undefined, name);
    }
  });

  it("have another class and Secret when other ones are named: pods that run keep theirs", async () => {
    const namesOf = async (changes: Partial<ServiceArgs>) => {
      const resources = await service(changes);
      const { urn, inputs } = only(resources, providerType);
      const { csi } = podOf(resources).volumes.find((one: { csi?: object }) => one.csi);
      assert.equal(csi.volumeAttributes.secretProviderClass, inputs.metadata.name);
      return [urn, inputs.metadata.name, inputs.spec.secretObjects[0].secretName];
    };
    const now = await namesOf({});
    assert.deepEqual(await namesOf({ memoryMiB: 300 }), now);
    const other = await namesOf({ secrets: { ...secrets, TOKEN: { parameter: "/prod/other" } } });
    for (const [at, name] of other.entries()) assert.notEqual(name, now[at]);
  });

  it("belong to a container each: a sidecar's are not its service's", async () => {
    const { image } = serviceArgs;
    const proxy = { ...serviceArgs, image, secrets: { TOKEN: { parameter: "/proxy/token" } } };
    const resources = await service({ sidecars: { proxy } });
    const names = resources
      .filter(({ type }) => type === providerType)
      .map(({ inputs }): string => inputs.metadata.name)
      .sort();
    assert.match(names.join(), /^proxy-secrets-[0-9a-f]{8},web-secrets-[0-9a-f]{8}$/);
    const [sidecar] = podOf(resources).initContainers;
    assert.deepEqual(
      sidecar.env.map(({ valueFrom }: { valueFrom: object }) => valueFrom),
      [{ secretKeyRef: { name: names[0], key: "TOKEN" } }],
    );
    const { policy } = only(resources, "aws:iam/rolePolicy:RolePolicy").inputs;
    assert.equal(policy.Statement[1].Resource.length, 2);
  });

  it("are none without the setting", async () => {
    const resources = await service({ secrets: {} });
    assert.ok(!resources.some(({ type }) => type === providerType));
    assert.ok(!resources.some(({ type }) => type === "aws:iam/rolePolicy:RolePolicy"));
    assert.equal(podOf(resources).volumes, undefined);
  });
});
