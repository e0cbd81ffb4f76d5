import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { drainClock, drainEnvironment } from "../../infra/services/drain.ts";
import { ConfigError, readConfig } from "../../service/src/config.ts";

const problems = (environment: Record<string, string>) => {
  try {
    readConfig(environment);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
  return [];
};

describe("the service's configuration", () => {
  it("is complete without any variable, with fault injection and tracing off", () => {
    const config = readConfig({});
    assert.equal(config.port, 8080);
    assert.equal(config.metricsPort, 9090);
    assert.equal(config.faultInjection, false);
    assert.equal(config.otlpEndpoint, undefined);
    assert.equal(config.trustedProxyHops, 1);
    assert.ok(config.drain.minSeconds + config.drain.quietSeconds <= config.drain.maxSeconds);
  });

  it("takes an empty value as unset", () =>
    assert.deepEqual(readConfig({ ZONE: "", PORT: "" }), readConfig({})));

  it("takes the platform's clock as it is given", () => {
    const clock = drainClock({
      drainSeconds: 30,
      requestTimeoutSeconds: 20,
      idleTimeoutSeconds: 60,
    });
    const config = readConfig(drainEnvironment(clock));
    assert.deepEqual(config.drain, {
      minSeconds: clock.minSeconds,
      quietSeconds: clock.quietSeconds,
      maxSeconds: clock.maxSeconds,
      closeTimeoutSeconds: clock.closeTimeoutSeconds,
    });
    assert.equal(config.keepAliveSeconds, clock.keepAliveSeconds);
    assert.equal(config.requestTimeoutSeconds, 20);
  });

  for (const [name, value, allowed] of [
    ["PORT", "http", "a whole number from 0 to 65535"],
    ["PORT", "65536", "a whole number from 0 to 65535"],
    ["METRICS_PORT", "-1", "a whole number from 0 to 65535"],
    ["HOST", "\n", "1 to 255 printable characters"],
    ["LOG_LEVEL", "loud", "fatal error warn info debug trace silent"],
    ["SERVICE_NAME", "é", "1 to 255 printable characters"],
    ["IMAGE_DIGEST", "latest", "sha256: and 64 hexadecimal digits"],
    ["DRAIN_MIN_SECONDS", "30s", "seconds from 0 to 3600"],
    ["KEEP_ALIVE_SECONDS", "0", "seconds from 1 to 4000"],
    ["REQUEST_TIMEOUT_SECONDS", "0", "seconds from 0.1 to 3600"],
    ["MAX_BODY_BYTES", "1023", "a whole number from 1024 to 10485760"],
    ["FAULT_INJECTION", "yes", "true false"],
    ["TRUSTED_PROXY_HOPS", "1.5", "a whole number from 0 to 10"],
    [
      "METRICS_NAMESPACE",
      "AWS/EC2",
      "1 to 255 of letters, digits, space and . - _ / # :, not starting with AWS/",
    ],
    ["AWS_EMF_AGENT_ENDPOINT", "tcp://agent:25888", "a URL that starts with udp:"],
    ["OTEL_EXPORTER_OTLP_ENDPOINT", "agent:4318", "a URL that starts with http: or https:"],
  ] as const) {
    it(`refuses ${name}=${JSON.stringify(value)}`, () =>
      assert.deepEqual(problems({ [name]: value }), [
        `${name}: ${JSON.stringify(value)} is not allowed; allowed: ${allowed}`,
      ]));
  }

  it("refuses a shortest drain that is longer than the longest", () =>
    assert.deepEqual(problems({ DRAIN_MIN_SECONDS: "90" }), [
      "DRAIN_MIN_SECONDS: 90 is not allowed; allowed: at most DRAIN_MAX_SECONDS (60)",
    ]));

  it("names every problem at once", () =>
    assert.equal(problems({ PORT: "x", LOG_LEVEL: "x", ZONE: "\n" }).length, 3));
});
