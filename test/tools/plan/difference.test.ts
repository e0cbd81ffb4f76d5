import assert from "node:assert/strict";
import * as aws from "@pulumi/aws";
import * as awsx from "@pulumi/awsx";
import * as eks from "@pulumi/eks";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { describe, it } from "mocha";
import { deploy } from "../../../tools/graph/evaluate.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { differenceOf } from "../../../tools/plan/diff/difference.ts";
import { differenceMarkdown } from "../../../tools/plan/diff/difference-markdown.ts";
import type { Difference } from "../../../tools/plan/diff/difference-model.ts";
import { differenceText } from "../../../tools/plan/diff/difference-text.ts";
import { styleOf } from "../../../tools/plan/text.ts";

const version = (label: string, resources: Resource[]) => ({
  label,
  evaluation: { stack: "test", resources, functions: [], outputs: {}, secretKeys: [] },
  notes: [],
});
const between = async (from: () => unknown, to: () => unknown) =>
  differenceOf(version("old", await deploy(from)), version("new", await deploy(to)));

const nothing = () => {};
const names = (list: { name: string }[]) => list.map(({ name }) => name);
const reasons = ({ risks }: Difference) =>
  risks.map(({ level, reason }) => `${level} ${reason}`).join("\n");
const policy = (...statements: object[]) => ({ Version: "2012-10-17", Statement: statements });
const allow = (Action: string, Resource = "*") => ({ Effect: "Allow", Action, Resource });
const trusts = (Service: string) =>
  policy({ Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service } });
const role = (statements: object[], service = "ec2.amazonaws.com") => {
  const made = new aws.iam.Role("role", { assumeRolePolicy: JSON.stringify(trusts(service)) });
  new aws.iam.RolePolicy("role", {
    role: made.name,
    policy: JSON.stringify(policy(...statements)),
  });
};
const ingress = (annotations: Record<string, string>) =>
  new kubernetes.networking.v1.Ingress("web", {
    metadata: {
      annotations: Object.fromEntries(
        Object.entries(annotations).map(([key, of]) => [`alb.ingress.kubernetes.io/${key}`, of]),
      ),
    },
  });
const cluster = (args: eks.ClusterOptions, inside: (cluster: eks.Cluster) => void = nothing) => {
  const made = new eks.Cluster("cluster", {
    name: "platform",
    encryptionConfigKeyArn: "key-1",
    skipDefaultNodeGroup: true,
    ...args,
  });
  inside(made);
};
const nodes = (args: Partial<aws.eks.NodeGroupArgs> = {}) =>
  new aws.eks.NodeGroup("nodes", {
    clusterName: "platform",
    nodeRoleArn: "role",
    subnetIds: ["subnet"],
    instanceTypes: ["m7g.large"],
    scalingConfig: { minSize: 1, desiredSize: 1, maxSize: 2 },
    ...args,
  });

describe("differenceOf", () => {
  it("tells what is added, removed and changed, property by property", async () => {
    const difference = await between(
      () => {
        new aws.sns.Topic("goes");
        new aws.sns.Topic("stays", { displayName: "old", tags: { team: "a" } });
      },
      () => {
        new aws.sns.Topic("stays", { displayName: "new", tags: { team: "a" } });
        new aws.sns.Topic("comes");
      },
    );
    assert.deepEqual(names(difference.added), ["comes"]);
    assert.deepEqual(names(difference.removed), ["goes"]);
    assert.deepEqual(names(difference.changed), ["stays"]);
    assert.deepEqual(difference.changed[0]?.changes, [
      { path: "displayName", from: "old", to: "new", replaces: false, follows: null },
    ]);
    assert.deepEqual(difference.replaced, []);
  });

  it("finds nothing between a program and itself", async () => {
    const build = () => cluster({}, () => nodes());
    const difference = await between(build, build);
    assert.equal(difference.deploy, null);
    assert.equal(difference.risk, "green");
    assert.match(differenceText(difference, styleOf(false)), /^Nothing changes\.$/m);
    assert.match(differenceMarkdown(difference), /^### Stack `test`: nothing changes/);
  });

  it("leaves alone what Pulumi is told to ignore", async () => {
    const build = (desiredSize: number) => () =>
      new aws.eks.NodeGroup(
        "nodes",
        {
          clusterName: "platform",
          nodeRoleArn: "role",
          subnetIds: [],
          scalingConfig: { minSize: 1, desiredSize, maxSize: 5 },
        },
        { ignoreChanges: ["scalingConfig.desiredSize"] },
      );
    assert.equal((await between(build(2), build(3))).deploy, null);
  });

  it("takes a renamed resource, and what is in a renamed component, as the same", async () => {
    class Group extends pulumi.ComponentResource {
      constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
        super("test:group:Group", name, {}, opts);
        new aws.sns.Topic(`${name}-topic`, {}, { parent: this });
      }
    }
    const difference = await between(
      () => new Group("old"),
      () => new Group("new", { aliases: [{ name: "old" }] }),
    );
    assert.deepEqual([difference.added, difference.removed], [[], []]);
    assert.equal(difference.renamed.length, 2);
  });

  it("says that two cannot bear one name, when an alias is forgotten", async () => {
    const build = (name: string) => () =>
      new kubernetes.core.v1.Namespace(name, { metadata: { name: "web" } });
    const difference = await between(build("old"), build("new"));
    assert.match(reasons(difference), /red Namespace new bears the name of Namespace old/);
  });
});

describe("differenceOf, what is replaced", () => {
  it("knows the properties that cannot be changed in place", async () => {
    const types = (type: string) => () => nodes({ instanceTypes: [type] });
    const { replaced, changed } = await between(types("m7g.large"), types("m7g.xlarge"));
    assert.deepEqual(names(replaced), ["nodes"]);
    assert.equal(replaced[0]?.because, "instanceTypes[0]");
    assert.deepEqual(changed, []);
    const size = (maxSize: number) => () =>
      nodes({ scalingConfig: { minSize: 1, desiredSize: 1, maxSize } });
    assert.deepEqual((await between(size(2), size(3))).replaced, []);
  });

  it("follows a replacement to what cannot take another value", async () => {
    const build = (name: string) => () => {
      const namespace = new kubernetes.core.v1.Namespace("space", { metadata: { name } });
      new kubernetes.core.v1.ConfigMap("map", { metadata: { namespace: namespace.metadata.name } });
    };
    const { replaced } = await between(build("a"), build("b"));
    const [space, map] = replaced;
    assert.deepEqual(names(replaced), ["space", "map"]);
    assert.equal(space?.cause, null);
    assert.equal(map?.cause, space?.urn);
  });

  it("takes down what needs a resource whose name only one can bear", async () => {
    const build = (encryptionConfigKeyArn: string) => () =>
      cluster({ encryptionConfigKeyArn }, ({ eksCluster }) =>
        nodes({ clusterName: eksCluster.name }),
      );
    const { replaced } = await between(build("key-1"), build("key-2"));
    const away = replaced.find(({ name }) => name === "cluster");
    assert.equal(away?.goesFirst, true);
    assert.ok(away?.takesDown.some((urn) => urn.endsWith("::nodes")));
    // Nodes and control plane go, and come again.
    assert.ok(Number(away?.seconds) > 600, String(away?.seconds));
  });

  it("takes nothing down when the new one comes first", async () => {
    const build = (name: string) => () => cluster({ name });
    const [replacement] = (await between(build("one"), build("two"))).replaced;
    assert.equal(replacement?.goesFirst, false);
    assert.deepEqual(replacement?.takesDown, []);
  });

  it("replaces all objects of a cluster when their provider is another cluster's", async () => {
    const build = (clusterIdentifier: string) => () => {
      const provider = new kubernetes.Provider("cluster", { clusterIdentifier, kubeconfig: "{}" });
      new kubernetes.core.v1.Namespace("space", { metadata: { name: "web" } }, { provider });
    };
    const { replaced } = await between(build("one"), build("two"));
    assert.deepEqual(names(replaced), ["cluster", "space"]);
    // In another cluster the name is free.
    assert.equal(replaced[1]?.goesFirst, false);
  });

  it("lets a node group follow its launch template", async () => {
    const build = (size: number) => () => {
      const template = new aws.ec2.LaunchTemplate("nodes", {
        blockDeviceMappings: [{ ebs: { volumeSize: size } }],
      });
      const version = template.latestVersion.apply(String);
      nodes({ launchTemplate: { id: template.id, version } });
    };
    const difference = await between(build(20), build(30));
    assert.deepEqual(names(difference.changed), ["nodes", "nodes"]);
    assert.match(reasons(difference), /amber NodeGroup nodes: every node is replaced/);
  });
});

describe("differenceOf, the time to deploy", () => {
  it("is that of the longest chain of what changes", async () => {
    const build = (topics: string[]) => () => {
      const first = new aws.kms.Key("key");
      for (const name of topics) new aws.sns.Topic(name, { kmsMasterKeyId: first.id });
    };
    const { deploy } = await between(nothing, build(["a", "b"]));
    // A key takes ten seconds and a topic one, both topics at once.
    assert.equal(deploy?.seconds, 11);
    assert.equal((await between(build(["a"]), build(["a", "b"]))).deploy?.seconds, 1);
    assert.equal((await between(build(["a", "b"]), nothing)).deploy?.seconds, 2);
  });
});

describe("differenceOf, the permissions", () => {
  it("are told for each role, gained and lost", async () => {
    const { permissions } = await between(
      () => role([allow("s3:GetObject", "arn:aws:s3:::a/*"), allow("sqs:SendMessage")]),
      () => role([allow("s3:GetObject", "arn:aws:s3:::b/*"), allow("sqs:SendMessage")]),
    );
    assert.deepEqual(permissions, [
      {
        who: "role role",
        isNew: false,
        gained: ["s3:GetObject on b/*"],
        lost: ["s3:GetObject on a/*"],
        trusts: [],
      },
    ]);
  });

  it("are wider without their condition", async () => {
    const Condition = { StringEquals: { "aws:ResourceTag/team": "a" } };
    const { permissions } = await between(
      () => role([{ ...allow("ec2:RunInstances"), Condition }]),
      () => role([allow("ec2:RunInstances")]),
    );
    assert.deepEqual(permissions[0]?.gained, ["ec2:RunInstances on *"]);
    assert.match(String(permissions[0]?.lost), / if aws:ResourceTag\/team StringEquals a$/);
  });
});

describe("differenceOf, the risk", () => {
  const entry = (policy: string) => () =>
    new aws.eks.AccessPolicyAssociation("dev", {
      clusterName: "platform",
      principalArn: "arn:aws:iam::1:role/Dev",
      policyArn: `arn:x/${policy}`,
      accessScope: { type: "cluster" },
    });
  const open =
    (...publicAccessCidrs: string[]) =>
    () =>
      cluster({ endpointPublicAccess: true, publicAccessCidrs });
  const zones =
    (...availabilityZoneNames: string[]) =>
    () =>
      new awsx.ec2.Vpc("vpc", { availabilityZoneNames });
  const key = (opts: pulumi.CustomResourceOptions) => () => new aws.kms.Key("key", {}, opts);
  const logs = (skipDestroy: boolean) => () => new aws.cloudwatch.LogGroup("logs", { skipDestroy });
  const face =
    (scheme: string, cidrs = "10.0.0.0/8") =>
    () =>
      ingress({ scheme, "inbound-cidrs": cidrs });

  const nodesWith = (instanceType: string, replicas: number) => () => {
    nodes({ instanceTypes: [instanceType] });
    const metadata = { name: "web", namespace: "web" };
    const selector = { matchLabels: { app: "web" } };
    const template = { metadata: { labels: { app: "web" } }, spec: { containers: [] } };
    new kubernetes.apps.v1.Deployment("web", { metadata, spec: { replicas, selector, template } });
  };

  const cases: [what: string, from: () => unknown, to: () => unknown, expected: RegExp][] = [
    [
      "a cluster that is replaced",
      () => cluster({}),
      () => cluster({ ipFamily: "ipv6", encryptionConfigKeyArn: "key-2" }),
      /^red Cluster cluster goes, with all/m,
    ],
    [
      "a cluster whose VPC is another one",
      () => cluster({ vpcId: "vpc-1" }),
      () => cluster({ vpcId: "vpc-2" }),
      /^red Cluster cluster would move to another VPC, which EKS refuses: the update fails/m,
    ],
    [
      "a load balancer that moves into other subnets",
      () => ingress({ subnets: "subnet-1,subnet-2" }),
      () => ingress({ subnets: "subnet-3,subnet-4" }),
      /^amber Ingress web: its load balancer moves into other subnets, which network policies admit/m,
    ],
    ["a network that is removed", zones("a"), nothing, /^red Vpc vpc goes/m],
    [
      "zones that are taken away",
      zones("a", "b"),
      zones("b"),
      /^red Vpc vpc: subnets are replaced/m,
    ],
    ["data that is deleted", key({}), nothing, /^red data deleted: Key key/m],
    ["logs that are deleted", logs(false), nothing, /^red data deleted: LogGroup logs/m],
    ["a protected resource", key({ protect: true }), nothing, /^red Key key is protected/m],
    [
      "protection that ends",
      key({ protect: true }),
      key({}),
      /^red protection lost: nothing refuses any more to delete Key key$/m,
    ],
    [
      "a load balancer that faces the internet",
      face("internal"),
      face("internet-facing", "0.0.0.0/0"),
      /^red public exposure: Ingress web is open to everybody/m,
    ],
    [
      "one that opens to a network",
      face("internal"),
      face("internet-facing"),
      /^amber public exposure: Ingress web is open to 10/m,
    ],
    [
      "a Kubernetes API for everybody",
      open("203.0.113.0/24"),
      open("0.0.0.0/0"),
      /^red public exposure: Cluster cluster lets everybody/m,
    ],
    [
      "a Kubernetes API for another network",
      open("203.0.113.0/24"),
      open("198.51.100.0/24"),
      /^amber public exposure: .*198\.51/m,
    ],
    [
      "an action more",
      () => role([]),
      () => role([allow("s3:GetObject")]),
      /^amber permission widened: role role gains s3:GetObject/m,
    ],
    [
      "all actions",
      () => role([]),
      () => role([allow("s3:*")]),
      /^red permission widened: role role gains s3:\* on \*/m,
    ],
    [
      "a denial that ends",
      () => role([{ ...allow("s3:*"), Effect: "Deny" }]),
      () => role([]),
      /^red permission widened: role role loses NOT s3/m,
    ],
    [
      "another who may assume a role",
      () => role([]),
      () => role([], "lambda.amazonaws.com"),
      /^red permission widened: role role can be assumed by .*lambda/m,
    ],
    [
      "an administrator of the cluster",
      entry("AmazonEKSViewPolicy"),
      entry("AmazonEKSClusterAdminPolicy"),
      /^red permission widened: cluster entry role\/Dev gains AmazonEKSClusterAdminPolicy/m,
    ],
    [
      "a way out by a NAT instance",
      () => new aws.ec2.Route("out", { routeTableId: "rtb-1", natGatewayId: "nat-1" }),
      () => new aws.ec2.Route("out", { routeTableId: "rtb-1", networkInterfaceId: "eni-1" }),
      /^amber Route out: outgoing traffic gets other addresses; outgoing connections break, and for a minute or two none is made$/m,
    ],
    [
      "a way out by a NAT gateway",
      () => new aws.ec2.Route("out", { routeTableId: "rtb-1", networkInterfaceId: "eni-1" }),
      () => new aws.ec2.Route("out", { routeTableId: "rtb-1", natGatewayId: "nat-1" }),
      /^amber Route out: outgoing traffic gets other addresses; outgoing connections break$/m,
    ],
    [
      "a newer Kubernetes",
      () => cluster({ version: "1.35" }),
      () => cluster({ version: "1.36" }),
      /^amber Cluster cluster: a newer Kubernetes version can be taken back for 7 days only/m,
    ],
    [
      "an older Kubernetes",
      () => cluster({ version: "1.36" }),
      () => cluster({ version: "1.35" }),
      /^red Cluster cluster: EKS goes back by one Kubernetes version, within 7 days .* moves it before them$/m,
    ],
    [
      "nodes of another type",
      nodesWith("m7g.large", 2),
      nodesWith("m7g.xlarge", 2),
      /^amber NodeGroup nodes is replaced: every pod moves to new nodes$/m,
    ],
    [
      "nodes of another type under more pods than EKS waits for",
      nodesWith("m7g.large", 12),
      nodesWith("m7g.xlarge", 12),
      /^red NodeGroup nodes is replaced: .* EKS ends .* 300 s and cuts off pods of web \(12 need 414 s\)$/m,
    ],
    [
      "a load balancer of another scheme",
      face("internet-facing"),
      face("internal"),
      /^red Ingress web: the controller deletes its load balancer, a protected one too/m,
    ],
    ["a load balancer that goes", face("internal"), nothing, /^red Ingress web goes: its load/m],
    [
      "a service that moves to another load balancer",
      () => ingress({ "group.name": "a" }),
      () => ingress({ "group.name": "b" }),
      /^red Ingress web: the controller deletes its load balancer/m,
    ],
    [
      "targets of another kind",
      () => ingress({ "target-type": "ip" }),
      () => ingress({ "target-type": "instance" }),
      /^amber Ingress web: its target groups are replaced/m,
    ],
    ["anything that is deleted", () => new aws.sns.Topic("a"), nothing, /^amber deleted: Topic a/m],
  ];
  for (const [what, from, to, expected] of cases) {
    it(`names ${what}`, async () => {
      const difference = await between(from, to);
      assert.match(reasons(difference), expected);
      assert.equal(difference.risk, /^red/m.test(reasons(difference)) ? "red" : "amber");
    });
  }

  const harmless: [what: string, from: () => unknown, to: () => unknown][] = [
    ["what is added", nothing, () => new aws.sns.Topic("a")],
    ["logs that are kept on destroy", logs(true), logs(true)],
    ["permissions that are lost", () => role([allow("s3:*")]), () => role([])],
    [
      "an internal load balancer that opens to fewer networks",
      face("internal", "10.0.0.0/8,192.0.2.0/24"),
      face("internal", "10.0.0.0/8"),
    ],
    ["a zone that is appended", zones("a"), zones("a", "b")],
  ];
  for (const [what, from, to] of harmless) {
    it(`is green for ${what}`, async () => {
      assert.equal(reasons(await between(from, to)), "");
    });
  }
});

describe("the difference as text and as a comment", () => {
  const big = (size: number) => () => {
    for (let at = 0; at < 300; at++) {
      new kubernetes.core.v1.ConfigMap(`map-${at}`, {
        metadata: { name: `map-${at}` },
        data: { value: `${size} @team <script> | \`x\` \`\`\`\`` },
      });
    }
    role([allow("s3:*")].slice(size - 1));
  };

  it("fits 80 columns", async () => {
    const text = differenceText(await between(big(1), big(2)), styleOf(false));
    for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
  });

  it("shows one screen, folds the rest, and is no longer than GitHub takes", async () => {
    const comment = differenceMarkdown(await between(big(1), big(2)));
    assert.ok(comment.length < 65_536);
    const screen = comment.replaceAll(/<details>[\s\S]*?<\/details>/g, "[+]");
    assert.ok(screen.split("\n").length < 40, screen);
    const count = (part: RegExp) => comment.match(part)?.length ?? 0;
    assert.equal(count(/<details>/g), count(/<\/details>/g));
    assert.equal(count(/^````/gm) % 2, 0);
  });

  it("lets no value of a fork's settings act in the comment", async () => {
    const build = (name: string) => () => {
      new aws.sns.Topic("topic", { displayName: name });
      ingress({ scheme: "internet-facing", "inbound-cidrs": `${name}/8` });
    };
    const comment = differenceMarkdown(await between(build("1"), build("2 @team <b> [x](y)")));
    const outside = comment.replaceAll(/````[\s\S]*?````/g, "").replaceAll(/`[^`]*`/g, "");
    assert.doesNotMatch(outside, /@team|(?<!\\)<b>|(?<!\\)\[x/);
    assert.match(outside, /2 @\u200bteam/);
  });
});
