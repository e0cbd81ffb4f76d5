import { waits } from "../../../cloud/durations.ts";
import { subnetsOf } from "../node-claims.ts";
import { accountProblem, chartAccount } from "../pod-identity.ts";
import { readinessGate, rollOut } from "../rollout.ts";
import type { Call, Effect, Rule } from "../rule.ts";
import { schedulingProblem } from "../scheduler.ts";
import type { CloudResource, Props, World } from "../world.ts";
import { dnsProblem, isAdmin, reachProblem } from "./cluster-rules.ts";
import { containerProblem, containersOf, podOf, secretProblem } from "./container-rules.ts";
import { mountProblem } from "./files-rules.ts";
import {
  annotation,
  attributesOf,
  balancerSubnets,
  ingressType,
  isPublic,
  loadBalancerOf,
  loadBalancerType,
  othersOf,
  stackOf,
} from "./load-balancer-rules.ts";
import { autoClassType, same } from "./lookup-rules.ts";
import { addInterface, removeInterfaces } from "./network-rules.ts";
import { nodeProblem } from "./node-rules.ts";
import { pushedImage } from "./registry-rules.ts";
import { awsProblem, routeProblem } from "./way-out.ts";

const deploymentType = "kubernetes:apps/v1:Deployment";
const jobType = "kubernetes:batch/v1:Job";
const cronJobType = "kubernetes:batch/v1:CronJob";
const priorityClassType = "kubernetes:scheduling.k8s.io/v1:PriorityClass";
const releaseType = "kubernetes:helm.sh/v3:Release";
const minutes = (count: number) => count * 60;

/** The calls of the controller that create and delete a load balancer. */
const controllerActions = [
  "ec2:DescribeSubnets",
  "ec2:CreateSecurityGroup",
  "ec2:AuthorizeSecurityGroupIngress",
  "ec2:DeleteSecurityGroup",
  "elasticloadbalancing:CreateLoadBalancer",
  "elasticloadbalancing:CreateTargetGroup",
  "elasticloadbalancing:RegisterTargets",
  "elasticloadbalancing:DeleteLoadBalancer",
  "elasticloadbalancing:DeleteTargetGroup",
];

function inCluster(world: World, type: string, cluster: string): CloudResource[] {
  return world.all(type).filter((resource) => resource.cluster === cluster);
}

/** Why no load balancer controller works in the cluster. Returns undefined if one does. */
export function controllerProblem(world: World, cluster: string): string | undefined {
  const release = inCluster(world, releaseType, cluster).find(
    ({ inputs, status }) =>
      inputs.chart === "aws-load-balancer-controller" &&
      (status === "ready" || status === "changing"),
  );
  if (!release) return "no load balancer controller runs";
  const { values = {}, namespace = "default" } = release.inputs;
  if (values.clusterName !== cluster) return `the controller is for ${values.clusterName}`;
  const nodes = nodeProblem(world, cluster) ?? dnsProblem(world, cluster);
  if (nodes) return `the controller cannot run: ${nodes}`;
  const { name = release.inputs.name, roleArn } = chartAccount(release.inputs) ?? {};
  const account = { cluster, namespace, name, roleArn };
  const refused = accountProblem(world, account, controllerActions);
  if (refused) return `the controller: ${refused}`;
  const subnets = subnetsOfNodes(world, cluster);
  const stranded = subnets
    .map((id) => awsProblem(world, id, ["ec2", "elasticloadbalancing"]))
    .find(Boolean);
  if (stranded) return `the controller cannot reach AWS: ${stranded}`;
  // aws-load-balancer-controller issues 2797 and 1734: no endpoint is made for them.
  const asked = (["enableShield", "enableWafv2"] as const).find((one) => values[one] !== false);
  return asked && subnets.some((id) => routeProblem(world, id))
    ? `the controller waits for ${asked === "enableShield" ? "shield" : "wafv2"}: i/o timeout`
    : undefined;
}

const subnetsOfNodes = (world: World, cluster: string): string[] => [
  ...world
    .live("aws:eks/nodeGroup:NodeGroup")
    .filter(({ inputs }) => inputs.clusterName === cluster)
    .flatMap(({ inputs }) => inputs.subnetIds as string[]),
  ...world
    .live(autoClassType)
    .filter((one) => one.cluster === cluster)
    .flatMap(subnetsOf),
];

/** The charts' own images: values.yaml of each. */
const chartImages: Record<string, string> = {
  "aws-load-balancer-controller": "public.ecr.aws/eks/aws-load-balancer-controller",
  "cluster-autoscaler": "registry.k8s.io/autoscaling/cluster-autoscaler",
  keda: "ghcr.io/kedacore/keda",
};

/** Why the pods of a chart have no image. Returns undefined if they have. */
function chartImageProblem(world: World, cluster: string, { chart, values = {} }: Props) {
  const repository = String(values.image?.repository ?? chartImages[chart] ?? "");
  if (repository === "" || /^\d+\.dkr\.ecr\./.test(repository)) return undefined;
  const stranded = subnetsOfNodes(world, cluster)
    .map((id) => routeProblem(world, id))
    .find(Boolean);
  return stranded && `failed to pull ${repository}: i/o timeout: ${stranded}`;
}

/** Why the autoscaler crashes. Returns undefined if it runs, and for other charts. */
function autoscalerProblem(
  world: World,
  cluster: string,
  { chart, namespace, values = {} }: Props,
) {
  if (chart !== "cluster-autoscaler") return undefined;
  if (values.autoDiscovery?.clusterName !== cluster) {
    return `it finds no node group of ${values.autoDiscovery?.clusterName}`;
  }
  const stranded = subnetsOfNodes(world, cluster)
    .map((id) => awsProblem(world, id, ["autoscaling", "ec2", "eks"]))
    .find(Boolean);
  if (stranded) return `it cannot reach AWS: ${stranded}`;
  const { name, roleArn } = chartAccount({ chart, namespace, values }) ?? {};
  return accountProblem(world, { cluster, namespace, name, roleArn }, [
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:SetDesiredCapacity",
    "autoscaling:TerminateInstanceInAutoScalingGroup",
  ]);
}

const isProtected = ({ inputs }: CloudResource): boolean =>
  attributesOf(inputs, "load-balancer")["deletion_protection.enabled"] === "true";

/** Why the controller does not reconcile the group of this Ingress. Returns undefined if it does. */
function groupProblem(world: World, ingress: CloudResource): string | undefined {
  const held = othersOf(world, ingress).find(
    (other) => other.status === "deleting" && isProtected(other),
  );
  return held && `deletion_protection is enabled, cannot delete the ingress: ${held.id}`;
}

export const workloadRules: Rule[] = [
  ...(["create", "update", "delete"] as const).map(
    (on): Rule => ({
      error: "Unreachable",
      on,
      types: ["kubernetes:*"],
      source: "pulumi-kubernetes: configured Kubernetes cluster is unreachable",
      refusal: ({ world, caller }) => reachProblem(world, caller),
    }),
  ),
  ...(["create", "update", "delete"] as const).map(
    (on): Rule => ({
      error: "Unauthorized",
      on,
      types: ["kubernetes:*"],
      source: "Amazon EKS User Guide, access entries; message of client-go",
      refusal: ({ world, caller }) =>
        isAdmin(world, caller.cluster ?? "")
          ? undefined
          : `the server has asked for the client to provide credentials (${world.principal})`,
    }),
  ),
  {
    error: "Conflict",
    on: "update",
    types: ["kubernetes:*"],
    source:
      "Kubernetes, server-side apply, conflicts; pulumi-kubernetes 4.34, pkg/await/await.go: handleSSAErr, patchForce",
    refusal: ({ resource, inputs, caller }) => {
      const taken = (resource.fieldsOfPeople ?? []).filter(
        (path) => !same(valueAt(inputs, path), valueAt(resource.inputs, path)),
      );
      return caller.takesFields || taken.length === 0
        ? undefined
        : `Apply failed with ${taken.length} conflict${taken.length === 1 ? "" : "s"}: conflict with "kubectl-edit" using ${inputs.apiVersion}: .${taken.join(", .")}`;
    },
  },
  {
    error: "NotFound",
    on: "create",
    types: ["kubernetes:*"],
    source: "Kubernetes API: an object needs its namespace",
    refusal: ({ world, caller, inputs, resource }) => {
      const namespace =
        resource.type === releaseType ? inputs.namespace : inputs.metadata?.namespace;
      const builtIn = ["default", "kube-system", "kube-public", "amazon-cloudwatch"];
      if (namespace === undefined || builtIn.includes(namespace)) return undefined;
      return inCluster(world, "kubernetes:core/v1:Namespace", caller.cluster ?? "").some(
        ({ id }) => id === namespace,
      )
        ? undefined
        : `namespaces "${namespace}" not found`;
    },
  },
  {
    error: "release failed",
    on: "create",
    phase: "after",
    types: [releaseType],
    source: "Helm: --wait gives up after the release's timeout, 5 minutes by default",
    timeoutSeconds: ({ timeout = minutes(5) }) => timeout,
    refusal: ({ world, caller, inputs }) => {
      const cluster = caller.cluster ?? "";
      const reason =
        nodeProblem(world, cluster) ??
        chartImageProblem(world, cluster, inputs) ??
        autoscalerProblem(world, cluster, inputs);
      return reason && `context deadline exceeded: ${reason}`;
    },
  },
  {
    error: "FailedBuildModel",
    on: "create",
    phase: "after",
    types: [ingressType],
    source: "aws-load-balancer-controller; pulumi-kubernetes gives up after 10 minutes",
    timeoutSeconds: minutes(10),
    refusal: ({ world, caller, resource }) => {
      const reason =
        controllerProblem(world, caller.cluster ?? "") ?? groupProblem(world, resource);
      if (reason) return `the Ingress has no load balancer: ${reason}`;
      const subnets = balancerSubnets(world, resource);
      return typeof subnets === "string"
        ? `the Ingress has no load balancer: ${subnets}`
        : undefined;
    },
  },
  {
    error: "FailedDeployModel",
    on: "create",
    phase: "after",
    types: [ingressType],
    source: "Elastic Load Balancing API, CreateRule: TooManyUniqueTargetGroupsPerLoadBalancer",
    refusal: ({ world, resource }) => {
      const group = [resource, ...othersOf(world, resource)].flatMap(backendsOf);
      return group.length > 100
        ? "TooManyUniqueTargetGroupsPerLoadBalancer: You've reached the limit on the number of unique target groups per load balancer across all listeners"
        : undefined;
    },
  },
  ...(["create", "update"] as const).map(
    (on): Rule => ({
      error: "FailedDeployModel",
      on,
      phase: "after",
      types: [ingressType],
      source:
        "Elastic Load Balancing API, CreateTargetGroup: bounds of an Application Load Balancer; terraform-provider-aws pull 48071 and cfn-lint pull 807: the messages",
      refusal: ({ inputs }) => healthCheckProblem(inputs),
    }),
  ),
  {
    error: "finalizer",
    on: "delete",
    phase: "after",
    types: [ingressType],
    source:
      "aws-load-balancer-controller v3.5.0, observed: without it the finalizer is never removed",
    timeoutSeconds: minutes(10),
    refusal: ({ world, caller }) => {
      const reason = controllerProblem(world, caller.cluster ?? "");
      return reason && `ingress.k8s.aws/resources is never removed: ${reason}`;
    },
  },
  {
    error: "OperationNotPermitted",
    on: "delete",
    types: [ingressType],
    source:
      "aws-load-balancer-controller v3.5.0, observed: one protected Ingress stops its whole group",
    timeoutSeconds: minutes(10),
    refusal: ({ resource }) =>
      isProtected(resource)
        ? `deletion_protection is enabled, cannot delete the ingress: ${resource.id}`
        : undefined,
  },
  {
    error: "finalizer",
    on: "delete",
    types: ["kubernetes:core/v1:Namespace"],
    source: "Kubernetes: a namespace stays Terminating while an object in it has a finalizer",
    timeoutSeconds: minutes(10),
    refusal: ({ world, resource }) =>
      world
        .all(ingressType)
        .some(
          ({ cluster, outputs }) =>
            cluster === resource.cluster && outputs.metadata?.namespace === resource.id,
        )
        ? `namespace ${resource.id} is Terminating: content has ingress.k8s.aws/resources`
        : undefined,
  },
  {
    error: "Invalid",
    on: "update",
    types: [priorityClassType],
    source: "Kubernetes, ValidatePriorityClassUpdate",
    refusal: ({ inputs, olds }) =>
      inputs.value === olds.value
        ? undefined
        : "value: Forbidden: may not be changed in an update.",
  },
  {
    error: "foregroundDeletion",
    on: "delete",
    phase: "after",
    types: [priorityClassType],
    source: "Kubernetes garbage collection: an owner waits for dependents with blockOwnerDeletion",
    timeoutSeconds: minutes(10),
    refusal: ({ world, resource }) => {
      const [dependent] = dependentsOf(world, resource);
      return dependent && `${resource.id} waits for its dependent ${dependent.id}`;
    },
  },
  {
    error: "BackoffLimitExceeded",
    on: "create",
    phase: "after",
    types: [jobType],
    source:
      "Kubernetes, jobs: activeDeadlineSeconds; pulumi-kubernetes waits for a job to complete",
    timeoutSeconds: ({ spec }) => spec.activeDeadlineSeconds ?? minutes(10),
    refusal: podProblem,
  },
  ...(["create", "update"] as const).map(
    (on): Rule => ({
      error: "ProgressDeadlineExceeded",
      on,
      phase: "after",
      types: [deploymentType],
      source: "Kubernetes: a Deployment's progressDeadlineSeconds, 10 minutes by default",
      timeoutSeconds: minutes(10),
      refusal: podProblem,
    }),
  ),
];

/** Why AWS refuses the health check of an Ingress's target groups. */
function healthCheckProblem(ingress: Props): string | undefined {
  const bounds = [
    ["healthcheck-interval-seconds", "healthCheckIntervalSeconds", 15, 5, 300],
    ["healthcheck-timeout-seconds", "healthCheckTimeoutSeconds", 5, 2, 120],
    ["healthy-threshold-count", "healthyThresholdCount", 2, 2, 10],
    ["unhealthy-threshold-count", "unhealthyThresholdCount", 2, 2, 10],
  ] as const;
  const given = bounds.map(([name, key, otherwise, least, most]) => ({
    ...{ key, least, most },
    value: Number(annotation(ingress, name) ?? otherwise),
  }));
  for (const { key, least, most, value } of given) {
    const bound =
      value < least ? `greater than or equal to ${least}` : `less than or equal to ${most}`;
    if (value < least || value > most) {
      return `ValidationError: 1 validation error detected: Value '${value}' at '${key}' failed to satisfy constraint: Member must have value ${bound}`;
    }
  }
  const [interval, timeout] = given.map(({ value }) => value);
  return (timeout ?? 0) >= (interval ?? 0)
    ? "ValidationError: Health check interval must be greater than the timeout."
    : undefined;
}

/** Why the pods of a Deployment or a job do not become ready. Returns undefined if they do. */
function podProblem(call: Call): string | undefined {
  const { world, resource, inputs, caller } = call;
  const cluster = caller.cluster ?? "";
  const nodes = nodeProblem(world, cluster);
  if (nodes) return `pods are Pending: ${nodes}`;
  const namespace = inputs.metadata.namespace ?? "default";
  const pod = podOf(inputs);
  if (pod.serviceAccountName) {
    const account = inCluster(world, "kubernetes:core/v1:ServiceAccount", cluster).some(
      ({ id }) => id === `${namespace}/${pod.serviceAccountName}`,
    );
    if (!account) return `serviceaccount "${pod.serviceAccountName}" not found`;
  }
  for (const { image } of containersOf(pod)) {
    if (!image.includes(`${world.accountId}.dkr.ecr.`)) continue;
    if (!pulled(world, image)) return `ImagePullBackOff: ${image}: not found`;
  }
  const problem =
    mountProblem(call, namespace, pod) ??
    secretProblem(call, namespace, pod) ??
    containerProblem(world, pod);
  if (problem) return problem;
  if (resource.type !== deploymentType) return undefined;
  const pending = schedulingProblem(world, resource);
  if (pending) return `pods are Pending: ${pending}`;
  const ingress = readinessGate(world, cluster, namespace);
  const balancer = ingress && loadBalancerOf(world, ingress);
  return balancer && balancer.inputs.activeAt > world.clock.now
    ? `pods of ${resource.name} wait for their readiness gate: the load balancer is provisioning`
    : undefined;
}

function pulled(world: World, image: string): boolean {
  if (image.includes("@")) return pushedImage(world, image) !== undefined;
  const at = image.lastIndexOf(":");
  return world
    .all("aws:ecr/image:Image")
    .some(({ inputs }) => inputs.url === image.slice(0, at) && inputs.tag === image.slice(at + 1));
}

/** The tags of the controller (pkg/deploy/tracking). */
function controllerTags(ingress: CloudResource, resource: string): Record<string, string> {
  return {
    "elbv2.k8s.aws/cluster": ingress.cluster ?? "",
    "ingress.k8s.aws/stack": annotation(ingress.inputs, "group.name") ?? ingress.id,
    "ingress.k8s.aws/resource": resource,
  };
}

/** The controller's identifiers of backends: namespace/ingress-service:port. */
function backendsOf({ inputs, outputs }: CloudResource): string[] {
  const { namespace, name } = outputs.metadata;
  const backends = (inputs.spec?.rules ?? []).flatMap(({ http }: Props) =>
    http.paths.map(({ backend }: Props) => backend.service),
  );
  return [
    ...new Set<string>(
      backends.map(
        ({ name: service, port }: Props) =>
          `${namespace}/${name}-${service}:${port.name ?? port.number}`,
      ),
    ),
  ];
}

/** Makes a load balancer with its security groups and network interfaces. Returns its host name. */
function makeLoadBalancer(
  world: World,
  ingress: CloudResource,
  cluster: string | undefined,
): string {
  const madeBy = stackOf(ingress);
  const found = balancerSubnets(world, ingress);
  const subnets = typeof found === "string" ? [] : found;
  const vpcId = subnets[0]?.inputs.vpcId;
  const { namespace, name } = ingress.outputs.metadata;
  const group = annotation(ingress.inputs, "group.name") ?? `${namespace}-${name}`;
  const stem = `k8s-${group}`.slice(0, 24);
  const groups = [`${stem}-frontend`, `k8s-traffic-${cluster}`].map(
    (groupName) =>
      world.addUnmanaged(
        "aws:ec2/securityGroup:SecurityGroup",
        world.hexId("sg"),
        madeBy,
        groupName,
        {
          vpcId,
          name: groupName,
        },
      ).id,
  );
  const host = `${stem}-${world.serial()}.${world.region}.elb.amazonaws.com`;
  const activeAt = world.clock.now + waits.loadBalancerActive;
  world.addUnmanaged(loadBalancerType, host, madeBy, `load balancer ${stem}`, {
    activeAt,
    arnSuffix: `app/${stem}/${host.length}`,
    tags: controllerTags(ingress, "LoadBalancer"),
  });
  world.clock.later(waits.loadBalancerActive, () => undefined);
  placeLoadBalancer(world, ingress, { name: `load balancer ${stem}`, groups });
  return host;
}

/** Puts a network interface of the load balancer into each of its subnets, and takes away those elsewhere. */
function placeLoadBalancer(
  world: World,
  ingress: CloudResource,
  { name, groups }: { name: string; groups: string[] },
): void {
  const madeBy = stackOf(ingress);
  const found = balancerSubnets(world, ingress);
  removeInterfaces(world, madeBy);
  for (const { id: subnetId } of typeof found === "string" ? [] : found) {
    addInterface(world, madeBy, name, {
      subnetId,
      groups,
      publicAddress: isPublic(world, ingress),
    });
  }
}

/** The dependents that a foreground deletion deletes too. */
function dependentsOf(world: World, { inputs, outputs, cluster }: CloudResource): CloudResource[] {
  const policy = inputs.metadata?.annotations?.["pulumi.com/deletionPropagationPolicy"];
  if (policy !== "foreground") return [];
  const { uid } = outputs.metadata;
  return world
    .all()
    .filter((resource) => resource.cluster === cluster)
    .filter(({ inputs }) =>
      inputs.metadata?.ownerReferences?.some((owner: Props) => owner.uid === uid),
    );
}

/** Deletes the Ingress's part of the load balancer, or all of it, then its finalizer. */
async function finalize(world: World, ingress: CloudResource): Promise<void> {
  await world.clock.sleep(waits.loadBalancerInterfacesGone);
  if (controllerProblem(world, ingress.cluster ?? "")) return;
  ingress.outputs.finalized = true;
  const made = world.all().filter(({ madeBy }) => madeBy === stackOf(ingress));
  const shared = othersOf(world, ingress).some(({ outputs }) => !outputs.finalized);
  for (const part of made.filter(({ inputs }) => !shared || inputs.ingress === ingress.id)) {
    world.remove(part);
  }
}

/** Makes a target group for each backend of the Ingress. */
function addTargetGroups(world: World, ingress: CloudResource, host: string): void {
  for (const resource of backendsOf(ingress)) {
    world.addUnmanaged(
      "aws:lb/targetGroup:TargetGroup",
      `${host} ${resource}`,
      stackOf(ingress),
      resource,
      {
        ingress: ingress.id,
        arnSuffix: `targetgroup/${resource}`,
        tags: controllerTags(ingress, resource),
      },
    );
  }
}

const valueAt = (object: Props, path: string): unknown =>
  path.split(".").reduce<Props | undefined>((inner, key) => inner?.[key], object);

export const workloadEffects: Effect[] = [
  {
    on: "update",
    types: ["kubernetes:*"],
    source: "Kubernetes, server-side apply: who applies a value with force owns its field",
    run: ({ resource }) => {
      delete resource.fieldsOfPeople;
    },
  },
  ...(["create", "update"] as const).map(
    (on): Effect => ({
      on,
      types: [ingressType],
      source: "aws-load-balancer-controller v3.5.0, observed: host name within seconds",
      run: async ({ world, resource, caller }) => {
        // An update too, where the creation was broken off.
        if (resource.outputs.status) return;
        await world.clock.sleep(waits.reconcile);
        const host =
          loadBalancerOf(world, resource)?.id ?? makeLoadBalancer(world, resource, caller.cluster);
        addTargetGroups(world, resource, host);
        resource.outputs.status = { loadBalancer: { ingress: [{ hostname: host }] } };
      },
    }),
  ),
  {
    on: "update",
    types: [ingressType],
    source:
      "aws-load-balancer-controller v3.5.0, observed: another scheme is another load balancer. The controller makes it after the deletion of the old one, protected or not. The status shows the old name for a moment",
    run: async ({ world, resource, inputs, olds, caller }) => {
      const moved = ["scheme", "group.name"].some(
        (name) => annotation(inputs, name) !== annotation(olds, name),
      );
      if (!moved) return;
      const before = { ...resource, inputs: olds };
      const old = loadBalancerOf(world, before);
      const shared = othersOf(world, before).length > 0 && stackOf(before) !== stackOf(resource);
      const made = world.all().filter(({ madeBy }) => madeBy === stackOf(before));
      for (const part of made.filter(({ inputs }) => !shared || inputs.ingress === resource.id)) {
        world.remove(part);
      }
      await world.clock.sleep(waits.reconcile);
      const host =
        loadBalancerOf(world, resource)?.id ?? makeLoadBalancer(world, resource, caller.cluster);
      addTargetGroups(world, resource, host);
      if (old) resource.outputs.status = { loadBalancer: { ingress: [{ hostname: old.id }] } };
    },
  },
  {
    on: "update",
    types: [ingressType],
    source:
      "aws-load-balancer-controller, pkg/deploy/elbv2/load_balancer_manager.go: SetSubnets, in place",
    run: ({ world, resource, inputs, olds }) => {
      if (annotation(inputs, "subnets") === annotation(olds, "subnets")) return;
      const balancer = loadBalancerOf(world, resource);
      const [old] = world
        .all("aws:ec2/networkInterface:NetworkInterface")
        .filter(({ madeBy }) => madeBy === stackOf(resource));
      if (!balancer || !old) return;
      placeLoadBalancer(world, resource, { name: balancer.name, groups: old.inputs.groups });
    },
  },
  {
    on: "delete",
    types: [ingressType],
    source: "aws-load-balancer-controller v3.5.0: balancer and groups, then the finalizer",
    run: ({ world, resource }) => finalize(world, resource),
  },
  {
    on: "delete",
    types: [priorityClassType],
    source: "Kubernetes garbage collection: dependents are deleted, namespaces with their content",
    run: async ({ world, resource }) => {
      for (const dependent of dependentsOf(world, resource)) {
        const content = world
          .all()
          .filter(({ outputs }) => outputs.metadata?.namespace === dependent.id);
        const ingresses = content.filter(({ type }) => type === ingressType);
        for (const ingress of ingresses) await finalize(world, ingress);
        if (ingresses.some(({ outputs }) => !outputs.finalized)) continue;
        for (const one of [...content, dependent]) world.remove(one);
      }
    },
  },
  {
    on: "create",
    types: [jobType],
    source: "Kubernetes: image pull, start, and the run itself",
    run: ({ world }) => world.clock.sleep(waits.podStart + waits.jobRun),
  },
  ...(["create", "update"] as const).map(
    (on): Effect => ({
      on,
      types: [cronJobType],
      source: "Kubernetes, CronJobs: Pulumi does not wait for a run",
      run: (call) => {
        const problem = podProblem(call);
        if (problem) call.world.incidents.push(`CronJob ${call.resource.name}: ${problem}`);
      },
    }),
  ),
  {
    on: "create",
    types: [deploymentType],
    source: "Kubernetes: image pull, start, probes",
    run: ({ world }) => world.clock.sleep(waits.podStart),
  },
  {
    on: "update",
    types: [deploymentType],
    source: "Kubernetes, pkg/controller/deployment/rolling.go: only another template is a rollout",
    run: async (call) => {
      const [before, after] = [call.olds.spec?.template, call.inputs.spec.template];
      if (JSON.stringify(before) !== JSON.stringify(after)) await rollOut(call);
    },
  },
  {
    on: "delete",
    types: [deploymentType],
    source: "Kubernetes: pods get their grace period; foreground deletion waits for them",
    run: ({ world }) => world.clock.sleep(waits.podDrain),
  },
];
