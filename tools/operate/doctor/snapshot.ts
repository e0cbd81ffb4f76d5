import type { CertificateDetail } from "@aws-sdk/client-acm";
import type { Activity, AutoScalingGroup } from "@aws-sdk/client-auto-scaling";
import type { SecurityGroup, Subnet } from "@aws-sdk/client-ec2";
import type { AccessEntry, Addon, Cluster, Nodegroup } from "@aws-sdk/client-eks";
import type {
  LoadBalancer,
  TargetGroup,
  TargetHealthDescription,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import type {
  CoreV1Event,
  KubernetesObject,
  V1APIService,
  V1Condition,
  V1Deployment,
  V1EndpointSlice,
  V1Ingress,
  V1IngressClass,
  V1Job,
  V1Namespace,
  V1NetworkPolicy,
  V1Node,
  V1PersistentVolumeClaim,
  V1Pod,
  V1ReplicaSet,
  V1ValidatingWebhookConfiguration,
  V2HorizontalPodAutoscaler,
} from "@kubernetes/client-node";

/** An object of Karpenter's: a NodePool, an EC2NodeClass or a NodeClaim. */
export interface KarpenterObject extends KubernetesObject {
  spec?: { limits?: Record<string, string> };
  status?: { conditions?: V1Condition[]; resources?: Record<string, string> };
}

/** What the cluster says. A list that could not be read is not there. */
export interface KubernetesAnswers {
  pods?: V1Pod[];
  events?: CoreV1Event[];
  namespaces?: V1Namespace[];
  nodes?: V1Node[];
  deployments?: V1Deployment[];
  replicaSets?: V1ReplicaSet[];
  jobs?: V1Job[];
  autoscalers?: V2HorizontalPodAutoscaler[];
  ingresses?: V1Ingress[];
  ingressClasses?: V1IngressClass[];
  networkPolicies?: V1NetworkPolicy[];
  volumeClaims?: V1PersistentVolumeClaim[];
  endpointSlices?: V1EndpointSlice[];
  /** Validating and mutating ones; the doctor reads nothing that differs between them. */
  webhooks?: V1ValidatingWebhookConfiguration[];
  apiServices?: V1APIService[];
  /** Karpenter's, where the stack has it. */
  nodePools?: KarpenterObject[];
  nodeClasses?: KarpenterObject[];
  nodeClaims?: KarpenterObject[];
}

/** What AWS says. An answer that could not be had is not there. */
export interface AwsAnswers {
  /** The ARN of who asks. */
  caller?: string;
  /** `null`: AWS says that there is no such cluster. */
  cluster?: Cluster | null;
  nodeGroups?: Nodegroup[];
  addons?: Addon[];
  accessEntries?: AccessEntry[];
  scalingGroups?: AutoScalingGroup[];
  /** The newest of each Auto Scaling group first. */
  scalingActivities?: Activity[];
  /** The load balancers that the controller made for the cluster. */
  loadBalancers?: LoadBalancer[];
  targetGroups?: TargetGroupAnswer[];
  certificates?: CertificateDetail[];
  subnets?: Subnet[];
  securityGroups?: SecurityGroup[];
}

export interface TargetGroupAnswer {
  group: TargetGroup;
  /** `<namespace>/<ingress>-<service>:<port>`, by the controller's tag `ingress.k8s.aws/resource`. */
  resource: string;
  targets: TargetHealthDescription[];
}

/** What DNS says of a name: its IPv4 addresses, or the code that it says instead, such as ENOTFOUND. */
export interface DnsAnswer {
  name: string;
  addresses: string[];
  code?: string;
}

/** What Pulumi's state says of the stack. */
export interface StateAnswers {
  pendingOperations: { type: string; urn: string }[];
  resources: { urn: string; type: string }[];
}

/** Something that could not be read. */
export interface Unread {
  what: string;
  why: string;
  /** The status of the Kubernetes API's answer. */
  status?: number;
  /** The stack may be well without it. @default false */
  optional?: boolean;
}

/** All that the checks judge, read at one time. */
export interface Snapshot {
  at: Date;
  stack: string;
  clusterName: string;
  /** The host names that the settings lead to the load balancer. */
  hostNames: string[];
  /** Whether the stack has nodes.schedule, so that it may have no nodes on purpose. @default false */
  sleeps?: boolean;
  kubernetes: KubernetesAnswers;
  aws: AwsAnswers;
  /** Host names of the settings and of the load balancers. */
  dns: DnsAnswer[];
  state?: StateAnswers;
  unread: Unread[];
}
