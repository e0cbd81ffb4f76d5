import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "mocha";
import { filesAddon, secretsAddon } from "../../../infra/cluster/capacity.ts";
import {
  checkLoadBalancerNames,
  checkRetention,
  checkZonalShift,
} from "../../../tools/rehearsal/rehearsal-checks.ts";
import { rules } from "../../../tools/rehearsal/world/all-rules.ts";
import { changeByHand } from "../../../tools/rehearsal/world/by-hand.ts";
import { update } from "../../../tools/rehearsal/world/cloud.ts";
import {
  allowedDisruptions,
  driftOf,
  nodeClaimType,
  terminate,
} from "../../../tools/rehearsal/world/node-claims.ts";
import {
  recoveryPointType,
  runBackups,
} from "../../../tools/rehearsal/world/rules/backup-rules.ts";
import { takeSpotNode } from "../../../tools/rehearsal/world/rules/eviction-rules.ts";
import { interruptSpot } from "../../../tools/rehearsal/world/rules/karpenter-rules.ts";
import {
  nodeProblem,
  nodesOf,
  scaleTo,
  startNodes,
} from "../../../tools/rehearsal/world/rules/node-rules.ts";
import { runSchedule } from "../../../tools/rehearsal/world/rules/schedule-rules.ts";
import type { CloudResource, Props } from "../../../tools/rehearsal/world/world.ts";
import {
  emptyWorld,
  type Given,
  platform,
  policyOf,
  trusts,
  types,
} from "../../support/world-fixtures.ts";

const policyWith = (statement: Props) =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });

const refused = (call: Promise<unknown>, message: RegExp) => assert.rejects(call, { message });

describe("the simulated cloud", () => {
  let given: Given;
  beforeEach(() => {
    given = platform();
  });
  const gone = (resource: CloudResource) => given.world.remove(resource);
  const goneAll = (type: string) => given.world.all(type).forEach(gone);
  const held = (inputs: Props) =>
    given.world.addUnmanaged(types.interface, "eni-1", "somebody", "somebody's task", inputs);

  // Which rules have refused something, and which have let something pass.
  const refusals = rules.map((rule) => rule.refusal);
  const seen = rules.map(() => ({ refused: false, passed: false }));
  before(() => {
    for (const [at, rule] of rules.entries()) {
      rule.refusal = (call) => {
        const reason = refusals[at]?.(call);
        Object.assign(seen[at] ?? {}, reason ? { refused: true } : { passed: true });
        return reason;
      };
    }
  });
  after(() => {
    for (const [at, rule] of rules.entries()) rule.refusal = refusals[at] ?? rule.refusal;
  });

  describe("networks", () => {
    it("keeps a subnet while a network interface is in it", async () => {
      const subnet = given.put(types.subnet, { vpcId: "vpc-2", cidrBlock: "10.9.0.0/24" });
      const interface_ = held({ subnetId: subnet.id });
      await refused(given.remove(subnet), /^DependencyViolation: The subnet .* somebody's task/);
      assert.equal(given.world.clock.now, 20 * 60, "it has tried again for 20 minutes");
      gone(interface_);
      await given.remove(subnet);
    });

    it("deletes a subnet after its last interface", async () => {
      const subnet = given.put(types.subnet, { vpcId: "vpc-2", cidrBlock: "10.9.0.0/24" });
      const interface_ = held({ subnetId: subnet.id });
      given.world.clock.later(60, () => gone(interface_));
      await given.remove(subnet);
      assert.equal(given.world.clock.now, 61);
    });

    it("keeps an internet gateway while the VPC has public addresses", async () => {
      const [public_] = given.zones;
      goneAll(types.nat);
      const interface_ = held({ subnetId: public_?.outer, publicAddress: true });
      await refused(given.remove(given.gateway), /^DependencyViolation: .* mapped public address/);
      gone(interface_);
      given.put(types.nat, { subnetId: public_?.outer }, "nat-1");
      await refused(given.remove(given.gateway), /NAT gateway nat-1/);
      goneAll(types.nat);
      await given.remove(given.gateway);
    });

    it("keeps a security group while an interface uses it", async () => {
      const group = given.put(types.group, { vpcId: given.vpc.id, name: "group" });
      const interface_ = held({ groups: [group.id] });
      await refused(given.remove(group), /^DependencyViolation: .* has a dependent object/);
      gone(interface_);
      await given.remove(group);
    });

    it("creates a security group only in an existing VPC", async () => {
      await given.create(types.group, { vpcId: given.vpc.id, name: "found" });
      await refused(
        given.create(types.group, { vpcId: "vpc-0", name: "lost" }),
        /^InvalidVpcID.NotFound: The vpc ID 'vpc-0' does not exist$/,
      );
    });

    it("keeps a VPC that is not empty", async () => {
      await refused(given.remove(given.vpc), /^DependencyViolation: .* Subnet given/);
      const { put, remove } = emptyWorld();
      await remove(put(types.vpc, { cidrBlock: "10.0.0.0/16" }));
    });

    it("keeps a route table while a subnet is associated with it", async () => {
      const [table] = given.world.all(types.table);
      assert.ok(table);
      await refused(given.remove(table), /^DependencyViolation: The routeTable/);
      goneAll(types.association);
      await given.remove(table);
    });

    it("creates a NAT gateway only with an internet gateway", async () => {
      const subnetId = given.zones[0]?.outer;
      await given.create(types.nat, { subnetId });
      gone(given.gateway);
      await refused(given.create(types.nat, { subnetId }), /^Gateway.NotAttached/);
    });

    it("has one route of a table to a destination", async () => {
      const { id } = given.put(types.table, { vpcId: given.vpc.id });
      const route = (destinationCidrBlock: string) =>
        given.create(types.route, { routeTableId: id, destinationCidrBlock });
      await route("0.0.0.0/0");
      await refused(
        route("0.0.0.0/0"),
        /^RouteAlreadyExists: The route identified by 0.0.0.0\/0 already exists.$/,
      );
      await route("192.0.2.0/24");
    });

    it("creates subnets only in zones of the region", async () => {
      const subnet = (zone: string) => ({
        vpcId: given.vpc.id,
        cidrBlock: "10.0.64.0/20",
        availabilityZone: `eu-central-1${zone}`,
      });
      await given.create(types.subnet, subnet("c"));
      await refused(given.create(types.subnet, subnet("z")), /^InvalidParameterValue: .*1z/);
    });

    it("creates no subnet that overlaps another one", async () => {
      const subnet = (cidrBlock: string) => ({ vpcId: given.vpc.id, cidrBlock });
      await given.create(types.subnet, subnet("10.0.64.0/20"));
      await refused(given.create(types.subnet, subnet("10.0.8.0/22")), /^InvalidSubnet.Conflict/);
    });
  });

  describe("NAT instances", () => {
    const script = (text: string) => ({ userData: Buffer.from(text).toString("base64") });
    /** A NAT instance in the first public subnet, which the private subnets' routes lead to. */
    function natParts() {
      const [zone] = given.zones;
      const securityGroupId = given.put(types.group, { vpcId: given.vpc.id, name: "nat" }).id;
      const rule = { securityGroupId, ipProtocol: "-1" };
      const parts = {
        groupRule: given.put(types.groupRule, { ...rule, cidrIpv4: "10.0.0.0/16" }),
        wayOutRule: given.put(types.wayOutRule, { ...rule, cidrIpv4: "0.0.0.0/0" }),
        interface: given.put(types.interface, {
          subnetId: zone?.outer,
          securityGroups: [securityGroupId],
          sourceDestCheck: false,
        }),
      };
      const networkInterfaceId = parts.interface.id;
      goneAll(types.nat);
      for (const { inputs } of given.world.all(types.route)) {
        if (inputs.natGatewayId) Object.assign(inputs, { natGatewayId: "", networkInterfaceId });
      }
      return {
        ...parts,
        address: given.put(types.address, { networkInterface: networkInterfaceId }),
        template: given.put(types.template, {
          networkInterfaces: [{ deviceIndex: 0, networkInterfaceId }],
          ...script("net.ipv4.ip_forward=1 -j MASQUERADE"),
        }),
      };
    }
    const group = (template: CloudResource, changes: Props = {}) => ({
      name: "nat",
      availabilityZones: ["eu-central-1a"],
      desiredCapacity: 1,
      launchTemplate: { id: template.id },
      ...changes,
    });
    const joins = () => given.create(types.nodes, { ...given.nodes.inputs, nodeGroupName: "more" });

    it("let nodes out, and nothing takes their interface, group and gateway away", async () => {
      const { template, interface: interface_, address } = natParts();
      const scaling = await given.create(types.scalingGroup, group(template));
      await joins();
      await refused(
        given.remove(interface_),
        /^InvalidParameterValue: Network interface 'eni-\w+' is currently in use.$/,
      );
      const [securityGroup] = given.world
        .all(types.group)
        .filter(({ inputs }) => inputs.name === "nat");
      assert.ok(securityGroup);
      await refused(given.remove(securityGroup), /^DependencyViolation: .* has a dependent object/);
      await refused(given.remove(given.gateway), /mapped public address/);
      await given.remove(scaling);
      assert.deepEqual(given.world.all(types.instance_), []);
      await given.remove(address);
      await given.remove(interface_);
      await given.remove(securityGroup);
    });

    const spoiled: [
      why: string,
      spoil: (parts: ReturnType<typeof natParts>) => void,
      said: RegExp,
    ][] = [
      ["none runs", () => goneAll(types.instance_), /network interface eni-\w+ has no instance/],
      ["it has no public address", ({ address }) => gone(address), /has no public address/],
      [
        "it checks source and destination",
        (parts) => Object.assign(parts.interface.inputs, { sourceDestCheck: true }),
        /its source\/destination check is on/,
      ],
      ["it does not admit the VPC", ({ groupRule }) => gone(groupRule), /does not admit 10.0.0.0/],
      ["it may send nothing", ({ wayOutRule }) => gone(wayOutRule), /may send nothing/],
      [
        "its subnet is a private one",
        (parts) => Object.assign(parts.interface.inputs, { subnetId: given.zones[1]?.inner }),
        /has no route to an internet gateway/,
      ],
      [
        "its user data makes no NAT",
        () => {
          for (const { inputs } of given.world.all(types.instance_)) {
            Object.assign(inputs, script("echo hello"));
          }
        },
        /its user data makes no NAT of it/,
      ],
    ];
    for (const [why, spoil, said] of spoiled) {
      it(`keep nodes from joining when ${why}`, async () => {
        const parts = natParts();
        await given.create(types.scalingGroup, group(parts.template));
        spoil(parts);
        await assert.rejects(joins(), (error: Error) => {
          assert.match(error.message, /^NodeCreationFailure: Instances failed to join/);
          assert.match(error.message, said);
          return true;
        });
      });
    }

    it("are launched into their interface by a group of its zone, which names no subnet", async () => {
      const { template } = natParts();
      const vpcZoneIdentifiers = [given.zones[0]?.outer];
      await refused(
        given.create(types.scalingGroup, group(template, { vpcZoneIdentifiers })),
        /^ValidationError: .*an instance-level subnet ID may not be specified on the same request$/,
      );
      const wrong: [changes: Props, said: RegExp][] = [
        [{ availabilityZones: ["eu-central-1b"] }, /a network interface of eu-central-1a for/],
        [{ desiredCapacity: 2 }, /Interface: \[eni-\w+\] in use/],
      ];
      for (const [changes, said] of wrong) {
        goneAll(types.scalingGroup);
        await refused(given.create(types.scalingGroup, group(template, changes)), said);
      }
      goneAll(types.interface);
      goneAll(types.scalingGroup);
      await refused(given.create(types.scalingGroup, group(template)), /does not exist/);
    });

    it("get an address only behind an internet gateway", async () => {
      const { interface: interface_ } = natParts();
      gone(given.gateway);
      await refused(
        given.create(types.address, { networkInterface: interface_.id }),
        /^Gateway.NotAttached: Network vpc-\w+ is not attached to any internet gateway$/,
      );
      await given.create(types.address, { domain: "vpc" });
    });
  });

  describe("a network without a way out", () => {
    const needed = ["ec2", "ecr.api", "ecr.dkr", "s3", "sts", "elasticloadbalancing"];
    const name = (service: string) => `com.amazonaws.eu-central-1.${service}`;
    const joins = () => given.create(types.nodes, { ...given.nodes.inputs, nodeGroupName: "more" });
    const endpoints = () => given.world.all("aws:ec2/vpcEndpoint:VpcEndpoint");
    beforeEach(() => {
      const vpcId = given.vpc.id;
      const group = given.put(types.group, { vpcId, name: "endpoints" }).id;
      const admitted = { securityGroupId: group, cidrIpv4: "10.0.0.0/16", fromPort: 443 };
      given.put(types.groupRule, admitted, "endpoints");
      for (const route of given.world.all(types.route)) if (route.inputs.natGatewayId) gone(route);
      for (const service of needed) {
        given.put("aws:ec2/vpcEndpoint:VpcEndpoint", {
          ...{ vpcId, serviceName: name(service) },
          ...(service === "s3"
            ? { routeTableIds: given.world.all(types.table).map(({ id }) => id) }
            : {
                ...{ vpcEndpointType: "Interface", privateDnsEnabled: true },
                securityGroupIds: [group],
              }),
        });
      }
    });

    it("has nodes by the endpoints of what they call", async () => {
      await joins();
    });

    for (const service of needed.slice(0, 5)) {
      it(`has no node without an endpoint of ${service}`, async () => {
        endpoints()
          .filter(({ inputs }) => inputs.serviceName === name(service))
          .forEach(gone);
        const failed =
          service === "sts"
            ? "Unhealthy nodes in the kubernetes cluster: CNI: the SDK cannot reach AWS"
            : "Instances failed to join the kubernetes cluster";
        const said = `NodeCreationFailure: ${failed}: subnet subnet-\\w+ has no route to the internet, and its VPC has no endpoint of ${service}`;
        await refused(joins(), new RegExp(`^${said}$`));
      });
    }

    it("has no node by endpoints that admit nobody, have no names, or no route", async () => {
      const spoiled: Props[] = [
        { securityGroupIds: [] },
        { privateDnsEnabled: false },
        { routeTableIds: [] },
      ];
      for (const spoil of spoiled) {
        const before = endpoints().map(({ inputs }) => ({ ...inputs }));
        for (const { inputs } of endpoints()) {
          for (const [key, value] of Object.entries(spoil)) if (key in inputs) inputs[key] = value;
        }
        await assert.rejects(joins(), /and its VPC has no endpoint of/);
        for (const [at, { inputs }] of endpoints().entries()) Object.assign(inputs, before[at]);
        for (const failed of given.world.all(types.nodes)) if (failed !== given.nodes) gone(failed);
      }
    });

    const chart = (chart: string, values: Props) =>
      given.create(types.release, { name: chart, namespace: "kube-system", chart, values });

    it("pulls no image of a chart but from ECR", async () => {
      await refused(
        chart("keda", {}),
        /failed to pull ghcr.io\/kedacore\/keda: i\/o timeout: subnet .* has no route/,
      );
      goneAll(types.release);
      const repository = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/keda@sha256";
      await chart("keda", { image: { repository } });
    });

    it("has no autoscaler without the endpoints of what that calls", async () => {
      const repository = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/autoscaler@sha256";
      await refused(
        chart("cluster-autoscaler", {
          autoDiscovery: { clusterName: "platform" },
          image: { repository },
        }),
        /it cannot reach AWS: .* has no endpoint of autoscaling$/,
      );
    });

    it("gets no load balancer by a controller that asks Shield or AWS WAF", async () => {
      const { values } = given.release.inputs;
      const repository = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/controller@sha256";
      Object.assign(values, { image: { repository }, enableShield: true, enableWafv2: true });
      await refused(given.create(types.ingress, given.ingress), /waits for shield: i\/o timeout/);
      goneAll(types.ingress);
      values.enableShield = false;
      await refused(given.create(types.ingress, given.ingress), /waits for wafv2: i\/o timeout/);
      goneAll(types.ingress);
      values.enableWafv2 = false;
      await given.create(types.ingress, given.ingress);
    });
  });

  describe("identities", () => {
    it("keeps a role while it has policies, attached or inline", async () => {
      await refused(given.remove(given.nodeRole), /^DeleteConflict: .* detach all policies/);
      await refused(given.remove(given.controllerRole), /^DeleteConflict/);
      await given.remove(given.controllerPolicy);
      await given.remove(given.controllerRole);
    });

    it("keeps a policy while it is attached", async () => {
      const policy = given.put(types.policy, { name: "own", policy: trusts("ec2") });
      const attachment = given.put(types.attachment, { role: "nodes", policyArn: policy.id });
      await refused(given.remove(policy), /^DeleteConflict: .* attached to entities/);
      await given.remove(attachment);
      await given.remove(policy);
    });

    it("attaches policies only to existing roles", async () => {
      const to = (role: string) => ({ role, policyArn: "arn:aws:iam::aws:policy/X" });
      await given.create(types.attachment, to("nodes"));
      await refused(given.create(types.attachment, to("nobody")), /^NoSuchEntity: .* nobody/);
    });

    it("accepts policies with a version and statements", async () => {
      await given.create(types.policy, { name: "good", policy: trusts("ec2") });
      for (const policy of ["{", '{"Statement": []}', '{"Version": "2012-10-17"}']) {
        const call = given.create(types.policy, { name: "bad", policy });
        await refused(call, /^MalformedPolicyDocument/);
      }
    });

    it("accepts a key policy only with a principal that may change it, by Action", async () => {
      const policy = (actions: Props) => ({
        keyId: "key-1",
        policy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Principal: { AWS: "root" }, Resource: "*", ...actions }],
        }),
      });
      const locked = /^MalformedPolicyDocumentException: .* will not allow you to update/;
      for (const actions of [{ NotAction: ["kms:Sign"] }, { Action: "kms:Sign" }]) {
        await refused(given.create(types.keyPolicy, policy(actions)), locked);
      }
      await given.create(types.keyPolicy, policy({ Action: ["kms:Get*", "kms:PutKeyPolicy"] }));
    });

    it("accepts policies up to IAM's max. size", async () => {
      const role = (text: string) => ({
        name: `role-${text.length}`,
        assumeRolePolicy: policyWith({ Principal: { Service: text } }),
      });
      await given.create(types.role, role("x".repeat(1800)));
      await refused(
        given.create(types.role, role("x".repeat(2048))),
        /^LimitExceeded: Cannot exceed quota for ACLSizePerRole: 2048/,
      );
      const inline = (name: string, size: number) => ({
        role: "nodes",
        name,
        policy: policyWith({ Action: ["s3:GetObject"], Resource: "x".repeat(size) }),
      });
      const small = await given.create(types.rolePolicy, inline("one", 6000));
      await refused(
        given.create(types.rolePolicy, inline("two", 6000)),
        /^LimitExceeded: Maximum policy size of 10240 bytes exceeded for role nodes/,
      );
      await given.update(small, inline("one", 7000));
      await refused(given.update(small, inline("one", 11_000)), /^LimitExceeded: Maximum policy/);
      await given.update(given.nodeRole, role("x".repeat(1800)));
      await refused(
        given.update(given.nodeRole, role("x".repeat(2048))),
        /^LimitExceeded: Cannot exceed quota/,
      );
    });

    it("refuses a name in use", async () => {
      const again = { name: "nodes", assumeRolePolicy: trusts("ec2") };
      await refused(given.create(types.role, again), /^EntityAlreadyExists: nodes/);
    });
  });

  describe("clusters", () => {
    const cluster = (more: Props = {}) => ({ ...given.cluster.inputs, name: "other", ...more });
    const addon = (addonName: string, more: Props = {}) => ({
      clusterName: "platform",
      addonName,
      ...more,
    });
    const nodes = (more: Props = {}) => ({
      ...given.nodes.inputs,
      nodeGroupName: "more",
      ...more,
    });

    it("creates a control plane only with a role that EKS may assume, in two zones", async () => {
      await given.create(types.cluster, cluster());
      const roleArn = given.nodeRole.outputs.arn;
      await refused(
        given.create(types.cluster, cluster({ name: "a", roleArn })),
        /^InvalidParameterException: Role .* trusted entity/,
      );
      const vpcConfig = { subnetIds: [given.inner[0]] };
      await refused(
        given.create(types.cluster, cluster({ name: "b", vpcConfig })),
        /two different AZs/,
      );
    });

    it("upgrades one minor version at a time, in ten minutes", async () => {
      await refused(
        given.update(given.cluster, { version: "1.37" }),
        /^InvalidParameterException: Unsupported .* from 1.35 to 1.37/,
      );
      await given.update(given.cluster, { version: "1.36" });
      assert.equal(given.world.clock.now, 600);
      await refused(given.update(given.cluster, { version: "1.35" }), /from 1.36 to 1.35/);
    });

    it("refuses to delete a protected cluster, and one with nodes", async () => {
      await refused(given.remove(given.cluster), /^ResourceInUseException: .* nodegroups/);
      gone(given.nodes);
      given.cluster.inputs.deletionProtection = true;
      await refused(given.remove(given.cluster), /^InvalidRequestException: .* protection/);
      given.cluster.inputs.deletionProtection = false;
      await given.remove(given.cluster);
    });

    it("gives its creator an access entry, and refuses a second one", async () => {
      const of = (more: Props) => ({ ...given.cluster.inputs, ...more });
      await given.create(types.cluster, of({ name: "other" }));
      const entry = (clusterName: string) => ({
        clusterName,
        principalArn: given.world.principal,
      });
      await refused(
        given.create(types.entry, entry("other")),
        /^ResourceInUseException: The specified access entry resource is already in use/,
      );
      const accessConfig = { bootstrapClusterCreatorAdminPermissions: false };
      await given.create(types.cluster, of({ name: "third", accessConfig }));
      await given.create(types.entry, entry("third"));
    });

    it("creates Kubernetes objects only for administrators", async () => {
      const namespace = { metadata: { name: "shop" } };
      await given.create(types.namespace, namespace);
      const [association] = given.world.all(types.association_);
      assert.ok(association);
      const calls = [
        () => given.create(types.namespace, { metadata: { name: "more" } }),
        () => given.update(given.namespace, {}),
        () => given.remove(given.namespace),
      ];
      gone(association);
      for (const call of calls) await refused(call(), /^Unauthorized: the server has asked/);
    });

    it("accepts other subnets for a control plane only in the same zones", async () => {
      const [a = "", b = ""] = given.inner;
      const zone = given.put(types.subnet, {
        vpcId: given.vpc.id,
        availabilityZone: "eu-central-1c",
      });
      const vpcConfig = (...subnetIds: string[]) => ({ vpcConfig: { subnetIds } });
      await given.update(given.cluster, vpcConfig(a, b));
      await refused(
        given.update(given.cluster, vpcConfig(a, b, zone.id)),
        /^InvalidParameterException: Provided subnets belong to the AZs .*1c'. But they should/,
      );
    });

    it("keeps a control plane in its VPC, and creates one only in existing subnets", async () => {
      const [a = "", b = ""] = given.inner;
      const { roleArn } = given.cluster.inputs;
      const inSubnets = (...subnetIds: string[]) => ({ vpcConfig: { subnetIds } });
      await refused(
        given.create(types.cluster, { name: "lost", roleArn, ...inSubnets(a, "subnet-0") }),
        /^InvalidParameterException: The subnet ID 'subnet-0' does not exist .*InvalidSubnetID.NotFound/,
      );
      await given.create(types.cluster, { name: "found", roleArn, ...inSubnets(a, b) });
      await refused(
        given.update(given.cluster, inSubnets(...elsewhere())),
        new RegExp(`Specified subnets must belong to cluster's vpc ${given.vpc.id}$`),
      );
    });

    /** Subnets of another VPC in the same zones. */
    const elsewhere = (changes: Props = {}) => {
      const { id: vpcId } = given.put(types.vpc, { cidrBlock: "10.9.0.0/16", ...changes });
      return ["a", "b"].map(
        (zone) =>
          given.put(types.subnet, {
            vpcId,
            availabilityZone: `eu-central-1${zone}`,
            cidrBlock: "10.9.0.0/24",
          }).id,
      );
    };

    it("creates nodes only in the VPC of their control plane", () =>
      refused(
        given.create(types.nodes, nodes({ nodeGroupName: "far", subnetIds: elsewhere() })),
        new RegExp(`Specified subnets must belong to cluster's vpc ${given.vpc.id}$`),
      ));

    for (const setting of ["enableDnsHostnames", "enableDnsSupport"]) {
      it(`refuses nodes in a VPC without ${setting}`, async () => {
        Object.assign(given.vpc.inputs, { [setting]: false });
        await refused(
          given.create(types.nodes, nodes({ nodeGroupName: "new" })),
          /Instances failed to join the kubernetes cluster: vpc-\w+ resolves no names/,
        );
      });
    }

    it("accepts nodes with the main route table, and with a transit gateway", async () => {
      goneAll(types.association);
      const lost = /Instances failed to join the kubernetes cluster: subnet .* no route/;
      await refused(given.create(types.nodes, nodes({ nodeGroupName: "lost" })), lost);
      const { id: routeTableId } = given.put(types.table, { vpcId: given.vpc.id, main: true });
      given.put(types.route, {
        routeTableId,
        destinationCidrBlock: "0.0.0.0/0",
        transitGatewayId: "tgw-1",
      });
      await given.create(types.nodes, nodes({ nodeGroupName: "found" }));
    });

    it("loses an access policy if the replaced association is deleted after the new one", async () => {
      const association = {
        clusterName: "platform",
        principalArn: "arn:aws:iam::111122223333:role/Dev",
        policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy",
        accessScope: { type: "namespace", namespaces: ["web"] },
      };
      const old = await given.create(types.association_, association);
      const accessScope = { type: "namespace", namespaces: ["web", "shop"] };
      await given.create(types.association_, { ...association, accessScope });
      await given.remove(old);
      assert.equal(given.world.get(types.association_, old.id), undefined);
    });

    it("accepts at most 40 public access networks", async () => {
      const open = (count: number) => ({
        vpcConfig: {
          ...given.cluster.inputs.vpcConfig,
          publicAccessCidrs: Array.from({ length: count }, (_, at) => `203.0.113.${at}/32`),
        },
      });
      await given.update(given.cluster, open(40));
      await refused(given.update(given.cluster, open(41)), /^InvalidParameterException: .* 40/);
      const other = (count: number) => ({ ...given.cluster.inputs, ...open(count), name: "other" });
      await refused(given.create(types.cluster, other(41)), /^InvalidParameterException: .* 40/);
      await given.create(types.cluster, other(40));
    });

    it("creates no resource of a missing cluster", async () => {
      const entry = (clusterName: string) => ({ clusterName, principalArn: "arn" });
      await given.create(types.entry, entry("platform"));
      await refused(
        given.create(types.entry, entry("nowhere")),
        /^ResourceNotFoundException: No cluster found for name: nowhere/,
      );
    });

    it("creates nodes only with a role that EC2 may assume", async () => {
      await given.create(types.nodes, nodes());
      const nodeRoleArn = given.cniRole.outputs.arn;
      await refused(
        given.create(types.nodes, nodes({ nodeGroupName: "bad", nodeRoleArn })),
        /^InvalidParameterException: .* cannot be assumed by ec2/,
      );
    });

    it("creates nodes only of types that their zones offer", async () => {
      given.world.notOffered.add("m9g.large eu-central-1b");
      await given.create(types.nodes, nodes({ instanceTypes: ["t4g.medium"] }));
      await refused(
        given.create(types.nodes, nodes({ nodeGroupName: "new", instanceTypes: ["m9g.large"] })),
        /^InvalidRequestException: Your requested instance type \(m9g.large\) is not supported .*1b/,
      );
    });

    it("keeps instances warm beside on-demand nodes only", async () => {
      const warm = (more: object) =>
        nodes({ warmPoolConfig: { minSize: 1, poolState: "STOPPED" }, ...more });
      await given.create(types.nodes, warm({ nodeGroupName: "warm" }));
      await refused(
        given.create(types.nodes, warm({ nodeGroupName: "spot", capacityType: "SPOT" })),
        /^InvalidParameterException: This operation cannot be called on .* requests Spot Instances/,
      );
      const warmPoolConfig = { minSize: 1, poolState: "HIBERNATED" };
      const amiType = "BOTTLEROCKET_ARM_64";
      await refused(
        given.create(types.nodes, nodes({ nodeGroupName: "cold", amiType, warmPoolConfig })),
        /^InvalidParameterException: Bottlerocket/,
      );
      await given.update(given.nodes, { warmPoolConfig: { minSize: 1 } });
      await refused(
        given.update(given.nodes, { capacityType: "SPOT", warmPoolConfig: { minSize: 1 } }),
        /Spot Instances/,
      );
    });

    it("accepts only consistent sizes of a node group, in one update", async () => {
      const sizes = (minSize: number, desiredSize: number, maxSize: number) => ({
        scalingConfig: { minSize, desiredSize, maxSize },
      });
      await refused(given.create(types.nodes, nodes(sizes(3, 2, 4))), /minSize can't be greater/);
      await refused(given.create(types.nodes, nodes(sizes(1, 5, 4))), /desiredSize can't be/);
      await refused(
        given.update(given.nodes, sizes(3, 2, 4)),
        /^InvalidParameterException: Minimum capacity 3 can't be greater than desired size 2$/,
      );
      await refused(given.update(given.nodes, sizes(1, 3, 2)), /desiredSize can't be greater/);
      const [scaling] = given.world.all(types.scalingGroup);
      scaleTo(given.world, given.nodes, { desiredCapacity: 3 });
      await given.update(given.nodes, { updateConfig: { maxUnavailable: 2 } });
      assert.equal(scaling?.inputs.desiredCapacity, 3, "what is not changed is not sent");
      await given.update(given.nodes, sizes(2, 2, 4));
      assert.equal(scaling?.inputs.desiredCapacity, 2, "a stale size takes a node away");
    });

    it("accepts only an AMI release of the group's Kubernetes version", async () => {
      await given.update(given.nodes, { releaseVersion: "1.35.4-20261101" });
      await refused(
        given.update(given.nodes, { releaseVersion: "1.36.1-20261101" }),
        /^InvalidParameterException: Requested release version 1.36.1-20261101 is not valid/,
      );
    });

    describe("when AWS takes a Spot node back", () => {
      const service = (replicas: number, terminationGracePeriodSeconds: number) => ({
        metadata: { name: "web", namespace: "web" },
        spec: {
          replicas,
          template: {
            spec: { terminationGracePeriodSeconds, containers: [{ image: "public" }] },
          },
        },
      });
      const zonesOfNodes = () =>
        nodesOf(given.world, given.nodes).map(({ inputs }) => inputs.subnetId);
      const lost = async (replicas: number, seconds: number) => {
        given.put(types.deployment, service(replicas, seconds));
        takeSpotNode(given.world, given.nodes);
        await given.world.clock.settle();
        return given.world.incidents.splice(0);
      };

      it("goes two minutes after the notice, and another one comes to its zone", async () => {
        const [first] = nodesOf(given.world, given.nodes);
        const before = zonesOfNodes();
        takeSpotNode(given.world, given.nodes);
        const from = given.world.clock.now;
        const gone = () => !nodesOf(given.world, given.nodes).some(({ id }) => id === first?.id);
        const waited = given.world.clock.work(() => given.world.clock.until(gone, 600));
        assert.ok(await waited);
        assert.equal(given.world.clock.now - from, 120);
        assert.equal(zonesOfNodes().length, before.length - 1);
        await given.world.clock.settle();
        assert.deepEqual(zonesOfNodes().toSorted(), before.toSorted());
      });

      for (const [pods, seconds, incidents] of [
        [2, 120, []],
        [2, 121, ["pods of given are interrupted: they need 121 s, and have 120 s"]],
        [1, 30, ["given has no pod on another node"]],
        // Two on a node: the budget lets the second one go when the first one has a replacement.
        [4, 100, ["pods of given are interrupted: they need 132 s, and have 120 s"]],
      ] as const) {
        it(`tells what it does to ${pods} pods that take ${seconds} s to end`, async () => {
          assert.deepEqual(await lost(pods, seconds), incidents);
        });
      }

      it("tells of no pod that may not be on it", async () => {
        Object.assign(given.nodes.inputs, { capacityType: "SPOT" });
        for (const nodeSelector of [
          { "karpenter.sh/nodepool": "default" },
          { "eks.amazonaws.com/capacityType": "ON_DEMAND" },
        ]) {
          const elsewhere = service(1, 300);
          Object.assign(elsewhere.spec.template.spec, { nodeSelector });
          given.put(types.deployment, { ...elsewhere, metadata: { name: "else" } }, "else");
          takeSpotNode(given.world, given.nodes);
          await given.world.clock.settle();
          assert.deepEqual(given.world.incidents, []);
          goneAll(types.deployment);
        }
      });
    });

    describe("with pods in three zones, one of them full", () => {
      const pods = (name: string, replicas: number, spread: string, cpu = "500m") => ({
        metadata: { name, namespace: "web" },
        spec: {
          replicas,
          template: {
            spec: {
              containers: [{ image: "public", resources: { requests: { cpu } } }],
              topologySpreadConstraints: [
                {
                  maxSkew: 1,
                  topologyKey: "topology.kubernetes.io/zone",
                  whenUnsatisfiable: spread,
                },
              ],
            },
          },
        },
      });
      beforeEach(() => {
        // The filler leaves no room in zone b, and four places in zone a.
        given.nodes.inputs.instanceTypes = ["m7g.large"];
        scaleTo(given.world, given.nodes, { desiredCapacity: 2 });
        given.put(types.deployment, pods("filler", 2, "DoNotSchedule", "1400m"));
        scaleTo(given.world, given.nodes, { desiredCapacity: 5, maxSize: 5 });
        const [, inB] = given.inner;
        const nodes = given.world
          .all(types.interface)
          .filter(({ name, inputs }) => /nodes/.test(name) && inputs.subnetId === inB);
        for (const node of nodes.slice(1)) gone(node);
      });

      it("runs pods with ScheduleAnyway where there is room", async () => {
        await given.create(types.deployment, pods("web", 4, "ScheduleAnyway"));
      });

      it("leaves pods Pending whose sidecars or init containers request too much", async () => {
        const asking = (name: string, cpu: string, restartPolicy?: string) => {
          const one = pods(name, 1, "ScheduleAnyway", "100m");
          const initContainer = {
            image: "public",
            restartPolicy,
            resources: { requests: { cpu } },
          };
          const { template } = one.spec;
          const pod = { ...template.spec, initContainers: [initContainer] };
          return { ...one, spec: { ...one.spec, template: { spec: pod } } };
        };
        // A node has 1470 millicores for pods.
        await given.create(types.deployment, asking("before", "1450m"));
        for (const [cpu, restartPolicy] of [["1480m"], ["1400m", "Always"]] as const) {
          await refused(
            given.create(types.deployment, asking(`too-much-${cpu}`, cpu, restartPolicy)),
            /^ProgressDeadlineExceeded: pods are Pending: .* Insufficient cpu/,
          );
        }
      });

      it("has no room for more pods than a node has addresses, also of prefixes that came later", async () => {
        const many = (name: string) => pods(name, 100, "ScheduleAnyway", "1m");
        const waiting =
          /^ProgressDeadlineExceeded: pods are Pending: 0\/4 nodes are available: 4 Too many pods$/;
        await refused(given.create(types.deployment, many("first")), waiting);
        goneAll(types.deployment);
        const env = { ENABLE_PREFIX_DELEGATION: "true" };
        given.cni.inputs.configurationValues = JSON.stringify({ env });
        await refused(given.create(types.deployment, many("second")), waiting);
        goneAll(types.deployment);
        // EKS counts anew when it replaces the nodes.
        await given.update(given.nodes, {
          ...given.nodes.inputs,
          launchTemplate: { id: "lt-1", version: "2" },
        });
        await given.create(types.deployment, many("third"));
      });

      it("has less room for pods with the secrets driver on every node", async () => {
        await given.create(types.deployment, pods("web", 1, "ScheduleAnyway", "1400m"));
        given.put(types.addon, { clusterName: "platform", addonName: secretsAddon });
        await refused(
          given.create(types.deployment, pods("big", 1, "ScheduleAnyway", "1400m")),
          /^ProgressDeadlineExceeded: pods are Pending: 0\/4 nodes are available: 4 Insufficient cpu/,
        );
      });

      it("leaves pods with DoNotSchedule Pending", async () => {
        await refused(
          given.create(types.deployment, pods("web", 4, "DoNotSchedule")),
          /^ProgressDeadlineExceeded: pods are Pending: 0\/4 nodes are available: .*didn't match pod topology spread constraints/,
        );
      });

      describe("and an autoscaler", () => {
        beforeEach(() => {
          given.put(types.release, { name: "cluster-autoscaler", chart: "cluster-autoscaler" });
          Object.assign(given.world.all(types.scalingGroup)[0]?.inputs ?? {}, { maxSize: 9 });
        });

        it("adds no node to one group over all zones, of which a node may come anywhere", () =>
          refused(
            given.create(types.deployment, pods("web", 4, "DoNotSchedule")),
            /^ProgressDeadlineExceeded: .*; pod didn't trigger scale-up: 1 node\(s\) didn't match pod topology spread constraints$/,
          ));

        it("adds one to the group of the zone that is short", async () => {
          const [, inB] = given.inner;
          const zone = nodes({
            nodeGroupName: "b",
            instanceTypes: ["m7g.large"],
            subnetIds: [inB],
          });
          const sizes = { scalingConfig: { minSize: 1, desiredSize: 1, maxSize: 3 } };
          const group = await given.create(types.nodes, { ...zone, ...sizes });
          await given.create(types.deployment, pods("web", 8, "DoNotSchedule"));
          assert.equal(nodesOf(given.world, group).length, 2);
        });
      });
    });

    it("reports pods that the deletion of a node group interrupts", async () => {
      const pods = (replicas: number, terminationGracePeriodSeconds: number) => ({
        metadata: { name: `web-${replicas}`, namespace: "web" },
        spec: { replicas, template: { spec: { terminationGracePeriodSeconds, containers: [] } } },
      });
      given.put(types.deployment, pods(2, 107));
      await given.remove(await given.create(types.nodes, nodes()));
      assert.deepEqual(given.world.incidents, []);
      // Half of them are on the other group's nodes.
      given.put(types.deployment, pods(24, 107));
      given.put(types.deployment, pods(1, 400));
      await given.remove(await given.create(types.nodes, nodes()));
      assert.equal(given.world.incidents.length, 2);
      assert.match(given.world.incidents[0] ?? "", /interrupted: they need 491 s, and have 300 s/);
    });

    it("updates nodes one after another, to at most the version of the control plane", async () => {
      await refused(
        given.update(given.nodes, { version: "1.36" }),
        /^InvalidParameterException: .* newer than the cluster's/,
      );
      given.cluster.inputs.version = "1.36";
      await given.update(given.nodes, { version: "1.36" });
      assert.equal(given.world.clock.now, 15 + 2 * 150);
    });

    it("upgrades no control plane to more than three minor versions before its nodes, or behind them", async () => {
      const to = (version: string) => given.update(given.cluster, { version });
      for (const version of ["1.32", "1.37"]) {
        given.nodes.inputs.version = version;
        await refused(
          to("1.36"),
          /^InvalidParameterException: Nodegroups nodes must be updated to match cluster version 1.35 before updating cluster version$/,
        );
      }
      given.nodes.inputs.version = "1.33";
      await to("1.36");
    });

    it("ends pods at once where a group shrinks, whatever their disruption budget says", async () => {
      const pods = (name: string, replicas: number, nodeSelector?: Props) => ({
        metadata: { name, namespace: "web" },
        spec: { replicas, template: { spec: { nodeSelector, containers: [] } } },
      });
      given.put(types.deployment, pods("web", 4), "web");
      given.put(types.deployment, pods("one", 1), "one");
      given.put(types.deployment, pods("else", 8, { "karpenter.sh/nodepool": "default" }), "else");
      const size = (desiredSize: number) =>
        given.update(given.nodes, {
          scalingConfig: {
            ...given.nodes.inputs.scalingConfig,
            minSize: 1,
            maxSize: 9,
            desiredSize,
          },
        });
      await size(4);
      assert.deepEqual(given.world.incidents, []);
      await size(2);
      assert.deepEqual(given.world.incidents, [
        "2 of 4 pods of web are ended at once: given shrinks by 2",
      ]);
      given.world.incidents.length = 0;
      goneAll(types.deployment);

      // Nodes on which they may not run carry none of them.
      await size(4);
      const spot = { ...given.nodes.inputs, nodeGroupName: "spot", capacityType: "SPOT" };
      startNodes(given.world, given.put(types.nodes, spot, "spot"));
      const onDemand = { "eks.amazonaws.com/capacityType": "ON_DEMAND" };
      given.put(types.deployment, pods("web", 4, onDemand), "web");
      await size(2);
      assert.deepEqual(given.world.incidents, [
        "2 of 4 pods of web are ended at once: given shrinks by 2",
      ]);
    });

    it("changes no field of an object that a person has changed, unless the provider takes it over", async () => {
      const spec = { limits: { cpu: "8" } };
      const made = given.put(types.nodePool, { apiVersion: "karpenter.sh/v1", metadata: {}, spec });
      const to = (cpu: string, takesFields = false) =>
        given.world.clock.work(() =>
          update(
            given.world,
            {
              ...{ type: made.type, name: made.name, urn: "", timeout: 0 },
              caller: { cluster: "platform", takesFields },
            },
            made.id,
            { ...made.inputs, spec: { limits: { cpu } } },
          ),
        );
      await to("16");
      changeByHand(made, "spec.limits.cpu", "4");
      assert.equal(made.inputs.spec.limits.cpu, "4");
      await refused(
        to("16"),
        /^Conflict: Apply failed with 1 conflict: conflict with "kubectl-edit" using karpenter.sh\/v1: .spec.limits.cpu$/,
      );
      await to("16", true);
      await to("8");
    });

    it("keeps kube-proxy at or below the control plane's version", async () => {
      const proxy = given.put(types.addon, addon("kube-proxy"));
      await given.update(proxy, { addonVersion: "v1.35.0-eksbuild.1" });
      await refused(
        given.update(proxy, { addonVersion: "v1.36.0-eksbuild.1" }),
        /^InvalidParameterException: Addon version specified is not supported/,
      );
    });

    it("accepts only configuration keys of the add-on's version", async () => {
      gone(given.cni);
      const cloudWatch = "amazon-cloudwatch-observability";
      const unknown = (key: string) =>
        new RegExp(
          `^InvalidParameterException: ConfigurationValue provided .*\\[\\$\\.${key}: is not defined in the schema`,
        );
      const wrong: [name: string, version: string, values: Props, key: string][] = [
        [cloudWatch, "v5.4.0-eksbuild.1", { containerInsights: {} }, "containerInsights"],
        [cloudWatch, "v6.1.0-eksbuild.1", { applicationSignals: {} }, "applicationSignals"],
        [
          cloudWatch,
          "v3.7.0-eksbuild.1",
          { manager: { applicationSignals: {} } },
          "manager.applicationSignals",
        ],
        [
          "vpc-cni",
          "v1.36.0-eksbuild.1",
          { enableNetworkPolicies: "true" },
          "enableNetworkPolicies",
        ],
        ["coredns", "v1.36.0-eksbuild.1", { replicas: 3 }, "replicas"],
      ];
      for (const [name, addonVersion, values, key] of wrong) {
        const configurationValues = JSON.stringify(values);
        const call = given.create(types.addon, addon(name, { addonVersion, configurationValues }));
        await refused(call, unknown(key));
      }
      const configurationValues = JSON.stringify({ enableNetworkPolicy: "true" });
      const addonVersion = "v1.20.0-eksbuild.1";
      const cni = await given.create(
        types.addon,
        addon("vpc-cni", { addonVersion, configurationValues }),
      );
      await refused(
        given.update(cni, { configurationValues: JSON.stringify({ networkPolicy: true }) }),
        unknown("networkPolicy"),
      );
      await given.update(cni, { configurationValues: JSON.stringify({ env: {} }) });
    });

    const failing: [why: string, spoil: () => void, message: RegExp][] = [
      ["their role may not join", () => goneAll(types.attachment), /may not eks:DescribeCluster/],
      ["they have no way out", () => goneAll(types.nat), /the NAT gateway of subnet .* is gone/],
      ["there is no CNI", () => gone(given.cni), /no CNI/],
      ["the CNI's role is gone", () => gone(given.cniRole), /CNI: .* does not exist/],
      [
        "no prefix is free in a subnet",
        () => {
          const env = { ENABLE_PREFIX_DELEGATION: "true" };
          given.cni.inputs.configurationValues = JSON.stringify({ env });
          const subnet = given.world.get(types.subnet, given.inner[1] ?? "");
          // Of the 254 /28 that a /20 has for them.
          if (subnet) subnet.inputs.takenAddresses = 252;
        },
        /CNI: InsufficientCidrBlocks: The specified subnet does not have enough free cidr blocks to satisfy the request/,
      ],
    ];
    for (const [why, spoil, message] of failing) {
      it(`fails the creation of nodes after 25 minutes if ${why}`, async () => {
        spoil();
        const call = given.create(types.nodes, nodes());
        await assert.rejects(call, (error: Error) => {
          assert.match(error.message, /^NodeCreationFailure/);
          assert.match(error.message, message);
          return true;
        });
        assert.ok(given.world.clock.now >= 25 * 60);
        assert.equal(given.world.all(types.nodes).length, 2, "the failed group is there");
      });
    }

    it("leaves CoreDNS degraded without nodes, and fails after 20 minutes", async () => {
      gone(given.coredns);
      gone(given.nodes);
      const call = given.create(types.addon, addon("coredns"));
      await refused(call, /^InsufficientNumberOfReplicas: add-on coredns is DEGRADED: .* no nodes/);
      assert.equal(given.world.clock.now, 20 + 20 * 60);
    });

    it("makes CoreDNS healthy with nodes before its timeout", async () => {
      gone(given.coredns);
      gone(given.nodes);
      given.world.clock.later(300, () => given.put(types.nodes, given.nodes.inputs));
      await given.create(types.addon, addon("coredns"));
      assert.equal(given.world.clock.now, 300);
    });

    describe("an add-on with a role (IRSA)", () => {
      const agents = (changes: { sub?: string; aud?: string; policy?: string } = {}) => {
        const { sub = "amazon-cloudwatch:cloudwatch-agent", aud } = changes;
        const assumeRolePolicy = given.irsaTrust(sub, aud);
        const role = given.put(types.role, { name: "agent", assumeRolePolicy });
        const { policy = "CloudWatchAgentServerPolicy" } = changes;
        given.put(types.attachment, { role: "agent", policyArn: `arn:::policy/${policy}` });
        return given.create(
          types.addon,
          addon("amazon-cloudwatch-observability", { serviceAccountRoleArn: role.outputs.arn }),
        );
      };
      it("has access with issuer, subject, audience and policy", () => agents());
      it("fails for another subject", () =>
        refused(agents({ sub: "default:agent" }), /^AccessDenied: .* trust policy of agent/));
      it("fails for another audience", () =>
        refused(agents({ aud: "sigstore" }), /^AccessDenied: .* trust policy of agent/));
      it("fails without the permission", () =>
        refused(agents({ policy: "Nothing" }), /^AccessDenied: .* logs:PutLogEvents/));
      it("fails without the issuer's identity provider", () => {
        gone(given.identityProvider);
        return refused(agents(), /AccessDenied: .* no OpenID Connect provider/);
      });
    });

    describe("EKS Pod Identity", () => {
      const associationType = "aws:eks/podIdentityAssociation:PodIdentityAssociation";
      const tags = (namespace: string, account: string): Record<string, string> => ({
        "aws:RequestTag/eks-cluster-arn": given.cluster.outputs.arn,
        "aws:RequestTag/kubernetes-namespace": namespace,
        "aws:RequestTag/kubernetes-service-account": account,
      });
      const agentTags = () => tags("amazon-cloudwatch", "cloudwatch-agent");
      const podTrust = (StringEquals: Record<string, string>, more: Props = {}) =>
        policyOf({
          Action: ["sts:AssumeRole", "sts:TagSession"],
          Principal: { Service: "pods.eks.amazonaws.com" },
          Condition: { StringEquals },
          ...more,
        });
      const roleOf = (assumeRolePolicy: string) => {
        const role = given.put(types.role, { name: "pods", assumeRolePolicy });
        const policyArn = "arn:::policy/CloudWatchAgentServerPolicy";
        given.put(types.attachment, { role: "pods", policyArn });
        return role;
      };
      const identityAgent = () => given.put(types.addon, addon("eks-pod-identity-agent"));
      const insights = (assumeRolePolicy: string, serviceAccount = "cloudwatch-agent") => {
        const roleArn: string = roleOf(assumeRolePolicy).outputs.arn;
        const podIdentityAssociations = [{ serviceAccount, roleArn }];
        return addon("amazon-cloudwatch-observability", { podIdentityAssociations });
      };
      const association = (more: Props = {}) => ({
        clusterName: "platform",
        namespace: "web",
        serviceAccount: "web",
        ...more,
      });

      it("gives an add-on its role by an agent that asks in the name of the nodes", async () => {
        identityAgent();
        await given.create(types.addon, insights(podTrust(agentTags())));
      });

      it("gives no credentials without the agent", () =>
        refused(
          given.create(types.addon, insights(podTrust(agentTags()))),
          /^AccessDenied: .* 169\.254\.170\.23:80: i\/o timeout: no eks-pod-identity-agent runs$/,
        ));

      it("gives none where the nodes may not ask for them", () => {
        identityAgent();
        for (const one of given.world.all(types.attachment)) {
          if (one.inputs.policyArn.endsWith("/AmazonEKSWorkerNodePolicy")) gone(one);
        }
        const policy = policyOf({ Action: ["eks:DescribeCluster"], Resource: "*" });
        given.put(types.rolePolicy, { role: "nodes", name: "joins", policy });
        return refused(
          given.create(types.addon, insights(podTrust(agentTags()))),
          /not authorized to perform: eks-auth:AssumeRoleForPodIdentity$/,
        );
      });

      for (const tag of ["eks-cluster-arn", "kubernetes-namespace", "kubernetes-service-account"]) {
        it(`gives none by a role that trusts another ${tag}`, () => {
          identityAgent();
          const trust = podTrust({ ...agentTags(), [`aws:RequestTag/${tag}`]: "another" });
          return refused(
            given.create(types.addon, insights(trust)),
            /\(AccessDeniedException\): Unauthorized Exception! EKS does not have permissions to assume the associated role\.$/,
          );
        });
      }

      it("takes no role that is not there, or whose trust lacks the service or an action", async () => {
        const roleArn = "arn:aws:iam::111122223333:role/absent";
        await refused(
          given.create(associationType, association({ roleArn })),
          /^InvalidParameterException: Role provided in the request does not exist\.$/,
        );
        const untrusted =
          /^InvalidParameterException: Trust policy of the role provided is invalid\.$/;
        const half = podTrust({}, { Action: "sts:AssumeRole" });
        const role = given.put(types.role, { name: "half", assumeRolePolicy: half });
        const made = given.create(associationType, association({ roleArn: role.outputs.arn }));
        await refused(made, untrusted);
        const irsa = given.controllerRole.outputs.arn;
        await refused(given.create(associationType, association({ roleArn: irsa })), untrusted);
      });

      it("associates an account once, also by an add-on", async () => {
        const { arn: roleArn } = roleOf(podTrust(tags("web", "web"))).outputs;
        const made = await given.create(associationType, association({ roleArn }));
        const taken = /^ResourceInUseException: Association already exists$/;
        await refused(given.create(associationType, association({ roleArn })), taken);
        await given.update(made, association({ roleArn }));
        await refused(
          given.update(made, association({ roleArn: given.cniRole.outputs.arn })),
          /^InvalidParameterException: Trust policy/,
        );
        identityAgent();
        const podIdentityAssociations = [{ serviceAccount: "aws-node", roleArn }];
        await given.update(given.cni, { podIdentityAssociations });
        const ofCni = { namespace: "kube-system", serviceAccount: "aws-node", roleArn };
        await refused(given.create(associationType, association(ofCni)), taken);
      });

      it("takes an add-on's own account alone", async () => {
        const message =
          /^InvalidParameterException: Service account agent in pod identity configuration is not supported for addon amazon-cloudwatch-observability$/;
        await refused(given.create(types.addon, insights(podTrust({}), "agent")), message);
        const { roleArn } = given.cni.inputs;
        const podIdentityAssociations = [{ serviceAccount: "agent", roleArn }];
        await refused(
          given.update(given.cni, { podIdentityAssociations }),
          /agent in pod identity configuration is not supported for addon vpc-cni$/,
        );
      });

      it("takes the place of an add-on's role, which no update takes away", async () => {
        await refused(
          given.update(given.cni, { serviceAccountRoleArn: undefined }),
          /^InvalidParameter: .* minimum field size of 1, UpdateAddonInput\.ServiceAccountRoleArn\.$/,
        );
        identityAgent();
        const { arn: roleArn } = roleOf(podTrust(tags("kube-system", "aws-node"))).outputs;
        const podIdentityAssociations = [{ serviceAccount: "aws-node", roleArn }];
        await given.update(given.cni, { podIdentityAssociations });
        assert.equal(given.cni.outputs.serviceAccountRoleArn, undefined);
      });

      it("tells of pods that run on while their way to a role is taken from them", async () => {
        const account = given.put(types.account, { metadata: { name: "a", namespace: "web" } });
        const { arn: roleArn } = roleOf(podTrust(tags("web", "a"))).outputs;
        const inputs = association({ serviceAccount: "a", roleArn });
        const associated = await given.create(associationType, inputs);
        const deployment = await given.create("kubernetes:apps/v1:Deployment", {
          metadata: { name: "a", namespace: "web" },
          spec: {
            replicas: 1,
            template: {
              spec: {
                serviceAccountName: "a",
                containers: [{ name: "a", image: given.image }],
              },
            },
          },
        });
        assert.equal(deployment.identity?.associated, true, account.id);
        assert.match(given.world.incidents.join(), /^$/);
        await given.remove(associated);
        assert.match(
          given.world.incidents.splice(0).join(),
          /^pods of \S+ have no role any more: service account web\/a has no association$/,
        );
      });
    });
  });

  describe("registries", () => {
    const image = (tag: string, context = "one") => ({
      imageName: `${given.repository.outputs.repositoryUrl}:${tag}`,
      build: { context },
    });

    it("accepts images only for existing repositories", async () => {
      const made = await given.create(types.image, image("a"));
      const elsewhere = { imageName: "elsewhere:a", build: {} };
      const message = /^RepositoryNotFoundException/;
      await refused(given.create(types.image, elsewhere), message);
      await refused(given.update(made, elsewhere), message);
    });

    it("refuses a second push of an immutable tag with the error of docker push", async () => {
      const made = await given.create(types.image, image("a"));
      await given.update(made, image("b", "two"));
      const message =
        /^tag invalid: The image tag 'a' already exists in the 'web' repository and cannot be overwritten because the tag is immutable\.$/;
      await refused(given.update(made, image("a")), message);
      gone(made);
      await refused(given.create(types.image, image("a")), message);
      await given.create(types.image, { ...image("a"), skipPush: true });
    });

    it("gives each build a unique digest", async () => {
      given.repository.inputs.imageTagMutability = "MUTABLE";
      const made = await given.create(types.image, image("a"));
      const { repoDigest } = made.outputs;
      await given.update(made, image("a"));
      assert.notEqual(made.outputs.repoDigest, repoDigest);
    });

    it("keeps a repository with images, without forceDelete", async () => {
      await refused(given.remove(given.repository), /^RepositoryNotEmptyException/);
      given.repository.inputs.forceDelete = true;
      await given.remove(given.repository);
      assert.deepEqual(given.world.all(types.pushed), []);
    });
  });

  describe("workloads", () => {
    const cannotReach = /^Unreachable: configured Kubernetes cluster is unreachable: platform/;

    it("accepts objects only of an existing cluster", async () => {
      await given.update(given.account, { automountServiceAccountToken: false });
      gone(given.cluster);
      await refused(given.create(types.namespace, { metadata: { name: "a" } }), cannotReach);
      await refused(given.update(given.account, {}), cannotReach);
      await refused(given.remove(given.account), cannotReach);
    });

    it("creates objects only in existing namespaces", async () => {
      const account = (namespace: string) => ({ metadata: { name: "a", namespace } });
      await given.create(types.account, account("web"));
      await refused(given.create(types.account, account("no")), /^NotFound: namespaces "no"/);
    });

    it("waits for a release's pods until its timeout", async () => {
      const release = { ...given.release.inputs, name: "another", timeout: 120 };
      await given.create(types.release, release);
      gone(given.nodes);
      const { now } = given.world.clock;
      await refused(
        given.create(types.release, { ...release, name: "third" }),
        /^release failed: context deadline exceeded: cluster platform has no nodes/,
      );
      assert.equal(given.world.clock.now - now, 8 + 120);
    });

    it("scales nodes only with an autoscaler of this cluster and its permissions", async () => {
      const release = (clusterName: string, roleArn: string) => ({
        chart: "cluster-autoscaler",
        name: "autoscaler",
        namespace: "kube-system",
        values: {
          autoDiscovery: { clusterName },
          rbac: {
            serviceAccount: {
              name: "controller",
              annotations: { "eks.amazonaws.com/role-arn": roleArn },
            },
          },
        },
      });
      const roleArn = given.controllerRole.outputs.arn;
      await refused(
        given.create(types.release, release("platform", roleArn)),
        /^release failed: .* not authorized to perform autoscaling:DescribeAutoScalingGroups/,
      );
      goneAll(types.release);
      given.controllerPolicy.inputs.policy = JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: "autoscaling:*", Resource: "*" }],
      });
      await refused(
        given.create(types.release, release("another", roleArn)),
        /^release failed: .* finds no node group of another/,
      );
      goneAll(types.release);
      await given.create(types.release, release("platform", roleArn));
    });

    it("creates the load balancer of an Ingress, and deletes all of its resources", async () => {
      const ingress = await given.create(types.ingress, given.ingress);
      assert.match(ingress.outputs.status.loadBalancer.ingress[0].hostname, /elb.amazonaws.com$/);
      const made = () =>
        given.world.all().filter(({ madeBy }) => madeBy?.startsWith("load balancer"));
      assert.ok(made().some(({ type }) => type === types.balancer));
      await given.remove(ingress);
      assert.deepEqual(made(), []);
    });

    const withoutBalancer: [why: string, spoil: () => void, message: RegExp][] = [
      ["no controller", () => gone(given.release), /no load balancer controller runs/],
      [
        "another cluster's controller",
        () => {
          given.release.inputs.values.clusterName = "other";
        },
        /the controller is for other/,
      ],
      ["no role", () => gone(given.controllerRole), /AccessDenied: .* does not exist/],
      [
        "no permission",
        () => gone(given.controllerPolicy),
        /AccessDenied: .* not authorized to perform ec2:DescribeSubnets/,
      ],
      ["no nodes", () => gone(given.nodes), /cannot run: cluster platform has no nodes/],
      ["no DNS", () => gone(given.coredns), /cannot run: cluster platform has no CoreDNS/],
      ["no way to AWS", () => goneAll(types.route), /no route to the internet/],
    ];
    for (const [what, spoil, message] of withoutBalancer) {
      it(`creates no load balancer with ${what}`, async () => {
        spoil();
        const call = given.create(types.ingress, given.ingress);
        await assert.rejects(call, (error: Error) => {
          assert.match(error.message, /^FailedBuildModel: the Ingress has no load balancer/);
          assert.match(error.message, message);
          return true;
        });
      });

      it(`removes no finalizer with ${what}`, async () => {
        const ingress = await given.create(types.ingress, given.ingress);
        spoil();
        await assert.rejects(given.remove(ingress), (error: Error) => {
          assert.match(error.message, /^finalizer: ingress.k8s.aws\/resources is never removed/);
          assert.match(error.message, message);
          return true;
        });
        assert.ok(given.world.all(types.balancer).length > 0, "the load balancer is left");
      });
    }

    it("removes no finalizer if the controller is deleted during a deletion", async () => {
      const ingress = await given.create(types.ingress, given.ingress);
      given.world.clock.later(30, () => gone(given.release));
      await refused(given.remove(ingress), /^finalizer: .* no load balancer controller runs/);
    });

    it("finds the subnets of an Ingress by tags, in two zones", async () => {
      const tagged = given.world.all(types.subnet).find(({ id }) => id === given.zones[0]?.outer);
      delete tagged?.inputs.tags;
      await refused(
        given.create(types.ingress, given.ingress),
        /^FailedBuildModel: .* couldn't auto-discover subnets: 1 tagged/,
      );
    });

    describe("an Ingress with subnets", () => {
      const naming = (...ids: string[]) => ({
        metadata: {
          ...given.ingress.metadata,
          annotations: {
            ...given.ingress.metadata.annotations,
            "alb.ingress.kubernetes.io/subnets": ids.join(","),
          },
        },
      });
      const outer = () => given.zones.map((zone) => zone.outer);
      const interfaces = () =>
        given.world
          .all(types.interface)
          .filter(({ madeBy }) => madeBy?.startsWith("load balancer"))
          .map(({ inputs }) => inputs.subnetId);

      it("has its load balancer in them, without tags", async () => {
        for (const one of given.world.all(types.subnet)) delete one.inputs.tags;
        await given.create(types.ingress, naming(...outer()));
        assert.deepEqual(interfaces().sort(), outer().sort());
      });

      it("moves its load balancer to other subnets, and back to tagged ones", async () => {
        const ingress = await given.create(types.ingress, naming(...outer()));
        const balancer = given.world.all(types.balancer);
        await given.update(ingress, naming(...given.inner));
        assert.deepEqual(interfaces().sort(), given.inner.toSorted());
        await given.update(ingress, given.ingress);
        assert.deepEqual(interfaces().sort(), outer().sort());
        assert.deepEqual(given.world.all(types.balancer), balancer);
      });

      it("has no load balancer in missing subnets, nor in one zone", async () => {
        const [a = "", b = ""] = outer();
        await refused(
          given.create(types.ingress, naming(a, "subnet-0")),
          /InvalidSubnetID.NotFound: The subnet ID 'subnet-0' does not exist$/,
        );
        goneAll(types.ingress);
        await refused(
          given.create(types.ingress, naming(a, b, given.inner[0] ?? "")),
          /multiple subnets in same Availability Zone eu-central-1a: \[subnet-\w+ subnet-\w+\]$/,
        );
        goneAll(types.ingress);
        await refused(
          given.create(types.ingress, naming(a)),
          /subnets count less than minimal required count: 1 < 2$/,
        );
      });

      it("has no load balancer in a subnet without eight free addresses", async () => {
        const [a = ""] = outer();
        const subnet = given.world.get(types.subnet, a);
        Object.assign(subnet?.inputs ?? {}, { takenAddresses: 251 - 7 });
        await refused(
          given.create(types.ingress, naming(...outer())),
          /InvalidSubnet: Not enough IP space available in subnet-\w+. ELB requires at least 8 free/,
        );
        goneAll(types.ingress);
        Object.assign(subnet?.inputs ?? {}, { takenAddresses: 251 - 8 });
        await given.create(types.ingress, naming(...outer()));
      });

      it("has no load balancer if another Ingress of its group has other subnets", async () => {
        const group = { "alb.ingress.kubernetes.io/group.name": "all" };
        const first = naming(...outer());
        const second = naming(...given.inner);
        for (const { metadata } of [first, second]) Object.assign(metadata.annotations, group);
        await given.create(types.ingress, first);
        Object.assign(second.metadata, { name: "second" });
        await refused(
          given.create(types.ingress, second),
          /conflicting subnets: \[.*\] \| \[.*\]$/,
        );
      });
    });

    it("keeps a namespace while one of its Ingresses has a finalizer", async () => {
      const ingress = await given.create(types.ingress, given.ingress);
      await refused(given.remove(given.namespace), /^finalizer: namespace web is Terminating/);
      await given.remove(ingress);
      await given.remove(given.namespace);
    });

    describe("deletes the dependents of an object", () => {
      const createOwner = (policy: string) =>
        given.create(types.priorityClass, {
          metadata: {
            name: "pull-requests",
            annotations: { "pulumi.com/deletionPropagationPolicy": policy },
          },
        });
      const createNamespace = async (owner: CloudResource) => {
        const { uid } = owner.outputs.metadata;
        const metadata = { name: "pr-1-web", ownerReferences: [{ uid }] };
        await given.create(types.namespace, { metadata });
        await given.create(types.ingress, {
          metadata: { ...given.ingress.metadata, namespace: "pr-1-web" },
        });
      };
      const left = () => [...given.world.all(types.ingress), ...given.world.all(types.balancer)];

      it("before it, in the foreground, if the controller removes their finalizers", async () => {
        const owner = await createOwner("foreground");
        await createNamespace(owner);
        const { inputs, outputs } = given.release;
        gone(given.release);
        await refused(given.remove(owner), /^foregroundDeletion: .* its dependent pr-1-web/);
        await given.create(types.release, { ...inputs, name: outputs.name });
        await given.remove(owner);
        assert.deepEqual(left(), []);
      });

      it("after it, without a wait, in the background", async () => {
        const owner = await createOwner("background");
        await createNamespace(owner);
        await given.remove(owner);
        assert.equal(left().length, 2);
      });
    });

    it("lets a Deployment wait until its load balancer is active", async () => {
      const ingress = await given.create(types.ingress, given.ingress);
      const [balancer] = given.world.all(types.balancer);
      const deployment = await given.create(types.deployment, given.deployment);
      assert.equal(given.world.clock.now, balancer?.inputs.activeAt + 12, ingress.id);
      await given.update(deployment, {});
    });

    const podsFail: [why: string, spoil: () => void, message: RegExp][] = [
      ["nodes", () => gone(given.nodes), /pods are Pending: cluster platform has no nodes/],
      ["their service account", () => gone(given.account), /serviceaccount "web" not found/],
      ["their image", () => goneAll(types.pushed), /ImagePullBackOff/],
    ];
    for (const [what, spoil, message] of podsFail) {
      it(`fails a Deployment without ${what} after ten minutes`, async () => {
        const made = await given.create(types.deployment, given.deployment);
        spoil();
        for (const call of [
          () => given.update(made, {}),
          () => {
            gone(made);
            return given.create(types.deployment, given.deployment);
          },
        ]) {
          const { now } = given.world.clock;
          await assert.rejects(call(), (error: Error) => {
            assert.match(error.message, /^ProgressDeadlineExceeded/);
            assert.match(error.message, message);
            return true;
          });
          assert.equal(given.world.clock.now - now, 1 + 600);
        }
      });
    }
  });

  describe("Karpenter", () => {
    const chart = (name: string) => `oci://public.ecr.aws/karpenter/${name}`;
    const pool = (annotations?: Props, terminationGracePeriod: string | undefined = "900s") => ({
      metadata: { name: "default", annotations },
      spec: {
        template: {
          spec: {
            nodeClassRef: { name: "default" },
            requirements: [
              { key: "karpenter.sh/capacity-type", values: ["spot", "on-demand"] },
              { key: "node.kubernetes.io/instance-type", values: ["m7g.large", "m7g.xlarge"] },
            ],
            terminationGracePeriod,
          },
        },
        limits: { cpu: "8", memory: "32Gi" },
      },
    });
    let profile: CloudResource;
    let entry: CloudResource;
    let policy: CloudResource;
    let queue: CloudResource;
    let queuePolicy: CloudResource;
    let definitions: CloudResource;
    let releaseInputs: Props;
    let nodeClass: Props;
    let large: Props;
    const actions = (...less: string[]) =>
      [
        ...["ec2:*", "eks:DescribeCluster", "ssm:GetParameter", "sqs:*", "iam:PassRole"],
        ...["iam:ListInstanceProfiles", "iam:GetInstanceProfile"],
      ].filter((action) => !less.includes(action));
    const allowing = (...less: string[]) => policyWith({ Action: actions(...less), Resource: "*" });
    const claims = () => given.world.all(nodeClaimType);
    const release = () => given.put(types.release, releaseInputs, "karpenter");
    beforeEach(() => {
      const { put, nodeRole } = given;
      given.nodes.inputs.instanceTypes = ["t4g.medium"];
      profile = put(types.instanceProfile, { name: "nodes", role: nodeRole.id });
      entry = put(types.entry, {
        clusterName: "platform",
        principalArn: nodeRole.outputs.arn,
        type: "EC2_LINUX",
      });
      const role = put(types.role, {
        name: "karpenter",
        assumeRolePolicy: given.irsaTrust("kube-system:karpenter"),
      });
      policy = put(types.rolePolicy, { role: "karpenter", name: "karpenter", policy: allowing() });
      queue = put(types.queue, { name: "interruptions" });
      const rule = put(types.eventRule, {
        name: "spot",
        eventPattern: '{"detail-type":["EC2 Spot Instance Interruption Warning"]}',
      });
      put(types.eventTarget, { rule: "spot", arn: queue.outputs.arn });
      queuePolicy = put(types.queuePolicy, {
        queueUrl: queue.outputs.url,
        policy: policyWith({
          Action: "sqs:SendMessage",
          Principal: { Service: "events.amazonaws.com" },
          Condition: { ArnEquals: { "aws:SourceArn": [rule.outputs.arn] } },
        }),
      });
      definitions = put(
        types.release,
        { chart: chart("karpenter-crd"), name: "karpenter-crd", namespace: "kube-system" },
        "karpenter-crd",
      );
      releaseInputs = {
        chart: chart("karpenter"),
        name: "karpenter",
        namespace: "kube-system",
        values: {
          serviceAccount: {
            name: "karpenter",
            annotations: { "eks.amazonaws.com/role-arn": role.outputs.arn },
          },
          settings: { clusterName: "platform", interruptionQueue: "interruptions" },
        },
      };
      const group = given.cluster.outputs.vpcConfig.clusterSecurityGroupId;
      given.world.addUnmanaged(types.group, group, "EKS cluster platform", "cluster", {
        vpcId: given.vpc.id,
      });
      nodeClass = {
        metadata: { name: "default" },
        spec: {
          instanceProfile: "nodes",
          subnetSelectorTerms: given.inner.map((id) => ({ id })),
          securityGroupSelectorTerms: [{ id: group }],
        },
      };
      const [container] = given.deployment.spec.template.spec.containers;
      const requests = { cpu: "1200m", memory: "1Gi" };
      large = structuredClone(given.deployment);
      large.spec.replicas = 4;
      large.spec.template.spec.containers = [{ ...container, resources: { requests } }];
    });
    const objects = () => {
      given.put(types.nodeClass, nodeClass, "class");
      return given.put(types.nodePool, pool(), "pool");
    };

    it("brings the kinds of its objects by a chart of their own", async () => {
      release();
      await given.create(types.nodeClass, nodeClass);
      await given.create(types.nodePool, pool());
      goneAll(types.nodeClass);
      gone(definitions);
      await refused(
        given.create(types.nodeClass, nodeClass),
        /^NoKindMatchError: no matches for kind "EC2NodeClass" in version "karpenter.k8s.aws\/v1"$/,
      );
    });

    const dead: [why: string, spoil: () => void, message: RegExp][] = [
      [
        "another cluster",
        () => Object.assign(releaseInputs.values.settings, { clusterName: "other" }),
        /panic: getting cluster other/,
      ],
      ["no queue", () => gone(queue), /panic: AWS.SimpleQueueService.NonExistentQueue/],
      [
        "one node",
        () => scaleTo(given.world, given.nodes, { desiredCapacity: 1 }),
        /0\/1 nodes are available: 1 node\(s\) didn't match pod anti-affinity rules/,
      ],
      [
        "no right to see the cluster",
        () => Object.assign(policy.inputs, { policy: allowing("eks:DescribeCluster") }),
        /not authorized to perform eks:DescribeCluster/,
      ],
      [
        "zonal shift of a cluster that has it off",
        () => Object.assign(releaseInputs.values.settings, { enableZonalShift: true }),
        /panic: Unable to find Cluster platform in Zonal Shift/,
      ],
      [
        "zonal shift and no right to see one",
        () => {
          Object.assign(releaseInputs.values.settings, { enableZonalShift: true });
          given.cluster.inputs.zonalShiftConfig = { enabled: true };
        },
        /not authorized to perform arc-zonal-shift:GetManagedResource/,
      ],
    ];
    for (const [why, spoil, message] of dead) {
      it(`does not start with ${why}`, async () => {
        spoil();
        await refused(given.create(types.release, releaseInputs), message);
      });
    }

    it("starts nodes of more pods by kubelet.maxPods, where the CNI has the addresses", async () => {
      const many = structuredClone(large);
      many.spec.replicas = 100;
      many.spec.template.spec.containers[0].resources.requests = { cpu: "10m", memory: "16Mi" };
      const started = async (maxPods?: number, prefixes = false) => {
        for (const type of [types.deployment, nodeClaimType, types.nodeClass, types.nodePool]) {
          goneAll(type);
        }
        const env = { ENABLE_PREFIX_DELEGATION: String(prefixes) };
        given.cni.inputs.configurationValues = JSON.stringify({ env });
        nodeClass.spec.kubelet = maxPods && { maxPods };
        objects();
        await given.create(types.deployment, many);
        return claims().length;
      };
      release();
      const single = await started();
      assert.equal(single, 2, "one has 53 pods at most");
      assert.equal(await started(110, true), 1);
      assert.equal(await started(110, false), single, "pods without an address wait");
    });

    it("starts where all is there", async () => {
      await given.create(types.release, releaseInputs);
    });

    it("starts with zonal shift where the cluster has it on", async () => {
      releaseInputs.values.settings.enableZonalShift = true;
      given.cluster.inputs.zonalShiftConfig = { enabled: true };
      policy.inputs.policy = policyWith({
        Action: [...actions(), "arc-zonal-shift:GetManagedResource"],
        Resource: "*",
      });
      await given.create(types.release, releaseInputs);
    });

    it("has an EC2NodeClass ready by subnets, groups and rights, and a NodePool by that", async () => {
      release();
      const without = (key: string) => ({
        ...nodeClass,
        spec: { ...nodeClass.spec, [key]: [{ id: "none" }] },
      });
      await refused(
        given.create(types.nodePool, pool()),
        /^NotReady: NodeClassNotFound: NodeClass default not found on cluster/,
      );
      for (const [key, message] of [
        ["subnetSelectorTerms", /SubnetSelector did not match any Subnets/],
        ["securityGroupSelectorTerms", /SecurityGroupSelector did not match any SecurityGroups/],
      ] as const) {
        await refused(given.create(types.nodeClass, without(key)), message);
        goneAll(types.nodeClass);
      }
      policy.inputs.policy = allowing("iam:PassRole");
      await refused(
        given.create(types.nodeClass, nodeClass),
        /not authorized to perform iam:PassRole/,
      );
    });

    it("starts nodes for pods without room, Spot before on-demand, within its limits", async () => {
      release();
      objects();
      await given.create(types.deployment, large);
      assert.deepEqual(
        claims().map(({ inputs }) => [inputs.instanceType, inputs.capacityType]),
        [["m7g.xlarge", "spot"]],
      );
      assert.equal(given.world.all("aws:ec2/instance:Instance").length, 1);
      goneAll(types.deployment);
      for (const claim of claims()) terminate(given.world, claim);
      given.world.withoutSpot = true;
      await given.create(types.deployment, large);
      assert.deepEqual(
        claims().map(({ inputs }) => inputs.capacityType),
        ["on-demand"],
      );
      goneAll(types.deployment);
      large.spec.replicas = 12;
      await refused(
        given.create(types.deployment, large),
        /all available instance types exceed limits for nodepool/,
      );
    });

    for (const [why, spoil] of [
      ["no access entry", () => gone(entry)],
      ["no role in its instance profile", () => gone(profile)],
    ] as const) {
      it(`waits in vain for a node with ${why}`, async () => {
        release();
        objects();
        spoil();
        await refused(given.create(types.deployment, large), /Node not registered with cluster: /);
        await given.world.clock.settle();
        assert.deepEqual(claims(), [], "Karpenter gives it up");
      });
    }

    it("drains a Spot instance that AWS takes back where it hears of it, and starts another", async () => {
      release();
      objects();
      await given.create(types.deployment, large);
      const [claim] = claims();
      assert.ok(claim);
      interruptSpot(given.world, claim);
      assert.deepEqual(given.world.incidents, []);
      assert.equal(claims().length, 2);
      await given.world.clock.settle();
      assert.equal(claims().length, 1);
      assert.notEqual(claims()[0], claim);
    });

    describe("replaces a node", () => {
      const changed = (of: Props, change: (spec: Props) => void) => {
        const { spec } = structuredClone(of);
        change(spec);
        return { spec };
      };
      const started = async () => {
        release();
        const made = objects();
        await given.create(types.deployment, large);
        await given.world.clock.settle();
        const [claim] = claims();
        assert.ok(claim);
        return { made, claim };
      };
      const class_ = () => {
        const [one] = given.world.all(types.nodeClass);
        assert.ok(one);
        return one;
      };

      for (const [why, reason, change] of [
        [
          "of another version of Kubernetes",
          "AMIDrift",
          () => given.update(given.cluster, { version: "1.36" }),
        ],
        [
          "of another class",
          "NodeClassDrift",
          () =>
            given.update(
              class_(),
              changed(class_().inputs, (spec) => Object.assign(spec, { tags: {} })),
            ),
        ],
        [
          "of a type that is not named any more",
          "RequirementsDrifted",
          (made) =>
            given.update(
              made,
              changed(made.inputs, ({ template }) => {
                template.spec.requirements[1].values = ["m6g.xlarge"];
              }),
            ),
        ],
        [
          "of another template",
          "NodePoolDrifted",
          (made) =>
            given.update(
              made,
              changed(made.inputs, ({ template }) => {
                template.spec.expireAfter = "24h";
              }),
            ),
        ],
      ] as [string, string, (made: CloudResource) => Promise<unknown>][]) {
        it(`${why}, after another one is ready for its pods`, async () => {
          const { made, claim } = await started();
          await change(made);
          assert.equal(driftOf(given.world, claim), reason);
          await given.world.clock.settle();
          assert.equal(claims().length, 1);
          assert.notEqual(claims()[0], claim);
          assert.deepEqual(given.world.incidents, []);
        });
      }

      it("never beyond its limits, and not for an image that there is not", async () => {
        const { made, claim } = await started();
        made.inputs.spec.limits.cpu = "7";
        await given.update(given.cluster, { version: "1.36" });
        await given.world.clock.settle();
        assert.deepEqual(claims(), [claim], "7 vCPUs are the limit, and 4 run");
        given.world.absent.add("undefined of 1.36");
        assert.equal(driftOf(given.world, claim), undefined);
        await refused(
          given.create(types.nodeClass, { ...nodeClass, metadata: { name: "other" } }),
          /^NotReady: AMINotFound: AMISelector did not match any AMIs$/,
        );
      });

      it("only as many at a time as its disruption budgets allow", async () => {
        const { made } = await started();
        for (const [budgets, allowed] of [
          [[{ nodes: "10%" }], 1],
          [[{ nodes: "10%" }, { nodes: "0" }], 0],
          [undefined, 1],
        ] as const) {
          made.inputs.spec.disruption = budgets && { budgets };
          assert.equal(allowedDisruptions(given.world, "platform"), allowed);
        }
        const [claim] = claims();
        if (claim) claim.status = "deleting";
        assert.equal(allowedDisruptions(given.world, "platform"), 0);
      });
    });

    const deafTo: [why: string, spoil: () => void, message: RegExp][] = [
      ["no rule", () => goneAll(types.eventRule), /no EventBridge rule sends/],
      ["no target", () => goneAll(types.eventTarget), /no EventBridge rule sends/],
      ["no policy of the queue", () => gone(queuePolicy), /does not let EventBridge send/],
      [
        "no right to read the queue",
        () => Object.assign(policy.inputs, { policy: allowing("sqs:*") }),
        /not authorized to perform sqs:ReceiveMessage/,
      ],
    ];
    for (const [why, spoil, message] of deafTo) {
      it(`loses the pods of a Spot instance with ${why}`, async () => {
        release();
        objects();
        await given.create(types.deployment, large);
        spoil();
        const [claim] = claims();
        if (claim) interruptSpot(given.world, claim);
        assert.match(given.world.incidents.join(), message);
      });
    }

    it("ends the nodes of a NodePool that is deleted, and only then lets its EC2NodeClass go", async () => {
      release();
      const made = objects();
      await given.create(types.deployment, large);
      const [class_] = given.world.all(types.nodeClass);
      assert.ok(class_);
      await refused(
        given.remove(class_),
        /^finalizer: Waiting on NodeClaim termination for default-/,
      );
      goneAll(types.deployment);
      await given.remove(made);
      assert.deepEqual(claims(), []);
      assert.deepEqual(given.world.all("aws:ec2/instance:Instance"), []);
      assert.deepEqual(given.world.incidents, []);
      await given.remove(class_);
    });

    it("keeps its nodes for ever without a controller, and their subnets with them", async () => {
      const controller = release();
      const made = objects();
      await given.create(types.deployment, large);
      goneAll(types.deployment);
      gone(controller);
      await refused(
        given.remove(made),
        /^foregroundDeletion: default-\d+: karpenter.sh\/termination is never removed: no Karpenter controller runs/,
      );
      const [subnetId] = claims().map(({ inputs }) => inputs.subnetId);
      const subnet = given.world.get(types.subnet, subnetId);
      assert.ok(subnet);
      given.nodes.inputs.subnetIds = [];
      for (const one of given.world.all(types.interface)) {
        if (!one.name.includes("Karpenter")) gone(one);
      }
      await refused(given.remove(subnet), /^DependencyViolation: .*that Karpenter started/);
    });

    it("leaves its nodes behind where the deletion does not wait for them", async () => {
      const controller = release();
      const background = { "pulumi.com/deletionPropagationPolicy": "background" };
      given.put(types.nodeClass, nodeClass, "class");
      const made = given.put(types.nodePool, pool(background), "pool");
      await given.create(types.deployment, large);
      goneAll(types.deployment);
      await given.remove(made);
      gone(controller);
      await given.world.clock.settle();
      assert.equal(claims().length, 1);
    });

    it("ends pods against their budget where their node goes before them, after its grace period", async () => {
      release();
      const made = objects();
      await given.create(types.deployment, large);
      const { now } = given.world.clock;
      await given.remove(made);
      assert.match(
        given.world.incidents.join(),
        /^pods of new are ended against their disruption budgets$/,
      );
      assert.ok(given.world.clock.now - now >= 900);
    });

    it("never ends such a node without a grace period", async () => {
      release();
      given.put(types.nodeClass, nodeClass, "class");
      const made = given.put(types.nodePool, pool(undefined, ""), "pool");
      await given.create(types.deployment, large);
      await refused(
        given.remove(made),
        /karpenter.sh\/termination is never removed: its pods do not leave/,
      );
    });

    it("lets an EC2NodeClass go only by a controller that may look at profiles and templates", async () => {
      const controller = release();
      const class_ = given.put(types.nodeClass, nodeClass, "class");
      policy.inputs.policy = allowing("iam:ListInstanceProfiles");
      await refused(given.remove(class_), /not authorized to perform iam:ListInstanceProfiles/);
      policy.inputs.policy = allowing();
      gone(controller);
      await refused(
        given.remove(class_),
        /termination is never removed: no Karpenter controller runs/,
      );
    });

    it("ends a node whose pods fit on the others", async () => {
      release();
      objects();
      const deployment = await given.create(types.deployment, large);
      assert.equal(claims().length, 1);
      await given.update(deployment, { spec: { ...large.spec, replicas: 2 } });
      await given.world.clock.settle();
      assert.deepEqual(claims(), []);
    });

    it("keeps the role of an instance profile", async () => {
      given.put(types.role, { name: "lone", assumeRolePolicy: trusts("ec2") });
      const lone = given.world.get(types.role, "lone");
      assert.ok(lone);
      profile.inputs.role = "lone";
      await refused(
        given.remove(lone),
        /^DeleteConflict: Cannot delete entity, must remove roles from instance profile first\.$/,
      );
      gone(profile);
      await given.remove(lone);
    });
  });

  describe("KEDA", () => {
    const policyOf = (...actions: string[]) => policyWith({ Action: actions, Resource: "*" });
    const authentication = {
      metadata: { name: "aws", namespace: "web" },
      spec: { podIdentity: { provider: "aws" } },
    };
    const scaled = (...triggers: Props[]) => ({
      metadata: { name: "web", namespace: "web" },
      spec: { scaleTargetRef: { name: "web" }, triggers },
    });
    const cpu = { type: "cpu", metadata: { value: "60" } };
    const queue = {
      type: "aws-sqs-queue",
      authenticationRef: { name: "aws" },
      metadata: { queueURL: "https://sqs.eu-central-1.amazonaws.com/111122223333/orders" },
    };
    const requests = (dimensionValue: string) => ({
      type: "aws-cloudwatch",
      authenticationRef: { name: "aws" },
      metadata: { namespace: "AWS/ApplicationELB", dimensionValue },
    });
    let role: CloudResource;
    let policy: CloudResource;
    let keda: CloudResource;
    beforeEach(() => {
      role = given.put(types.role, {
        name: "keda",
        assumeRolePolicy: given.irsaTrust("kube-system:keda-operator"),
      });
      policy = given.put(types.rolePolicy, {
        role: "keda",
        name: "keda",
        policy: policyOf("sqs:GetQueueAttributes", "cloudwatch:GetMetricData"),
      });
      const irsa = { enabled: true, roleArn: role.outputs.arn };
      keda = given.put(
        types.release,
        {
          chart: "keda",
          name: "keda",
          namespace: "kube-system",
          values: { podIdentity: { aws: { irsa } } },
        },
        "keda",
      );
      given.put(types.deployment, given.deployment);
    });

    it("creates the CRDs of its objects", async () => {
      await given.create(types.authentication, authentication);
      await given.create(types.scaled, scaled(cpu, queue));
      assert.deepEqual(given.world.incidents, []);
      goneAll(types.scaled);
      goneAll(types.authentication);
      gone(keda);
      await refused(
        given.create(types.scaled, scaled(cpu)),
        /^NoKindMatchError: no matches for kind "ScaledObject" in version "keda.sh\/v1alpha1"$/,
      );
      await refused(
        given.create(types.authentication, authentication),
        /no matches for kind "TriggerAuthentication" in version "keda.sh\/v1alpha1"$/,
      );
    });

    it("accepts objects that it can scale while an operator runs", async () => {
      await refused(
        given.create(types.scaled, scaled(cpu, queue)),
        /^ScaledObjectCheckFailed: triggerauthentications.keda.sh "aws" not found/,
      );
      goneAll(types.scaled);
      goneAll(types.deployment);
      await refused(
        given.create(types.scaled, scaled(cpu)),
        /^ScaledObjectCheckFailed: deployments.apps "web" not found/,
      );
      goneAll(types.scaled);
      gone(given.nodes);
      await refused(
        given.create(types.scaled, scaled(cpu)),
        /^ScaledObjectCheckFailed: the KEDA operator cannot run: cluster platform has no nodes/,
      );
    });

    it("removes its finalizers only while an operator runs", async () => {
      const identity = await given.create(types.authentication, authentication);
      const object = await given.create(types.scaled, scaled(cpu, queue));
      gone(keda);
      const { now } = given.world.clock;
      for (const resource of [object, identity]) {
        await refused(
          given.remove(resource),
          /^finalizer: finalizer.keda.sh is never removed: no KEDA operator runs/,
        );
      }
      assert.ok(given.world.clock.now - now >= 20 * 60);
      given.world.add(keda);
      await given.remove(object);
      await given.remove(identity);
      assert.deepEqual(given.world.all(types.scaled), []);
    });

    const deaf: [why: string, spoil: () => void, trigger: Props, message: RegExp][] = [
      [
        "no action for the queue",
        () => {
          policy.inputs.policy = policyOf("cloudwatch:GetMetricData");
        },
        queue,
        /not authorized to perform sqs:GetQueueAttributes/,
      ],
      [
        "no action for the metric",
        () => {
          policy.inputs.policy = policyOf("sqs:GetQueueAttributes");
        },
        requests("app/a;targetgroup/a"),
        /not authorized to perform cloudwatch:GetMetricData/,
      ],
      [
        "a role of nobody's",
        () => {
          keda.inputs.values.podIdentity.aws.irsa.enabled = false;
        },
        queue,
        /it has no role/,
      ],
      [
        "a target group that is not there",
        () => undefined,
        requests("app/a;targetgroup/b"),
        /there is no metric of targetgroup\/b/,
      ],
    ];
    for (const [why, spoil, trigger, message] of deaf) {
      it(`accepts a ScaledObject with ${why}, and reports that it does not scale`, async () => {
        for (const [type, arnSuffix] of [
          [types.balancer, "app/a"],
          ["aws:lb/targetGroup:TargetGroup", "targetgroup/a"],
        ] as const) {
          given.world.addUnmanaged(type, arnSuffix, "the controller", arnSuffix, { arnSuffix });
        }
        await given.create(types.authentication, authentication);
        const object = await given.create(
          types.scaled,
          scaled(queue, requests("app/a;targetgroup/a")),
        );
        assert.deepEqual(given.world.incidents, []);
        spoil();
        await given.update(object, scaled(cpu));
        assert.deepEqual(given.world.incidents, [], "cpu asks Kubernetes alone");
        await given.update(object, scaled(cpu, trigger));
        const [incident = "", ...others] = given.world.incidents;
        assert.match(
          incident,
          /^Triggers defined in ScaledObject web\/web are not working correctly/,
        );
        assert.match(incident, message);
        assert.deepEqual(others, []);
      });
    }
  });

  describe("alarms and metric filters", () => {
    const group = "/aws/eks/platform/cluster";
    const filter = (changes: Props = {}) => ({
      name: "failed",
      logGroupName: group,
      pattern: '{ $.verb = "update" }',
      metricTransformation: { name: "Failed", namespace: "jobs", value: "1" },
      ...changes,
    });
    const transformed = (changes: Props) =>
      filter({ metricTransformation: { ...filter().metricTransformation, ...changes } });

    it("creates filters only of an existing log group", async () => {
      await refused(
        given.create(types.metricFilter, filter()),
        /^ResourceNotFoundException: The specified log group does not exist\.$/,
      );
      given.put(types.logGroup, { name: group });
      await given.create(types.metricFilter, filter());
    });

    it("accepts at most 100 filters of a log group", async () => {
      given.put(types.logGroup, { name: group });
      for (let at = 1; at < 100; at++) given.put(types.metricFilter, filter({ name: `${at}` }));
      const last = await given.create(types.metricFilter, filter({ name: "100" }));
      await refused(
        given.create(types.metricFilter, filter({ name: "101" })),
        /^LimitExceededException: Resource limit exceeded\.$/,
      );
      await given.update(last, filter({ name: "100", pattern: '{ $.verb = "patch" }' }));
    });

    it("accepts dimensions only without a default value and with fields of the pattern", async () => {
      const made =
        given.put(types.logGroup, { name: group }) && given.put(types.metricFilter, filter());
      const dimensions = { Namespace: "$.objectRef.namespace" };
      await given.update(made, transformed({ dimensions }));
      await refused(
        given.update(made, transformed({ dimensions, defaultValue: "0" })),
        /^InvalidParameterException: .* dimensions and default value are mutually exclusive/,
      );
      await refused(
        given.update(made, { ...transformed({ dimensions }), pattern: "ERROR" }),
        /^InvalidParameterException: The specified filter pattern does not support dimensions/,
      );
    });

    for (const pattern of [
      "{ $.verb = }",
      "{ $.verb = update } once",
      "{ $.verb = update",
      '{ ($.verb = "update" }',
      "{ verb = update }",
      "{ $.verb == update }",
      "{ $.a[*].b[*] = x }",
      "{ $.a[*] = x || $.b[*] = x || $.c[*] = x || $.d[*] = x }",
    ]) {
      it(`refuses the filter pattern ${pattern}`, async () => {
        given.put(types.logGroup, { name: group });
        await refused(
          given.create(types.metricFilter, filter({ pattern })),
          /^InvalidParameterException: Invalid filter pattern$/,
        );
      });
    }

    it("evaluates at most a day, or a week with periods of an hour", async () => {
      const alarm = (evaluationPeriods: number, period: number) => ({
        name: "missing",
        comparisonOperator: "LessThanThreshold",
        evaluationPeriods,
        metricQueries: [
          { id: "value", expression: "FILL(runs, 0)" },
          { id: "runs", metric: { period } },
        ],
      });
      const made = await given.create(types.alarm, alarm(1440, 60));
      await given.update(made, alarm(168, 3600));
      await refused(
        given.update(made, alarm(1441, 60)),
        /^ValidationError: Metrics cannot be checked across more than a day .* period < 3600$/,
      );
      await refused(given.create(types.alarm, alarm(2, 86_400 * 7)), /^ValidationError/);
      await refused(
        given.update(made, alarm(169, 3600)),
        /^ValidationError: Metrics cannot be checked across more than a week .* period >= 3600$/,
      );
    });
  });

  describe("EKS Auto Mode", () => {
    const on = { enabled: true };
    const enabled = {
      computeConfig: { ...on, nodePools: [] },
      kubernetesNetworkConfig: { elasticLoadBalancing: on },
      storageConfig: { blockStorage: on },
    };
    const trusting = (...actions: string[]) =>
      policyWith({ Action: actions, Principal: { Service: "eks.amazonaws.com" } });
    let clusterRole: CloudResource;
    let computePolicy: CloudResource;
    let tagging: CloudResource;
    let entry: CloudResource;
    let nodePolicy: CloudResource;
    let nodeClass: Props;
    let pool: Props;
    const claims = () => given.world.all(nodeClaimType);
    const metricsServer = () =>
      given.create(types.addon, { ...inCluster, addonName: "metrics-server" });
    const inCluster = { clusterName: "platform" };
    beforeEach(() => {
      const { world, put, cluster, nodeRole } = given;
      Object.assign(cluster.inputs, enabled);
      clusterRole = world.get(types.role, "cluster") ?? assert.fail();
      clusterRole.inputs.assumeRolePolicy = trusting("sts:AssumeRole", "sts:TagSession");
      const attach = (role: string, policy: string) =>
        put(types.attachment, { role, policyArn: `arn:aws:iam::aws:policy/${policy}` });
      computePolicy = attach("cluster", "AmazonEKSComputePolicy");
      const policy = policyWith({ Action: ["ec2:CreateFleet"], Resource: "*" });
      tagging = put(types.rolePolicy, { role: "cluster", name: "tags", policy });
      // Without a group, and what its nodes need.
      for (const one of [given.nodes, given.cni, given.coredns, given.release]) gone(one);
      goneAll(types.scalingGroup);
      goneAll(types.interface);
      put(types.instanceProfile, { name: "eks-nodes", role: nodeRole.id });
      const principalArn = nodeRole.outputs.arn;
      entry = put(types.entry, { ...inCluster, principalArn, type: "EC2" });
      nodePolicy = put(types.association_, {
        ...{ ...inCluster, principalArn, accessScope: { type: "cluster" } },
        policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAutoNodePolicy",
      });
      const group = cluster.outputs.vpcConfig.clusterSecurityGroupId;
      world.addUnmanaged(types.group, group, "EKS cluster platform", "cluster", {
        vpcId: given.vpc.id,
      });
      nodeClass = {
        metadata: { name: "platform" },
        spec: {
          instanceProfile: "eks-nodes",
          subnetSelectorTerms: given.inner.map((id) => ({ id })),
          securityGroupSelectorTerms: [{ id: group }],
          tags: { Name: "node" },
        },
      };
      pool = {
        metadata: { name: "platform" },
        spec: {
          template: {
            spec: {
              nodeClassRef: { name: "platform" },
              requirements: [
                { key: "karpenter.sh/capacity-type", values: ["spot", "on-demand"] },
                { key: "node.kubernetes.io/instance-type", values: ["m7g.large"] },
              ],
              terminationGracePeriod: "900s",
            },
          },
          limits: { cpu: "8", memory: "32Gi" },
        },
      };
    });
    const objects = async () => {
      const made = await given.create(types.autoClass, nodeClass, "class");
      return [made, await given.create(types.nodePool, pool, "pool")] as const;
    };

    it("is on as a whole or not at all, in a cluster without add-ons that EKS installs", async () => {
      const { roleArn, vpcConfig, version } = given.cluster.inputs;
      const cluster = (name: string, more: Props) =>
        given.create(types.cluster, {
          ...{ name, roleArn, vpcConfig, version, bootstrapSelfManagedAddons: false },
          ...more,
        });
      await refused(
        cluster("a", { ...enabled, storageConfig: undefined }),
        /^Error: compute_config.enabled, .* must all be set to either true or false$/,
      );
      await refused(
        cluster("b", { ...enabled, bootstrapSelfManagedAddons: undefined }),
        /^InvalidParameterException: When EKS Auto Mode is enabled, bootstrapSelfManagedAddons/,
      );
      const made = await cluster("c", {});
      await refused(given.update(made, { computeConfig: on }), /must all be set to either/);
      await given.update(made, enabled);
    });

    it("brings the kinds of its objects, and not that of Karpenter", async () => {
      await objects();
      const other = { ...nodeClass, metadata: { name: "other" } };
      await refused(given.create(types.nodeClass, other), /^NoKindMatchError/);
      given.cluster.inputs.computeConfig = undefined;
      await refused(
        given.create(types.autoClass, other),
        /^NoKindMatchError: no matches for kind "NodeClass" in version "eks.amazonaws.com\/v1"$/,
      );
    });

    it("takes an instance profile whose name begins with eks", async () => {
      const spec = { ...nodeClass.spec, instanceProfile: "nodes" };
      await refused(
        given.create(types.autoClass, { ...nodeClass, spec }),
        /^InvalidParameterException: instance profile nodes does not start with eks$/,
      );
    });

    it("starts the first node for the pods of an add-on, and none without a NodePool", async () => {
      await refused(metricsServer(), /^FailedScheduling: no nodepools found/);
      goneAll(types.addon);
      await objects();
      await metricsServer();
      assert.deepEqual(
        claims().map(({ inputs, status }) => [inputs.instanceType, inputs.capacityType, status]),
        [["m7g.large", "spot", "ready"]],
      );
    });

    it("starts a node in another zone for a chart whose pods must be in two, where one is left", async () => {
      const { world } = given;
      await objects();
      await metricsServer();
      const inTwoZones = {
        ...{ topologyKey: "topology.kubernetes.io/zone", whenUnsatisfiable: "DoNotSchedule" },
        ...{ maxSkew: 1, minDomains: 2 },
      };
      const controller = (name: string) =>
        given.create(types.release, {
          ...{ name, chart: "aws-load-balancer-controller", namespace: "kube-system" },
          values: { topologySpreadConstraints: [inTwoZones] },
        });
      const zones = () => claims().map(({ inputs }) => inputs.zone);
      const others = given.inner.map((id) => world.zoneOf(id)).filter((one) => one !== zones()[0]);
      for (const zone of others) world.lostZones.add(zone);
      await refused(
        controller("first"),
        /^FailedScheduling: 0\/1 nodes are available: 1 node\(s\) didn't match pod topology spread constraints$/,
      );
      assert.equal(claims().length, 1);
      world.lostZones.clear();
      await controller("second");
      assert.deepEqual([...new Set(zones())].toSorted(), [zones()[0], others[0]].toSorted());
      assert.equal(claims().length, 2);
      // Karpenter keeps it for the chart, and without the chart for nobody.
      const deployed = await given.create(types.deployment, given.deployment);
      await given.update(deployed, given.deployment);
      await world.clock.settle();
      assert.equal(claims().length, 2);
      goneAll(types.release);
      Object.assign(deployed.inputs.spec, { replicas: 1 });
      await given.update(deployed, deployed.inputs);
      await world.clock.settle();
      assert.equal(claims().length, 1);
    });

    const unable: [why: string, spoil: () => void, message: RegExp][] = [
      [
        "a trust that lets EKS tag no session",
        () => Object.assign(clusterRole.inputs, { assumeRolePolicy: trusting("sts:AssumeRole") }),
        /not authorized to perform sts:TagSession/,
      ],
      [
        "a cluster's role without AmazonEKSComputePolicy",
        () => gone(computePolicy),
        /cluster is not authorized to perform ec2:RunInstances/,
      ],
    ];
    for (const [why, spoil, message] of unable) {
      it(`has no NodeClass ready with ${why}`, async () => {
        spoil();
        await refused(given.create(types.autoClass, nodeClass), message);
      });
    }

    for (const [why, spoil, message] of [
      ["no access entry", () => gone(entry), /no access entry of type EC2 for /],
      [
        "an entry of another type",
        () => Object.assign(entry.inputs, { type: "EC2_LINUX" }),
        /no access entry of type EC2 for /,
      ],
      ["no right to join", () => gone(nodePolicy), /lacks AmazonEKSAutoNodePolicy/],
      [
        "tags that EKS may not set",
        () => gone(tagging),
        /UnauthorizedOperation: cluster is not authorized to perform ec2:CreateFleet with the tags Name/,
      ],
    ] as const) {
      it(`waits in vain for a node with ${why}`, async () => {
        await objects();
        spoil();
        await refused(metricsServer(), message);
      });
    }

    it("hears of a Spot instance that AWS takes back without a queue", async () => {
      await objects();
      await given.create(types.deployment, given.deployment);
      const [claim] = claims();
      if (claim) interruptSpot(given.world, claim);
      assert.deepEqual(given.world.incidents, []);
    });

    it("ends the nodes of a NodePool that is deleted, in the name of no role", async () => {
      const [class_, made] = await objects();
      await metricsServer();
      gone(computePolicy);
      await refused(given.remove(class_), /^finalizer: Waiting on NodeClaim termination/);
      await given.remove(made);
      assert.deepEqual(claims(), []);
      await given.remove(class_);
    });

    it("leaves the cluster's security group where the cluster goes before its nodes", async () => {
      await objects();
      await metricsServer();
      await given.remove(given.cluster);
      assert.match(
        given.world
          .all(types.group)
          .map(({ name }) => name)
          .join(),
        /eks-cluster-sg-platform, which the instances of EKS Auto Mode held/,
      );
    });
  });

  describe("effects without a request of the program", () => {
    const settled = () => given.world.clock.settle();

    it("creates a deleted log group again at the next write", async () => {
      const name = "/aws/eks/platform/cluster";
      await given.remove(given.put(types.logGroup, { name, retentionInDays: 7 }));
      await settled();
      const [again] = given.world.all(types.logGroup);
      assert.deepEqual([again?.id, again?.inputs.retentionInDays], [name, undefined]);
      assert.match(again?.madeBy ?? "", /control plane/);
    });

    it("deletes a log group without writers", async () => {
      given.cluster.inputs.enabledClusterLogTypes = [];
      await given.remove(given.put(types.logGroup, { name: "/aws/eks/platform/cluster" }));
      await settled();
      assert.deepEqual(given.world.all(types.logGroup), []);
    });

    it("creates the log group of a control plane again if it is deleted soon after it", async () => {
      const name = "/aws/eks/other/cluster";
      const group = given.put(types.logGroup, { name, retentionInDays: 7 });
      const inputs = { ...given.cluster.inputs, name: "other" };
      await given.remove(await given.create(types.cluster, inputs));
      await given.remove(group);
      await settled();
      const [again] = given.world.all(types.logGroup);
      assert.deepEqual([again?.id, again?.inputs.retentionInDays], [name, undefined]);
      await assert.rejects(given.create(types.logGroup, { name }), {
        message: "ResourceAlreadyExistsException: The specified log group already exists",
      });
    });

    it("deletes the log group of a control plane after the last delivery", async () => {
      const group = given.put(types.logGroup, { name: "/aws/eks/other/cluster" });
      const inputs = { ...given.cluster.inputs, name: "other" };
      await given.remove(await given.create(types.cluster, inputs));
      await settled();
      await given.remove(group);
      await settled();
      assert.deepEqual(given.world.all(types.logGroup), []);
    });

    it("creates the missing log group of Application Signals with an enabled agent", async () => {
      const name = "/aws/application-signals/data";
      const values = (metrics_collected: Props) => ({
        clusterName: "platform",
        addonName: "amazon-cloudwatch-observability",
        configurationValues: JSON.stringify({ agent: { config: { logs: { metrics_collected } } } }),
      });
      const agents = given.put(types.addon, values({ emf: {} }));
      await given.update(agents, {});
      await settled();
      assert.equal(given.world.get(types.logGroup, name), undefined);
      await given.update(agents, values({ application_signals: {} }));
      await settled();
      const [again] = checkRetention(given.world);
      assert.match(
        again ?? "",
        /application-signals\/data has no retention: .* agents of platform/,
      );

      given.world.remove(given.world.get(types.logGroup, name) as CloudResource);
      given.put(types.logGroup, { name, retentionInDays: 30 });
      await given.update(agents, values({ application_signals: {} }));
      await settled();
      assert.deepEqual(checkRetention(given.world), []);
    });

    it("delivers flow logs only with a role that may list the log groups", async () => {
      const role = given.put(types.role, {
        name: "writer",
        assumeRolePolicy: trusts("vpc-flow-logs"),
      });
      const write = (...actions: string[]) =>
        given.put(types.rolePolicy, {
          role: "writer",
          name: `writer-${actions.length}`,
          policy: JSON.stringify({
            Version: "2012-10-17",
            Statement: [{ Effect: "Allow", Action: actions, Resource: "*" }],
          }),
        });
      const flowLog = () =>
        given.create(types.flowLog, {
          vpcId: given.vpc.id,
          logDestination: "arn:aws:logs:eu-central-1:111122223333:log-group:flow-logs",
          iamRoleArn: role.outputs.arn,
        });
      write("logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams");
      await flowLog();
      assert.match(
        given.world.incidents[0] ?? "",
        /Access error: writer may not logs:DescribeLogGroups/,
      );
      given.world.incidents.length = 0;
      write("logs:DescribeLogGroups");
      await flowLog();
      assert.deepEqual(given.world.incidents, []);
    });

    it("creates the missing log group of a control plane", async () => {
      const inputs = { ...given.cluster.inputs, name: "other" };
      await given.create(types.cluster, inputs);
      await settled();
      assert.equal(given.world.all(types.logGroup)[0]?.id, "/aws/eks/other/cluster");
    });

    it("leaves the interfaces of pods if the CNI is deleted before them", async () => {
      await given.remove(given.cni);
      const left = given.world.all(types.interface);
      assert.ok(left.some(({ name }) => /controller, which the CNI left behind/.test(name)));
    });

    it("creates interfaces of the control plane and of nodes in their subnets", async () => {
      const cluster = await given.create(types.cluster, { ...given.cluster.inputs, name: "other" });
      assert.ok(given.world.all(types.interface).length > 0);
      await given.remove(cluster);
      assert.equal(given.world.all(types.interface).length, 2, "the nodes of the other cluster");
      const inputs = { ...given.nodes.inputs, nodeGroupName: "more" };
      const nodes = await given.create(types.nodes, inputs);
      assert.equal(given.world.all(types.interface).length, 4);
      await given.remove(nodes);
      assert.equal(given.world.all(types.interface).length, 2);
    });

    it("keeps the resources that the program retains", async () => {
      const group = given.put(types.logGroup, { name: "/kept", skipDestroy: true });
      await given.remove(group);
      assert.equal(given.world.get(types.logGroup, "/kept")?.kept, true);
    });
  });

  describe("edge", () => {
    const annotated = (annotations: Record<string, string>, name = "web") => ({
      metadata: {
        name,
        namespace: "web",
        annotations: {
          "alb.ingress.kubernetes.io/scheme": "internet-facing",
          ...Object.fromEntries(
            Object.entries(annotations).map(([key, value]) => [
              `alb.ingress.kubernetes.io/${key}`,
              value,
            ]),
          ),
        },
      },
    });
    const balancers = () => given.world.all(types.balancer);

    it("has one load balancer for a group until its last Ingress is deleted", async () => {
      const group = { "group.name": "platform" };
      const [web, shop] = await Promise.all([
        given.create(types.ingress, annotated(group)),
        given.create(types.ingress, annotated(group, "shop")),
      ]);
      assert.equal(balancers().length, 1);
      assert.deepEqual(web.outputs.status, shop.outputs.status);
      await given.remove(web);
      assert.equal(balancers().length, 1);
      await given.remove(shop);
      assert.deepEqual(balancers(), []);
    });

    it("deletes a shared load balancer after a deletion of all its Ingresses", async () => {
      const group = { "group.name": "platform" };
      const ingresses = await Promise.all(
        ["web", "shop"].map((name) => given.create(types.ingress, annotated(group, name))),
      );
      await Promise.all(ingresses.map((ingress) => given.remove(ingress)));
      assert.deepEqual(balancers(), []);
    });

    it("is checked to be shifted away from a zone, and its cluster", async () => {
      await given.create(types.ingress, annotated({}));
      assert.equal(checkZonalShift(given.world).length, 2);
      given.cluster.inputs.zonalShiftConfig = { enabled: true };
      assert.match(checkZonalShift(given.world).join(), /^[^,]*Ingress[^,]* has zonal shift off$/);
      goneAll(types.ingress);
      const on = { "load-balancer-attributes": "a=b,zonal_shift.config.enabled=true" };
      await given.create(types.ingress, annotated(on));
      assert.deepEqual(checkZonalShift(given.world), []);
    });

    it("keeps a protected load balancer and the finalizer", async () => {
      const protection = (on: boolean) => ({
        "load-balancer-attributes": `deletion_protection.enabled=${on}`,
      });
      const ingress = await given.create(types.ingress, annotated(protection(true)));
      await refused(
        given.remove(ingress),
        /^OperationNotPermitted: deletion_protection is enabled/,
      );
      await given.update(ingress, annotated(protection(false)));
      await given.remove(ingress);
      assert.deepEqual(balancers(), []);
    });

    it("does not reconcile a group during the deletion of its protected Ingress", async () => {
      const group = (name: string, more = {}) => annotated({ "group.name": "all", ...more }, name);
      const protection = { "load-balancer-attributes": "deletion_protection.enabled=true" };
      const ingress = await given.create(types.ingress, group("web", protection));
      ingress.status = "deleting";
      await refused(
        given.create(types.ingress, group("shop")),
        /^FailedBuildModel: .*deletion_protection is enabled, cannot delete the ingress: web\/web/,
      );
      ingress.status = "ready";
      const other = await given.create(types.ingress, group("orders"));
      await given.remove(other);
      assert.equal(balancers().length, 1, "what is not protected comes and goes");
    });

    it("replaces a load balancer with a new scheme, even a protected one", async () => {
      const protection = { "load-balancer-attributes": "deletion_protection.enabled=true" };
      const ingress = await given.create(types.ingress, annotated(protection));
      const [before] = balancers();
      await given.update(ingress, annotated({ ...protection, scheme: "internal" }));
      const [after] = balancers();
      assert.equal(balancers().length, 1);
      assert.notEqual(after?.id, before?.id);
      const [{ hostname }] = ingress.outputs.status.loadBalancer.ingress;
      assert.equal(hostname, before?.id, "the status is late");
      assert.deepEqual(checkLoadBalancerNames(given.world), []);
      const aliases = [{ name: hostname }];
      given.put(types.record, { zoneId: "Z1", name: "example.com", type: "A", aliases });
      assert.match(
        checkLoadBalancerNames(given.world).join(),
        /Record given names a load balancer that is gone/,
      );
    });

    it("refuses a new value of a PriorityClass", async () => {
      const metadata = { name: "low" };
      const low = await given.create(types.priorityClass, { metadata, value: -1 });
      await given.update(low, { description: "low" });
      await refused(
        given.update(low, { value: 1 }),
        /^Invalid: value: Forbidden: may not be changed/,
      );
    });

    it("accepts only record names of the hosted zone", async () => {
      const record = (name: string) => ({ zoneId: "Z0123456789EXAMPLE", name, type: "A" });
      await given.create(types.record, record("shop.example.com"));
      await refused(
        given.create(types.record, record("shop.example.org")),
        /^InvalidChangeBatch: RRSet with DNS name shop.example.org. is not permitted/,
      );
    });

    it("refuses changes of a hosted zone by another account", async () => {
      const record = { zoneId: "Z0123456789EXAMPLE", name: "shop.example.com", type: "A" };
      given.world.zoneAccounts[record.zoneId] = "444455556666";
      await refused(
        given.create(types.record, record),
        /^AccessDenied: User: arn:aws:iam::111122223333:role\/Deployer is not authorized to access/,
      );
      given.world.zoneAccounts[record.zoneId] = given.world.accountId;
      const made = await given.create(types.record, record);
      given.world.zoneAccounts[record.zoneId] = "444455556666";
      await refused(given.remove(made), /^AccessDenied: /);
      delete given.world.zoneAccounts[record.zoneId];
      await given.remove(made);
    });

    it("accepts at most 100 target groups of a load balancer", async () => {
      const service = (name: string, count: number) => ({
        ...annotated({ "group.name": "many" }, name),
        spec: {
          rules: [
            {
              http: {
                paths: Array.from({ length: count }, (_, at) => ({
                  path: `/${at}`,
                  backend: { service: { name: `${name}-${at}`, port: { number: 80 } } },
                })),
              },
            },
          ],
        },
      });
      await given.create(types.ingress, service("web", 99));
      await given.create(types.ingress, service("shop", 1));
      await refused(
        given.create(types.ingress, service("orders", 1)),
        /^FailedDeployModel: TooManyUniqueTargetGroupsPerLoadBalancer: You've reached the limit/,
      );
    });

    it("refuses health checks that an Application Load Balancer does not take", async () => {
      const checks = (interval: number, timeout: number, threshold: number) =>
        annotated({
          "healthcheck-interval-seconds": String(interval),
          "healthcheck-timeout-seconds": String(timeout),
          "unhealthy-threshold-count": String(threshold),
        });
      const cases: [Props, RegExp][] = [
        [
          checks(4, 2, 2),
          /Value '4' at 'healthCheckIntervalSeconds' .* greater than or equal to 5$/,
        ],
        [checks(10, 121, 2), /'121' at 'healthCheckTimeoutSeconds' .* less than or equal to 120$/],
        [checks(10, 5, 11), /'11' at 'unhealthyThresholdCount' .* less than or equal to 10$/],
        [
          checks(5, 5, 2),
          /ValidationError: Health check interval must be greater than the timeout/,
        ],
      ];
      await refused(
        given.create(types.ingress, checks(301, 5, 2)),
        /'301' at 'healthCheckInterval/,
      );
      goneAll(types.ingress);
      const ingress = await given.create(types.ingress, checks(5, 2, 10));
      for (const [refusedOnes, message] of cases) {
        await refused(given.update(ingress, refusedOnes), message);
      }
    });

    it("issues a certificate once its records are in DNS", async () => {
      const certificate = await given.create(types.certificate, { domainName: "example.com" });
      const validation = { certificateArn: certificate.id };
      await refused(
        given.create(types.validation, validation),
        /^ValidationTimedOut: example.com: its validation record is not in DNS/,
      );
      const [option] = certificate.outputs.domainValidationOptions;
      const name = option.resourceRecordName;
      await given.create(types.record, { zoneId: "Z1", name, type: "CNAME" });
      goneAll(types.validation);
      await given.create(types.validation, validation);
    });

    it("keeps a certificate and a web ACL that a load balancer uses", async () => {
      const certificate = await given.create(types.certificate, { domainName: "example.com" });
      const acl = await given.create(types.acl, { name: "firewall", scope: "REGIONAL" });
      const ingress = await given.create(
        types.ingress,
        annotated({ "certificate-arn": certificate.id, "wafv2-acl-arn": acl.outputs.arn }),
      );
      await refused(given.remove(certificate), /^ResourceInUseException: .* Ingress web\/web/);
      await refused(given.remove(acl), /^WAFAssociatedItemException: .* Ingress web\/web/);
      await given.remove(ingress);
      await given.remove(certificate);
      await given.remove(acl);
    });

    it("refuses reserved metric names of a web ACL and its rules", async () => {
      const named = (metricName: string, ofRule: string) => ({
        visibilityConfig: { metricName },
        rules: [{ visibilityConfig: { metricName: ofRule } }],
      });
      const problem = /^WAFInvalidParameterException: .*METRIC_NAME, parameter: /;
      await refused(given.create(types.acl, named("all", "one")), problem);
      await refused(given.create(types.acl, named("one", "Default_Action")), problem);
      await given.create(types.acl, named("passed-all-rules", "one"));
      const long = (length: number) => ({
        rules: [
          {
            statement: {
              notStatement: {
                statement: { regexMatchStatement: { regexString: "a".repeat(length) } },
              },
            },
          },
        ],
      });
      await refused(given.create(types.acl, long(201)), /^WAFLimitsExceededException: /);
      goneAll(types.acl);
      await given.create(types.acl, long(200));
    });

    it("logs requests of a web ACL only to a log group with the prefix of AWS WAF", async () => {
      const logging = (group: string) => ({
        resourceArn: "arn:acl",
        logDestinationConfigs: [`arn:aws:logs:eu-central-1:111122223333:log-group:${group}`],
      });
      await given.create(types.aclLogging, logging("aws-waf-logs-web"));
      goneAll(types.aclLogging);
      await refused(
        given.create(types.aclLogging, logging("web")),
        /^InvalidParameterException: The ARN isn't valid/,
      );
    });

    it("delivers logs only to a bucket whose policy allows it, and keeps a bucket with logs", async () => {
      const bucket = await given.create(types.bucket, { bucket: "logs" });
      const logged = annotated({
        "load-balancer-attributes": "access_logs.s3.enabled=true,access_logs.s3.bucket=logs",
      });
      await refused(
        given.create(types.ingress, logged),
        /^InvalidConfigurationRequest: Access Denied for bucket: logs/,
      );
      goneAll(types.ingress);
      const policy = { Principal: { Service: "logdelivery.elasticloadbalancing.amazonaws.com" } };
      await given.create(types.bucketPolicy, { bucket: "logs", policy });
      await given.create(types.ingress, logged);
      await refused(given.remove(bucket), /^BucketNotEmpty/);
      bucket.inputs.forceDestroy = true;
      await given.remove(bucket);
    });
  });

  describe("third-party containers", () => {
    const reference = "ghcr.io/somebody/app:1";
    const url = () => given.repository.outputs.repositoryUrl as string;
    let built = 0;
    const build = (more: Props = {}) => ({
      imageName: `${url()}:build-${++built}`,
      build: { args: { IMAGE: reference }, platform: "linux/arm64", ...more },
    });
    /** A Deployment of the image, with these changes of its container and of its pod. */
    const deployed = async (container: Props = {}, pod: Props = {}): Promise<Props> => {
      const { outputs } = await given.create(types.image, build());
      return {
        ...given.deployment,
        spec: {
          ...given.deployment.spec,
          template: {
            spec: {
              serviceAccountName: "web",
              securityContext: { runAsUser: 999 },
              volumes: [],
              ...pod,
              containers: [
                {
                  name: "web",
                  image: outputs.repoDigest,
                  ports: [{ name: "http", containerPort: 80 }],
                  readinessProbe: { httpGet: { path: "/ready", port: "http" } },
                  livenessProbe: { tcpSocket: { port: 80 } },
                  securityContext: { readOnlyRootFilesystem: true },
                  volumeMounts: [{ name: "data", mountPath: "/data/app" }],
                  ...container,
                },
              ],
            },
          },
        },
      };
    };
    const lowPorts = { sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }] };
    const open = { securityContext: { runAsUser: 999, ...lowPorts } };
    beforeEach(() => {
      given.world.publicImages[reference] = {
        ports: [80],
        answers: ["/ready"],
        writes: ["/data"],
        user: 999,
        architectures: ["arm64"],
      };
    });

    it("run with the settings of their images", async () => {
      await given.create(types.deployment, await deployed({}, open));
    });

    const faults: [name: string, container: Props, pod: Props, message: RegExp][] = [
      [
        "another user",
        {},
        { securityContext: { runAsUser: 65532, ...lowPorts } },
        /permission denied: it runs as 65532, not as 999/,
      ],
      [
        "nowhere to write",
        { volumeMounts: [] },
        open,
        /CrashLoopBackOff: \/data: read-only file system/,
      ],
      ["a low port that the pod does not open", {}, {}, /listen tcp :80: bind: permission denied/],
      [
        "another port",
        { ports: [{ name: "http", containerPort: 8080 }] },
        open,
        /Readiness probe failed: .* 10\.0\.0\.1:8080: connect: connection refused/,
      ],
      [
        "a path that it does not answer",
        { readinessProbe: { httpGet: { path: "/healthz", port: 80 } } },
        open,
        /Readiness probe failed: HTTP probe failed with statuscode: 404/,
      ],
    ];
    for (const [name, container, pod, message] of faults) {
      it(`do not become ready with ${name}`, async () => {
        const inputs = await deployed(container, pod);
        await refused(given.create(types.deployment, inputs), message);
      });
    }

    it("are not copied from a missing reference, nor for another architecture", async () => {
      given.world.absent.add(reference);
      await refused(given.create(types.image, build()), /^failed to solve: .*: not found$/);
      given.world.absent.clear();
      const amd64 = build({ platform: "linux/amd64" });
      await refused(given.create(types.image, amd64), /no match for platform in manifest/);
      const made = await given.create(types.image, build());
      await refused(given.update(made, amd64), /no match for platform in manifest/);
      await given.update(made, build());
    });

    describe("with secrets", () => {
      const secret = "prod/db";
      const providerType = "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass";
      const addonName = "aws-secrets-store-csi-driver-provider";
      const provider = (
        objects: Props[] = [{ objectName: secret, objectType: "secretsmanager" }],
      ) => ({
        kind: "SecretProviderClass",
        metadata: { name: "web-secrets", namespace: "web" },
        spec: { parameters: { objects: JSON.stringify(objects) } },
      });
      const mounts = () =>
        deployed(
          {},
          {
            ...open,
            volumes: [
              {
                name: "web-secrets",
                csi: {
                  driver: "secrets-store.csi.k8s.io",
                  volumeAttributes: { secretProviderClass: "web-secrets" },
                },
              },
            ],
          },
        );
      let role: CloudResource;
      const may = (...actions: string[]) =>
        given.put(types.rolePolicy, {
          role: "web",
          name: `web-${actions.length}`,
          policy: policyWith({ Action: actions, Resource: "*" }),
        });
      beforeEach(() => {
        role = given.put(types.role, {
          name: "web",
          assumeRolePolicy: given.irsaTrust("web:web"),
        });
        given.account.inputs.metadata.annotations = {
          "eks.amazonaws.com/role-arn": role.outputs.arn,
        };
      });
      const addon = () => given.put(types.addon, { clusterName: "platform", addonName });

      it("need the secrets driver, which has the CRD and mounts the volume", async () => {
        await refused(
          given.create(providerType, provider()),
          /^no matches for kind: no matches for kind "SecretProviderClass"/,
        );
        await refused(
          given.create(types.deployment, await mounts()),
          /not found in the list of registered CSI drivers/,
        );
        addon();
        await given.create(providerType, provider());
      });

      it("need a SecretProviderClass, a role with read permission, and the secret", async () => {
        addon();
        const inputs = await mounts();
        const create = () => given.create(types.deployment, inputs);
        await refused(create(), /failed to get secretproviderclass web\/web-secrets/);
        goneAll(types.deployment);
        await given.create(providerType, provider());
        await refused(create(), /is not authorized to perform secretsmanager:GetSecretValue/);
        goneAll(types.deployment);
        may("secretsmanager:GetSecretValue");
        given.world.absent.add(secret);
        await refused(create(), /Failed fetching secret prod\/db: ResourceNotFoundException/);
        goneAll(types.deployment);
        given.world.absent.clear();
        await create();
        goneAll(types.deployment);
        given.account.inputs.metadata.annotations = {};
        await refused(create(), /an IAM role must be associated with service account web/);
      });

      it("need the secret of a preview environment, which its stack creates", async () => {
        addon();
        const name = "environments/platform-dev-ledger/pr-12";
        const arn = `arn:aws:secretsmanager:eu-central-1:111122223333:secret:${name}-AbCdEf`;
        await given.create(
          providerType,
          provider([{ objectName: arn, objectType: "secretsmanager" }]),
        );
        may("secretsmanager:GetSecretValue");
        const inputs = await mounts();
        await refused(
          given.create(types.deployment, inputs),
          /Failed fetching secret arn:.*pr-12-AbCdEf: ResourceNotFoundException/,
        );
        goneAll(types.deployment);
        given.world.addUnmanaged(types.secret, arn, "deliver", name, { name });
        given.world.filledSecrets.add(arn);
        await given.create(types.deployment, inputs);
      });

      it("wait until a person sets the value of a secret", async () => {
        addon();
        const own = await given.create(types.secret, { name: "payment-key" });
        await given.create(
          providerType,
          provider([{ objectName: own.id, objectType: "secretsmanager" }]),
        );
        may("secretsmanager:GetSecretValue");
        const inputs = await mounts();
        await refused(
          given.create(types.deployment, inputs),
          /Failed fetching secret arn:.*payment-key-\S+: ResourceNotFoundException: .* staging label: AWSCURRENT/,
        );
        goneAll(types.deployment);
        const { now } = given.world.clock;
        given.world.clock.later(90, () => given.world.filledSecrets.add(own.id));
        await given.create(types.deployment, inputs);
        assert.ok(given.world.clock.now - now >= 90, "the pods have waited");
      });

      it("get the value of a secret by the command of the runbook", async () => {
        given.world.secretsFilledAfter = 60;
        const { id } = await given.create(types.secret, { name: "payment-key" });
        await given.world.clock.settle();
        assert.deepEqual([...given.world.filledSecrets], [id]);
      });

      it("need a separate permission for parameters", async () => {
        addon();
        await given.create(
          providerType,
          provider([{ objectName: "/token", objectType: "ssmparameter" }]),
        );
        may("secretsmanager:GetSecretValue");
        const inputs = await mounts();
        await refused(given.create(types.deployment, inputs), /perform ssm:GetParameters/);
        goneAll(types.deployment);
        may("ssm:GetParameters", "ssm:GetParameter");
        given.world.absent.add("/token");
        await refused(given.create(types.deployment, inputs), /Invalid parameters: \/token/);
      });
    });

    describe("in jobs", () => {
      const jobType = "kubernetes:batch/v1:Job";
      const cronJobType = "kubernetes:batch/v1:CronJob";
      const job = async (container: Props = {}) => {
        const { metadata, spec } = await deployed(container, open);
        return { metadata, spec: { template: spec.template, activeDeadlineSeconds: 300 } };
      };

      it("fail the update at their deadline", async () => {
        await given.create(jobType, await job());
        const spoiled = await job({ volumeMounts: [] });
        goneAll(jobType);
        const { now } = given.world.clock;
        await refused(
          given.create(jobType, spoiled),
          /^BackoffLimitExceeded: .*read-only file system/,
        );
        assert.ok(given.world.clock.now - now >= 300);
      });

      it("are an incident if the update does not wait for them", async () => {
        const scheduled = async (container: Props = {}) => {
          const { metadata, spec } = await job(container);
          return { metadata, spec: { jobTemplate: { spec } } };
        };
        const made = await given.create(cronJobType, await scheduled());
        assert.deepEqual(given.world.incidents, []);
        await given.update(made, await scheduled({ volumeMounts: [] }));
        assert.match(given.world.incidents[0] ?? "", /CronJob new: .*read-only file system/);
      });
    });
  });

  describe("databases and caches", () => {
    const engine = "aurora-postgresql";
    const range = (minCapacity: number, maxCapacity: number, more: Props = {}) => ({
      serverlessv2ScalingConfiguration: { minCapacity, maxCapacity, ...more },
    });
    const databaseArgs = (more: Props = {}) => ({
      clusterIdentifier: "orders",
      engine,
      engineVersion: "17",
      masterUsername: "app",
      skipFinalSnapshot: true,
      ...range(0.5, 2),
      ...more,
    });
    const database = (more: Props = {}) => given.put(types.database, databaseArgs(more), "orders");
    const instanceArgs = {
      identifier: "orders-1",
      clusterIdentifier: "orders",
      engine,
      instanceClass: "db.serverless",
    };
    const inner = () => given.zones.map((zone) => zone.inner);

    it("need subnets in at least two zones", async () => {
      const [first = "", second = ""] = inner();
      await refused(
        given.create(types.subnetGroup, { name: "one", subnetIds: [first] }),
        /^DBSubnetGroupDoesNotCoverEnoughAZs: .* Current AZ coverage: eu-central-1a\. Add subnets to cover at least 2 AZs\.$/,
      );
      await given.create(types.subnetGroup, { name: "two", subnetIds: [first, second] });
      const cache = (subnetIds: string[]) =>
        given.create(types.cache, { name: `of-${subnetIds.length}`, engine: "valkey", subnetIds });
      await refused(cache([first]), /^InvalidParameterValue: Number of subnets 1 is invalid/);
      await refused(
        cache([first, second, first, second]),
        /^InvalidParameterValue: Number of subnets 4 is invalid/,
      );
      await cache([first, second]);
    });

    it("keep their subnet and security groups until they are deleted", async () => {
      const subnets = given.put(types.subnetGroup, { name: "subnets", subnetIds: inner() });
      const parameters = given.put(types.parameterGroup, { name: "tls", family: `${engine}17` });
      const one = database({
        dbSubnetGroupName: subnets.id,
        dbClusterParameterGroupName: parameters.id,
      });
      await refused(
        given.remove(subnets),
        /^InvalidDBSubnetGroupStateFault: Cannot delete the subnet group 'subnets'/,
      );
      await refused(
        given.remove(parameters),
        /^InvalidDBParameterGroupState: One or more database clusters/,
      );
      await given.remove(one);
      await given.remove(subnets);
      await given.remove(parameters);
    });

    for (const [what, version, scaling, error] of [
      ["less than 1 at the most", "17", range(0.5, 0.5), /must be at least 1\.0/],
      ["a least above the most", "17", range(4, 2), /must not be above the maximum capacity 2/],
      ["a pause that its version has not", "16.2", range(0, 2), /at least 0\.5/],
      ["a pause before versions had one", "12.9", range(0, 2), /at least 0\.5/],
      [
        "a time until a pause that never comes",
        "17",
        range(1, 2, { secondsUntilAutoPause: 300 }),
        /minimum capacity of 0 only/,
      ],
    ] as const) {
      it(`refuse a capacity with ${what}`, async () => {
        const asked = databaseArgs({ engineVersion: version, ...scaling });
        await refused(given.create(types.database, asked), error);
        const there = database({ engineVersion: version });
        await refused(given.update(there, scaling), error);
        await given.update(there, range(1, 4));
      });
    }

    it("accept a capacity of 0 from the first minor version with auto-pause", async () => {
      for (const [at, engineVersion] of ["13.15", "14.12", "15.7", "16.3", "17", "18"].entries()) {
        const paused = range(0, 2, { secondsUntilAutoPause: 300 });
        const clusterIdentifier = `orders-${at}`;
        await given.create(
          types.database,
          databaseArgs({ clusterIdentifier, engineVersion, ...paused }),
        );
      }
    });

    it("refuse a reserved name of the master user", async () => {
      for (const masterUsername of ["admin", "rdsadmin", "postgres"]) {
        await refused(
          given.create(types.database, databaseArgs({ masterUsername })),
          /^InvalidParameterValue: MasterUsername \w+ cannot be used as it is a reserved word/,
        );
      }
      await given.create(types.database, databaseArgs());
    });

    it("upgrade the major version only with allowMajorVersionUpgrade, and refuse a downgrade", async () => {
      const one = database({ engineVersion: "17" });
      await refused(
        given.update(one, { engineVersion: "18" }),
        /^InvalidParameterCombination: The AllowMajorVersionUpgrade flag must be present/,
      );
      await given.update(one, { engineVersion: "18", allowMajorVersionUpgrade: true });
      await refused(
        given.update(one, { engineVersion: "17", allowMajorVersionUpgrade: true }),
        /^InvalidParameterCombination: Cannot upgrade aurora-postgresql from 18 to 17$/,
      );
    });

    it("accept only parameters of their major version", async () => {
      const old = given.put(types.parameterGroup, { name: "old", family: `${engine}17` });
      const next = given.put(types.parameterGroup, { name: "next", family: `${engine}18` });
      const wrong =
        /^InvalidParameterCombination: The Parameter Group \w+ with DBParameterGroupFamily/;
      await refused(
        given.create(types.database, databaseArgs({ dbClusterParameterGroupName: next.id })),
        wrong,
      );
      const one = await given.create(
        types.database,
        databaseArgs({ dbClusterParameterGroupName: old.id }),
      );
      const upgrade = { engineVersion: "18", allowMajorVersionUpgrade: true };
      await refused(given.update(one, upgrade), wrong);
      await given.update(one, { ...upgrade, dbClusterParameterGroupName: next.id });
    });

    it("are deleted only without protection, after their instances, with a new snapshot name", async () => {
      const snapshot = { skipFinalSnapshot: false, finalSnapshotIdentifier: "orders-final" };
      const one = database({ deletionProtection: true, ...snapshot });
      const instance = given.put(types.instance, instanceArgs);
      await refused(
        given.remove(one),
        /^InvalidParameterCombination: Cannot delete protected Cluster, please disable deletion protection and try again\.$/,
      );
      one.inputs.deletionProtection = false;
      await refused(given.remove(one), /^InvalidDBClusterStateFault: Cluster cannot be deleted/);
      await given.remove(instance);
      await given.remove(one);
      const [kept] = given.world.all("aws:rds/clusterSnapshot:ClusterSnapshot");
      assert.deepEqual([kept?.id, kept?.kept], ["orders-final", true]);
      await refused(
        given.remove(database(snapshot)),
        /^DBClusterSnapshotAlreadyExistsFault: .* orders-final already exists/,
      );
    });

    it("accept instances only of an existing cluster with a capacity", async () => {
      await refused(
        given.create(types.instance, instanceArgs),
        /^DBClusterNotFoundFault: DBCluster/,
      );
      const one = database({ serverlessv2ScalingConfiguration: undefined });
      await refused(
        given.create(types.instance, instanceArgs),
        /^InvalidParameterCombination: Set the Serverless v2 scaling configuration/,
      );
      Object.assign(one.inputs, range(0.5, 2));
      await given.create(types.instance, instanceArgs);
    });

    it("keep subnets and security groups in use by their network interfaces", async () => {
      const [vpc] = given.world.all(types.vpc);
      const group = given.put(types.group, { vpcId: vpc?.id });
      const subnets = given.put(types.subnetGroup, { name: "subnets", subnetIds: inner() });
      database({ dbSubnetGroupName: subnets.id, vpcSecurityGroupIds: [group.id] });
      const instance = await given.create(types.instance, instanceArgs);
      await refused(given.remove(group), /^DependencyViolation: .* network interfaces of new/);
      await given.remove(instance);
      const cache = await given.create(types.cache, {
        name: "sessions",
        engine: "valkey",
        subnetIds: inner(),
        securityGroupIds: [group.id],
      });
      await refused(given.remove(group), /^DependencyViolation: .* network interfaces of new/);
      await given.remove(cache);
      await given.remove(group);
    });

    it("keep a security group, also EKS's, while a rule of another one has it", async () => {
      const [one, other] = ["a", "b"].map((name) => given.put(types.group, { name }, name));
      assert.ok(one && other);
      const rule = given.put(types.groupRule, {
        securityGroupId: one.id,
        referencedSecurityGroupId: other.id,
      });
      await refused(given.remove(other), /^DependencyViolation: .* rule given of another group$/);
      await given.remove(rule);
      await given.remove(other);
      const [cluster] = given.world.all(types.cluster);
      assert.ok(cluster);
      given.put(types.groupRule, {
        securityGroupId: one.id,
        referencedSecurityGroupId: cluster.outputs.vpcConfig.clusterSecurityGroupId,
      });
      await assert.rejects(given.remove(cluster));
    });

    it("rotate their password if rotation is disabled before the first instance", async () => {
      const one = database({ manageMasterUserPassword: true });
      const secretId = one.outputs.masterUserSecrets[0].secretArn;
      const early = await given.create(types.rotation, { secretId, rotationEnabled: false });
      assert.match(given.world.incidents.join(), /RDS rotates the password of orders every seven/);
      given.world.incidents.length = 0;
      gone(early);
      given.put(types.instance, instanceArgs);
      await given.create(types.rotation, { secretId, rotationEnabled: false });
      assert.deepEqual(given.world.incidents, []);
    });

    it("create a missing log group without retention, and create it again", async () => {
      const name = "/aws/rds/cluster/orders/postgresql";
      await given.create(
        types.database,
        databaseArgs({ enabledCloudwatchLogsExports: ["postgresql"] }),
      );
      const later = () => given.world.clock.work(() => given.world.clock.sleep(10));
      await later();
      const made = given.world.get(types.logGroup, name);
      assert.equal(made?.madeBy, "the database orders");
      await given.remove(made as CloudResource);
      await later();
      assert.ok(given.world.get(types.logGroup, name));
    });
  });

  describe("stores", () => {
    const table = (more: Props = {}) => ({
      name: "orders",
      hashKey: "id",
      attributes: [{ name: "id", type: "S" }],
      ...more,
    });
    const index = (name: string, attributeName: string) => ({
      name,
      keySchemas: [{ attributeName, keyType: "HASH" }],
    });

    it("accept exactly the attributes of a table's keys", async () => {
      const wrong: [inputs: Props, message: RegExp][] = [
        [{ attributes: [] }, /not defined in AttributeDefinitions. Keys: \[id\]/],
        [{ rangeKey: "at" }, /not defined in AttributeDefinitions. Keys: \[at\]/],
        [
          { globalSecondaryIndexes: [index("byCustomer", "customer")] },
          /not defined in AttributeDefinitions. Keys: \[customer\]/,
        ],
        [{ attributes: ["id", "at"].map((name) => ({ name })) }, /are not used/],
        [{ attributes: ["id", "id"].map((name) => ({ name })) }, /are not used/],
        [
          {
            globalSecondaryIndexes: Array.from({ length: 21 }, (_, at) => index(`by${at}`, "id")),
          },
          /exceeds the per-table limit of 20/,
        ],
      ];
      for (const [changes, message] of wrong) {
        await refused(given.create(types.dynamodb, table(changes)), message);
      }
      const made = await given.create(types.dynamodb, table());
      await refused(given.update(made, { rangeKey: "at" }), /^ValidationException: /);
    });

    it("create indexes of a table one after another, and those of a new table together", async () => {
      const made = await given.create(types.dynamodb, table());
      assert.ok(given.world.clock.now < 60);
      const { now } = given.world.clock;
      await given.update(made, {
        globalSecondaryIndexes: [index("one", "id"), index("two", "id")],
      });
      assert.ok(given.world.clock.now - now >= 600);
    });

    it("keep a protected table", async () => {
      const made = await given.create(types.dynamodb, table({ deletionProtectionEnabled: true }));
      await refused(
        given.remove(made),
        /^ValidationException: Resource cannot be deleted as it is currently protected against deletion/,
      );
      await given.update(made, { deletionProtectionEnabled: false });
      await given.remove(made);
    });

    it("refuse a lifecycle rule with both days and expired delete markers", async () => {
      const rules = (expiration: Props) => ({ bucket: "invoices", rules: [{ expiration }] });
      const both = { days: 90, expiredObjectDeleteMarker: true };
      await refused(given.create(types.lifecycle, rules(both)), /^MalformedXML: /);
      const made = await given.create(types.lifecycle, rules({ expiredObjectDeleteMarker: true }));
      await given.update(made, rules({ days: 90 }));
      await refused(given.update(made, rules(both)), /^MalformedXML: /);
    });

    it("reserve the name of a deleted secret for its recovery window", async () => {
      const secret = (recoveryWindowInDays?: number) =>
        given.create(types.secret, { name: "payment", recoveryWindowInDays });
      await given.remove(await secret(0));
      await given.remove(await secret());
      await refused(
        secret(),
        /^InvalidRequestException: .* a secret with this name is already scheduled for deletion/,
      );
    });
  });

  describe("messages", () => {
    const queue = (name: string, more: Props = {}) =>
      given.create(types.queue, { name, ...more }, name);
    const redrive = ({ outputs }: CloudResource, maxReceiveCount = 5) => ({
      redrivePolicy: JSON.stringify({ deadLetterTargetArn: outputs.arn, maxReceiveCount }),
    });

    it("need a queue name with the suffix of its type", async () => {
      await refused(queue("orders", { fifoQueue: true }), /must end with .fifo suffix/);
      await refused(queue("orders.fifo"), /^InvalidParameterValue: Can only include alphanumeric/);
      await queue("orders");
      await queue("orders.fifo", { fifoQueue: true });
    });

    it("wait for the name of a deleted queue until the timeout of the provider", async () => {
      await given.remove(await queue("orders"));
      const { now } = given.world.clock;
      await queue("orders");
      assert.ok(given.world.clock.now - now >= 60);
      given.world.deletedQueues.set("mails", given.world.clock.now + 300);
      await refused(queue("mails"), /QueueDeletedRecently: You must wait 60 seconds/);
    });

    it("need an existing dead-letter queue of the same type, and 1 to 1000 receives", async () => {
      const dead = await queue("dead");
      const gone = { outputs: { arn: `${dead.outputs.arn}-2` } } as unknown as CloudResource;
      await refused(queue("orders", redrive(gone)), /Reason: Dead letter target does not exist/);
      await refused(
        queue("orders.fifo", { fifoQueue: true, ...redrive(dead) }),
        /Reason: Dead-letter queue must be same type of queue as the source/,
      );
      await refused(queue("orders", redrive(dead, 0)), /Invalid value for maxReceiveCount: 0/);
      const made = await queue("orders", redrive(dead));
      await refused(given.update(made, redrive(dead, 1001)), /maxReceiveCount: 1001/);
      await given.update(made, redrive(dead, 7));
    });

    it("need a queue for its policy", async () => {
      const { outputs } = await queue("orders");
      const policy = policyWith({ Action: "sqs:SendMessage" });
      await given.create(types.queuePolicy, { queueUrl: outputs.url, policy });
      await refused(
        given.create(types.queuePolicy, { queueUrl: `${outputs.url}-2`, policy }),
        /NonExistentQueue: The specified queue does not exist/,
      );
    });

    it("need topic policies with actions of SNS", async () => {
      const policy = (Action: string) => ({ arn: Action, policy: policyWith({ Action }) });
      await given.create(types.topicPolicy, policy("sns:Publish"));
      for (const wrong of ["sns:*", "sqs:SendMessage"]) {
        await refused(
          given.create(types.topicPolicy, policy(wrong)),
          /^InvalidParameter: .*Policy statement action out of service scope!/,
        );
      }
    });

    it("refuse a subscription of a FIFO queue to a standard topic", async () => {
      const topic = await given.create(types.topic, { name: "placed" });
      const { outputs } = await queue("orders.fifo", { fifoQueue: true });
      const inputs = { topic: topic.id, protocol: "sqs", endpoint: outputs.arn };
      await refused(
        given.create(types.subscription, inputs),
        /^InvalidParameter: .*FIFO SQS Queues can not be subscribed to standard SNS topics/,
      );
      const ordered = await given.create(types.topic, { name: "placed.fifo", fifoTopic: true });
      await given.create(types.subscription, { ...inputs, topic: ordered.id });
    });

    it("are lost if the queue or its key does not allow SNS", async () => {
      const { id: topic } = await given.create(types.topic, { name: "placed" });
      const allow = (more: Props) => ({
        Principal: { Service: "sns.amazonaws.com" },
        Action: "sqs:SendMessage",
        ...more,
      });
      const from = (arn: string) => ({ Condition: { ArnEquals: { "aws:SourceArn": [arn] } } });
      let count = 0;
      const lost = async (statement: Props, more: Props = {}) => {
        const { outputs } = await queue(`queue-${++count}`, more);
        const policy = policyWith(statement);
        await given.create(types.queuePolicy, { queueUrl: outputs.url, policy });
        const inputs = { topic, protocol: "sqs", endpoint: outputs.arn };
        await given.create(types.subscription, inputs);
        return given.world.incidents.splice(0).join();
      };
      assert.equal(await lost(allow(from(topic))), "");
      assert.equal(await lost(allow({ Action: "sqs:*" })), "");
      for (const wrong of [
        allow(from(`${topic}-2`)),
        allow({ Principal: { Service: "events.amazonaws.com" } }),
        allow({ Action: "sqs:ReceiveMessage" }),
        allow({ Effect: "Deny" }),
      ]) {
        assert.match(await lost(wrong), /delivers nothing: AccessDenied/);
      }
      const key = { kmsMasterKeyId: "alias/aws/sqs" };
      assert.match(await lost(allow(from(topic)), key), /delivers nothing: KMSAccessDenied/);
      const nowhere = { topic, protocol: "sqs", endpoint: "arn:aws:sqs:eu-central-1:1:nowhere" };
      await given.create(types.subscription, nowhere);
      assert.match(given.world.incidents.join(), /nowhere does not exist/);
    });
  });

  describe("files", () => {
    const claimRef = { namespace: "web", name: "uploads" };
    let fileSystem: CloudResource;
    let targets: CloudResource[];
    let opening: CloudResource;
    let driver: CloudResource;
    let spec: Props;
    beforeEach(() => {
      fileSystem = given.put(types.fileSystem, {});
      const group = given.put(types.group, { vpcId: given.vpc.id, name: "uploads" });
      opening = given.put(types.groupRule, {
        securityGroupId: group.id,
        referencedSecurityGroupId: given.cluster.outputs.vpcConfig.clusterSecurityGroupId,
        fromPort: 2049,
        toPort: 2049,
      });
      targets = given.inner.map((subnetId) =>
        given.put(types.mountTarget, {
          fileSystemId: fileSystem.id,
          subnetId,
          securityGroups: [group.id],
        }),
      );
      const role = given.put(types.role, {
        name: "driver",
        assumeRolePolicy: given.irsaTrust("kube-system:efs-csi-node-sa"),
      });
      driver = given.put(types.addon, {
        clusterName: "platform",
        addonName: filesAddon,
        serviceAccountRoleArn: role.outputs.arn,
      });
      const accessPoint = given.put(types.accessPoint, { fileSystemId: fileSystem.id });
      given.put(types.fileSystemPolicy, {
        fileSystemId: fileSystem.id,
        policy: policyWith({
          Principal: { AWS: role.outputs.arn },
          Action: ["elasticfilesystem:ClientMount"],
          Condition: {
            StringEquals: { "elasticfilesystem:AccessPointArn": accessPoint.outputs.arn },
          },
        }),
      });
      spec = {
        accessModes: ["ReadWriteMany"],
        storageClassName: "",
        claimRef,
        mountOptions: ["iam"],
        csi: { driver: "efs.csi.aws.com", volumeHandle: `${fileSystem.id}::${accessPoint.id}` },
      };
    });
    const put = (more: Props = {}) =>
      given.put(types.volume, { metadata: { name: "uploads" }, spec: { ...spec, ...more } });
    const claim = {
      metadata: claimRef,
      spec: { volumeName: "uploads", accessModes: ["ReadWriteMany"], storageClassName: "" },
    };
    const volumes = [{ name: "uploads", persistentVolumeClaim: { claimName: "uploads" } }];
    const mounting = () => {
      const inputs = structuredClone(given.deployment);
      inputs.spec.template.spec.volumes = volumes;
      goneAll(types.deployment);
      return given.create(types.deployment, inputs);
    };
    /** A volume with a claim, both of them there. */
    const bound = (more: Props = {}) => {
      goneAll(types.volume);
      goneAll(types.claim);
      put(more);
      return given.put(types.claim, claim);
    };

    it("accept one mount target in a zone, whose interface keeps the subnet in use", async () => {
      const { fileSystemId, subnetId } = targets[0]?.inputs ?? {};
      await refused(
        given.create(types.mountTarget, { fileSystemId, subnetId }),
        /^MountTargetConflict: mount target already exists in this AZ/,
      );
      targets.forEach(gone);
      const target = await given.create(types.mountTarget, { fileSystemId, subnetId });
      const held = () =>
        given.world.all(types.interface).filter(({ madeBy }) => madeBy === target.id);
      assert.equal(held()[0]?.inputs.subnetId, subnetId);
      await given.remove(target);
      assert.equal(held().length, 0);
    });

    it("are not deleted while they have a mount target", async () => {
      await refused(given.remove(fileSystem), /^FileSystemInUse/);
      targets.forEach(gone);
      await given.remove(fileSystem);
    });

    it("accept only policies with existing roles", async () => {
      const inputs = (role: string) => ({
        fileSystemId: fileSystem.id,
        policy: policyWith({ Principal: { AWS: role } }),
      });
      const absent = inputs("arn:aws:iam::111122223333:role/absent");
      await refused(given.create(types.fileSystemPolicy, absent), /invalid Principal block/);
      const made = await given.create(types.fileSystemPolicy, inputs(given.nodeRole.outputs.arn));
      await refused(given.update(made, absent), /invalid Principal block/);
      await given.update(made, inputs("*"));
    });

    it("are bound only by the claim of the volume, with its class and access mode", async () => {
      await refused(given.create(types.claim, claim), /no persistent volumes available/);
      for (const [more, message] of [
        [{ claimRef: { ...claimRef, name: "other" } }, /already bound to a different claim/],
        [{ claimRef: { ...claimRef, namespace: "other" } }, /already bound to a different claim/],
        [{ storageClassName: "efs" }, /storageClassName does not match/],
        [{ accessModes: ["ReadOnlyMany"] }, /incompatible accessMode/],
      ] as const) {
        bound(more);
        goneAll(types.claim);
        await refused(given.create(types.claim, claim), message);
      }
      bound();
      goneAll(types.claim);
      await given.create(types.claim, claim);
    });

    it("need for a mount: driver, network access, role and permission of the policy", async () => {
      await refused(mounting(), /persistentvolumeclaim "uploads" not found/);
      bound({ claimRef: { ...claimRef, name: "other" } });
      await refused(mounting(), /pod has unbound immediate PersistentVolumeClaims/);
      bound();
      await mounting();
      const failures: [Props, Props, RegExp][] = [
        [driver.inputs, { serviceAccountRoleArn: undefined }, /AccessDenied: .*efs-csi-node-sa/],
        [opening.inputs, { toPort: 443 }, /code = DeadlineExceeded/],
        [opening.inputs, { fromPort: 2050 }, /code = DeadlineExceeded/],
        [opening.inputs, { referencedSecurityGroupId: "sg-other" }, /code = DeadlineExceeded/],
        [targets[0]?.inputs ?? {}, { securityGroups: [] }, /code = DeadlineExceeded/],
      ];
      for (const [inputs, change, message] of failures) {
        const before = { ...inputs };
        Object.assign(inputs, change);
        await refused(mounting(), message);
        Object.assign(inputs, before);
      }
      await mounting();
      bound({ mountOptions: [] });
      await refused(mounting(), /access denied by server while mounting/);
      bound({ csi: { ...spec.csi, volumeHandle: `${fileSystem.id}::fsap-other` } });
      await refused(mounting(), /access denied by server while mounting/);
      bound();
      targets.slice(1).forEach(gone);
      await refused(mounting(), /Failed to resolve "fs-\w+\.efs\.eu-central-1\.amazonaws\.com"/);
      gone(driver);
      await refused(mounting(), /driver name efs\.csi\.aws\.com not found/);
    });

    it("allow every client of the network to mount them without a policy", async () => {
      goneAll(types.fileSystemPolicy);
      bound({ mountOptions: [] });
      await mounting();
    });

    it("keep claim and volume in use by pods", async () => {
      const made = bound();
      const [volume] = given.world.all(types.volume);
      assert.ok(volume);
      await refused(given.remove(volume), /^kubernetes.io\/pv-protection/);
      const user = await mounting();
      await refused(given.remove(made), /^kubernetes.io\/pvc-protection: claim uploads is used/);
      gone(user);
      await given.remove(made);
      await given.remove(volume);
    });
  });

  describe("schedules", () => {
    const target = (roleArn: string, input: object) => ({
      arn: "arn:aws:scheduler:::aws-sdk:eks:updateNodegroupConfig",
      roleArn,
      input: JSON.stringify(input),
    });
    const sleep = {
      ClusterName: "platform",
      NodegroupName: "nodes",
      ScalingConfig: { MinSize: 0, DesiredSize: 0, MaxSize: 1 },
    };
    let made = 0;
    const role = (service = "scheduler") =>
      given.put(types.role, { name: `sleep-${made++}`, assumeRolePolicy: trusts(service) });
    const schedule = (more: Props = {}) => ({
      name: `sleep-${made++}`,
      scheduleExpression: "cron(0 19 ? * MON,TUE *)",
      flexibleTimeWindow: { mode: "OFF" },
      target: target(role().outputs.arn, sleep),
      ...more,
    });

    it("have six fields, of which one of both days is a question mark", async () => {
      for (const scheduleExpression of [
        "cron(0 19 * * 1-5)",
        "cron(0 19 * * MON *)",
        "0 19 * * 1",
      ]) {
        await refused(
          given.create(types.schedule, schedule({ scheduleExpression })),
          /^ValidationException: Invalid Schedule Expression /,
        );
      }
      const made = await given.create(types.schedule, schedule());
      await refused(
        given.update(made, { scheduleExpression: "cron(0 19 * * 1-5)" }),
        /Invalid Schedule Expression/,
      );
      await given.update(made, { scheduleExpression: "cron(0 20 * * ? *)" });
    });

    it("act by a role that the scheduler may assume, which AWS needs a while to know", async () => {
      const { outputs } = role("ec2");
      const inputs = schedule({ target: target(outputs.arn, sleep) });
      await refused(
        given.create(types.schedule, inputs),
        /^ValidationException: The execution role you provide must allow AWS EventBridge Scheduler/,
      );
      assert.equal(given.world.clock.now, 120);
      const made = await given.create(types.schedule, schedule());
      await refused(given.update(made, { target: inputs.target }), /must allow AWS EventBridge/);
    });

    it("name the fields as the service's model does, not as its API does", async () => {
      const camel = { clusterName: "platform", nodegroupName: "nodes" };
      const inputs = schedule({ target: target(role().outputs.arn, camel) });
      const words =
        /^ValidationException: Invalid RequestJson provided. Reason .* field\(s\): ClusterName, NodegroupName\.$/;
      await refused(given.create(types.schedule, inputs), words);
      const made = await given.create(types.schedule, schedule());
      await refused(given.update(made, { target: inputs.target }), words);
    });

    it("take a group's nodes away and bring them back, by what their role may", () => {
      const put = (ScalingConfig: object, of = role()) =>
        given.put(
          types.schedule,
          schedule({ target: target(of.outputs.arn, { ...sleep, ScalingConfig }) }),
        );
      const { world } = given;
      const [night, morning] = [
        { MinSize: 0, DesiredSize: 0, MaxSize: 1 },
        { MinSize: 2, DesiredSize: 2, MaxSize: 3 },
      ];
      const nodes = () => nodesOf(world, given.nodes).length;
      assert.match(runSchedule(world, put(night)) ?? "", /not authorized .*UpdateNodegroupConfig/);
      assert.equal(nodes(), 2);
      const of = role();
      given.put(types.rolePolicy, {
        role: of.id,
        policy: policyWith({ Action: "eks:UpdateNodegroupConfig", Resource: "*" }),
      });
      assert.equal(runSchedule(world, put(night, of)), undefined);
      assert.equal(nodes(), 0);
      assert.match(nodeProblem(world, "platform") ?? "", /has no nodes/);
      assert.equal(runSchedule(world, put(morning, of)), undefined);
      assert.equal(nodes(), 2);
      assert.equal(nodeProblem(world, "platform"), undefined);
      assert.match(runSchedule(world, put({ ...night, MaxSize: 0 }, of)) ?? "", /are no sizes/);
      goneAll(types.nodes);
      assert.match(runSchedule(world, put(night, of)) ?? "", /No node group found/);
    });
  });

  describe("alarm mute rules", () => {
    it("mute a hundred alarms, and no more", async () => {
      const muted = (count: number) => ({
        rule: { schedule: { expression: "cron(0 19 * * *)", duration: "PT12H" } },
        muteTargets: { alarmNames: Array.from({ length: count }, (_, at) => `alarm-${at}`) },
      });
      const made = await given.create(types.muteRule, { name: "asleep", ...muted(100) });
      const words = /^ValidationError: .*alarmNames.* less than or equal to 100$/;
      await refused(given.create(types.muteRule, { name: "other", ...muted(101) }), words);
      await refused(given.update(made, muted(101)), words);
      await given.update(made, muted(99));
    });
  });

  describe("backups", () => {
    const table = "arn:aws:dynamodb:eu-central-1:111122223333:table/orders";
    const role = () =>
      given.put(types.role, { name: "backups", assumeRolePolicy: trusts("backup") });
    const planned = (iamRoleArn: string, copies: string[] = []) => {
      const vault = given.put(types.vault, { name: "backups" });
      const plan = given.put(types.backupPlan, {
        name: "backups",
        rules: [
          {
            targetVaultName: "backups",
            copyActions: copies.map((destinationVaultArn) => ({ destinationVaultArn })),
          },
        ],
      });
      return {
        vault,
        plan,
        inputs: { name: "backups", planId: plan.id, iamRoleArn, resources: [table] },
      };
    };
    const points = () => given.world.all(recoveryPointType);

    it("need named resources, and a role that AWS Backup may assume", async () => {
      const { inputs, plan } = planned(given.nodeRole.outputs.arn);
      await refused(
        given.create(types.selection, inputs),
        /^InvalidParameterValueException: IAM Role .* cannot be assumed by AWS Backup/,
      );
      const iamRoleArn = role().outputs.arn;
      await refused(
        given.create(types.selection, { ...inputs, iamRoleArn, resources: [] }),
        /'Resources' section must be non-empty/,
      );
      const selection = await given.create(types.selection, { ...inputs, iamRoleArn });
      await refused(given.remove(plan), /Related backup plan selections must be deleted/);
      await given.remove(selection);
      await given.remove(plan);
    });

    it("keep their vault, unless forceDestroy is set", async () => {
      const { outputs, id } = role();
      const { vault, inputs } = planned(outputs.arn, ["arn:copies"]);
      given.put(types.selection, inputs);
      assert.match(runBackups(given.world).join(), /Access denied .*dynamodb:StartAwsBackupJob/);
      assert.equal(points().length, 0);
      given.put(types.attachment, {
        role: id,
        policyArn: "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup",
      });
      assert.deepEqual(runBackups(given.world), []);
      assert.equal(points().length, 2);
      await refused(
        given.remove(vault),
        /^InvalidRequestException: Backup vault cannot be deleted because it contains recovery points/,
      );
      vault.inputs.forceDestroy = true;
      await given.remove(vault);
      assert.deepEqual(
        points().map(({ inputs }) => inputs.vault),
        ["arn:copies"],
      );
      assert.match(runBackups(given.world).join(), /vault backups does not exist/);
    });
  });

  describe("rules", () => {
    it("refuse and allow a call in these tests, and have a source", () => {
      for (const [at, { error, on, types, source }] of rules.entries()) {
        const name = `${error} on ${on} of ${types.join(", ")}`;
        assert.deepEqual(seen[at], { refused: true, passed: true }, name);
        assert.ok(source.length > 10, name);
      }
    });
  });
});
