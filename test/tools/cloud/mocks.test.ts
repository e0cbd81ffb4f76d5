import assert from "node:assert/strict";
import * as aws from "@pulumi/aws";
import * as awsx from "@pulumi/awsx";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { describe, it } from "mocha";
import { mocksOf } from "../../../tools/cloud/mocks.ts";
import { deploy, only } from "../../../tools/graph/evaluate.ts";

const resolved = async <T>(read: () => pulumi.Output<T>): Promise<T> => {
  let value: T | undefined;
  await deploy(() => {
    read().apply((read) => {
      value = read;
    });
  });
  return value as T;
};

describe("mocks", () => {
  it("generate the same name in each run, and keep a given name", async () => {
    const run = () =>
      deploy(() => {
        new aws.iam.Role("auto", { assumeRolePolicy: "{}" });
        new aws.iam.Role("given", { name: "exactly", assumeRolePolicy: "{}" });
        new kubernetes.core.v1.ConfigMap("config", { metadata: { namespace: "web" } });
      });
    const ids = (await run()).map(({ id }) => id).sort();
    assert.match(ids[0] as string, /^auto-[0-9a-f]{7}$/);
    assert.equal(ids[1], "exactly");
    assert.match(ids[2] as string, /^web\/config-[0-9a-f]{8}$/);
    assert.deepEqual((await run()).map(({ id }) => id).sort(), ids);
  });

  it("give ARNs of the stack's account and region", async () => {
    const place = { region: "eu-west-3", accountId: "444455556666", caller: "" };
    const make = (type: string) =>
      mocksOf(place).newResource({ type, name: "one", inputs: {}, custom: true });
    const arn = async (type: string) => (await make(type)).state.arn;
    assert.match(await arn("aws:kms/key:Key"), /^arn:aws:kms:eu-west-3:444455556666:key\//);
    assert.match(await arn("aws:iam/role:Role"), /^arn:aws:iam::444455556666:role\/one-/);
    assert.match(await arn("aws:sns/topic:Topic"), /^arn:aws:sns:eu-west-3:444455556666:/);
  });

  it("do not return the inputs of a remote component as its outputs", async () => {
    const { outputs } = only(
      await deploy(
        () => new awsx.ec2.Vpc("vpc", { natGateways: { strategy: "Single" }, tags: { a: "b" } }),
      ),
      "awsx:ec2:Vpc",
    );
    assert.match(outputs.natGateways[0].id, /^nat-[0-9a-f]{17}$/);
    assert.equal(outputs.tags, undefined);
    assert.match(outputs.vpcId, /^vpc-[0-9a-f]{17}$/);
    const unknown = { type: "other:index:Component", name: "one", inputs: { a: 1 }, custom: false };
    const mocks = mocksOf({
      region: "eu-central-1",
      accountId: "111122223333",
      caller: "arn:aws:iam::111122223333:role/Admin",
    });
    assert.deepEqual((await mocks.newResource(unknown)).state, {});
  });

  it("accept any architecture of an instance type, and derive its size from its name", async () => {
    const facts = await resolved(() =>
      aws.ec2.getInstanceTypeOutput({ instanceType: "c99.xlarge" }),
    );
    assert.deepEqual(facts.supportedArchitectures, ["arm64", "x86_64"]);
    assert.deepEqual([facts.defaultVcpus, facts.memorySize], [4, 8192]);
  });

  it("give a VPC one public and one private subnet a zone", async () => {
    const subnets = await resolved(() => {
      const vpc = new awsx.ec2.Vpc("vpc", {
        availabilityZoneNames: ["eu-central-1a", "eu-central-1c"],
      });
      return pulumi.all([vpc.publicSubnetIds, vpc.privateSubnetIds]);
    });
    assert.deepEqual(
      subnets.map(({ length }) => length),
      [2, 2],
    );
    assert.equal(new Set(subnets.flat()).size, 4);
  });
});
