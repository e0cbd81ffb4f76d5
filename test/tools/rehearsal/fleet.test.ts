import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { waits } from "../../../tools/cloud/durations.ts";
import { kubernetes } from "../../../tools/cloud/kubernetes.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import {
  fleetAtRest,
  type LossFigures,
  loseEachNode,
  loseEachZone,
  scaleOutAndBack,
} from "../../../tools/rehearsal/fleet/experiments.ts";
import type { Fleet } from "../../../tools/rehearsal/fleet/fleet.ts";
import { startFleet, until } from "../../../tools/rehearsal/fleet/life.ts";
import { claimsOf } from "../../../tools/rehearsal/world/node-claims.ts";
import { nodesOf, startNodes } from "../../../tools/rehearsal/world/rules/node-rules.ts";
import type { CloudResource, Props } from "../../../tools/rehearsal/world/world.ts";
import { podWith } from "../../support/pod-with.ts";
import { type Given, platform, policyOf, types } from "../../support/world-fixtures.ts";

const spread = (topologyKey: string, whenUnsatisfiable = "ScheduleAnyway") => ({
  ...{ topologyKey, whenUnsatisfiable, maxSkew: 1 },
});
const zone = "topology.kubernetes.io/zone";

describe("pods and nodes that come and go", () => {
  let given: Given;
  beforeEach(() => {
    given = platform();
  });

  /** A service of pods of one core each, with a budget, an autoscaler and a route. */
  const putService = (
    minReplicas: number,
    maxReplicas: number,
    pod: Props = {},
    more: Props = {},
  ) => {
    const { put } = given;
    const metadata = { name: "web", namespace: "web" };
    put(types.ingress, {
      ...{ metadata: { ...given.ingress.metadata, namespace: "web" } },
    });
    const resources = { requests: { cpu: "1000m", memory: "512Mi" }, limits: { cpu: "2000m" } };
    const spec = {
      terminationGracePeriodSeconds: 60,
      topologySpreadConstraints: [spread(zone), spread("kubernetes.io/hostname")],
      containers: [{ image: given.image, resources }],
      ...pod,
    };
    const template = { spec, ...more };
    put(types.deployment, {
      ...{ kind: "Deployment", metadata, spec: { replicas: minReplicas, template } },
    });
    put(types.budget, { metadata, spec: { maxUnavailable: 1 } });
    put(types.autoscaler, {
      metadata,
      spec: {
        ...{ minReplicas, maxReplicas, scaleTargetRef: { name: "web" } },
        metrics: [{ resource: { target: { averageUtilization: 70 } } }],
      },
    });
  };

  const nodesOfGroup = (instanceType: string, maxSize: number) => {
    given.nodes.inputs.instanceTypes = [instanceType];
    for (const { inputs } of given.world.all(types.scalingGroup)) inputs.maxSize = maxSize;
  };
  const saidBy = (fleet: Fleet, reason: string) =>
    fleet
      .eventsSince(0)
      .filter((one) => one.reason === reason)
      .map(({ message }) => message);
  const failuresOf = (losses: LossFigures[]) => losses.flatMap(({ failures }) => failures);

  describe("with the Cluster Autoscaler", () => {
    beforeEach(() => {
      nodesOfGroup("m7g.xlarge", 20);
      given.put(types.release, { chart: "cluster-autoscaler", name: "cluster-autoscaler" }, "ca");
    });

    it("grow to 40 pods and shrink to 2, on as few nodes as before", () => {
      putService(2, 40);
      const { failures, outSeconds, backSeconds, ...figures } = scaleOutAndBack(
        fleetAtRest(given.world),
        "web",
      );
      assert.deepEqual(failures, []);
      assert.deepEqual(figures.nodes, { before: 2, most: 14, after: 2 });
      // The metric, a scan, the node, the pod: at least once.
      assert.ok(outSeconds && outSeconds > waits.podMetrics + waits.nodeStart && outSeconds < 600);
      // HorizontalPodAutoscaler and Cluster Autoscaler wait first.
      assert.ok(backSeconds && backSeconds > 300 + 600 && backSeconds < 3600);
    });

    it("say in the controllers' words what a pod waits for", () => {
      nodesOfGroup("m7g.xlarge", 5);
      putService(2, 40);
      const fleet = fleetAtRest(given.world);
      const { failures } = scaleOutAndBack(fleet, "web");
      assert.match(
        failures.join(),
        /^after 30 minutes web has \d+ of 40 pods; .*NotTriggerScaleUp: pod didn't trigger scale-up: 1 max node group size reached/,
      );
      assert.match(
        saidBy(fleet, "TriggeredScaleUp").join(),
        /^pod triggered scale-up: \[\{\S+ 2->\d \(max: 5\)\}\]/,
      );
      assert.ok(
        saidBy(fleet, "FailedScheduling").includes("0/2 nodes are available: 2 Insufficient cpu."),
      );
    });

    for (const moves of [true, false]) {
      it(`${moves ? "leave" : "keep"} their nodes when they ${moves ? "may" : "must not"} be moved`, () => {
        const annotations = { "cluster-autoscaler.kubernetes.io/safe-to-evict": String(moves) };
        putService(8, 24, {}, { metadata: { annotations } });
        const fleet = fleetAtRest(given.world);
        const { drain } = fleet;
        let left = 0;
        fleet.drain = (node, how) => {
          // Amazon EC2 Auto Scaling ends nodes to balance zones, whatever is on them.
          if (how.giveUpAfter === undefined) return drain.call(fleet, node, how);
          left += fleet.pods.filter((pod) => pod.node === node && pod.workload.isService).length;
          drain.call(fleet, node, how);
        };
        scaleOutAndBack(fleet, "web");
        assert.equal(left > 0, moves);
      });
    }

    it("leave nodes that are drained as their disruption budget lets them", () => {
      putService(3, 3);
      const fewestBy = (change: (fleet: Fleet) => void) => {
        const fleet = fleetAtRest(given.world.copy());
        const web = fleet.workloads.find(({ name }) => name === "web");
        assert.ok(web);
        change(fleet);
        for (const node of fleet.nodes) fleet.drain(node, { done: () => {} });
        let fewest = 3;
        const watch = () => {
          fewest = Math.min(fewest, fleet.serving(web));
        };
        until(fleet, () => false, 600, watch);
        return fewest;
      };
      assert.equal(
        fewestBy(() => {}),
        2,
      );
      const without = fewestBy((fleet) => {
        fleet.mayEvict = () => true;
      });
      assert.equal(without, 0);
    });
  });

  describe("with a Spot group beside the first one", () => {
    const capacityType = "eks.amazonaws.com/capacityType";
    beforeEach(() => {
      nodesOfGroup("m7g.xlarge", 20);
      given.put(types.release, { chart: "cluster-autoscaler", name: "cluster-autoscaler" }, "ca");
      const { inputs } = given.nodes;
      const spot = { ...inputs, nodeGroupName: "spot", capacityType: "SPOT" };
      startNodes(given.world, given.put(types.nodes, spot, "spot"));
    });
    const groupsOf = (fleet: Fleet) =>
      new Set(
        fleet.pods
          .filter(({ workload }) => workload.name === "web")
          .map(({ node }) => node?.group?.name),
      );
    const spotFirst = {
      nodeAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 100,
            preference: { matchExpressions: [{ key: capacityType, values: ["SPOT"] }] },
          },
        ],
      },
    };

    it("run on Spot nodes where they prefer those, and on others where they must", () => {
      for (const [pod, name] of [
        [{ affinity: spotFirst }, "spot"],
        [{ nodeSelector: { [capacityType]: "ON_DEMAND" } }, "given"],
      ] as const) {
        for (const type of [types.deployment, types.budget, types.autoscaler, types.ingress]) {
          for (const one of given.world.all(type)) given.world.remove(one);
        }
        putService(4, 8, pod);
        assert.deepEqual([...groupsOf(fleetAtRest(given.world.copy()))], [name]);
      }
    });

    it("wait for a node of their own group, which the autoscaler names", () => {
      for (const { inputs } of given.world.all(types.scalingGroup)) {
        inputs.maxSize = inputs.tags["eks:nodegroup-name"] === "spot" ? 20 : 2;
      }
      putService(2, 40, { nodeSelector: { [capacityType]: "ON_DEMAND" } });
      const fleet = fleetAtRest(given.world);
      scaleOutAndBack(fleet, "web");
      assert.deepEqual(
        [...new Set(saidBy(fleet, "NotTriggerScaleUp"))],
        [
          "pod didn't trigger scale-up: 1 node(s) didn't match Pod's node affinity/selector, 1 max node group size reached",
        ],
      );
      assert.deepEqual(saidBy(fleet, "TriggeredScaleUp"), []);
    });
  });

  it("have as many addresses on a node as its group counted", () => {
    nodesOfGroup("t4g.medium", 9);
    given.put(types.release, { chart: "cluster-autoscaler", name: "cluster-autoscaler" }, "ca");
    const requests = { cpu: "10m", memory: "16Mi" };
    putService(2, 40, { containers: [{ image: given.image, resources: { requests } }] });
    const most = () => scaleOutAndBack(fleetAtRest(given.world.copy()), "web").nodes.most;
    // 12 each: 17 addresses, and five pods are on every node.
    assert.equal(most(), 5);
    for (const { outputs } of given.world.all(types.scalingGroup)) outputs.prefixes = true;
    assert.equal(most(), 2);
  });

  describe("when a node dies", () => {
    beforeEach(() => nodesOfGroup("m7g.xlarge", 4));

    it("start again elsewhere, and the group replaces it", () => {
      putService(2, 4);
      const losses = loseEachNode(given.world);
      assert.equal(losses.length, 2);
      assert.deepEqual(failuresOf(losses), []);
      const [worst] = losses;
      assert.deepEqual(worst?.services, [{ service: "web", replicas: 2, fewest: 1 }]);
      // Two checks of 15 s, of which the last one waits for 5 s.
      assert.equal(worst?.awaySeconds, 35);
      assert.ok(worst?.seconds && worst.seconds >= waits.instanceImpaired);
      // The cloud itself is as it was.
      assert.equal(startFleet(given.world, "platform").nodes.length, 2);
    });

    it("are evicted as soon as they tolerate it no more", () => {
      const key = "node.kubernetes.io/unreachable";
      const tolerations = [{ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: 30 }];
      putService(2, 4, { tolerations });
      const [worst] = loseEachNode(given.world);
      const web = worst?.services[0];
      assert.deepEqual(web, { service: "web", replicas: 2, fewest: 1 });
      const fleet = startFleet(given.world.copy(), "platform");
      const node = fleet.pods.find(({ workload }) => workload.name === "web")?.node;
      assert.ok(node);
      node.lostAt = fleet.now;
      const service = fleet.workloads.find(({ name }) => name === "web");
      assert.ok(service && until(fleet, () => fleet.serving(service) === 2, 600));
      const seconds = fleet.now - node.lostAt;
      assert.ok(seconds >= waits.nodeUnreachable + 30 && seconds < 150, `${seconds}`);
    });

    it("are missed where all of a service were on it", () => {
      putService(2, 4, { nodeSelector: { [zone]: "eu-central-1a" } });
      assert.match(failuresOf(loseEachNode(given.world)).join(), /all 2 pods of web were in eni-/);
    });
  });

  describe("when a zone is lost", () => {
    beforeEach(() => nodesOfGroup("m7g.xlarge", 4));

    it("start again in the other one", () => {
      putService(2, 4);
      const losses = loseEachZone(given.world);
      assert.deepEqual(losses.map(({ lost }) => lost).sort(), ["eu-central-1a", "eu-central-1b"]);
      assert.deepEqual(failuresOf(losses), []);
      for (const { services } of losses) assert.equal(services[0]?.fewest, 1);
    });

    it("are missed where all of a service were in it", () => {
      putService(2, 4, { nodeSelector: { [zone]: "eu-central-1a" } });
      const failures = failuresOf(loseEachZone(given.world)).join("\n");
      assert.match(failures, /all 2 pods of web were in eu-central-1a/);
      assert.match(
        failures,
        /after 30 minutes web has 0 of 2 pods; .*node\(s\) didn't match Pod's node affinity/,
      );
    });

    it("wait for it where they may only be spread evenly, until Kubernetes forgets its nodes", () => {
      putService(4, 4, { topologySpreadConstraints: [spread(zone, "DoNotSchedule")] });
      const [worst] = loseEachZone(given.world);
      assert.deepEqual(worst?.failures, []);
      assert.ok(worst?.seconds && worst.seconds > waits.instanceImpaired + 60);
    });

    it("do not start where the only NAT gateway was in it", () => {
      putService(4, 4);
      const [first, other] = given.zones;
      for (const { inputs } of given.world.all(types.route)) {
        if (inputs.natGatewayId === other?.nat.id) inputs.natGatewayId = first?.nat.id;
      }
      const of = (zone: string) =>
        loseEachZone(given.world).find(({ lost }) => lost === zone)?.failures;
      assert.deepEqual(of("eu-central-1b"), []);
      assert.match(
        `${of("eu-central-1a")}`,
        /web has 2 of 4 pods; .*the NAT gateway of subnet .* is gone/,
      );
    });
  });

  /** The class of started nodes and their NodePool. */
  const putPool = (nodeClassType: string, instanceProfile: string) => {
    given.put(types.instanceProfile, { name: instanceProfile, role: given.nodeRole.id });
    given.put(nodeClassType, {
      metadata: { name: "default" },
      spec: {
        instanceProfile,
        subnetSelectorTerms: given.inner.map((id) => ({ id })),
        securityGroupSelectorTerms: [],
        ephemeralStorage: { size: "20Gi" },
      },
    });
    return given.put(types.nodePool, {
      metadata: { name: "default" },
      spec: {
        template: {
          spec: {
            nodeClassRef: { name: "default" },
            requirements: [
              { key: "karpenter.sh/capacity-type", values: ["on-demand"] },
              { key: "node.kubernetes.io/instance-type", values: ["m7g.large", "m7g.xlarge"] },
            ],
            terminationGracePeriod: "900s",
          },
        },
        limits: { cpu: "200", memory: "800Gi" },
        disruption: { consolidateAfter: "1m", budgets: [{ nodes: "10%" }] },
      },
    });
  };
  const claims = () => claimsOf(given.world, "platform");

  /** Where the program's pods of a service run. */
  const placeOf = (startedBy: "Karpenter" | "EKS Auto Mode") => {
    const { nodeSelector, topologySpreadConstraints } = podWith({ nodes: { startedBy } });
    return { nodeSelector, topologySpreadConstraints };
  };
  const zonesOf = (fleet: Fleet) =>
    fleet.pods.filter(({ workload }) => workload.name === "web").map(({ node }) => node?.zone);
  /** As many as the plan says that are started at rest. */
  const plannedNodes = () => {
    const resources = given.world.all().map(({ type, id, inputs }) => {
      const kind = type.split(":").at(-1);
      const outputs = { metadata: inputs.metadata ?? {} };
      const said = { apiVersion: "v1", kind, ...inputs };
      return { type, name: id, urn: id, custom: true, inputs: said, outputs };
    }) as unknown as Resource[];
    const pool = resources.find(({ type }) => type === types.nodePool);
    assert.ok(pool);
    const { fixed = [] } = kubernetes[types.nodePool]?.charges?.(pool, resources) ?? {};
    return fixed.find(({ what }) => / node of /.test(what))?.count;
  };

  describe("with Karpenter", () => {
    let pool: CloudResource;
    beforeEach(() => {
      const { put, nodeRole } = given;
      nodesOfGroup("t4g.medium", 3);
      put(types.entry, {
        ...{ clusterName: "platform", principalArn: nodeRole.outputs.arn, type: "EC2_LINUX" },
      });
      const role = put(types.role, {
        name: "karpenter",
        assumeRolePolicy: given.irsaTrust("kube-system:karpenter"),
      });
      const Statement = [{ Effect: "Allow", Action: ["ec2:*", "iam:PassRole"], Resource: "*" }];
      put(types.rolePolicy, {
        ...{ role: "karpenter", name: "karpenter" },
        policy: JSON.stringify({ Version: "2012-10-17", Statement }),
      });
      const annotations = { "eks.amazonaws.com/role-arn": role.outputs.arn };
      put(
        types.release,
        {
          ...{ chart: "oci://public.ecr.aws/karpenter/karpenter", namespace: "kube-system" },
          values: { serviceAccount: { name: "karpenter", annotations } },
        },
        "karpenter",
      );
      pool = putPool(types.nodeClass, "nodes");
    });

    it("grow to 40 pods and shrink to 2, on as few nodes as before", () => {
      putService(2, 40);
      const { failures, nodes, outSeconds } = scaleOutAndBack(fleetAtRest(given.world), "web");
      assert.deepEqual(failures, []);
      assert.deepEqual(nodes, { before: 4, most: 42, after: 4 });
      assert.ok(outSeconds && outSeconds > waits.nodeClaim && outSeconds < 600);
      given.world.clock.pass(waits.instanceTerminated);
      assert.equal(claims().length, 2);
    });

    it("grow from 2 to 20 and back on few nodes, as the plan says, with the program's pods", () => {
      putService(2, 20, placeOf("Karpenter"));
      const fleet = fleetAtRest(given.world);
      assert.equal(claims().length, plannedNodes());
      assert.equal(new Set(zonesOf(fleet)).size, 2);
      const { failures, nodes } = scaleOutAndBack(fleet, "web");
      assert.deepEqual(failures, []);
      assert.deepEqual(nodes, { before: 4, most: 10, after: 4 });
    });

    it("run on its nodes alone where they select those, and it on others", () => {
      nodesOfGroup("m7g.xlarge", 3);
      putService(4, 8, { nodeSelector: { "karpenter.sh/nodepool": "default" } });
      const fleet = fleetAtRest(given.world);
      const onGroup = (name: string) =>
        fleet.pods
          .filter(({ workload, node }) => workload.name === name && node)
          .map(({ node }) => node?.group !== undefined);
      assert.deepEqual(onGroup("web"), [false, false, false, false]);
      assert.deepEqual(onGroup("karpenter"), [true, true]);
    });

    for (const [nodeSelector, capacityType] of [
      [{}, "spot"],
      [{ "karpenter.sh/capacity-type": "on-demand" }, "on-demand"],
    ] as const) {
      it(`bring nodes that are ${capacityType} where they ask for ${JSON.stringify(nodeSelector)}`, () => {
        const { requirements } = pool.inputs.spec.template.spec;
        requirements[0].values = ["spot", "on-demand"];
        putService(4, 8, { nodeSelector });
        fleetAtRest(given.world);
        const found = claims().map(({ inputs }) => inputs.capacityType);
        assert.deepEqual([...new Set(found)], [capacityType]);
      });
    }

    it("share nodes where they do not prefer another", () => {
      putService(2, 40, { topologySpreadConstraints: [spread(zone)] });
      const { failures, nodes } = scaleOutAndBack(fleetAtRest(given.world), "web");
      assert.deepEqual(failures, []);
      assert.ok(nodes.most < 20, `${nodes.most}`);
    });

    it("stay within the limits of the pool", () => {
      pool.inputs.spec.limits = { cpu: "8", memory: "64Gi" };
      putService(2, 40);
      assert.match(
        scaleOutAndBack(fleetAtRest(given.world), "web").failures.join(),
        /FailedScheduling: all available instance types exceed limits for nodepool/,
      );
    });

    it("end no node beyond the budget, which a dead one uses up", () => {
      putService(2, 8);
      const fleet = fleetAtRest(given.world);
      const dead = fleet.nodes.find(({ group }) => !group);
      assert.ok(dead);
      dead.lostAt = fleet.now;
      const { failures } = scaleOutAndBack(fleet, "web");
      assert.match(
        failures.join(),
        /nodes run, and 4 ran before;.* DisruptionBlocked: No allowed disruptions/,
      );
      assert.ok(claims().includes(dead.resource));
    });

    it("bear the loss of a node and of a zone", () => {
      putService(2, 8, placeOf("Karpenter"));
      for (const losses of [loseEachNode(given.world), loseEachZone(given.world)]) {
        assert.deepEqual(failuresOf(losses), []);
        assert.ok(losses.every(({ services }) => (services[0]?.fewest ?? 0) >= 1));
      }
    });
  });

  describe("with EKS Auto Mode", () => {
    beforeEach(() => {
      const { put, world, nodeRole, cluster } = given;
      for (const node of nodesOf(world, given.nodes)) world.remove(node);
      for (const one of [given.nodes, given.coredns]) world.remove(one);
      cluster.inputs.computeConfig = { enabled: true };
      const principalArn = nodeRole.outputs.arn;
      put(types.entry, { clusterName: "platform", principalArn, type: "EC2" });
      const policyArn = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAutoNodePolicy";
      put(types.association_, { clusterName: "platform", principalArn, policyArn });
      const role = world.get(types.role, "cluster");
      Object.assign(role?.inputs ?? {}, {
        assumeRolePolicy: policyOf({
          Action: ["sts:AssumeRole", "sts:TagSession"],
          Principal: { Service: "eks.amazonaws.com" },
        }),
      });
      const policyOfCompute = "arn:aws:iam::aws:policy/AmazonEKSComputePolicy";
      put(types.attachment, { role: "cluster", policyArn: policyOfCompute });
      putPool(types.autoClass, "eks-nodes");
    });

    for (const [minDomains, zones] of [
      [1, 1],
      [2, 2],
    ] as const) {
      it(`run in ${zones} of the zones, empty at first, with minDomains ${minDomains}`, () => {
        const small = {
          containers: [{ resources: { requests: { cpu: "100m", memory: "64Mi" } } }],
        };
        const topologySpreadConstraints = [{ ...spread(zone, "DoNotSchedule"), minDomains }];
        putService(2, 4, { ...small, topologySpreadConstraints });
        assert.equal(new Set(zonesOf(fleetAtRest(given.world))).size, zones);
      });
    }

    it("grow to 20 pods and shrink to 2, and no pod of CoreDNS is among them", () => {
      putService(2, 20, placeOf("EKS Auto Mode"));
      const fleet = fleetAtRest(given.world);
      assert.equal(claims().length, plannedNodes());
      assert.ok(fleet.workloads.every(({ name }) => name !== "coredns"));
      const { failures, nodes } = scaleOutAndBack(fleet, "web");
      assert.deepEqual(failures, []);
      assert.deepEqual(nodes, { before: 2, most: 8, after: 2 });
    });

    it("bear the loss of a node and of a zone", () => {
      putService(2, 8, placeOf("EKS Auto Mode"));
      // Add-ons of the lost node preempt the service's other pod where nothing else gives way.
      given.put(types.priorityClass, { metadata: { name: "spare" }, value: -10 });
      const resources = { requests: { cpu: "1000m", memory: "512Mi" } };
      const spec = { priorityClassName: "spare", containers: [{ resources }] };
      given.put(types.deployment, {
        metadata: { name: "spare", namespace: "spare" },
        ...{ kind: "Deployment", spec: { replicas: 2, template: { spec } } },
      });
      for (const losses of [loseEachNode(given.world), loseEachZone(given.world)]) {
        assert.ok(losses.length > 0);
        assert.deepEqual(failuresOf(losses), []);
      }
    });
  });
});
