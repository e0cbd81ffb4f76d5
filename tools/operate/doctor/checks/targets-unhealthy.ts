import type { SecurityGroup } from "@aws-sdk/client-ec2";
import type { TargetHealthDescription } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { V1NetworkPolicy, V1Pod } from "@kubernetes/client-node";
import { contains } from "../../../../infra/network/cidr.ts";
import { isReady, nameOf } from "../../cluster-objects.ts";
import type { Check, Finding } from "../finding.ts";
import type { Snapshot, TargetGroupAnswer } from "../snapshot.ts";

/** One finding a target group and reason; a pod that is not ready has a finding of its own. */
export const targetsUnhealthy: Check = {
  name: "targets-unhealthy",
  finds:
    "targets that the load balancer finds unhealthy: status code of the health check's path, network policy, security group, port",
  consequence: true,
  find: (snapshot) =>
    (snapshot.aws.targetGroups ?? []).flatMap((answer) => {
      const { group, resource, targets } = answer;
      const [unhealthy] = targets.filter(
        ({ TargetHealth: health }) => health?.State === "unhealthy",
      );
      if (!unhealthy) return [];
      const namespace = resource.split("/")[0] ?? "";
      const { Id: ip = "", Port: port } = unhealthy.Target ?? {};
      const pod = snapshot.kubernetes.pods?.find(({ status }) => status?.podIP === ip);
      return [
        {
          object: `target group ${group.TargetGroupName} (${resource})`,
          evidence: `target ${ip}:${port}${pod ? ` (Pod ${nameOf(pod)})` : ""} is unhealthy: ${unhealthy.TargetHealth?.Reason}, ${unhealthy.TargetHealth?.Description}`,
          namespace,
          ...reasonOf(snapshot, answer, unhealthy, pod),
        },
      ];
    }),
};

type Said = Pick<Finding, "cause" | "remedy">;

function reasonOf(
  snapshot: Snapshot,
  { group }: TargetGroupAnswer,
  { Target: target, TargetHealth: health }: TargetHealthDescription,
  pod: V1Pod | undefined,
): Said {
  const path = group.HealthCheckPath ?? "/";
  const codes = /codes?: \[([\d, ]+)\]/.exec(health?.Description ?? "")?.[1];
  if (health?.Reason === "Target.ResponseCodeMismatch") {
    return {
      cause: `the health check of ${path} answers ${codes}, and ${group.Matcher?.HttpCode ?? "200"} is healthy`,
      remedy:
        "Set health.ready of the service to a path that answers so, or mend the service: npm run logs.",
    };
  }
  if (pod && !isReady(pod)) {
    return {
      cause: `Pod ${nameOf(pod)} is not ready`,
      remedy: "See docs/runbooks.md#unhealthy-targets.",
    };
  }
  const ports = pod?.spec?.containers.flatMap((one) => one.ports ?? []) ?? [];
  if (ports.length > 0 && !ports.some(({ containerPort }) => containerPort === target?.Port)) {
    return {
      cause: `the load balancer asks port ${target?.Port}, and the pod listens at ${ports.map((one) => one.containerPort).join(", ")}`,
      remedy: "Set port and health of the service to the port that it listens at, and run up.",
    };
  }
  return pod && target?.Port !== undefined
    ? closedWay(snapshot, pod, target.Port)
    : {
        cause: "the target does not answer",
        remedy: "See docs/runbooks.md#unhealthy-targets.",
      };
}

/** What lies between a load balancer and a pod that is ready. */
function closedWay(snapshot: Snapshot, pod: V1Pod, port: number): Said {
  const { loadBalancers = [], subnets = [], securityGroups, cluster } = snapshot.aws;
  const ofBalancer = loadBalancers.flatMap((one) => one.AvailabilityZones ?? []);
  const blocks = subnets
    .filter(({ SubnetId: id }) => ofBalancer.some((zone) => zone.SubnetId === id))
    .flatMap(({ CidrBlock: block }) => block ?? []);
  const policies = (snapshot.kubernetes.networkPolicies ?? []).filter((one) => selects(one, pod));
  const closed = blocks.filter((block) => !policies.some((one) => lets(one, block, pod, port)));
  if (policies.length > 0 && closed.length > 0) {
    return {
      cause: `no network policy lets the load balancer's subnet ${closed[0]} to port ${port}`,
      remedy: `Run pulumi up --refresh, which restores the policy from-load-balancer. Policies there: ${policies.map(nameOf).join(", ")}.`,
    };
  }
  const balancers = loadBalancers.flatMap((one) => one.SecurityGroups ?? []);
  const nodes = securityGroups?.find(
    (one) => one.GroupId === cluster?.resourcesVpcConfig?.clusterSecurityGroupId,
  );
  if (nodes && !balancers.some((from) => opens(nodes, from, port))) {
    return {
      cause: `the nodes' security group ${nodes.GroupId} does not let the load balancer to port ${port}`,
      remedy:
        "Restart the load balancer controller, which writes the rule: kubectl rollout restart deployment -n kube-system -l app.kubernetes.io/name=aws-load-balancer-controller.",
    };
  }
  return {
    cause: `the pod is ready, and does not answer the load balancer at port ${port}`,
    remedy: "Let the process listen on 0.0.0.0 and answer the health check in its timeout.",
  };
}

function selects({ metadata, spec }: V1NetworkPolicy, pod: V1Pod): boolean {
  const labels = Object.entries(spec?.podSelector?.matchLabels ?? {});
  return (
    metadata?.namespace === pod.metadata?.namespace &&
    (spec?.policyTypes?.includes("Ingress") ?? true) &&
    labels.every(([key, value]) => pod.metadata?.labels?.[key] === value)
  );
}

function lets({ spec }: V1NetworkPolicy, block: string, pod: V1Pod, port: number): boolean {
  const named = pod.spec?.containers
    .flatMap((one) => one.ports ?? [])
    .filter((one) => one.containerPort === port)
    .map((one) => one.name);
  return (spec?.ingress ?? []).some(
    ({ _from: peers, ports }) =>
      (!peers || peers.some(({ ipBlock }) => ipBlock && contains(ipBlock.cidr, block))) &&
      (!ports || ports.some((one) => one.port === port || named?.includes(String(one.port)))),
  );
}

const opens = ({ IpPermissions: rules = [] }: SecurityGroup, from: string, port: number) =>
  rules.some(
    ({ IpProtocol: protocol, FromPort = 0, ToPort = 65535, UserIdGroupPairs: pairs = [] }) =>
      (protocol === "-1" || (FromPort <= port && port <= ToPort)) &&
      pairs.some(({ GroupId: group }) => group === from),
  );
