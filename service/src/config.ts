import { requestLimits } from "./limits.ts";

/** What the service is told by its environment, checked and typed. Every duration is in seconds. */
export interface Config {
  host: string;
  /** 0 takes any free port. */
  port: number;
  metricsPort: number;
  logLevel: LogLevel;
  identity: Identity;
  drain: DrainSettings;
  keepAliveSeconds: number;
  requestTimeoutSeconds: number;
  maxBodyBytes: number;
  faultInjection: boolean;
  trustedProxyHops: number;
  metricsNamespace: string;
  /** Where embedded metrics go; unset: standard output. */
  emfAgent: URL | undefined;
  emfLogGroup: string | undefined;
  /** Where traces go; unset: no tracing code is even loaded. */
  otlpEndpoint: URL | undefined;
}

/** Who answers. */
export interface Identity {
  name: string;
  version: string;
  revision: string;
  imageDigest: string;
  pod: string;
  node: string;
  zone: string;
}

export interface DrainSettings {
  /** From the signal, requests are served for at least so long, */
  minSeconds: number;
  /** then until none has come for so long and none is in flight, */
  quietSeconds: number;
  /** but at most so long. */
  maxSeconds: number;
  /** Connections still open so long after that are cut. */
  closeTimeoutSeconds: number;
}

export const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

type Environment = Record<string, string | undefined>;

/** Thrown with every problem found, one a line: variable, value, what is allowed. */
export class ConfigError extends Error {
  override name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

/**
 * Reads the whole configuration, or throws one `ConfigError` that names every wrong variable.
 *
 * An empty value counts as unset: the downward API gives "" for a label that is not there.
 */
export function readConfig(environment: Environment): Config {
  const problems: string[] = [];

  function read<T>(
    name: string,
    fallback: T,
    allowed: string,
    parse: (text: string) => T | undefined,
  ): T {
    const text = environment[name];
    if (text === undefined || text === "") return fallback;
    const value = parse(text);
    if (value !== undefined) return value;
    problems.push(`${name}: ${JSON.stringify(text)} is not allowed; allowed: ${allowed}`);
    return fallback;
  }

  const text = (name: string, fallback: string) =>
    read(name, fallback, "1 to 255 printable characters", (value) =>
      /^[\x20-\x7e]{1,255}$/.test(value) ? value : undefined,
    );
  const integer = (name: string, fallback: number, min: number, max: number) =>
    read(name, fallback, `a whole number from ${min} to ${max}`, (value) =>
      within(/^\d{1,9}$/, value, min, max),
    );
  const seconds = (name: string, fallback: number, min: number, max: number) =>
    read(name, fallback, `seconds from ${min} to ${max}`, (value) =>
      within(/^\d{1,9}(\.\d+)?$/, value, min, max),
    );
  const url = (name: string, protocols: string[]) =>
    read<URL | undefined>(
      name,
      undefined,
      `a URL that starts with ${protocols.join(" or ")}`,
      (value) =>
        URL.canParse(value) && protocols.some((protocol) => value.startsWith(`${protocol}//`))
          ? new URL(value)
          : undefined,
    );

  const config: Config = {
    host: text("HOST", "0.0.0.0"),
    port: integer("PORT", 8080, 0, 65535),
    metricsPort: integer("METRICS_PORT", 9090, 0, 65535),
    logLevel: read<LogLevel>("LOG_LEVEL", "info", logLevels.join(" "), (value) =>
      logLevels.find((level) => level === value),
    ),
    identity: {
      name: text("SERVICE_NAME", "web"),
      version: text("SERVICE_VERSION", "0.0.0"),
      revision: text("SERVICE_REVISION", "unknown"),
      // `digest` of infra/config/values.ts, which the service does not import.
      imageDigest: read("IMAGE_DIGEST", "", "sha256: and 64 hexadecimal digits", (value) =>
        /^sha256:[0-9a-f]{64}$/.test(value) ? value : undefined,
      ),
      pod: text("POD_NAME", ""),
      node: text("NODE_NAME", ""),
      zone: text("ZONE", ""),
    },
    drain: {
      minSeconds: seconds("DRAIN_MIN_SECONDS", 30, 0, 3600),
      quietSeconds: seconds("DRAIN_QUIET_SECONDS", 2, 0, 3600),
      maxSeconds: seconds("DRAIN_MAX_SECONDS", 60, 0, 7200),
      closeTimeoutSeconds: seconds("CLOSE_TIMEOUT_SECONDS", 35, 0.1, 3600),
    },
    keepAliveSeconds: seconds("KEEP_ALIVE_SECONDS", 70, 1, 4000),
    requestTimeoutSeconds: seconds("REQUEST_TIMEOUT_SECONDS", 30, 0.1, 3600),
    maxBodyBytes: integer("MAX_BODY_BYTES", requestLimits.body, 1024, 10 * 1024 * 1024),
    faultInjection: read("FAULT_INJECTION", false, "true false", (value) =>
      value === "true" ? true : value === "false" ? false : undefined,
    ),
    trustedProxyHops: integer("TRUSTED_PROXY_HOPS", 1, 0, 10),
    metricsNamespace: read("METRICS_NAMESPACE", "Platform/Service", namespaceRule, (value) =>
      /^(?!AWS\/)[\w.\-/#: ]{1,255}$/.test(value) ? value : undefined,
    ),
    emfAgent: url("AWS_EMF_AGENT_ENDPOINT", ["udp:"]),
    emfLogGroup: text("AWS_EMF_LOG_GROUP_NAME", "") || undefined,
    otlpEndpoint: url("OTEL_EXPORTER_OTLP_ENDPOINT", ["http:", "https:"]),
  };

  const { minSeconds, maxSeconds } = config.drain;
  if (minSeconds > maxSeconds) {
    problems.push(
      `DRAIN_MIN_SECONDS: ${minSeconds} is not allowed; allowed: at most DRAIN_MAX_SECONDS (${maxSeconds})`,
    );
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

const namespaceRule = "1 to 255 of letters, digits, space and . - _ / # :, not starting with AWS/";

function within(form: RegExp, text: string, min: number, max: number): number | undefined {
  const value = form.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}
