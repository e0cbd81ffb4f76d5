import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { hostNames, rules } from "./config-rules.ts";
import { type Settings, settingsSchema } from "./config-schema.ts";
import { drainClock } from "./drain.ts";

/** The settings of a stack, in the slices that the components take whole. */
export type PlatformConfig = ReturnType<typeof slices>;

function slices(settings: Settings) {
  const { region, accountId, environment, tags, cluster, nodes, logs, ingress, services, domain } =
    settings;
  const { addonVersions, kubernetesVersion } = cluster;
  const { architecture } = nodes;
  const named = domain && { ...domain, region, hostNames: hostNames(domain, services) };
  return {
    provider: {
      region,
      allowedAccountIds: [accountId],
      defaultTags: {
        tags: {
          project: pulumi.getProject(),
          stack: pulumi.getStack(),
          environment,
          "managed-by": "pulumi",
          ...tags,
        },
      },
    },
    network: { ...settings.network, region, logs },
    cluster: { ...cluster, nodes, logs, tags, deployerNamespaces: Object.keys(services) },
    autoscaler: {
      ...settings.autoscaler,
      kubernetesVersion: cluster.kubernetesVersion,
      clusterName: cluster.name,
      region,
      accountId,
      longestGraceSeconds: Math.max(
        ...Object.values(services).map(
          (service) => drainClock({ ...service, ...ingress }).terminationGracePeriodSeconds,
        ),
      ),
    },
    loadBalancerController: { region, tags },
    containerInsights: {
      ...settings.insights,
      clusterName: cluster.name,
      addonVersions,
      kubernetesVersion,
      region,
      namespaces: Object.keys(services),
      logs,
    },
    edge: {
      domain: named,
      firewall: { ...settings.firewall, clusterName: cluster.name, accountId, region, logs },
      loadBalancerLogs: {
        ...settings.loadBalancerLogs,
        accountId,
        keepOnDestroy: logs.keepOnDestroy,
      },
    },
    images: { ...settings.registry, architecture, services },
    services: {
      services,
      ingress,
      architecture,
      domain: named,
      admission: {
        registries: registries(settings),
        applicationSignals: settings.insights.applicationSignals,
      },
    },
    release: settings.release,
    permissionsBoundary: settings.permissionsBoundary,
    watch: {
      alarms: settings.alarms,
      dashboard: settings.dashboard,
      serviceLevel: settings.serviceLevel,
      insights: settings.insights,
      scale: services,
      clusterName: cluster.name,
      accountId,
      region,
    },
  };
}

/** The host names of the registries that the stack deploys from: its own, and those it is told of. */
function registries({ accountId, region, services }: Settings): string[] {
  const others = Object.values(services).flatMap(({ image }) => image.repositoryUrl ?? []);
  const hosts = others.map((url) => url.split("/")[0] ?? "");
  return [...new Set([`${accountId}.dkr.ecr.${region}.amazonaws.com`, ...hosts])];
}

/**
 * Reads the stack's settings (`platform:*` in `Pulumi.<stack>.yaml`), with defaults filled in.
 *
 * Throws one `pulumi.RunError` that lists every problem: its key, what was given, what is allowed.
 * Keys that no setting has are problems too, so that a misspelled key cannot be ignored.
 */
export function loadConfig(): PlatformConfig {
  const project = pulumi.getProject();
  const given = configOf(project);
  const parsed = settingsSchema.safeParse(given);
  const problems = [
    ...(parsed.error?.issues.flatMap((issue) => describe(issue, given)) ?? []),
    ...rules.flatMap((check) => check(validSlices(given))),
  ];
  if (!parsed.success || problems.length > 0) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    const lines = problems.map((problem) => `  ${project}:${problem}`);
    throw new pulumi.RunError([`Pulumi.${pulumi.getStack()}.yaml: ${count}`, ...lines].join("\n"));
  }
  return slices(parsed.data);
}

/** The project's settings as one object; values that are no JSON stay the strings they are. */
function configOf(project: string): Record<string, unknown> {
  const config = new pulumi.Config(project);
  const scalars = new Set(["region", "accountId", "environment"]);
  const names = Object.keys(pulumi.runtime.allConfig())
    .filter((key) => key.startsWith(`${project}:`))
    .map((key) => key.slice(project.length + 1));
  return Object.fromEntries(
    names.map((name) => {
      const text = config.require(name);
      if (scalars.has(name)) return [name, text];
      try {
        return [name, JSON.parse(text)];
      } catch {
        return [name, text];
      }
    }),
  );
}

/** The slices that are valid each by itself, with their defaults. */
function validSlices(given: Record<string, unknown>): Partial<Settings> {
  return Object.fromEntries(
    Object.entries(settingsSchema.shape).flatMap(([slice, schema]) => {
      const parsed = schema.safeParse(given[slice]);
      return parsed.success ? [[slice, parsed.data]] : [];
    }),
  );
}

function describe(issue: z.core.$ZodIssue, given: unknown): string[] {
  const at = (path: PropertyKey[]) => path.map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => `${at([...issue.path, key])}: there is no such setting`);
  }
  if (issue.code === "invalid_key") {
    const key = String(issue.path.at(-1));
    return [`${at(issue.path.slice(0, -1))}: ${key} is not allowed: ${issue.issues[0]?.message}`];
  }
  const value = issue.path.reduce<unknown>(
    (object, key) => (object as Record<PropertyKey, unknown> | undefined)?.[key],
    given,
  );
  const allowed =
    issue.code === "invalid_type" && issue.expected === "object"
      ? "a map of settings"
      : issue.code === "too_small" && issue.origin === "number"
        ? `at least ${issue.minimum}`
        : issue.code === "too_big" && issue.origin === "number"
          ? `at most ${issue.maximum}`
          : issue.message;
  return [
    value === undefined
      ? `${at(issue.path)}: is missing; allowed: ${allowed}`
      : `${at(issue.path)}: ${JSON.stringify(value)} is not allowed: ${allowed}`,
  ];
}
