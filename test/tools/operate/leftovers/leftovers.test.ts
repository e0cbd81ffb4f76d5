import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CreateClusterCommand } from "@aws-sdk/client-eks";
import { after, before, beforeEach, describe, it } from "mocha";
import { parse, stringify } from "yaml";
import { cloudOf } from "../../../../tools/operate/leftovers/kind.ts";
import { leftoversCommand } from "../../../../tools/operate/leftovers/leftovers-command.ts";
import { motoServer, startMoto } from "../../../support/moto.ts";
import { motoProxy } from "../../../support/moto-proxy.ts";
import { printing } from "../../../support/printing.ts";
import { ofCni, ofController, ofCsi, ofEks, ofProgram, planter } from "./planted.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const region = "eu-central-1";
const cluster = "platform-dev";
const variables = {
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
  AWS_EC2_METADATA_DISABLED: "true",
  AWS_REGION: region,
};

/** A copy of the project whose stacks are in moto's account, or in another one. */
function projectFolder(account = "123456789012"): string {
  const folder = mkdtempSync(join(tmpdir(), "leftovers-project-"));
  for (const entry of ["service", "Pulumi.yaml"]) {
    symlinkSync(join(root, entry), join(folder, entry));
  }
  for (const name of ["Pulumi.dev.yaml", "Pulumi.prod.yaml"]) {
    const file = parse(readFileSync(join(root, name), "utf8"));
    file.config["platform:accountId"] = account;
    writeFileSync(join(folder, name), stringify(file));
  }
  return folder;
}

describe("leftovers", function () {
  this.timeout(180_000);
  let proxy: Awaited<ReturnType<typeof motoProxy>>;
  let moto: Awaited<ReturnType<typeof startMoto>>;
  let cloud: ReturnType<typeof cloudOf>;
  let plant: ReturnType<typeof planter>;
  const folder = projectFolder();
  const former = { ...process.env };
  before(async function () {
    const command = motoServer();
    if (!command) {
      console.error("      skipped: no moto_server on PATH");
      return this.skip();
    }
    moto = await startMoto(command);
    proxy = await motoProxy(moto.endpoint);
    Object.assign(process.env, variables, { AWS_ENDPOINT_URL: proxy.endpoint });
    cloud = cloudOf(region);
    plant = planter(cloud);
  });
  after(async () => {
    process.env = former;
    await proxy?.stop();
    await moto?.stop();
    rmSync(folder, { recursive: true });
  });
  beforeEach(async () => {
    proxy.refusals = [];
    proxy.actions = [];
    await fetch(`${moto.endpoint}/moto-api/reset`, { method: "POST" });
  });

  const run = async (args: string[], typed?: string, project = folder) => {
    const { terminal, printed } = printing();
    proxy.actions = [];
    const code = await leftoversCommand(args, terminal, {
      folder: project,
      patience: { seconds: 0.01, tries: 4 },
      ask: typed === undefined ? undefined : async () => typed,
    });
    return { code, ...printed };
  };
  const listed = async (...args: string[]) => {
    const { code, out } = await run(["--json", ...args]);
    const data = JSON.parse(out);
    const ids = (part: string) => data[part].map(({ id }: { id: string }) => id).sort();
    return { code, data, left: ids("left"), kept: ids("kept"), others: ids("others") };
  };
  const writes = () =>
    proxy.actions.filter((action) =>
      /^(Delete|Terminate|Release|Revoke|Detach|Schedule|Create|DELETE|PUT)/.test(action),
    );

  /** What a destroy leaves that ends after the controller and the nodes, and before the network. */
  async function interruptedDestroy(): Promise<string[]> {
    const { vpc, subnets, rest } = await plant.network(ofProgram());
    const [zoneA = ""] = subnets;
    const shared = await plant.securityGroup(vpc, "k8s-traffic", ofController(cluster));
    const balancers = await plant.securityGroup(vpc, "k8s-lb", ofController(cluster));
    const nodes = await plant.securityGroup(vpc, `eks-cluster-sg-${cluster}-1`, ofEks(cluster));
    await plant.admit(nodes, shared);
    await plant.admit(shared, balancers);
    await plant.admit(balancers, nodes);
    const balancer = await plant.loadBalancer(
      "k8s-platform",
      subnets,
      balancers,
      ofController(cluster),
    );
    const volume = await plant.volume(ofCsi(cluster));
    return [
      ...[vpc, ...subnets, ...rest, shared, balancers, nodes, balancer, volume],
      await plant.targetGroup("k8s-web-used", vpc, ofController(cluster), balancer),
      await plant.targetGroup("k8s-web-old", vpc, ofController(cluster)),
      ...(await plant.nat(zoneA, ofProgram())),
      await plant.endpoint(vpc, subnets, ofProgram()),
      await plant.interface(zoneA, nodes, ofCni(cluster)),
      await plant.interface(zoneA, nodes, { "node.k8s.amazonaws.com/instance_id": "i-1" }),
      ...(await plant.nodes("eks-nodes", zoneA, { "eks:cluster-name": cluster })),
      await plant.snapshot(volume, ofCsi(cluster)),
      await plant.logGroup(`/aws/eks/${cluster}/cluster`),
      await plant.logGroup(`/aws/containerinsights/${cluster}/application`, ofProgram()),
      await plant.logGroup("network-flow-logs-0123456", ofProgram()),
      await plant.repository("web-0123456", ofProgram()),
      await plant.identityProvider(ofProgram()),
      await plant.key(ofProgram()),
    ].sort();
  }

  /** What is not the stack's, or is its data. */
  async function mustStay() {
    const { vpc, subnets } = await plant.network({ Name: "somebody's" });
    const [subnet = ""] = subnets;
    const other = await plant.securityGroup(vpc, "k8s-other", ofController("other"));
    const untagged = await plant.securityGroup(vpc, `eks-cluster-sg-${cluster}-2`, {});
    const balancer = await plant.loadBalancer("k8s-other", subnets, other, ofController("other"));
    await plant.targetGroup("k8s-other", vpc, ofController("other"), balancer);
    await plant.interface(subnet, untagged, {});
    await plant.interface(subnet, other, ofCni("other"));
    await plant.interface(subnet, other, { "node.k8s.amazonaws.com/instance_id": "i-2" });
    await plant.volume(ofCsi(`${cluster}-2`));
    await plant.volume({});
    await plant.logGroup(`/aws/eks/${cluster}-2/cluster`);
    await plant.logGroup("network-flow-logs-prod", ofProgram("prod"));
    await plant.repository("web-prod", ofProgram("prod"));
    await plant.key(ofProgram("prod"));
    // A network that others made, in which the cluster was a guest.
    await plant.network({ [`kubernetes.io/cluster/${cluster}`]: "shared" });
    return {
      kept: [
        await plant.secret("token", ofProgram()),
        await plant.waitingKey(ofProgram()),
        await bucket("uploads-0123456", ofProgram()),
      ].sort(),
      others: [
        await plant.securityGroup(vpc, "both", { ...ofEks(cluster), ...ofEks("other") }),
        await plant.logGroup(`/aws/eks/${cluster}/other`, ofProgram("prod")),
        await plant.volume({ "ebs.csi.aws.com/cluster": "true", CSIVolumeName: "pvc-1" }),
        await plant.securityGroup(vpc, "prod", { ...ofEks(cluster), ...ofProgram("prod") }),
      ].sort(),
    };
  }

  /** By S3's own requests, for which no client is installed. */
  async function bucket(name: string, tags: Record<string, string>): Promise<string> {
    const put = async (path: string, body: string) => {
      const authorization = `AWS4-HMAC-SHA256 Credential=a/20260101/${region}/s3/aws4_request, SignedHeaders=host, Signature=0`;
      const ask = { method: "PUT", headers: { authorization }, body };
      const answer = await fetch(`${moto.endpoint}/${path}`, ask);
      assert.ok(answer.ok, await answer.text());
    };
    await put(
      name,
      `<CreateBucketConfiguration><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`,
    );
    const set = Object.entries(tags)
      .map(([key, value]) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`)
      .join("");
    await put(`${name}?tagging`, `<Tagging><TagSet>${set}</TagSet></Tagging>`);
    return `arn:aws:s3:::${name}`;
  }

  it("finds and deletes all that an interrupted destroy left", async () => {
    const planted = await interruptedDestroy();
    const stays = await mustStay();
    const found = await listed();
    assert.deepEqual(found.left, planted);
    assert.equal(found.code, 1);

    const { code, out, err } = await run(["--delete", "--confirm", cluster]);
    assert.equal(code, 0, `${out}\n${err}`);
    const left = await listed();
    const key = planted.filter((id) => left.kept.includes(id));
    assert.equal(key.length, 1, "the key waits for its deletion");
    assert.deepEqual(left.left, []);
    assert.deepEqual(left.kept, [...stays.kept, ...key].sort());
    assert.deepEqual(left.others, stays.others);
    assert.equal(left.code, 0);
  });

  it("deletes in the order that AWS asks for", async () => {
    await interruptedDestroy();
    await run(["--delete", "--confirm", cluster]);
    const order = [
      ...[
        "DeleteAutoScalingGroup",
        "TerminateInstances",
        "DeleteLoadBalancer",
        "DeleteTargetGroup",
      ],
      ...["DeleteVpcEndpoints", "DeleteNatGateway", "ReleaseAddress", "DeleteNetworkInterface"],
      ...["DeleteSecurityGroup", "DeleteInternetGateway", "DeleteSubnet"],
      ...["DeleteRouteTable", "DeleteVpc"],
    ];
    const first = order.map((action) => proxy.actions.indexOf(action));
    const last = order.map((action) => proxy.actions.lastIndexOf(action));
    for (const [at, action] of order.entries()) {
      assert.notEqual(first[at], -1, action);
      assert.ok(at === 0 || (first[at] ?? 0) > (last[at - 1] ?? 0), action);
    }
    // The rules of the three groups that name each other.
    const revoked = writes().filter((action) => action === "RevokeSecurityGroupIngress");
    assert.equal(revoked.length, 3);
  });

  it("names what a setting keeps, and leaves it", async () => {
    const prod = "platform-prod";
    const { vpc, subnets } = await plant.network({ Name: "somebody's" });
    const group = await plant.securityGroup(vpc, "k8s-lb", ofController(prod));
    const volume = await plant.volume(ofCsi(prod));
    await plant.loadBalancer("k8s-platform", subnets, group, ofController(prod));
    await plant.snapshot(volume, ofCsi(prod));
    await plant.logGroup(`/aws/eks/${prod}/cluster`, ofProgram("prod"));
    await plant.repository("web-0123456", ofProgram("prod"));
    await plant.key(ofProgram("prod"));
    const { data } = await listed("--stack", "prod");
    assert.deepEqual(
      data.kept.map(({ kind, why }: Record<string, string>) => [kind, why]),
      [
        ["load balancer", "ingress.deletionProtection: true"],
        ["volume", "environment: production keeps data"],
        ["snapshot", "environment: production keeps data"],
        ["log group", "logs.keepOnDestroy: true"],
        ["ECR repository", "registry.forceDelete: false"],
        ["KMS key", "cluster.deletionProtection: true"],
      ],
    );
    await run(["--stack", "prod", "--delete", "--confirm", prod]);
    assert.deepEqual(writes(), ["DeleteSecurityGroup"]);
    assert.deepEqual((await listed("--stack", "prod")).data.kept, data.kept);
  });

  it("changes nothing without the name of the cluster", async () => {
    const volume = await plant.volume(ofCsi(cluster));
    for (const [args, typed, said] of [
      [["--confirm", "platform"], undefined, '"platform" is not the name of the cluster'],
      [[], "platform-prod", '"platform-prod" is not the name of the cluster'],
      [[], "", '"" is not the name of the cluster'],
      [[], undefined, "Nobody can type the name here: use --confirm"],
    ] as [string[], string | undefined, string][]) {
      const { code, err } = await run(["--delete", ...args], typed);
      assert.deepEqual([code, err], [2, `${said}. Nothing was deleted.\n`]);
      assert.deepEqual(writes(), []);
    }
    const { code } = await run(["--delete"], cluster);
    assert.equal(code, 0, volume);
    assert.deepEqual(writes(), ["DeleteVolume"]);
  });

  it("lists nothing of a cluster that exists, and deletes nothing", async () => {
    await interruptedDestroy();
    const { vpc, subnets } = await plant.network(ofProgram());
    await cloud.eks.send(
      new CreateClusterCommand({
        ...{ name: cluster, roleArn: "arn:aws:iam::123456789012:role/cluster" },
        resourcesVpcConfig: { subnetIds: subnets },
      }),
    );
    const shown = await run([]);
    assert.equal(shown.code, 0, vpc);
    assert.equal(
      shown.out,
      "platform-dev in eu-central-1\n  The cluster exists (ACTIVE). What it has is in use: nothing is a leftover.\n",
    );
    const { code, out, err } = await run(["--delete", "--confirm", cluster]);
    assert.equal(err, "The cluster platform-dev exists (ACTIVE). Nothing was deleted.\n");
    assert.deepEqual([code, out, writes()], [2, "", []]);
  });

  it("finds what an earlier cluster left, and nothing of the stack that lives", async () => {
    const { vpc } = await plant.network(ofProgram());
    await plant.securityGroup(vpc, "living", ofController(cluster));
    await plant.logGroup(`/aws/eks/${cluster}/cluster`, ofProgram());
    await plant.key(ofProgram());
    const old = await plant.securityGroup(vpc, "old", ofController("former"));
    const log = await plant.logGroup("/aws/eks/former/cluster", ofProgram());
    const found = await listed("--cluster", "former");
    assert.deepEqual([found.left, found.kept, found.others], [[log, old], [], []]);
    const elsewhere = await listed("--region", "eu-west-1");
    assert.deepEqual([elsewhere.left, elsewhere.kept, elsewhere.others], [[], [], []]);
  });

  it("names a permission that is missing, and shows the rest", async () => {
    const log = await plant.logGroup(`/aws/eks/${cluster}/cluster`);
    const message =
      "You are not authorized to perform this operation. User: arn:aws:sts::123456789012:assumed-role/viewer/me is not authorized to perform: ec2:DescribeVolumes because no identity-based policy allows the ec2:DescribeVolumes action";
    proxy.refusals = [{ action: "DescribeVolumes", code: "UnauthorizedOperation", message }];
    const { left, data } = await listed();
    assert.deepEqual(left, [log]);
    assert.deepEqual(data.unread, [
      { kind: "volume", action: "ec2:DescribeVolumes", said: message },
    ]);
    const { code, out } = await run(["--delete", "--confirm", cluster]);
    assert.match(out, /Not seen: AWS did not answer\n {2}volume: needs ec2:DescribeVolumes\n/);
    assert.equal(code, 3);
  });

  it("tries again what is still used, within a limit, and goes on", async () => {
    const { vpc, subnets } = await plant.network(ofProgram());
    const group = await plant.securityGroup(vpc, "k8s-lb", ofController(cluster));
    const log = await plant.logGroup(`/aws/eks/${cluster}/cluster`);
    const message = `resource ${group} has a dependent object`;
    const refusal = { action: "DeleteSecurityGroup", code: "DependencyViolation", message };
    proxy.refusals = [{ ...refusal, times: 3 }];
    const { code, err } = await run(["--delete", "--confirm", cluster]);
    assert.equal(code, 0, err);
    assert.equal(writes().filter((action) => action === "DeleteSecurityGroup").length, 4);

    const again = await plant.network(ofProgram());
    const used = await plant.securityGroup(again.vpc, "k8s-lb", ofController(cluster));
    await plant.logGroup(log);
    proxy.refusals = [{ ...refusal }];
    const failed = await run(["--delete", "--confirm", cluster]);
    assert.equal(failed.code, 1);
    assert.match(failed.out, /FAILED security group sg-\w+ \(k8s-lb\)\n {4}DependencyViolation: /);
    assert.equal(writes().filter((action) => action === "DeleteSecurityGroup").length, 4);
    proxy.refusals = [];
    const { left } = await listed();
    assert.ok(left.includes(used) && !left.includes(log), subnets.join());
  });

  it("takes no rule from a security group that somebody uses", async () => {
    const { vpc, subnets } = await plant.network({ Name: "somebody's" });
    const group = await plant.securityGroup(vpc, "k8s-lb", ofController(cluster));
    await plant.admit(group, await plant.securityGroup(vpc, "theirs", {}));
    await plant.interface(subnets[0] ?? "", group, { Name: "somebody's" });
    const message = `resource ${group} has a dependent object`;
    proxy.refusals = [{ action: "DeleteSecurityGroup", code: "DependencyViolation", message }];
    const { code } = await run(["--delete", "--confirm", cluster]);
    assert.equal(code, 1);
    assert.deepEqual([...new Set(writes())], ["DeleteSecurityGroup"]);
  });

  it("says in AWS's words what is refused otherwise, at once", async () => {
    const volume = await plant.volume(ofCsi(cluster));
    const message = "You are not authorized to perform this operation.";
    proxy.refusals = [{ action: "DeleteVolume", code: "UnauthorizedOperation", message }];
    const { code, out } = await run(["--delete", "--confirm", cluster]);
    assert.match(out, /Deleted\n {2}0 of 1\n {2}FAILED volume vol-\w+ \(claim data\)\n/);
    assert.match(out, /UnauthorizedOperation: You are not authorized to perform this operation\./);
    assert.deepEqual([code, writes()], [1, ["DeleteVolume"]], volume);
  });

  it("has the price a day of each, and why it stayed", async () => {
    const { vpc, subnets } = await plant.network(ofProgram());
    const group = await plant.securityGroup(vpc, "k8s-lb", ofController(cluster));
    await plant.loadBalancer("k8s-platform", subnets, group, ofController(cluster));
    await plant.nat(subnets[0] ?? "", ofProgram());
    await plant.volume(ofCsi(cluster));
    const { out } = await run([]);
    // One Application Load Balancer with two addresses, by the hour; 20 GB of gp3.
    assert.match(
      out,
      /load balancer k8s-platform: \$0\.78 a day\n {4}the load balancer controller made it, and ended before it could delete it\n/,
    );
    assert.match(out, /NAT gateway nat-\w+: \$1\.08 a day\n/);
    assert.match(out, /Elastic IP [\d.]+: \$0\.12 a day\n/);
    assert.match(out, /volume vol-\w+ \(claim data\): \$0\.05 a day\n/);
    assert.match(out, /security group sg-\w+ \(k8s-lb\): free\n/);
    assert.match(out, /\$2\.03 a day, \$61\.\d\d a month \(prices of us-east-1\)/);
    assert.ok(out.split("\n").every((line) => line.length <= 80));
  });

  it("asks nothing of another account", async () => {
    const project = projectFolder("999999999999");
    const { code, err } = await run(["--delete", "--confirm", cluster], undefined, project);
    rmSync(project, { recursive: true });
    assert.equal(err, "The credentials are of account 123456789012, the stack's is 999999999999\n");
    assert.deepEqual([code, proxy.actions], [3, ["GetCallerIdentity"]]);
  });

  it("refuses a wrong command", async () => {
    for (const [args, said] of [
      [["--confirm", cluster], "--confirm goes with --delete"],
      [["--stack", "none"], 'There is no stack "none"'],
      [["more"], "Unexpected argument 'more'"],
    ] as [string[], string][]) {
      const { code, err } = await run(args);
      assert.ok(err.startsWith(said), err);
      assert.deepEqual([code, proxy.actions], [2, []]);
    }
  });
});
