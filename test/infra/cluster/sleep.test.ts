import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { describe, it } from "mocha";
import { nodeGroupPlans } from "../../../infra/cluster/node-groups.ts";
import { requireAwake, sleepBySchedule } from "../../../infra/cluster/sleep.ts";
import type { NodesConfig } from "../../../infra/config/schema.ts";
import { deploy, only } from "../../../tools/graph/evaluate.ts";

const arn = "arn:aws:eks:eu-central-1:111122223333:nodegroup/platform/nodes/1";
const sizes = { minSize: 2, desiredSize: 3, maxSize: 4 };
const schedule = { sleep: "0 19 * * 1-5", wake: "0 7 * * 1-5", timeZone: "Europe/Berlin" };
const made = (more: Partial<NodesConfig>) => {
  const nodes = { ...sizes, groups: {}, ...more } as NodesConfig;
  const groups = nodeGroupPlans(nodes, 2).map((plan) => ({
    plan,
    name: pulumi.output(`nodes${plan.key}`),
    arn: pulumi.output(`${arn}${plan.key}`),
  }));
  const cluster = { name: pulumi.output("platform"), nodes: { groups } };
  return deploy(() => sleepBySchedule("sleep", { nodes, cluster }, {}));
};
const schedules = async () => {
  const found = (await made({ schedule })).filter(({ type }) => type.endsWith(":Schedule"));
  return Object.fromEntries(found.map(({ name, inputs }) => [name, inputs]));
};

describe("the sleep of a node group", () => {
  it("is of a stack with a schedule only", async () => {
    assert.deepEqual(await made({}), []);
    assert.deepEqual(Object.keys(await schedules()).sort(), ["sleep-sleep", "sleep-wake"]);
  });

  it("takes all nodes, and brings those of the settings, at the times of the settings", async () => {
    const { "sleep-sleep": sleep, "sleep-wake": wake } = await schedules();
    const input = (of: typeof sleep) => JSON.parse(of?.target.input);
    const group = { ClusterName: "platform", NodegroupName: "nodes" };
    assert.deepEqual(input(sleep), {
      ...group,
      ScalingConfig: { MinSize: 0, DesiredSize: 0, MaxSize: 1 },
    });
    assert.deepEqual(input(wake), {
      ...group,
      ScalingConfig: { MinSize: 2, DesiredSize: 3, MaxSize: 4 },
    });
    assert.equal(sleep?.scheduleExpression, "cron(0 19 ? * MON,TUE,WED,THU,FRI *)");
    assert.equal(wake?.scheduleExpression, "cron(0 7 ? * MON,TUE,WED,THU,FRI *)");
    assert.equal(sleep?.scheduleExpressionTimezone, "Europe/Berlin");
    assert.equal(sleep?.target.retryPolicy.maximumEventAgeInSeconds, 7200);
  });

  it("is by a role that schedules of this account may assume, and that may do nothing else", async () => {
    const resources = await made({ schedule });
    const trust = JSON.parse(only(resources, "aws:iam/role:Role").inputs.assumeRolePolicy);
    assert.deepEqual(trust.Statement, [
      {
        Effect: "Allow",
        Action: "sts:AssumeRole",
        Principal: { Service: "scheduler.amazonaws.com" },
        Condition: { StringEquals: { "aws:SourceAccount": "111122223333" } },
      },
    ]);
    const { policy } = only(resources, "aws:iam/rolePolicy:RolePolicy").inputs;
    assert.deepEqual(JSON.parse(policy).Statement, [
      { Effect: "Allow", Action: "eks:UpdateNodegroupConfig", Resource: arn },
    ]);
  });

  it("is of each group, by its own sizes, and by one role", async () => {
    const spot = { instanceTypes: [], capacityType: "SPOT" as const, minSize: 1, maxSize: 9 };
    const resources = await made({ schedule, groups: { spot } });
    const inputs = resources.filter(({ type }) => type.endsWith(":Schedule"));
    assert.deepEqual(inputs.map(({ name }) => name).sort(), [
      ...["sleep-sleep", "sleep-spot-sleep", "sleep-spot-wake", "sleep-wake"],
    ]);
    const wake = inputs.find(({ name }) => name === "sleep-spot-wake");
    assert.deepEqual(JSON.parse(wake?.inputs.target.input), {
      ClusterName: "platform",
      NodegroupName: "nodesspot",
      ScalingConfig: { MinSize: 1, DesiredSize: 1, MaxSize: 9 },
    });
    const { policy } = only(resources, "aws:iam/rolePolicy:RolePolicy").inputs;
    assert.deepEqual(JSON.parse(policy).Statement[0].Resource, [arn, `${arn}spot`]);
  });
});

describe("an update of a stack that sleeps", () => {
  const night = { minSize: 0, desiredSize: 0, maxSize: 1, replaced: false };
  const run = async (more: Partial<NodesConfig>, running?: typeof night, preview = false) => {
    const none = { newResource: () => ({ id: "", state: {} }), call: () => ({}) };
    await pulumi.runtime.setMocks(none, "platform", "dev", preview);
    requireAwake({ nodes: { ...sizes, ...more } as NodesConfig }, running ? { "": running } : {});
  };

  it("is refused with what wakes it, and its preview is not", async () => {
    await assert.rejects(run({ schedule }, night), {
      message:
        "The stack sleeps: its nodes are at 0 since nodes.schedule.sleep. First: npm run wake -- --stack dev",
    });
    await assert.rejects(run({ schedule }, { ...night, desiredSize: 1 }), pulumi.RunError);
    await run({ schedule }, night, true);
  });

  it("runs while it is awake, before it has nodes, and without a schedule", async () => {
    await run({ schedule }, { ...night, minSize: 1, desiredSize: 1 });
    await run({ schedule });
    await run({}, night);
  });
});
