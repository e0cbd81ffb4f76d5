import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { describe, it } from "mocha";
import { muteWhileAsleep } from "../../../infra/observability/alarms/mute-rules.ts";
import { deploy } from "../../../tools/graph/evaluate.ts";

const schedule = { sleep: "0 19 * * 1-5", wake: "0 7 * * 1-5", timeZone: "Europe/Berlin" };
const rules = async (count: number, times = schedule) => {
  const arns = Array.from({ length: count }, (_, at) =>
    pulumi.output(
      `arn:aws:cloudwatch:eu-central-1:111122223333:alarm:platform-dev/web/alarm-${at}`,
    ),
  );
  const resources = await deploy(() => muteWhileAsleep("asleep", times, arns, {}));
  return resources
    .sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }))
    .map(({ inputs }) => inputs);
};

describe("the alarms of a stack that sleeps", () => {
  it("tell nobody from its sleep until half an hour after its wake, over the weekend too", async () => {
    const found = await rules(2);
    assert.deepEqual(
      found.map(({ rule }) => rule.schedule),
      [
        {
          expression: "cron(0 19 * * MON,TUE,WED,THU)",
          duration: "PT12H30M",
          timezone: "Europe/Berlin",
        },
        { expression: "cron(0 19 * * FRI)", duration: "P2DT12H30M", timezone: "Europe/Berlin" },
      ],
    );
    for (const { muteTargets } of found) {
      assert.deepEqual(muteTargets.alarmNames, [
        "platform-dev/web/alarm-0",
        "platform-dev/web/alarm-1",
      ]);
    }
  });

  it("are all in some rule, of which each takes a hundred", async () => {
    const nightly = { ...schedule, sleep: "0 19 * * *", wake: "0 7 * * *" };
    const found = await rules(201, nightly);
    assert.deepEqual(
      found.map(({ muteTargets }) => muteTargets.alarmNames.length).sort((a, b) => a - b),
      [1, 100, 100],
    );
    assert.equal(new Set(found.flatMap(({ muteTargets }) => muteTargets.alarmNames)).size, 201);
    assert.deepEqual(await rules(0), []);
  });
});
