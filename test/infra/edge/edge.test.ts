import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { describe, it } from "mocha";
import { Certificate } from "../../../infra/edge/certificate.ts";
import { type DnsRecord, type DomainArgs, makeRecordProviders } from "../../../infra/edge/dns.ts";
import { Firewall, type FirewallArgs } from "../../../infra/edge/firewall.ts";
import { HostNames } from "../../../infra/edge/host-names.ts";
import { certificateProblems } from "../../../infra/edge/issued-certificates.ts";
import {
  LoadBalancerLogs,
  type LoadBalancerLogsArgs,
} from "../../../infra/edge/load-balancer-logs.ts";
import { deploy, only } from "../../../tools/graph/evaluate.ts";

const hostedZoneId = "Z0123456789ABC";
const inZone = (hostName: string) => ({ hostName, hostedZoneId });
const domain = {
  hostName: "platform.example.com",
  hostNames: ["platform.example.com", "shop.platform.example.com"].map(inZone),
};
const customs = (resources: { custom: boolean }[]) => resources.filter(({ custom }) => custom);
const recordType = "aws:route53/record:Record";
const validationType = "aws:acm/certificateValidation:CertificateValidation";
const recordProviders = {};

describe("certificate", () => {
  const certificate = (changes: Partial<DomainArgs> = {}) =>
    deploy(
      () =>
        new Certificate("certificate", { domain: { ...domain, ...changes }, recordProviders })
          .records,
    );

  it("covers every host name, and is proved by a record for each", async () => {
    const resources = await certificate();
    const { inputs } = only(resources, "aws:acm/certificate:Certificate");
    const hosts = domain.hostNames.map(({ hostName }) => hostName);
    assert.deepEqual([inputs.domainName, ...inputs.subjectAlternativeNames].sort(), hosts);
    const records = resources.filter(({ type }) => type === recordType);
    for (const host of hosts) {
      const record = records.find(({ name }) => name.endsWith(`-${host}`));
      assert.match(record?.inputs.name, new RegExp(`\\.${host}\\.$`));
      assert.equal(record?.inputs.type, "CNAME");
      assert.match(record?.inputs.records.join(), /^_[0-9a-f]{32}\.acm-validations\.aws\.$/);
    }
  });

  it("is known only when it is issued, so that nothing uses it before", async () => {
    const resources = await certificate();
    const validation = only(resources, validationType);
    assert.equal(validation.inputs.validationRecordFqdns.length, 2);
    assert.equal(
      validation.inputs.certificateArn,
      only(resources, "aws:acm/certificate:Certificate").outputs.arn,
    );
  });

  it("covers all names below by a wildcard, which the record of its own name proves", async () => {
    const resources = await certificate({
      hostNames: [domain.hostName, `*.${domain.hostName}`].map(inZone),
    });
    const { inputs } = only(resources, "aws:acm/certificate:Certificate");
    assert.deepEqual(inputs.subjectAlternativeNames, [`*.${domain.hostName}`]);
    const record = only(resources, recordType);
    assert.match(record.inputs.name, new RegExp(`^_[0-9a-f]+\\.${domain.hostName}\\.$`));
  });

  it("proves a wildcard whose own name is not asked for", async () => {
    const resources = await certificate({
      hostNames: [domain.hostName, "*.tenants.example.org"].map(inZone),
    });
    const names = resources
      .filter(({ type }) => type === recordType)
      .map(({ inputs }) => inputs.name);
    assert.equal(names.length, 2);
    assert.match(names.join(" "), / _[0-9a-f]+\.tenants\.example\.org\.$/);
  });

  it("waits for the records that a person sets, and lists them", async () => {
    let listed: unknown;
    const resources = await deploy(() => {
      const hostNames = [inZone(domain.hostName), { hostName: "shop.example.org" }];
      new Certificate("certificate", {
        domain: { ...domain, hostNames },
        recordProviders,
      }).records.apply((records) => {
        listed = records;
      });
    });
    assert.equal(only(resources, recordType).inputs.zoneId, hostedZoneId);
    const { inputs, dependsOn } = only(resources, validationType);
    assert.equal(inputs.validationRecordFqdns, undefined);
    assert.ok(dependsOn.includes(only(resources, recordType).urn));
    const [{ name, type, value }] = listed as [DnsRecord];
    assert.match(name, /^_[0-9a-f]{32}\.shop\.example\.org\.$/);
    assert.deepEqual([type, /^_[0-9a-f]+\.acm-validations\.aws\.$/.test(value)], ["CNAME", true]);
  });

  it("is waited for aloud by an up alone: a plan prints no records of nobody", async () => {
    const { warn } = console;
    const said: unknown[] = [];
    console.warn = (line) => said.push(line);
    try {
      await certificate({ hostNames: [{ hostName: domain.hostName }] });
    } finally {
      console.warn = warn;
    }
    assert.deepEqual(said, []);
  });

  it("is those that are issued already, where the settings name them, and none is requested", async () => {
    const certificateArns = ["arn:aws:acm:1", "arn:aws:acm:2"];
    let arns: unknown;
    const resources = await deploy(() => {
      const args = { domain: { ...domain, certificateArns }, recordProviders };
      pulumi.output(new Certificate("certificate", args).arns).apply((given) => {
        arns = given;
      });
    });
    assert.deepEqual(arns, certificateArns);
    assert.deepEqual(customs(resources), []);
  });

  it("is none without a domain, and no record is either", async () => {
    const resources = await deploy(() => {
      new Certificate("certificate", { domain: undefined, recordProviders });
      const args = { domain: undefined, region: "eu-central-1", recordProviders };
      new HostNames("host-names", { ...args, target: "alb.example" });
    });
    assert.deepEqual(customs(resources), []);
  });
});

describe("certificates that are issued already", () => {
  const arn = "arn:aws:acm:eu-central-1:111122223333:certificate/0a1b";
  const issued = (domainName: string, ...subjectAlternativeNames: string[]) => ({
    arn,
    status: "ISSUED",
    domainName,
    subjectAlternativeNames,
  });
  const hosts = ["example.com", "shop.example.com"];

  it("serve names that they list, or that a wildcard of theirs covers", () => {
    assert.deepEqual(certificateProblems([issued("example.com", "*.example.com")], hosts), []);
    assert.deepEqual(
      certificateProblems([issued("example.com"), issued("shop.example.com")], hosts),
      [],
    );
    assert.deepEqual(certificateProblems([issued("*.example.com")], ["*.example.com"]), []);
  });

  it("do not serve what is two labels below a wildcard, or the name that it is below", () => {
    for (const host of ["a.shop.example.com", "example.com"]) {
      assert.deepEqual(certificateProblems([issued("*.example.com")], [host]), [
        `domain.certificateArns: no certificate is for ${host}; allowed: certificates for all host names. Theirs are *.example.com`,
      ]);
    }
  });

  it("are named with all that they are for, where they leave out host names", () => {
    const problems = certificateProblems([issued("a.example.com", "b.example.com")], hosts);
    assert.deepEqual(problems, [
      "domain.certificateArns: no certificate is for example.com, shop.example.com; allowed: certificates for all host names. Theirs are a.example.com, b.example.com",
    ]);
  });

  it("serve nothing before they are issued", () => {
    const pending = { ...issued("example.com", "*.example.com"), status: "PENDING_VALIDATION" };
    assert.deepEqual(certificateProblems([pending], hosts), [
      `domain.certificateArns: ${arn} is PENDING_VALIDATION; allowed: a certificate that is ISSUED`,
    ]);
  });
});

describe("host names", () => {
  const region = "eu-central-1";

  it("are aliases of the load balancer, in its zone and not in ours", async () => {
    const resources = await deploy(
      () => new HostNames("host-names", { domain, region, target: "alb.example", recordProviders }),
    );
    const records = resources.filter(({ type }) => type === recordType);
    assert.deepEqual(
      records.map(({ inputs }) => inputs.name).sort(),
      domain.hostNames.map(({ hostName }) => hostName),
    );
    for (const { inputs } of records) {
      assert.equal(inputs.zoneId, hostedZoneId);
      assert.equal(inputs.aliases[0].name, "alb.example");
      assert.notEqual(inputs.aliases[0].zoneId, hostedZoneId);
      assert.equal(inputs.aliases[0].evaluateTargetHealth, true);
    }
  });

  it("without a hosted zone are records that a person sets", async () => {
    let listed: unknown;
    const resources = await deploy(() => {
      const hostNames = [inZone(domain.hostName), { hostName: "shop.example.org" }];
      const args = { domain: { ...domain, hostNames }, region, recordProviders };
      new HostNames("host-names", { ...args, target: "alb.example" }).records.apply((records) => {
        listed = records;
      });
    });
    assert.equal(only(resources, recordType).inputs.name, domain.hostName);
    assert.deepEqual(listed, [{ name: "shop.example.org", type: "CNAME", value: "alb.example" }]);
  });

  it("of a zone in another account are changed by its role, in that account alone", async () => {
    const hostedZoneRoleArn = "arn:aws:iam::444455556666:role/dns/records";
    const resources = await deploy(() => {
      const zone = { ...inZone("shop.example.org"), hostedZoneRoleArn };
      const providers = makeRecordProviders({
        domains: [["domain", zone]],
        provider: { region, allowedAccountIds: ["111122223333"] },
      });
      const there = { domain: { ...domain, hostNames: [zone] }, recordProviders: providers };
      new Certificate("certificate", there);
      new HostNames("host-names", { ...there, region, target: "alb.example" });
    });
    const provider = only(resources, "pulumi:providers:aws");
    assert.equal(provider.name, "records-444455556666-records");
    assert.deepEqual(JSON.parse(provider.inputs.allowedAccountIds), ["444455556666"]);
    assert.deepEqual(JSON.parse(provider.inputs.assumeRoles), [{ roleArn: hostedZoneRoleArn }]);
    const records = resources.filter(({ type }) => type === recordType);
    assert.equal(records.length, 2);
    for (const record of records) assert.equal(record.provider, provider.urn);
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
