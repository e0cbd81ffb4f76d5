import { referencePattern } from "../../infra/config/values.ts";
import { addonVersionFor } from "../cloud/eks.ts";
import { missingEdges } from "../graph/required-order.ts";
import type { StateResource } from "./critical-path.ts";
import type { Outcome, Step } from "./engine-stack.ts";
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

// Each promise gives what is not so, each time in one sentence; nothing when it is kept.

export function nothing({ steps }: Pick<Outcome, "steps">): string[] {
  return steps.length === 0 ? [] : [`it should change nothing, and changed ${names(steps)}`];
}

export function onlyUpdates(steps: Step[]): string[] {
  const others = steps.filter(({ op }) => op !== "update");
  return others.length === 0 ? [] : [`it should only update, and there is ${names(others)}`];
}

export function only(steps: Step[], types: string[]): string[] {
  const others = steps.filter(({ type, custom }) => custom && !types.includes(type));
  return others.length === 0 ? [] : [`it should not touch ${names(others)}`];
}

/** Another image is another resource; what runs it is only updated. */
export function anotherImage(steps: Step[]): string[] {
  const imageType = "docker:index/image:Image";
  return [
    ...onlyUpdates(steps.filter(({ type }) => type !== imageType && !type.endsWith(":Job"))),
    ...only(steps, [
      imageType,
      "kubernetes:apps/v1:Deployment",
      // Whatever runs the image of a service, and what comes before its pods.
      "kubernetes:batch/v1:Job",
      "kubernetes:batch/v1:CronJob",
    ]),
  ];
}

/** Asked later: whether as many images have been pushed since. */
export function builtSince(world: World): (count: number) => string[] {
  const pushed = () => world.all("aws:ecr/image:Image").length;
  const before = pushed();
  return (count) =>
    pushed() - before === count ? [] : [`${pushed() - before} images were pushed, not ${count}`];
}

/** The images that a service runs. */
export function deployedImages(world: World, service: string): string {
  return JSON.stringify(
    world
      .all("kubernetes:apps/v1:Deployment")
      .filter(({ inputs }) => inputs.metadata.namespace === service)
      .map(({ id, inputs }) => [id, inputs.spec.template.spec.containers[0].image]),
  );
}

export function touched(steps: Step[], urns: string[]): string[] {
  const custom = steps.filter((step) => step.custom);
  const missed = urns.filter((urn) => !custom.some((step) => step.urn === urn));
  const others = custom.filter(({ urn }) => !urns.includes(urn));
  return [
    ...missed.map((urn) => `it missed ${urn.split("::").slice(-2).join(" ")}`),
    ...(others.length > 0 ? [`it should not touch ${names(others)}`] : []),
  ];
}

export function differences(who: string, announced: Step[], done: Step[]): string[] {
  const keys = (steps: Step[]) => new Set(steps.map(({ op, urn }) => `${op} ${urn}`));
  const [before, after] = [keys(announced), keys(done)];
  const odd = [
    ...announced.filter(({ op, urn }) => !after.has(`${op} ${urn}`)),
    ...done.filter(({ op, urn }) => !before.has(`${op} ${urn}`)),
  ];
  return odd.length === 0 ? [] : [`${who} something else: ${names(odd)}`];
}

/**
 * The ordering rules of the plan, on the graph that the engine itself has, with the children of all plugins.
 * The engine deletes in layers: what lacks an edge may outlive another by luck, until it moves.
 */
export function missingDependencies(state: StateResource[]): string[] {
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

export function unready(world: World): string[] {
  return world
    .all()
    .filter(({ status }) => status !== "ready")
    .map((thing) => `${describe(thing)} is ${thing.status}`);
}

export function withoutRetention(world: World): string[] {
  return world
    .all("aws:cloudwatch/logGroup:LogGroup")
    .filter(({ inputs }) => !inputs.retentionInDays)
    .map(
      ({ id, madeBy }) =>
        `log group ${id} has no retention${madeBy ? `: it was made by ${madeBy}` : ""}`,
    );
}

export function imagesByTag(world: World): string[] {
  return world
    .all()
    .filter(({ type }) => /^kubernetes:(apps|batch)\/v1:/.test(type))
    .flatMap((one) =>
      containersOf(podOf(one.inputs))
        .filter(({ image }) => !referencePattern.test(image))
        .map(({ image }) => `${describe(one)} names its image by tag, not by digest: ${image}`),
    );
}

/** Bodies that a service takes and the firewall before it would block. */
export function blockedBodies(world: World): string[] {
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
    // Only a service of ours says what it takes.
    if (value === undefined) return [];
    const [{ host = "any.example", http }] = spec.rules;
    const [{ path }] = http.paths;
    const by = blockedBy(acl.inputs, { host, path, bodyBytes: Number(value) });
    return by
      ? [`Ingress ${ingress.name}: its service takes bodies of ${value} bytes, which ${by} blocks`]
      : [];
  });
}

/** Callees that a caller cannot reach: no Service by their name, or no network policy lets them. */
export function unreachableCallees(world: World): string[] {
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

/** The last updates of these types were one after the other. */
export function inOrder(world: World, types: string[]): string[] {
  const spans = types.map((type) =>
    world.spans.filter((span) => span.action === "update" && span.type === type).at(-1),
  );
  return spans.flatMap((span, at) => {
    const next = spans[at + 1];
    if (!span) return [`${types[at]} was not updated`];
    return next && next.start < span.end ? [`${next.name} began before ${span.name} was done`] : [];
  });
}

/** Add-ons that are neither pinned nor at EKS's default for the version. */
export function addonsBehind(world: World, kubernetesVersion: string): string[] {
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

export function leftBehind(world: World): string[] {
  return world
    .all()
    .filter(({ kept }) => !kept)
    .map((thing) => `${describe(thing)} is left${thing.madeBy ? `, made by ${thing.madeBy}` : ""}`);
}

/** A name in DNS must be gone before the load balancer that it leads to: another could take it over. */
export function danglingNames(world: World): string[] {
  const gone = (type: string) =>
    world.spans.filter((span) => span.action === "delete" && span.type === type && !span.error);
  const firstIngress = Math.min(...gone(ingressType).map(({ start }) => start));
  return gone("aws:route53/record:Record")
    .filter(({ name, end }) => name.startsWith("host-names-") && end > firstIngress)
    .map(({ name }) => `Record ${name} still led to the load balancer when that was deleted`);
}

/** What names a load balancer that is not there: in DNS somebody else could get it. */
export function staleNames(world: World): string[] {
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
  return [...records, ...alarms].map(
    (one) => `${describe(one)} names a load balancer that is gone`,
  );
}

/** A record that others' certificates are renewed by is not ours to remove. */
export function lostRenewals(world: World): string[] {
  return withoutRenewal(world).map(
    (certificate) =>
      `${describe(certificate)} is renewed no more: a validation record of it was deleted`,
  );
}

function names(steps: Step[]): string {
  const shown = steps.slice(0, 8).map(({ op, type, name }) => `${op} ${shortType(type)} ${name}`);
  return [...shown, ...(steps.length > 8 ? [`and ${steps.length - 8} more`] : [])].join(", ");
}

export function describe({ type, name }: CloudResource): string {
  return `${shortType(type)} ${name}`;
}

export function shortType(type: string): string {
  return type.split(":").at(-1) ?? type;
}
