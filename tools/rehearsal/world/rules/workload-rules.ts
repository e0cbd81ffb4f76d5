import { waits } from "../../../cloud/durations.ts";
import { irsaRefusal } from "../iam.ts";
import type { Attempt, Effect, Rule } from "../rule.ts";
import { unscheduled } from "../scheduler.ts";
import type { CloudResource, Props, World } from "../world.ts";
import { isAdmin, noDns } from "./cluster-rules.ts";
import { containerProblem, containersOf, podOf, secretProblem } from "./container-rules.ts";
import {
  annotation,
  attributesOf,
  groupAnnotation,
  ingressType,
  loadBalancerOf,
  loadBalancerType,
  othersOf,
  stackOf,
} from "./load-balancer-rules.ts";
import { noRouteOut } from "./network-rules.ts";
import { noNodes } from "./node-rules.ts";
import { pushedImage } from "./registry-rules.ts";

const deploymentType = "kubernetes:apps/v1:Deployment";
const jobType = "kubernetes:batch/v1:Job";
const cronJobType = "kubernetes:batch/v1:CronJob";
const priorityClassType = "kubernetes:scheduling.k8s.io/v1:PriorityClass";
const releaseType = "kubernetes:helm.sh/v3:Release";
const minutes = (count: number) => count * 60;

/** Calls without which the controller makes no load balancer, or does not remove it. */
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
  return world.all(type).filter((thing) => thing.cluster === cluster);
}

/** Why no load balancer controller works in the cluster, or nothing. */
export function noController(world: World, cluster: string): string | undefined {
  const release = inCluster(world, releaseType, cluster).find(
    ({ inputs, status }) =>
      inputs.chart === "aws-load-balancer-controller" &&
      (status === "ready" || status === "changing"),
  );
  if (!release) return "no load balancer controller runs";
  const { values = {}, namespace = "default" } = release.inputs;
  if (values.clusterName !== cluster) return `the controller is for ${values.clusterName}`;
  const nodes = noNodes(world, cluster) ?? noDns(world, cluster);
  if (nodes) return `the controller cannot run: ${nodes}`;
  const refused = irsaRefusal(
    world,
    {
      cluster,
      namespace,
      name: values.serviceAccount?.name ?? release.inputs.name,
      roleArn: values.serviceAccount?.annotations?.["eks.amazonaws.com/role-arn"],
    },
    controllerActions,
  );
  if (refused) return `the controller: ${refused}`;
  const subnets = world
    .live("aws:eks/nodeGroup:NodeGroup")
    .filter(({ inputs }) => inputs.clusterName === cluster)
    .flatMap(({ inputs }) => inputs.subnetIds as string[]);
  const stranded = subnets.map((id) => noRouteOut(world, id)).find(Boolean);
  return stranded && `the controller cannot reach AWS: ${stranded}`;
}

/** Why the autoscaler ends as soon as it starts, or nothing; other charts' pods always run. */
function crashing(world: World, cluster: string, { chart, namespace, values = {} }: Props) {
  if (chart !== "cluster-autoscaler") return undefined;
  if (values.autoDiscovery?.clusterName !== cluster) {
    return `it finds no node group of ${values.autoDiscovery?.clusterName}`;
  }
  const { name, annotations } = values.rbac?.serviceAccount ?? {};
  const roleArn = annotations?.["eks.amazonaws.com/role-arn"];
  return irsaRefusal(world, { cluster, namespace, name, roleArn }, [
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:SetDesiredCapacity",
    "autoscaling:TerminateInstanceInAutoScalingGroup",
  ]);
}

/** The subnets that the controller finds by their tags, one a zone. */
function taggedSubnets(world: World, ingress: CloudResource): CloudResource[] {
  const tag = isPublic(world, ingress)
    ? "kubernetes.io/role/elb"
    : "kubernetes.io/role/internal-elb";
  const zones = new Map(
    world
      .live("aws:ec2/subnet:Subnet")
      .filter(({ inputs }) => inputs.tags?.[tag] === "1")
      .map((subnet) => [subnet.inputs.availabilityZone, subnet]),
  );
  return [...zones.values()];
}

const isPublic = (world: World, ingress: CloudResource) =>
  groupAnnotation(world, ingress, "scheme") === "internet-facing";

const isProtected = ({ inputs }: CloudResource): boolean =>
  attributesOf(inputs, "load-balancer")["deletion_protection.enabled"] === "true";

/** Why the controller does nothing for the group of this Ingress, or nothing. */
function stalled(world: World, ingress: CloudResource): string | undefined {
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
      unless: ({ world, caller }) =>
        caller.cluster &&
        world.live("aws:eks/cluster:Cluster").some(({ id }) => id === caller.cluster)
          ? undefined
          : `configured Kubernetes cluster is unreachable: ${caller.cluster ?? "no kubeconfig"}`,
    }),
  ),
  ...(["create", "update", "delete"] as const).map(
    (on): Rule => ({
      error: "Unauthorized",
      on,
      types: ["kubernetes:*"],
      source: "Amazon EKS User Guide, access entries; client-go's words",
      unless: ({ world, caller }) =>
        isAdmin(world, caller.cluster ?? "")
          ? undefined
          : `the server has asked for the client to provide credentials (${world.principal})`,
    }),
  ),
  {
    error: "NotFound",
    on: "create",
    types: ["kubernetes:*"],
    source: "Kubernetes API: objects live in namespaces that exist",
    unless: ({ world, caller, inputs, thing }) => {
      const namespace = thing.type === releaseType ? inputs.namespace : inputs.metadata?.namespace;
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
    source: "Helm: --wait gives up after the release's timeout, 5 minutes unless it says otherwise",
    patience: ({ timeout = minutes(5) }) => timeout,
    unless: ({ world, caller, inputs }) => {
      const cluster = caller.cluster ?? "";
      const reason = noNodes(world, cluster) ?? crashing(world, cluster, inputs);
      return reason && `context deadline exceeded: ${reason}`;
    },
  },
  {
    error: "FailedBuildModel",
    on: "create",
    phase: "after",
    types: [ingressType],
    source: "aws-load-balancer-controller; pulumi-kubernetes gives up after 10 minutes",
    patience: minutes(10),
    unless: ({ world, caller, thing }) => {
      const reason = noController(world, caller.cluster ?? "") ?? stalled(world, thing);
      if (reason) return `the Ingress has no load balancer: ${reason}`;
      const subnets = taggedSubnets(world, thing);
      return subnets.length < 2
        ? `the Ingress has no load balancer: couldn't auto-discover subnets: ${subnets.length} tagged, 2 zones needed`
        : undefined;
    },
  },
  {
    error: "FailedDeployModel",
    on: "create",
    phase: "after",
    types: [ingressType],
    source: "Elastic Load Balancing API, CreateRule: TooManyUniqueTargetGroupsPerLoadBalancer",
    unless: ({ world, thing }) => {
      const group = [thing, ...othersOf(world, thing)].flatMap(backendsOf);
      return group.length > 100
        ? "TooManyUniqueTargetGroupsPerLoadBalancer: You've reached the limit on the number of unique target groups per load balancer across all listeners"
        : undefined;
    },
  },
  {
    error: "finalizer",
    on: "delete",
    phase: "after",
    types: [ingressType],
    source: "aws-load-balancer-controller v3.5.0, seen: without it the finalizer is never removed",
    patience: minutes(10),
    unless: ({ world, caller }) => {
      const reason = noController(world, caller.cluster ?? "");
      return reason && `ingress.k8s.aws/resources is never removed: ${reason}`;
    },
  },
  {
    error: "OperationNotPermitted",
    on: "delete",
    types: [ingressType],
    source:
      "aws-load-balancer-controller v3.5.0, seen: one protected Ingress stops its whole group",
    patience: minutes(10),
    unless: ({ thing }) =>
      isProtected(thing)
        ? `deletion_protection is enabled, cannot delete the ingress: ${thing.id}`
        : undefined,
  },
  {
    error: "finalizer",
    on: "delete",
    types: ["kubernetes:core/v1:Namespace"],
    source: "Kubernetes: a namespace stays Terminating while an object in it has a finalizer",
    patience: minutes(10),
    unless: ({ world, thing }) =>
      world
        .all(ingressType)
        .some(
          ({ cluster, outputs }) =>
            cluster === thing.cluster && outputs.metadata?.namespace === thing.id,
        )
        ? `namespace ${thing.id} is Terminating: content has ingress.k8s.aws/resources`
        : undefined,
  },
  {
    error: "Invalid",
    on: "update",
    types: [priorityClassType],
    source: "Kubernetes, ValidatePriorityClassUpdate",
    unless: ({ inputs, olds }) =>
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
    patience: minutes(10),
    unless: ({ world, thing }) => {
      const [dependent] = dependentsOf(world, thing);
      return dependent && `${thing.id} waits for its dependent ${dependent.id}`;
    },
  },
  {
    error: "BackoffLimitExceeded",
    on: "create",
    phase: "after",
    types: [jobType],
    source:
      "Kubernetes, jobs: activeDeadlineSeconds; pulumi-kubernetes waits for a job to complete",
    patience: ({ spec }) => spec.activeDeadlineSeconds ?? minutes(10),
    unless: noPods,
  },
  ...(["create", "update"] as const).map(
    (on): Rule => ({
      error: "ProgressDeadlineExceeded",
      on,
      phase: "after",
      types: [deploymentType],
      source: "Kubernetes: a Deployment's progressDeadlineSeconds, 10 minutes by default",
      patience: minutes(10),
      unless: noPods,
    }),
  ),
];

/** Why the pods of a Deployment or a job do not become ready, or nothing. */
function noPods(attempt: Attempt): string | undefined {
  const { world, thing, inputs, caller } = attempt;
  const cluster = caller.cluster ?? "";
  const nodes = noNodes(world, cluster);
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
  const problem = secretProblem(attempt, namespace, pod) ?? containerProblem(world, pod);
  if (problem) return problem;
  if (thing.type !== deploymentType) return undefined;
  const pending = unscheduled(world, thing);
  if (pending) return `pods are Pending: ${pending}`;
  const gated = inCluster(world, "kubernetes:core/v1:Namespace", cluster).some(
    ({ id, inputs: { metadata } }) =>
      id === namespace &&
      metadata.labels?.["elbv2.k8s.aws/pod-readiness-gate-inject"] === "enabled",
  );
  const ingress = inCluster(world, ingressType, cluster).find(
    ({ outputs }) => outputs.metadata?.namespace === namespace,
  );
  const balancer = gated && ingress ? loadBalancerOf(world, ingress) : undefined;
  return balancer && balancer.inputs.activeAt > world.clock.now
    ? `pods of ${thing.name} wait for their readiness gate: the load balancer is provisioning`
    : undefined;
}

function pulled(world: World, image: string): boolean {
  if (image.includes("@")) return pushedImage(world, image) !== undefined;
  const at = image.lastIndexOf(":");
  return world
    .all("aws:ecr/image:Image")
    .some(({ inputs }) => inputs.url === image.slice(0, at) && inputs.tag === image.slice(at + 1));
}

/** The controller's tags (its pkg/deploy/tracking). */
function controllerTags(ingress: CloudResource, resource: string): Record<string, string> {
  return {
    "elbv2.k8s.aws/cluster": ingress.cluster ?? "",
    "ingress.k8s.aws/stack": annotation(ingress.inputs, "group.name") ?? ingress.id,
    "ingress.k8s.aws/resource": resource,
  };
}

/** A target group for each backend, by the controller's ids: namespace/ingress-service:port. */
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

/** A load balancer with its security groups and network interfaces; gives its host name. */
function makeLoadBalancer(
  world: World,
  ingress: CloudResource,
  cluster: string | undefined,
): string {
  const madeBy = stackOf(ingress);
  const subnets = taggedSubnets(world, ingress);
  const vpcId = subnets[0]?.inputs.vpcId;
  const { namespace, name } = ingress.outputs.metadata;
  const group = annotation(ingress.inputs, "group.name") ?? `${namespace}-${name}`;
  const stem = `k8s-${group}`.slice(0, 24);
  const groups = [`${stem}-frontend`, `k8s-traffic-${cluster}`].map(
    (groupName) =>
      world.addOwn("aws:ec2/securityGroup:SecurityGroup", world.hexId("sg"), madeBy, groupName, {
        vpcId,
        name: groupName,
      }).id,
  );
  const host = `${stem}-${world.serial()}.${world.region}.elb.amazonaws.com`;
  const activeAt = world.clock.now + waits.loadBalancerActive;
  world.addOwn(loadBalancerType, host, madeBy, `load balancer ${stem}`, {
    activeAt,
    arnSuffix: `app/${stem}/${host.length}`,
    tags: controllerTags(ingress, "LoadBalancer"),
  });
  world.clock.later(waits.loadBalancerActive, () => undefined);
  for (const subnet of subnets) {
    world.addOwn(
      "aws:ec2/networkInterface:NetworkInterface",
      world.hexId("eni"),
      madeBy,
      `load balancer ${stem}`,
      { subnetId: subnet.id, groups, publicAddress: isPublic(world, ingress) },
    );
  }
  return host;
}

/** What goes with an object that is deleted in the foreground. */
function dependentsOf(world: World, { inputs, outputs, cluster }: CloudResource): CloudResource[] {
  const policy = inputs.metadata?.annotations?.["pulumi.com/deletionPropagationPolicy"];
  if (policy !== "foreground") return [];
  const { uid } = outputs.metadata;
  return world
    .all()
    .filter((thing) => thing.cluster === cluster)
    .filter(({ inputs }) =>
      inputs.metadata?.ownerReferences?.some((owner: Props) => owner.uid === uid),
    );
}

/** The controller takes the Ingress's part of the load balancer away, or all of it, then its finalizer. */
async function finalize(world: World, ingress: CloudResource): Promise<void> {
  await world.clock.sleep(waits.loadBalancerInterfacesGone);
  if (noController(world, ingress.cluster ?? "")) return;
  ingress.outputs.finalized = true;
  const made = world.all().filter(({ madeBy }) => madeBy === stackOf(ingress));
  const shared = othersOf(world, ingress).some(({ outputs }) => !outputs.finalized);
  for (const part of made.filter(({ inputs }) => !shared || inputs.ingress === ingress.id)) {
    world.remove(part);
  }
}

/** A target group for each of the Ingress's backends. */
function addTargetGroups(world: World, ingress: CloudResource, host: string): void {
  for (const resource of backendsOf(ingress)) {
    world.addOwn(
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

export const workloadEffects: Effect[] = [
  {
    on: "create",
    types: [ingressType],
    source: "aws-load-balancer-controller v3.5.0, seen: host name within seconds",
    run: async ({ world, thing, caller }) => {
      await world.clock.sleep(waits.reconcile);
      const host =
        loadBalancerOf(world, thing)?.id ?? makeLoadBalancer(world, thing, caller.cluster);
      addTargetGroups(world, thing, host);
      thing.outputs.status = { loadBalancer: { ingress: [{ hostname: host }] } };
    },
  },
  {
    on: "update",
    types: [ingressType],
    source:
      "aws-load-balancer-controller v3.5.0, seen: another scheme is another load balancer, made after the old one was deleted, protected or not; the status shows the old name for a moment",
    run: async ({ world, thing, inputs, olds, caller }) => {
      const moved = ["scheme", "group.name"].some(
        (name) => annotation(inputs, name) !== annotation(olds, name),
      );
      if (!moved) return;
      const before = { ...thing, inputs: olds };
      const old = loadBalancerOf(world, before);
      const shared = othersOf(world, before).length > 0 && stackOf(before) !== stackOf(thing);
      const made = world.all().filter(({ madeBy }) => madeBy === stackOf(before));
      for (const part of made.filter(({ inputs }) => !shared || inputs.ingress === thing.id)) {
        world.remove(part);
      }
      await world.clock.sleep(waits.reconcile);
      const host =
        loadBalancerOf(world, thing)?.id ?? makeLoadBalancer(world, thing, caller.cluster);
      addTargetGroups(world, thing, host);
      if (old) thing.outputs.status = { loadBalancer: { ingress: [{ hostname: old.id }] } };
    },
  },
  {
    on: "delete",
    types: [ingressType],
    source: "aws-load-balancer-controller v3.5.0: balancer and groups, then the finalizer",
    run: ({ world, thing }) => finalize(world, thing),
  },
  {
    on: "delete",
    types: [priorityClassType],
    source: "Kubernetes garbage collection: dependents are deleted, a namespace with all in it",
    run: async ({ world, thing }) => {
      for (const dependent of dependentsOf(world, thing)) {
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
      source: "Kubernetes, CronJobs: nobody waits for a run, which may fail at night",
      run: (attempt) => {
        const problem = noPods(attempt);
        if (problem) attempt.world.incidents.push(`CronJob ${attempt.thing.name}: ${problem}`);
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
    source: "Kubernetes rolling update, surge 1, unavailable 0: one pod at a time",
    run: async ({ world, inputs, olds }) => {
      if (JSON.stringify(inputs.spec.template) === JSON.stringify(olds.spec?.template)) return;
      await world.clock.sleep((inputs.spec.replicas ?? 1) * (waits.podStart + waits.podDrain));
    },
  },
  {
    on: "delete",
    types: [deploymentType],
    source: "Kubernetes: pods get their grace period; foreground deletion waits for them",
    run: ({ world }) => world.clock.sleep(waits.podDrain),
  },
];
