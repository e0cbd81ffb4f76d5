import assert from "node:assert/strict";
import { RequestCertificateCommand } from "@aws-sdk/client-acm";
import { PutMetricAlarmCommand, SetAlarmStateCommand } from "@aws-sdk/client-cloudwatch";
import { DescribeSubnetsCommand, EC2Client } from "@aws-sdk/client-ec2";
import { CreateClusterCommand } from "@aws-sdk/client-eks";
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  RegisterTargetsCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { after, before, describe, it } from "mocha";
import type { OperatedStack } from "../../../tools/operate/operated-stack.ts";
import { type AwsClients, awsClients } from "../../../tools/operate/status/aws-clients.ts";
import {
  certificateOf,
  findBalancer,
  servedCertificates,
  suffixOf,
  targetsOf,
} from "../../../tools/operate/status/balancer-status.ts";
import { controlPlane } from "../../../tools/operate/status/cluster-status.ts";
import { ringingAlarms } from "../../../tools/operate/status/promises.ts";
import { motoServer, startMoto } from "../../support/moto.ts";

const region = "eu-central-1";
const variables = {
  AWS_ACCESS_KEY_ID: "none",
  AWS_SECRET_ACCESS_KEY: "none",
  AWS_ENDPOINT_URL: "",
};

describe("the status of what AWS made", function () {
  this.timeout(120_000);
  const former = { ...process.env };
  let stop: (() => Promise<void>) | undefined;
  let clients: AwsClients;
  const stack = {
    clusterName: "platform-shop",
    config: { services: { ingress: { scheme: "internet-facing" } } },
  } as OperatedStack;

  before(async function () {
    const command = motoServer();
    if (!command) {
      console.error("      skipped: no moto_server on PATH");
      return this.skip();
    }
    const moto = await startMoto(command);
    stop = moto.stop;
    Object.assign(process.env, variables, { AWS_ENDPOINT_URL: moto.endpoint });
    clients = awsClients(region);
  });
  after(async () => {
    await stop?.();
    for (const name of Object.keys(variables)) {
      if (former[name] === undefined) delete process.env[name];
      else process.env[name] = former[name];
    }
  });

  const tags = (cluster: string, id: string) => [
    { Key: "elbv2.k8s.aws/cluster", Value: cluster },
    { Key: "ingress.k8s.aws/stack", Value: "platform" },
    { Key: "ingress.k8s.aws/resource", Value: id },
  ];

  it("finds its own load balancer by the controller's tags, its targets and its certificates", async () => {
    const { acm, balancing } = clients;
    const { Subnets = [] } = await new EC2Client({ region }).send(new DescribeSubnetsCommand({}));
    const balancer = async (cluster: string) => {
      const { LoadBalancers = [] } = await balancing.send(
        new CreateLoadBalancerCommand({
          Name: `k8s-${cluster}`,
          Subnets: Subnets.slice(0, 2).map(({ SubnetId = "" }) => SubnetId),
          Tags: tags(cluster, "LoadBalancer"),
        }),
      );
      const { TargetGroups = [] } = await balancing.send(
        new CreateTargetGroupCommand({
          ...{ Name: `k8s-web-${cluster}`, Protocol: "HTTP", Port: 8080, TargetType: "ip" },
          VpcId: Subnets[0]?.VpcId,
          Tags: tags(cluster, "web/web-web-5e6f:http"),
        }),
      );
      return [
        LoadBalancers[0]?.LoadBalancerArn ?? "",
        TargetGroups[0]?.TargetGroupArn ?? "",
      ] as const;
    };
    await balancer("platform-prod");
    const [loadBalancer, group] = await balancer("platform-shop");
    const found = await findBalancer(clients, stack);
    assert.deepEqual(found, { loadBalancer, targetGroups: { web: group } });
    assert.match(suffixOf(loadBalancer), /^app\/k8s-platform-shop\/\w+$/);
    assert.match(suffixOf(group), /^targetgroup\/k8s-web-platform-shop\/\w+$/);

    const Targets = [{ Id: "10.0.0.1", Port: 8080 }];
    await balancing.send(new RegisterTargetsCommand({ TargetGroupArn: group, Targets }));
    assert.deepEqual(await targetsOf(clients, group), {
      healthy: 1,
      registered: 1,
      notHealthy: [],
    });

    const { CertificateArn } = await acm.send(
      new RequestCertificateCommand({ DomainName: "shop.example.com" }),
    );
    await balancing.send(
      new CreateListenerCommand({
        ...{ LoadBalancerArn: loadBalancer, Protocol: "HTTPS", Port: 443 },
        Certificates: [{ CertificateArn }],
        DefaultActions: [{ Type: "forward", TargetGroupArn: group }],
      }),
    );
    assert.deepEqual(await servedCertificates(clients, loadBalancer), [CertificateArn]);
    const { hostName, status } = await certificateOf(clients, CertificateArn ?? "");
    assert.deepEqual([hostName, status], ["shop.example.com", "PENDING_VALIDATION"]);
  });

  it("hears the alarms of the stack that tell somebody", async () => {
    const { cloudWatch } = clients;
    for (const [AlarmName, action] of [
      ["platform-shop/web/errors", true],
      ["platform-shop/web/part", false],
      ["platform-prod/web/errors", true],
    ] as const) {
      await cloudWatch.send(
        new PutMetricAlarmCommand({
          ...{ AlarmName, AlarmDescription: "errors", MetricName: "x", Namespace: "y" },
          ...{ Period: 60, EvaluationPeriods: 1, Threshold: 1, Statistic: "Sum" },
          ComparisonOperator: "GreaterThanThreshold",
          AlarmActions: action ? [`arn:aws:sns:${region}:111122223333:alarms`] : [],
        }),
      );
      const StateReason = "tested";
      await cloudWatch.send(
        new SetAlarmStateCommand({ AlarmName, StateValue: "ALARM", StateReason }),
      );
    }
    const ringing = await ringingAlarms(clients, stack);
    assert.deepEqual(
      ringing.map(({ name, says }) => [name, says]),
      [["web/errors", "errors"]],
    );
  });

  it("reads the cluster", async () => {
    await clients.eks.send(
      new CreateClusterCommand({
        name: "platform-shop",
        version: "1.36",
        roleArn: "arn:aws:iam::111122223333:role/cluster",
        resourcesVpcConfig: {},
      }),
    );
    const { version, status, issues } = await controlPlane(clients, "platform-shop");
    assert.deepEqual([version, status, issues], ["1.36", "ACTIVE", []]);
  });
});
