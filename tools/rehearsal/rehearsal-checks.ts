import { referencePattern } from "../../infra/config/values.ts";
import { addonVersionFor } from "../cloud/eks.ts";
import { missingEdges } from "../graph/required-order.ts";
import type { StateResource } from "./critical-path.ts";
import type { Outcome, Step } from "./engine-stack.ts";
import { accountOf, isOfAccount } from "./world/account-network.ts";
import { containersOf, podOf } from "./world/rules/container-rules.ts";
import { withoutRenewal } from "./world/rules/edge-rules.ts";
import {
  groupAnnotation,
  ingressType,
  loadBalancerType,
} from "./world/rules/load-balancer-rules.ts";
import { blockedBy } from "./world/web-acl.ts";
import type { CloudResource, Props, World } from "./world/world.ts";

const serviceType = "kubernetes:core/v1:Service";

// Each check returns a sentence for each failure.

export function checkNoSteps({ steps }: Pick<Outcome, "steps">): string[] {
  return steps.length === 0 ? [] : [`it should change nothing, and changed ${names(steps)}`];
}

export function checkOnlyUpdates(steps: Step[]): string[] {
  const others = steps.filter(({ op }) => op !== "update");
  return others.length === 0 ? [] : [`it should only update, and there is ${names(others)}`];
}

export function checkTypes(steps: Step[], types: string[]): string[] {
  const others = steps.filter(({ type, custom }) => custom && !types.includes(type));
  return others.length === 0 ? [] : [`it should not touch ${names(others)}`];
}

const imageType = "docker:index/image:Image";

/** Neither builds an image nor asks a Docker daemon for one. */
export function checkNoBuild(steps: Step[]): string[] {
  const builds = steps.filter(({ type, op }) => type === imageType && op !== "delete");
  return builds.length === 0 ? [] : [`it should build nothing, and there is ${names(builds)}`];
}

/** Another image is another resource, or none and no provider of it; its Deployments are only updated. */
export function checkImageChange(all: Step[]): string[] {
  const steps = all.filter(({ type }) => type !== "pulumi:providers:docker");
  return [
    ...checkOnlyUpdates(steps.filter(({ type }) => type !== imageType && !type.endsWith(":Job"))),
    ...checkTypes(steps, [
      imageType,
      "kubernetes:apps/v1:Deployment",
      // Jobs run the image too, also before the pods of its service.
      "kubernetes:batch/v1:Job",
      "kubernetes:batch/v1:CronJob",
    ]),
  ];
}

/** Returns the check of how many images were pushed since. */
export function countPushes(world: World): (count: number) => string[] {
  const pushed = () => world.all("aws:ecr/image:Image").length;
  const before = pushed();
  return (count) =>
    pushed() - before === count ? [] : [`${pushed() - before} images were pushed, not ${count}`];
}

/** The images of a service's Deployments, as text to compare. */
export function runningImages(world: World, service: string): string {
  return JSON.stringify(
    world
      .all("kubernetes:apps/v1:Deployment")
      .filter(({ inputs }) => inputs.metadata.namespace === service)
      .map(({ id, inputs }) => [id, inputs.spec.template.spec.containers[0].image]),
  );
}

/** The digest of the image that a service runs; undefined if it has no Deployment. */
export function runningDigest(world: World, service: string): string | undefined {
  return /@(sha256:[0-9a-f]{64})/.exec(runningImages(world, service))?.[1];
}

export function checkTouched(steps: Step[], urns: string[]): string[] {
  const custom = steps.filter((step) => step.custom);
  const missed = urns.filter((urn) => !custom.some((step) => step.urn === urn));
  const others = custom.filter(({ urn }) => !urns.includes(urn));
  return [
    ...missed.map((urn) => `it missed ${urn.split("::").slice(-2).join(" ")}`),
    ...(others.length > 0 ? [`it should not touch ${names(others)}`] : []),
  ];
}

export function checkPreview(announced: Step[], done: Step[]): string[] {
  const keys = (steps: Step[]) => new Set(steps.map(({ op, urn }) => `${op} ${urn}`));
  const [before, after] = [keys(announced), keys(done)];
  const odd = [
    ...announced.filter(({ op, urn }) => !after.has(`${op} ${urn}`)),
    ...done.filter(({ op, urn }) => !before.has(`${op} ${urn}`)),
  ];
  return odd.length === 0 ? [] : [`the preview announced something else: ${names(odd)}`];
}

/**
 * Checks the engine's own graph, with the children of all plugins, against the plan's ordering rules.
 * The engine deletes in layers, so without an edge the order is right only by chance.
 */
export function checkDependencies(state: StateResource[]): string[] {
  return missingEdges(
    state.map(({ urn, type, id, custom, parent, provider, dependencies, inputs, outputs }) => ({
      urn,
      type,
      name: urn.split("::").at(-1) ?? "",
      id: id ?? "",
      custom: custom ?? false,
      remote: false,
      parent,
      provider: provider?.replace(/::[^:]*$/, ""),
      protect: false,
      ignoreChanges: [],
      dependsOn: dependencies ?? [],
      propertyDependencies: {},
      inputs: inputs ?? {},
      outputs: outputs ?? {},
    })),
  );
}

export function checkReady(world: World): string[] {
  return world
    .all()
    .filter(({ status }) => status !== "ready")
    .map((resource) => `${label(resource)} is ${resource.status}`);
}

export function checkRetention(world: World): string[] {
  return world
    .all("aws:cloudwatch/logGroup:LogGroup")
    .filter(({ inputs }) => !inputs.retentionInDays)
    .map(
      ({ id, madeBy }) =>
        `log group ${id} has no retention${madeBy ? `: it was made by ${madeBy}` : ""}`,
    );
}

/** An impaired zone can be taken out of service by one call for the cluster, and one for the load balancer. */
export function checkZonalShift(world: World): string[] {
  const clusters = world
    .all("aws:eks/cluster:Cluster")
    .filter(({ inputs }) => inputs.zonalShiftConfig?.enabled !== true);
  const balancers = world
    .all(ingressType)
    .filter(
      (ingress) =>
        !groupAnnotation(world, ingress, "load-balancer-attributes")
          ?.split(",")
          .includes("zonal_shift.config.enabled=true"),
    );
  return [...clusters, ...balancers].map((one) => `${label(one)} has zonal shift off`);
}

export function checkDigests(world: World): string[] {
  return world
    .all()
    .filter(({ type }) => /^kubernetes:(apps|batch)\/v1:/.test(type))
    .flatMap((one) =>
      containersOf(podOf(one.inputs))
        .filter(({ image }) => !referencePattern.test(image))
        .map(({ image }) => `${label(one)} names its image by tag, not by digest: ${image}`),
    );
}

/** The firewall blocks no body that the service accepts. */
export function checkBodySizes(world: World): string[] {
  return world.all(ingressType).flatMap((ingress) => {
    const { metadata, spec } = ingress.inputs;
    const arn = groupAnnotation(world, ingress, "wafv2-acl-arn");
    const acl = world.all("aws:wafv2/webAcl:WebAcl").find(({ outputs }) => outputs.arn === arn);
    const deployment = world
      .all("kubernetes:apps/v1:Deployment")
      .find(({ inputs }) => inputs.metadata.namespace === metadata.namespace);
    if (!acl || !deployment) return [];
    const [{ env = [] }] = deployment.inputs.spec.template.spec.containers;
    const { value } = env.find(({ name }: { name: string }) => name === "MAX_BODY_BYTES") ?? {};
    // Only the service of this project has the setting.
    if (value === undefined) return [];
    const [{ host = "any.example", http }] = spec.rules;
    const [{ path }] = http.paths;
    const by = blockedBy(acl.inputs, { host, path, bodyBytes: Number(value) });
    return by
      ? [`Ingress ${ingress.name}: its service takes bodies of ${value} bytes, which ${by} blocks`]
      : [];
  });
}

/** Each callee has a Service, and network policies allow the call. */
export function checkCallees(world: World): string[] {
  const inNamespace = (type: string, namespace: string) =>
    world.live(type).filter(({ inputs }) => inputs.metadata.namespace === namespace);
  const policyType = "kubernetes:networking.k8s.io/v1:NetworkPolicy";
  return world
    .live(serviceType)
    .filter(({ inputs }) => inputs.spec.type === "ExternalName")
    .flatMap(({ inputs }) => {
      const caller: string = inputs.metadata.namespace;
      const [name = "", callee = ""] = String(inputs.spec.externalName).split(".");
      const service = inNamespace(serviceType, callee).find(({ id }) => id === `${callee}/${name}`);
      const letsOut = inNamespace(policyType, caller).some(({ inputs }) =>
        inputs.spec.egress?.some(({ to }: Props) =>
          to.some(
            ({ namespaceSelector }: Props) =>
              namespaceSelector?.matchLabels?.["kubernetes.io/metadata.name"] === callee,
          ),
        ),
      );
      const letsIn = inNamespace(policyType, callee).some(({ inputs }) =>
        inputs.spec.ingress?.some(({ from }: Props) =>
          from.some(({ namespaceSelector }: Props) =>
            namespaceSelector?.matchExpressions?.some(({ values }: Props) =>
              values.includes(caller),
            ),
          ),
        ),
      );
      return [
        ...(service ? [] : [`${caller} calls ${callee}, which has no Service ${name}`]),
        ...(letsOut ? [] : [`${caller} calls ${callee}, and no network policy lets it out`]),
        ...(letsIn ? [] : [`${caller} calls ${callee}, and no network policy lets it in`]),
      ];
    });
}

/** The last updates of these types followed each other. */
export function checkUpdateOrder(world: World, types: string[]): string[] {
  const spans = types.map((type) =>
    world.spans.filter((span) => span.action === "update" && span.type === type).at(-1),
  );
  return spans.flatMap((span, at) => {
    const next = spans[at + 1];
    if (!span) return [`${types[at]} was not updated`];
    return next && next.start < span.end ? [`${next.name} began before ${span.name} was done`] : [];
  });
}

/** Each add-on that is not pinned has EKS's default version. */
export function checkAddonVersions(world: World, kubernetesVersion: string): string[] {
  return world
    .all("aws:eks/addon:Addon")
    .filter(({ inputs }) => !inputs.addonVersion || isDefault(inputs.addonVersion))
    .flatMap(({ inputs, outputs }) => {
      const wanted = addonVersionFor(inputs.addonName, kubernetesVersion);
      return (inputs.addonVersion ?? outputs.addonVersion) === wanted
        ? []
        : `add-on ${inputs.addonName} stays at ${outputs.addonVersion}, not ${wanted}, the default for ${kubernetesVersion}`;
    });
}

function isDefault(version: string): boolean {
  return /^v[16]\.\d+\.0-eksbuild\.1$/.test(version);
}

export function checkNothingLeft(world: World): string[] {
  return world
    .all()
    .filter((resource) => !resource.kept && !isOfAccount(resource))
    .map(
      (resource) =>
        `${label(resource)} is left${resource.madeBy ? `, made by ${resource.madeBy}` : ""}`,
    );
}

/** The network that was there before the stack is as it was. Returns the check of what is so since. */
export function watchAccount(world: World): () => string[] {
  const before = accountOf(world);
  return () => {
    const now = accountOf(world);
    return [
      ...before.filter((one) => !now.includes(one)).map((one) => `it was before the stack: ${one}`),
      ...now.filter((one) => !before.includes(one)).map((one) => `it is after the stack: ${one}`),
    ];
  };
}

/** Records go before their load balancer: somebody else could get its name. */
export function checkRecordsGoFirst(world: World): string[] {
  const gone = (type: string) =>
    world.spans.filter((span) => span.action === "delete" && span.type === type && !span.error);
  const firstIngress = Math.min(...gone(ingressType).map(({ start }) => start));
  return gone("aws:route53/record:Record")
    .filter(({ name, end }) => name.startsWith("host-names-") && end > firstIngress)
    .map(({ name }) => `Record ${name} still led to the load balancer when that was deleted`);
}

/** No record or alarm names a deleted load balancer: somebody else could get its name. */
export function checkLoadBalancerNames(world: World): string[] {
  const names = new Set(world.live(loadBalancerType).map(({ id }) => id));
  const suffixes = new Set(world.live(loadBalancerType).map(({ outputs }) => outputs.arnSuffix));
  const records = world
    .live("aws:route53/record:Record")
    .filter(({ inputs }) => inputs.aliases?.some((alias: Props) => !names.has(alias.name)));
  const alarms = world
    .live("aws:cloudwatch/metricAlarm:MetricAlarm")
    .filter(({ inputs }) =>
      [inputs, ...(inputs.metricQueries ?? []).map(({ metric }: Props) => metric ?? {})].some(
        ({ dimensions }) =>
          dimensions?.LoadBalancer !== undefined && !suffixes.has(dimensions.LoadBalancer),
      ),
    );
  return [...records, ...alarms].map((one) => `${label(one)} names a load balancer that is gone`);
}

/** No validation record of another stack's certificate is deleted. */
export function checkRenewals(world: World): string[] {
  return withoutRenewal(world).map(
    (certificate) =>
      `${label(certificate)} is not renewed any more: its validation record was deleted`,
  );
}

function names(steps: Step[]): string {
  const shown = steps.slice(0, 8).map(({ op, type, name }) => `${op} ${shortType(type)} ${name}`);
  return [...shown, ...(steps.length > 8 ? [`and ${steps.length - 8} more`] : [])].join(", ");
}

export function label({ type, name }: CloudResource): string {
  return `${shortType(type)} ${name}`;
}

export function shortType(type: string): string {
  return type.split(":").at(-1) ?? type;
}
