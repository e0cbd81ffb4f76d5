import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type Config, logLevels, readConfig } from "../../service/src/config.ts";

const takes = (name: string, value: string) => {
  try {
    readConfig({ DRAIN_MAX_SECONDS: "7200", [name]: value });
    return true;
  } catch {
    return false;
  }
};

/** The least and the most of each number, and the smallest step beyond. */
const numbers: [name: string, least: number, most: number, step: number][] = [
  ["PORT", 0, 65_535, 1],
  ["METRICS_PORT", 0, 65_535, 1],
  ["DRAIN_MIN_SECONDS", 0, 3600, 0.5],
  ["DRAIN_QUIET_SECONDS", 0, 3600, 0.5],
  ["CLOSE_TIMEOUT_SECONDS", 0.1, 3600, 0.05],
  ["KEEP_ALIVE_SECONDS", 1, 4000, 0.5],
  ["REQUEST_TIMEOUT_SECONDS", 0.1, 3600, 0.05],
  ["MAX_BODY_BYTES", 1024, 10 * 1024 * 1024, 1],
  ["TRUSTED_PROXY_HOPS", 0, 10, 1],
];

describe("a variable of the service", () => {
  for (const [name, least, most, step] of numbers) {
    it(`${name} is from ${least} to ${most}`, () => {
      assert.ok(takes(name, String(least)) && takes(name, String(most)));
      assert.ok(!takes(name, String(least - step)), "below");
      assert.ok(!takes(name, String(most + step)), "above");
    });
  }

  it("of the longest drain is at most two hours, and not below the shortest", () => {
    assert.equal(readConfig({ DRAIN_MAX_SECONDS: "7200" }).drain.maxSeconds, 7200);
    assert.throws(() => readConfig({ DRAIN_MAX_SECONDS: "7201" }), /DRAIN_MAX_SECONDS/);
    assert.ok(takes("DRAIN_MIN_SECONDS", "3600"));
    const same = readConfig({ DRAIN_MIN_SECONDS: "60", DRAIN_MAX_SECONDS: "60" });
    assert.equal(same.drain.minSeconds, same.drain.maxSeconds);
  });

  it("reaches the configuration under its own name", () => {
    const digest = `sha256:${"b".repeat(64)}`;
    const read: [name: string, value: string, of: (config: Config) => unknown, is?: unknown][] = [
      ["HOST", "127.0.0.1", ({ host }) => host],
      ["PORT", "81", ({ port }) => port, 81],
      ["METRICS_PORT", "91", ({ metricsPort }) => metricsPort, 91],
      ["SERVICE_NAME", "shop", ({ identity }) => identity.name],
      ["SERVICE_VERSION", "1.2.3", ({ identity }) => identity.version],
      ["SERVICE_REVISION", "abc", ({ identity }) => identity.revision],
      ["IMAGE_DIGEST", digest, ({ identity }) => identity.imageDigest],
      ["POD_NAME", "shop-1", ({ identity }) => identity.pod],
      ["NODE_NAME", "node-1", ({ identity }) => identity.node],
      ["ZONE", "eu-central-1a", ({ identity }) => identity.zone],
      ["DRAIN_QUIET_SECONDS", "3", ({ drain }) => drain.quietSeconds, 3],
      ["TRUSTED_PROXY_HOPS", "2", ({ trustedProxyHops }) => trustedProxyHops, 2],
      ["METRICS_NAMESPACE", "Team/Shop", ({ metricsNamespace }) => metricsNamespace],
      ["AWS_EMF_LOG_GROUP_NAME", "group", ({ emfLogGroup }) => emfLogGroup],
      ["AWS_EMF_AGENT_ENDPOINT", "udp://agent:1", ({ emfAgent }) => emfAgent?.href],
      ["FAULT_INJECTION", "true", ({ faultInjection }) => faultInjection, true],
      ["FAULT_INJECTION", "false", ({ faultInjection }) => faultInjection, false],
    ];
    for (const [name, value, of, is = value] of read) {
      assert.equal(of(readConfig({ [name]: value })), is, name);
    }
    for (const protocol of ["http", "https"]) {
      const { otlpEndpoint } = readConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: `${protocol}://agent/` });
      assert.equal(otlpEndpoint?.href, `${protocol}://agent/`);
    }
    for (const level of logLevels) assert.equal(readConfig({ LOG_LEVEL: level }).logLevel, level);
  });

  it("has a default that is safe behind the platform's load balancer", () => {
    const config = readConfig({});
    assert.equal(config.host, "0.0.0.0");
    assert.notEqual(config.port, config.metricsPort);
    assert.equal(config.logLevel, "info");
    assert.equal(config.trustedProxyHops, 1);
    // An Application Load RequestLoad keeps idle connections for 60 seconds by default.
    assert.ok(config.keepAliveSeconds > 60 && config.keepAliveSeconds <= 120);
    assert.ok(config.drain.minSeconds >= 15 && config.drain.minSeconds < config.drain.maxSeconds);
    assert.ok(config.drain.quietSeconds > 0 && config.drain.quietSeconds < 10);
    assert.ok(config.drain.closeTimeoutSeconds > config.requestTimeoutSeconds);
    assert.ok(config.drain.closeTimeoutSeconds < 60 && config.drain.maxSeconds <= 120);
    assert.equal(config.identity.pod, "");
    assert.equal(config.emfLogGroup, undefined);
    assert.equal(config.emfAgent, undefined);
  });
});
