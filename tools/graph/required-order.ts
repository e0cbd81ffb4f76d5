import { ancestors, outlivedBy, prerequisites } from "./order.ts";
import type { Resource } from "./resource.ts";

/** Each of `required` is created before each of `dependents`, and deleted after it. */
interface OrderingRule {
  dependents: Resource[];
  required: Resource[];
  because: string;
}

const releaseType = "kubernetes:helm.sh/v3:Release";
const ingressType = "kubernetes:networking.k8s.io/v1:Ingress";
const roleType = "aws:iam/role:Role";
const nodePoolType = "kubernetes:karpenter.sh/v1:NodePool";
const nodeClassType = "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass";
/** That of EKS Auto Mode, where all pods run on started nodes. */
const autoClassType = "kubernetes:eks.amazonaws.com/v1:NodeClass";
const addonType = "aws:eks/addon:Addon";
/** Add-ons that a node needs to become ready. */
const nodeAddons = ["vpc-cni", "kube-proxy", "eks-pod-identity-agent"];

/**
 * The order that AWS and Kubernetes require. Rules select resources by types and values, never by the
 * checked edges.
 */
function orderingRules(resources: Resource[]): OrderingRule[] {
  const ofType = (...types: string[]) => resources.filter(({ type }) => types.includes(type));
  const addons = (meant: (name: string) => boolean) =>
    ofType(addonType).filter(({ inputs }) => meant(inputs.addonName));

  const releases = ofType(releaseType);
  const objects = objectsOf(resources);
  const started = ofType(nodePoolType, nodeClassType, autoClassType);
  const auto = ofType(autoClassType).length > 0;
  const later = policiesOfCluster(resources);
  const profiles = ofType("aws:iam/instanceProfile:InstanceProfile");
  const profileRoles = ofType(roleType).filter((role) =>
    profiles.some(({ inputs }) => inputs.role === role.outputs.name),
  );
  // What its nodes join the cluster by, and what it hears of interruptions by.
  const ofStarted = [
    ...profiles,
    ...profileRoles.flatMap((role) => [role, ...policiesOf(role, resources)]),
    ...ofType("aws:eks/accessEntry:AccessEntry").filter(({ inputs }) => inputs.type !== undefined),
    ...ofType("aws:eks/accessPolicyAssociation:AccessPolicyAssociation").filter(({ inputs }) =>
      inputs.policyArn?.endsWith("/AmazonEKSAutoNodePolicy"),
    ),
    ...later,
  ];
  const nodes = ofType("aws:eks/nodeGroup:NodeGroup");
  const onNodes = addons((name) => nodeAddons.includes(name));
  const ground = ofType("awsx:ec2:Vpc", "eks:index:Cluster");
  const waysToAws = [
    ...ofType("aws:ec2/natGateway:NatGateway", "aws:ec2/vpcEndpoint:VpcEndpoint"),
    ...ofType("aws:ec2/route:Route").filter(
      ({ inputs }) => inputs.natGatewayId || inputs.networkInterfaceId,
    ),
    ...ofType("aws:autoscaling/group:Group"),
  ];
  const identity = ofType("aws:iam/openIdConnectProvider:OpenIdConnectProvider");
  const ingresses = ofType(ingressType);
  const balancers = ingresses.filter(isBalancer);
  // Its deletion deletes the preview environments, which have Ingresses.
  const hosts = ofType("kubernetes:scheduling.k8s.io/v1:PriorityClass").filter(
    ({ inputs }) =>
      inputs.metadata?.annotations?.["pulumi.com/deletionPropagationPolicy"] === "foreground",
  );
  const [clusterName] = ofType("eks:index:Cluster").map(({ outputs }) => outputs.eksCluster?.name);
  const logGroups = (path: string) =>
    ofType("aws:cloudwatch/logGroup:LogGroup").filter(({ inputs }) =>
      String(inputs.name).startsWith(path),
    );

  const withPermissions = (users: Resource[]) =>
    users.flatMap((user) => [user, ...permissionsOf(user, resources)]);

  return [
    ...ofType(roleType).map((role) => ({
      dependents: resources.filter((user) => uses(user, role)),
      required: [role, ...policiesOf(role, resources).filter((one) => !later.includes(one))],
      because: "a role is of no use without its permissions",
    })),
    {
      dependents: [...balancedObjects(resources), ...hosts],
      required: withPermissions(
        releases.filter(
          (release) => !isAutoscaler(release) && !isKeda(release) && !isKarpenter(release),
        ),
      ),
      because: "only a running controller removes its load balancer and its finalizers",
    },
    {
      dependents: objects.filter((object) => !releases.includes(object)),
      required: withPermissions(releases.filter(isAutoscaler)),
      because: "a pod that finds no room waits for a node that nobody adds",
    },
    {
      dependents: started,
      required: [...withPermissions(releases.filter(isKarpenter)), ...ofStarted],
      because: "only a running controller ends its instances, and removes its finalizers",
    },
    {
      dependents: ofType(nodePoolType),
      required: ofType(nodeClassType, autoClassType),
      because: "a node is started by its EC2NodeClass, which waits for its nodes to go",
    },
    {
      dependents: objects.filter(
        (object) => (auto || !releases.includes(object)) && !started.includes(object),
      ),
      required: started,
      because:
        "a pod that is left on a node when that goes finds no other, and is held by its budget",
    },
    {
      dependents: releases.filter(isKeda),
      required: started,
      because: "a pod that finds no room waits for a node that nobody adds",
    },
    {
      dependents: objects.filter(({ type }) => type.startsWith("kubernetes:keda.sh/")),
      required: withPermissions(releases.filter(isKeda)),
      because: "only KEDA knows such objects, and removes their finalizers",
    },
    {
      dependents: releases.filter(isKeda),
      required: withPermissions(releases.filter(isAutoscaler)),
      because: "a pod that finds no room waits for a node that nobody adds",
    },
    {
      dependents: objects,
      required: [
        ...withPermissions([...nodes, ...onNodes]),
        ...addons((name) => name === "coredns"),
        ...identity,
        ...ground,
        ...waysToAws,
      ],
      because: "pods run on nodes, resolve names, reach AWS and prove who they are",
    },
    {
      dependents: nodes,
      required: [...withPermissions(onNodes), ...ground, ...waysToAws],
      because:
        "a node reaches AWS, gets ready, and gives its network interfaces back, by its add-ons",
    },
    {
      dependents: ofType(addonType).filter(({ inputs }) => inputs.podIdentityAssociations),
      required: addons((name) => name === "eks-pod-identity-agent"),
      because: "its pods get their credentials from the agent of their node",
    },
    ...ofType("aws:eks/podIdentityAssociation:PodIdentityAssociation").map((association) => ({
      dependents: objects.filter((object) => runsAs(object, association)),
      required: [association],
      because: "a pod gets the role that its account has when it starts",
    })),
    {
      dependents: addons((name) => !nodeAddons.includes(name)),
      required: auto ? started : nodes,
      because: "without a node its pods wait, and its creation fails after 20 minutes",
    },
    ...ingresses.map((ingress) => ({
      dependents: ofType("kubernetes:apps/v1:Deployment").filter(
        (one) => namespaceOf(one) === namespaceOf(ingress),
      ),
      required: [ingress],
      because: "readiness gates are given to pods that are made after the target group",
    })),
    {
      dependents: [...ingresses.filter((one) => !isBalancer(one)), ...hosts],
      required: balancers,
      because: "rules are added to a load balancer, which has its scheme from its first Ingress",
    },
    {
      dependents: [...ingresses, ...hosts],
      required: ofType(
        "aws:acm/certificateValidation:CertificateValidation",
        "aws:acm/certificate:Certificate",
        "aws:wafv2/webAcl:WebAcl",
        "aws:s3/bucketPolicy:BucketPolicy",
      ).filter(
        ({ type, inputs }) =>
          !type.endsWith(":BucketPolicy") ||
          JSON.stringify(inputs.policy).includes("logdelivery.elasticloadbalancing"),
      ),
      because: "a load balancer holds on to its certificate, its web ACL and its log bucket",
    },
    {
      dependents: ofType("kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass"),
      required: addons((name) => name === "aws-secrets-store-csi-driver-provider"),
      because: "a kind is known only while the driver that brings it is there",
    },
    {
      dependents: ofType("kubernetes:core/v1:PersistentVolumeClaim"),
      required: [
        ...addons((name) => name === "aws-efs-csi-driver"),
        ...ofType(
          "aws:efs/mountTarget:MountTarget",
          "aws:efs/fileSystemPolicy:FileSystemPolicy",
          "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        ),
      ],
      because: "the driver of a node mounts them, and unmounts them when their pods stop",
    },
    {
      dependents: ofType("aws:route53/record:Record").filter(({ inputs }) => inputs.aliases),
      required: balancers,
      because: "a record that points at a load balancer which is gone can be taken over",
    },
    {
      dependents: ofType("eks:index:Cluster"),
      required: logGroups(`/aws/eks/${clusterName}/`),
      because: "a late writer makes the group again, without retention",
    },
    {
      dependents: addons((name) => name === "amazon-cloudwatch-observability"),
      required: logGroups(`/aws/containerinsights/${clusterName}/`),
      because: "a late writer makes the group again, without retention",
    },
  ];
}

/** The resources that each object of a load balancer needs until its deletion. */
export function neededByObjects(resources: Resource[]): Resource[] {
  const objects = balancedObjects(resources);
  const rules = orderingRules(resources).filter(
    ({ dependents }) =>
      objects.length > 0 && objects.every((object) => dependents.includes(object)),
  );
  return [...new Set(rules.flatMap(({ required }) => required))];
}

/** The missing edges, each as a sentence with the wrong order and the `dependsOn` that repairs it. */
export function missingEdges(resources: Resource[]): string[] {
  const needs = prerequisites(resources);
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  // A resource is a dependent of several rules.
  const outlived = new Map(resources.map(({ urn }) => [urn, outlivedBy(urn, needs)]));
  const broken = new Map<string, { from: Resource; to: Resource } & OrderingRule>();
  for (const { dependents, required, because } of orderingRules(resources)) {
    for (const dependent of dependents) {
      const survives = outlived.get(dependent.urn);
      for (const prerequisite of required.filter(({ urn }) => !survives?.has(urn))) {
        const [from, to] = branches(dependent, prerequisite, byUrn);
        const key = `${from.urn} ${to.urn} ${because}`;
        const edge = broken.get(key) ?? { from, to, dependents: [], required: [], because };
        if (!edge.dependents.includes(dependent)) edge.dependents.push(dependent);
        if (!edge.required.includes(prerequisite)) edge.required.push(prerequisite);
        broken.set(key, edge);
      }
    }
  }
  return [...broken.values()].map(
    ({ from, to, dependents, required, because }) =>
      `${listOf(dependents)} must be deleted before ${listOf(required)} (${because}): ` +
      `add dependsOn ${label(to)} to ${label(from)}`,
  );
}

/** The outermost component or resource that contains only one of two resources. */
function branches(a: Resource, b: Resource, byUrn: Map<string, Resource>): [Resource, Resource] {
  const lineOf = (one: Resource) => [one, ...ancestors(one, byUrn)].reverse();
  const [lineA, lineB] = [lineOf(a), lineOf(b)];
  const at = lineA.findIndex((one, depth) => one !== lineB[depth]);
  return [lineA[at] ?? a, lineB[at] ?? b];
}

/** Whether a resource uses a role: its inputs contain the role's ARN. */
function uses(user: Resource, role: Resource): boolean {
  return arnsIn(user).has(`"${role.outputs.arn}"`);
}

/** Whether the pods of an object or of a chart run as the account of an association. */
function runsAs(object: Resource, { inputs: { namespace, serviceAccount } }: Resource): boolean {
  const [key, where] =
    object.type === releaseType
      ? ["name", object.inputs.namespace]
      : ["serviceAccountName", namespaceOf(object)];
  return (
    where === namespace && JSON.stringify(object.inputs).includes(`"${key}":"${serviceAccount}"`)
  );
}

const arns = new WeakMap<Resource, Set<string>>();

/** The ARNs in the inputs, in quotes. */
function arnsIn(resource: Resource): Set<string> {
  const found =
    arns.get(resource) ?? new Set(JSON.stringify(resource.inputs).match(/"arn:[^"\\]*"/g));
  arns.set(resource, found);
  return found;
}

function permissionsOf(user: Resource, resources: Resource[]): Resource[] {
  return resources
    .filter((role) => role.type === roleType && uses(user, role))
    .flatMap((role) => [role, ...policiesOf(role, resources)]);
}

/** What the role of a control plane may do for EKS Auto Mode beside what eks.Cluster gives it: it comes later. */
function policiesOfCluster(resources: Resource[]): Resource[] {
  const roles = resources
    .map(({ type, inputs, outputs }) =>
      type === "eks:index:Cluster"
        ? outputs.eksCluster?.roleArn
        : type === "aws:eks/cluster:Cluster" && inputs.roleArn,
    )
    .map((arn) => String(arn).split("/").at(-1));
  return resources.filter(
    ({ type, inputs }) => type === "aws:iam/rolePolicy:RolePolicy" && roles.includes(inputs.role),
  );
}

/** The policy resources of a role. */
export function policiesOf(role: Resource, resources: Resource[]): Resource[] {
  return resources.filter(
    ({ type, inputs }) =>
      /^aws:iam\/rolePolicy(Attachment)?:/.test(type) && inputs.role === role.outputs.name,
  );
}

function objectsOf(resources: Resource[]): Resource[] {
  return resources.filter(({ type, custom }) => custom && type.startsWith("kubernetes:"));
}

/** The objects of namespaces with an Ingress. */
function balancedObjects(resources: Resource[]): Resource[] {
  const objects = objectsOf(resources).filter(({ type }) => type !== releaseType);
  const balanced = new Set(objects.filter(({ type }) => type === ingressType).map(namespaceOf));
  return objects.filter((object) => balanced.has(namespaceOf(object)) && !isNetworkSetting(object));
}

/** By which EKS Auto Mode enforces network policies; no controller knows it. */
const isNetworkSetting = ({ type, inputs }: Resource) =>
  type === "kubernetes:core/v1:ConfigMap" && inputs.metadata?.name === "amazon-vpc-cni";

const namespaceOf = ({ type, inputs: { metadata } }: Resource) =>
  type === "kubernetes:core/v1:Namespace" ? metadata?.name : metadata?.namespace;
/** Whether the Ingress sets the attributes of its load balancer. */
const isBalancer = ({ inputs }: Resource) =>
  inputs.metadata?.annotations?.["alb.ingress.kubernetes.io/scheme"] !== undefined;
const isAutoscaler = ({ inputs }: Resource) => inputs.chart === "cluster-autoscaler";
const isKarpenter = ({ inputs }: Resource) => /\/karpenter(-crd)?$/.test(inputs.chart ?? "");
const isKeda = ({ inputs }: Resource) => inputs.chart === "keda";
const label = ({ type, name }: Resource) => `${type.split(":").at(-1)} ${name}`;
const listOf = (resources: Resource[]) => resources.map(label).join(", ");
