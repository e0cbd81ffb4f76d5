import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { evaluate, only } from "../../../tools/graph/evaluate.ts";
import { outlivedBy, prerequisites } from "../../../tools/graph/order.ts";
import { missingEdges, neededByObjects } from "../../../tools/graph/required-order.ts";
import type { Resource } from "../../../tools/graph/resource.ts";

const kindOf = ({ type }: Resource) => type.split(":").at(-1);
/** Such as `Addon cluster-coredns`. */
const label = (resource: Resource) => `${kindOf(resource)} ${resource.name}`;

for (const stack of ["dev", "prod"]) {
  describe(`order of stack ${stack}`, () => {
    let resources: Resource[];
    const at = (labelled: string, among = resources): Resource => {
      const [found, ...others] = among.filter((one) => label(one) === labelled);
      assert.ok(found && others.length === 0, `${others.length + 1} resources ${labelled}`);
      return found;
    };

    before(async () => {
      resources = (await evaluate(stack)).resources;
    });

    it("lacks no edge", () => {
      assert.deepEqual(missingEdges(resources), []);
    });

    it("deletes each Kubernetes object before the prerequisites of its removal", () => {
      const required = [
        "Release load-balancer-controller",
        "Role load-balancer-controller",
        "RolePolicy load-balancer-controller",
        "Release autoscaler",
        "Role autoscaler",
        "RolePolicy autoscaler",
        "NodeGroup cluster-nodes",
        "Role cluster-nodes",
        "RolePolicyAttachment cluster-nodes-AmazonEKSWorkerNodePolicy",
        "RolePolicyAttachment cluster-nodes-AmazonEC2ContainerRegistryPullOnly",
        "Addon cluster-vpc-cni",
        "Role cluster-vpc-cni",
        "RolePolicyAttachment cluster-vpc-cni-AmazonEKS_CNI_Policy",
        "Addon cluster-kube-proxy",
        "Addon cluster-coredns",
        "OpenIdConnectProvider cluster",
        "Vpc network",
      ].map((labelled) => at(labelled));
      required.push(only(resources, "eks:index:Cluster"));
      const ways = resources.filter(
        ({ type, inputs }) =>
          /(natGateway:NatGateway|vpcEndpoint:VpcEndpoint)$/.test(type) || inputs.natGatewayId,
      );
      assert.ok(ways.length >= 4);
      required.push(...ways);
      assert.deepEqual(new Set(neededByObjects(resources)), new Set(required));
      const needs = prerequisites(resources);
      const objects = resources.filter(({ type }) => /^kubernetes:(?!helm)/.test(type));
      assert.ok(objects.length >= 10);
      for (const object of objects) {
        const outlives = outlivedBy(object.urn, needs);
        for (const prerequisite of required) {
          assert.ok(
            outlives.has(prerequisite.urn),
            `${label(object)} outlives ${label(prerequisite)}`,
          );
        }
      }
    });

    describe("with a missing dependency", () => {
      /** The program as if `from`, or what is in it, did not name `to` in its `dependsOn`. */
      const without = (program: Resource[], from: Resource, to: Resource): Resource[] =>
        program.map((resource) => {
          if (!isIn(resource, from)) return resource;
          const byValue = Object.values(resource.propertyDependencies).flat();
          const dependsOn = resource.dependsOn.filter((urn) => {
            const other = program.find((one) => one.urn === urn);
            return byValue.includes(urn) || !other || !isIn(other, to);
          });
          return { ...resource, dependsOn };
        });
      const isIn = (resource: Resource | undefined, outer: Resource): boolean =>
        resource !== undefined &&
        (resource.urn === outer.urn ||
          isIn(
            resources.find(({ urn }) => urn === resource.parent),
            outer,
          ));
      const top = (type: string) => only(resources, type);

      const edge: typeof forgotten = [
        [
          () => top("platform:service:LoadBalancer"),
          () => top("platform:edge:Edge"),
          "add dependsOn Edge edge to LoadBalancer load-balancer",
          /Ingress load-balancer must be deleted before BucketPolicy/,
        ],
      ];
      const forgotten: [from: () => Resource, to: () => Resource, remedy: string, lost: RegExp][] =
        [
          [
            () => top("platform:service:LoadBalancer"),
            () => top("platform:addons:LoadBalancerController"),
            "add dependsOn LoadBalancerController load-balancer-controller to LoadBalancer load-balancer",
            /Ingress load-balancer.* deleted before Release load-balancer-controller.*RolePolicy/,
          ],
          [
            () => top("platform:service:LoadBalancer"),
            () => top("platform:addons:Autoscaler"),
            "add dependsOn Autoscaler autoscaler to LoadBalancer load-balancer",
            /Ingress load-balancer.* deleted before Release autoscaler.*RolePolicy.*nobody adds/,
          ],
          [
            () => at("Release autoscaler"),
            () => at("ServiceAccountRole autoscaler"),
            "add dependsOn ServiceAccountRole autoscaler to Release autoscaler",
            /deleted before RolePolicy autoscaler/,
          ],
          [
            () => at("Release load-balancer-controller"),
            () => at("ServiceAccountRole load-balancer-controller"),
            "add dependsOn ServiceAccountRole load-balancer-controller to Release load-balancer-controller",
            /deleted before RolePolicy load-balancer-controller/,
          ],
          [
            () => at("NodeGroup cluster-nodes"),
            () => at("Addon cluster-vpc-cni"),
            "add dependsOn Addon cluster-vpc-cni to Nodes cluster-nodes",
            /deleted before Addon cluster-vpc-cni/,
          ],
          [
            () => at("NodeGroup cluster-nodes"),
            () => at("Addon cluster-kube-proxy"),
            "add dependsOn Addon cluster-kube-proxy to Nodes cluster-nodes",
            /deleted before Addon cluster-kube-proxy/,
          ],
          [
            () => at("NodeGroup cluster-nodes"),
            () => at("RolePolicyAttachment cluster-nodes-AmazonEKSWorkerNodePolicy"),
            "add dependsOn RolePolicyAttachment cluster-nodes-AmazonEKSWorkerNodePolicy to NodeGroup cluster-nodes",
            /NodeGroup cluster-nodes must be deleted before/,
          ],
          [
            () => at("Addon cluster-vpc-cni"),
            () => at("ServiceAccountRole cluster-vpc-cni"),
            "add dependsOn ServiceAccountRole cluster-vpc-cni to Addon cluster-vpc-cni",
            /deleted before RolePolicyAttachment cluster-vpc-cni-AmazonEKS_CNI_Policy/,
          ],
          [
            () => at("Addon cluster-coredns"),
            () => at("NodeGroup cluster-nodes"),
            "add dependsOn Nodes cluster-nodes to Addon cluster-coredns",
            /Addon cluster-coredns must be deleted before NodeGroup/,
          ],
          [
            () => top("eks:index:Cluster"),
            () => at("LogGroup cluster-control-plane"),
            "add dependsOn LogGroup cluster-control-plane to Cluster cluster",
            /again, without retention/,
          ],
          [
            () => at("Addon container-insights"),
            () => at("LogGroup container-insights-application"),
            "add dependsOn LogGroup container-insights-application to Addon container-insights",
            /again, without retention/,
          ],
          [
            () => at("Addon container-insights"),
            () => at("ServiceAccountRole container-insights"),
            "add dependsOn ServiceAccountRole container-insights to Addon container-insights",
            /RolePolicyAttachment container-insights-CloudWatchAgentServerPolicy/,
          ],
          [
            () => at("FlowLog network-flow-logs"),
            () => at("RolePolicy network-flow-logs"),
            "add dependsOn RolePolicy network-flow-logs to FlowLog network-flow-logs",
            /FlowLog network-flow-logs must be deleted before/,
          ],
          [
            () => at("Deployment web"),
            () => at("Ingress web"),
            "add dependsOn Ingress web to Deployment web",
            /readiness gates/,
          ],
          ...(stack === "prod" ? edge : []),
        ];
      for (const [from, to, remedy, lost] of forgotten) {
        it(`reports: ${remedy}`, () => {
          const missing = missingEdges(without(resources, from(), to()));
          const sentence = missing.find((one) => one.endsWith(`: ${remedy}`));
          assert.ok(sentence, missing.join("\n") || "found nothing missing");
          assert.match(sentence, lost);
        });
      }

      it("reports services and add-ons without a dependency on the cluster", () => {
        const cluster = top("platform:cluster:Cluster");
        const dependents = [
          top("platform:service:Services"),
          top("platform:service:LoadBalancer"),
          top("platform:addons:Autoscaler"),
          top("platform:addons:LoadBalancerController"),
          top("platform:addons:ContainerInsights"),
        ];
        const missing = missingEdges(
          dependents.reduce((program, from) => without(program, from, cluster), resources),
        ).join("\n");
        for (const from of dependents) {
          assert.match(missing, new RegExp(`NodeGroup.*to ${label(from)}(\n|$)`));
        }
      });

      if (stack === "prod") {
        it("names a record that is deleted after its load balancer", () => {
          const record = at("Record host-names-platform.example.com");
          const missing = missingEdges(
            resources.map((one) =>
              /^platform:(edge:HostNames|service:Services)$/.test(one.type) || one === record
                ? { ...one, dependsOn: [] }
                : one,
            ),
          ).join("\n");
          assert.match(
            missing,
            /Record host-names-platform.example.com .*deleted before Ingress load-balancer/,
          );
        });
      }

      it("accepts either of two dependencies", () => {
        const cluster = top("platform:cluster:Cluster");
        const service = top("platform:service:Services");
        assert.deepEqual(missingEdges(without(resources, service, cluster)), []);
      });

      it("names each prerequisite of the objects without a dependent", () => {
        const namespace = only(resources, "kubernetes:core/v1:Namespace");
        const needed = resources.filter(
          ({ type, name }) =>
            /Release$|NodeGroup$|eks:index:Cluster$|awsx:ec2:Vpc$|OpenIdConnectProvider$|:NatGateway$|:VpcEndpoint$|:Route$/.test(
              type,
            ) ||
            /^(cluster-(vpc-cni|kube-proxy|coredns))$/.test(name) ||
            (/:Role(Policy.*)?$/.test(type) &&
              /^(cluster|load-balancer-controller|autoscaler)/.test(name)),
        );
        assert.ok(needed.length >= 14);
        for (const prerequisite of needed.filter(({ type }) => !type.startsWith("platform:"))) {
          const missing = missingEdges(
            resources.map((one) => ({
              ...one,
              dependsOn: one.dependsOn.filter((urn) => urn !== prerequisite.urn),
            })),
          ).join("\n");
          const named = new RegExp(`${label(namespace)}.*deleted before.*${label(prerequisite)}`);
          assert.match(missing, named, label(prerequisite));
        }
      });
    });
  });
}
