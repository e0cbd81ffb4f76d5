import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, it } from "mocha";
import { boundRoles } from "../../../infra/cluster/permissions-boundary.ts";
import { deploy, evaluate, only } from "../../../tools/graph/evaluate.ts";
import { PlanError } from "../../../tools/graph/plan-error.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { settingsFile } from "../../../tools/graph/stack-settings.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

class Group extends pulumi.ComponentResource {
  constructor(
    name: string,
    make: (group: Group) => void,
    opts?: pulumi.ComponentResourceOptions,
    remote = false,
  ) {
    super("test:group:Group", name, {}, opts, remote);
    make(this);
    this.registerOutputs();
  }
}

describe("deploy", () => {
  const named = (resources: Resource[], name: string) => {
    const [found] = resources.filter((resource) => resource.name === name);
    assert.ok(found, `no resource ${name}`);
    return found;
  };

  it("records URNs as Pulumi writes them, with the types of all ancestors", async () => {
    const resources = await deploy(
      () =>
        new Group("outer", (outer) => {
          new Group(
            "inner",
            (inner) => {
              new aws.kms.Key("key", {}, { parent: inner });
            },
            { parent: outer },
          );
        }),
    );
    const { urn, parent } = only(resources, "aws:kms/key:Key");
    assert.equal(
      urn,
      "urn:pulumi:test::platform::test:group:Group$test:group:Group$aws:kms/key:Key::key",
    );
    assert.equal(parent, named(resources, "inner").urn);
  });

  it("records inputs after the transforms of the stack", async () => {
    const [role] = await deploy(() => {
      boundRoles("arn:aws:iam::111122223333:policy/boundary");
      new aws.iam.Role("role", { assumeRolePolicy: "{}" });
    });
    assert.equal(role?.inputs.permissionsBoundary, "arn:aws:iam::111122223333:policy/boundary");
  });

  it("records the dependencies of a resource from its options and its inputs", async () => {
    const resources = await deploy(() => {
      const key = new aws.kms.Key("key");
      const group = new Group("group", (group) => {
        new aws.sns.Topic("first", {}, { parent: group });
      });
      new aws.sns.Topic("second", { kmsMasterKeyId: key.arn }, { dependsOn: group });
    });
    const { dependsOn, propertyDependencies, inputs } = named(resources, "second");
    const [key, first] = ["key", "first"].map((name) => named(resources, name).urn);
    assert.deepEqual(dependsOn.toSorted(), [first, key].sort());
    assert.deepEqual(propertyDependencies.kmsMasterKeyId, [key]);
    assert.match(inputs.kmsMasterKeyId, /^arn:aws:kms:/);
  });

  it("records the provider of a resource, and all providers of a remote component", async () => {
    const resources = await deploy(() => {
      const provider = new aws.Provider("mine", { region: "eu-central-1" });
      new aws.sns.Topic("topic", {}, { provider });
      new aws.sns.Topic("stray");
      new Group(
        "group",
        (group) => {
          new Group("remote", () => {}, { parent: group }, true);
        },
        { providers: [provider] },
      );
    });
    const { urn } = only(resources, "pulumi:providers:aws");
    assert.equal(named(resources, "topic").provider, urn);
    assert.equal(named(resources, "stray").provider, undefined);
    assert.deepEqual(named(resources, "remote").provider, [urn]);
    assert.equal(named(resources, "group").provider, undefined);
  });

  it("records `protect` and `ignoreChanges`", async () => {
    const resources = await deploy(() => {
      new aws.sns.Topic("kept", {}, { protect: true, ignoreChanges: ["tags"] });
      new aws.sns.Topic("other");
    });
    assert.equal(named(resources, "kept").protect, true);
    assert.deepEqual(named(resources, "kept").ignoreChanges, ["tags"]);
    assert.equal(named(resources, "other").protect, false);
  });

  it("masks secrets and values computed from them", async () => {
    const resources = await deploy(() => {
      const password = pulumi.secret("hunter2");
      new aws.secretsmanager.SecretVersion("version", {
        secretId: "id",
        secretString: pulumi.interpolate`user:${password}`,
      });
    });
    assert.doesNotMatch(JSON.stringify(resources), /hunter2/);
    assert.equal(named(resources, "version").inputs.secretString, "[secret]");
  });

  it("fails with the error of the program", async () => {
    await assert.rejects(
      deploy(() => {
        throw new Error("no such thing");
      }),
      /no such thing/,
    );
  });

  it("fails with the error of a registration that the program does not await", async () => {
    await assert.rejects(
      deploy(() => {
        const bad = pulumi.output("x").apply((): string => {
          throw new Error("bad input");
        });
        new aws.sns.Topic("topic", { displayName: bad });
      }),
      /bad input/,
    );
    assert.equal((await deploy(() => new aws.sns.Topic("next"))).length, 1);
  });

  it("fails on two resources of one name, as the engine does", async () => {
    await assert.rejects(
      deploy(() => {
        new aws.sns.Topic("topic");
        new aws.sns.Topic("topic");
      }),
      /Two resources have the URN urn:pulumi:test::platform::aws:sns\/topic:Topic::topic/,
    );
  });

  it("fails on a function without a mock, and names it", async () => {
    await assert.rejects(
      deploy(() => {
        const { id } = aws.ec2.getAmiOutput({ owners: ["self"] });
        new aws.ec2.Instance("instance", { ami: id });
      }),
      /aws:ec2\/getAmi:getAmi/,
    );
  });
});

describe("evaluate", () => {
  let folder: string;
  const write = (file: string, ...lines: string[]) =>
    writeFileSync(join(folder, file), `${lines.join("\n")}\n`);
  const failure = async (stack: string) => {
    let message: string | undefined;
    await assert.rejects(evaluate(stack, folder), (error) => {
      assert.ok(error instanceof PlanError, String(error));
      message = error.message;
      return true;
    });
    return message as string;
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "plan-"));
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    write("package.json", '{ "type": "module" }');
    write("Pulumi.yaml", "name: shop", "config:", "  region: { type: string, default: eu-west-1 }");
    write("Pulumi.dev.yaml", "config:", "  shop:size: 3", "  shop:parts: { a: [1, two] }");
    write(
      "index.ts",
      'import * as pulumi from "@pulumi/pulumi";',
      'const config = new pulumi.Config("shop");',
      "export const size = config.requireNumber('size');",
      "export const region = config.require('region');",
      "export const parts = config.requireObject('parts');",
      "export const where = process.cwd();",
    );
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("passes settings to the program as Pulumi does, with defaults and objects", async () => {
    const { outputs } = await evaluate("dev", folder);
    assert.equal(outputs.size, 3);
    assert.equal(outputs.region, "eu-west-1");
    assert.deepEqual(outputs.parts, { a: [1, "two"] });
  });

  it("runs the program in its folder, and restores the working directory", async () => {
    const from = process.cwd();
    const { outputs } = await evaluate("dev", folder);
    assert.equal(outputs.where, folder);
    assert.equal(process.cwd(), from);
  });

  it("runs the program again each time", async () => {
    await evaluate("dev", folder);
    write("Pulumi.dev.yaml", "config:", "  shop:size: 4", "  shop:parts: {}");
    assert.equal((await evaluate("dev", folder)).outputs.size, 4);
  });

  it("masks encrypted settings at any depth, and lists their keys", async () => {
    write(
      "Pulumi.dev.yaml",
      "config:",
      "  shop:size: 3",
      "  shop:parts: { key: { secure: v1:AAAA } }",
    );
    const { outputs, secretKeys } = await evaluate("dev", folder);
    assert.deepEqual(outputs.parts, { key: "[secret]" });
    assert.deepEqual(secretKeys, ["shop:parts"]);
  });

  it("lists the existing stacks for an unknown one", async () => {
    write("Pulumi.prod.yaml", "config: {}");
    assert.equal(
      await failure("staging"),
      'There is no stack "staging": Pulumi.staging.yaml is missing. Stacks here: dev, prod.',
    );
  });

  it("uses the settings of an example by its name, unless the project has a stack of that name", async () => {
    mkdirSync(join(folder, "examples/shop"), { recursive: true });
    mkdirSync(join(folder, "examples/other"));
    write("examples/shop/Pulumi.shop.yaml", "config: { shop:size: 5, shop:parts: {} }");
    // A file of another name is no example's.
    write("examples/other/Pulumi.shop.yaml", "config: { shop:size: 6, shop:parts: {} }");
    assert.equal((await evaluate("shop", folder)).outputs.size, 5);
    assert.equal(settingsFile("shop", folder), "examples/shop/Pulumi.shop.yaml");
    assert.equal(
      await failure("other"),
      'There is no stack "other": Pulumi.other.yaml is missing. Stacks here: dev; examples: shop.',
    );
    write("examples/shop/Pulumi.shop.yaml", "config: [shop]");
    assert.match(await failure("shop"), /^examples\/shop\/Pulumi\.shop\.yaml: config: must be/);
    write("Pulumi.shop.yaml", "config: { shop:size: 7, shop:parts: {} }");
    assert.equal((await evaluate("shop", folder)).outputs.size, 7);
  });

  it("reports the position of invalid YAML", async () => {
    write("Pulumi.dev.yaml", "config:", "  shop:size: [1, 2");
    assert.match(await failure("dev"), /^Pulumi\.dev\.yaml: .+ at line \d+, column \d+/);
    write("Pulumi.dev.yaml", "- shop:size");
    assert.equal(await failure("dev"), "Pulumi.dev.yaml: must be a map of keys and values");
    write("Pulumi.dev.yaml", "config: [shop]");
    assert.equal(await failure("dev"), "Pulumi.dev.yaml: config: must be a map of keys and values");
  });

  it("reports the program's error about its settings without a stack trace", async () => {
    write(
      "index.ts",
      'import { RunError } from "@pulumi/pulumi";',
      'throw new RunError("shop:size: 3 is too small");',
    );
    assert.equal(await failure("dev"), "shop:size: 3 is too small");
  });

  it("reports the line of a failure of the program", async () => {
    write("index.ts", "export const ok = 1;", "const none: any = undefined;", "none.size;");
    assert.match(
      await failure("dev"),
      /^The program fails: Cannot read properties of undefined .* \(index\.ts:3\)$/,
    );
  });

  it("makes resources without stack traces", async () => {
    const traces: number[] = [];
    const { prepareStackTrace } = Error;
    Error.prepareStackTrace = (_, frames) => traces.push(frames.length);
    try {
      await deploy(() => new aws.sns.Topic("topic"));
    } finally {
      Error.prepareStackTrace = prepareStackTrace;
    }
    assert.deepEqual(
      traces.filter((frames) => frames > 0),
      [],
    );
  });

  it("restores the stack traces after a failed program", async () => {
    const { stackTraceLimit } = Error;
    await assert.rejects(
      deploy(() => {
        new aws.sns.Topic("topic");
        throw new Error("fails");
      }),
      /fails/,
    );
    assert.equal(Error.stackTraceLimit, stackTraceLimit);
    const { stackTrace } = pulumi.Resource as unknown as { stackTrace(skip: number): unknown[] };
    assert.notDeepEqual(stackTrace.call(pulumi.Resource, 0), []);
  });
});
