import {
  ACMClient,
  type CertificateSummary,
  DescribeCertificateCommand,
  KeyAlgorithm,
  paginateListCertificates,
} from "@aws-sdk/client-acm";
import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  DescribeScalingActivitiesCommand,
} from "@aws-sdk/client-auto-scaling";
import {
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import {
  DescribeAccessEntryCommand,
  DescribeAddonCommand,
  DescribeClusterCommand,
  DescribeNodegroupCommand,
  EKSClient,
  paginateListAccessEntries,
} from "@aws-sdk/client-eks";
import {
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  paginateDescribeLoadBalancers,
  paginateDescribeTargetGroups,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { addonNames, balancerTags, listed, nodeGroupNames } from "../aws-lists.ts";
import type { AwsAnswers } from "./snapshot.ts";
import type { Tolerant } from "./tolerant.ts";

/** All that the doctor asks AWS for: each reads. The first is for the token of the Kubernetes API too. */
export const actions = [
  "sts:GetCallerIdentity",
  "eks:DescribeCluster",
  "eks:ListNodegroups",
  "eks:DescribeNodegroup",
  "eks:ListAddons",
  "eks:DescribeAddon",
  "eks:ListAccessEntries",
  "eks:DescribeAccessEntry",
  "autoscaling:DescribeAutoScalingGroups",
  "autoscaling:DescribeScalingActivities",
  "ec2:DescribeSubnets",
  "ec2:DescribeSecurityGroups",
  "elasticloadbalancing:DescribeLoadBalancers",
  "elasticloadbalancing:DescribeTags",
  "elasticloadbalancing:DescribeTargetGroups",
  "elasticloadbalancing:DescribeTargetHealth",
  "acm:ListCertificates",
  "acm:DescribeCertificate",
];

export interface AwsClients {
  acm: ACMClient;
  autoScaling: AutoScalingClient;
  ec2: EC2Client;
  eks: EKSClient;
  balancing: ElasticLoadBalancingV2Client;
  sts: STSClient;
}

export const awsClients = (region: string): AwsClients => ({
  acm: new ACMClient({ region }),
  autoScaling: new AutoScalingClient({ region }),
  ec2: new EC2Client({ region }),
  eks: new EKSClient({ region }),
  balancing: new ElasticLoadBalancingV2Client({ region }),
  sts: new STSClient({ region }),
});

export interface AwsQuestion {
  clusterName: string;
  /** Certificates are read that are for one of them. */
  hostNames: string[];
  certificateArns: string[];
}

export async function readAws(
  clients: AwsClients,
  question: AwsQuestion,
  tolerant: Tolerant,
): Promise<AwsAnswers> {
  const [caller, cluster, certificates] = await Promise.all([
    tolerant.read("who asks", async () => {
      return (await clients.sts.send(new GetCallerIdentityCommand({}))).Arn;
    }),
    tolerant.read(`cluster ${question.clusterName}`, () => clusterOf(clients, question)),
    tolerant.read("certificates", () => certificatesOf(clients, question)),
  ]);
  if (!cluster) return { caller, cluster, certificates };
  const vpcId = cluster.resourcesVpcConfig?.vpcId;
  const [ofCluster, balancers, network] = await Promise.all([
    readNodesAndAddons(clients, question, tolerant),
    readBalancers(clients, question, tolerant),
    vpcId ? readNetwork(clients, vpcId, tolerant) : {},
  ]);
  return { caller, cluster, certificates, ...ofCluster, ...balancers, ...network };
}

async function clusterOf({ eks }: AwsClients, { clusterName: name }: AwsQuestion) {
  try {
    return (await eks.send(new DescribeClusterCommand({ name }))).cluster;
  } catch (error) {
    if ((error as Error).name === "ResourceNotFoundException") return null;
    throw error;
  }
}

async function readNodesAndAddons(
  { eks: client, autoScaling }: AwsClients,
  { clusterName }: AwsQuestion,
  tolerant: Tolerant,
): Promise<AwsAnswers> {
  const [nodeGroups, addons, accessEntries] = await Promise.all([
    tolerant.read("node groups", async () => {
      const names = await nodeGroupNames(client, clusterName);
      const ask = (nodegroupName: string) =>
        client.send(new DescribeNodegroupCommand({ clusterName, nodegroupName }));
      return (await Promise.all(names.map(ask))).flatMap((one) => one.nodegroup ?? []);
    }),
    tolerant.read("add-ons", async () => {
      const names = await addonNames(client, clusterName);
      const ask = (addonName: string) =>
        client.send(new DescribeAddonCommand({ clusterName, addonName }));
      return (await Promise.all(names.map(ask))).flatMap((one) => one.addon ?? []);
    }),
    tolerant.read("access entries", async () => {
      const pages = paginateListAccessEntries({ client }, { clusterName });
      const names = await listed(pages, (page) => page.accessEntries);
      const ask = (principalArn: string) =>
        client.send(new DescribeAccessEntryCommand({ clusterName, principalArn }));
      return (await Promise.all(names.map(ask))).flatMap((one) => one.accessEntry ?? []);
    }),
  ]);
  const names = (nodeGroups ?? []).flatMap(({ resources }) =>
    (resources?.autoScalingGroups ?? []).flatMap(({ name }) => name ?? []),
  );
  if (names.length === 0) return { nodeGroups, addons, accessEntries };
  const scalingGroups = await tolerant.read("Auto Scaling groups", async () => {
    const command = new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: names });
    return (await autoScaling.send(command)).AutoScalingGroups ?? [];
  });
  const scalingActivities = await tolerant.read("scaling activities", async () => {
    const ask = (AutoScalingGroupName: string) =>
      autoScaling.send(new DescribeScalingActivitiesCommand({ AutoScalingGroupName }));
    return (await Promise.all(names.map(ask))).flatMap((one) => one.Activities ?? []);
  });
  return { nodeGroups, addons, accessEntries, scalingGroups, scalingActivities };
}

/** The load balancers that carry the controller's tag of this cluster, and their target groups. */
async function readBalancers(
  { balancing: client }: AwsClients,
  { clusterName }: AwsQuestion,
  tolerant: Tolerant,
): Promise<AwsAnswers> {
  const loadBalancers = await tolerant.read("load balancers", async () => {
    const pages = paginateDescribeLoadBalancers({ client }, {});
    const found = await listed(pages, (page) => page.LoadBalancers);
    const tags = await balancerTags(
      client,
      found.map((one) => one.LoadBalancerArn ?? ""),
    );
    return found.filter(
      (one) => tags[one.LoadBalancerArn ?? ""]?.["elbv2.k8s.aws/cluster"] === clusterName,
    );
  });
  const targetGroups = await tolerant.read("target groups", async () => {
    const ofEach = (loadBalancers ?? []).map(({ LoadBalancerArn }) =>
      listed(
        paginateDescribeTargetGroups({ client }, { LoadBalancerArn }),
        (page) => page.TargetGroups,
      ),
    );
    const groups = (await Promise.all(ofEach)).flat();
    const tags = await balancerTags(
      client,
      groups.map((one) => one.TargetGroupArn ?? ""),
    );
    return await Promise.all(
      groups.map(async (group) => {
        const command = new DescribeTargetHealthCommand({ TargetGroupArn: group.TargetGroupArn });
        const targets = (await client.send(command)).TargetHealthDescriptions ?? [];
        const resource = tags[group.TargetGroupArn ?? ""]?.["ingress.k8s.aws/resource"] ?? "";
        return { group, resource, targets };
      }),
    );
  });
  return { loadBalancers, targetGroups };
}

async function readNetwork(
  { ec2 }: AwsClients,
  vpcId: string,
  tolerant: Tolerant,
): Promise<AwsAnswers> {
  const ofVpc = { Filters: [{ Name: "vpc-id", Values: [vpcId] }] };
  const [subnets, securityGroups] = await Promise.all([
    tolerant.read("subnets", async () => {
      return (await ec2.send(new DescribeSubnetsCommand(ofVpc))).Subnets ?? [];
    }),
    tolerant.read("security groups", async () => {
      return (await ec2.send(new DescribeSecurityGroupsCommand(ofVpc))).SecurityGroups ?? [];
    }),
  ]);
  return { subnets, securityGroups };
}

/** ACM lists certificates with RSA keys only, unless it is asked for the others too. */
async function certificatesOf(
  { acm: client }: AwsClients,
  { hostNames, certificateArns }: AwsQuestion,
) {
  if (hostNames.length === 0) return [];
  const includes = { Includes: { keyTypes: Object.values(KeyAlgorithm) } };
  const pages = paginateListCertificates({ client }, includes);
  const summaries = await listed(pages, (page) => page.CertificateSummaryList);
  const serves = ({
    CertificateArn: arn = "",
    DomainName: name = "",
    ...one
  }: CertificateSummary) =>
    certificateArns.includes(arn) ||
    [name, ...(one.SubjectAlternativeNameSummaries ?? [])].some((of) => hostNames.includes(of));
  const arns = summaries.filter(serves).map((one) => one.CertificateArn);
  const ask = (CertificateArn: string | undefined) =>
    client.send(new DescribeCertificateCommand({ CertificateArn }));
  return (await Promise.all(arns.map(ask))).flatMap((one) => one.Certificate ?? []);
}
