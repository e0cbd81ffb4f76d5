import type { Statement } from "../../../infra/cluster/policy-document.ts";
import {
  deniedAction,
  irsaProblem,
  list,
  roleByArn,
  type ServiceAccount,
  statementsOf,
} from "./iam.ts";
import { awsProblem } from "./rules/way-out.ts";
import type { CloudResource, PodRole, Props, World } from "./world.ts";

export const associationType = "aws:eks/podIdentityAssociation:PodIdentityAssociation";
const addonType = "aws:eks/addon:Addon";
const service = "pods.eks.amazonaws.com";
const roleAnnotation = "eks.amazonaws.com/role-arn";

/** The namespaces of add-ons that are not in kube-system. */
const addonNamespaces: Record<string, string> = {
  "amazon-cloudwatch-observability": "amazon-cloudwatch",
};

/** The accounts for which an add-on takes an association: `describe-addon-configuration` of each. */
const addonAccounts: Record<string, string[]> = {
  "vpc-cni": ["aws-node"],
  "amazon-cloudwatch-observability": ["cloudwatch-agent"],
  // aws-efs-csi-driver issue 1759
  "aws-efs-csi-driver": ["efs-csi-controller-sa"],
};

/** A group of nodes: its role, and where its nodes are. */
type NodePlace = Pick<Props, "nodeRoleArn" | "subnetIds">;

/** Why EKS takes no association of an add-on. Returns undefined if it takes all. */
export function addonAssociationProblem(world: World, inputs: Props): string | undefined {
  for (const { serviceAccount, roleArn } of list<Props>(inputs.podIdentityAssociations)) {
    if (!addonAccounts[inputs.addonName]?.includes(serviceAccount)) {
      return `Service account ${serviceAccount} in pod identity configuration is not supported for addon ${inputs.addonName}`;
    }
    const problem = associatedRoleProblem(world, roleArn);
    if (problem) return problem;
  }
  return undefined;
}

/** Why EKS associates no account with the role. Returns undefined if it does. */
export function associatedRoleProblem(world: World, roleArn: string): string | undefined {
  const role = roleByArn(world, roleArn);
  if (!role) return "Role provided in the request does not exist.";
  const trusted = statementsOf(role.inputs.assumeRolePolicy).some(admitsPods);
  return trusted ? undefined : "Trust policy of the role provided is invalid.";
}

const admitsPods = ({ Effect, Principal, Action }: Statement): boolean =>
  Effect === "Allow" &&
  list(Principal?.Service).includes(service) &&
  ["sts:AssumeRole", "sts:TagSession"].every((one) => list(Action).includes(one));

/**
 * Why a pod of the account that is admitted now cannot call the actions through its role. Returns undefined
 * if it can. EKS gives the pod its association where there is one, and else what the annotation says
 * (amazon-eks-pod-identity-webhook, buildPodPatchConfig).
 */
export function accountProblem(
  world: World,
  account: ServiceAccount,
  actions: string[],
  places: NodePlace[] = nodePlaces(world, account.cluster),
): string | undefined {
  // Its pods run where there are nodes.
  const nodes = places.map((place) => ({
    ...place,
    subnetIds: world.subnetsLeft(place.subnetIds),
  }));
  const associated = associatedRole(world, account);
  if (associated) {
    return podIdentityProblem(world, { ...account, roleArn: associated }, actions, nodes);
  }
  const subnets = nodes.flatMap(({ subnetIds }) => subnetIds);
  const stranded = subnets.map((id) => awsProblem(world, id, ["sts"])).find(Boolean);
  return (
    irsaProblem(world, account, actions) ?? (stranded && `the SDK cannot reach AWS: ${stranded}`)
  );
}

/** The role that is associated with the account, by itself or by an add-on of EKS. */
export function associatedRole(
  world: World,
  { cluster, namespace, name }: Pick<ServiceAccount, "cluster" | "namespace" | "name">,
): string | undefined {
  const own = world
    .live(associationType)
    .find(
      ({ inputs }) =>
        inputs.clusterName === cluster &&
        inputs.namespace === namespace &&
        inputs.serviceAccount === name,
    );
  return own?.inputs.roleArn ?? addonRole(world, { cluster, namespace, name });
}

function addonRole(
  world: World,
  { cluster, namespace, name }: Pick<ServiceAccount, "cluster" | "namespace" | "name">,
): string | undefined {
  return world
    .all(addonType)
    .filter(({ inputs, status }) => inputs.clusterName === cluster && status !== "deleting")
    .filter(({ inputs }) => (addonNamespaces[inputs.addonName] ?? "kube-system") === namespace)
    .flatMap(({ inputs }) => list<Props>(inputs.podIdentityAssociations))
    .find(({ serviceAccount }) => serviceAccount === name)?.roleArn;
}

const nodePlaces = (world: World, cluster: string): NodePlace[] =>
  world
    .live("aws:eks/nodeGroup:NodeGroup")
    .map(({ inputs }) => inputs)
    .filter(({ clusterName }) => clusterName === cluster) as NodePlace[];

/**
 * Amazon EKS User Guide, "How EKS Pod Identity works": the agent of the pod's node asks the EKS Auth API in
 * the name of the node's role, which assumes the role with session tags of the pod.
 */
function podIdentityProblem(
  world: World,
  { cluster, namespace, name, roleArn }: ServiceAccount,
  actions: string[],
  nodes: NodePlace[],
): string | undefined {
  const who = `service account ${namespace}/${name}`;
  const agent = world
    .live(addonType)
    .some(
      ({ inputs }) =>
        inputs.clusterName === cluster && inputs.addonName === "eks-pod-identity-agent",
    );
  if (nodes.length > 0 && !agent) {
    return `${who}: failed to refresh cached credentials: dial tcp 169.254.170.23:80: i/o timeout: no eks-pod-identity-agent runs`;
  }
  for (const { nodeRoleArn, subnetIds } of nodes) {
    const denied = deniedAction(world, String(nodeRoleArn).split("/").at(-1) ?? "", [
      "eks-auth:AssumeRoleForPodIdentity",
    ]);
    if (denied)
      return `AccessDeniedException: ${nodeRoleArn} is not authorized to perform: ${denied}`;
    const stranded = (subnetIds as string[])
      .map((id) => awsProblem(world, id, ["eks-auth"]))
      .find(Boolean);
    if (stranded) return `${who}: unable to fetch credentials from EKS Auth: ${stranded}`;
  }
  const role = roleByArn(world, roleArn ?? "");
  const tags = sessionTags(world, { cluster, namespace, name });
  const trusted = statementsOf(role?.inputs.assumeRolePolicy).some(
    (statement) => admitsPods(statement) && hasTags(statement, tags),
  );
  if (!role || !trusted) {
    return `${who}: (AccessDeniedException): Unauthorized Exception! EKS does not have permissions to assume the associated role.`;
  }
  const denied = deniedAction(world, role.id, actions);
  return denied && `AccessDenied: ${who} is not authorized to perform ${denied}`;
}

/** Amazon EKS User Guide, "Grant Pods access to AWS resources based on tags". */
const sessionTags = (
  world: World,
  { cluster, namespace, name }: Pick<ServiceAccount, "cluster" | "namespace" | "name">,
): Record<string, string> => ({
  "eks-cluster-arn": world.get("aws:eks/cluster:Cluster", cluster)?.outputs.arn ?? "",
  "eks-cluster-name": cluster,
  "kubernetes-namespace": namespace,
  "kubernetes-service-account": name,
});

const hasTags = ({ Condition = {} }: Statement, tags: Record<string, string>): boolean =>
  Object.entries(Condition).every(
    ([operator, expected]) =>
      operator === "StringEquals" &&
      Object.entries(expected).every(([key, values]) =>
        list(values).includes(tags[key.replace("aws:RequestTag/", "")] ?? ""),
      ),
  );

/** What the pods of a Deployment or of a chart were admitted with. Undefined if they have no role. */
export function admittedAs(world: World, resource: CloudResource): PodRole | undefined {
  const { cluster = "", inputs, outputs } = resource;
  const ofChart = chartAccount(inputs);
  const namespace: string =
    ofChart?.namespace ?? outputs.metadata?.namespace ?? inputs.metadata?.namespace ?? "default";
  const name: string = ofChart?.name ?? inputs.spec?.template.spec.serviceAccountName ?? "default";
  const associated = associatedRole(world, { cluster, namespace, name }) !== undefined;
  const account = world.get("kubernetes:core/v1:ServiceAccount", `${namespace}/${name}`);
  const roleArn = ofChart?.roleArn ?? account?.inputs.metadata.annotations?.[roleAnnotation];
  return associated || roleArn ? { namespace, name, roleArn, associated } : undefined;
}

/** The account of the pods of a chart that calls AWS, as its values name it. */
export function chartAccount({ chart, namespace, values = {} }: Props) {
  if (!chart) return undefined;
  if (chart === "keda") {
    const irsa = values.podIdentity?.aws?.irsa;
    return {
      namespace,
      name: values.serviceAccount?.operator?.name ?? "keda-operator",
      roleArn: irsa?.enabled ? irsa.roleArn : undefined,
    };
  }
  const account = values.rbac?.serviceAccount ?? values.serviceAccount ?? {};
  return { namespace, name: account.name, roleArn: account.annotations?.[roleAnnotation] };
}

/** For each Deployment and each chart: why its pods, which had a role, have none any more. */
export function lostRoles(world: World): string[] {
  return ["kubernetes:apps/v1:Deployment", "kubernetes:helm.sh/v3:Release"]
    .flatMap((type) => world.live(type))
    .flatMap(({ name, cluster = "", identity }) => {
      const problem = identity && lostRole(world, cluster, identity);
      return problem ? [`pods of ${name} have no role any more: ${problem}`] : [];
    });
}

function lostRole(
  world: World,
  cluster: string,
  { namespace, name, roleArn, associated }: PodRole,
): string | undefined {
  const account = { cluster, namespace, name, roleArn };
  if (!associated) return irsaProblem(world, account, []);
  const now = associatedRole(world, account);
  return now === undefined
    ? `service account ${namespace}/${name} has no association`
    : podIdentityProblem(world, { ...account, roleArn: now }, [], nodePlaces(world, cluster));
}
