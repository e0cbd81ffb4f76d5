import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { loadConfig } from "../../infra/config/load.ts";

export type Slices = Record<string, Record<string, unknown> | string | undefined>;

/** The settings of a valid development stack. */
export const valid = {
  region: "eu-central-1",
  accountId: "111122223333",
  environment: "development",
  network: { zones: ["eu-central-1a", "eu-central-1b"] },
  cluster: {
    name: "platform-dev",
    kubernetesVersion: "1.36",
    admins: ["arn:aws:iam::111122223333:role/PlatformAdmin"],
  },
  nodes: { instanceTypes: ["t4g.medium"], minSize: 2, desiredSize: 2, maxSize: 4 },
  logs: { retentionDays: 7 },
  services: { web: { image: { context: "service" }, route: { path: "/" } } },
} satisfies Slices;

/** Loads `valid` with changed settings. */
export function load(changes: Slices = {}) {
  const settings: Slices = { ...valid };
  for (const [slice, values] of Object.entries(changes)) {
    const base = settings[slice];
    settings[slice] =
      typeof values === "object" && typeof base === "object" ? { ...base, ...values } : values;
  }
  const config = Object.entries(settings).flatMap(([key, value]) =>
    value === undefined
      ? []
      : [[`platform:${key}`, typeof value === "string" ? value : JSON.stringify(value)]],
  );
  pulumi.runtime.setMocks(
    { newResource: (args) => ({ id: args.name, state: args.inputs }), call: (args) => args.inputs },
    "platform",
    "test",
  );
  pulumi.runtime.setAllConfig(Object.fromEntries(config));
  return loadConfig();
}

/** Changes of the service web. */
export const web = (changes: object) => ({
  services: { web: { ...valid.services.web, ...changes } },
});

/** The errors of changed settings, without stack and project. Empty if they are valid. */
export function problems(changes: Slices): string[] {
  try {
    load(changes);
  } catch (error) {
    assert.ok(pulumi.RunError.isInstance(error), String(error));
    const [first = "", ...lines] = error.message.split("\n");
    assert.match(first, /^Pulumi\.test\.yaml: \d+ problems?$/);
    return lines.map((line) => line.trim().replace(/^platform:/, ""));
  }
  return [];
}
