import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { Certificate, HostNames } from "../../../infra/edge/certificate.ts";
import { Firewall, type FirewallArgs } from "../../../infra/edge/firewall.ts";
import {
  LoadBalancerLogs,
  type LoadBalancerLogsArgs,
} from "../../../infra/edge/load-balancer-logs.ts";
import { deploy, only } from "../../../tools/graph/evaluate.ts";

const domain = {
  hostedZoneId: "Z0123456789ABC",
  hostName: "platform.example.com",
  hostNames: ["platform.example.com", "shop.platform.example.com"],
  region: "eu-central-1",
};
const customs = (resources: { custom: boolean }[]) => resources.filter(({ custom }) => custom);

describe("certificate", () => {
  const certificate = () => deploy(() => new Certificate("certificate", { domain }));

  it("covers every host name, and is proved by a record for each", async () => {
    const resources = await certificate();
    const { inputs } = only(resources, "aws:acm/certificate:Certificate");
    assert.deepEqual(
      [inputs.domainName, ...inputs.subjectAlternativeNames].sort(),
      domain.hostNames,
    );
    const records = resources.filter(({ type }) => type === "aws:route53/record:Record");
    for (const host of domain.hostNames) {
      const record = records.find(({ name }) => name.endsWith(`-${host}`));
      assert.match(record?.inputs.name, new RegExp(`\\.${host}\\.$`));
    }
  });

  it("is known only when it is issued, so that nothing uses it before", async () => {
    const resources = await certificate();
    const validation = only(resources, "aws:acm/certificateValidation:CertificateValidation");
    assert.equal(validation.inputs.validationRecordFqdns.length, 2);
    assert.equal(
      validation.inputs.certificateArn,
      only(resources, "aws:acm/certificate:Certificate").outputs.arn,
    );
  });

  it("covers all names below by a wildcard, which the record of its own name proves", async () => {
    const hostNames = [domain.hostName, `*.${domain.hostName}`];
    const resources = await deploy(
      () => new Certificate("certificate", { domain: { ...domain, hostNames } }),
    );
    const { inputs } = only(resources, "aws:acm/certificate:Certificate");
    assert.deepEqual(inputs.subjectAlternativeNames, [`*.${domain.hostName}`]);
    const record = only(resources, "aws:route53/record:Record");
    assert.match(record.inputs.name, new RegExp(`^_[0-9a-f]+\\.${domain.hostName}\\.$`));
  });

  it("is none without a domain, and no record is either", async () => {
    const resources = await deploy(() => {
      new Certificate("certificate", { domain: undefined });
      new HostNames("host-names", { domain: undefined, target: "alb.example" });
    });
    assert.deepEqual(customs(resources), []);
  });
});

describe("host names", () => {
  it("are aliases of the load balancer, in its zone and not in ours", async () => {
    const resources = await deploy(
      () => new HostNames("host-names", { domain, target: "alb.example" }),
    );
    const records = resources.filter(({ type }) => type === "aws:route53/record:Record");
    assert.deepEqual(records.map(({ inputs }) => inputs.name).sort(), domain.hostNames);
    for (const { inputs } of records) {
      assert.equal(inputs.zoneId, domain.hostedZoneId);
      assert.equal(inputs.aliases[0].name, "alb.example");
      assert.notEqual(inputs.aliases[0].zoneId, domain.hostedZoneId);
      assert.equal(inputs.aliases[0].evaluateTargetHealth, true);
    }
  });
});

describe("firewall", () => {
  const firewall = (changes: Partial<FirewallArgs> = {}) =>
    deploy(
      () =>
        new Firewall("firewall", {
          enabled: true,
          countOnly: false,
          requestsPerFiveMinutes: 2000,
          bodies: [{ hosts: [], path: "/", maxBodyKiB: 8 }],
          clusterName: "platform-test",
          region: "eu-central-1",
          accountId: "111122223333",
          logs: { retentionDays: 30, keepOnDestroy: false },
          ...changes,
        }),
    );
  const rulesOf = async (changes: Partial<FirewallArgs> = {}) =>
    only(await firewall(changes), "aws:wafv2/webAcl:WebAcl").inputs.rules;

  it("is AWS's rules and a limit for each client address, all measured", async () => {
    const rules = await rulesOf({ requestsPerFiveMinutes: 500 });
    const groups = rules.flatMap(
      (rule: { statement: { managedRuleGroupStatement?: { name: string } } }) =>
        rule.statement.managedRuleGroupStatement?.name ?? [],
    );
    assert.deepEqual(groups.sort(), [
      "AWSManagedRulesAmazonIpReputationList",
      "AWSManagedRulesCommonRuleSet",
      "AWSManagedRulesKnownBadInputsRuleSet",
    ]);
    assert.equal(rules[0].statement.rateBasedStatement.limit, 500);
    assert.equal(rules[0].statement.rateBasedStatement.aggregateKeyType, "IP");
    for (const { name, visibilityConfig } of rules) {
      assert.equal(visibilityConfig.cloudwatchMetricsEnabled, true, name);
    }
    const priorities = rules.map(({ priority }: { priority: number }) => priority);
    assert.equal(new Set(priorities).size, rules.length);
  });

  it("refuses nothing while it only counts", async () => {
    for (const { name, action, overrideAction } of await rulesOf({ countOnly: true })) {
      assert.deepEqual(action ?? overrideAction, { count: {} }, name);
    }
    for (const { name, action, overrideAction } of await rulesOf()) {
      assert.ok(action?.block ?? overrideAction?.none, name);
    }
  });

  it("logs what it refuses, without credentials, to a group that AWS accepts", async () => {
    const resources = await firewall();
    const group = only(resources, "aws:cloudwatch/logGroup:LogGroup");
    assert.match(group.inputs.name, /^aws-waf-logs-/);
    assert.equal(group.inputs.retentionInDays, 30);
    const { inputs, dependsOn } = only(
      resources,
      "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
    );
    const redacted = inputs.redactedFields.map(
      ({ singleHeader }: { singleHeader: { name: string } }) => singleHeader.name,
    );
    assert.deepEqual(redacted, ["authorization", "cookie"]);
    const policy = only(resources, "aws:cloudwatch/logResourcePolicy:LogResourcePolicy");
    assert.ok(dependsOn.includes(policy.urn));
    const [statement] = JSON.parse(policy.inputs.policyDocument).Statement;
    assert.equal(statement.Condition.StringEquals["aws:SourceAccount"], "111122223333");
  });

  it("is none when it is off", async () =>
    assert.deepEqual(customs(await firewall({ enabled: false })), []));
});

describe("load balancer logs", () => {
  const logs = (changes: Partial<LoadBalancerLogsArgs> = {}) =>
    deploy(
      () =>
        new LoadBalancerLogs("load-balancer-logs", {
          access: true,
          connections: false,
          healthChecks: false,
          retentionDays: 90,
          accountId: "111122223333",
          keepOnDestroy: false,
          ...changes,
        }),
    );

  it("are written by Elastic Load Balancing of this account alone, over TLS alone", async () => {
    const { inputs } = only(await logs(), "aws:s3/bucketPolicy:BucketPolicy");
    const policy = typeof inputs.policy === "string" ? JSON.parse(inputs.policy) : inputs.policy;
    const [deliver, tlsOnly] = policy.Statement;
    assert.deepEqual(deliver.Principal, {
      Service: "logdelivery.elasticloadbalancing.amazonaws.com",
    });
    assert.equal(deliver.Action, "s3:PutObject");
    assert.match(deliver.Resource, /\/\*\/AWSLogs\/111122223333\/\*$/);
    assert.equal(tlsOnly.Effect, "Deny");
    assert.deepEqual(tlsOnly.Condition, { Bool: { "aws:SecureTransport": "false" } });
  });

  it("are in a private bucket, encrypted as the load balancer can, and expire", async () => {
    const resources = await logs({ retentionDays: 30 });
    const block = only(resources, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock");
    for (const key of [
      "blockPublicAcls",
      "blockPublicPolicy",
      "ignorePublicAcls",
      "restrictPublicBuckets",
    ]) {
      assert.equal(block.inputs[key], true, key);
    }
    const encryption = only(
      resources,
      "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    );
    assert.equal(
      encryption.inputs.rules[0].applyServerSideEncryptionByDefault.sseAlgorithm,
      "AES256",
    );
    const lifecycle = only(
      resources,
      "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    );
    assert.equal(lifecycle.inputs.rules[0].expiration.days, 30);
  });

  it("go with the stack, or stay when the stack says so", async () => {
    const type = "aws:s3/bucket:Bucket";
    assert.equal(only(await logs(), type).inputs.forceDestroy, true);
    assert.equal(only(await logs({ keepOnDestroy: true }), type).inputs.forceDestroy, false);
  });

  it("are no bucket when none is asked for", async () =>
    assert.deepEqual(customs(await logs({ access: false })), []));
});
