import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { Refused } from "../../../tools/deliver/image-references.ts";
import {
  alarmsAbout,
  slowAlarms,
  type Watched,
  watchSecondsFor,
} from "../../../tools/deliver/release-alarms.ts";
import { aws, watchedOf } from "../../../tools/deliver/release-cloud.ts";
import { evaluate } from "../../../tools/graph/evaluate.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { CommandFailed } from "../../../tools/shell.ts";
import { CommandStubs } from "../../support/command-stubs.ts";
import { described } from "../../support/release-described.ts";

describe("what a release asks of AWS", function () {
  this.timeout(60_000);
  let standIns: CommandStubs;
  let prod: Resource[];
  const cloud = aws("eu-central-1");
  const watched: Watched = watchedOf(undefined, { clusterName: "platform-prod" });
  before(async () => {
    ({ resources: prod } = await evaluate("prod"));
    standIns = new CommandStubs();
  });
  after(() => standIns.close());

  const alarms = async (ringing: string[] = []) => {
    const ours = described(prod, ringing);
    const others = described(prod, ringing).MetricAlarms.map((one) => ({
      ...one,
      AlarmName: one.AlarmName.replace("platform-prod/", "platform-production/"),
      StateValue: "ALARM",
    }));
    standIns.set({ alarms: { ...ours, MetricAlarms: [...others, ...ours.MetricAlarms] } });
    return alarmsAbout(await cloud.alarms(watched), watched, ["web"]);
  };
  const rings = async (...names: string[]) =>
    (await alarms(names.map((name) => `platform-prod/${name}`)))
      .filter((alarm) => alarm.rings)
      .map(({ name }) => name.replace("platform-prod/", ""));

  it("is whether the alarms of the services that change ring, and the load balancer's", async () => {
    assert.deepEqual(await rings(), []);
    assert.deepEqual(await rings("web/errors"), ["web/errors"]);
    assert.deepEqual(await rings("balancer-errors", "node-disk"), ["balancer-errors"]);
    assert.match(standIns.calls.at(-1) ?? "", /--region eu-central-1 /);
  });

  it("is never whether a part of another alarm rings, but whether that alarm does", async () => {
    const burn = "web/availability-fast-burn";
    assert.deepEqual(await rings(`${burn}-short`, `${burn}-long`), []);
    assert.deepEqual(await rings(`${burn}-short`, `${burn}-long`, burn), [burn]);
  });

  it("is every alarm of the plan that is about a service or the load balancer, and tells somebody", async () => {
    const judges = (await alarms()).map(({ name }) => name).sort();
    const expected = described(prod);
    const all = [...expected.MetricAlarms, ...expected.CompositeAlarms]
      .filter(({ AlarmActions }) => AlarmActions.length > 0)
      .map(({ AlarmName }) => AlarmName)
      .filter((name) => /\/(web\/|balancer-errors$)/.test(name));
    assert.deepEqual(judges, all.sort());
    assert.ok(judges.length >= 12);
  });

  it("is asked for so long that each of the plan's alarms but the budgets' can ring", async () => {
    const judges = await alarms();
    const watch = watchSecondsFor(judges);
    const { MetricAlarms } = described(prod);
    const periods = MetricAlarms.filter(
      ({ AlarmName }) => /\/web\/|balancer-errors/.test(AlarmName) && !/burn/.test(AlarmName),
    ).map(({ EvaluationPeriods, Metrics }) =>
      Math.max(
        ...Metrics.flatMap((one: { MetricStat?: { Period: number } }) => one.MetricStat ?? []).map(
          ({ Period }: { Period: number }) => Period * EvaluationPeriods,
        ),
      ),
    );
    assert.ok(periods.includes(600) && periods.includes(900));
    assert.ok(watch >= Math.max(...periods) + 60, String(watch));
    const needs = Object.fromEntries(judges.map(({ name, needsSeconds }) => [name, needsSeconds]));
    assert.equal(needs["platform-prod/web/no-targets"], 3 * 60);
    assert.equal(needs["platform-prod/web/errors"], 2 * 300);
    assert.equal(needs["platform-prod/web/availability-fast-burn"], 3600);
    const slow = slowAlarms(judges, watch).map(({ name }) => name);
    assert.ok(slow.length > 0 && slow.every((name) => name.endsWith("-burn")), slow.join());
  });

  it("is the alarms of a prefix where one is given, all of them", async () => {
    standIns.set({ alarms: described(prod, ["platform-prod/node-disk"]) });
    const named = watchedOf("platform-prod/node-", {});
    const ringing = alarmsAbout(await cloud.alarms(named), named, ["web"]).filter(
      ({ rings }) => rings,
    );
    assert.deepEqual(
      ringing.map(({ name }) => name),
      ["platform-prod/node-disk"],
    );
  });

  it("is refused as AWS refuses it", async () => {
    const said =
      "An error occurred (AccessDenied) when calling the DescribeAlarms operation: User is not authorized";
    standIns.set({ failing: { aws: said } });
    await assert.rejects(
      cloud.alarms(watched),
      (error: Error) => error instanceof CommandFailed && error.message === said,
    );
  });

  describe("of an image", () => {
    const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
    const registry = "444455556666.dkr.ecr.us-east-1.amazonaws.com";
    before(() => standIns.set({ images: { "shop/web": [digest("a")] } }));

    it("is whether its registry has the digest, in that registry's account and region", async () => {
      await cloud.requireImage(`${registry}/shop/web@${digest("a")}`);
      assert.match(standIns.calls.at(-1) ?? "", /--region us-east-1 .*--registry-id 444455556666 /);
      for (const [repository, letter, said] of [
        ["shop/web", "b", "ImageNotFoundException"],
        ["web", "a", "RepositoryNotFoundException"],
      ]) {
        const reference = `${registry}/${repository}@${digest(letter as string)}`;
        await assert.rejects(
          cloud.requireImage(reference),
          (error: Error) =>
            error instanceof Refused &&
            error.message.startsWith(`${reference} cannot be read: An error occurred (${said})`),
        );
      }
    });

    it("is nothing where AWS keeps it not", async () => {
      const asked = standIns.calls.length;
      await cloud.requireImage(`ghcr.io/example/web@${digest("a")}`);
      assert.equal(standIns.calls.length, asked);
    });
  });
});
