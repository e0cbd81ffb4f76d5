import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { clockOf } from "../../../infra/services/clock.ts";
import { drainClock, drainEnvironment } from "../../../infra/services/drain.ts";
import { serviceArgs } from "../../support/service-args.ts";

/** Every combination that the configuration lets through. */
const accepted = fc
  .record({
    drainSeconds: fc.integer({ min: 5, max: 900 }),
    requestTimeoutSeconds: fc.integer({ min: 1, max: 3595 }),
    idleTimeoutSeconds: fc.integer({ min: 2, max: 4000 }),
  })
  .filter(
    ({ requestTimeoutSeconds, idleTimeoutSeconds }) => requestTimeoutSeconds < idleTimeoutSeconds,
  );

const always = (
  property: (clock: ReturnType<typeof drainClock>, drainSeconds: number) => boolean,
) => fc.assert(fc.property(accepted, (args) => property(drainClock(args), args.drainSeconds)));

describe("drain clock", () => {
  it("serves for as long as the load balancer may send", () =>
    always((clock, drainSeconds) => clock.minSeconds >= drainSeconds));

  it("leaves room for a quiet gap before the longest drain ends", () =>
    always((clock) => clock.maxSeconds >= clock.minSeconds + clock.quietSeconds));

  it("closes no connection by force before the longest request has ended", () =>
    always((clock) => clock.closeTimeoutSeconds > clock.requestTimeoutSeconds));

  it("is killed only after the longest drain and the longest request", () =>
    always(
      (clock) => clock.terminationGracePeriodSeconds > clock.maxSeconds + clock.closeTimeoutSeconds,
    ));

  it("sleeps before SIGTERM for as long as the load balancer may send, and the longest request", () =>
    always(
      (clock, drainSeconds) => clock.preStopSeconds === drainSeconds + clock.closeTimeoutSeconds,
    ));

  it("is killed only after that sleep", () =>
    always((clock) => clock.terminationGracePeriodSeconds > clock.preStopSeconds));

  it("calls a rollout failed only after a pod could have left and another one started", () =>
    always(
      (clock) => clock.progressDeadlineSeconds >= clock.terminationGracePeriodSeconds + 2 * 60,
    ));

  it("gives a rollout the time that what starts before the container has", () => {
    const deadline = (sidecars: object, before = {}) => {
      const { progressDeadlineSeconds } = clockOf(
        { ...serviceArgs, sidecars: { ...sidecars }, before },
        serviceArgs.ingress,
      );
      return progressDeadlineSeconds;
    };
    const alone = deadline({});
    const start = { tcp: 9000, periodSeconds: 2, failures: 50 };
    assert.equal(deadline({ proxy: { health: { start } } }), alone + 100);
    assert.equal(deadline({ proxy: {}, other: {} }), alone);
    assert.equal(deadline({}, { load: {}, check: {} }), alone + 2 * 180);
  });

  it("lets the load balancer wait for the longest request", () =>
    always((clock) => clock.deregistrationDelaySeconds > clock.requestTimeoutSeconds));

  it("lives as long as the load balancer may still wait for it", () =>
    always(
      (clock, drainSeconds) =>
        clock.terminationGracePeriodSeconds >= drainSeconds + clock.deregistrationDelaySeconds,
    ));

  it("keeps an idle connection longer than the load balancer does, by more than Node's second", () =>
    always((clock) => clock.keepAliveSeconds > clock.idleTimeoutSeconds + 1));

  it("stays within what AWS accepts as deregistration delay", () =>
    always((clock) => clock.deregistrationDelaySeconds <= 3600));

  it("reaches the service in whole seconds", () => {
    const environment = drainEnvironment(
      drainClock({ drainSeconds: 30, requestTimeoutSeconds: 30, idleTimeoutSeconds: 60 }),
    );
    assert.deepEqual(environment, {
      DRAIN_MIN_SECONDS: "30",
      DRAIN_QUIET_SECONDS: "2",
      DRAIN_MAX_SECONDS: "62",
      CLOSE_TIMEOUT_SECONDS: "35",
      KEEP_ALIVE_SECONDS: "70",
      REQUEST_TIMEOUT_SECONDS: "30",
    });
  });
});
