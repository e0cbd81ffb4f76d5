import { mostNodes, nodesFor } from "../../infra/cluster/capacity.ts";
import { roomsOfStarted } from "../../infra/cluster/started-nodes.ts";
import { addonsOnNodes, clusterPodsOf } from "../graph/cluster-pods.ts";
import { manifestsOf, minZonesOf } from "../graph/manifests.ts";
import { startedNodesOf } from "../graph/node-pool.ts";
import type { Properties, Resource } from "../graph/resource.ts";
import { servicePods } from "../graph/workload-pods.ts";
import { publicAddresses, zoneCount } from "./ec2.ts";
import { instancePrice } from "./eks.ts";
import { hex } from "./naming.ts";
import { autoModeShare, type Charges, prices } from "./prices.ts";
import { type Mock, oneCall, type ResourceType, seconds } from "./resource-type.ts";

/** One call each; the waits are rules of the rehearsal. Objects of the cluster are free (prices.ts). */
const object: ResourceType = { duration: oneCall };
const clusterObject: ResourceType = { duration: oneCall, clusterScoped: true };

/** replacements.ts has the properties that replace every object. */
export const kubernetes: Record<string, ResourceType> = {
  "kubernetes:core/v1:Namespace": { duration: seconds(1, 1, 6), clusterScoped: true },
  "kubernetes:core/v1:ResourceQuota": object,
  "kubernetes:core/v1:LimitRange": object,
  "kubernetes:core/v1:ServiceAccount": object,
  "kubernetes:core/v1:ConfigMap": { duration: oneCall, replacedBy: ["data", "binaryData"] },
  "kubernetes:core/v1:Secret": {
    duration: oneCall,
    replacedBy: ["type", "data", "stringData"],
    holdsData: { what: "its values" },
  },
  "kubernetes:core/v1:Service": {
    duration: oneCall,
    replacedBy: ["spec.clusterIP"],
    charges: ({ inputs }) =>
      inputs.spec?.type === "LoadBalancer" ? { unknown: ["a load balancer of its own"] } : {},
  },
  "kubernetes:core/v1:PersistentVolume": {
    duration: oneCall,
    clusterScoped: true,
    replacedBy: ["spec.csi", "spec.volumeMode"],
  },
  "kubernetes:core/v1:PersistentVolumeClaim": {
    duration: oneCall,
    replacedBy: ["spec"],
    // A volume that a claim names is there before it, and bills by what it is.
    holdsData: { what: "its files", unless: namesVolume },
    charges: ({ inputs }) => (namesVolume(inputs) ? {} : { unknown: ["its volume"] }),
  },
  "kubernetes:apps/v1:Deployment": { duration: oneCall, replacedBy: ["spec.selector"] },
  "kubernetes:apps/v1:StatefulSet": {
    charges: ({ inputs }) =>
      inputs.spec?.volumeClaimTemplates?.length > 0 ? { unknown: ["its volumes"] } : {},
  },
  "kubernetes:batch/v1:Job": {
    duration: oneCall,
    replacedBy: ["spec.completions", "spec.parallelism", "spec.selector", "spec.template"],
  },
  // Its runs follow its template: all of it changes in place.
  "kubernetes:batch/v1:CronJob": object,
  "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass": object,
  "kubernetes:policy/v1:PodDisruptionBudget": object,
  "kubernetes:scheduling.k8s.io/v1:PriorityClass": clusterObject,
  "kubernetes:autoscaling/v2:HorizontalPodAutoscaler": object,
  "kubernetes:keda.sh/v1alpha1:ScaledObject": object,
  "kubernetes:keda.sh/v1alpha1:TriggerAuthentication": object,
  "kubernetes:karpenter.sh/v1:NodePool": {
    ...clusterObject,
    charges: (_, all) => startedCharges(all),
  },
  "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass": clusterObject,
  "kubernetes:eks.amazonaws.com/v1:NodeClass": clusterObject,
  "kubernetes:networking.k8s.io/v1:NetworkPolicy": object,
  "kubernetes:networking.k8s.io/v1:Ingress": {
    duration: seconds(2),
    mock: (inputs, name, place) => {
      const { id, state } = kubernetesObject(inputs, name, place);
      const { namespace = "default", name: ingress } = state.metadata;
      const short = (part: string) => part.replace(/[^a-z0-9]/g, "").slice(0, 8);
      const label = `k8s-${short(namespace)}-${short(ingress)}-${hex(ingress, 10)}`;
      const hostname = `${label}.${place.region}.elb.amazonaws.com`;
      return { id, state: { ...state, status: { loadBalancer: { ingress: [{ hostname }] } } } };
    },
    charges: loadBalancer,
  },
  "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy": clusterObject,
  "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding": clusterObject,
  "kubernetes:rbac.authorization.k8s.io/v1:Role": object,
  // RBAC takes no other role of a binding that is there.
  "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": {
    duration: oneCall,
    replacedBy: ["roleRef"],
  },
  "kubernetes:helm.sh/v3:Release": {
    duration: seconds(8, 8, 5),
    replacedBy: ["name", "namespace"],
    required: ["chart"],
    autoname: { property: "name", maxLength: 53 },
    id: ({ namespace, name }) => `${namespace ?? "default"}/${name}`,
    computed: ({ inputs: { name, namespace, version } }) => ({
      status: { name, namespace, revision: 1, status: "deployed", version },
    }),
    recomputed: ["status"],
  },
  "pulumi:providers:kubernetes": { replacedBy: ["clusterIdentifier"] },
};

/** An object as the API server answers with it. */
export const kubernetesObject: Mock = (inputs, name) => {
  const metadata = { ...inputs.metadata, name: inputs.metadata?.name ?? name };
  const namespace = metadata.namespace ? `${metadata.namespace}/` : "";
  return { id: `${namespace}${metadata.name}`, state: { ...inputs, metadata } };
};

/** The Ingresses of one group share one load balancer, billed to the one that names its scheme, or the first. */
function loadBalancer(ingress: Resource, all: Resource[]): Charges {
  const annotation = ({ inputs }: Resource, name: string): string | undefined =>
    inputs.metadata?.annotations?.[`alb.ingress.kubernetes.io/${name}`];
  const group = annotation(ingress, "group.name");
  const members = all.filter(
    (one) => one.type === ingress.type && annotation(one, "group.name") === group,
  );
  const first = members.find((one) => annotation(one, "scheme")) ?? members[0];
  if (group !== undefined && first !== ingress) return {};
  const vpc = all.find(({ type }) => type === "awsx:ec2:Vpc");
  const zones = annotation(ingress, "subnets")?.split(",").length ?? (vpc && zoneCount(vpc.inputs));
  const inPublic = annotation(ingress, "scheme") === "internet-facing";
  return {
    fixed: [
      { what: "load balancer", count: 1, price: prices.applicationLoadBalancer },
      ...publicAddresses(inPublic ? (zones ?? 0) : 0),
    ],
    perUse: [prices.capacityUnit],
    unknown: inPublic && !zones ? ["public IPv4 addresses of the load balancer"] : [],
  };
}

/**
 * The nodes that are started for the pods of Deployments at their fewest replicas, of the type that costs
 * least for all of them: at least one in each zone over which a service is spread, which Karpenter takes for
 * a must. It also mixes types, and puts pods on the managed group where it has room. In
 * EKS Auto Mode the pods of add-ons are on them too, and EKS bills each for itself.
 */
function startedCharges(all: Resource[]): Charges {
  const started = startedNodesOf(all);
  if (!started) return {};
  const auto = started.by === "EKS Auto Mode";
  const services = servicePods(manifestsOf(all), { bound: "least", rollout: false }).map(
    (pods) => ({
      ...pods,
      spread: true,
    }),
  );
  const pods = auto ? [...services, ...clusterPodsOf(all)] : services;
  const { zones } = started;
  const charts = all.filter(({ type }) => type === "kubernetes:helm.sh/v3:Release");
  const atLeast = Math.max(
    Math.min(zones, Math.max(0, ...services.map(({ count }) => count))),
    ...(auto ? charts.map((one) => minZonesOf(one.inputs.values?.topologySpreadConstraints)) : []),
  );
  const spot = started.capacityTypes.includes("spot") ? ", at most (Spot)" : "";
  const rooms = roomsOfStarted(started.instanceTypes, addonsOnNodes(all));
  const [cheapest] = started.instanceTypes
    .flatMap((type, at) => {
      const [price, room] = [instancePrice(type), rooms[at]];
      const bounds = { zones, atLeast, atMost: mostNodes };
      const count = room && nodesFor(pods, { room, ...bounds });
      return price && count !== undefined ? [{ type, price, count }] : [];
    })
    .sort((a, b) => a.count * a.price.usd - b.count * b.price.usd);
  if (!cheapest) return { unknown: [`nodes that ${started.by} starts: no price for their types`] };
  const { type, price, count } = cheapest;
  const fee = { ...price, usd: Number((price.usd * autoModeShare).toFixed(5)) };
  return {
    fixed: [
      { what: `${type} node of ${started.by}${spot}`, count, price },
      ...(auto ? [{ what: `EKS Auto Mode for ${type}`, count, price: fee }] : []),
      { what: "GB of gp3", count: count * started.diskGiB, price: prices.gp3 },
    ],
  };
}

function namesVolume({ spec }: Properties): boolean {
  return spec?.volumeName !== undefined;
}
